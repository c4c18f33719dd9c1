-- Rules of accounts.
alter table users add column password_expires_at timestamptz(3), add column last_active_on date;
alter table passwords
  add column self_service boolean not null default false,
  add column replaced_at timestamptz(3);
drop index passwords_user_id_id_idx;
create index passwords_user_id_idx on passwords (user_id);
create unique index passwords_current on passwords (user_id) where replaced_at is null;
-- A one-time passcode is good once.
alter table credentials add column last_step bigint;

create table login_failures (
  key text primary key,
  failures integer not null,
  last_at timestamptz(3) not null,
  minute timestamptz(3) not null,
  in_minute integer not null
);
create index login_failures_last_at_idx on login_failures (last_at);

create table audit (
  id text primary key,
  at timestamptz(3) not null,
  last_at timestamptz(3) not null,
  times integer not null default 1,
  operation text not null,
  outcome text not null,
  reason text,
  actor_id text,
  actor_name text,
  actor_domain_id text,
  actor_scope text,
  target text collate "C" not null,
  domain_ids text[] not null default array[]::text[],
  address text,
  request_id text,
  fold text unique
);
create index audit_domain_ids_idx on audit using gin (domain_ids);
create index audit_actor_id_id_idx on audit (actor_id, id);
create index audit_target_idx on audit (target);
create index audit_request_id_idx on audit (request_id);
