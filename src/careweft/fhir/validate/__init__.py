"""The validator: is a resource what R4 and its profiles say? https://hl7.org/fhir/R4/validation.html

`known` is the one of what ships with careweft; the others are loaded when it is first asked.
"""
