-- Policies, and where they apply: an endpoint, a service, or a service in a region.
create table policies (
  id text primary key,
  type text not null,
  blob text not null,
  extra jsonb not null default '{}',
  created_at timestamptz(3) not null
);
create table policy_associations (
  id text primary key,
  policy_id text not null references policies on delete cascade,
  endpoint_id text references endpoints on delete cascade,
  service_id text references services on delete cascade,
  region_id text references regions on delete cascade,
  check ((endpoint_id is null) <> (service_id is null)),
  check (region_id is null or service_id is not null)
);
create unique index policy_associations_once
  on policy_associations (endpoint_id, service_id, region_id) nulls not distinct;
create index policy_associations_policy_id_idx on policy_associations (policy_id);

-- Unified limits.
create table registered_limits (
  id text primary key,
  service_id text not null references services on delete cascade,
  region_id text references regions on delete cascade,
  resource_name text not null,
  default_limit integer not null,
  description text,
  created_at timestamptz(3) not null
);
create unique index registered_limits_once
  on registered_limits (service_id, region_id, resource_name) nulls not distinct;
create table limits (
  id text primary key,
  registered_limit_id text not null references registered_limits on delete cascade,
  target_id text not null references projects on delete cascade,
  resource_limit integer not null,
  description text,
  created_at timestamptz(3) not null
);
create unique index limits_once on limits (target_id, registered_limit_id);
create index limits_registered_limit_id_idx on limits (registered_limit_id);

-- Which endpoints are in a project's catalogue.
create table endpoint_groups (
  id text primary key,
  name text not null,
  description text,
  filters jsonb not null,
  created_at timestamptz(3) not null
);
create table project_endpoints (
  project_id text not null references projects on delete cascade,
  endpoint_id text not null references endpoints on delete cascade,
  primary key (project_id, endpoint_id)
);
create index project_endpoints_endpoint_id_idx on project_endpoints (endpoint_id);
create table project_endpoint_groups (
  project_id text not null references projects on delete cascade,
  endpoint_group_id text not null references endpoint_groups on delete cascade,
  primary key (project_id, endpoint_group_id)
);
create index project_endpoint_groups_endpoint_group_id_idx on project_endpoint_groups (endpoint_group_id);

-- A domain's own configuration: the value, or the value sealed when it is a secret.
create table domain_options (
  id text primary key,
  domain_id text not null references projects on delete cascade,
  "group" text not null,
  name text not null,
  value jsonb,
  sealed bytea
);
create unique index domain_options_once on domain_options (domain_id, "group", name);
