create table application_credentials (
  id text primary key,
  user_id text not null references users (id) on delete cascade on update no action,
  project_id text references projects (id) on delete cascade on update no action,
  name text not null,
  description text,
  secret_hash text not null,
  unrestricted boolean not null default false,
  expires_at_us bigint,
  created_at timestamptz(3) not null
);
create unique index application_credentials_user_id_name_key on application_credentials (user_id, name);
create index application_credentials_project_id_idx on application_credentials (project_id);

create table application_credential_roles (
  application_credential_id text not null
    references application_credentials (id) on delete cascade on update no action,
  role_id text not null references roles (id) on delete cascade on update no action,
  primary key (application_credential_id, role_id)
);
create index application_credential_roles_role_id_idx on application_credential_roles (role_id);

create table access_rules (
  id text primary key,
  user_id text not null references users (id) on delete cascade on update no action,
  service text not null,
  method text not null,
  path text not null
);
create unique index access_rules_user_id_service_method_path_key on access_rules (user_id, service, method, path);

create table application_credential_access_rules (
  application_credential_id text not null
    constraint application_credential_access_rules_application_credential_fkey
    references application_credentials (id) on delete cascade on update no action,
  access_rule_id text not null references access_rules (id) on delete no action on update no action,
  primary key (application_credential_id, access_rule_id)
);
create index application_credential_access_rules_access_rule_id_idx
  on application_credential_access_rules (access_rule_id);
