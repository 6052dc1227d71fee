"""The letters that people get, in the languages they read: short, plain, and never with anything clinical."""

from collections.abc import Mapping
from types import MappingProxyType

from ..ports.mail import Letter
from ..ports.people import Account

Texts = Mapping[str, tuple[str, str]]

ENGLISH: Texts = {
    "reset": (
        "Choose a new password",
        (
            "Hello {name},\n\nsomebody, probably you, asked for a new password at {place}. Your user name is "
            "{username}.\n\n"
            "Open this address within 30 minutes. It works once:\n\n{link}\n\n"
            "If it was not you, do nothing: your password stays as it is.\n"
        ),
    ),
    "changed": (
        "Your password was changed",
        (
            "Hello {name},\n\nyour password at {place} was changed just now, and every device was signed out.\n\n"
            "If it was not you, ask for a new password at once, and tell {place}.\n"
        ),
    ),
    "email": (
        "Confirm your e-mail address",
        "Hello {name},\n\nto use this mailbox at {place}, open this address within 30 minutes:\n\n{link}\n",
    ),
    "moved": (
        "Your e-mail address was changed",
        (
            "Hello {name},\n\nletters from {place} go to another address from now on.\n\n"
            "If it was not you, tell {place} at once.\n"
        ),
    ),
    "invitation": (
        "You are invited to {place}",
        (
            "Hello {name},\n\nyou are invited to sign in at {place}. Open this address and choose a user name and a "
            "password:\n\n{link}\n\nThe invitation holds for {days} days and works once.\n"
        ),
    ),
    "sign-up": (
        "Finish signing up",
        (
            "Hello {name},\n\nsomebody, probably you, wants the developer account {username} at {place} with this "
            "address.\n\nOpen this address within 30 minutes. It works once:\n\n{link}\n\n"
            "If it was not you, do nothing: no account is made.\n"
        ),
    ),
    "sign-up-known": (
        "You have an account already",
        (
            "Hello {name},\n\nsomebody, probably you, wants to sign up at {place} with this address. You have an "
            "account already; your user name is {username}.\n\nIf you forgot your password, ask for a new one where "
            "you sign in. If it was not you, do nothing.\n"
        ),
    ),
    "test": (
        "A letter to try the mail with",
        "Hello {name},\n\nletters from {place} reach you. It is served at this address:\n\n{link}\n",
    ),
    "secret": (
        "{app}: a client secret ends on {day}",
        (
            "Hello {name},\n\na client secret of {app} ends on {day}; requests with it are refused from then on. "
            "Another one is made here:\n\n{link}\n"
        ),
    ),
    "late": (
        "No records have come for {tenant}",
        (
            "Hello {name},\n\n{tenant} is expected to get records within {hours} hours, and has not. More is "
            "here:\n\n{link}\n"
        ),
    ),
    "decision": (
        "{app}: {state} by {tenant}",
        ("Hello {name},\n\n{tenant} decided about {app}: {state}.\n\n{reason}\n\nEverything else is here:\n\n{link}\n"),
    ),
    "breakage": (
        "{app} cannot prove itself any more",
        (
            "Hello {name},\n\nthe key set of {app} could not be fetched, so that it gets no tokens: {fault}.\n\n"
            "What was fetched last is here, with a button to try again:\n\n{link}\n"
        ),
    ),
    "request": (
        "{app} asks for authorization",
        (
            "Hello {name},\n\nthe application {app} asks {tenant} for authorization. Please decide within ten "
            "business days, by {due}:\n\n{link}\n"
        ),
    ),
}
SPANISH: Texts = {
    "reset": (
        "Elija una nueva contraseña",
        (
            "Hola, {name}:\n\nalguien, probablemente usted, pidió una nueva contraseña en {place}. Su nombre de "
            "usuario es {username}.\n\nAbra esta dirección en menos de 30 minutos. Funciona una sola vez:\n\n{link}\n\n"
            "Si no fue usted, no haga nada: su contraseña no cambia.\n"
        ),
    ),
    "changed": (
        "Su contraseña ha cambiado",
        (
            "Hola, {name}:\n\nsu contraseña en {place} acaba de cambiar y se cerró la sesión en todos los "
            "dispositivos.\n\n"
            "Si no fue usted, pida enseguida una nueva contraseña y avise a {place}.\n"
        ),
    ),
    "email": (
        "Confirme su dirección de correo",
        (
            "Hola, {name}:\n\nabra esta dirección en menos de 30 minutos para usar este buzón en {place}. Funciona una "
            "sola vez:\n\n{link}\n"
        ),
    ),
    "moved": (
        "Su dirección de correo ha cambiado",
        (
            "Hola, {name}:\n\na partir de ahora las cartas de {place} van a otra dirección.\n\n"
            "Si no fue usted, avise a {place} enseguida.\n"
        ),
    ),
    "invitation": (
        "Invitación a {place}",
        (
            "Hola, {name}:\n\nle invitamos a entrar en {place}. Abra esta dirección y elija un nombre de usuario y una "
            "contraseña:\n\n{link}\n\nLa invitación vale {days} días y funciona una sola vez.\n"
        ),
    ),
    "sign-up": (
        "Termine su registro",
        (
            "Hola, {name}:\n\nalguien, probablemente usted, quiere la cuenta de desarrollador {username} en {place} "
            "con esta dirección.\n\nAbra esta dirección en menos de 30 minutos. Funciona una sola vez:\n\n{link}\n\n"
            "Si no fue usted, no haga nada: no se crea ninguna cuenta.\n"
        ),
    ),
    "sign-up-known": (
        "Ya tiene una cuenta",
        (
            "Hola, {name}:\n\nalguien, probablemente usted, quiere registrarse en {place} con esta dirección. Ya tiene "
            "una cuenta; su nombre de usuario es {username}.\n\nSi olvidó su contraseña, pida otra donde inicia "
            "sesión. "
            "Si no fue usted, no haga nada.\n"
        ),
    ),
    "test": (
        "Una carta de prueba",
        "Hola, {name}:\n\nlas cartas de {place} le llegan. El servicio está en esta dirección:\n\n{link}\n",
    ),
    "secret": (
        "{app}: un secreto de cliente termina el {day}",
        (
            "Hola, {name}:\n\nun secreto de cliente de {app} termina el {day}; desde entonces se rechazan las "
            "solicitudes con él. Aquí puede crear otro:\n\n{link}\n"
        ),
    ),
    "late": (
        "No han llegado registros para {tenant}",
        (
            "Hola, {name}:\n\nse esperan registros para {tenant} cada {hours} horas, y no han llegado. Aquí hay "
            "más:\n\n{link}\n"
        ),
    ),
    "decision": (
        "{app}: {state} por {tenant}",
        ("Hola, {name}:\n\n{tenant} decidió sobre {app}: {state}.\n\n{reason}\n\nTodo lo demás está aquí:\n\n{link}\n"),
    ),
    "breakage": (
        "{app} ya no puede identificarse",
        (
            "Hola, {name}:\n\nno se pudo leer el conjunto de claves de {app}, por lo que no recibe tokens: {fault}.\n\n"
            "Lo último que se leyó está aquí, con un botón para volver a intentarlo:\n\n{link}\n"
        ),
    ),
    "request": (
        "{app} pide autorización",
        (
            "Hola, {name}:\n\nla aplicación {app} pide autorización a {tenant}. Decida antes de diez días hábiles, "
            "hasta el {due}:\n\n{link}\n"
        ),
    ),
}
LANGUAGES: Mapping[str, Texts] = MappingProxyType({"en": ENGLISH, "es": SPANISH})


def letter(kind: str, account: Account, place: str, to: str | None = None, **more: object) -> Letter | None:
    """The letter of this kind; None where the account has no address."""
    address = to or account.email
    if address is None:
        return None
    subject, body = LANGUAGES.get(account.language, ENGLISH)[kind]
    words = {"name": account.name, "username": account.username, "place": place, **more}
    return Letter(address, line(subject.format(**words)), body.format(**words))


def line(text: str) -> str:
    r"""Text that stays on one line of a header.

    >>> line("Invitation\r\nBcc: eve@example.org")
    'Invitation Bcc: eve@example.org'
    """
    return " ".join(text.split())[:200]
