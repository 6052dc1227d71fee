"""FHIR search as values: read from a URL, given one plain meaning, compiled elsewhere. https://hl7.org/fhir/R4/search.html"""
