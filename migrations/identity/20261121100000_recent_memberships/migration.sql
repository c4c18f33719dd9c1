-- A token may outlive the membership that it was made by, by as long as a token can live: a day at most.
create view recent_memberships as
  select group_id, user_id from memberships
  union all
  select group_id, user_id from outside_memberships where expires_at > now() - interval '1 day';
