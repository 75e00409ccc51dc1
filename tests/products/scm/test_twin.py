# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of Prisma Access itself: order of rules, matching, pushes, refusals, each as a source describes it."""
from __future__ import annotations

import json

import pytest

from tests.products.scm.twin import Scm, decryption, internet, rule
from tests.products.server import Request

ALICE, BOB = "alice@1234567890.iam.panserviceaccount.com", "netaccess@1234567890.iam.panserviceaccount.com"


@pytest.fixture
def twin():
    found = Scm()
    found.tokens.update(a=ALICE, b=BOB)
    return found


def ask(twin, method, path, body=None, token="a", **query):
    reply = twin.answer(Request(method, path, query, {"authorization": "Bearer " + token}, b"" if body is None else json.dumps(body).encode()))
    return reply.status, json.loads(reply.body or b"null")


def opened(twin, who="member", host="claude.ai"):
    twin.publish()
    return twin.decide(who, host)


def test_pre_rules_of_folders_above_come_first_and_post_rules_last(twin):
    """Enumeration of rules within a rulebase, for cloud management."""
    assert opened(twin)[0] == "block"
    twin.add("security rule", rule("late", "allow"), "All", position="post", at=0)
    assert opened(twin)[0] == "block"
    twin.add("security rule", rule("early", "allow"), "All")
    assert opened(twin)[0] == "allow"
    twin.find("security rule", "early", "All")["disabled"] = True
    assert opened(twin)[0] == "block"


@pytest.mark.parametrize("entry,host,hit", [
    ("claude.ai/", "claude.ai", True), ("claude.ai/", "x.claude.ai", False), ("*.claude.ai/", "x.claude.ai", True), ("*.claude.ai/", "claude.ai", False),
    ("claude.ai", "claude.ai.evil.test", False)])
def test_entries_of_a_list(twin, entry, host, hit):
    """URL category exceptions; "Append Ending Token" is on."""
    twin.add("url category", {"name": "one", "list": [entry]})
    twin.add("security rule", rule("first", "drop", category=["one"]), at=0)
    twin.add("security rule", rule("second", "allow"), at=1)
    assert opened(twin, host=host)[0] == ("block" if hit else "allow")


def test_the_profile_of_the_rule_that_allows_may_block(twin):
    twin.add("security rule", rule("first", "allow", profile_setting={"group": ["Standard"]}), at=0)
    assert opened(twin)[0] == "block"
    twin.find("url access profile", "Corporate", "Prisma Access")["block"] = []
    assert opened(twin)[0] == "allow"


def test_no_decryption_rule_that_matches_leaves_a_session_encrypted(twin):
    twin.add("security rule", rule("first", "allow"), at=0)
    assert opened(twin) == ("allow", "decrypt")
    twin.add("decryption rule", decryption("spare", "no-decrypt", source_user=["example\\ai-users"]), at=0)
    assert opened(twin) == ("allow", "tunnel") and opened(twin, "stranger") == ("allow", "decrypt")
    twin.candidate["decryption rule"] = []
    assert opened(twin, "stranger") == ("allow", "tunnel")


def test_an_internet_rule_decides_by_its_lists(twin):
    row = twin.add("security rule", internet("net", allow_url_category=[{"name": "AI sites", "decryption": "disabled"}]), at=0)
    assert opened(twin) == ("allow", "decrypt"), "the decryption rule decides, as the knob says"
    twin.knobs.internet_wins = True
    assert opened(twin) == ("allow", "tunnel") and opened(twin, host="www.example.com")[0] == "allow", "the rules below allow it"
    row["allow_url_category"][0]["additional_action"] = "isolate"
    assert opened(twin)[0] == "block"
    row.pop("allow_url_category")
    row["block_url_category"] = ["AI sites"]
    assert opened(twin)[0] == "block"


@pytest.mark.parametrize("row", [
    rule("odd", "deny", schedule="nights"), rule("odd", "deny", category=["Elsewhere"]), rule("odd", "deny", source=["FR"]), rule("odd", "of-next-year"),
    internet("odd", allow_web_application=[{"name": "ChatGPT"}], action="deny"), internet("odd"), rule("odd", "allow", profile_setting={"group": ["Gone"]})])
def test_what_is_not_modelled_decides_nothing(twin, row):
    twin.add("external list", {"name": "Elsewhere"})
    twin.add("security rule", rule("first", "allow"), at=0)
    twin.add("security rule", row, at=0)
    with pytest.raises(NotImplementedError):
        opened(twin)


def test_a_push_is_a_job_that_takes_the_edits_of_the_named_administrator_alone(twin):
    for token, name in (("a", "hers"), ("b", "his")):
        assert ask(twin, "POST", "/config/security/v1/security-rules", dict(rule(name, "allow"), folder="Mobile Users"), token, position="pre")[0] == 201
    status, found = ask(twin, "POST", "/config/operations/v1/config-versions/candidate:push", {"folders": ["Mobile Users"], "admin": [BOB]}, "b")
    assert status == 201 and [row["name"] for row in twin.running["security rule"] if row["name"].startswith("h")] == []
    states = [ask(twin, "GET", "/config/operations/v1/jobs/" + found["job_id"])[1]["data"][0]["status_str"] for _number in range(2)]
    assert states == ["ACT", "FIN"] and [row["name"] for row in twin.running["security rule"] if row["name"].startswith("h")] == ["his"]
    assert list(twin.dirty.values()) == [ALICE]
    assert ask(twin, "POST", "/config/operations/v1/config-versions/candidate:push", {"folders": ["All"], "admin": [BOB]}, "b")[0] == 400


def test_a_push_that_fails_brings_nothing_into_force(twin):
    twin.add("security rule", rule("first", "allow"), at=0)
    twin.knobs.child_fails = "no license"
    number = ask(twin, "POST", "/config/operations/v1/config-versions/candidate:push", {"folders": ["Mobile Users"]})[1]["job_id"]
    twin.settle()
    jobs = ask(twin, "GET", "/config/operations/v1/jobs")[1]["data"]
    assert {job["id"] == number: job["result_str"] for job in jobs} == {True: "OK", False: "FAIL"} and twin.decide("member", "claude.ai")[0] == "block"


BASE = "/config/security/v1/"
HERE = {"folder": "Mobile Users"}


@pytest.mark.parametrize("method,path,body,query,status", [
    ("GET", BASE + "security-rules", None, HERE, 400), ("GET", BASE + "url-categories", None, {}, 400),
    ("GET", BASE + "url-categories", None, {"folder": "Gone"}, 404), ("GET", BASE + "url-categories/x", None, {}, 404),
    ("POST", BASE + "url-categories", {"name": "x", "list": ["a/"]}, {}, 400), ("POST", BASE + "url-categories", {"name": "x", "odd": 1, **HERE}, {}, 400),
    ("POST", BASE + "url-categories", {"name": "x", "list": "a/", **HERE}, {}, 400), ("POST", BASE + "url-categories", {"name": "x" * 64, **HERE}, {}, 400),
    ("POST", BASE + "url-categories", {"name": "x", "type": "Regex", **HERE}, {}, 400), ("POST", BASE + "security-rules", rule("x", "allow"), {}, 400),
    ("POST", BASE + "security-rules", dict(rule("Web", "allow"), **HERE), {"position": "pre"}, 409),
    ("POST", BASE + "security-rules", dict({"name": "x", "action": "allow"}, **HERE), {"position": "pre"}, 400),
    ("POST", BASE + "decryption-rules", dict(decryption("x", "maybe"), **HERE), {"position": "pre"}, 400)])
def test_what_the_api_refuses(twin, method, path, body, query, status):
    before = twin.snapshot()
    assert ask(twin, method, path, body, **query)[0] == status and twin.snapshot() == before


def test_a_category_in_use_is_not_deleted(twin):
    number = twin.find("url category", "AI sites", "Prisma Access")["id"]
    assert ask(twin, "DELETE", BASE + "url-categories/" + number)[0] == 409
    assert ask(twin, "GET", BASE + "url-categories", token="gone", **HERE)[0] == 401
    twin.readers.add(ALICE)
    assert ask(twin, "DELETE", BASE + "url-categories/" + number)[0] == 403


def test_a_rule_is_moved_inside_its_container_alone(twin):
    web, above = twin.find("security rule", "Web"), twin.find("security rule", "Block malware", "All")
    path = BASE + "security-rules/%s:move" % web["id"]
    assert ask(twin, "POST", path, {"destination": "before", "destination_rule": above["id"], "rulebase": "pre"})[0] == 400
    assert ask(twin, "POST", path, {"destination": "before", "rulebase": "pre"})[0] == 400
    assert ask(twin, "POST", path, {"destination": "top", "rulebase": "pre"})[0] == 200
    assert [row["name"] for row in twin.beside("security rule", web)] == ["Web", "Block AI"]


def test_what_the_twin_does_not_model_it_does_not_answer(twin):
    for method, path in (("DELETE", "/config/operations/v1/config-versions/candidate"), ("GET", "/config/setup/v1/folders"), ("GET", "/elsewhere")):
        with pytest.raises(NotImplementedError):
            ask(twin, method, path)
