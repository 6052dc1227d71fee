"""Tests of what a tenant knows about its people as a whole."""
