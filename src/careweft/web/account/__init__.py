"""The pages of one's own account: applications, activity, people, sessions, security; and the ways to get one."""
