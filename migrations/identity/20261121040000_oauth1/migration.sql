create table consumers (
  id text primary key,
  description text,
  secret_sealed bytea not null,
  extra jsonb not null default '{}',
  created_at timestamptz(3) not null
);

create table oauth1_tokens (
  id text primary key,
  kind text not null check (kind in ('request', 'access')),
  consumer_id text not null references consumers (id) on delete cascade on update no action,
  project_id text not null references projects (id) on delete cascade on update no action,
  user_id text references users (id) on delete cascade on update no action,
  role_ids text[] not null default '{}',
  verifier text,
  secret_sealed bytea not null,
  expires_at timestamptz(3) not null,
  check ((user_id is null) = (verifier is null) or kind = 'access')
);
create index oauth1_tokens_consumer_id_idx on oauth1_tokens (consumer_id);
create index oauth1_tokens_project_id_idx on oauth1_tokens (project_id);
create index oauth1_tokens_user_id_idx on oauth1_tokens (user_id);

create table oauth1_nonces (
  consumer_id text not null references consumers (id) on delete cascade on update no action,
  nonce text not null,
  expires_at timestamptz(3) not null,
  primary key (consumer_id, nonce)
);
create index oauth1_nonces_expires_at_idx on oauth1_nonces (expires_at);
