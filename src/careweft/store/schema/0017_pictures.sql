-- How a tenant looks (its colours and its logo), and the pictures that were taken in: each made anew by us, one an owner.

alter table tenant add column look jsonb not null default '{}';
grant update (name, look) on tenant to careweft_server;

create table picture (
  owner  text primary key,   -- `tenant <number>` or `application <id>`
  digest text not null,
  body   bytea not null,     -- PNG
  at     timestamptz not null
);
create index picture_digest on picture (digest);

revoke all on picture from public, careweft_server;
grant select, insert, update, delete on picture to careweft_server;
