"""People who sign in, of a tenant or of none: credentials, sessions, invitations, relations, recovery."""
