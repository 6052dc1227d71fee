-- What carries a label is seldom, and asked for of all that hangs on other records: of what is there by its own hash, of what
-- was deleted as a whole.
create index res_labelled on res (tenant, own) where lab <> 0;
create index body_gone_labelled on body (tenant) where body is null and lab <> 0;
