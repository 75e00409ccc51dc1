# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of Check Point itself: entries, layers, sessions and refusals, each as a source describes it."""
from __future__ import annotations

import json

import pytest

from tests.products.checkpoint.twin import Checkpoint, entry_matches, https_rule, rule
from tests.products.server import Request


@pytest.fixture
def twin():
    return Checkpoint()


class Client:
    """What a client of the API gets: (status, data)."""

    def __init__(self, twin, user="netaccess"):
        self._twin, self._sid = twin, None
        _status, found = self("login", user=user, password=twin.admins[user])
        self._sid, self.uid = found["sid"], found["uid"]

    def __call__(self, command, **body):
        headers = {"x-chkp-sid": self._sid} if self._sid else {}
        body = {name.replace("_", "-"): value for name, value in body.items()}
        reply = self._twin.answer(Request("POST", "/web_api/v1.9/" + command, {}, headers, json.dumps(body).encode()))
        return reply.status, json.loads(reply.body)

    def refused(self, command, **body) -> str:
        status, found = self(command, **body)
        assert status >= 400
        return found["code"]


@pytest.mark.parametrize("entry,host,path,hit", [
    # The vendor's posts on custom sites: an entry is a beginning, and a star in front covers no apex.
    ("openai.com/", "openai.com", "/x", True), ("openai.com/", "openai.com.crime.example", "/", False), ("openai.com", "openai.com.crime.example", "/", True),
    ("*.openai.com/", "a.b.openai.com", "/", True), ("*.openai.com/", "openai.com", "/", False), ("*.openai.com/", "crime.example", "/www.openai.com/", True),
    ("*openai.com/", "notopenai.com", "/", True), ("*openai.com/", "openai.com", "/", True), ("openai.com/x/", "openai.com", "/", False)])
def test_which_urls_an_entry_is_about(entry, host, path, hit):
    assert entry_matches(entry, host, path=path) is hit


@pytest.mark.parametrize("entry,host,hit", [
    (r"\.openai\.com", "www.openai.com.crime.example", True), (r"^https?://([^/]+\.)*openai\.com/", "www.openai.com.crime.example", False),
    (r"^https?://([^/]+\.)*openai\.com/", "www.openai.com", True), (r"^https?://([^/]+\.)*openai\.com/", "evilopenai.com", False)])
def test_an_expression_is_looked_for_anywhere(entry, host, hit):
    assert entry_matches(entry, host, True) is hit


def test_every_ordered_layer_has_to_accept():
    twin = Checkpoint(variant="ordered")
    assert twin.decide("member", "www.example.com") == ("allow", "decrypt")
    twin.insert("Application", rule("No", "Drop", source=["AI users"]), 0)
    assert twin.decide("member", "www.example.com")[0] == "allow", "it is not installed"
    twin.install()
    assert twin.decide("member", "www.example.com")[0] == "block" and twin.decide("stranger", "www.example.com")[0] == "allow"
    twin.insert("Network", rule("Yes", "Accept"), 0)
    twin.install()
    assert twin.decide("member", "www.example.com")[0] == "block"


def test_an_inline_layer_decides_for_good():
    twin = Checkpoint(variant="inline")
    twin.insert("Network", rule("Yes", "Accept"), 1)
    twin.rule("Web", "Browsing")["enabled"] = False
    twin.install()
    assert twin.decide("member", "www.example.com")[0] == "block", "by the implicit cleanup of the inline layer"
    twin.db["layers"]["Browsing"]["row"]["implicit-cleanup-action"] = "accept"
    twin.install()
    assert twin.decide("member", "www.example.com")[0] == "allow" and twin.decide("member", "chatgpt.com")[0] == "block"


def test_without_a_rule_that_matches_nothing_is_inspected(twin):
    twin.rule("Predefined Rule", "Outbound")["source"] = ["Finance"]
    twin.install()
    assert twin.decide("member", "www.example.com")[1] == "tunnel" and twin.decide("stranger", "www.example.com")[1] == "decrypt"
    twin.insert("Outbound", https_rule("First", "Bypass", **{"site-category": ["AI sites"]}), 0)
    twin.install()
    assert twin.decide("stranger", "www.example.com")[1] == "decrypt"


def test_an_application_of_the_vendor_and_a_category_hold_hosts_that_nobody_is_told(twin):
    twin.insert("Network", rule("By app", "Accept", service=["ChatGPT"]), 0)
    twin.insert("Network", rule("By category", "Accept", service=["Social Networking"], source=["Finance"]), 0)
    twin.install()
    assert twin.decide("member", "ab.chatgpt.com")[0] == "allow" and twin.decide("member", "claude.ai")[0] == "block"
    assert twin.decide("stranger", "claude.ai")[0] == "allow", "the site that names it is in this category"


def test_what_a_session_edits_is_its_own_until_it_is_published(twin):
    ours, alice = Client(twin), Client(twin, "alice")
    site = {"name": "gpt", "url_list": ["chatgpt.com/"], "primary_category": "Custom_Application_Site"}
    assert ours("add-application-site", **site)[0] == 200
    assert ours("show-application-site", name="gpt")[0] == 200 and alice("show-application-site", name="gpt")[0] == 404
    assert ours("show-session")[1]["changes"] == 1
    assert ours("publish")[0] == 200 and alice("show-application-site", name="GPT")[0] == 200
    assert alice("set-application-site", name="gpt", url_list={"add": ["x.example/"]})[1]["meta-info"]["lock"] == "locked by current session"
    assert ours.refused("set-application-site", name="gpt", url_list={"remove": "chatgpt.com/"}) == "generic_err_object_locked"
    assert alice("discard")[1]["number-of-discarded-changes"] == 1
    assert ours("show-application-site", name="gpt")[1]["url-list"] == ["chatgpt.com/"]


def test_a_session_that_is_not_used_is_disconnected_and_keeps_its_edits_and_locks(twin):
    first = Client(twin)
    first("set-access-rule", name="Web", layer="Network", enabled=False)
    twin.advance(601)
    assert first.refused("keepalive") == "generic_err_wrong_session_id"
    second = Client(twin)
    assert second.refused("delete-access-rule", name="Web", layer="Network") == "generic_err_object_locked"
    assert second("switch-session", uid=first.uid)[1]["changes"] == 1 and second("show-session")[1]["uid"] == first.uid
    third, alice = Client(twin), Client(twin, "alice")
    assert third.refused("switch-session", uid=first.uid) == "generic_error", "it is connected"
    assert alice.refused("discard", uid=first.uid) == "generic_err_object_not_found"
    second("logout")
    assert third("discard", uid=first.uid)[1]["number-of-discarded-changes"] == 1


def test_what_the_api_refuses(twin):
    client = Client(twin)
    own, urls = "Custom_Application_Site", ["chatgpt.com/"]
    client("add-application-site", name="gpt", url_list=urls, primary_category=own)
    assert client.refused("add-application-site", name="GPT", url_list=urls, primary_category=own) == "err_validation_failed"
    assert client.refused("add-application-site", name="other", url_list=["x/"]) == "generic_err_missing_required_parameters"
    assert client.refused("add-application-site", name="other", url_list=urls, primary_category="Nothing") == "generic_err_object_not_found"
    assert client.refused("add-access-rule", layer="Network", position="top", name="x", service="Nothing", action="Accept") == "generic_err_object_not_found"
    assert client.refused("add-access-rule", layer="Network", position={"below": "Nothing"}, name="x", action="Accept") == "generic_err_object_not_found"
    client("add-access-rule", layer="Network", position="top", name="x", service="gpt", action="Accept")
    assert client.refused("delete-application-site", name="gpt") == "generic_err_object_deletion"
    twin.db["layers"]["Network"]["row"]["applications-and-url-filtering"] = False
    assert client.refused("add-access-rule", layer="Network", position="top", name="y", service="AI sites", action="Accept") == "err_validation_failed"
    twin.read_only = {"netaccess"}
    assert client.refused("delete-access-rule", layer="Network", name="x") == "generic_err_no_permissions"
    with pytest.raises(NotImplementedError):
        client("show-access-rulebase", name="Network", show_hits=True)
    with pytest.raises(NotImplementedError):
        client("revert-to-revision")


def test_an_administrator_signs_in_three_times_a_minute():
    twin = Checkpoint(logins=3)
    clients = [Client(twin) for _number in range(3)]
    assert clients[0].refused("login", user="netaccess", password=twin.admins["netaccess"]) == "err_too_many_requests"
    assert clients[0]("login", user="alice", password=twin.admins["alice"])[0] == 200
    twin.advance(61)
    assert clients[0]("login", user="netaccess", password=twin.admins["netaccess"])[0] == 200


def test_an_installation_takes_what_everybody_has_published(twin):
    client = Client(twin)
    twin.rule("Block AI", "Network")["enabled"] = False
    twin.publish_by("alice")
    twin.failing = {"gw-2": "no license"}
    task = client("install-policy", policy_package="Standard")[1]["task-id"]
    assert client("show-task", task_id=task)[1]["tasks"][0]["status"] == "in progress"
    assert client("show-task", task_id=task)[1]["tasks"][0]["status"] == "partially succeeded"
    assert twin.decide("member", "chatgpt.com")[0] == "allow" and twin.decide("member", "chatgpt.com", gateway="gw-2")[0] == "block"
