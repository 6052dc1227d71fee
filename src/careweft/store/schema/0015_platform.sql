-- What the one who runs the installation looks after: the terms of developers, and how fresh what is loaded is.

create table terms (
  version int4 primary key,
  text    text not null,
  since   timestamptz not null,
  by      text not null
);
-- Who accepted which; a version is never rewritten, so that this says what somebody agreed to.
create table terms_accepted (
  account text not null,
  version int4 not null references terms,
  at      timestamptz not null,
  primary key (account, version)
);

-- A batch of records is one entry: the last one is found without looking at what was read since.
create index audit_loads on audit (tenant, at) where action in ('load', 'intake');

alter table tenant add column feed_hours int4 check (feed_hours > 0);  -- within which the next load is expected
grant update (feed_hours) on tenant to careweft_server;

revoke all on terms, terms_accepted from public, careweft_server;
grant select, insert on terms, terms_accepted to careweft_server;
