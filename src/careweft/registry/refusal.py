"""The one refusal of this room."""


class RegistrationRefused(ValueError):
    """This application cannot be registered; the message says which value, what was wanted and what came."""
