"""Who may see what, decided on values: no HTTP, no SQL, no clock."""
