alter table users add column outside_id text;
alter table groups add column source text not null default 'local';
alter table groups add column outside_id text;
drop index groups_domain_id_name_key;
create unique index groups_local_name_key on groups (domain_id, name) where source = 'local';
create index groups_domain_id_name_idx on groups (domain_id, name);
