-- The clinical record: bodies and history behind row-level security, index rows of hashes and dates beside them.
-- The name careweft_server stands for the role that the server connects as.

-- One organization. The key is mixed into every hash of its index rows.
create table tenant (
  number int4 generated always as identity primary key,
  id uuid not null unique,
  name text not null,
  zone text not null default 'UTC',
  sdk_scopes text[] not null default '{}',
  care_records text[] not null default '{}',
  hash_key bytea not null check (length(hash_key) = 32),
  created timestamptz not null default transaction_timestamp()
);

-- The keys that seal a tenant's bodies, wrapped by a master key that is not in the database.
create table tenant_key (
  tenant int4 not null references tenant,
  kid int4 not null,
  wrapped bytea not null,
  created timestamptz not null default transaction_timestamp(),
  primary key (tenant, kid)
);

-- zstd dictionaries. Never deleted while a body names one; 0 stands for none.
create table dict (dic int2 primary key check (dic > 0), body bytea not null);

-- Search parameters as they are indexed; one whose digest differs from the program's is not ready until it was reindexed.
create table param (
  p int2 primary key,
  type text not null,
  code text not null,
  digest bytea not null,
  ready bool not null,
  unique (type, code)
);

-- The index version that rows of each type should have: raised whenever one of its parameters changes.
create table ixgen (rt int2 primary key, ixv int2 not null);

create sequence record_rid as int8;

-- The current version of every resource, or its tombstone (body null). `subject` and `others` are the exact ids of the
-- patients whose compartment holds it.
create table body (
  tenant int4 not null,
  rid int8 not null default nextval('record_rid'),
  rt int2 not null,
  ver int4 not null,
  updated timestamptz not null,
  dic int2 not null,
  kid int4 not null default 0,
  id text collate "C" not null,
  subject text collate "C",
  others text[] collate "C",
  digest bytea,
  body bytea,
  primary key (tenant, rt, id),
  unique (tenant, rid)
);
alter table body alter body set storage external;

-- The versions before the current one.
create table hist (
  tenant int4 not null,
  rt int2 not null,
  ver int4 not null,
  updated timestamptz not null,
  dic int2 not null,
  kid int4 not null,
  id text collate "C" not null,
  subject text collate "C",
  others text[] collate "C",
  body bytea,
  primary key (tenant, rt, id, ver)
);
alter table hist alter body set storage external;

-- One index row for each live resource: hashes, dates and bits, no clinical text. No row-level security: array operators
-- are not leakproof, so that it would switch the GIN index off.
create table res (
  tenant int4 not null,
  rt int2 not null,
  ixv int2 not null,
  rid int8 not null,
  pat int8 not null,            -- hash of the subject's Patient/id, 0 without one
  own int8 not null,            -- hash of its own Type/id
  have int8 not null,           -- bit (number % 64) of every parameter that has a value
  d timestamptz not null default '-infinity',    -- the type's main date: low bound, '-infinity' without one
  dz timestamptz not null default '-infinity',   -- and its high bound
  updated timestamptz not null,
  many bool not null,           -- several main dates, which FHIR does not allow: d and dz bound them, each is in ix_date
  tok int8[] not null,
  primary key (tenant, rid)
);
alter table res alter tok set statistics 1000;
create index res_by_patient on res (tenant, rt, pat, d desc, rid desc);
create index res_by_date on res (tenant, rt, d desc, rid desc);
create index res_by_updated on res (tenant, rt, updated, rid);
create index res_with_many on res (tenant, rt) where many;
create index res_by_token on res using gin (tok) with (fastupdate = on, gin_pending_list_limit = 2048);

-- Further patients whose compartment holds a resource.
create table res_pat (
  tenant int4 not null,
  rt int2 not null,
  pat int8 not null,
  d timestamptz not null,
  rid int8 not null,
  primary key (tenant, pat, rt, d, rid)
);
create index res_pat_by_rid on res_pat (tenant, rid);

-- Dates other than the main one.
create table ix_date (tenant int4 not null, p int2 not null, lo timestamptz not null, hi timestamptz not null, rid int8 not null);
create index ix_date_by_value on ix_date (tenant, p, lo, hi, rid);
create index ix_date_by_rid on ix_date (tenant, rid, p);

-- Numbers and quantities, with hashes of the unit's system, code and text (0: none).
create table ix_num (
  tenant int4 not null, p int2 not null, lo numeric not null, hi numeric not null,
  system int8 not null, code int8 not null, unit int8 not null, rid int8 not null
);
create index ix_num_by_value on ix_num (tenant, p, lo, hi, rid);
create index ix_num_by_rid on ix_num (tenant, rid, p);

-- Folded strings: the first 128 characters and the rest. Names live here, so it stands under row-level security.
create table ix_str (tenant int4 not null, p int2 not null, head text collate "C" not null, rest text collate "C", rid int8 not null);
create index ix_str_by_value on ix_str (tenant, p, head, rid);
create index ix_str_by_rid on ix_str (tenant, rid, p);

-- The distinct folded texts beside codes, cut like strings, for :text.
create table term (
  tenant int4 not null,
  p int2 not null,
  head text collate "C" not null,
  rest text collate "C",
  tok int8 not null,
  primary key (tenant, p, tok)
);
create index term_by_value on term (tenant, p, head);

do $$
declare name text;
begin
  foreach name in array array['body', 'hist', 'ix_str', 'term'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format($p$create policy own_tenant on %I using (tenant = nullif(current_setting('app.tenant', true), '')::int4)$p$, name);
  end loop;
end $$;

-- Each of the functions below binds the tenant within the statement that calls it, and for that transaction only.

create function read_many(_tenant int4, _rts int2[], _ids text[])
returns table (rt int2, id text, rid int8, ver int4, updated timestamptz, subject text, others text[], dic int2, kid int4, body bytea)
language plpgsql rows 20 as $$
#variable_conflict use_column
begin
  perform set_config('app.tenant', _tenant::text, true);
  return query select b.rt, b.id, b.rid, b.ver, b.updated, b.subject, b.others, b.dic, b.kid, b.body
    from unnest(_rts, _ids) k(rt, id) join body b on b.tenant = _tenant and b.rt = k.rt and b.id = k.id;
end $$;

create function bodies_by_rid(_tenant int4, _rids int8[])
returns table (rt int2, id text, rid int8, ver int4, updated timestamptz, subject text, others text[], dic int2, kid int4, body bytea)
language plpgsql rows 100 as $$
#variable_conflict use_column
begin
  perform set_config('app.tenant', _tenant::text, true);
  return query select b.rt, b.id, b.rid, b.ver, b.updated, b.subject, b.others, b.dic, b.kid, b.body
    from body b where b.tenant = _tenant and b.rid = any(_rids);
end $$;

create function rids_of(_tenant int4, _rt int2, _ids text[]) returns setof int8
language plpgsql rows 5 as $$
begin
  perform set_config('app.tenant', _tenant::text, true);
  return query select b.rid from body b where b.tenant = _tenant and b.rt = _rt and b.id = any(_ids);
end $$;

-- Ids beside row numbers, for _sort=_id.
create function ids_by_rid(_tenant int4, _rids int8[]) returns table (rid int8, id text)
language plpgsql rows 100 as $$
#variable_conflict use_column
begin
  perform set_config('app.tenant', _tenant::text, true);
  return query select b.rid, b.id from body b where b.tenant = _tenant and b.rid = any(_rids);
end $$;

-- All of a type in the order of their ids, from behind (or, descending, before) `_after`.
create function ids_ascending(_tenant int4, _rt int2, _after text, _count int4) returns table (rid int8, id text)
language plpgsql rows 100 as $$
#variable_conflict use_column
begin
  perform set_config('app.tenant', _tenant::text, true);
  return query select b.rid, b.id from body b where b.tenant = _tenant and b.rt = _rt and b.body is not null
    and (_after is null or b.id > _after) order by b.id limit _count;
end $$;

create function ids_descending(_tenant int4, _rt int2, _after text, _count int4) returns table (rid int8, id text)
language plpgsql rows 100 as $$
#variable_conflict use_column
begin
  perform set_config('app.tenant', _tenant::text, true);
  return query select b.rid, b.id from body b where b.tenant = _tenant and b.rt = _rt and b.body is not null
    and (_after is null or b.id < _after) order by b.id desc limit _count;
end $$;

-- Versions of one resource, newest first, below `_before` where that is not null.
create function versions(_tenant int4, _rt int2, _id text, _before int4, _count int4)
returns table (ver int4, updated timestamptz, subject text, others text[], dic int2, kid int4, body bytea)
language plpgsql rows 10 as $$
#variable_conflict use_column
begin
  perform set_config('app.tenant', _tenant::text, true);
  return query
    select b.ver, b.updated, b.subject, b.others, b.dic, b.kid, b.body from body b
      where b.tenant = _tenant and b.rt = _rt and b.id = _id and (_before is null or b.ver < _before)
    union all
    (select h.ver, h.updated, h.subject, h.others, h.dic, h.kid, h.body from hist h
      where h.tenant = _tenant and h.rt = _rt and h.id = _id and (_before is null or h.ver < _before)
      order by h.ver desc limit _count)
    order by 1 desc limit _count;
end $$;

create function strings_starting(_tenant int4, _p int2, _low text, _high text, _rest text) returns setof int8
language plpgsql rows 50 as $$
begin
  perform set_config('app.tenant', _tenant::text, true);
  return query select s.rid from ix_str s where s.tenant = _tenant and s.p = _p and s.head >= _low and s.head < _high
    and (_rest is null or starts_with(s.rest, _rest));
end $$;

create function strings_containing(_tenant int4, _p int2, _part text) returns setof int8
language plpgsql rows 50 as $$
begin
  perform set_config('app.tenant', _tenant::text, true);
  return query select s.rid from ix_str s where s.tenant = _tenant and s.p = _p
    and position(_part in s.head || coalesce(s.rest, '')) > 0;
end $$;

-- Tokens of the display texts that begin with what is asked.
create function terms_starting(_tenant int4, _p int2, _low text, _high text, _rest text) returns setof int8
language plpgsql rows 20 as $$
#variable_conflict use_column
begin
  perform set_config('app.tenant', _tenant::text, true);
  return query select t.tok from term t where t.tenant = _tenant and t.p = _p and t.head >= _low and t.head < _high
    and (_rest is null or starts_with(t.rest, _rest));
end $$;

create function drop_index_rows(_tenant int4, _rids int8[]) returns void
language plpgsql as $$
begin
  delete from res where tenant = _tenant and rid = any(_rids);
  delete from res_pat where tenant = _tenant and rid = any(_rids);
  delete from ix_date where tenant = _tenant and rid = any(_rids);
  delete from ix_num where tenant = _tenant and rid = any(_rids);
  delete from ix_str where tenant = _tenant and rid = any(_rids);
end $$;

-- One resource's index rows, all in one call.
create function add_index_rows(
  _tenant int4, _rt int2, _rid int8, _updated timestamptz,
  _ixv int2, _pat int8, _own int8, _have int8, _d timestamptz, _dz timestamptz, _many bool, _tok int8[], _pats int8[],
  _date_p int2[], _date_lo timestamptz[], _date_hi timestamptz[],
  _num_p int2[], _num_lo numeric[], _num_hi numeric[], _num_system int8[], _num_code int8[], _num_unit int8[],
  _str_p int2[], _str_head text[], _str_rest text[],
  _term_p int2[], _term_head text[], _term_rest text[], _term_tok int8[]) returns void
language plpgsql as $$
begin
  insert into res values (_tenant, _rt, _ixv, _rid, _pat, _own, _have, _d, _dz, _updated, _many, _tok);
  if _pats <> '{}' then
    insert into res_pat select _tenant, _rt, pat, _d, _rid from unnest(_pats) pat;
  end if;
  if _date_p <> '{}' then
    insert into ix_date select _tenant, p, lo, hi, _rid from unnest(_date_p, _date_lo, _date_hi) x(p, lo, hi);
  end if;
  if _num_p <> '{}' then
    insert into ix_num select _tenant, p, lo, hi, system, code, unit, _rid
      from unnest(_num_p, _num_lo, _num_hi, _num_system, _num_code, _num_unit) x(p, lo, hi, system, code, unit);
  end if;
  if _str_p <> '{}' then
    insert into ix_str select _tenant, p, head, rest, _rid from unnest(_str_p, _str_head, _str_rest) x(p, head, rest);
  end if;
  if _term_p <> '{}' then
    insert into term select _tenant, p, head, rest, tok
      from unnest(_term_p, _term_head, _term_rest, _term_tok) x(p, head, rest, tok) on conflict do nothing;
  end if;
end $$;

-- Writers share this lock for the types they write; whoever raises a type's index version takes it alone, so that no row
-- of an older version is committed after the raise.
create function require_index_version(_rt int2, _ixv int2) returns void
language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(20210, _rt);
  if exists (select from ixgen g where g.rt = _rt and g.ixv <> _ixv) then
    raise exception 'the index version of type % moved on', _rt using errcode = 'object_not_in_prerequisite_state';
  end if;
end $$;

-- Make a body current, or with `_body` null a tombstone; one round trip, and atomic.
create function put(
  _tenant int4, _rt int2, _id text, _subject text, _others text[], _digest bytea, _dic int2, _kid int4, _body bytea, _expected int4,
  _ixv int2, _pat int8, _own int8, _have int8, _d timestamptz, _dz timestamptz, _many bool, _tok int8[], _pats int8[],
  _date_p int2[], _date_lo timestamptz[], _date_hi timestamptz[],
  _num_p int2[], _num_lo numeric[], _num_hi numeric[], _num_system int8[], _num_code int8[], _num_unit int8[],
  _str_p int2[], _str_head text[], _str_rest text[],
  _term_p int2[], _term_head text[], _term_rest text[], _term_tok int8[])
returns table (outcome text, ver int4, updated timestamptz)
language plpgsql rows 1 as $$
#variable_conflict use_column
declare
  old body%rowtype;
  moment timestamptz := transaction_timestamp();
  row_id int8;
begin
  perform set_config('app.tenant', _tenant::text, true);
  perform require_index_version(_rt, _ixv);
  select * into old from body b where b.tenant = _tenant and b.rt = _rt and b.id = _id for update;
  if not found then
    if _expected is not null then return query select 'conflict', 0, moment; return; end if;
    if _body is null then return query select 'absent', 0, moment; return; end if;
    insert into body (tenant, rt, ver, updated, dic, kid, id, subject, others, digest, body)
      values (_tenant, _rt, 1, moment, _dic, _kid, _id, _subject, _others, _digest, _body) returning rid into row_id;
    outcome := 'created'; ver := 1;
  else
    if _expected is not null and old.ver <> _expected then
      return query select 'conflict', old.ver, old.updated; return;
    end if;
    if _body is null and old.body is null then return query select 'absent', old.ver, old.updated; return; end if;
    if _body is not null and old.subject is not null and _subject is distinct from old.subject then
      return query select 'refused', old.ver, old.updated; return;
    end if;
    if _body is not null and old.body is not null and old.digest = _digest then
      return query select 'unchanged', old.ver, old.updated; return;
    end if;
    row_id := old.rid; ver := old.ver + 1;
    moment := greatest(moment, old.updated + interval '1 microsecond');
    outcome := case when _body is null then 'deleted' when old.body is null then 'created' else 'updated' end;
    insert into hist values (_tenant, _rt, old.ver, old.updated, old.dic, old.kid, _id, old.subject, old.others, old.body);
    if _body is null then
      update body b set ver = put.ver, updated = moment, digest = null, dic = 0, kid = 0, body = null
        where b.tenant = _tenant and b.rt = _rt and b.id = _id;
    else
      update body b set ver = put.ver, updated = moment, subject = _subject, others = _others, digest = _digest,
        dic = _dic, kid = _kid, body = _body where b.tenant = _tenant and b.rt = _rt and b.id = _id;
    end if;
    perform drop_index_rows(_tenant, array[row_id]);
  end if;
  if _body is not null then
    perform add_index_rows(_tenant, _rt, row_id, moment, _ixv, _pat, _own, _have, _d, _dz, _many, _tok, _pats,
      _date_p, _date_lo, _date_hi, _num_p, _num_lo, _num_hi, _num_system, _num_code, _num_unit,
      _str_p, _str_head, _str_rest, _term_p, _term_head, _term_rest, _term_tok);
  end if;
  updated := moment;
  return next;
end $$;

grant select, insert on tenant, tenant_key, dict to careweft_server;
grant update (name, sdk_scopes, care_records) on tenant to careweft_server;
grant delete on tenant_key to careweft_server;  -- a removed tenant's keys are destroyed
grant select on param, ixgen to careweft_server;
grant update (ready) on param to careweft_server;
grant select, insert, update on body to careweft_server;
grant select, insert on hist to careweft_server;
grant select, insert, delete on res, res_pat, ix_date, ix_num, ix_str to careweft_server;
grant select, insert on term to careweft_server;
grant usage, select on sequence record_rid to careweft_server;
