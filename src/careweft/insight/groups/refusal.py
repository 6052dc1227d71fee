"""Why a definition is no definition."""


class DefinitionRefused(ValueError):
    """The definition cannot be read; the text names its line, and what was wanted there."""


class NoSuchGroup(LookupError):
    """No Group of this id is defined here; `careweft group list` shows them all."""

    def __str__(self) -> str:
        return str(self.__doc__)
