"""Bring records in: NDJSON, Bundles and sample people; one idempotent feed for files and for a tenant's own systems."""
