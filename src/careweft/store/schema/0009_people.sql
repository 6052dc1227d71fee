-- People who sign in: accounts, what they prove themselves with, sessions, relations, invitations, letters.
--
-- No secret can be read here: random ones are kept as hashes (keyed with a key outside the database where a person has to
-- type them), chosen ones hashed with argon2id and then sealed, as are the contents of tickets and letters.

alter table tenant add majority int2 not null default 18 check (majority between 12 and 25);
grant update (majority) on tenant to careweft_server;

-- Tenant 0 holds accounts of no tenant. `username` is null until the account was activated.
create table account (
  id            text collate "C" primary key,
  tenant        int4 not null,
  of_tenant     int4 generated always as (nullif(tenant, 0)) stored references tenant (number) on delete cascade,
  username      text,
  name          text not null,
  email         text,
  role          text not null,
  fhir_user     text collate "C",
  language      text not null default 'en',
  enabled       boolean not null default true,
  created       timestamptz not null,
  activated     timestamptz,
  password      bytea,
  totp          bytea,
  totp_step     int8 not null default 0,
  second_factor boolean not null default false
);
create unique index account_username on account (tenant, lower(username));
create index account_email on account (tenant, lower(email));
create index account_record on account (tenant, fhir_user);

create table passkey (
  id      bytea primary key,
  account text collate "C" not null references account on delete cascade,
  public  bytea not null,
  counter int8 not null,
  label   text not null,
  created timestamptz not null,
  used    timestamptz
);
create index passkey_account on passkey (account);

create table recovery_code (
  account text collate "C" not null references account on delete cascade,
  digest  bytea not null,
  used    timestamptz,
  primary key (account, digest)
);

-- `id` is the claim sid; `key` is the hash of the cookie, which changes at every elevation.
create table session (
  id           text collate "C" primary key,
  key          bytea not null unique,
  tenant       int4 not null,
  account      text collate "C" not null references account on delete cascade,
  opened       timestamptz not null,
  auth_time    timestamptz not null,
  seen         timestamptz not null,
  amr          text[] not null,
  agent        text not null default '',
  address      text,
  enrol        boolean not null default false,
  issuer       text,
  subject      text,
  upstream_sid text
);
create index session_account on session (account);
create index session_upstream on session (tenant, issuer, subject) where issuer is not null;
create index session_seen on session (seen);

-- Values that work once and not for long: invitations, resets, half sign-ins, ceremonies. `content` is sealed.
create table ticket (
  digest  bytea primary key,
  tenant  int4 not null,
  kind    text not null,
  account text collate "C" references account on delete cascade,
  content bytea not null,
  tries   int4 not null default 0,
  made    timestamptz not null,
  until   timestamptz not null,
  used    timestamptz
);
create index ticket_until on ticket (until);
create index ticket_account on ticket (account);

-- Who may act for which patient. `minor`: the proxy for a child, which ends when the child is of age.
create table relation (
  id        text collate "C" primary key,
  tenant    int4 not null references tenant (number) on delete cascade,
  account   text collate "C" not null references account on delete cascade,
  patient   text collate "C" not null,
  kind      text not null,
  until     timestamptz,
  minor     boolean not null default false,
  sensitive boolean not null default false,
  types     text[],
  created   timestamptz not null,
  maker     text,
  ended     timestamptz
);
create unique index relation_standing on relation (tenant, account, patient) where ended is null;
create index relation_patient on relation (tenant, patient) where ended is null;
create index relation_until on relation (until) where ended is null and until is not null;

-- A tenant's own identity provider, and who its people are here.
create table upstream (
  tenant    int4 primary key references tenant (number) on delete cascade,
  issuer    text not null,
  name      text not null,
  client_id text not null,
  secret    bytea,
  scope     text not null,
  role      text not null,
  type      text,
  claim     text,
  system    text,
  enabled   boolean not null default true,
  changed   timestamptz not null
);

create table identity (
  tenant  int4 not null references tenant (number) on delete cascade,
  issuer  text not null,
  subject text not null,
  account text collate "C" not null references account on delete cascade,
  linked  timestamptz not null,
  primary key (tenant, issuer, subject)
);
create index identity_account on identity (account);

-- How often something was tried in vain. `key` is a keyed hash of what is counted.
create table throttle (
  key   bytea primary key,
  count int4 not null,
  total int4 not null,
  since timestamptz not null,
  wait  timestamptz not null
);
create index throttle_since on throttle (since);

-- Letters. `recipient` is a keyed hash of the address, for the limit; `content` is sealed, and removed once it was sent.
create table outbox (
  id        int8 generated always as identity primary key,
  tenant    int4 not null,
  recipient bytea not null,
  content   bytea,
  made      timestamptz not null,
  due       timestamptz not null,
  tries     int4 not null default 0,
  sent      timestamptz
);
create index outbox_recipient on outbox (recipient, made);
create index outbox_due on outbox (due) where sent is null and content is not null;

revoke all on account, passkey, recovery_code, session, ticket, relation, upstream, identity, throttle, outbox
  from public, careweft_server;
grant select, insert, update on account, relation, upstream to careweft_server;
grant select, insert, update, delete on passkey, recovery_code, session, ticket, identity, throttle, outbox
  to careweft_server;
