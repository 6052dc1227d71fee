-- Sensitive records: which labels stand on a version, as the bits of careweft.fhir.labels. And whom people see: the rule of
-- each tenant for its practitioners, and emergency access.

-- What was stored before, or by a process from before, carries every label (-1) until `careweft reindex` has looked at it:
-- it is withheld from whoever may not see all labels.
alter table body add lab int2 not null default -1;
alter table hist add lab int2 not null default -1;
alter table res add lab int2 not null default -1;

drop function read_many(int4, int2[], text[]);
create function read_many(_tenant int4, _rts int2[], _ids text[])
returns table (rt int2, id text, rid int8, ver int4, updated timestamptz, subject text, others text[], dic int2, kid int4,
  body bytea, lab int2)
language plpgsql rows 20 as $$
#variable_conflict use_column
begin
  perform set_config('app.tenant', _tenant::text, true);
  return query select b.rt, b.id, b.rid, b.ver, b.updated, b.subject, b.others, b.dic, b.kid, b.body, b.lab
    from unnest(_rts, _ids) k(rt, id) join body b on b.tenant = _tenant and b.rt = k.rt and b.id = k.id;
end $$;

drop function bodies_by_rid(int4, int8[]);
create function bodies_by_rid(_tenant int4, _rids int8[])
returns table (rt int2, id text, rid int8, ver int4, updated timestamptz, subject text, others text[], dic int2, kid int4,
  body bytea, lab int2)
language plpgsql rows 100 as $$
#variable_conflict use_column
begin
  perform set_config('app.tenant', _tenant::text, true);
  return query select b.rt, b.id, b.rid, b.ver, b.updated, b.subject, b.others, b.dic, b.kid, b.body, b.lab
    from body b where b.tenant = _tenant and b.rid = any(_rids);
end $$;

-- A version carries its own labels and those of the current one: what is sensitive today was so all along.
drop function versions(int4, int2, text, int4, int4);
create function versions(_tenant int4, _rt int2, _id text, _before int4, _count int4)
returns table (ver int4, updated timestamptz, subject text, others text[], dic int2, kid int4, body bytea, lab int2)
language plpgsql rows 10 as $$
#variable_conflict use_column
declare
  today int2;
begin
  perform set_config('app.tenant', _tenant::text, true);
  select b.lab into today from body b where b.tenant = _tenant and b.rt = _rt and b.id = _id;
  return query
    select b.ver, b.updated, b.subject, b.others, b.dic, b.kid, b.body, b.lab from body b
      where b.tenant = _tenant and b.rt = _rt and b.id = _id and (_before is null or b.ver < _before)
    union all
    (select h.ver, h.updated, h.subject, h.others, h.dic, h.kid, h.body, h.lab | today from hist h
      where h.tenant = _tenant and h.rt = _rt and h.id = _id and (_before is null or h.ver < _before)
      order by h.ver desc limit _count)
    order by 1 desc limit _count;
end $$;

-- The `put` of 0006 with labels, and all of it in one piece. Those before it stay for processes from before this migration,
-- which the raised index versions keep from writing.
create function put(
  _tenant int4, _rt int2, _id text, _subject text, _others text[], _digest bytea, _dic int2, _kid int4, _body bytea, _expected int4,
  _ixv int2, _pat int8, _own int8, _have int8, _d timestamptz, _dz timestamptz, _many bool, _tok int8[], _pats int8[],
  _date_p int2[], _date_lo timestamptz[], _date_hi timestamptz[],
  _num_p int2[], _num_lo numeric[], _num_hi numeric[], _num_system int8[], _num_code int8[], _num_unit int8[],
  _str_p int2[], _str_head text[], _str_rest text[],
  _term_p int2[], _term_head text[], _term_rest text[], _term_tok int8[],
  _pair_p int2[], _pair_of_system int8[], _pair_of_code int8[], _pair_lo numeric[], _pair_hi numeric[],
  _pair_system int8[], _pair_code int8[], _pair_unit int8[], _lab int2)
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
    insert into body (tenant, rt, ver, updated, dic, kid, id, subject, others, digest, body, lab)
      values (_tenant, _rt, 1, moment, _dic, _kid, _id, _subject, _others, _digest, _body, _lab) returning rid into row_id;
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
    insert into hist (tenant, rt, ver, updated, dic, kid, id, subject, others, body, lab)
      values (_tenant, _rt, old.ver, old.updated, old.dic, old.kid, _id, old.subject, old.others, old.body, old.lab);
    if _body is null then  -- a tombstone keeps the labels of what it was
      update body b set ver = put.ver, updated = moment, digest = null, dic = 0, kid = 0, body = null
        where b.tenant = _tenant and b.rt = _rt and b.id = _id;
    else
      update body b set ver = put.ver, updated = moment, subject = _subject, others = _others, digest = _digest,
        dic = _dic, kid = _kid, body = _body, lab = _lab where b.tenant = _tenant and b.rt = _rt and b.id = _id;
    end if;
    perform drop_index_rows(_tenant, array[row_id]);
  end if;
  if _body is not null then
    perform add_index_rows(_tenant, _rt, row_id, moment, _ixv, _pat, _own, _have, _d, _dz, _many, _tok, _pats,
      _date_p, _date_lo, _date_hi, _num_p, _num_lo, _num_hi, _num_system, _num_code, _num_unit,
      _str_p, _str_head, _str_rest, _term_p, _term_head, _term_rest, _term_tok, _lab);
    if _pair_p <> '{}' then
      insert into ix_pair
        select _tenant, x.p, x.of_system, x.of_code, x.lo, x.hi, x.system, x.code, x.unit, row_id
        from unnest(_pair_p, _pair_of_system, _pair_of_code, _pair_lo, _pair_hi, _pair_system, _pair_code, _pair_unit)
          x(p, of_system, of_code, lo, hi, system, code, unit);
    end if;
  end if;
  updated := moment;
  return next;
end $$;

-- The `add_index_rows` of 0001, with labels.
create function add_index_rows(
  _tenant int4, _rt int2, _rid int8, _updated timestamptz,
  _ixv int2, _pat int8, _own int8, _have int8, _d timestamptz, _dz timestamptz, _many bool, _tok int8[], _pats int8[],
  _date_p int2[], _date_lo timestamptz[], _date_hi timestamptz[],
  _num_p int2[], _num_lo numeric[], _num_hi numeric[], _num_system int8[], _num_code int8[], _num_unit int8[],
  _str_p int2[], _str_head text[], _str_rest text[],
  _term_p int2[], _term_head text[], _term_rest text[], _term_tok int8[], _lab int2) returns void
language plpgsql as $$
begin
  insert into res (tenant, rt, ixv, rid, pat, own, have, d, dz, updated, many, tok, lab)
    values (_tenant, _rt, _ixv, _rid, _pat, _own, _have, _d, _dz, _updated, _many, _tok, _lab);
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

-- History is written once; only its labels may follow a changed table.
grant update (lab) on hist to careweft_server;


-- Whom practitioners see: a name of careweft.access.rules.
alter table tenant add practitioners_see text not null default 'tenant';
grant update (practitioners_see) on tenant to careweft_server;

-- Emergency access. The reason is free text: it stands behind row-level security, and nobody changes or removes a row but by
-- ending it.
create table emergency (
  tenant int4 not null references tenant (number) on delete cascade,
  id text not null,
  account text not null,
  person text not null,
  patient text,
  reason text not null,
  begins timestamptz not null,
  ends timestamptz not null check (ends > begins and ends <= begins + interval '60 minutes'),
  ended timestamptz,
  primary key (tenant, id)
);
create index emergency_by_account on emergency (tenant, account, ends);
alter table emergency enable row level security;
alter table emergency force row level security;
create policy own_tenant on emergency using (tenant = nullif(current_setting('app.tenant', true), '')::int4);
grant select, insert, update (ended) on emergency to careweft_server;
