"""Is an address the registered one? As strings, letter by letter (OAUTH-03).

https://www.rfc-editor.org/rfc/rfc9700#section-2.1 and https://www.rfc-editor.org/rfc/rfc8252#section-7.3
"""

import re


def redirects(registered: str, presented: str, platform: str) -> bool:
    """Is this the registered address? As strings, except the port of a native application's loopback address.

    >>> redirects("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", "native")
    True
    >>> redirects("https://app.example.org/cb", "https://app.example.org/cb/", "web")
    False
    """
    if presented == registered:
        return True
    shape = re.fullmatch(r"http://(127\.0\.0\.1|\[::1\]|localhost)(:[0-9]{1,5})?(/.*|)", registered)
    if platform != "native" or shape is None:
        return False
    found = re.fullmatch(re.escape(f"http://{shape[1]}") + r":([1-9][0-9]{0,4})" + re.escape(shape[3]), presented)
    return found is not None and int(found[1]) < 65536
