"""The one refusal of this room."""


class RegistrationRefused(ValueError):
    """This application cannot be registered; the message says which value, what was wanted and what came.

    `field` is the one of the form that it is about, where that is one.
    """

    field = ""

    def __str__(self) -> str:
        return super().__str__() or str(self.__doc__)
