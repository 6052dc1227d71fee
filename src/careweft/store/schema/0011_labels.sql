-- Sensitive records: which labels stand on a version.
select 1;
