"""Your first patient app: a person lets it read their record, and it says what it found.

    python examples/patient_app.py FHIR-BASE-URL CLIENT-ID

It needs Python and nothing else. https://hl7.org/fhir/smart-app-launch/STU2/app-launch.html tells the steps below.
"""

import hashlib
import json
import secrets
import sys
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import Request, urlopen

BASE, CLIENT_ID = sys.argv[1:3]
PORT = int(sys.argv[3]) if len(sys.argv) > 3 else 8000
REDIRECT_URI = f"http://localhost:{PORT}/callback"
SCOPE = "launch/patient openid fhirUser patient/Patient.rs patient/Observation.rs"


def ask(url: str, form: dict[str, str] | None = None, token: str | None = None) -> dict:
    """The JSON at a URL; a form makes it a POST."""
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = Request(url, urlencode(form).encode() if form else None, headers)  # noqa: S310
    with urlopen(request, timeout=20) as answer:  # noqa: S310 - the address is the one that was typed
        return json.load(answer)


# 1. Discovery: where a person is sent, and where a code becomes a token.
server = ask(f"{BASE}/.well-known/smart-configuration")

# 2. Two secrets of this launch: `state` proves that the answer is ours, the verifier that the code is (PKCE).
state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


class Launch(BaseHTTPRequestHandler):
    """Two pages: / sends the browser to the server, /callback is where it comes back."""

    answer: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        """The two pages."""
        place = urlsplit(self.path)
        if place.path == "/callback":
            Launch.answer = dict(parse_qsl(place.query))
            return self.reply(200, "Thank you. You can close this window and look at the terminal.")
        # 3. The authorization request: what this app asks for, of which API.
        asked = {
            "response_type": "code", "client_id": CLIENT_ID, "redirect_uri": REDIRECT_URI, "scope": SCOPE,
            "state": state, "aud": BASE, "code_challenge": challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        return self.reply(303, "", f"{server['authorization_endpoint']}?{urlencode(asked)}")

    def reply(self, status: int, text: str, location: str = "") -> None:
        """Text, or the way to another page."""
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Nothing: the address holds the code."""


print(f"Open http://localhost:{PORT}/ in a browser.", flush=True)
with HTTPServer(("localhost", PORT), Launch) as waiting:
    while not Launch.answer:
        waiting.handle_request()

# 4. The answer: ours, from this server, and a yes.
came = Launch.answer
if came.get("state") != state or came.get("iss") != server["issuer"]:
    sys.exit("This is not the answer to our request.")
if "error" in came:
    sys.exit(f"The answer was no: {came['error']}")

# 5. The code becomes a token, once, within half a minute.
token = ask(
    server["token_endpoint"],
    {
        "grant_type": "authorization_code", "code": came["code"], "redirect_uri": REDIRECT_URI,
        "client_id": CLIENT_ID, "code_verifier": verifier,
    },
)  # fmt: skip
print(f"granted: {token['scope']}")

# 6. Read what was granted. A person may have taken something out: look at `scope`, not at what was asked for.
patient = ask(f"{BASE}/Patient/{token['patient']}", token=token["access_token"])
name = patient["name"][0]
print(f"patient: {' '.join(name['given'])} {name['family']}")
if "Observation" in token["scope"]:
    url = f"{BASE}/Observation?patient={token['patient']}&category=vital-signs&_sort=-date&_count=3"
    for entry in ask(url, token=token["access_token"]).get("entry", []):
        found = entry["resource"]
        value = found.get("valueQuantity", {})
        print(f"  {found['code']['coding'][0]['display']}: {value.get('value', '')} {value.get('unit', '')}".rstrip())
