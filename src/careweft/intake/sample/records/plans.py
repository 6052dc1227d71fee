"""CareTeam, Goal and CarePlan: who looks after the person, towards what, and how."""

from collections.abc import Iterator
from datetime import timedelta
from html import escape

from careweft.intake.sample.codings import SCT, US_CORE_TERMS, Json, concept, narrative, period, profiles, ref
from careweft.intake.sample.life import Problem
from careweft.intake.sample.scene import Scene
from careweft.intake.sample.world import named

_ASSESS = concept(US_CORE_TERMS + "careplan-category", "assess-plan", "Assessment and Plan of Treatment")
_ROLES = (("59058001", "General physician"), ("133932002", "Caregiver"), ("116154003", "Patient"))


def write(scene: Scene) -> Iterator[Json]:
    """One team, a goal for each lasting problem that has one, and one plan over them."""
    team = _team(scene)
    yield team
    problems = [problem for problem in scene.life.problems if problem.lasting and problem.row.goal]
    goals = [_goal(scene, problem) for problem in problems]
    yield from goals
    if goals or scene.person.index % 3 == 0:
        yield _plan(scene, team, problems, goals)


def _team(scene: Scene) -> Json:
    doctor, caregiver, patient = (concept(SCT, *role) for role in _ROLES)
    role = next(row for row in scene.home.roles if row["practitioner"]["reference"] == ref(scene.doctor)["reference"])
    return {
        "resourceType": "CareTeam",
        "id": scene.chance.id("CareTeam"),
        "meta": profiles("us-core-careteam"),
        "status": "inactive" if scene.person.death else "active",
        "name": f"Care team of {scene.person.given[0]}",
        "subject": scene.patient,
        "period": period(scene.life.start, scene.person.death),
        "participant": [
            {"role": [doctor], "member": named(scene.doctor), "onBehalfOf": named(scene.home.organization)},
            {"role": [doctor], "member": ref(role)},
            {"role": [caregiver], "member": {"reference": f"RelatedPerson/{scene.related_id}"}},
            {"role": [patient], "member": scene.patient},
        ],
        "managingOrganization": [named(scene.home.organization)],
    }


def _goal(scene: Scene, problem: Problem) -> Json:
    start = max(problem.onset, scene.life.start)
    return {
        "resourceType": "Goal",
        "id": scene.chance.id("Goal"),
        "meta": profiles("us-core-goal"),
        "lifecycleStatus": "cancelled" if scene.person.death else "active",
        "description": _what(problem),
        "subject": scene.patient,
        "startDate": start.isoformat(),
        "target": [{"dueDate": (start + timedelta(days=365)).isoformat()}],
        "expressedBy": named(scene.doctor),
        "addresses": [scene.condition(problem)],
    }


def _what(problem: Problem) -> Json:
    """What the goal is: its code where there is one, and its words."""
    goal, finding = problem.row.goal, problem.row.finding
    return concept(SCT, finding, text=goal) if finding else {"text": goal}


def _plan(scene: Scene, team: Json, problems: list[Problem], goals: list[Json]) -> Json:
    lines = [f"{problem.row.name}: {problem.row.goal}." for problem in problems] or ["Yearly check-up and vaccines."]
    plan: Json = {
        "resourceType": "CarePlan",
        "id": scene.chance.id("CarePlan"),
        "meta": profiles("us-core-careplan"),
        "text": narrative(escape(" ".join(lines))),
        "status": "revoked" if scene.person.death else "active",
        "intent": "plan",
        "category": [_ASSESS],
        "title": "Plan of care",
        "subject": scene.patient,
        "period": period(scene.life.start, scene.person.death),
        "author": named(scene.doctor),
        "contributor": [named(scene.doctor)],
        "careTeam": [ref(team)],
    }
    if problems:
        plan |= {"addresses": [scene.condition(problem) for problem in problems], "goal": [ref(goal) for goal in goals]}
    plan["activity"] = [
        {
            "detail": {
                "status": "in-progress",
                "code": concept(SCT, "390906007", "Follow-up encounter"),
                "description": "See the doctor again",
                "performer": [named(scene.doctor)],
            }
        }
    ]
    return plan
