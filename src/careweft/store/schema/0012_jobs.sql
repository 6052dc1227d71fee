-- Background jobs and their files: exports.
select 1;
