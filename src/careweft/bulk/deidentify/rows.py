"""The rows: what goes out of each type, element by element, and how. All else stays.

What becomes of the eighteen kinds of identifiers of 45 CFR 164.514(b)(2)(i): docs/explanation/de-identification.md.
"""

TABLE = """
Patient
  active                                    flag
  gender                                    code
  birthDate                                 birth
  deceasedBoolean                           flag
  deceasedDateTime                          date
  address.state                             state
  address.postalCode                        zip
  address.country                           country
  maritalStatus                             concept
  generalPractitioner                       reference
  managingOrganization                      reference
  extension                                 omb

AllergyIntolerance
  clinicalStatus                            concept
  verificationStatus                        concept
  type                                      code
  category                                  code
  criticality                               code
  code                                      concept
  patient                                   reference
  encounter                                 reference
  onsetDateTime                             date
  onsetAge                                  quantity
  onsetPeriod                               period
  recordedDate                              date
  lastOccurrence                            date
  reaction.substance                        concept
  reaction.manifestation                    concept
  reaction.onset                            date
  reaction.severity                         code
  reaction.exposureRoute                    concept

CarePlan
  basedOn                                   reference
  status                                    code
  intent                                    code
  category                                  concept
  subject                                   reference
  encounter                                 reference
  period                                    period
  created                                   date
  addresses                                 reference
  goal                                      reference
  activity.detail.kind                      code
  activity.detail.code                      concept
  activity.detail.status                    code
  activity.detail.doNotPerform              flag
  activity.detail.scheduledPeriod           period

CareTeam
  status                                    code
  category                                  concept
  subject                                   reference
  encounter                                 reference
  period                                    period
  participant.role                          concept
  participant.member                        reference
  managingOrganization                      reference

Condition
  clinicalStatus                            concept
  verificationStatus                        concept
  category                                  concept
  severity                                  concept
  code                                      concept
  bodySite                                  concept
  subject                                   reference
  encounter                                 reference
  onsetDateTime                             date
  onsetAge                                  quantity
  onsetPeriod                               period
  abatementDateTime                         date
  abatementAge                              quantity
  abatementPeriod                           period
  recordedDate                              date
  stage.summary                             concept
  stage.type                                concept

Coverage
  status                                    code
  type                                      concept
  beneficiary                               reference
  relationship                              concept
  period                                    period
  payor                                     reference
  order                                     number

Device
  status                                    code
  type                                      concept
  patient                                   reference

DiagnosticReport
  basedOn                                   reference
  status                                    code
  category                                  concept
  code                                      concept
  subject                                   reference
  encounter                                 reference
  effectiveDateTime                         date
  effectivePeriod                           period
  performer                                 reference
  specimen                                  reference
  result                                    reference
  conclusionCode                            concept

Encounter
  status                                    code
  class                                     coding
  type                                      concept
  serviceType                               concept
  priority                                  concept
  subject                                   reference
  basedOn                                   reference
  participant.type                          concept
  participant.period                        period
  participant.individual                    reference
  period                                    period
  length                                    quantity
  reasonCode                                concept
  reasonReference                           reference
  diagnosis.condition                       reference
  diagnosis.use                             concept
  diagnosis.rank                            number
  hospitalization.admitSource               concept
  hospitalization.dischargeDisposition      concept
  location.location                         reference
  location.period                           period
  serviceProvider                           reference
  partOf                                    reference

ExplanationOfBenefit
  status                                    code
  type                                      concept
  subType                                   concept
  use                                       code
  patient                                   reference
  billablePeriod                            period
  created                                   date
  insurer                                   reference
  provider                                  reference
  priority                                  concept
  facility                                  reference
  outcome                                   code
  careTeam.sequence                         number
  careTeam.provider                         reference
  careTeam.responsible                      flag
  careTeam.role                             concept
  careTeam.qualification                    concept
  diagnosis.sequence                        number
  diagnosis.diagnosisCodeableConcept        concept
  diagnosis.diagnosisReference              reference
  diagnosis.type                            concept
  diagnosis.onAdmission                     concept
  diagnosis.packageCode                     concept
  procedure.sequence                        number
  procedure.type                            concept
  procedure.date                            date
  procedure.procedureCodeableConcept        concept
  procedure.procedureReference              reference
  insurance.focal                           flag
  insurance.coverage                        reference
  item.sequence                             number
  item.careTeamSequence                     number
  item.diagnosisSequence                    number
  item.procedureSequence                    number
  item.revenue                              concept
  item.category                             concept
  item.productOrService                     concept
  item.modifier                             concept
  item.servicedDate                         date
  item.servicedPeriod                       period
  item.locationCodeableConcept              concept
  item.quantity                             quantity
  item.unitPrice                            money
  item.factor                               decimal
  item.net                                  money
  item.bodySite                             concept
  item.encounter                            reference
  item.adjudication.category                concept
  item.adjudication.reason                  concept
  item.adjudication.amount                  money
  item.adjudication.value                   decimal
  adjudication.category                     concept
  adjudication.reason                       concept
  adjudication.amount                       money
  adjudication.value                        decimal
  total.category                            concept
  total.amount                              money
  payment.type                              concept
  payment.date                              date
  payment.amount                            money

Goal
  lifecycleStatus                           code
  achievementStatus                         concept
  category                                  concept
  priority                                  concept
  description                               concept
  subject                                   reference
  startDate                                 date
  target.measure                            concept
  target.detailQuantity                     quantity
  target.detailRange                        range
  target.detailCodeableConcept              concept
  target.dueDate                            date
  statusDate                                date
  addresses                                 reference

Immunization
  status                                    code
  statusReason                              concept
  vaccineCode                               concept
  patient                                   reference
  encounter                                 reference
  occurrenceDateTime                        date
  recorded                                  date
  primarySource                             flag
  reportOrigin                              concept
  location                                  reference
  site                                      concept
  route                                     concept
  doseQuantity                              quantity
  performer.function                        concept
  performer.actor                           reference
  reasonCode                                concept
  isSubpotent                               flag
  protocolApplied.doseNumberPositiveInt     number
  protocolApplied.seriesDosesPositiveInt    number
  protocolApplied.targetDisease             concept

Location
  status                                    code
  mode                                      code
  type                                      concept
  address.state                             state
  address.country                           country
  physicalType                              concept
  managingOrganization                      reference

Medication
  code                                      concept
  status                                    code
  form                                      concept
  amount                                    ratio
  ingredient.itemCodeableConcept            concept
  ingredient.isActive                       flag
  ingredient.strength                       ratio

MedicationDispense
  status                                    code
  category                                  concept
  medicationCodeableConcept                 concept
  medicationReference                       reference
  subject                                   reference
  context                                   reference
  performer.function                        concept
  performer.actor                           reference
  authorizingPrescription                   reference
  type                                      concept
  quantity                                  quantity
  daysSupply                                quantity
  whenPrepared                              date
  whenHandedOver                            date
  dosageInstruction.sequence                number
  dosageInstruction.timing.repeat.frequency     number
  dosageInstruction.timing.repeat.period        decimal
  dosageInstruction.timing.repeat.periodUnit    code
  dosageInstruction.asNeededBoolean         flag
  dosageInstruction.site                    concept
  dosageInstruction.route                   concept
  dosageInstruction.doseAndRate.type        concept
  dosageInstruction.doseAndRate.doseQuantity    quantity
  dosageInstruction.doseAndRate.doseRange   range
  substitution.wasSubstituted               flag

MedicationRequest
  status                                    code
  statusReason                              concept
  intent                                    code
  category                                  concept
  priority                                  code
  doNotPerform                              flag
  reportedBoolean                           flag
  medicationCodeableConcept                 concept
  medicationReference                       reference
  subject                                   reference
  encounter                                 reference
  authoredOn                                date
  requester                                 reference
  reasonCode                                concept
  reasonReference                           reference
  courseOfTherapyType                       concept
  dosageInstruction.sequence                number
  dosageInstruction.timing.repeat.frequency     number
  dosageInstruction.timing.repeat.period        decimal
  dosageInstruction.timing.repeat.periodUnit    code
  dosageInstruction.asNeededBoolean         flag
  dosageInstruction.site                    concept
  dosageInstruction.route                   concept
  dosageInstruction.doseAndRate.type        concept
  dosageInstruction.doseAndRate.doseQuantity    quantity
  dosageInstruction.doseAndRate.doseRange   range
  dispenseRequest.validityPeriod            period
  dispenseRequest.numberOfRepeatsAllowed    number
  dispenseRequest.quantity                  quantity
  dispenseRequest.expectedSupplyDuration    quantity
  substitution.allowedBoolean               flag

Observation
  basedOn                                   reference
  partOf                                    reference
  status                                    code
  category                                  concept
  code                                      concept
  subject                                   reference
  encounter                                 reference
  effectiveDateTime                         date
  effectivePeriod                           period
  performer                                 reference
  valueQuantity                             quantity
  valueCodeableConcept                      concept
  valueBoolean                              flag
  valueInteger                              number
  valueRange                                range
  valueRatio                                ratio
  valueDateTime                             date
  valuePeriod                               period
  dataAbsentReason                          concept
  interpretation                            concept
  bodySite                                  concept
  method                                    concept
  specimen                                  reference
  device                                    reference
  referenceRange.low                        quantity
  referenceRange.high                       quantity
  referenceRange.type                       concept
  referenceRange.appliesTo                  concept
  referenceRange.age                        range
  hasMember                                 reference
  derivedFrom                               reference
  component.code                            concept
  component.valueQuantity                   quantity
  component.valueCodeableConcept            concept
  component.valueBoolean                    flag
  component.valueInteger                    number
  component.valueRange                      range
  component.valueRatio                      ratio
  component.valueDateTime                   date
  component.valuePeriod                     period
  component.dataAbsentReason                concept
  component.interpretation                  concept

Organization
  active                                    flag
  type                                      concept
  name                                      masked
  address.state                             state
  address.country                           country

Practitioner
  active                                    flag
  qualification.code                        concept

PractitionerRole
  active                                    flag
  practitioner                              reference
  organization                              reference
  code                                      concept
  specialty                                 concept
  location                                  reference

Procedure
  basedOn                                   reference
  partOf                                    reference
  status                                    code
  statusReason                              concept
  category                                  concept
  code                                      concept
  subject                                   reference
  encounter                                 reference
  performedDateTime                         date
  performedPeriod                           period
  performedAge                              quantity
  performer.function                        concept
  performer.actor                           reference
  location                                  reference
  reasonCode                                concept
  reasonReference                           reference
  bodySite                                  concept
  outcome                                   concept
  report                                    reference
  complication                              concept
  followUp                                  concept

ServiceRequest
  basedOn                                   reference
  status                                    code
  intent                                    code
  category                                  concept
  priority                                  code
  doNotPerform                              flag
  code                                      concept
  subject                                   reference
  encounter                                 reference
  occurrenceDateTime                        date
  occurrencePeriod                          period
  asNeededBoolean                           flag
  authoredOn                                date
  requester                                 reference
  performerType                             concept
  performer                                 reference
  reasonCode                                concept
  reasonReference                           reference
  bodySite                                  concept

Specimen
  status                                    code
  type                                      concept
  subject                                   reference
  receivedTime                              date
  request                                   reference
  collection.collectedDateTime              date
  collection.collectedPeriod                period
  collection.quantity                       quantity
  collection.method                         concept
  collection.bodySite                       concept
"""
