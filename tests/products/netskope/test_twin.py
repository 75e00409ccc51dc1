# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of Netskope itself: matching, order, pending changes and refusals, each as a source describes it."""
from __future__ import annotations

import json

import pytest

from tests.products.netskope.twin import ALLOW, BASE, BLOCK, SKIP, Netskope, accepted, policy
from tests.products.server import Request


@pytest.fixture
def twin():
    return Netskope()


def ask(twin, method: str, path: str = "", body=None, token=None, **query):
    reply = twin.answer(Request(method, BASE + path, query, {"netskope-api-token": token or twin.token}, b"" if body is None else json.dumps(body).encode()))
    return reply.status, json.loads(reply.body)


def record(name: str, *urls: str, kind: str = "exact") -> dict:
    return {"name": name, "data": {"urls": list(urls), "type": kind}}


@pytest.mark.parametrize("url,host,hit", [
    ("a.example", "a.example", True), ("a.example", "www.a.example", False), ("a.example:443", "a.example", True), ("a.example:8443", "a.example", False),
    ("*.a.example", "a.example", True), ("*.a.example", "x.y.a.example", True), ("*.a.example", "nota.example", False), ("a.example/x", "a.example", False)])
def test_what_an_entry_matches(twin, url, host, hit):
    """url-lists, url-list-best-practices: the path is not seen without decryption."""
    twin.edit("one", [url])
    twin.categories["one"] = {"hosts": [], "include": [twin.named("one")["id"]], "exclude": []}
    twin.realtime.insert(0, policy("one", BLOCK, categories=["one"]))
    assert twin.decide("member", host)[0] == ("block" if hit else "allow")


@pytest.mark.parametrize("url,good", [
    ("a.example", True), ("*.gov", True), ("a.example/x", True), ("a.example:8443", True), ("203.0.113.0/24", True), ("*a.example", False),
    ("www.a.*", False), ("a.*.b", False), ("*", False), ("a.example:0", False), ("a.example:70000", False), ("-a.example", False), ("a_b.example", False)])
def test_what_may_be_an_entry(url, good):
    assert accepted(url) is good


def test_the_first_policy_that_matches_is_final_and_what_none_matches_passes(twin):
    assert twin.decide("member", "claude.ai") == ("block", "decrypt") and twin.decide("member", "www.example.com") == ("allow", "decrypt")
    twin.realtime.insert(0, policy("mine", ALLOW, groups=["AI users"], categories=["Generative AI"]))
    assert twin.decide("member", "claude.ai")[0] == "allow" and twin.decide("stranger", "claude.ai")[0] == "block"
    twin.realtime[0]["enabled"] = False
    assert twin.decide("member", "claude.ai")[0] == "block"
    twin.decryption.append(policy("no", SKIP, groups=["Finance"]))
    assert twin.decide("stranger", "www.example.com") == ("allow", "tunnel") and twin.decide("member", "www.example.com")[1] == "decrypt"


def test_a_category_includes_lists_and_excludes_others(twin):
    twin.edit("site", ["claude.ai"])
    twin.categories["Generative AI"]["exclude"].append(twin.named("site")["id"])
    assert twin.decide("member", "claude.ai")[0] == "allow" and twin.decide("member", "chatgpt.com")[0] == "block"


def test_a_change_is_pending_until_a_deployment_of_all(twin):
    """Guide "Custom URL Lists", 3 to 5."""
    status, (made,) = ask(twin, "POST", body=record("one", "a.example"))
    assert (status, made["modify_by"], made["modify_type"], made["pending"], made["data"]["type"]) == (200, "Netskope API", "Created", 1, "exact")
    twin.edit("Partners", ["b.example"], deploy=False)
    assert [row["name"] for row in ask(twin, "GET", pending="1")[1]] == ["Partners", "one"] and "one" not in str(ask(twin, "GET", pending="0"))
    _status, more = ask(twin, "PATCH", "/%d/append" % made["id"], record("one", "c.example"))
    assert more["data"]["urls"] == ["a.example", "c.example"] and made["id"] not in twin.active
    _status, rest = ask(twin, "PATCH", "/%d/replace" % made["id"], record("one", "d.example"))
    assert rest["data"]["urls"] == ["d.example"] == ask(twin, "PUT", "/%d" % made["id"], record("one", "d.example"))[1]["data"]["urls"]
    assert ask(twin, "GET", "/%d" % made["id"])[1]["data"]["urls"] == ["d.example"]
    applied = ask(twin, "POST", "/deploy")[1]
    assert {row["name"]: row["pending"] for row in applied} == {"Partners": 0, "one": 0} and ask(twin, "GET", pending="1")[1] == []
    ask(twin, "DELETE", "/%d" % made["id"])
    assert made["id"] in twin.active
    ask(twin, "POST", "/deploy")
    assert made["id"] not in twin.active and ask(twin, "GET", "/%d" % made["id"])[0] == 404


@pytest.mark.parametrize("body,says", [
    ({"data": {"urls": ["a.example"], "type": "exact"}}, "name required"), (record("one"), "array of URLs"),
    ({"name": "one", "data": {"type": "exact"}}, "urls"),
    (record("one", "a.example", kind="glob"), "one of exact, regex"), (record("one", "*a.example"), "invalid"),
    (record("one", "a.example", "a.example"), "repeated")])
def test_what_is_no_list_is_refused(twin, body, says):
    status, said = ask(twin, "POST", body=body)
    assert status == 400 and says in said["message"]


def test_what_the_api_refuses(twin):
    assert ask(twin, "GET", token="wrong")[0] == 401 and ask(twin, "GET", "/77")[0] == 404
    assert ask(twin, "POST", body=record("Partners", "a.example"))[0] == 409
    number = twin.named("Partners")["id"]
    assert ask(twin, "PUT", "/%d" % number, record("Malware sites", "a.example"))[0] == 409
    assert ask(twin, "PATCH", "/%d/append" % number, record("Partners", "partners.example"))[0] == 400
    assert ask(twin, "POST", "/deploy")[0] == 400
    twin.privileges = {BASE: "r"}
    assert ask(twin, "GET")[0] == 200 and ask(twin, "POST", body=record("one", "a.example"))[0] == 403 == ask(twin, "POST", "/deploy")[0]
    twin.knobs.rate = 2
    assert [ask(twin, "GET")[0] for _time in range(4)][-1] == 429


@pytest.mark.parametrize("wanted", [("GET", "", None, {"field": "id"}), ("PATCH", "/1/remove", {}, {}),
                                    ("POST", "", dict(record("x", "a.example"), scope=1), {})])
def test_what_is_not_modelled_is_refused(twin, wanted):
    method, path, body, query = wanted
    with pytest.raises(NotImplementedError):
        ask(twin, method, path, body, **query)


@pytest.mark.parametrize("wrapping,form", [("bare", list), ("data", dict), ("urllists", dict)])
def test_the_wrappings_that_clients_met(wrapping, form):
    assert isinstance(ask(Netskope(wrapping=wrapping), "GET")[1], form)
