"""Checks taken out one by one, and the test that has to notice: a test of a guard that lives without it is none.

    python -m tests.house.broken [ROW ...]

copies the tree, takes a check out of the copy and runs the row's test there, which has to fail. The check of the
house (test_rows.py) holds the table to the source at every run; the whole is run by `make drill`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.world import ROOT

COPIED = ("src", "tests", "docs", "examples", "tools", "pyproject.toml", "Makefile", "README.md", "CHANGELOG.md")
LEFT_OUT = shutil.ignore_patterns("node_modules", "__pycache__", "*.pyc", ".mypy_cache")


@dataclass(frozen=True)
class Broken:
    """A requirement; where its check is, as it is written and without it; the test that fails then."""

    row: str
    file: str
    check: str
    without: str
    test: str


BROKEN = (
    Broken(
        "OAUTH-01", "oauth/authorize/shown.py", "if client is None or not client.enabled:", "if client is None:",
        "oauth/test_authorize.py::test_an_application_that_was_switched_off_is_shown",
    ),
    Broken(
        "OAUTH-03", "oauth/authorize/address.py", "if presented == registered:", "if presented.startswith(registered):",
        "oauth/test_authorize.py::test_no_other_address_than_the_registered_one",
    ),
    Broken(
        "OAUTH-04", "oauth/grants/authorization_code.py", "if not given.now < code.expires:", "if False:",
        "oauth/test_flow.py::test_and_no_longer",
    ),
    Broken(
        "OAUTH-04", "oauth/grants/authorization_code.py",
        "return None if code.permit.redirect_uri == given.request.redirect_uri else", "return None if True else",
        "oauth/test_flow.py::test_what_a_code_was_bound_to",
    ),
    Broken(
        "OAUTH-05", "oauth/grants/authorization_code.py", "return REPLAY if code.used is not None else None",
        "return None", "oauth/test_flow.py::test_a_code_that_comes_again_costs_what_it_bought",
    ),
    Broken(
        "OAUTH-07", "oauth/grants/authorization_code.py", "hmac.compare_digest(made, code.challenge)",
        "made", "oauth/test_flow.py::test_what_a_code_was_bound_to",
    ),
    Broken(
        "OAUTH-07", "oauth/authorize/redirected.py", "    pkce_s256,\n    prompt_known,", "    prompt_known,",
        "oauth/test_authorize.py::test_every_other_refusal_goes_back",
    ),
    Broken(
        "SMART-04", "oauth/authorize/redirected.py", "if said != {asking.audience}:", "if False:",
        "oauth/test_authorize.py::test_every_other_refusal_goes_back",
    ),
    Broken(
        "OAUTH-18", "oauth/grants/refresh_token.py", "        return REPLAY\n    return held.generation",
        "        return held.generation + 1\n    return held.generation",
        "oauth/test_refresh.py::test_a_used_one_ends_everything",
    ),
    Broken(
        "AUTHZ-04", "oauth/verifier.py", "if found.caller.audience != audience:", "if False:",
        "oauth/test_verifier.py::test_a_token_is_for_one_api",
    ),
    Broken(
        "AUTHZ-03", "oauth/verifier.py", "if caller.tenant != tenant.id or found.issuer != issuer:", "if False:",
        "oauth/test_verifier.py::test_a_token_is_for_one_tenant",
    ),
    Broken(
        "OAUTH-16", "oauth/verifier.py", "if self.revocations.dead(found.marks, found.issued):", "if False:",
        "oauth/test_verifier.py::test_revocation_ends_a_remembered_token",
    ),
    Broken(
        "SMART-10", "oauth/frame.py", "if not await self.assertions.spend(", "if None is await self.assertions.spend(",
        "oauth/test_assertion.py::test_a_jti_is_used_once",
    ),
    Broken(
        "SMART-11", "oauth/assertion.py", "if len(fitting) != 1:", "if not fitting:",
        "oauth/test_assertion.py::test_exactly_one_fitting_key",
    ),
    Broken(
        "OATK-01", "oauth/jose.py", "    if not good:\n", "    if not jws:\n",
        "oauth/test_verifier.py::test_forged_tokens_are_refused",
    ),
    Broken(
        "OATK-04", "oauth/jose.py", 'any(name in header for name in ("crit", "b64", "zip", "enc"))', "False",
        "oauth/test_assertion.py::test_forged_assertions_are_refused",
    ),
    Broken(
        "OATK-13", "oauth/authorization.py", "if not permit.standing or same != (", "if not permit.standing or not (",
        "oauth/test_authorization.py::test_anything_else_is_asked_anew",
    ),
    Broken(
        "OATK-10", "oauth/authorization.py", "(request.session, request.account) != (session.id, session.account.id)",
        "False", "oauth/test_authorization.py::test_a_request_belongs_to_the_browser_that_met_it",
    ),
    Broken(
        "OATK-10", "web/counter.py", "        self._same_origin(request)\n", "",
        "web/test_people.py::test_no_form_is_taken_from_a_stranger",
    ),
    Broken(
        "OATK-11", "web/stamps.py", "CLICK = timedelta(milliseconds=500)", "CLICK = timedelta(0)",
        "web/test_people.py::test_a_yes_that_comes_too_soon_is_asked_for_again",
    ),
    Broken(
        "OATK-12", "accounts/signin.py", "ended = await self._replaced(tenant, visit)", "ended = ()",
        "accounts/test_signin.py::test_signing_in_ends_the_session_that_the_browser_had",
    ),
    Broken(
        "OATK-15", "accounts/counts.py", 'ACCOUNT = Count("account", 10,', 'ACCOUNT = Count("account", 10_000,',
        "accounts/test_signin.py::test_ten_tries_in_a_quarter_of_an_hour",
    ),
    Broken(
        "OATK-15", "web/guard.py", "        await self._paced(request, route)\n", "",
        "web/test_token.py::test_who_asks_too_often_is_told_to_wait",
    ),
    Broken(
        "OATK-09", "web/onward.py", "    if shape is None or", "    if shape is None:\n        return then\n    if",
        "web/test_console.py::test_nobody_is_led_elsewhere",
    ),
    Broken(
        "WEB-01", "web/pages.py", "        autoescape=True,", "        autoescape=False,",
        "web/test_injected.py::test_what_people_write_is_text_wherever_it_is_shown",
    ),
    Broken(
        "WEB-08", "web/portal/console.py", "            self.room.fresh(request)\n", "",
        "web/test_console.py::test_a_decision_wants_a_fresh_proof",
    ),
    Broken(
        "WEB-09", "web/portal/wizard.py",
        "if not await self.room.desk.shelf.drop(draft.account, draft.id):", "if False:",
        "web/test_portal.py::test_a_double_click_makes_one_application",
    ),
    Broken(
        "AUTHZ-17", "registry/authorization.py", "(self.tenant == tenant and self.id not in members)",
        "(self.tenant == tenant)", "web/test_console.py::test_nobody_approves_their_own",
    ),
    Broken(
        "SMART-17", "access/decide.py", 'if "patient" in levels and not caller.patient:', "if False:",
        "oauth/test_flow.py::test_no_row_is_read_for_a_patient_scope_without_a_patient",
    ),
    Broken(
        "SCOPE-04", "access/sight.py", "if one.types is None or type_ in one.types)", "if type_)",
        "access/test_sight.py::test_a_caregiver_reaches_as_far_as_the_patient_allows",
    ),
    Broken(
        "SCOPE-05", "access/narrow.py", "    where = groups(type_, scope.only, zone)\n", "    where = ()\n",
        "web/test_read.py::test_a_granular_scope_filters_reads_too",
    ),
    Broken(
        "AUTHZ-11", "access/decide.py", "    if not scopes:\n", "    if scopes is None:\n",
        "web/test_read.py::test_a_type_without_right_is_403_whether_or_not_there_are_data",
    ),
)  # fmt: skip


def noticed(one: Broken, tree: Path) -> subprocess.CompletedProcess[str]:
    """How the row's test ends in a copy of the tree, at `tree`, without the check."""
    file = tree / "src" / "careweft" / one.file
    whole = file.read_text()
    file.write_text(whole.replace(one.check, one.without))
    path = {"PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    line = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", f"tests/{one.test}"]
    try:
        return subprocess.run(line, cwd=tree, env=os.environ | path, capture_output=True, text=True, check=False)
    finally:
        file.write_text(whole)


def copied(into: Path) -> Path:
    """A copy of what tests need."""
    for name in COPIED:
        found = ROOT / name
        if found.is_dir():
            shutil.copytree(found, into / name, ignore=LEFT_OUT)
        elif found.exists():
            shutil.copy(found, into / name)
    return into


def main(rows: list[str]) -> int:
    """Take out each check, say which test noticed; 1 where one did not."""
    unnoticed = 0
    with tempfile.TemporaryDirectory() as place:
        tree = copied(Path(place))
        for one in BROKEN:
            if rows and one.row not in rows:
                continue
            ended = noticed(one, tree)
            said = next((line for line in ended.stdout.splitlines() if line.startswith("FAILED")), "")
            good = ended.returncode == 1 and bool(said)
            unnoticed += not good
            told = "noticed" if good else f"NOT NOTICED: {ended.returncode} {ended.stdout[-2000:]}{ended.stderr[-500:]}"
            sys.stdout.write(f"{one.row}\t{one.file}\t{one.test}\t{told}\n")
            sys.stdout.flush()
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
