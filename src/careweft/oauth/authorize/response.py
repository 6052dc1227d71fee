"""The way back to the application: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2 with `iss` of RFC 9207"""

from urllib.parse import quote, urlencode

from ..errors import OAuthError


def url(redirect_uri: str, state: str | None, issuer: str, **said: str) -> str:
    """The registered address with what is said added to its query; `state` goes back byte for byte."""
    pairs = {**said, **({} if state is None else {"state": state}), "iss": issuer}
    joint = "&" if "?" in redirect_uri else "?"
    return redirect_uri + joint + urlencode(pairs, quote_via=quote, safe="")


def refusal(redirect_uri: str, state: str | None, issuer: str, wrong: OAuthError) -> str:
    """The address that tells the application why there is no code."""
    return url(redirect_uri, state, issuer, error=wrong.error, error_description=printable(wrong.description))


def printable(text: str) -> str:
    """What error_description may hold: printable ASCII without quotation mark and backslash (RFC 6749 4.1.2.1)."""
    return "".join(one if " " <= one <= "~" and one not in '"\\' else "'" for one in text)
