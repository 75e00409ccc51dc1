# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of Symantec Management Center and its Edge SWG: CPL, revisions, installation and refusals."""
from __future__ import annotations

import json

import pytest

from tests.products.server import Request
from tests.products.symantec_swg.language import CompileError, compile_cpl
from tests.products.symantec_swg.twin import SITE, SymantecSwg


@pytest.fixture
def twin():
    return SymantecSwg()


def ask(twin, method, path, body=None, token="mc-token-93f0c2", **query):
    reply = twin.answer(Request(method, path, query, headers={"x-auth-token": token}, body=json.dumps(body).encode() if body is not None else b""))
    return reply.status, json.loads(reply.body) if reply.body[:1] in (b"{", b"[") else reply.body.decode()


def runs(text, **knobs):
    return SymantecSwg(site=text, **knobs)


def test_the_site(twin):
    assert twin.decide("member", "chatgpt.com") == ("block", "decrypt") and twin.decide("member", "www.example.com") == ("allow", "decrypt")
    assert twin.decide("member", "www.bank.example") == ("allow", "tunnel") and twin.decide("member", "www.example.com", 22)[0] == "block"
    assert twin.decide("member", "203.0.113.5", 3478, protocol="udp")[0] == "block"


@pytest.mark.parametrize("test,hits,misses", [
    ("url.domain=example.com", ("example.com", "a.example.com"), ("notexample.com",)), ("url.domain=//example.com", ("a.example.com",), ()),
    ("url.host.exact=example.com", ("example.com", "EXAMPLE.com."), ("a.example.com",)), ("url.host.suffix=.example.com", ("a.example.com",), ("example.com",)),
    ("url.host.suffix=example.com", ("notexample.com",), ("example.net",)), ("!url.domain=example.com", ("other.example",), ("example.com",)),
    ("client.address=(10.9.0.0/16, 10.1.0.0/16) url.domain=(a.example, b.example)", ("b.example",), ("c.example",))])
def test_conditions(test, hits, misses):
    twin = runs("<Proxy>\n  %s DENY\n" % test)
    assert {twin.decide("member", host)[0] for host in hits} == {"block"} and {twin.decide("member", host)[0] for host in misses} <= {"allow"}


def test_the_first_rule_of_a_layer_and_the_last_layer_count_but_for_what_is_forced():
    host = "www.example.com"
    assert runs("<Proxy>\n ALLOW\n DENY\n").decide("member", host)[0] == "allow"
    assert runs("<Proxy>\n DENY\n<Proxy>\n ALLOW\n").decide("member", host)[0] == "allow"
    assert runs("<Proxy>\n exception(policy_denied)\n<Proxy>\n ALLOW\n").decide("member", host)[0] == "allow"
    for word in ("FORCE_DENY", "force_exception(policy_denied)"):
        assert runs("<Proxy>\n %s\n<Proxy>\n ALLOW\n" % word).decide("member", host)[0] == "block"
    assert runs("<Proxy> client.address=10.2.0.0/16\n DENY\n").decide("member", host)[0] == "allow", "the guard of a layer"


def test_a_group_is_known_only_where_the_proxy_asks():
    assert runs("<Proxy>\n group=(\"AI users\") DENY\n").decide("member", "x.example")[0] == "allow"
    twin = runs("<Proxy>\n authenticate(corp)\n<Proxy>\n group=(\"AI users\") DENY\n")
    assert twin.decide("member", "x.example")[0] == "block" and twin.decide("stranger", "x.example")[0] == "allow"
    assert not runs("<Proxy>\n authenticate(corp)\n<Proxy>\n authenticate(no)\n").authenticated("member", "x.example")


@pytest.mark.parametrize("text,full", [
    ("<Proxy>\n condition=missing ALLOW\n", True), ("<Proxy>\n url.wrong=x ALLOW\n", True), ("<Proxy>\n PERMIT\n", True), ("ALLOW\n", True),
    ("define condition a\n url.domain=x\n", True), ("<SSL-Intercept>\n url.host.exact=x ssl.forward_proxy(no)\n", False),
    ("define condition a\n group=x\nend\n<SSL-Intercept>\n condition=a ssl.forward_proxy(no)\n", False)])
def test_what_does_not_compile(text, full):
    with pytest.raises(CompileError):
        compile_cpl(text, full)
    compile_cpl(SITE.replace("BlockedSites FORCE", "BlockedSites FORCE") + "define condition BlockedSites\nend\n", full)


def test_a_policy_that_does_not_compile_leaves_the_old_one(twin):
    for text, expected in (("<Proxy>\n url.domain=chatgpt.com ALLOW\n", "allow"), ("<Proxy>\n NONSENSE\n", "allow"), ("", "block")):
        twin.edit_as("alice", "P", "cpl", {"sections": [{"name": "P", "defaultPolicy": text}]})
        status, _body = ask(twin, "POST", "/api/policies/%s/install" % twin.find("P")["uuid"])
        assert status == 202 and twin.decide("member", "chatgpt.com")[0] == expected


def test_content_decides_nothing_before_it_is_installed(twin):
    twin.edit_as("alice", "P", "cpl", {"sections": [{"name": "P", "defaultPolicy": "<Proxy>\n url.domain=chatgpt.com ALLOW\n"}]})
    assert twin.decide("member", "chatgpt.com")[0] == "block" and "chatgpt.com" not in twin.current()
    twin.deploy()
    assert twin.decide("member", "chatgpt.com")[0] == "allow" and "chatgpt.com" in twin.current()


def test_every_write_is_a_revision(twin):
    _status, one = ask(twin, "POST", "/api/policies", {"name": "L", "contentType": "URL_LIST"})
    path = "/api/policies/%s/content" % one["uuid"]
    for number in ("1", "2"):
        _status, reply = ask(twin, "POST", path, {"contentType": "URL_LIST", "changeDescription": number, "content": {"urls": []}})
        assert reply["revisionInfo"]["revisionNumber"] == number
    assert ask(twin, "GET", path + "/1")[1]["revisionInfo"]["revisionDescription"] == "1"
    assert ask(twin, "GET", path + "/9")[0] == 404 and ask(twin, "GET", "/api/policies/NONE/content")[0] == 404
    assert ask(twin, "POST", path, {"contentType": "IP_LIST", "content": {}})[0] == 400
    status, body = ask(twin, "GET", path, token="wrong")
    assert status == 401 and set(body) == {"statusMessage", "message"}
