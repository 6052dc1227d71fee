-- What a search is sorted by and stands behind row-level security, one row at a time: the rows come from an index.

create function id_of(_tenant int4, _rid int8) returns text
language plpgsql stable as $$
begin
  if current_setting('app.tenant', true) is distinct from _tenant::text then
    perform set_config('app.tenant', _tenant::text, true);
  end if;
  return (select b.id from body b where b.tenant = _tenant and b.rid = _rid);
end $$;

-- The first or the last of a row's strings, null where it has none.
create function string_of(_tenant int4, _rid int8, _p int2, _last bool) returns text
language plpgsql stable as $$
begin
  if current_setting('app.tenant', true) is distinct from _tenant::text then
    perform set_config('app.tenant', _tenant::text, true);
  end if;
  if _last then
    return (select max(s.head || coalesce(s.rest, '')) from ix_str s where s.tenant = _tenant and s.rid = _rid and s.p = _p);
  end if;
  return (select min(s.head || coalesce(s.rest, '')) from ix_str s where s.tenant = _tenant and s.rid = _rid and s.p = _p);
end $$;
