create table used_logins (
  state text primary key,
  expires_at timestamptz(3) not null
);
create index used_logins_expires_at_idx on used_logins (expires_at);
