"""The language of FHIR R4: definitions, JSON and XML, search, outcomes and Bundles; pure functions on values."""
