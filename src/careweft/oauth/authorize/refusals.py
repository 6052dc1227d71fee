"""How the authorization endpoint says no: to the person, or to the application by a redirect."""

from ...fhir.outcomes import FhirRefusal
from ...ports.journal import Entry


class ShownRefusal(FhirRefusal):
    """This link cannot be followed; go back to the application and start again."""

    def __init__(self, text: str = "", reason: str = "") -> None:
        super().__init__(text)
        self.reason = reason or self.message
        self.entry: Entry | None = None


class RedirectedRefusal(Exception):
    """Told to the application: the browser goes to `url`, which carries error, state and iss."""

    def __init__(self, url: str, reason: str = "") -> None:
        super().__init__(reason)
        self.url = url
        self.reason = reason
        self.entry: Entry | None = None
