create table projects (
  id text primary key,
  name text not null,
  description text,
  enabled boolean not null default true,
  is_domain boolean not null default false,
  domain_id text references projects (id) on delete no action on update no action,
  parent_id text references projects (id) on delete no action on update no action,
  tags text[] default array[]::text[],
  options jsonb not null default '{}',
  extra jsonb not null default '{}',
  created_at timestamptz(3) not null
);
create unique index projects_domain_id_name_key on projects (domain_id, name);
create unique index projects_domain_names on projects (name) where is_domain;
create index projects_parent_id_idx on projects (parent_id);
alter table projects add constraint projects_place
  check (is_domain = (domain_id is null) and is_domain = (parent_id is null));

create table users (
  id text primary key,
  domain_id text not null references projects (id) on delete no action on update no action,
  name text not null,
  description text,
  enabled boolean not null default true,
  default_project_id text,
  options jsonb not null default '{}',
  extra jsonb not null default '{}',
  created_at timestamptz(3) not null
);
create unique index users_domain_id_name_key on users (domain_id, name);

create table passwords (
  id text primary key,
  user_id text not null references users (id) on delete cascade on update no action,
  hash text not null,
  created_at timestamptz(3) not null
);
create index passwords_user_id_id_idx on passwords (user_id, id desc);

create table groups (
  id text primary key,
  domain_id text not null references projects (id) on delete no action on update no action,
  name text not null,
  description text,
  extra jsonb not null default '{}',
  created_at timestamptz(3) not null
);
create unique index groups_domain_id_name_key on groups (domain_id, name);

create table memberships (
  group_id text not null references groups (id) on delete cascade on update no action,
  user_id text not null references users (id) on delete cascade on update no action,
  primary key (group_id, user_id)
);
create index memberships_user_id_idx on memberships (user_id);

create table roles (
  id text primary key,
  domain_id text not null default '',
  name text not null,
  description text,
  options jsonb not null default '{}',
  extra jsonb not null default '{}',
  created_at timestamptz(3) not null
);
create unique index roles_domain_id_name_key on roles (domain_id, name);

create table implications (
  prior_id text not null references roles (id) on delete cascade on update no action,
  implied_id text not null references roles (id) on delete cascade on update no action,
  primary key (prior_id, implied_id)
);

create table assignments (
  id text primary key,
  user_id text references users (id) on delete cascade on update no action,
  group_id text references groups (id) on delete cascade on update no action,
  target_id text references projects (id) on delete cascade on update no action,
  role_id text not null references roles (id) on delete cascade on update no action,
  inherited boolean not null default false,
  constraint assignments_actor check ((user_id is null) <> (group_id is null)),
  constraint assignments_once
    unique nulls not distinct (user_id, group_id, target_id, role_id, inherited)
);
create index assignments_user_id_target_id_idx on assignments (user_id, target_id);
create index assignments_group_id_target_id_idx on assignments (group_id, target_id);
create index assignments_target_id_idx on assignments (target_id);
create index assignments_role_id_idx on assignments (role_id);

create table regions (
  id text primary key,
  parent_id text references regions (id) on delete no action on update no action,
  description text not null default '',
  extra jsonb not null default '{}',
  created_at timestamptz(3) not null
);

create table services (
  id text primary key,
  type text not null,
  name text,
  description text,
  enabled boolean not null default true,
  extra jsonb not null default '{}',
  created_at timestamptz(3) not null
);

create table endpoints (
  id text primary key,
  service_id text not null references services (id) on delete cascade on update no action,
  region_id text references regions (id) on delete no action on update no action,
  interface text not null,
  url text not null,
  enabled boolean not null default true,
  extra jsonb not null default '{}',
  created_at timestamptz(3) not null
);
create index endpoints_service_id_idx on endpoints (service_id);

create table signing_keys (
  kid text primary key,
  public_key_pem text not null,
  private_key_sealed bytea not null,
  longest_token_s integer not null,
  signs_from timestamptz(3) not null,
  verifies_until timestamptz(3),
  created_at timestamptz(3) not null
);

create table revocations (
  id bigserial primary key,
  subject text not null,
  issued_until timestamptz(3) not null,
  expires_at timestamptz(3) not null
);
create index revocations_subject_idx on revocations (subject);
create index revocations_expires_at_idx on revocations (expires_at);

create table applied (
  key text primary key,
  value text not null
);

-- What every service may read: see packages/token/src/trust.ts.
create view published_keys as
  select kid, public_key_pem from signing_keys where verifies_until is null or verifies_until > now();
create view published_revocations as
  select id, subject, issued_until, expires_at from revocations;
grant usage on schema identity to public;
grant select on published_keys, published_revocations to public;
