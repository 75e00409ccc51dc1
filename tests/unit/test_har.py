# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAR files: what they prove, what a copy must not hold, and how much memory they take.

The files in ``har/`` were written by Chromium 150 through Playwright, behind the lab's Squid and doorman; bodies of pictures were taken out.
"""
from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings, strategies as st

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import load
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.har import judge as har, reader, redact
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import isolation, signatures

FILES = Path(__file__).parent / "har"
ROOT = Path(__file__).resolve().parent.parent.parent
CATALOGUE, TABLE = load(), signatures.load()
#: The lab's files hold certificates of a public CA of its own.
LAB = dict(TABLE, public=TABLE["public"] + [{"issuer_cn": "^Lab Public Root$"}])


def judge(entries, table=TABLE) -> dict:
    one = har.Judge(CATALOGUE, table)
    for entry in entries:
        one.add(entry)
    return one.result()


def recorded(name: str) -> dict:
    return judge(reader.Reader(FILES / (name + ".har")), LAB)


def failures(result: dict) -> dict:
    return {check["id"]: (check["layer"], isolation.sub_verdict(check), isolation.culprit(check)) for check in result["checks"] if check["verdict"] == "fail"}


#: What the network of most of OpenAI's hosts puts on every answer.
MARK = (("cf-ray", "1-X"),)


def entry(url="https://chatgpt.com/backend-api/me", status=200, headers=MARK, error=None, text="", mime="application/json", **more) -> dict:
    found = {"startedDateTime": "2026-11-24T08:00:00.000Z", "time": 1,
             "request": {"method": more.pop("method", "GET"), "url": url, "headers": [{"name": "Accept", "value": "application/json"}],
                         "bodySize": more.pop("sent", 0)},
             "response": {"status": status, "headers": [{"name": key, "value": value} for key, value in headers], "redirectURL": more.pop("redirect", ""),
                          "content": {"size": len(text), "mimeType": mime, "text": text}}, "timings": {}}
    if error:
        found["response"]["_error"] = error
    return dict(found, **more)


# -- a real browser -------------------------------------------------------------------------------------------------


def test_a_browser_that_was_blocked_by_squid():
    result = recorded("blocked")
    assert failures(result) == {
        "api.openai.com:https:http_block_page": ("http", "block_page", "Squid"), "chatgpt.com:https:http_block_page": ("http", "block_page", "Squid"),
        "files.oaiusercontent.com:https:upload_truncated": ("application", "upload_limit_or_dlp", None),
        "ws.chatgpt.com:websocket:websocket_upgrade_refused": ("application", "websocket_filter", None)}
    # Whoever wrote the page inside TLS holds the CA; so that CA decrypts this host too, although nothing blocks it.
    turnstile = next(check for check in result["checks"] if check["host"] == "challenges.cloudflare.com")
    assert (turnstile["verdict"], turnstile["interception"], turnstile["inspected_by"]) == ("pass", "intercepted_trusted", "Squid")
    assert {"host": "claude.ai", "requests": 1, "failed": 1, "known_as": None} in result["unlisted"]
    assert result["summary"]["features"]["chat"] == "fail"


def test_a_browser_that_was_decrypted():
    result = recorded("decrypted")
    assert result["issuers"] == {"Example Inspection CA": ["api.openai.com", "challenges.cloudflare.com", "chatgpt.com"]}
    # No product is known by that name, and no browser trusts it by itself.
    assert failures(result)["chatgpt.com:https:ssl_intercepted"] == ("tls", "tls_inspection", "the inspection CA 'Example Inspection CA'")
    assert failures(result)["ws.chatgpt.com:websocket:websocket_upgrade_refused"] == ("application", "websocket_filter", None)
    own = signatures.load([{"product": "Our gateway", "issuer_cn": "^Example Inspection CA$"}])
    told = judge(reader.Reader(FILES / "decrypted.har"), own)
    assert failures(told)["chatgpt.com:https:ssl_intercepted"] == ("tls", "tls_inspection", "Our gateway")
    assert told["summary"]["exemption"] == "missing"


def test_a_browser_whose_upload_was_too_large():
    assert failures(recorded("limited"))["files.oaiusercontent.com:https:upload_truncated"][1] == "upload_limit_or_dlp"


def test_a_browser_that_was_cut_off():
    result = recorded("reset")
    assert failures(result) == {"chatgpt.com:https:eof_error": ("tls", "tls_cut", None)}
    assert [other["host"] for other in result["unlisted"] if other["failed"]] == ["portal.example.net"]


def test_a_browser_with_nothing_in_its_way():
    result = recorded("healthy")
    assert failures(result) == {} and result["summary"]["features"] == {
        "api": "origin", "bot_check": "pass", "chat": "pass", "files": "unverified", "login": "pass", "websocket": "unverified"}
    # Nobody was signed in, and the answers about files and of the WebSocket have no mark.
    assert result["conclusion"] == "origin" and "the origin requires sign-in" in result["message"] and "is the account signed in?" in result["next"]


# -- one request at a time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error,layer,sub", [
    ("net::ERR_NAME_NOT_RESOLVED", "dns", "dns_failure"), ("net::ERR_CONNECTION_REFUSED", "tcp", "ip_port_filter"),
    ("net::ERR_CONNECTION_TIMED_OUT", "tcp", "ip_port_filter"), ("net::ERR_CONNECTION_RESET", "tcp", "ip_port_filter"),
    ("net::ERR_CERT_AUTHORITY_INVALID", "tls", "tls_inspection"), ("net::ERR_CERT_DATE_INVALID", "tls", "invalid_certificate"),
    ("net::ERR_CERT_COMMON_NAME_INVALID", "tls", "invalid_certificate"), ("net::ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN", "tls", "tls_inspection"),
    ("net::ERR_SSL_PROTOCOL_ERROR", "tls", "tls_cut"), ("net::ERR_TUNNEL_CONNECTION_FAILED", "proxy", "proxy_policy"),
    ("net::ERR_PROXY_CONNECTION_FAILED", "proxy", "proxy_unreachable"), ("net::ERR_PROXY_AUTH_UNSUPPORTED", "proxy", "proxy_auth"),
    ("net::ERR_EMPTY_RESPONSE", "http", "connection_cut"), ("net::ERR_HTTP2_PROTOCOL_ERROR", "http", "connection_cut"),
    ("net::ERR_INCOMPLETE_CHUNKED_ENCODING", "http", "connection_cut"), ("net::ERR_BLOCKED_BY_CLIENT", "browser", "browser_extension"),
    ("net::ERR_BLOCKED_BY_ADMINISTRATOR", "browser", "browser_policy"), ("net::ERR_QUIC_PROTOCOL_ERROR", "quic", "quic"),
    ("net::ERR_ECH_NOT_NEGOTIATED", "tls", "ech"), ("NS_ERROR_UNKNOWN_HOST", "dns", "dns_failure"), ("NS_ERROR_PROXY_FORBIDDEN", "proxy", "proxy_policy"),
    ("SEC_ERROR_UNKNOWN_ISSUER", "tls", "tls_inspection"), ("The Internet connection appears to be offline.", "host", "offline"),
    ("The certificate for this server is invalid.", "tls", "invalid_certificate"), ("net::ERR_NETWORK_ACCESS_DENIED", "host", "local_firewall"),
])
def test_the_errors_of_a_browser(error, layer, sub):
    result = judge([entry(status=0, error=error)])
    check, = result["checks"]
    assert (check["verdict"], check["layer"], isolation.sub_verdict(check)) == ("fail", layer, sub)
    assert error.strip(".") in check["message"] and sub in isolation.REMEDIES


def test_an_error_that_is_not_known_proves_nothing_and_is_not_repeated():
    check, = judge([entry(status=0, error="net::ERR_alice.smith")])["checks"]
    assert (check["verdict"], check["failure"]) == ("unverified", "unknown_failure") and "alice" not in check["message"]


def test_what_the_page_itself_let_go_is_no_fault():
    assert judge([entry(status=0, error="net::ERR_ABORTED")])["checks"][0]["verdict"] == "unverified"
    assert judge([entry(), entry(status=0, error="net::ERR_ABORTED")])["checks"][0]["verdict"] == "pass"


@pytest.mark.parametrize("one,failure", [
    (entry(status=403, headers=[("Cf-Mitigated", "challenge"), *MARK], text="<html>Just a moment", mime="text/html"), "origin_challenge"),
    (entry(status=403), "origin_refusal"), (entry(status=503), "origin_error"), (entry(status=401), "origin_sign_in"), (entry(status=429), "origin_limit"),
    (entry(status=451), "origin_region"), (entry(status=400), "origin_refusal"), (entry("wss://ws.chatgpt.com/", 403), "origin_refusal"),
    (entry("wss://ws.chatgpt.com/", 200), "origin_refusal")])
def test_the_origin_itself_refuses(one, failure):
    result = judge([one])
    check, = result["checks"]
    assert (check["verdict"], check["layer"], check["failure"]) == ("origin", "origin", failure)
    assert result["conclusion"] == "origin" and "the origin itself refuses" in result["message"]


@pytest.mark.parametrize("one,verdict,failure", [
    (entry(status=403, headers=[]), "unverified", None), (entry(status=403, headers=[], mime="text/html"), "fail", "http_block_page"),
    (entry(status=429, headers=[], mime="text/html"), "unverified", None), (entry(headers=[]), "unverified", None),
    (entry("https://js.stripe.com/v3/", 403, [], mime="text/html"), "unverified", None),
    (entry("https://js.stripe.com/v3/", 200, [], mime="text/javascript", _resourceType="script"), "pass", None),
    (entry(status=511, headers=[]), "fail", "network_authentication_required"),
    (entry(status=302, headers=[("Location", "https://portal.example/x")]), "fail", "http_unexpected_redirect_url"),
    (entry(status=302, headers=[("Location", "https://auth.openai.com/x")]), "unverified", None),
    (entry(status=302, headers=[("Location", "/login")]), "unverified", None),
    (entry(status=302, headers=[("Location", "https://sso.example/x"), *MARK]), "unverified", None),
    (entry(status=302, headers=[("Location", "https://auth.openai.com/x"), *MARK]), "pass", None)])
def test_without_a_mark_of_the_origin_nothing_passes(one, verdict, failure):
    check, = judge([one])["checks"]
    assert (check["verdict"], check["failure"]) == (verdict, failure)


def test_a_certificate_of_a_public_ca_is_a_mark_as_well():
    check, = judge([entry(headers=[], _securityDetails={"issuer": "WE1"})])["checks"]
    assert check["verdict"] == "pass"


def test_what_a_good_page_talks_about_is_no_block():
    page = entry("https://chatgpt.com/share/1", text="<html>Powered By FortiGuard", mime="text/html", _resourceType="document")
    assert judge([page])["checks"][0]["verdict"] == "pass"
    assert judge([dict(page, response=dict(page["response"], headers=[]))])["checks"][0]["blocked_by"]["product"] == "FortiGate"


def test_a_sign_in_at_the_gateway_is_no_block_once_it_went_on():
    away = entry("https://chatgpt.com/", 307, [("Location", "https://gateway.zscalertwo.net:443/auT?origurl=https%3A%2F%2Fchatgpt.com&user=alice")])
    result = judge([away])
    assert failures(result)["chatgpt.com:https:gateway_sign_in"] == ("proxy", "gateway_sign_in", "Zscaler Internet Access")
    assert "alice" not in json.dumps(result) and "origurl" not in json.dumps(result)
    check, = judge([away, entry()])["checks"]
    assert (check["verdict"], check["flags"]) == ("pass", ["gateway_sign_in"])


def test_telemetry_under_a_path_of_its_own_is_judged_by_itself():
    result = judge([entry(), entry("https://chatgpt.com/ces/v1/t", 0, error="net::ERR_BLOCKED_BY_CLIENT")])
    assert result["conclusion"] == "works" and "Only telemetry: chatgpt.com: an extension of the browser blocks it" in result["message"]
    assert {check["id"]: check["flags"] for check in result["checks"]} == {"chatgpt.com:https": [], "chatgpt.com/ces/:https:browser_extension": []}


def test_of_two_faults_of_a_host_the_one_that_got_further_counts():
    lost, refused = entry("wss://ws.chatgpt.com/", 0, error="net::ERR_CONNECTION_CLOSED"), entry("wss://ws.chatgpt.com/", 200, [("Via", "1.1 proxy")])
    assert judge([lost, refused])["conclusion"] == "blocked" and judge([lost])["conclusion"] == "tls"


@pytest.mark.parametrize("waited,received,error,verdict", [
    (9000, 2, None, "fail"), (5, 1, None, "unverified"), (300, 4000, None, "pass"), (9000, 2, "net::ERR_ABORTED", "pass"), (9000, -1, None, "pass"),
    (300, 900, "net::ERR_HTTP2_PROTOCOL_ERROR", "fail")])
def test_an_event_stream_that_is_held_back_or_cut_off(waited, received, error, verdict):
    one = entry(mime="text/event-stream", error=error)
    one["timings"] = {"wait": waited, "receive": received}
    check, = judge([one])["checks"]
    assert (check["verdict"], check["failure"]) == (verdict, None if verdict == "pass" else "stream_cut" if error else "stream_buffered")


@pytest.mark.parametrize("creator,conclusion,said", [
    ("WebKit Web Inspector", "unverified", "Safari does not record"), ("Firefox", "works", "does not record why"),
    ("WebInspector", "works", "every response has proof of the origin"),
    ("mitmproxy", "works", "debugging proxy")])
def test_what_an_exporter_leaves_out_is_said(creator, conclusion, said):
    one = har.Judge(CATALOGUE, TABLE)
    one.add(entry())
    result = one.result({"creator": {"name": creator, "version": "1"}})
    assert result["conclusion"] == conclusion and said in result["message"]


def test_what_is_no_entry_is_said():
    result = judge([entry(), {"request": None}, "text"])
    assert result["unreadable"] == 2 and "2 malformed entries were not read" in result["message"] and result["conclusion"] == "works"


def test_what_comes_from_the_browser_itself_is_no_request():
    local = entry(status=0, headers=[])
    assert judge([dict(local, _fromCache="disk")])["checks"] == []
    assert judge([dict(local, _fromCache="disk"), entry()])["checks"][0]["flags"] == []


# -- files of many browsers and gateways ----------------------------------------------------------------------------

CASES = FILES / "cases"
#: What is right for each file, and why; and which conclusions say so.
RIGHT = yaml.safe_load((CASES / "right.yml").read_text(encoding="utf-8"))
SAYS = {
    "unverified_or_blocked": ("unverified", "blocked"), "works_or_unverified": ("works", "unverified"), "blocked_or_sign_in": ("blocked", "sign_in"),
    # What the page gave up proves nothing; other requests of the file may.
    "not_network": ("not_network", "works"), "unreadable_entry": ("works",), "not_catalogue": ("nothing",)}
#: A lost connection or name is a block for whoever asked; the file itself shows the layer.
BY_LAYER = {"chatgpt-site.har": "dns", "idp-blocked.har": "tcp", "pac-direct-vs-proxy_403_CONNECT_Chrome.har": "proxy", "FP-blob-and-data.har": "nothing"}


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_each_file_comes_out_as_is_right(name):
    source = reader.Reader(CASES / name)
    one = har.Judge(CATALOGUE, TABLE)
    for each in source:
        one.add(each)
    result, right = one.result(source.head), RIGHT[name]
    if right["right"] == "redaction":
        return
    said = right["right"].removeprefix("layer:")
    assert result["conclusion"] in ((BY_LAYER[name],) if name in BY_LAYER else SAYS.get(said, (said,))), result["message"]
    product = re.match(r"by ([A-Z][\w-]+(?: [A-Z]\w+)*)", right.get("why", ""))
    if product:
        assert product.group(1) in result["message"]


def test_every_file_has_its_right_answer():
    assert {path.name for path in CASES.glob("*.har")} == set(RIGHT)


def test_a_web_page_in_place_of_data():
    check, = judge([entry(headers=[], text="<html>Please sign in", mime="text/html", _resourceType="fetch")])["checks"]
    assert (check["verdict"], check["failure"]) == ("fail", "http_content_type_mismatch")
    script, = judge([entry("https://cdn.oaistatic.com/a.js", headers=[], mime="text/html", _resourceType="script")])["checks"]
    assert script["failure"] == "http_content_type_mismatch"
    # Of the origin's own mark: the page is its own.
    assert judge([entry("https://chatgpt.com/ces/v1/t", text="", mime="text/html", _resourceType="fetch")])["checks"][0]["verdict"] == "pass"


def test_a_page_where_a_page_was_wanted():
    page = entry("https://chatgpt.com/", text="<html>ChatGPT", mime="text/html", _resourceType="document")
    page["request"]["headers"] = [{"name": "Accept", "value": "text/html,application/json"}]
    assert judge([page])["checks"][0]["verdict"] == "pass"
    # Somebody may have written it: without the origin's mark that is not known.
    assert judge([dict(page, response=dict(page["response"], headers=[]))])["checks"][0]["verdict"] == "unverified"


def test_who_signed_for_a_block_page_decrypts_everything_that_it_signed_for():
    blocked = entry("https://claude.chatgpt.com/", 403, [("X-Squid-Error", "ERR_ACCESS_DENIED 0")], _securityDetails={"issuer": "Our CA"})
    result = judge([entry(_securityDetails={"issuer": "Our CA"}), entry("https://api.openai.com/", _securityDetails={"issuer": "WE1"}),
                    entry("https://js.stripe.com/v3/", _securityDetails={"issuer": "Our CA"}), blocked])
    found = {check["host"]: (check["failure"], check["inspected_by"]) for check in result["checks"]}
    assert found == {"chatgpt.com": ("ssl_intercepted", "Squid"), "api.openai.com": (None, None), "js.stripe.com": (None, "Squid"),
                     "claude.chatgpt.com": ("http_block_page", "Squid")}
    assert result["summary"]["exemption"] == "missing"


def test_a_page_that_scans_a_name_that_lies_and_a_user_that_is_asked_for():
    scan = entry(headers=[], text='<a href="/mwg-internal/de5fs23hu73ds/progress?id=1">', mime="text/html")
    assert failures(judge([scan]))["chatgpt.com:https:progress_page"] == ("http", "content_scan", "Skyhigh Web Gateway")
    sink = entry(status=0, error="net::ERR_CONNECTION_REFUSED", serverIPAddress="146.112.61.106")
    assert failures(judge([sink]))["chatgpt.com:https:dns_bogon_error"] == ("dns", "dns_filter", "Cisco Umbrella")
    assert failures(judge([entry(status=407)]))["chatgpt.com:https:proxy_auth_required"] == ("proxy", "proxy_auth", None)


def test_a_fault_that_comes_and_goes_says_so():
    check, = judge([entry(), entry(status=0, error="net::ERR_CONNECTION_RESET"), entry()])["checks"]
    assert check["flags"] == ["intermittent"] and "1 of 3 requests, first at 2026-11-24T08:00:00.000Z" in check["message"]


def test_never_answered_without_a_reason_proves_nothing():
    assert judge([entry(status=0)])["checks"][0]["verdict"] == "unverified"


def test_hosts_of_no_list():
    result = judge([entry("https://accounts.google.com/x"), entry("https://portal.corp.example/", 403, [("X-Squid-Error", "ERR_ACCESS_DENIED 0")]),
                    entry("data:text/plain,x"), entry("https://[bad/"), {"request": None}, "nothing"])
    assert {"host": "accounts.google.com", "requests": 1, "failed": 0, "known_as": "Sign-in with Google"} in result["unlisted"]
    assert result["unlisted"][0] == {"host": "portal.corp.example", "requests": 1, "failed": 1, "known_as": None}
    assert result["checks"] == [] and result["conclusion"] == "unlisted" and "Failed hosts outside every list: portal.corp.example" in result["message"]
    assert "it contains no requests to ChatGPT" in judge([entry("https://portal.corp.example/")])["message"]


def test_a_companion_tells_something_only_when_it_fails():
    sent, address = "net::ERR_CONNECTION_RESET", "https://oaisdmntprwestus.blob.core.windows.net/files/1/raw"
    check, = judge([entry(address, 0, error=sent, sent=5_000_000, method="PUT")])["checks"]
    assert (check["entry"], check["features"], check["failure"]) == (None, ["files"], "upload_truncated")
    assert judge([entry(address)])["checks"] == []


def test_the_entry_of_a_host_is_the_one_that_names_it_most_closely():
    checks = {check["host"]: check for check in judge([entry("https://%s/" % host) for host in (
        "ios.chat.openai.com", "api.openai.com", "x.web-sandbox.oaiusercontent.com", "featuregates.org")])["checks"]}
    assert {host: check["entry"] for host, check in checks.items()} == {
        "ios.chat.openai.com": "ios", "api.openai.com": "openai", "x.web-sandbox.oaiusercontent.com": "oaiusercontent", "featuregates.org": "featuregates"}


def test_a_har_stands_for_a_host_in_a_diagnosis():
    found = isolation.diagnose({"laptop of a user": recorded("blocked")}, {"hotspot": recorded("healthy")})
    assert found["features"]["chat"]["row"] == 9 and found["features"]["chat"]["faults"][0]["product"] == "Squid"


# -- reading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text,said", [
    ("", "it is truncated$"), ("[]", "not a JSON object"), ("{}", "no log"), ('{"log": {"version": "1.2"}}', "no entries"), ("<html>", "not a JSON object"),
    ('{"log": {"entries": [{"request": ', "it is truncated, or it is not JSON"), ('{"log": {"entries": [{}, ', "it is truncated$"),
    ('{"log": {"entries": 5}}', "not a JSON object"),
    ('{"log": {"entries": [{}]', "it is truncated$")])
def test_what_is_no_har(tmp_path, text, said):
    path = tmp_path / "x.har"
    path.write_text(text)
    with pytest.raises(reader.HarError, match="x.har.*" + said):
        list(reader.Reader(path))


def test_the_keys_may_come_in_any_order_and_the_blocks_may_end_anywhere(tmp_path, monkeypatch):
    entries = [{"n": number, "t": "é]}" * number} for number in range(40)]
    whole = {"other": [1.5, "]"], "log": {"creator": {"name": 'a "quoted" }'}, "entries": entries, "version": "1.2", "pages": []}, "last": 12345}
    path = tmp_path / "x.har"
    for size in (1, 2, 3, 7, 100):
        monkeypatch.setattr(reader, "_BLOCK", size)
        for indent in (None, 1):
            path.write_text("\ufeff" + json.dumps(whole, indent=indent, ensure_ascii=False), encoding="utf-8")
            source = reader.Reader(path)
            assert list(source) == whole["log"]["entries"]
            assert source.head == {"creator": whole["log"]["creator"], "version": "1.2", "pages": []}


def test_an_entry_that_never_ends_is_not_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "MAX_ENTRY", 1 << 20)
    path = tmp_path / "x.har"
    path.write_text('{"log": {"entries": ["' + "x" * (1 << 24))
    with pytest.raises(reader.HarError, match="an entry larger than 1 MB"):
        list(reader.Reader(path))


def test_a_file_of_hundreds_of_megabytes_takes_no_more_memory_than_a_small_one(tmp_path):
    """A process of its own, whose memory is limited: 300 MB of entries in the room of 160 MB."""
    path = tmp_path / "large.har"
    text = json.dumps(entry(text="x" * 100000, mime="text/plain"))
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"log": {"version": "1.2", "entries": [' + text)
        for _number in range(3000):
            file.write("," + text)
        file.write("]}}")
    program = ("import sys; from pathlib import Path\n"
               "from ansible_collections.netaccess.chatgpt.plugins.action.har_info import read\n"
               "from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.har import judge as har, reader, redact\n"
               "from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import signatures\n"
               "from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import load\n"
               "judge = har.Judge(load(), signatures.load())\n"
               "read(reader.Reader(Path(sys.argv[1])), judge, redact.Copy(Path(sys.argv[1] + '.safe'), redact.Redactor(load(), signatures.load())))\n"
               "print(judge.count)\n")
    limit = 160 << 20
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False,
                          env=dict(os.environ, PYTHONPATH=str(ROOT / ".build" / "collections")),
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)))
    assert done.stdout.strip() == "3001", done.stderr[-500:]
    path.unlink()


# -- the copy -------------------------------------------------------------------------------------------------------

#: Letters alone, so that no form of a secret gives it away.
WORDS = st.text("abcdefghijklmnoz", min_size=5, max_size=12).map("quix".__add__)


def redactor() -> redact.Redactor:
    return redact.Redactor(CATALOGUE, LAB)


def planted(word: str) -> list:
    """Entries with a word at every place where a browser, an application or a proxy may put one."""
    names = ("Cookie", "Authorization", "Proxy-Authorization", "OpenAI-Sentinel-Token", "OAI-Device-Id", "User-Agent", "Referer", "X-Anything", "X-Cache",
             "Server", "Content-Type", "X-Squid-Error", "Date", "Accept", "Cf-Ray", "Retry-After", "Location", "Set-Cookie", "Proxy-Authenticate", "Via")
    values = (word, "%s=1" % word, "a=%s" % word, "1.1 %s.corp.example (squid/5.7)" % word, "MISS from %s" % word, "ERR_ACCESS_DENIED %s" % word,
              "text/html; user=%s" % word, "https://idp.example/%s?SAMLRequest=%s" % (word, word), "/%s" % word, "myapp://cb?code=%s" % word,
              "Negotiate %s" % word, "2001:db8::%s" % word, "%s/1.0" % word, "a=1; Path=/%s\nb=%s" % (word, word))
    addresses = [form.replace("WORD", word) for form in (
        "https://chatgpt.com/c/WORD/u/WORD", "https://chatgpt.com/WORD", "https://chatgpt.com/files/WORD.pdf", "https://chatgpt.com/files/x.WORD",
        "https://chatgpt.com/search?WORD", "https://chatgpt.com/search?WORD=1&q=WORD", "https://chatgpt.com/x;WORD", "https://chatgpt.com/#WORD",
        "https://chatgpt.com/@WORD", "https://user:WORD@chatgpt.com/", "https://WORD.corp.example/", "https://WORD.my.auth.openai.com/",
        "https://WORD.sharepoint.com/personal/WORD", "wss://ws.chatgpt.com/p3/ws/user-WORD", "https://chatgpt.com/gpts/WORD-WORD", "not a url WORD")]
    body = {"mimeType": "text/plain", "text": word, "params": [{"name": word, "value": word}], "comment": word}
    found = []
    for number, url in enumerate(addresses):
        header = [{"name": name, "value": values[(number + place) % len(values)]} for place, name in enumerate(names)] + [{"name": "x-" + word, "value": "1"}]
        found.append({
            "startedDateTime": word, "time": word, "pageref": word, "comment": word, "_frameref": word, "connection": word, "_securityState": word,
            "_initiator": {"url": url}, "_webSocketMessages": [{"data": word, "type": kind} for kind in ("send", word, "error")], "_resourceType": word,
            "serverIPAddress": word,
            "_securityDetails": {"protocol": word, "subjectName": word, "issuer": ("%s CA" % word, "Charles Proxy CA (%s)" % word)[number % 2],
                                 "sanList": [word]},
            "cache": {"beforeRequest": {"eTag": word}}, "timings": {"wait": word, "_x": word},
            "request": {"method": word, "url": url, "httpVersion": word, "headers": header, "cookies": [{"name": word, "value": word}],
                        "queryString": [{"name": word, "value": word}], "postData": body, "bodySize": word, "comment": word},
            "response": {"status": (word, 0, 403, 302)[number % 4], "statusText": word, "httpVersion": word, "redirectURL": values[number % len(values)],
                         "_error": (word, "net::ERR_%s" % word, "")[number % 3], "headers": header, "cookies": [{"name": word, "value": word, "domain": word}],
                         "content": {"mimeType": word, "text": word, "size": word, "comment": word}}})
    return found


@given(WORDS)
@settings(max_examples=30, deadline=None)
def test_nothing_that_is_not_named_gets_into_the_copy(word):
    safe = redactor()
    assert word not in json.dumps([safe.entry(raw) for raw in planted(word)]).lower()


@given(WORDS)
@settings(max_examples=10, deadline=None)
def test_no_text_of_the_file_gets_into_what_is_said_of_it(word):
    """Hosts of no list and issuers are what an operator asks for, and are told as such."""
    shown = [raw for raw in planted(word) if raw["request"]["url"].startswith("https://chatgpt.com")]
    result = judge([dict(raw, _securityDetails={}, startedDateTime="") for raw in shown])
    assert word not in json.dumps(result).lower()


def test_the_head_of_the_log_is_kept_by_name(tmp_path):
    copy = redact.Copy(tmp_path / "safe.har", redactor())
    copy.add(entry())
    copy.keep({"version": "x", "creator": {"name": "Alice's tool", "version": "of Alice"}, "browser": {"name": "Firefox", "version": "128.0"},
              "pages": ["Alice"]})
    log = json.loads((tmp_path / "safe.har").read_text())["log"]
    assert (log["creator"], log["browser"], "pages" in log) == ({"name": redact.REMOVED, "version": ""}, {"name": "Firefox", "version": "128.0"}, False)


def test_a_file_full_of_names_is_emptied_of_them():
    safe = redactor()
    text = json.dumps([safe.entry(one) for one in reader.Reader(CASES / "leak2.har")]).lower()
    names = ("alice", "smith", "secret", "merger", "layoff", "berlin", "globex", "corp.example", "muc", "token", "appcode", "10.20", "10.11", "2001:db8",
             "9a0c2d3e", "hunter", "sk-proj", "jsession", "offer", "1234567890", "104.18")
    assert not [name for name in names if name in text]


def test_a_host_of_no_list_has_the_same_stand_in_throughout():
    safe = redactor()
    urls = [safe.url("https://%s/" % host) for host in ("portal.corp.example", "chatgpt.com", "other.corp.example", "Portal.corp.example",
            "a.chatgpt.com.corp.example")]
    assert urls == ["https://host1.invalid/", "https://chatgpt.com/", "https://host2.invalid/", "https://host1.invalid/", "https://host3.invalid/"]


def test_the_copy_holds_what_a_diagnosis_needs():
    for name in ("blocked", "limited", "healthy", "decrypted"):
        whole, safe = recorded(name), redactor()
        copied = judge([safe.entry(one) for one in reader.Reader(FILES / (name + ".har"))], LAB)
        # The text of a page is gone, what a product puts into headers is not.
        assert {key: value[:2] for key, value in failures(copied).items()} == {key: value[:2] for key, value in failures(whole).items()}
        assert [check["host"] for check in copied["checks"]] == [check["host"] for check in whole["checks"]]


def test_a_redirect_to_a_block_page_is_still_known_in_the_copy():
    target = "https://gateway.zscaler.net/block?user=alice&reasoncode=CATEGORY_DENIED"
    raw = entry(status=302, headers=[("Location", target), ("Set-Cookie", "sid=secret; Path=/")])
    copied = redactor().entry(raw)
    assert failures(judge([copied])) == failures(judge([raw])) and "alice" not in json.dumps(copied)
    assert {"name": "location", "value": "https://gateway.zscaler.net/block?user=(removed)&reasoncode=(removed)"} in copied["response"]["headers"]
    assert {"name": "set-cookie", "value": "{name}"} in copied["response"]["headers"]


@pytest.mark.parametrize("raw,kept", [
    ("https://chatgpt.com/backend-api/conversation/6f1e2c3a-aaaa-bbbb-cccc-0123456789ab", "https://chatgpt.com/backend-api/conversation/{id}"),
    ("https://chatgpt.com/c/abc?model=gpt&token=x", "https://chatgpt.com/c/{id}?model=(removed)&token=(removed)"),
    ("https://file-0123456.oaiusercontent.com/a", "https://{id}.oaiusercontent.com/{id}"),
    ("wss://ws.chatgpt.com/ws/user/me", "wss://ws.chatgpt.com/ws/user/{id}"),
    ("https://cdn.oaistatic.com/assets/main-3f2a9c.js", "https://cdn.oaistatic.com/assets/{id}.js"),
    ("https://0123456789abcdef0123456789.web-sandbox.oaiusercontent.com/x", "https://{id}.web-sandbox.oaiusercontent.com/{id}"),
    ("https://files.oaiusercontent.com/Salaries-of-Alice.xlsx", "https://files.oaiusercontent.com/{id}.xlsx"),
    ("https://user:password@chatgpt.com:8443/v1/models", "https://chatgpt.com:8443/v1/models"), ("https://10.1.2.3/x", "https://host1.invalid/{id}"),
    ("javascript:alert(1)", ""), ("https://[bad", "")])
def test_what_is_left_of_an_address(raw, kept):
    assert redactor().url(raw) == kept


def test_the_copy_is_whole_or_not_there(tmp_path):
    target = tmp_path / "safe.har"
    from ansible_collections.netaccess.chatgpt.plugins.action.har_info import read
    # A check run says what the run then does, and leaves nothing.
    for changed in (True, False):
        assert read(reader.Reader(FILES / "blocked.har"), har.Judge(CATALOGUE, TABLE), redact.Copy(target, redactor(), foresee=True)) is changed
        assert target.exists() is not changed
        assert read(reader.Reader(FILES / "blocked.har"), har.Judge(CATALOGUE, TABLE), redact.Copy(target, redactor())) is changed
    assert target.stat().st_mode & 0o777 == 0o600
    assert json.loads(target.read_text())["log"]["creator"]["name"] == "Playwright"
    broken = tmp_path / "broken.har"
    broken.write_text((FILES / "blocked.har").read_text()[:9000])
    before = target.read_text()
    with pytest.raises(reader.HarError):
        read(reader.Reader(broken), har.Judge(CATALOGUE, TABLE), redact.Copy(target, redactor()))
    assert target.read_text() == before and sorted(path.name for path in tmp_path.iterdir()) == ["broken.har", "safe.har"]
