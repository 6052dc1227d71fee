-- What a pager has to look at again: rows whose index row was written by a transaction that its first page did not see.
-- Transaction numbers in rows have 32 bits; the current one tells the others.

create function changed_since(_xmin xid, _snapshot text) returns bool language sql stable as $$
  select not pg_visible_in_snapshot(
    (now_.x - ((now_.x - _xmin::text::int8) & 4294967295))::text::xid8, _snapshot::pg_snapshot)
  from (select pg_snapshot_xmax(pg_current_snapshot())::text::int8 as x) now_
$$;
