"""docs/tutorial/first-patient-app.md, followed: the commands typed, the app started, the patient at the browser."""

import re
import socket
import subprocess
import time
from itertools import pairwise

import httpx

from tests.docs.machine import Machine
from tests.docs.machine import here as anywhere
from tests.docs.pages import DOCS, blocks, fits
from tests.web.visitors import forms
from tests.world import ROOT

PAGE = DOCS / "tutorial" / "first-patient-app.md"
APP = ROOT / "examples" / "patient_app.py"


def here(text: str, machine: Machine, port: int) -> str:
    """The same on free ports."""
    return (
        anywhere(text, machine.port)
        .replace("localhost:8000", f"localhost:{port}")
        .replace("$TENANT $CLIENT", f"$TENANT $CLIENT {port}")
    )


def test_the_first_patient_app_reads_what_the_patient_gives(machine):
    """Registered, started, allowed by a person with a browser, and it prints what the page promises."""
    (register, promised), (start, opened), shown = typed()
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    script = here(f"{register}\n{start}", machine, port)
    app = subprocess.Popen(["bash", "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=machine.environment)
    try:
        registered, waiting = app.stdout.readline(), app.stdout.readline()
        assert fits(promised, registered)
        assert fits(here(opened, machine, port), waiting)
        be_the_patient(machine, waiting.split()[1])
        came = app.communicate(timeout=60)[0]
    finally:
        app.kill()

    assert app.returncode == 0
    assert came.startswith(
        "granted: launch/patient openid fhirUser patient/Patient.rs patient/Observation.rs\npatient: "
    )
    assert re.search(r"^  \S.*\d", came, re.MULTILINE)
    assert came.splitlines()[0] == shown.splitlines()[0]


def typed():
    """What the page has typed, with what that prints, and what the app says at the end."""
    every = blocks(PAGE)
    pairs = [(one.text, behind.text) for one, behind in pairwise(every) if one.language == "sh"]
    return *pairs, every[-1].text


def be_the_patient(machine: Machine, url: str) -> None:
    """Follow the app's address, sign in, leave every tick, press Allow."""
    login = machine.login("patient")
    with httpx.Client(follow_redirects=True, trust_env=False) as browser:
        page = browser.get(url)
        page = send(browser, page, username=login["username"], password=login["password"])
        ticks = re.findall(r'name="allow" value="([^"]+)"[^>]* checked', page.text)
        time.sleep(0.6)
        page = send(browser, page, do="allow", allow=ticks)
    assert "look at the terminal" in page.text


def send(browser: httpx.Client, page: httpx.Response, **fields) -> httpx.Response:
    """The first form of the page."""
    form = forms(page.text)[0]
    origin = f"{page.url.scheme}://{page.url.netloc.decode()}"
    return browser.post(page.url.join(form.action), data={**form.hidden, **fields}, headers={"origin": origin})
