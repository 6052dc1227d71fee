"""Documents that are made of a tenant's records: pure functions from resources to a document."""
