"""What the journal says: as FHIR AuditEvents, as reports, and whether anybody changed it."""
