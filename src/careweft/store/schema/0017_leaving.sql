-- Where an application's people come back to once they have signed out, and whether somebody chose their language.

alter table client add column logout_uris text[] not null default '{}';
alter table account add column chosen boolean not null default false;  -- the language: every account begins with English
