-- Where an application's people come back to once they have signed out, whether somebody chose their language, and
-- which visit was picked for a request (empty: none).

alter table client add column logout_uris text[] not null default '{}';
alter table auth_request add column encounter text;
grant update (encounter) on auth_request to careweft_server;
alter table account add column chosen boolean not null default false;  -- the language: every account begins with English
