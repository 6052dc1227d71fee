-- Groups that keep themselves current.
select 1;
