create table trusts (
  id text primary key,
  trustor_user_id text not null references users (id) on delete cascade on update no action,
  trustee_user_id text not null references users (id) on delete cascade on update no action,
  project_id text not null references projects (id) on delete cascade on update no action,
  impersonation boolean not null,
  remaining_uses integer,
  expires_at timestamptz(3),
  redelegation_count integer not null default 0,
  redelegated_trust_id text references trusts (id) on delete cascade on update no action,
  created_at timestamptz(3) not null
);
create index trusts_trustor_user_id_idx on trusts (trustor_user_id);
create index trusts_trustee_user_id_idx on trusts (trustee_user_id);
create index trusts_project_id_idx on trusts (project_id);
create index trusts_redelegated_trust_id_idx on trusts (redelegated_trust_id);

create table trust_roles (
  trust_id text not null references trusts (id) on delete cascade on update no action,
  role_id text not null references roles (id) on delete cascade on update no action,
  primary key (trust_id, role_id)
);
create index trust_roles_role_id_idx on trust_roles (role_id);
