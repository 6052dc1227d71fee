-- Until a table is analysed, the planner holds any two indexes for equally good that begin with what is asked for, and
-- takes the smaller one. The rows of a type in their order were such a one for every look-up by type and id: a first
-- load, of which nothing is known yet, then walked through all records of a type for each that came. The type as
-- another number is found only by who asks for the type in this way.

drop index body_by_type;
create index body_by_type on body (tenant, (rt::int4), rid);

-- What was just written waits in a list that each look-up of a token reads from end to end, until a vacuum comes by: some
-- hundred pages each time. Whoever has loaded much puts it in its place before others search.
create function settle_tokens() returns void
language sql security definer set search_path = public, pg_temp as $$
  select gin_clean_pending_list('res_by_token')
$$;

revoke all on function settle_tokens() from public;
grant execute on function settle_tokens() to careweft_server;
