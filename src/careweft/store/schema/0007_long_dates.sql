-- Main dates that last: few, and found apart, so that a walk from a day on need not look behind it at all that is older
-- for what may still reach into it.

create function lasts(_low timestamptz, _high timestamptz) returns bool language sql immutable parallel safe as $$
  select case when isfinite(_low) and isfinite(_high) then _high - _low > interval '32 days' else _low <> _high end
$$;

create index res_that_last on res (tenant, rt, d desc, rid desc) where lasts(d, dz);
