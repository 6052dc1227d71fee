-- All that carries a label, whether it is there or was deleted: by name, for what hangs on it.
create index body_labelled on body (tenant, rt) where lab <> 0;
drop index body_gone_labelled;
drop index res_labelled;
