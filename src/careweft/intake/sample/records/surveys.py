"""Questionnaires as they were answered: a QuestionnaireResponse, an Observation per answer, and the total."""

from collections.abc import Iterator

from careweft.intake.sample.catalogue.surveys import Question, Survey
from careweft.intake.sample.codings import LOINC, OURS, Json, coding, concept, identifier, instant, profiles, ref
from careweft.intake.sample.life import Visit
from careweft.intake.sample.records.observations import category, observe, screening
from careweft.intake.sample.scene import Scene

_DISPLAY = "http://hl7.org/fhir/StructureDefinition/display"
_PROFILE = "us-core-observation-screening-assessment"

Answer = tuple[Question, tuple[str, str, int] | None, int]


def write(scene: Scene) -> Iterator[Json]:
    """Every survey of every visit; those who have the need answer accordingly."""
    for visit in scene.life.visits:
        for survey, problem in visit.surveys:
            answers = [_answer(scene, question, problem is not None) for question in survey.questions]
            yield from _answered(scene, visit, survey, answers)


def _answer(scene: Scene, question: Question, affected: bool) -> Answer:  # noqa: FBT001
    if not question.answers:
        points = scene.chance.number(10, 20) if affected else scene.chance.number(24, question.most)
        return question, None, points
    chosen = scene.chance.one(question.answers[1:]) if affected else question.answers[0]
    return question, chosen, chosen[2]


def _answered(scene: Scene, visit: Visit, survey: Survey, answers: list[Answer]) -> Iterator[Json]:
    response = _response(scene, visit, survey, answers)
    yield response
    members = [_observation(scene, visit, survey, response, answer) for answer in answers]
    yield from members
    if survey.total:
        total = _frame(scene, visit, survey, survey.total) | {
            "valueQuantity": {
                "value": sum(points for *_, points in answers),
                "unit": "{score}",
                "system": "http://unitsofmeasure.org",
                "code": "{score}",
            },
            "derivedFrom": [ref(response)],
        }
        yield total
        members.append(total)
    if len(members) > 1:
        yield _frame(scene, visit, survey, (survey.loinc, survey.name)) | {
            "hasMember": [ref(member) for member in members],
            "derivedFrom": [ref(response)],
        }


def _frame(scene: Scene, visit: Visit, survey: Survey, code: tuple[str, str]) -> Json:
    return observe(scene, visit, _PROFILE, [category("survey"), screening(*survey.category)], concept(LOINC, *code))


def _observation(scene: Scene, visit: Visit, survey: Survey, response: Json, answer: Answer) -> Json:
    question, chosen, points = answer
    observation = _frame(scene, visit, survey, (question.loinc, question.text)) | {"derivedFrom": [ref(response)]}
    if survey.category[0] == "functional-status" and chosen:
        return observation | {"valueString": f"{chosen[1]}: {question.text.lower()}"}
    return observation | _value(chosen, points)


def _value(chosen: tuple[str, str, int] | None, points: int) -> Json:
    if chosen:
        return {"valueCodeableConcept": concept(LOINC, *chosen[:2])}
    return {
        "valueQuantity": {"value": points, "unit": "{score}", "system": "http://unitsofmeasure.org", "code": "{score}"}
    }


def _response(scene: Scene, visit: Visit, survey: Survey, answers: list[Answer]) -> Json:
    return {
        "resourceType": "QuestionnaireResponse",
        "id": scene.chance.id("QuestionnaireResponse"),
        "meta": profiles("us-core-questionnaireresponse"),
        "identifier": identifier(OURS + "survey", "Q" + scene.chance.digits("survey", 9)),
        "questionnaire": f"{OURS}Questionnaire/{survey.key}",
        "_questionnaire": {"extension": [{"url": _DISPLAY, "valueString": survey.name}]},
        "status": "completed",
        "subject": scene.patient,
        "encounter": scene.encounter(visit),
        "authored": instant(visit.start),
        "author": scene.clinician(visit),
        "item": [_item(answer) for answer in answers],
    }


def _item(answer: Answer) -> Json:
    question, chosen, points = answer
    value = {"valueCoding": coding(LOINC, *chosen[:2])} if chosen else {"valueInteger": points}
    return {"linkId": question.loinc, "text": question.text, "answer": [value]}
