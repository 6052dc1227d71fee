"""The FHIR door: one file for each interaction of https://hl7.org/fhir/R4/http.html, one row for each offered."""
