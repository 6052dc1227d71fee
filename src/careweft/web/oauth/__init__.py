"""The authorization server's door: the token endpoint, the keys and the documents that describe it."""
