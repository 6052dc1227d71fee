-- Composite parameters (docs/adr/0302-composite-search.md): a code, and beside it in the same element a quantity or a date.

-- `of_system` and `of_code` are hashes of the code, 0 for none; a date is in microseconds since 1970, with no unit.
create table ix_pair (
  tenant int4 not null, p int2 not null, of_system int8 not null, of_code int8 not null,
  lo numeric not null, hi numeric not null, system int8 not null, code int8 not null, unit int8 not null, rid int8 not null
);
create index ix_pair_by_value on ix_pair (tenant, p, of_code, lo, hi, rid);
create index ix_pair_by_rid on ix_pair (tenant, rid, p);

create or replace function drop_index_rows(_tenant int4, _rids int8[]) returns void
language plpgsql as $$
begin
  delete from res where tenant = _tenant and rid = any(_rids);
  delete from res_pat where tenant = _tenant and rid = any(_rids);
  delete from ix_date where tenant = _tenant and rid = any(_rids);
  delete from ix_num where tenant = _tenant and rid = any(_rids);
  delete from ix_str where tenant = _tenant and rid = any(_rids);
  delete from ix_pair where tenant = _tenant and rid = any(_rids);
end $$;

-- The `put` of 0001, and the pairs of what it made current. That one stays for processes from before this migration.
create function put(
  _tenant int4, _rt int2, _id text, _subject text, _others text[], _digest bytea, _dic int2, _kid int4, _body bytea, _expected int4,
  _ixv int2, _pat int8, _own int8, _have int8, _d timestamptz, _dz timestamptz, _many bool, _tok int8[], _pats int8[],
  _date_p int2[], _date_lo timestamptz[], _date_hi timestamptz[],
  _num_p int2[], _num_lo numeric[], _num_hi numeric[], _num_system int8[], _num_code int8[], _num_unit int8[],
  _str_p int2[], _str_head text[], _str_rest text[],
  _term_p int2[], _term_head text[], _term_rest text[], _term_tok int8[],
  _pair_p int2[], _pair_of_system int8[], _pair_of_code int8[], _pair_lo numeric[], _pair_hi numeric[],
  _pair_system int8[], _pair_code int8[], _pair_unit int8[])
returns table (outcome text, ver int4, updated timestamptz)
language plpgsql rows 1 as $$
#variable_conflict use_column
begin
  select * into outcome, ver, updated from put(_tenant, _rt, _id, _subject, _others, _digest, _dic, _kid, _body, _expected,
    _ixv, _pat, _own, _have, _d, _dz, _many, _tok, _pats, _date_p, _date_lo, _date_hi,
    _num_p, _num_lo, _num_hi, _num_system, _num_code, _num_unit, _str_p, _str_head, _str_rest,
    _term_p, _term_head, _term_rest, _term_tok);
  if _pair_p <> '{}' and outcome in ('created', 'updated') then
    insert into ix_pair
      select _tenant, x.p, x.of_system, x.of_code, x.lo, x.hi, x.system, x.code, x.unit, b.rid
      from body b, unnest(_pair_p, _pair_of_system, _pair_of_code, _pair_lo, _pair_hi, _pair_system, _pair_code, _pair_unit)
        x(p, of_system, of_code, lo, hi, system, code, unit)
      where b.tenant = _tenant and b.rt = _rt and b.id = _id;
  end if;
  return next;
end $$;

grant select, insert, delete on ix_pair to careweft_server;
