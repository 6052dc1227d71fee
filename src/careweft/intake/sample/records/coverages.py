"""Coverage: the household's plan and, for some, a second one (US Core and CARIN profiles)."""

from collections.abc import Iterator

from careweft.intake.sample.codings import OURS, TERMS, Json, concept, identifier, period, profiles, term
from careweft.intake.sample.scene import Cover, Scene
from careweft.intake.sample.world import named

PLANS = (
    ("HMO", "health maintenance organization policy", "Sample Choice HMO"),
    ("PPO", "preferred provider organization policy", "Sample Open PPO"),
    ("POS", "point of service policy", "Fixture Flex"),
    ("MCPOL", "managed care policy", "Fixture Care Plan"),
)


def write(scene: Scene) -> Iterator[Json]:
    """The person's insurances."""
    for cover in scene.covers:
        yield _coverage(scene, cover)


def _coverage(scene: Scene, cover: Cover) -> Json:
    code, kind, plan = PLANS[scene.person.household.plan]
    holder = (scene.person.head and scene.person.age(scene.life.end) >= 18) or not cover.primary
    return {
        "resourceType": "Coverage",
        "id": cover.id,
        "meta": profiles("us-core-coverage", "C4BB-Coverage"),
        "identifier": [identifier(OURS + "member-id", cover.member, "MB")],
        "status": "cancelled" if cover.end else "active",
        "type": concept(TERMS + "v3-ActCode", code, kind),
        "subscriberId": cover.member.split("-")[0],
        "beneficiary": scene.patient,
        "dependent": f"{scene.person.index % 10:02}",
        "relationship": term("subscriber-relationship", *_relationship(scene, holder=holder)),
        "period": period(cover.start, cover.end),
        "payor": [named(cover.payer)],
        "class": [
            {
                "type": term("coverage-class", "group", "Group"),
                "value": f"G{scene.person.household.plan:04}",
                "name": "Sample Employers Group",
            },
            {"type": term("coverage-class", "plan", "Plan"), "value": code, "name": plan},
        ],
        "order": 1 if cover.primary else 2,
    }


def _relationship(scene: Scene, *, holder: bool) -> tuple[str, str]:
    if holder:
        return "self", "Self"
    return ("child", "Child") if scene.person.age(scene.life.end) < 18 else ("spouse", "Spouse")
