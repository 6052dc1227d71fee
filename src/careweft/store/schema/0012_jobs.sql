-- Background jobs, and the exports that they make.
--
-- `job` and `job_part` are what the workers of all tenants take turns by: who asked, how far it is, who holds which part. What
-- was asked, whom it is about and what came of it stands under row-level security.

create table job (
  id        text primary key,            -- 160 random bits: who does not know it does not guess it
  tenant    int4 not null references tenant (number) on delete cascade,
  client    text not null,
  surface   text not null,
  about     text not null,               -- the level, or the Group: one at a time for each client
  state     text not null default 'waiting' check (state in ('waiting', 'running', 'finishing', 'done', 'failed', 'cancelled')),
  created   timestamptz not null default clock_timestamp(),
  turn      timestamptz,                 -- when one of its parts was last begun
  moment    timestamptz,                 -- what was committed by then is in it
  ended     timestamptz,
  expires   timestamptz,
  weight    int8 not null default 0,
  done      int8 not null default 0,
  bytes     int8 not null default 0,     -- stored
  problem   text,
  swept     bool not null default false, -- its files are gone
  polled    timestamptz not null default clock_timestamp(),
  credit    float8 not null default 10   -- polls that it still has
);
create index job_by_tenant on job (tenant, client, created desc, id desc);
create index job_at_work on job (tenant) where state in ('waiting', 'running', 'finishing');
create index job_to_sweep on job (expires) where not swept;

-- A part is held under a lease; `token` goes up with every lease, so that whoever lost one cannot complete it any more.
create table job_part (
  job      text not null references job on delete cascade,
  n        int4 not null,
  tenant   int4 not null,
  step     text not null check (step in ('plan', 'read', 'gather', 'emit', 'finish')),
  state    text not null default 'ready' check (state in ('ready', 'leased', 'done')),
  weight   int8 not null default 0,
  leases   int2 not null default 0,
  failures int2 not null default 0,
  token    int8 not null default 0,
  until    timestamptz not null default '-infinity',  -- of the lease; of a ready part: not before
  primary key (job, n)
);
create index job_part_open on job_part (job, n) where state <> 'done';

-- What was asked for, as JSON: it names patients.
create table export_order (
  job    text primary key references job on delete cascade,
  tenant int4 not null,
  said   text not null
);

-- What a part is to read, and the pieces of output that it wrote into its one stored object.
create table export_part (
  job    text not null references job on delete cascade,
  n      int4 not null,
  tenant int4 not null,
  spec   text not null,
  object text,
  pieces text,
  primary key (job, n)
);

-- Records beside the patients' own that are to come along, each once.
create table export_ref (
  job    text not null references job on delete cascade,
  tenant int4 not null,
  rt     int2 not null,
  id     text collate "C" not null,
  primary key (job, rt, id)
);

create table export_file (
  id      text primary key,
  tenant  int4 not null,
  job     text not null references job on delete cascade,
  place   int4 not null,                 -- in the manifest
  said    text not null
);
create index export_file_by_job on export_file (job, place);

do $$
declare name text;
begin
  foreach name in array array['export_order', 'export_part', 'export_ref', 'export_file'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format($p$create policy own_tenant on %I using (tenant = nullif(current_setting('app.tenant', true), '')::int4)$p$, name);
  end loop;
end $$;

-- A type's rows in the order of their numbers, by ranges of which an export is divided; and what was deleted, by when.
create index body_by_type on body (tenant, rt, rid);
create index body_gone on body (tenant, rt, updated) where body is null;

-- When the oldest transaction began that may still write: what carries an earlier time is final (architecture decision 23).
create function oldest_write() returns timestamptz
language plpgsql as $$
begin
  if not current_setting('track_activities')::bool then
    raise exception 'exports need track_activities = on' using errcode = 'object_not_in_prerequisite_state';
  end if;
  return (select min(xact_start) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
      and application_name <> 'careweft export');  -- those write no record
end $$;

grant select, insert, update, delete on job, job_part, export_order, export_part, export_ref, export_file to careweft_server;
