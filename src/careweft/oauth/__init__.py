"""The authorization server: who may have a token, what it says, and whether one that is shown can be trusted."""
