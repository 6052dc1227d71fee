"""What a search can do, a row each: https://hl7.org/fhir/R4/search.html

The reference (docs/reference/search.md) is made from these rows, and a test runs every example: each has to find some
records of tests/docs/ana.py, and unless it is about the result, not all of that type. A new feature is a row here.
"""

from ...values import dataclass


@dataclass(frozen=True, slots=True)
class Feature:
    """`on` names the kinds of parameters that have it, or is "" where that says nothing; `name` is as it is typed."""

    on: str
    name: str
    meaning: str
    examples: tuple[str, ...]


VALUES = (
    Feature("token", "code", "the code, whatever its system", ("Observation?code=8867-4",)),
    Feature("token", "system|code", "the code in this system", ("Observation?code=http://loinc.org|8867-4",)),
    Feature("token", "system|", "any code of this system", ("Observation?code=http://loinc.org|",)),
    Feature("token", "|code", "the code where it has no system", ("Patient?identifier=|A-17",)),
    Feature("reference", "Type/id", "what it leads to", ("Observation?subject=Patient/ana",)),
    Feature("reference", "id", "the same, of any type that the parameter leads to", ("Observation?patient=ana",)),
    Feature("reference", "url", "ours, or elsewhere as it stands",
            ("Observation?subject=https://other.example/Patient/7",)),
    Feature("date", "date", "a year, month, day, minute, second or part of one; times with offset, or in the tenant's "
            "zone", ("Observation?date=2024-05-17", "Observation?date=2024", "Observation?date=2024-05-17T10:00:00Z")),
    Feature("string", "text", "begins with it, without case and accents", ("Patient?name=ordonez",)),
    Feature("number", "number", "by the precision that is written", ("RiskAssessment?probability=0.8",)),
    Feature("quantity", "number", "by the precision that is written, in whatever unit",
            ("Observation?value-quantity=72.5",)),
    Feature("quantity", "number|system|code", "in this unit",
            ("Observation?value-quantity=72.5|http://unitsofmeasure.org|/min",)),
    Feature("quantity", "number||unit", "in this code or unit, whatever its system",
            ("Observation?value-quantity=72.5||beats",)),
    Feature("uri", "uri", "letter by letter; a canonical with a version also without it",
            ("Observation?_profile=http://profile.example/pulse",)),
    Feature("composite", "a$b", "both in one element, each part as its own kind is asked, prefix and unit included",
            ("Observation?component-code-value-quantity=http://loinc.org|8480-6$gt140",
             "Observation?combo-code-value-quantity=8867-4$ge70|http://unitsofmeasure.org|/min",
             "Observation?code-value-concept=160245001$http://snomed.info/sct|260385009",
             "Observation?code-value-date=11778-8$gt2024-06", "Observation?code-value-string=8251-1$nothing",
             "DocumentReference?relationship=DocumentReference/draft$replaces",
             "Group?characteristic-value=owner$true")),
    Feature("", "value,value", "one of these", ("Observation?status=final,amended",)),
    Feature("", "\\, \\| \\$ \\\\", "the sign itself", (r"Patient?identifier=urn:mrn|A\|1",)),
)  # fmt: skip

MODIFIERS = (
    Feature("token reference date string number quantity uri composite", ":missing",
            "true: has no value; false: has one",
            ("Observation?method:missing=true", "Observation?encounter:missing=false", "Observation?date:missing=true",
             "Patient?family:missing=false", "RiskAssessment?probability:missing=true",
             "Observation?value-quantity:missing=true", "Device?url:missing=false",
             "Observation?combo-code-value-quantity:missing=true")),
    Feature("token", ":not", "none of these, or no value", ("Observation?code:not=http://loinc.org|8867-4",)),
    Feature("token", ":text", "the text beside the code begins with it", ("Observation?code:text=heart",)),
    Feature("token", ":of-type", "an identifier by its type's system and code, and its value: `system|code|value`",
            ("Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|A-17",)),
    Feature("token", ":in", "a member of this value set, which has to be one that a required binding of R4 names and "
            "that R4 lists", ("Patient?gender:in=http://hl7.org/fhir/ValueSet/administrative-gender",)),
    Feature("token", ":not-in", "none of its members, or no value",
            ("Patient?gender:not-in=http://hl7.org/fhir/ValueSet/administrative-gender",)),
    Feature("token uri", ":below", "the code or one under it, where R4 lists the hierarchy of the code system; the URL "
            "or one on the path under it",
            ("Condition?clinical-status:below=http://terminology.hl7.org/CodeSystem/condition-clinical|active",
             "Device?url:below=http://device.example/")),
    Feature("token uri", ":above", "the code or one over it; the URL or one on whose path it lies",
            ("Condition?clinical-status:above=relapse", "Device?url:above=http://device.example/pump/parts")),
    Feature("reference", ":[type]", "leads to this type", ("Observation?subject:Patient=ana",)),
    Feature("reference", ":identifier", "by the identifier within the reference",
            ("Observation?subject:identifier=urn:mrn|7",)),
    Feature("string", ":exact", "letter by letter", ("Patient?family:exact=Ordóñez",)),
    Feature("string", ":contains", "anywhere in it", ("Patient?family:contains=done",)),
)  # fmt: skip

CHAINS = (
    Feature("reference", "reference.parameter", "leads to a resource for which this holds, of whichever type has such "
            "a parameter", ("Observation?subject.family=ordonez", "Observation?encounter.status=finished")),
    Feature("reference", "reference:Type.parameter", "the same, of this type",
            ("Observation?subject:Patient.birthdate=lt2000", "Observation?subject:Patient.active:missing=true")),
    Feature("reference", "reference.reference.parameter", "the same again, over up to three references",
            ("Observation?encounter.patient.identifier=A-17",
             "Provenance?target:Observation.encounter.patient._id=ana")),
    Feature("", "_has:Type:reference:parameter", "some resource of this type leads here by this reference, and this "
            "holds for it", ("Patient?_has:Observation:patient:code=8867-4",
                             "Patient?_has:Observation:patient:date=ge2024&_has:Encounter:patient:status=finished")),
    Feature("", "_has, _has", "one within the other",
            ("Patient?_has:Observation:subject:_has:Provenance:target:_id=hand",)),
    Feature("", "_has, chain", "either within the other", ("Patient?_has:Observation:patient:encounter.status=finished",
                                                           "Encounter?patient._has:Observation:patient:code=8867-4")),
)  # fmt: skip

ORDERED = "date number quantity"
PREFIXES = tuple(
    Feature(ORDERED, prefix, meaning, tuple(asked.replace("=", f"={prefix}", 1) for asked in examples.split()))
    for prefix, meaning, examples in (
        ("eq", "within what is asked; the same without a prefix",
         "Observation?date=2024-05-17 RiskAssessment?probability=0.8 Observation?value-quantity=72.5"),
        ("ne", "not within it", "Observation?date=2024 RiskAssessment?probability=0.8 Observation?value-quantity=72.5"),
        ("gt", "reaches above it", "Observation?date=2023 RiskAssessment?probability=0.5 Observation?value-quantity=5"),
        ("lt", "reaches below it", "Observation?date=2024 RiskAssessment?probability=0.5 Observation?value-quantity=5"),
        ("ge", "`gt` or `eq`", "Observation?date=2024 RiskAssessment?probability=0.8 Observation?value-quantity=72.5"),
        ("le", "`lt` or `eq`", "Observation?date=2023 RiskAssessment?probability=0.1 Observation?value-quantity=4"),
        ("sa", "begins after it", "Observation?date=2023 RiskAssessment?probability=0.5 Observation?value-quantity=5"),
        ("eb", "ends before it", "Observation?date=2024 RiskAssessment?probability=0.5 Observation?value-quantity=5"),
        ("ap", "overlaps what is asked, widened by a tenth: of the number, or of the time since then",
         "Observation?date=2024-05-20 RiskAssessment?probability=0.75 Observation?value-quantity=75"),
    )
)  # fmt: skip

RESULTS = (
    Feature("", "_count", "entries of a page; 0 gives the total alone",
            ("Observation?_count=1", "Observation?_count=0")),
    Feature("", "_total", "`accurate` counts the matches that this caller may see, `estimate` the first ten thousand "
            "of them, `none` nothing; without it a first page that holds all matches says how many",
            ("Observation?_total=accurate", "Observation?_total=estimate", "Observation?_total=none")),
    Feature("", "_summary", "`true`: the summary elements; `text`: narrative and mandatory elements; `data`: all but "
            "the narrative; `count`: the total alone; `false`: everything. Also on read and vread",
            ("Observation?_summary=true", "Observation?_summary=text", "Observation?_summary=data",
             "Observation?_summary=count", "Observation?_summary=false")),
    Feature("", "_elements", "of the matches these elements, and those that are mandatory or modify. Also on read and "
            "vread", ("Observation?_elements=status,value",)),
    Feature("", "_sort", "up to three keys, each with `-` in front to descend: parameters that are dates, strings, "
            "numbers or quantities, `_lastUpdated`, `_id`; what has no value comes last either way; without it the "
            "latest come first",
            ("Observation?_sort=-date", "Observation?_sort=value-quantity,-_lastUpdated,_id",
             "Patient?_sort=family,birthdate")),
    Feature("", "_include", "what the matches lead to: `Type:parameter`, or `Type:parameter:TargetType`",
            ("Observation?_include=Observation:subject:Patient",)),
    Feature("", "_revinclude", "what leads to the matches", ("Observation?_revinclude=Provenance:target",)),
    Feature("", ":iterate", "of an include: goes on from what was included, eight times at most",
            ("Observation?_include=Observation:encounter&_include:iterate=Encounter:patient",
             "Patient?_revinclude:iterate=Provenance:target")),
    Feature("", "_format", "`json` or `xml`, or a media type; goes before `Accept`", ("Observation?_format=json",)),
    Feature("", "_pretty", "`true` or `false`", ("Observation?_pretty=true",)),
)  # fmt: skip

FILTERS = (*VALUES, *MODIFIERS, *PREFIXES, *CHAINS)
ALL = (*FILTERS, *RESULTS)
