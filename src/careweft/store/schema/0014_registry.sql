-- Applications of developers and what tenants decide about them: the portal (ADR 601).
--
-- A registration is one, its rows in `client` are many: one for each tenant that was asked, under the same id. Requests are
-- answered from `client` alone; whatever changes a registration or a decision writes those rows in its own transaction.

alter table client drop constraint client_id_key;
alter table client add column networks text[] not null default '{}';  -- whence it may call; empty: from anywhere
alter table client add column groups text[] not null default '{}';    -- which Groups it may export; empty: any
alter table client add column expires timestamptz;                    -- when what the tenant allowed ends by itself

alter table tenant add column sandbox boolean not null default false;      -- approves at once
alter table tenant add column networks text[] not null default '{}';       -- whence its APIs may be called
alter table tenant add column brand jsonb not null default '{}';           -- what the published lists say of it
alter table tenant add column reviewed timestamptz;                        -- when somebody last looked through that
grant update (sandbox, networks, brand, reviewed) on tenant to careweft_server;


-- Teams share applications. Accounts are named by id; those of developers belong to no tenant.

create table team (
  id      text primary key,
  name    text not null,
  created timestamptz not null default now()
);
create table team_member (
  team    text not null references team on delete cascade,
  account text not null,
  role    text not null check (role in ('owner', 'member')),
  since   timestamptz not null default now(),
  primary key (team, account)
);
create index team_member_account on team_member (account);


-- Registrations. `asked` is what its developer says of it, `team` null where an operator registered it in a terminal.

create table application (
  id          text primary key,
  team        text references team,
  asked       jsonb not null,
  secrets     bytea[] not null default '{}',
  secret_ends timestamptz[] not null default '{}',
  version     int4 not null default 1,
  created     timestamptz not null default now(),
  changed     timestamptz not null default now(),
  removed     timestamptz,
  check (cardinality(secrets) = cardinality(secret_ends))
);
create index application_team on application (team);

-- What it was before and who changed it; a version is never rewritten.
create table application_change (
  application text not null references application on delete cascade,
  version     int4 not null,
  at          timestamptz not null default now(),
  who         text not null,
  what        text not null,
  asked       jsonb not null,
  primary key (application, version)
);

-- A guided set-up that was begun: the answers so far.
create table application_draft (
  id      text primary key,
  account text not null,
  answers jsonb not null,
  changed timestamptz not null default now()
);
create index application_draft_account on application_draft (account);


-- What a tenant decided about an application. `version` counts the steps, so that of two who decide at once one is told.

create table tenant_authorization (
  application  text not null references application,
  tenant       int4 not null references tenant (number) on delete cascade,
  state        text not null check (state in ('requested', 'approved', 'suspended', 'refused', 'withdrawn', 'expired')),
  version      int4 not null default 1,
  requested    timestamptz not null,
  requested_by text not null,
  message      text not null default '',
  decided      timestamptz,
  decided_by   text,
  code         text not null default '',
  reason       text not null default '',
  narrowing    jsonb,
  basis        jsonb,
  agreement    jsonb,
  primary key (application, tenant),
  check ((narrowing is null) = (basis is null)),
  check (state not in ('approved', 'suspended') or narrowing is not null)
);
create index tenant_authorization_tenant on tenant_authorization (tenant, state);

-- Every step, as it happened.
create table authorization_step (
  n           int8 generated always as identity primary key,
  application text not null references application,
  tenant      int4 not null references tenant (number) on delete cascade,
  at          timestamptz not null default now(),
  who         text not null,
  step        text not null,
  state       text not null,
  code        text not null default '',
  reason      text not null default ''
);
create index authorization_step_of on authorization_step (tenant, application, n);


-- What was registered before there were registrations: an operator's, and approved or asked for as its row says.

insert into application (id, asked, secrets, secret_ends, created, changed)
select id, jsonb_build_object(
    'name', name, 'type', type, 'platform', platform, 'access', access, 'auth', auth, 'scopes', scopes,
    'jwks_uri', jwks_uri, 'jwks', jwks::jsonb, 'redirect_uris', redirect_uris, 'origins', origins, 'bulk', bulk,
    'lifetime', lifetime, 'launch_url', launch_url, 'publisher', publisher, 'home', home, 'policy', policy, 'terms', terms,
    'logo', logo, 'require_par', require_par, 'refresh_days', refresh_days, 'refresh_limit', refresh_limit,
    'grace', grace), secrets, secret_ends, created, created
from client;
insert into application_change (application, version, at, who, what, asked)
select id, 1, created, 'operator', 'registered', asked from application;
insert into tenant_authorization (application, tenant, state, requested, requested_by, decided, decided_by, narrowing, basis)
select id, tenant, case when not approved then 'requested' when enabled then 'approved' else 'suspended' end, created,
  'operator', case when approved then created end, case when approved then 'operator' end,
  case when approved then jsonb_build_object('scopes', scopes, 'bulk', bulk, 'groups', '{}'::text[], 'networks',
    '{}'::text[], 'lifetime', lifetime, 'expires', null) end,
  case when approved then jsonb_build_object('name', name, 'type', type, 'access', access, 'publisher', publisher) end
from client;


revoke all on team, team_member, application, application_change, application_draft, tenant_authorization,
  authorization_step from public, careweft_server;
grant select, insert, update on team, application, tenant_authorization to careweft_server;
grant select, insert, update, delete on team_member, application_draft to careweft_server;
grant select, insert on application_change, authorization_step to careweft_server;
