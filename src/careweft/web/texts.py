"""What pages say, in every language that they speak: texts.tsv is the one table, a row a text, a column a language.

Who is asked decides the language: the application's `ui_locales` (OpenID Connect Core 3.1.2.1), else the account's own,
else the browser's Accept-Language (RFC 9110 12.5.4), else English.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

ENGLISH = "en"
Say = Callable[..., str]


@lru_cache(maxsize=1)
def table() -> Mapping[str, Mapping[str, str]]:
    """Every text by language and key. ValueError for a key that stands twice or a row that lacks a language."""
    head, *rows = resources.files(__package__).joinpath("texts.tsv").read_text("utf-8").splitlines()
    languages = head.split("\t")[1:]
    found: dict[str, dict[str, str]] = {language: {} for language in languages}
    for row in rows:
        if not row or row.startswith("#"):
            continue
        key, *texts = row.split("\t")
        if key in found[languages[0]] or len(texts) != len(languages) or not all(texts):
            raise ValueError(f"texts.tsv: {key} wants one text for each of {', '.join(languages)}, once")
        for language, text in zip(languages, texts, strict=True):
            found[language][key] = text
    return found


def languages() -> tuple[str, ...]:
    """The languages that pages speak, the first one where nobody wished."""
    return tuple(table())


def say(language: str) -> Say:
    """Gives the texts of a language, with their places filled in: `t("consent.title", app="Sugar Diary")`."""
    texts = table()[language]

    def t(key: str, **places: object) -> str:
        return texts[key].format_map(places) if places else texts[key]

    return t


def spoken(wishes: Iterable[str | None], accept: bytes = b"") -> str:
    """The first language of `wishes` that pages speak, else the one that Accept-Language likes best.

    >>> spoken(["fr es-MX"]), spoken([], b"de, es;q=0.5, en;q=0.4"), spoken([None])
    ('es', 'es', 'en')
    """
    for wish in wishes:
        for tag in (wish or "").split():
            if (found := tag.lower().partition("-")[0]) in languages():
                return found
    return _accepted(accept) or ENGLISH


@lru_cache(maxsize=256)
def _accepted(accept: bytes) -> str | None:
    found = []
    for place, member in enumerate(accept.decode("latin-1").split(",")):
        tag, _, weight = member.strip().lower().partition(";q=")
        try:
            found.append((-float(weight or 1), place, tag.partition("-")[0]))
        except ValueError:
            continue
    return next((tag for weight, _, tag in sorted(found) if weight and tag in languages()), None)


def day(language: str, at: datetime, zone: str) -> str:
    """A day as people write it, in the tenant's zone.

    >>> from datetime import UTC
    >>> day("es", datetime(2026, 5, 17, 23, 30, tzinfo=UTC), "Europe/Madrid")
    '18 de mayo de 2026'
    """
    local = at.astimezone(ZoneInfo(zone))
    texts = table()[language]
    month = texts["date.months"].split()[local.month - 1]
    return texts["date.day"].format(day=local.day, month=month, year=local.year)


def moment(language: str, at: datetime, zone: str) -> str:
    """A day and the time of day, in the tenant's zone."""
    local = at.astimezone(ZoneInfo(zone))
    return table()[language]["date.moment"].format(
        day=day(language, at, zone), time=f"{local:%H:%M}", zone=f"{local:%Z}"
    )


def known(key: str) -> bool:
    """Is there a text of this key?"""
    return key in table()[ENGLISH]


def written(language: str, date: str) -> str:
    """A FHIR date (a year, a month or a day) as people write it.

    >>> written("en", "1980-05-31"), written("es", "1980-05"), written("en", "1980")
    ('May 31, 1980', 'mayo 1980', '1980')
    """
    texts = table()[language]
    year, *rest = date.split("-")
    if not rest:
        return year
    month = texts["date.months"].split()[int(rest[0]) - 1]
    return texts["date.day"].format(day=int(rest[1]), month=month, year=year) if rest[1:] else f"{month} {year}"
