"""Questionnaires that are asked, question by question, with the scored answers (LOINC panels and answer lists)."""

from ....values import dataclass

_OFTEN = (
    ("LA6568-5", "Not at all", 0),
    ("LA6569-3", "Several days", 1),
    ("LA6570-1", "More than half the days", 2),
    ("LA6571-9", "Nearly every day", 3),
)
_TRUE = (("LA28398-8", "Never true", 0), ("LA6729-3", "Sometimes true", 1), ("LA28397-0", "Often true", 1))
_YES = (("LA32-8", "No", 0), ("LA33-6", "Yes", 1))
_HOUSED = (("LA30189-7", "I have housing", 0), ("LA30190-5", "I do not have housing", 1))


@dataclass(frozen=True, slots=True)
class Question:
    """One question: LOINC code, wording, and answers with their points; with none, a number out of `most`."""

    loinc: str
    text: str
    answers: tuple[tuple[str, str, int], ...] = ()
    most: int = 0


@dataclass(frozen=True, slots=True)
class Survey:
    """A panel of questions in one screening category, with its total where it has one."""

    key: str
    loinc: str
    name: str
    category: tuple[str, str]
    questions: tuple[Question, ...]
    total: tuple[str, str] | None = None


SURVEYS = {
    row.key: row
    for row in (
        Survey(
            "phq9",
            "44249-1",
            "PHQ-9 quick depression assessment panel",
            ("disability-status", "Disability Status"),
            (
                Question("44250-9", "Little interest or pleasure in doing things in last 2 weeks", _OFTEN),
                Question("44255-8", "Feeling down, depressed, or hopeless in last 2 weeks", _OFTEN),
                Question("44259-0", "Trouble falling or staying asleep, or sleeping too much in last 2 weeks", _OFTEN),
            ),
            ("44261-6", "Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]"),
        ),
        Survey(
            "hunger",
            "88121-9",
            "Hunger Vital Sign [HVS]",
            ("sdoh", "SDOH"),
            (
                Question("88122-7", "Worried whether food would run out before there was money to buy more", _TRUE),
                Question("88123-5", "The food that was bought did not last, with no money to get more", _TRUE),
            ),
        ),
        Survey(
            "housing",
            "93025-5",
            "Protocol for Responding to and Assessing Patients' Assets, Risks, and Experiences",
            ("sdoh", "SDOH"),
            (Question("71802-3", "Housing status", _HOUSED),),
        ),
        Survey(
            "function",
            "69919-9",
            "Walking and climbing stairs",
            ("functional-status", "Functional Status"),
            (Question("69859-7", "Serious difficulty walking or climbing stairs", _YES),),
        ),
        Survey(
            "disability",
            "69919-9",
            "Hearing",
            ("disability-status", "Disability Status"),
            (Question("69856-3", "Deaf, or serious difficulty hearing", _YES),),
        ),
        Survey(
            "moca",
            "72172-0",
            "Total score [MoCA]",
            ("cognitive-status", "Cognitive Status"),
            (Question("72172-0", "Total score [MoCA]", most=30),),
        ),
    )
}
