"""Which test holds which row of the security requirements for the portal and for what people sign in to."""

import ast
import re
from functools import lru_cache

import pytest

from tests.world import ROOT, shared

ROWS = {
    "OATK-09": (  # open redirects
        "web/test_led.py::test_no_parameter_leads_elsewhere", "web/test_console.py::test_nobody_is_led_elsewhere",
        "oauth/test_authorize.py::test_no_other_address_than_the_registered_one",
    ),
    "OATK-10": (  # CSRF, login CSRF, requests swapped between tabs
        "web/test_people.py::test_no_form_is_taken_from_a_stranger",
        "web/test_portal.py::test_forms_of_others_are_refused",
        "web/test_console.py::test_no_form_of_the_console_is_taken_from_a_stranger",
        "web/test_people.py::test_two_tabs_do_not_swap_their_requests",
        "web/test_people.py::test_a_request_belongs_to_the_browser_that_met_it",
        "web/test_people.py::test_nobody_signs_somebody_else_in",
        "browser/test_journeys.py::test_a_form_of_another_site_does_nothing",
    ),
    "OATK-11": (  # clickjacking
        "web/test_people.py::test_a_yes_that_comes_too_soon_is_asked_for_again",
        "browser/test_people.py::test_no_page_of_ours_stands_in_somebody_elses_frame",
        "browser/test_people.py::test_a_no_is_a_no_and_a_yes_takes_its_time",
    ),
    "OATK-12": (  # session fixation
        "web/test_people.py::test_signing_in_changes_the_session",
        "accounts/test_signin.py::test_every_proof_gives_the_session_a_new_cookie",
        "web/test_pages.py::test_the_session_cookie_is_bound_to_this_host",
    ),
    "OATK-13": (  # consent phishing
        "registry/test_application.py::test_what_an_app_for_people_may_not_say",
        "oauth/test_authorization.py::test_an_identical_request_is_remembered",
        "oauth/test_authorization.py::test_anything_else_is_asked_anew",
        "oauth/test_authorization.py::test_who_could_be_anybody_is_asked_every_time",
    ),
    "OATK-14": (  # a refresh token that comes again
        "oauth/test_refresh.py::test_a_used_one_ends_everything",
        "store/test_permits.py::test_a_rotation_survives_the_server",
        "store/test_permits.py::test_of_fifty_who_show_one_refresh_token_one_gets_it",
    ),
    "OATK-15": (  # guessing
        "oauth/test_authorization.py::test_codes_and_names_cannot_be_guessed",
        "oauth/test_token.py::test_unknown_client_and_wrong_secret_are_told_alike",
        "oauth/test_token.py::test_unknown_client_and_wrong_secret_take_alike",
        "accounts/test_joining.py::test_codes_cannot_be_tried_through",
    ),
    "OATK-16": (  # who has an account
        "web/test_portal.py::test_a_sign_up_says_nothing_of_who_is_here",
        "accounts/test_signup.py::test_asking_takes_as_long_whoever_is_known",
        "accounts/test_signin.py::test_who_may_not_get_in_is_told_the_same",
        "accounts/test_signin.py::test_unknown_names_take_as_long",
        "accounts/test_recovery.py::test_asking_says_nothing_of_who_is_known",
        "web/test_people.py::test_wrong_words_are_told_alike",
        "web/test_people.py::test_a_forgotten_password_is_answered_alike_and_changed_by_a_letter",
    ),
    "OATK-17": (  # tokens in the wrong places
        "web/test_people.py::test_no_page_keeps_a_secret_in_the_journal",
        "journeys/test_canaries.py::test_a_journey_leaves_no_canary_behind",
        "web/test_token.py::test_refusals_speak_oauth_and_are_never_cached",
    ),
    "OATK-18": ("web/test_front.py::test_a_forwarded_address_is_believed_for_trusted_hops_only",),
    "WEB-01": (  # stored XSS
        "web/test_injected.py::test_what_people_write_is_text_wherever_it_is_shown",
        "web/test_injected.py::test_no_vector_is_an_address", "web/test_console.py::test_what_developers_write_is_text",
        "browser/test_journeys.py::test_nothing_that_people_write_runs",
        "web/test_pages.py::test_what_a_page_is_given_is_escaped",
        "web/test_pages.py::test_no_page_has_script_or_style_in_it",
        "web/test_pages.py::test_a_page_lets_nothing_else_in",
    ),
    "WEB-03": (  # SSRF
        "registry/test_urls.py::test_which_key_sets_may_be_fetched",
        "adapters/test_fetch.py::test_no_special_address_is_connected_to",
        "adapters/test_fetch.py::test_no_name_is_looked_up_for_a_forbidden_url",
        "adapters/test_fetch.py::test_a_hostile_server_gets_nowhere",
        "adapters/test_fetch.py::test_no_proxy_of_the_environment_is_used",
        "adapters/test_fetch.py::test_the_certificate_is_the_names_though_we_connect_to_the_address",
        "web/test_portal.py::test_no_key_set_lies_where_nobody_may_look",
        "web/test_portal.py::test_a_key_set_is_looked_at_on_demand",
    ),
    "WEB-04": (  # passwords
        "accounts/test_choice.py::test_passwords_are_judged_by_what_remains",
        "accounts/test_signin.py::test_the_costs_are_those_of_the_standard",
        "accounts/test_signin.py::test_two_hundred_sign_in_and_the_loop_goes_on",
        "web/test_portal.py::test_what_a_sign_up_wants",
    ),
    "WEB-05": (  # second factors
        "accounts/test_factors.py::test_a_code_works_once",
        "accounts/test_factors.py::test_an_owner_has_to_enrol_first",
        "accounts/test_factors.py::test_a_recovery_code_works_once_and_in_any_spelling",
        "accounts/test_recovery.py::test_a_reset_does_not_go_round_the_second_factor",
    ),
    "WEB-06": (  # throttling
        "accounts/test_signin.py::test_ten_tries_in_a_quarter_of_an_hour",
        "accounts/test_signin.py::test_a_hundred_tries_in_all_want_another_proof",
        "accounts/test_signin.py::test_a_stranger_cannot_lock_somebody_out_of_their_own_browser",
        "accounts/test_signin.py::test_one_address_is_throttled_over_all_names",
    ),
    "WEB-07": (  # links in letters
        "web/test_portal.py::test_a_link_works_once_and_from_the_letter_alone",
        "accounts/test_recovery.py::test_a_link_works_once_for_one_account_and_half_an_hour",
        "accounts/test_recovery.py::test_a_reset_gives_a_new_password_and_ends_every_session",
        "accounts/test_recovery.py::test_links_name_the_place_that_is_configured",
    ),
    "WEB-08": (  # sessions, fresh proofs
        "accounts/test_signin.py::test_a_session_ends_when_idle_and_in_any_case_after_twelve_hours",
        "accounts/test_signin.py::test_sessions_can_be_seen_and_ended",
        "web/test_console.py::test_a_decision_wants_a_fresh_proof",
        "web/test_console.py::test_a_session_that_ended_decides_nothing",
        "accounts/test_recovery.py::test_an_address_changes_only_soon_after_a_proof",
    ),
    "WEB-09": (  # secrets shown once
        "web/test_portal.py::test_a_draft_is_used_once", "web/test_portal.py::test_secrets_overlap_and_are_shown_once",
        "oauth/test_token.py::test_secrets_are_kept_as_hashes",
    ),
    "WEB-10": (  # Host
        "web/test_front.py::test_only_our_host_is_answered", "web/test_front.py::test_two_hosts_are_none",
        "web/test_socket.py::test_hosts", "accounts/test_recovery.py::test_links_name_the_place_that_is_configured",
    ),
    "WEB-11": (
        "browser/test_people.py::test_axe_finds_nothing_on_any_page",
        "browser/test_portal.py::test_the_tutorial_is_followed_in_a_browser",
        "browser/test_portal.py::test_pages_of_the_console_are_as_every_page_has_to_be",
    ),
    "WEB-12": ("web/test_front.py::test_every_reply_carries_the_headers_of_safety",),
    "WEB-14": ("accounts/test_recovery.py::test_a_mailbox_has_to_bear_three_letters_an_hour",),
    "id swaps": (
        "web/test_portal.py::test_another_developers_application_is_none",
        "web/test_console.py::test_an_owner_decides_in_their_own_tenant_alone",
        "web/test_console.py::test_each_page_is_for_these_roles_alone",
    ),
    "self-approval": ("web/test_console.py::test_nobody_approves_their_own",),
}  # fmt: skip
OPEN = frozenset({"WEB-02"})
"""What waits for its own: no logo is taken yet."""
ROW = re.compile(r"^\| (WEB-\d+|OATK-(?:09|1\d)) \| P0 \|", re.MULTILINE)


@lru_cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text())
    return frozenset(one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("row", ROWS)
def test_the_tests_of_a_row_are_there(row):
    missing = [one for one in ROWS[row] if one.partition("::")[2] not in names_in(one.partition("::")[0])]

    assert missing == []


def test_every_row_that_has_to_be_held_has_a_test():
    """P0 of the portal (WEB) and of signing in (OATK-09 to OATK-18)."""
    wanted = set(ROW.findall(shared("reference/security.md").read_text()))

    assert len(wanted) >= 17
    assert wanted - ROWS.keys() == OPEN
