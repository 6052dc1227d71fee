"""The guided set-up: its steps, which answers lead to which, and the application that they come to.

Answers are kept as they were given, so that Back finds them and nothing has to be right before its step is sent.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ..values import dataclass
from .application import Application, usual
from .refusal import RegistrationRefused

Answers = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer of a step that offers several."""

    value: str
    text: str
    hint: str


CHOICES: Mapping[str, tuple[Choice, ...]] = MappingProxyType({
    "type": (
        Choice("patient", "Patient-facing application",
               "Patients and those who act for them sign in and share their own records."),
        Choice("practitioner", "Practitioner-facing application",
               "Doctors and nurses use it, from their EHR or on its own."),
        Choice("system", "System integration",
               "A server works alone, without anybody who signs in (SMART Backend Services)."),
    ),
    "platform": (
        Choice("web", "Web server application", "A server of yours keeps its secret or its private key."),
        Choice("browser", "Browser application", "It runs in the browser alone and can keep no secret."),
        Choice("native", "Mobile or desktop application", "It runs on people's own devices."),
    ),
    "access": (
        Choice("provider", "Provider APIs", "Records of care, from clinics and hospitals."),
        Choice("payer", "Payer APIs", "Records of care and claims, from health plans."),
    ),
    "auth": (
        Choice("private-key-jwt", "Private Key JWT",
               "It signs with a key of its own, and we only know the public one: the safer choice."),
        Choice("secret", "Client Secret", "We make a secret and show it once."),
        Choice("none", "None", "A public client, held to PKCE."),
    ),
})  # fmt: skip
STEPS = ("type", "platform", "access", "auth", "details", "scopes", "review")
TITLES: Mapping[str, str] = MappingProxyType({
    "type": "What kind of application is it?",
    "platform": "Where does it run?",
    "access": "Which APIs does it call?",
    "auth": "How does it prove itself?",
    "details": "Tell people about it",
    "scopes": "What does it ask for?",
    "review": "Review",
})  # fmt: skip
TEXTS = ("name", "publisher", "description", "home", "policy", "terms", "launch_url", "jwks_uri", "jwks")
LISTS = ("redirect_uris", "logout_uris", "origins")
"""Answers of the details that hold one value a line."""
LONGEST = 20_000


def steps(answers: Answers) -> tuple[str, ...]:
    """The steps in their order: a system integration runs on a server, so that it is not asked where."""
    return tuple(one for one in STEPS if one != "platform" or answers.get("type") != "system")


def choices(step: str, answers: Answers) -> tuple[Choice, ...]:
    """What can be chosen in a step, given what was chosen before."""
    if step == "auth":
        offered = methods(answers.get("type", ""), answers.get("platform", "web"))
        return tuple(one for one in CHOICES[step] if one.value in offered)
    return CHOICES.get(step, ())


def methods(type_: str, platform: str) -> tuple[str, ...]:
    """How an application of this type and platform may prove itself."""
    if type_ == "system" or platform == "web":
        return "private-key-jwt", "secret"
    return ("none",) if platform == "browser" else ("none", "private-key-jwt", "secret")


def neighbours(step: str, answers: Answers) -> tuple[str | None, str | None]:
    """The steps before and behind this one."""
    order = steps(answers)
    place = order.index(step)
    return (order[place - 1] if place else None), (order[place + 1] if place + 1 < len(order) else None)


def first_open(answers: Answers) -> str:
    """The first step that has no answer yet."""
    for step in steps(answers):
        if step in CHOICES and answers.get(step) not in {one.value for one in choices(step, answers)}:
            return step
        if step == "details" and not answers.get("name"):
            return step
    return "review"


def answered(answers: Answers, step: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The answers with those of a step; what no longer fits an earlier one is forgotten. Raises RegistrationRefused."""
    new = {**answers, **given}
    if step in CHOICES and new.get(step) not in {one.value for one in choices(step, new)}:
        raise RegistrationRefused("choose one of these")
    if new.get("type") == "system":
        new["platform"] = "web"
    if step in ("type", "access") and new.get(step) != answers.get(step):
        new.pop("scopes", None)
    if "auth" in new and new["auth"] not in {one.value for one in choices("auth", new)}:
        new.pop("auth")
    if len(json.dumps(new)) > LONGEST:
        raise RegistrationRefused("this is too long")
    return new


def application(answers: Answers) -> Application:
    """What the answers come to. Raises RegistrationRefused where one is missing or is none."""
    text = {name: str(answers.get(name, "")).strip() for name in TEXTS}
    keyed = answers.get("auth") == "private-key-jwt"
    people = answers.get("type") != "system"
    return Application(
        name=text["name"],
        type=str(answers.get("type", "")),
        platform=str(answers.get("platform", "web")),
        access=str(answers.get("access", "")),
        auth=str(answers.get("auth", "")),
        scopes=tuple(answers.get("scopes", ())),
        jwks_uri=(text["jwks_uri"] or None) if keyed else None,
        jwks=key_set(text["jwks"]) if keyed and text["jwks"] else None,
        redirect_uris=lines(answers, "redirect_uris") if people else (),
        logout_uris=lines(answers, "logout_uris") if people else (),
        origins=lines(answers, "origins"),
        bulk=bool(answers.get("bulk")) and not people,
        launch_url=(text["launch_url"] or None) if people else None,
        publisher=text["publisher"] or None,
        description=text["description"],
        home=text["home"] or None,
        policy=text["policy"] or None,
        terms=text["terms"] or None,
        logo=answers.get("logo") or None,
    )


def key_set(text: str) -> dict[str, Any]:
    """A pasted JWK Set. Raises RegistrationRefused."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise RegistrationRefused('jwks wants JSON such as {"keys": [...]}') from None
    if not isinstance(found, dict):
        raise RegistrationRefused('jwks wants {"keys": [...]}')
    return found


def lines(answers: Answers, name: str) -> tuple[str, ...]:
    """One value a line, each once."""
    found = (one.strip() for one in str(answers.get(name, "")).splitlines())
    return tuple(dict.fromkeys(one for one in found if one))


def answers_of(asked: Application) -> dict[str, Any]:
    """The answers that would come to this application: where an edit begins."""
    told: dict[str, Any] = {name: getattr(asked, name) or "" for name in TEXTS if name != "jwks"}
    told |= {name: "\n".join(getattr(asked, name)) for name in LISTS}
    told |= {name: getattr(asked, name) for name in ("type", "platform", "access", "auth", "bulk")}
    told["jwks"] = json.dumps(asked.jwks, indent=1) if asked.jwks else ""
    told["scopes"] = list(asked.scopes or usual(asked))
    return told
