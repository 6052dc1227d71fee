-- The files of agreements, each named by the SHA-256 of its content, and which of them stood behind an approval.

create table agreement_file (
  application text not null references application,
  tenant      int4 not null references tenant (number) on delete cascade,
  digest      text not null,
  kind        text not null,
  body        bytea not null,
  at          timestamptz not null,
  primary key (tenant, application, digest)
);
alter table authorization_step add column agreement text not null default '';

revoke all on agreement_file from public, careweft_server;
grant select, insert on agreement_file to careweft_server;
