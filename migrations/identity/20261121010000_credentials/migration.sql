create table credentials (
  id text primary key,
  user_id text not null references users (id) on delete cascade on update no action,
  project_id text references projects (id) on delete cascade on update no action,
  type text not null,
  blob_sealed bytea not null,
  extra jsonb not null default '{}',
  created_at timestamptz(3) not null
);
create index credentials_user_id_idx on credentials (user_id);
create index credentials_project_id_idx on credentials (project_id);
