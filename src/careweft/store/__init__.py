"""PostgreSQL, and the only room that knows SQL."""
