"""Bulk Data exports: what is ordered, how it is divided, read and written, and what the client is told."""
