-- What somebody was told of once: a secret that ends, a load that is late. `mark` says which end, or since which load.

create table notice (
  kind    text not null check (kind in ('secret', 'feed')),
  subject text not null,
  mark    text not null,
  at      timestamptz not null default now(),
  primary key (kind, subject, mark)
);

revoke all on notice from public, careweft_server;
grant select, insert on notice to careweft_server;
