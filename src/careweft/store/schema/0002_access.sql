-- Who may come in and what they did: applications, signing keys, used assertions, revocations, and the audit journal.
--
-- The server's role may add to the journal and read its tenants' rows; nobody but the owner can change or remove one (AUD-08).


-- Changes that every process must hear of at once: one channel, the payload is `<kind> <what>`.

create function announce() returns trigger language plpgsql as $$
declare
  row_ record := coalesce(new, old);
begin
  case tg_table_name
    when 'tenant' then perform pg_notify('careweft', 'tenant ' || row_.id);
    when 'client' then perform pg_notify('careweft', 'client ' || row_.tenant || ' ' || row_.id);
    when 'signing_key' then perform pg_notify('careweft', 'key ' || row_.tenant);
    when 'revocation' then perform pg_notify('careweft', 'revocation ' || extract(epoch from row_.at) || ' ' || row_.key);
  end case;
  return null;
end $$;

create trigger announced after insert or update or delete on tenant for each row execute function announce();


-- Applications. Ids are ours; secrets are SHA-256 hashes of 256 random bits, with the moment each ends (null: no end).

create table client (
  tenant        int4 not null references tenant (number) on delete cascade,
  id            text not null unique,
  name          text not null,
  type          text not null check (type in ('patient', 'practitioner', 'system')),
  platform      text not null check (platform in ('web', 'native')),
  access        text not null check (access in ('provider', 'payer', 'intake')),
  auth          text not null check (auth in ('secret', 'private-key-jwt', 'none')),
  scopes        text[] not null default '{}',
  secrets       bytea[] not null default '{}',
  secret_ends   timestamptz[] not null default '{}',
  jwks_uri      text,
  jwks          text,
  redirect_uris text[] not null default '{}',
  origins       text[] not null default '{}',
  bulk          boolean not null default false,
  lifetime      int4 check (lifetime between 1 and 43200),  -- OAUTH-17: twelve hours, never more
  approved      boolean not null default false,
  enabled       boolean not null default true,
  created       timestamptz not null default now(),
  primary key (tenant, id),
  check (cardinality(secrets) = cardinality(secret_ends))
);
create trigger announced after insert or update or delete on client for each row execute function announce();


-- Keys that sign tokens. `sealed` opens with the master key only, which is not in the database.

create table signing_key (
  kid    text primary key,
  tenant int4 not null references tenant (number) on delete cascade,
  alg    text not null,
  public text not null,
  sealed bytea not null,
  since  timestamptz not null,
  until  timestamptz,
  forget timestamptz
);
create index signing_key_tenant on signing_key (tenant);
create trigger announced after insert or update or delete on signing_key for each row execute function announce();


-- What was taken back. `at` is by the database's clock, one second ahead: a token that is being issued at this very moment,
-- from what was true a moment ago, dies too.

create table revocation (
  tenant int4 not null,
  key    text not null,
  at     timestamptz not null default clock_timestamp() + interval '1 second'
);
create index revocation_at on revocation (at);
create trigger announced after insert on revocation for each row execute function announce();

-- Tokens live twelve hours at most, so a revocation older than thirteen concerns none.
create function revocation_prune() returns int8 language sql security definer set search_path = public, pg_temp as $$
  with gone as (delete from revocation where at < clock_timestamp() - interval '13 hours' returning 1) select count(*) from gone
$$;


-- The journal. `seq` numbers the rows of all tenants in the order in which they were handed out; `tenant` is null where
-- the request named no tenant that exists. Partitioned by month; the default partition means that a write never fails.

create sequence audit_seq;

create table audit (
  seq        int8 not null default nextval('audit_seq'),
  at         timestamptz not null,
  tenant     int4,
  action     text not null,
  surface    text not null,
  status     int2 not null,
  request_id text not null,
  client     text,
  person     text,
  patient    text,
  jti        text,
  type       text,
  id         text,
  query      bytea,
  patients   text[] not null default '{}',
  address    text,
  reason     text
) partition by range (at);
create table audit_default partition of audit default;
create index audit_by_seq on audit (seq);
create index audit_by_tenant on audit (tenant, at);

alter table audit enable row level security;
alter table audit force row level security;
create policy owner_all on audit to current_user using (true) with check (true);
create policy append on audit for insert to careweft_server with check (true);
create policy own on audit for select to careweft_server
  using (tenant = (select nullif(current_setting('app.tenant', true), '')::int4));

-- Rows given as columns, each one text: every value ends with `stop`, and `none` alone stands for null. One text costs its
-- sender a twentieth of an array. `query_` is in hexadecimal; `patients_` holds a row's ids with a space between (no id
-- has one).
create function audit_write(
  at_ text, tenant_ text, action_ text, surface_ text, status_ text, request_id_ text, client_ text, person_ text,
  patient_ text, jti_ text, type_ text, id_ text, query_ text, patients_ text, address_ text, reason_ text
) returns void language plpgsql as $$
declare
  stop constant text := chr(31);
  none constant text := chr(30);
begin
  if current_setting('synchronous_commit') = 'off' then  -- a default of this database that no audit entry may follow
    perform set_config('synchronous_commit', 'on', true);
  end if;
  insert into audit (at, tenant, action, surface, status, request_id, client, person, patient, jti, type, id, query,
                     patients, address, reason)
  select at::timestamptz, tenant::int4, action, surface, status::int4, request_id, client, person, patient, jti, type, id,
         decode(query, 'hex'), string_to_array(patients, ' '), address, reason
  from unnest(string_to_array(at_, stop), string_to_array(tenant_, stop, none), string_to_array(action_, stop),
              string_to_array(surface_, stop), string_to_array(status_, stop), string_to_array(request_id_, stop),
              string_to_array(client_, stop, none), string_to_array(person_, stop, none),
              string_to_array(patient_, stop, none), string_to_array(jti_, stop, none),
              string_to_array(type_, stop, none), string_to_array(id_, stop, none),
              string_to_array(query_, stop, none), string_to_array(patients_, stop),
              string_to_array(address_, stop, none), string_to_array(reason_, stop, none))
    as entry (at, tenant, action, surface, status, request_id, client, person, patient, jti, type, id, query, patients,
              address, reason)
  where at <> '';  -- behind the last stop
end $$;

-- Make the partitions of this month and the next ones. Rows that the default partition caught move to where they belong.
create function audit_prepare(months int4 default 3) returns int4
language plpgsql security definer set search_path = public, pg_temp set timezone = 'UTC' set lock_timeout = '1s' as $$
declare
  low    timestamptz := date_trunc('month', now());
  high   timestamptz;
  name   text;
  made   int4 := 0;
begin
  perform pg_advisory_xact_lock(hashtext('careweft audit_prepare'));
  for month in 1..months loop
    high := low + interval '1 month';
    name := 'audit_' || to_char(low, 'YYYYMM');
    if to_regclass(name) is null then
      lock table audit_default in access exclusive mode;
      execute format('create table %I (like audit including defaults including constraints)', name);
      execute format('revoke all on %I from public, careweft_server', name);
      execute format('with moved as (delete from audit_default where at >= %L and at < %L returning *)'
                     ' insert into %I select * from moved', low, high, name);
      execute format('alter table audit attach partition %I for values from (%L) to (%L)', name, low, high);
      made := made + 1;
    end if;
    low := high;
  end loop;
  return made;
end $$;


-- Used client assertions (SMART-10): the jti, hashed, until the assertion has expired.

create table assertion (
  tenant int4 not null,
  client text not null,
  jti    bytea not null,
  until  timestamptz not null,
  primary key (tenant, client, jti)
);
create index assertion_until on assertion (until);

create function assertion_prune() returns int8 language sql security definer set search_path = public, pg_temp as $$
  with gone as (delete from assertion where until < now() - interval '10 minutes' returning 1) select count(*) from gone
$$;


-- The seal (AUD-09): a chain of hashes per tenant over what was committed. A link covers the rows that appeared since the
-- link before; `marks` holds the first eight bytes of each row's digest, in order, so that a changed row can be named.
-- Tenant 0 stands for the rows without one. `mac` is made outside with a key that the database does not know.

create table audit_link (
  tenant int4 not null,
  n      int8 not null,
  seqs   int8multirange not null,
  marks  bytea not null,
  hash   bytea not null,
  since  timestamptz not null,
  at     timestamptz not null,
  mac    bytea,
  primary key (tenant, n)
);
create table audit_head (
  tenant int4 primary key,
  n      int8 not null,
  hash   bytea not null
);
-- Everything up to `floor` was looked at for the last time; between it and `edge` the numbers in `sealed` are done and the
-- others belong to transactions that are running or came to nothing. `mark` becomes the floor half an hour after `marked`.
create table audit_sealer (
  one    boolean primary key default true check (one),
  floor  int8 not null default 0,
  mark   int8 not null default 0,
  marked timestamptz not null default clock_timestamp(),
  edge   int8 not null default 0,
  sealed int8multirange not null default '{}',
  ran    timestamptz not null default clock_timestamp()
);
insert into audit_sealer default values;

-- A row's digest; its place is in the link's `seqs`. The same bytes are made outside by careweft.audit.chain: change both or
-- neither.
create function audit_digest(a audit) returns bytea language sql stable as $$
  select sha256(convert_to(array_to_json(array[
    ((extract(epoch from a.at) * 1000000)::int8)::text, a.tenant::text, a.action, a.surface, a.status::text,
    a.request_id, a.client, a.person, a.patient, a.jti, a.type, a.id, encode(a.query, 'hex'),
    array_to_json(a.patients)::text, a.address, a.reason
  ])::text, 'UTF8'))
$$;

-- Chain what was committed since the last time, at most `most` numbers on; returns the links made. Whoever comes second waits.
create function audit_seal(most int4 default 50000) returns setof audit_link
language plpgsql security definer set search_path = public, pg_temp
  set jit = off set enable_seqscan = off  -- however many rows there are, only the new ones are looked at
as $$
declare
  state  audit_sealer;
  clock  timestamptz := clock_timestamp();
  begun  int8;
  link   audit_link;
  batch  record;
begin
  select * into strict state from audit_sealer for update;
  begun := state.edge;
  state.edge := least((select case when is_called then last_value else 0 end from audit_seq), state.edge + most);
  for batch in
    select a.tenant, range_agg(int8range(a.seq, a.seq, '[]')) as seqs,
           string_agg(a.digest, '') as digests, string_agg(substr(a.digest, 1, 8), '') as marks
    from (
      select coalesce(d.tenant, 0) as tenant, d.seq, d.digest
      from unnest(int8multirange(int8range(state.floor, state.edge, '(]')) - state.sealed) gap
      cross join lateral (
        select r.tenant, r.seq, audit_digest(r) as digest from audit r
        where r.seq >= lower(gap) and r.seq < upper(gap) and r.at > state.ran - interval '1 day'
        offset 0  -- so that each digest is made once
      ) d order by 1, 2
    ) a group by 1 order by 1
  loop
    insert into audit_head as head values (batch.tenant, 1, sha256(convert_to(batch.seqs::text, 'UTF8') || batch.digests))
      on conflict (tenant) do update set n = head.n + 1, hash = sha256(head.hash || convert_to(batch.seqs::text, 'UTF8') || batch.digests)
      returning head.n, head.hash into link.n, link.hash;
    insert into audit_link values (batch.tenant, link.n, batch.seqs, batch.marks, link.hash, state.ran, clock)
      returning * into link;
    state.sealed := state.sealed + batch.seqs;
    return next link;
  end loop;
  if clock > state.marked + interval '30 minutes' then
    state.floor := state.mark;
    state.mark := state.edge;
    state.marked := clock;
    state.sealed := state.sealed - int8multirange(int8range(null, state.floor, '(]'));
  elsif not found and state.edge = begun and clock < state.ran + interval '1 minute' then
    return;  -- nothing new: no row to write every second
  end if;
  update audit_sealer set floor = state.floor, mark = state.mark, marked = state.marked, edge = state.edge,
    sealed = state.sealed, ran = clock;
end $$;

create function audit_sign(tenant_ int4, n_ int8, mac_ bytea) returns void
language sql security definer set search_path = public, pg_temp as $$
  update audit_link set mac = mac_ where tenant = tenant_ and n = n_ and mac is null
$$;


-- What the server's role may do, and nothing else.

revoke all on client, signing_key, revocation, assertion, audit, audit_default, audit_link, audit_head, audit_sealer
  from public, careweft_server;
revoke all on sequence audit_seq from public, careweft_server;
revoke execute on function revocation_prune(), assertion_prune(), audit_prepare(int4), audit_seal(int4),
  audit_sign(int4, int8, bytea) from public;

grant select, insert, update on client to careweft_server;
grant select, insert, update (until, forget) on signing_key to careweft_server;
grant select, insert on revocation, assertion, audit to careweft_server;
grant usage on sequence audit_seq to careweft_server;
grant select on audit_link, audit_head, audit_sealer to careweft_server;
grant execute on function revocation_prune(), assertion_prune(), audit_prepare(int4), audit_seal(int4),
  audit_sign(int4, int8, bytea) to careweft_server;

select audit_prepare();
