create table identity_providers (
  id text primary key,
  domain_id text not null references projects (id) on delete cascade on update no action,
  enabled boolean not null default false,
  description text,
  authorization_ttl_min integer,
  oidc_issuer text,
  oidc_client_id text,
  oidc_client_secret_sealed bytea,
  oidc_audiences text[] not null default '{}',
  oidc_scope text,
  created_at timestamptz(3) not null,
  check ((oidc_issuer is null) = (oidc_client_id is null))
);
create index identity_providers_domain_id_idx on identity_providers (domain_id);

create table identity_provider_remote_ids (
  remote_id text primary key,
  identity_provider_id text not null references identity_providers (id) on delete cascade on update no action,
  place integer not null
);
create index identity_provider_remote_ids_identity_provider_id_idx
  on identity_provider_remote_ids (identity_provider_id);

create table mappings (
  id text primary key,
  rules jsonb not null,
  schema_version text not null,
  created_at timestamptz(3) not null
);

create table federation_protocols (
  identity_provider_id text not null references identity_providers (id) on delete cascade on update no action,
  id text not null,
  mapping_id text not null,
  remote_id_attribute text,
  created_at timestamptz(3) not null,
  primary key (identity_provider_id, id)
);
create index federation_protocols_mapping_id_idx on federation_protocols (mapping_id);

create table service_providers (
  id text primary key,
  auth_url text not null,
  sp_url text not null,
  enabled boolean not null default false,
  description text,
  relay_state_prefix text not null,
  created_at timestamptz(3) not null
);

-- Names of people that an identity provider vouches for are not ours to keep unique.
alter table users add column source text not null default 'local';
drop index users_domain_id_name_key;
create unique index users_local_name_key on users (domain_id, name) where source = 'local';
create index users_domain_id_name_idx on users (domain_id, name);

create table federated_users (
  user_id text primary key references users (id) on delete cascade on update no action,
  identity_provider_id text not null,
  protocol_id text not null,
  unique_id text not null,
  foreign key (identity_provider_id, protocol_id)
    references federation_protocols (identity_provider_id, id) on delete cascade on update no action
);
create unique index federated_users_identity_provider_id_protocol_id_unique_id_key
  on federated_users (identity_provider_id, protocol_id, unique_id);

create table outside_memberships (
  user_id text not null references users (id) on delete cascade on update no action,
  group_id text not null references groups (id) on delete cascade on update no action,
  expires_at timestamptz(3) not null,
  primary key (user_id, group_id)
);
create index outside_memberships_group_id_idx on outside_memberships (group_id);

create view current_memberships as
  select group_id, user_id from memberships
  union
  select group_id, user_id from outside_memberships where expires_at > now();
