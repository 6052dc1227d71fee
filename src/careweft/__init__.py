"""careweft: a self-hosted, multi-tenant FHIR R4 platform with its own authorization server."""

__version__ = "0.1.0"
