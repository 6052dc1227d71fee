-- What people grant to applications: requests that wait, codes, refresh tokens, launches.
select 1;
