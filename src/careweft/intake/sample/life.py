"""A simulated life: what a person falls ill with, when they are seen for it, and what is done at each visit."""

from collections.abc import Iterator
from dataclasses import field, replace
from datetime import date, datetime, time, timedelta

from ...values import dataclass
from .catalogue.illnesses import ACUTE, CHRONIC, ILLNESSES, NEEDS, PREGNANCY, Illness
from .catalogue.laboratory import PANELS, Panel
from .catalogue.medicines import MEDICINES, Medicine
from .catalogue.procedures import PROCEDURES, Procedure
from .catalogue.surveys import SURVEYS, Survey
from .catalogue.vaccines import INFLUENZA, VACCINES, Vaccine
from .catalogue.visits import VISITS, VisitKind
from .person import Person

RECORD = timedelta(days=3 * 365)  # how far back the record goes
_MONTH = 30.4375
_CHILD_MONTHS = (1, 2, 4, 6, 9, 12, 15, 18, 24, 36, 48, 60)
_LASTING = {row.key for row in (*CHRONIC, *NEEDS, PREGNANCY)}
_NEEDS = {row.key for row in NEEDS}
_CALM = ("wellness", "child")  # visits where screening, vaccines and long-standing needs are dealt with


@dataclass(frozen=True, slots=True)
class Problem:
    """An illness in one life."""

    row: Illness
    onset: date
    abated: date | None
    number: int = 0

    @property
    def lasting(self) -> bool:
        """Whether it belongs on the problem list rather than to one visit."""
        return self.row.key in _LASTING


@dataclass(slots=True)
class Visit:
    """One encounter and what is done at it."""

    number: int
    kind: VisitKind
    start: datetime
    end: datetime
    reason: Problem | None
    orders: list[tuple[Panel, Problem | None]] = field(default_factory=list)
    works: list[tuple[Procedure, Problem]] = field(default_factory=list)
    surveys: list[tuple[Survey, Problem | None]] = field(default_factory=list)
    vaccines: list[Vaccine] = field(default_factory=list)

    @property
    def day(self) -> date:
        """The day it began."""
        return self.start.date()


@dataclass(frozen=True, slots=True)
class Course:
    """A medicine taken for a problem, from a visit on."""

    medicine: Medicine
    problem: Problem
    visit: Visit
    stop: date | None
    fills: tuple[date, ...]  # days on which it was handed over


@dataclass(frozen=True, slots=True)
class Life:
    """Everything that happened to a person up to `end`, the day of death or today."""

    start: date
    end: date
    problems: tuple[Problem, ...]
    visits: tuple[Visit, ...]
    courses: tuple[Course, ...]
    past_vaccines: tuple[tuple[Vaccine, date], ...]

    def has(self, key: str, on: date) -> bool:
        """Whether the illness was there on a day."""
        return any(p.row.key == key and p.onset <= on and (p.abated is None or on <= p.abated) for p in self.problems)


def live(person: Person, today: date) -> Life:
    """Simulate one life; nothing in it is before birth, after death or after today."""
    end = person.death or today - timedelta(days=1)
    start = max(person.birth, end - RECORD)
    drawn = sorted(_problems(person, start, end), key=lambda problem: problem.onset)
    problems = tuple(replace(problem, number=number) for number, problem in enumerate(drawn))
    visits = _visits(person, start, end, problems)
    _work(person, visits, problems)
    return Life(
        start,
        end,
        problems,
        visits,
        tuple(_courses(visits, problems, end)),
        tuple(_vaccinate(person, start, end, visits)),
    )


def _problems(person: Person, start: date, end: date) -> Iterator[Problem]:
    chance, age = person.chance, person.age(end)
    certain = None if person.illnesses is None else {ILLNESSES[key].key for key in person.illnesses if key in ILLNESSES}
    for row in (*CHRONIC, *NEEDS):
        if _befalls(row, age, person) and (chance.whether(row.likely) if certain is None else row.key in certain):
            first = min(end, max(person.birth + timedelta(days=row.ages[0] * 366), end - timedelta(days=3650)))
            yield Problem(row, chance.day(first, max(first, end - timedelta(days=400))), None)
    for row in ACUTE:
        for year in range(max(1, (end - start).days // 365)):
            happens = chance.whether(row.likely) if certain is None else year == 0 and row.key in certain
            if happens and (end - start).days > 60:
                latest = end - timedelta(days=365 * year + 8)
                onset = chance.day(max(start, latest - timedelta(days=350)) + timedelta(days=2), latest)
                over = onset + timedelta(days=row.days + chance.number(0, 5))
                if _befalls(row, person.age(onset), person):
                    yield Problem(row, onset, over if over <= end else None)
    if _befalls(PREGNANCY, age, person) and (chance.whether(0.05) if certain is None else "pregnancy" in certain):
        yield Problem(PREGNANCY, end - timedelta(days=chance.number(70, 230)), None)


def _befalls(row: Illness, age: float, person: Person) -> bool:
    return row.ages[0] <= age <= row.ages[1] + 1 and row.sex in ("", person.sex)


def _visits(person: Person, start: date, end: date, problems: tuple[Problem, ...]) -> tuple[Visit, ...]:
    """What happens, in time: at most one visit a day, and none during a stay; who is due then comes the day after."""
    planned: list[tuple[date, str, Problem | None]] = []
    free = start
    wanted = (*_illness_visits(person, start, end, problems), *_calm_visits(person, start, end))
    for day, kind, problem in sorted((one for one in wanted if one[0] >= start), key=lambda one: one[0]):
        at = max(day, free)
        over = at + timedelta(minutes=VISITS[kind].minutes)
        if over <= end:
            planned.append((at, kind, problem))
            free = over + timedelta(days=1)
    return tuple(_visit(person, number, *one) for number, one in enumerate(planned))


def _visit(person: Person, number: int, day: date, kind: str, problem: Problem | None) -> Visit:
    row = VISITS[kind]
    begin = datetime.combine(day, time(person.chance.number(8, 16), 15 * person.chance.number(0, 3)))
    return Visit(number, row, begin, begin + timedelta(minutes=row.minutes), problem)


def _illness_visits(
    person: Person, start: date, end: date, problems: tuple[Problem, ...]
) -> Iterator[tuple[date, str, Problem | None]]:
    chance = person.chance
    for problem in problems:
        if not problem.lasting:
            yield problem.onset + timedelta(days=chance.number(0, 2)), problem.row.visit, problem
        elif _surgical(problem) and (
            chance.whether(_surgical(problem)) if person.illnesses is None else "implant" in person.illnesses
        ):
            earliest = max(start, problem.onset) + timedelta(days=3)
            yield chance.day(earliest, end - timedelta(days=10)), "surgery", problem
    chronic = [p for p in problems if p.lasting and p.row.key not in _NEEDS]
    if chronic:
        step = max(30, int(min(p.row.every for p in chronic) * _MONTH))
        for turn in range(min(3, 400 // step)):
            problem = chronic[turn % len(chronic)]
            studied = any(PROCEDURES[key].report for key in problem.row.procedures)
            kind = "prenatal" if problem.row is PREGNANCY else "specialist" if studied and turn < 2 else "follow-up"
            day = end - timedelta(days=3 + step * turn + chance.number(0, 20))
            if day >= problem.onset:
                yield day, kind, problem


def _surgical(problem: Problem) -> float:
    """How likely the problem leads to an implant."""
    return max((PROCEDURES[key].likely for key in problem.row.procedures if PROCEDURES[key].implant), default=0.0)


def _calm_visits(person: Person, start: date, end: date) -> Iterator[tuple[date, str, Problem | None]]:
    chance = person.chance
    for month in (*_CHILD_MONTHS, *range(72, 217, 12)):
        day = person.birth + timedelta(days=int(month * _MONTH) + chance.number(0, 12))
        if start <= day <= end:
            yield day, "child", None
    first = max(start, person.birth + timedelta(days=19 * 366))
    for year in range(3):
        day = end - timedelta(days=40 + 365 * year + chance.number(0, 200))
        if day >= first and (year == 0 or chance.whether(0.55)):
            yield day, "wellness", None
        if day >= first and chance.whether(0.3):
            yield day + timedelta(days=9), "dental", None


def _work(person: Person, visits: tuple[Visit, ...], problems: tuple[Problem, ...]) -> None:
    """Hang tests, procedures and surveys on the visits."""
    calm = [visit for visit in visits if visit.kind.key in _CALM]
    for problem in problems:
        seen = [visit for visit in visits if visit.reason is problem] or [
            visit for visit in calm if visit.day >= problem.onset
        ][-1:]
        if seen:
            _treat(seen, problem)
    for visit in calm[-1:]:
        if person.age(visit.day) >= 18:
            visit.orders += [(PANELS[key], None) for key in ("bmp", "cbc", "lipid")[: 2 + visit.number % 2]]
            visit.surveys.append((SURVEYS["hunger" if visit.number % 2 else "housing"], None))


def _treat(seen: list[Visit], problem: Problem) -> None:
    """Spread a problem's tests over its visits; each procedure is done once, implants only at surgery."""
    for visit in (seen[0], seen[-1]) if len(seen) > 1 else seen[:1]:
        visit.orders += [(PANELS[key], problem) for key in problem.row.panels]
        if problem.row.survey:
            visit.surveys.append((SURVEYS[problem.row.survey], problem))
    surgery = [visit for visit in seen if visit.kind.key == "surgery"]
    for procedure in (PROCEDURES[key] for key in problem.row.procedures):
        place = surgery[:1] if procedure.implant else [v for v in seen if v not in surgery][-1:]
        for visit in place:
            visit.works.append((procedure, problem))


def _courses(visits: tuple[Visit, ...], problems: tuple[Problem, ...], end: date) -> Iterator[Course]:
    """Medicines are ordered at a visit for the problem in the last year, or else at a general one after its onset."""
    for problem in problems:
        seen = [visit for visit in visits if visit.reason is problem] or [
            visit for visit in visits if visit.day >= problem.onset and visit.kind.key in _CALM
        ]
        if not seen:
            continue
        recent = next((visit for visit in seen if (end - visit.day).days < 365), seen[-1])
        for medicine in (MEDICINES[key] for key in problem.row.medicines):
            over = None if problem.lasting else recent.end.date() + timedelta(days=medicine.days)
            first = recent.end.date()
            fills = (first + timedelta(days=turn * medicine.days) for turn in range(min(3, medicine.refills + 1)))
            yield Course(
                medicine,
                problem,
                recent,
                over if over and over <= end else None,
                tuple(day for day in fills if day <= end),
            )


def _vaccinate(person: Person, start: date, end: date, visits: tuple[Visit, ...]) -> Iterator[tuple[Vaccine, date]]:
    """Give due doses at the next general visit; yield those of the years before, known only by report."""
    calm = [visit for visit in visits if visit.kind.key in _CALM]
    for vaccine, month in ((row, month) for row in VACCINES for month in row.months):
        due = person.birth + timedelta(days=int(month * _MONTH))
        at = next((visit for visit in calm if visit.day >= due), None)
        if start <= due <= end and at and vaccine not in at.vaccines:
            at.vaccines.append(vaccine)
        elif due < start and (end - due).days < 4 * 365:
            yield vaccine, due
    for visit in calm:
        if visit.day.month in (9, 10, 11, 12, 1) and person.age(visit.day) > 0.5:
            visit.vaccines.append(INFLUENZA)
