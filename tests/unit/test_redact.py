# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a HAR file may leave: each value that is kept, and beside it the nearest one that is not. Whole files are in test_har."""
from __future__ import annotations

import json
import math
from types import SimpleNamespace

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.netaccess.chatgpt.plugins.action import har_info
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.har import redact
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import signatures
from tests.unit.test_har import entry, redactor

GONE = redact.REMOVED
OVERLAY = {"entries": [{"id": "acme", "pattern": "chat.acme.example", "owner": "Acme", "purpose": "a test", "features": ["chat"], "clients": ["web"],
                        "level": "required", "tenancy": "dedicated", "exemption": "must", "since": "2026-03-11", "sources": ["a test"]}]}
SAFE = redactor()


def header(name: str, value) -> str:
    row, = SAFE.entry(entry(headers=[(name, value)]))["response"]["headers"]
    return row["value"]


@pytest.mark.parametrize("host,kept", [
    # A host that is asked for by name is kept whole, its neighbours label by label.
    ("auth-cdn.oaistatic.com", "auth-cdn.oaistatic.com"), ("auth-acme.oaistatic.com", "{id}.oaistatic.com"), ("chatgpt.com", "chatgpt.com"),
    ("cdn.acme.oaistatic.com", "cdn.{id}.oaistatic.com"), ("chatgpt.com.", "chatgpt.com"), ("oaistatic.com", "host1.invalid"),
    ("gateway.zscaler.net", "gateway.zscaler.net"), ("acme.gateway.zscaler.net", "{id}.gateway.zscaler.net"), ("goskope.com", "goskope.com"),
    # Not a name of the catalogue, or no name at all.
    ("acme-chatgpt.com", "host1.invalid"), ("chatgpt.com.acme.example", "host1.invalid"), ("acme.example", "host1.invalid"), ("10.1.2.3", "host1.invalid"),
    ("acme_%s.chatgpt.com" % ("a" * 64), "{id}.chatgpt.com"), ("acme..chatgpt.com", "{id}.chatgpt.com"), ("[2001:db8::1]", "host1.invalid")])
def test_what_of_a_host_is_kept(host, kept):
    assert redactor().url("https://%s/" % host) == "https://%s/" % kept


def test_a_name_below_an_entry_without_subdomains_is_not_listed():
    listed = {pattern.name: pattern for pattern in SAFE._patterns}
    apex = next(name for name, pattern in sorted(listed.items()) if not pattern.matches("x." + name) and not any(
        other.matches("x." + name) for other in SAFE._patterns))
    assert redactor().url("https://acme.%s/" % apex) == "https://host1.invalid/" and redactor().url("https://%s/" % apex) == "https://%s/" % apex


def test_each_host_has_one_stand_in():
    safe = redactor()
    assert [safe.url("https://%s/" % host) for host in ("b.example", "a.example", "b.example", "B.example.")] == [
        "https://host%d.invalid/" % number for number in (1, 2, 1, 1)]


@pytest.mark.parametrize("url,kept", [
    ("http://chatgpt.com/", "http://chatgpt.com/"), ("https://chatgpt.com/", "https://chatgpt.com/"), ("ws://chatgpt.com/", "ws://chatgpt.com/"),
    ("wss://chatgpt.com:8443/", "wss://chatgpt.com:8443/"), ("acme://chatgpt.com/", ""), ("https:///alice", ""), ("https://chatgpt.com:99999/", ""),
    ("https://alice:secret@chatgpt.com/", "https://chatgpt.com/"), ("https://chatgpt.com/#alice", "https://chatgpt.com/"), (None, ""),
    # Words of paths, what follows those that are about somebody, and names of files.
    ("https://chatgpt.com/backend-api/me", "https://chatgpt.com/backend-api/me"),
    ("https://chatgpt.com/backend-api/alice", "https://chatgpt.com/backend-api/{id}"),
    ("https://chatgpt.com/c/me", "https://chatgpt.com/c/{id}"), ("https://chatgpt.com/c//me", "https://chatgpt.com/c//me"),
    ("https://chatgpt.com/users/search/me", "https://chatgpt.com/users/{id}/me"), ("https://chatgpt.com/assets/main.js", "https://chatgpt.com/assets/main.js"),
    ("https://chatgpt.com/alice.pdf", "https://chatgpt.com/{id}.pdf"), ("https://chatgpt.com/main.alice", "https://chatgpt.com/main.{id}"),
    ("https://chatgpt.com/a.b.pdf", "https://chatgpt.com/{id}.pdf"), ("https://chatgpt.com/me;alice", "https://chatgpt.com/{id}"),
    # Names of parameters that are known and have a value.
    ("https://chatgpt.com/?model=alice", "https://chatgpt.com/?model=(removed)"), ("https://chatgpt.com/?alice=1", "https://chatgpt.com/?{name}=(removed)"),
    ("https://chatgpt.com/?model", "https://chatgpt.com/?{name}=(removed)"), ("https://chatgpt.com/?Model=1&&=2", "https://chatgpt.com/?Model=(removed)")])
def test_what_of_an_address_is_kept(url, kept):
    assert redactor().url(url) == kept


@pytest.mark.parametrize("name,value,kept", [
    ("Server", "squid/5.7", "squid/5.7"), ("Server", "Squid/5.7 alice", GONE), ("Server", "alice", GONE), ("Server", "cloudflare", "cloudflare"),
    ("Server", "squid/alice", GONE), ("Server", "acme squid/5.7", GONE), ("Server", "", ""),
    ("Via", "1.1 alice (squid/5.7)", "1.1 {name} (squid/5.7)"), ("Via", "1.1 alice", "1.1 {name}"), ("Via", "1.1 alice (acme/1)", GONE), ("Via", "alice", GONE),
    ("Via", "1.1 a, 1.0 b (squid)", "1.1 {name}, 1.0 {name} (squid)"),
    ("X-Cache", "HIT from alice", "HIT from {name}"), ("X-Cache", "alice", GONE), ("X-Cache-Lookup", "MISS from alice:3128", "MISS from {name}"),
    ("X-Cache-Lookup", "NONE from alice", GONE),
    ("X-Squid-Error", "ERR_ACCESS_DENIED 0", "ERR_ACCESS_DENIED 0"), ("X-Squid-Error", "ERR_TOO_BIG alice", "ERR_TOO_BIG 0"), ("X-Squid-Error", "alice", GONE),
    ("X-Squid-Error", "ERR_ACME_POLICY 0", "ERR_CUSTOM 0"), ("X-Squid-Error", "403 alice", "403 0"), ("X-Squid-Error", "ERR_Acme 0", GONE),
    ("Proxy-Authenticate", "Negotiate alice", "Negotiate"), ("Proxy-Authenticate", "Acme realm=x", GONE),
    ("Content-Type", "text/html; charset=utf-8", "text/html; charset=utf-8"), ("Content-Type", "text/html; user=alice", GONE),
    ("Content-Type", "text/alice", GONE),
    ("Cf-Cache-Status", "HIT", "HIT"), ("Cf-Cache-Status", "alice", GONE), ("Date", "Tue, 24 Nov 2026 08:00:00 GMT", "Tue, 24 Nov 2026 08:00:00 GMT"),
    ("Date", "Ann, 24 Lee 2026 08:00:00 GMT", GONE), ("Retry-After", "5", "5"), ("Retry-After", "alice", GONE), ("Cf-Ray", "9a0c2d3e-MUC", GONE),
    ("Set-Cookie", "__cf_bm=secret; Path=/", "__cf_bm"), ("Set-Cookie", " __cf_bm =x", "__cf_bm"), ("Set-Cookie", "alice", "{name}"),
    ("Location", "https://chatgpt.com/alice?q=1", "https://chatgpt.com/{id}?q=(removed)"), ("Location", "/login?user=alice#x", "/login?user=(removed)"),
    ("Location", "//acme.example/x", GONE), ("Location", "alice", GONE), ("Location", "", GONE), ("Authorization", "Bearer secret", GONE),
    ("Cookie", "a=b", GONE)])
def test_what_of_a_header_is_kept(name, value, kept):
    assert header(name, value) == kept


def test_a_header_that_is_not_named_is_left_out_and_so_is_what_is_none():
    kept = SAFE.entry(entry(headers=[("X-Acme", "1"), ("Age", None)]))["response"]["headers"]
    assert kept == [{"name": "age", "value": ""}]
    for headers in ("alice", None, {"name": "server"}, ["alice", {"value": "alice"}]):
        raw = entry()
        raw["response"]["headers"] = headers
        assert SAFE.entry(raw)["response"]["headers"] == []


@pytest.mark.parametrize("issuer,kept", [
    ("WE1", "WE1"), ("Charles Proxy CA (1 Jan 2026, alice-mac)", "Charles Proxy CA"), ("SSL-SG1-GLOBAL", "SSL-SG1-GLOBAL"), ("Acme CA", GONE),
    ("Zscaler Intermediate Root CA (zscalertwo.net) (t) Acme", "Zscaler Intermediate Root CA"), ("ca.acme.goskope.com", "goskope.com"),
    # What fits the form of a rule and is not spelled out by it may be the name of a machine, a place or a person.
    ("SSL-SG1-ACME", GONE), ("FGT60F0000000000", GONE), ("FGTACMEWEST1", GONE), ("Default_CA_abcdefghijklmno", GONE), ("ZAP Alice Root CA", GONE),
    ("OWASP Zed Attack Proxy Root CA", GONE)])
def test_what_of_an_issuer_is_kept(issuer, kept):
    assert SAFE.entry(entry(_securityDetails={"issuer": issuer}))["_securityDetails"] == {"issuer": kept}


@pytest.mark.parametrize("details", [{"issuer": ""}, {"issuer": {"CN": "Acme"}}, {"issuer": None}, {"issuer": ["WE1"]}, {}, "WE1", None])
def test_an_issuer_that_is_none(details):
    assert "_securityDetails" not in SAFE.entry(entry(_securityDetails=details))


@pytest.mark.parametrize("address,kept", [("146.112.61.106", "146.112.61.106"), ("[::ffff:146.112.61.106]", "::ffff:146.112.61.106"), ("10.1.2.3", None),
                                          ("alice", None), (None, None), ("", None)])
def test_what_of_an_address_of_a_server_is_kept(address, kept):
    copied = SAFE.entry(entry(serverIPAddress=address))
    assert copied.get("serverIPAddress") == kept and ("serverIPAddress" in copied) is (kept is not None)


@pytest.mark.parametrize("change,kept", [
    ({"_resourceType": "fetch"}, {"_resourceType": "fetch"}), ({"_resourceType": "alice"}, {"_resourceType": GONE}), ({"_resourceType": 5}, {}),
    ({"_securityState": "broken"}, {"_securityState": "broken"}), ({"_securityState": "alice"}, {}), ({"_fromCache": "alice"}, {"_fromCache": "disk"}),
    ({"_error": "net::ERR_CONNECTION_RESET"}, {"_error": "net::ERR_CONNECTION_RESET"}), ({"_error": "alice"}, {"_error": GONE}), ({"_error": ""}, {}),
    ({"_error": 5}, {}),
    ({"_failureText": "cancelled by alice"}, {"_failureText": "cancelled"}), ({"comment": "alice", "pageref": "x", "_alice": 1}, {}),
    ({"time": 12.5}, {"time": 12.5}), ({"time": "12"}, {"time": -1}), ({"time": True}, {"time": -1}), ({"time": math.nan}, {"time": -1}),
    ({"time": math.inf}, {"time": -1}), ({"startedDateTime": "alice"}, {"startedDateTime": ""}), ({"startedDateTime": 5}, {"startedDateTime": ""}),
    ({"startedDateTime": "2026-11-24T08:00:00.1+01:00"}, {"startedDateTime": "2026-11-24T08:00:00.1+01:00"}),
    ({"startedDateTime": "2026-11-24T08:00:00Z alice"}, {"startedDateTime": ""}),
    ({"timings": dict.fromkeys(("blocked", "dns", "connect", "ssl", "send", "wait", "receive", "alice"), 5)},
     {"timings": dict.fromkeys(("blocked", "dns", "connect", "ssl", "send", "wait", "receive"), 5)}),
    ({"timings": "alice"}, {"timings": dict.fromkeys(("blocked", "dns", "connect", "ssl", "send", "wait", "receive"), -1)})])
def test_what_of_an_entry_is_kept(change, kept):
    plain = SAFE.entry(entry())
    assert "_fromCache" not in plain and SAFE.entry(dict(entry(), **change)) == dict(plain, **kept)


@pytest.mark.parametrize("part,change,kept", [
    ("request", {"method": "POST"}, {"method": "POST"}), ("request", {"method": "ALICE"}, {"method": GONE}),
    ("request", {"httpVersion": "h2"}, {"httpVersion": "h2"}),
    ("request", {"httpVersion": "HTTP/1.1 alice"}, {"httpVersion": GONE}), ("request", {"httpVersion": 2}, {"httpVersion": GONE}),
    ("request", {"httpVersion": "HTTP/2.0"}, {"httpVersion": "HTTP/2.0"}), ("request", {"cookies": [{"name": "alice"}], "postData": {"text": "alice"}}, {}),
    ("response", {"status": "403 alice"}, {"status": 403}), ("response", {"statusText": "alice"}, {}), ("response", {"_error": "alice"}, {"_error": GONE}),
    ("response", {"cookies": [{"name": "oai-did", "value": "x"}, {"name": "alice"}, 5]},
     {"cookies": [{"name": name, "value": GONE} for name in ("oai-did", "{name}", "{name}")]}), ("response", {"cookies": "alice"}, {"cookies": []}),
    ("response", {"redirectURL": "https://acme.example/alice"}, {"redirectURL": "https://host1.invalid/{id}"}),
    ("response", {"content": {"size": 3, "mimeType": "text/html", "text": "alice", "comment": "x"}}, {"content": {"size": 3, "mimeType": "text/html"}}),
    ("response", {"content": {"size": "x", "mimeType": "text/alice"}}, {"content": {"size": -1, "mimeType": GONE}}),
    ("response", {"content": {"mimeType": 5}}, {"content": {"size": -1, "mimeType": ""}})])
def test_what_of_a_message_is_kept(part, change, kept):
    safe, raw = redactor(), entry()
    plain = safe.entry(raw)
    changed = safe.entry(dict(raw, **{part: dict(raw[part], **change)}))
    assert changed == dict(plain, **{part: dict(plain[part], **kept)})


@pytest.mark.parametrize("raw", [None, 5, "alice", ["alice"], {}, {"request": "alice", "response": ["alice"]}])
def test_what_is_no_entry_is_emptied(raw):
    assert "alice" not in json.dumps(SAFE.entry(raw)) and SAFE.entry(raw)["request"]["url"] == ""


def test_a_page_of_squid_is_still_known_in_the_copy():
    for value in ("ERR_ACCESS_DENIED 0", "ERR_ACME 0", "403 acme"):
        told = signatures.written_by({"status": 403, "headers": {"x-squid-error": header("X-Squid-Error", value)}, "body": ""}, signatures.load())
        assert told.product == "Squid"


def test_a_copy_takes_its_place_at_once_and_whole(tmp_path):
    target = tmp_path / "safe.har"

    def kept(foresee=False, **head):
        copy = redact.Copy(target, redactor(), foresee=foresee)
        # It is renamed, so it has to be on the same file system; a check run leaves that alone.
        assert len([path for path in tmp_path.iterdir() if path != target]) == (0 if foresee else 1)
        for _number in range(2):
            copy.add(entry())
        return copy.keep(head)

    assert kept(foresee=True) is True and list(tmp_path.iterdir()) == []
    assert kept() is True and kept() is False and kept(foresee=True) is False
    log = json.loads(target.read_text())["log"]
    assert (len(log["entries"]), log["creator"], "browser" in log, target.stat().st_mode & 0o777) == (2, {"name": GONE, "version": ""}, False, 0o600)
    firefox = {"name": "Firefox", "version": "128.0"}
    assert kept(creator={"name": "Firefox", "version": "128 of Alice"}, browser=firefox) is True and list(tmp_path.iterdir()) == [target]
    log = json.loads(target.read_text())["log"]
    assert (log["creator"], log["browser"]) == ({"name": "Firefox", "version": ""}, firefox)


def test_a_copy_that_is_given_up_leaves_nothing(tmp_path):
    copy = redact.Copy(tmp_path / "safe.har", redactor())
    copy.drop()
    assert list(tmp_path.iterdir()) == []


def test_what_a_site_adds_is_not_taken_for_harmless(tmp_path):
    """Its overlays and signatures name its own hosts, authorities and addresses."""
    raw = entry("https://chat.acme.example/acme", _securityDetails={"issuer": "Acme CA"}, serverIPAddress="10.1.2.3")
    (tmp_path / "raw.har").write_text(json.dumps({"log": {"entries": [raw]}}))
    args = {"path": str(tmp_path / "raw.har"), "redacted": str(tmp_path / "safe.har"), "overlays": [OVERLAY],
            "signatures": [{"product": "Acme gateway", "issuer_cn": "^Acme CA$"}, {"product": "Acme gateway", "address": ["10.1.2.0/24"]}]}
    task = SimpleNamespace(args=args, check_mode=False, async_val=0, action="netaccess.chatgpt.har_info", diff=False, delegate_to=None)
    loader = DataLoader()
    shell = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
    found = har_info.ActionModule(task, shell, SimpleNamespace(verbosity=0), loader, Templar(loader, variables={}), None).run(task_vars={})
    assert found["changed"] and [(one["host"], one["entry"], one["inspected_by"]) for one in found["checks"]] == [("chat.acme.example", "acme", "Acme gateway")]
    copied = (tmp_path / "safe.har").read_text()
    assert "acme" not in copied.lower() and "10.1.2.3" not in copied and "https://host1.invalid/{id}" in copied
