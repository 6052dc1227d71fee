-- What was found when a published key set was last fetched, and what went wrong the last time that it was not: told to
-- the developers whose application it is. Neither holds a key.

create table key_set (
  url     text collate "C" primary key,
  fetched timestamptz,
  kids    text[] not null default '{}',
  failed  timestamptz,
  fault   text not null default '',
  told    timestamptz
);
comment on column key_set.told is 'when developers were told of the failure that lasts';

revoke all on key_set from public, careweft_server;
grant select, insert, update on key_set to careweft_server;
