-- Fresh records outrun what the planner knows: until autovacuum comes by, it would take one index for as good as another
-- and walk a whole type instead of one patient's rows. Only the owner may analyze, so the server asks for it here.

create function refresh_statistics(_added int8) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if _added > (select reltuples from pg_class where oid = 'res'::regclass) / 4 then
    analyze res (tenant, rt, pat);  -- some columns only: autovacuum still comes for the whole
  end if;
end $$;

revoke all on function refresh_statistics(int8) from public;
grant execute on function refresh_statistics(int8) to careweft_server;
