-- Applications of developers and what tenants decide about them: the portal.
select 1;
