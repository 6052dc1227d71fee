-- What people grant to applications: requests that wait, permits, codes, launches. Every secret is kept as a hash; of refresh
-- tokens nothing is kept but the generation that a permit is at.

alter table client drop constraint client_platform_check;
alter table client add constraint client_platform_check check (platform in ('web', 'native', 'browser'));
alter table client
  add column launch_url    text,
  add column publisher     text,
  add column home          text,
  add column policy        text,
  add column terms         text,
  add column logo          text,
  add column verified      boolean not null default false,
  add column require_par   boolean not null default false,
  add column refresh_days  int4 not null default 92 check (refresh_days between 92 and 3660),
  add column refresh_limit int4 default 1096 check (refresh_limit between 1 and 36600),
  add column grace         int4 check (grace between 0 and 60);

-- Authorization requests that wait for a person. `asked` is what the application asked, as JSON.
create table auth_request (
  tenant  int4 not null references tenant (number) on delete cascade,
  id      bytea not null check (length(id) = 32),
  client  text not null,
  asked   text not null,
  session text,
  account text,
  patient text,
  expires timestamptz not null,
  primary key (tenant, id)
);
create index auth_request_expires on auth_request (expires);

-- Pushed authorization requests: https://www.rfc-editor.org/rfc/rfc9126
create table pushed_request (
  tenant  int4 not null references tenant (number) on delete cascade,
  id      bytea not null check (length(id) = 32),
  client  text not null,
  pairs   text not null,
  expires timestamptz not null,
  primary key (tenant, id)
);
create index pushed_request_expires on pushed_request (expires);

-- What a person granted to an application. `generation` is that of the last refresh token, `rotated` when it came.
create table permit (
  tenant       int4 not null references tenant (number) on delete cascade,
  id           text not null,
  account      text not null,
  person       text,
  client       text not null,
  surface      text not null,
  scopes       text[] not null,
  asked        text[] not null,
  redirect_uri text not null,
  patient      text,
  encounter    text,
  fhir_context text[] not null default '{}',
  intent       text,
  banner       boolean not null default true,
  lasting      text check (lasting in ('offline', 'online')),
  session      text,
  auth_time    timestamptz not null,
  created      timestamptz not null,
  expires      timestamptz not null,
  until        timestamptz,
  used         timestamptz,
  ended        timestamptz,
  generation   int4 not null default 0,
  rotated      timestamptz,
  standing     boolean not null default false,  -- an identical request is answered so without a question
  primary key (tenant, id)
);
create index permit_by_account on permit (tenant, account, created desc);
create index permit_by_client on permit (tenant, client, created desc);
create index permit_expires on permit (expires);

-- Authorization codes, kept as long as the tokens that they bought may live, so that a second use is noticed.
create table code (
  tenant    int4 not null,
  id        bytea not null check (length(id) = 32),
  permit    text not null,
  challenge text not null,
  nonce     text,
  expires   timestamptz not null,
  used      timestamptz,
  primary key (tenant, id),
  foreign key (tenant, permit) references permit (tenant, id) on delete cascade
);
create index code_by_permit on code (tenant, permit);

-- What EHRs said when they launched an application.
create table launch (
  tenant       int4 not null references tenant (number) on delete cascade,
  id           bytea not null check (length(id) = 32),
  client       text not null,
  surface      text not null,
  person       text not null,
  patient      text,
  encounter    text,
  fhir_context text[] not null default '{}',
  intent       text,
  banner       boolean not null default true,
  expires      timestamptz not null,
  primary key (tenant, id)
);
create index launch_expires on launch (expires);

-- End every permit of an account that is in force, only those about one patient where that is given; with their
-- revocations. To be called in the transaction of what ended them. Returns how many.
create function end_permits(tenant_ int4, account_ text, patient_ text default null) returns int4 language sql as $$
  with gone as (
    update permit set ended = clock_timestamp()
      where tenant = tenant_ and account = account_ and (patient_ is null or patient = patient_) and ended is null
      returning id
  ), told as (
    insert into revocation (tenant, key) select tenant_, 'grant:' || id from gone returning 1
  )
  select count(*)::int4 from told
$$;

-- Permits are kept for a month after they ended, for the page on which a person sees them; codes go with their permit.
create function grants_prune() returns int8 language plpgsql security definer set search_path = public, pg_temp as $$
declare
  gone int8;
  more int8;
begin
  delete from auth_request where expires < now() - interval '1 hour';
  get diagnostics gone = row_count;
  delete from pushed_request where expires < now() - interval '1 hour';
  get diagnostics more = row_count;
  gone := gone + more;
  delete from launch where expires < now() - interval '1 hour';
  get diagnostics more = row_count;
  gone := gone + more;
  delete from code where expires < now() - interval '13 hours';
  get diagnostics more = row_count;
  gone := gone + more;
  delete from permit where least(expires, coalesce(ended, expires)) < now() - interval '30 days';
  get diagnostics more = row_count;
  return gone + more;
end $$;

revoke all on auth_request, pushed_request, permit, code, launch from public, careweft_server;
revoke execute on function grants_prune(), end_permits(int4, text, text) from public;
grant select, insert, delete on auth_request, pushed_request, launch to careweft_server;
grant update (session, account, patient) on auth_request to careweft_server;
grant select, insert on permit, code to careweft_server;
grant update (used, ended, generation, rotated, expires) on permit to careweft_server;
grant update (used) on code to careweft_server;
grant execute on function grants_prune(), end_permits(int4, text, text) to careweft_server;
