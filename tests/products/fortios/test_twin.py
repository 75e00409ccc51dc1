# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of FortiOS: matching, first match, revisions and refusals."""
from __future__ import annotations

import json

import pytest

from tests.products.fortios.twin import FortiOS
from tests.products.server import Request


@pytest.fixture
def twin():
    return FortiOS(site="rows")


def ask(twin, method, path, body=None, token=None, **query):
    headers = {"authorization": "Bearer " + (twin.token if token is None else token)}
    reply = twin.answer(Request(method, "/api/v2/cmdb/" + path, query, headers, json.dumps(body).encode() if body is not None else b""))
    return reply.status, json.loads(reply.body) if reply.body[:1] == b"{" else None


@pytest.mark.parametrize("kind,url,host,proxy,expected", [
    ("simple", "net.com", "fortinet.com", False, True), ("simple", "net.com", "fortinet.com", True, False),
    ("simple", "openai.com", "a.openai.com", True, True),
    ("wildcard", "*.openai.com", "a.b.openai.com", False, True), ("wildcard", "*.openai.com", "evilopenai.com", False, False),
    ("wildcard", "openai.com", "openai.com.evil.test", False, False), ("wildcard", "*.openai.*", "a.openai.org", False, True),
    ("regex", "(chat|)gpt", "chatgpt.com", False, True)])
def test_rows(twin, kind, url, host, proxy, expected):
    assert twin._matches(kind, url, host, proxy) is expected


def test_whether_a_wildcard_matches_its_apex_is_a_guess(twin):
    assert twin._matches("wildcard", "*.openai.com", "openai.com", False)
    twin.knobs.wildcard_apex = False
    assert not twin._matches("wildcard", "*.openai.com", "openai.com", False)


def test_first_match_and_only_exempt_beats_a_category():
    twin = FortiOS()
    twin.rows("webfilter/urlfilter").append(twin._filled("webfilter/urlfilter", {"id": 1, "name": "t", "entries": [
        {"id": 1, "url": "chatgpt.com", "type": "wildcard", "action": "allow"}]}))
    twin.row("webfilter/profile", "members")["web"]["urlfilter-table"] = 1
    rows = twin.row("webfilter/urlfilter", "t")["entries"]
    assert twin.decide("member", "chatgpt.com")[0] == "block", "allow goes on to the category"
    rows[0].update(action="exempt", exempt="av")
    assert twin.decide("member", "chatgpt.com")[0] == "block", "without fortiguard too"
    rows[0]["exempt"] = "fortiguard"
    assert twin.decide("member", "chatgpt.com")[0] == "allow"
    rows.insert(0, dict(rows[0], id=2, action="block"))
    assert twin.decide("member", "chatgpt.com")[0] == "block"


@pytest.mark.parametrize("columns", [{"schedule": "nights"}, {"column_of_next_year": "enable"}, {"internet-service": "enable"}, {"action": "ipsec"},
                                     {"srcaddr": [{"name": "missing"}]}, {"service": [{"name": "missing"}]}, {"disclaimer": "enable"}], ids=str)
def test_a_column_that_it_does_not_model_is_refused_where_a_decision_hangs_on_it(columns):
    twin = FortiOS()
    twin.row("firewall/policy", "members").update(columns)
    with pytest.raises(NotImplementedError, match=next(iter(columns))):
        twin.decide("member", "chatgpt.com")
    assert twin.decide("stranger", "www.example.com") == ("allow", "decrypt")


@pytest.mark.parametrize("table, change", [
    ("webfilter/profile", {"wisp": "enable"}), ("webfilter/profile", {"web": {"urlfilter-table": 0, "new": "enable"}}),
    ("dnsfilter/profile", {"external-ip-blocklist": [{"name": "feed"}]}), ("dnsfilter/profile", {"new": 1})], ids=str)
def test_what_may_block_by_a_profile_is_refused(table, change):
    twin = FortiOS()
    twin.row(table, "members").update(change)
    with pytest.raises(NotImplementedError, match="members: column"):
        twin.decide("member", "www.example.com")


@pytest.mark.parametrize("change, word", [({"referrer-host": "x.example"}, "referrer-host"), ({"new": "x"}, "new"), ({"action": "shrug"}, "shrug")], ids=str)
def test_a_row_that_it_does_not_model_is_refused(twin, change, word):
    twin.row("webfilter/urlfilter", "members-urls")["entries"][1].update(change)
    with pytest.raises(NotImplementedError, match=word):
        twin.decide("member", "x.openai.com")
    assert twin.decide("member", "www.example.com")[0] == "allow"


@pytest.mark.parametrize("entries, more, chat, other", [
    ([{"action": "block", "category": [{"id": 36}]}], {}, "block", "allow"), ([{"action": "reset", "application": [{"id": 57000}]}], {}, "block", "allow"),
    ([{"action": "pass", "application": [{"id": 57000}]}, {"action": "block", "category": [{"id": 36}]}], {}, "allow", "allow"),
    ([], {"unknown-application-action": "block"}, "allow", "block"), ([], {"other-application-action": "block"}, "block", "allow")], ids=str)
def test_application_control(entries, more, chat, other):
    twin = FortiOS()
    twin.row("webfilter/profile", "members")["ftgd-wf"]["filters"] = []
    twin.rows("application/list").append(dict({"name": "apps", "entries": entries}, **more))
    twin.row("firewall/policy", "members")["application-list"] = "apps"
    assert (twin.decide("member", "chatgpt.com")[0], twin.decide("member", "www.example.com")[0]) == (chat, other)


def test_a_put_of_a_list_replaces_it_and_moves_the_revision(twin):
    _status, before = ask(twin, "GET", "webfilter/urlfilter/1")
    _status, same = ask(twin, "PUT", "webfilter/urlfilter/1", {"entries": before["results"][0]["entries"]})
    assert not same["revision_changed"] and same["revision"] == before["revision"]
    _status, other = ask(twin, "PUT", "webfilter/urlfilter/1", {"entries": []})
    assert other["revision_changed"] and other["revision"] != before["revision"] and twin.row("webfilter/urlfilter", 1)["entries"] == []


@pytest.mark.parametrize("method,path,body,status,error", [
    ("POST", "webfilter/urlfilter", {"id": 1, "name": "x"}, 500, -5), ("GET", "webfilter/urlfilter/99", None, 404, -3),
    ("DELETE", "webfilter/urlfilter/1", None, 500, -23), ("PUT", "webfilter/profile/members", {"web": {"urlfilter-table": 77}}, 500, -3),
    ("PUT", "webfilter/urlfilter/1", {"entries": [{"id": 1, "url": ""}]}, 500, -56),
    ("PUT", "webfilter/urlfilter/1", {"entries": [{"id": 1, "url": "a", "type": "glob"}]}, 500, -651),
    ("PUT", "webfilter/urlfilter/1", {"entries": [{"id": 1, "url": "(", "type": "regex"}]}, 500, -653),
    ("PUT", "webfilter/urlfilter/1", {"entries": [{"id": 1, "url": "a"}, {"id": 1, "url": "b"}]}, 500, -15),
    ("PUT", "firewall/ssl-ssh-profile/deep-inspection", {"comment": "x"}, 500, -7)])
def test_refusals_leave_everything_as_it_was(twin, method, path, body, status, error):
    before = twin.snapshot()
    found, answer = ask(twin, method, path, body)
    assert (found, answer["error"]) == (status, error) and twin.snapshot() == before


def test_defaults_are_filled_in_and_rows_carry_their_key(twin):
    ask(twin, "POST", "webfilter/urlfilter", {"name": "new", "entries": [{"id": 3, "url": "a.com"}]})
    row = ask(twin, "GET", "webfilter/urlfilter", filter="name==new")[1]["results"][0]
    assert row["q_origin_key"] == row["id"] == 3 and row["entries"][0]["type"] == "simple" and "fortiguard" in row["entries"][0]["exempt"].split()


def test_tokens(twin):
    assert ask(twin, "GET", "firewall/policy", token="x")[0] == 401
    assert twin.answer(Request("GET", "/api/v2/cmdb/firewall/policy", {"access_token": twin.token}, {}, b"")).status == 401, "in the URL, from 7.4.5 on"
    twin.knobs.release = (7, 2, 5)
    assert twin.answer(Request("GET", "/api/v2/cmdb/firewall/policy", {"access_token": twin.token}, {}, b"")).status == 200
