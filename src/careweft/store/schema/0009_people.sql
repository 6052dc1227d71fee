-- People who sign in: accounts, sessions, relations, invitations.
select 1;
