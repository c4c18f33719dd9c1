-- Clients look for a user or a project by name alone, whatever its domain.
create index users_name_idx on users (name);
create index projects_name_idx on projects (name);
