-- Groups that keep themselves current (docs/adr/0502-groups.md), exports that come again, and who may have which Group
-- without names.

-- What is due, over all tenants: no text of anybody's, so that one statement can look at all of them.
create table due (
  tenant int4 not null references tenant,
  kind text not null,
  id text collate "C" not null,
  at timestamptz not null,
  primary key (tenant, kind, id)
);
create index due_by_time on due (kind, at);

-- What an owner wrote. A definition may name patients, so it stands under row-level security.
create table group_definition (
  tenant int4 not null references tenant,
  id text collate "C" not null,
  name text not null,
  definition text not null,
  code text,
  manager text,
  withheld bool not null,
  every int4 not null,
  evaluated timestamptz,
  size int4,
  failure text,
  primary key (tenant, id)
);

-- Exports that come again, each for a client.
create table export_schedule (
  tenant int4 not null references tenant,
  id text collate "C" not null,
  client text not null,
  surface text not null,
  group_id text collate "C" not null,
  rule text not null,
  types text[] not null,
  since text not null default '',
  job text,
  problem text,
  primary key (tenant, id)
);

-- Who may have which Group without names, by whose decision, and what dates become.
create table research_approval (
  tenant int4 not null references tenant,
  client text not null,
  group_id text collate "C" not null,
  dates text not null check (dates in ('shifted', 'years')),
  at timestamptz not null,
  by text not null,
  primary key (tenant, client, group_id)
);

do $$
declare name text;
begin
  foreach name in array array['group_definition', 'export_schedule', 'research_approval'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format($p$create policy own_tenant on %I using (tenant = nullif(current_setting('app.tenant', true), '')::int4)$p$, name);
  end loop;
end $$;

grant select, insert, update, delete on due, group_definition, export_schedule, research_approval to careweft_server;

-- Applications for research: their tokens open the exports that a tenant approved, and nothing else.
alter table client drop constraint client_access_check;
alter table client add constraint client_access_check check (access in ('provider', 'payer', 'intake', 'research'));
