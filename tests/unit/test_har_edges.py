# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the judge of a HAR makes of odd entries, one kind a row; each row is red without a condition of its own."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.har import entries, judge as har, seen
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import isolation
from tests.unit.test_har import CATALOGUE, MARK, TABLE, entry, judge, redactor
from tests.unit.test_signatures import BLOCKS, OTHERS

ERR = "net::ERR_"
STRIPE, BLOB, SOCKET = "https://js.stripe.com/v3/", "https://oaisdmntprwestus.blob.core.windows.net/files/1/raw", "wss://ws.chatgpt.com/p3/ws"
GOOD, PENDING, LOST = entry(), entry(status=0), entry(status=0, error=ERR + "CONNECTION_RESET")
PAGE = dict(headers=[], mime="text/html", _resourceType="document")


def lost(error: str, address: str = "", **more) -> dict:
    return entry(status=0, error=error if " " in error else ERR + error, serverIPAddress=address, **more)


def stream(waited, received, text="", **more) -> dict:
    return dict(entry(mime="text/event-stream", text=text, **more), timings={"wait": waited, "receive": received})


def away(target, *headers, **more) -> dict:
    return entry(status=302, headers=[("Location", target), *headers], **more)


def challenged(url="https://chatgpt.com/") -> dict:
    return entry(url, 403, [("Cf-Mitigated", "challenge"), *MARK], text="Just a moment", mime="text/html")


def tunnel(status, *headers, url="chatgpt.com:443", **more) -> dict:
    return entry(url, status, list(headers), method="CONNECT", **more)


def socket(*types, status=101, data="alice", **more) -> dict:
    return entry(SOCKET, status, [], _webSocketMessages=[{"type": name, "time": 1, "opcode": 1, "data": data} for name in types], **more)


def under(issuer, *args, **more) -> dict:
    return entry(*args, _securityDetails={"issuer": issuer}, **more)


#: What is in the file, what it shows as a whole, and of each check the verdict and the failure.
CASES = {
    # Requests that ask whether they may be sent.
    "a preflight is blocked": ([entry(status=403, headers=[], mime="text/html", method="OPTIONS"), lost("FAILED")], "blocked",
                               "fail http_block_page, unverified unknown_failure"),
    "a preflight is cut off": ([lost("CONNECTION_RESET", method="OPTIONS"), lost("FAILED")], "tcp",
                               "fail connection_reset, unverified unknown_failure"),
    "an answer that the browser keeps from the page": ([entry(status=204), lost("FAILED")], "unverified", "unverified unknown_failure"),
    # Statuses that are none of those of a page.
    "not modified, with a mark": ([entry(status=304, mime="")], "works", "pass"),
    "not modified, without": ([entry(status=304, mime="", headers=[])], "unverified", "unverified"),
    "early hints alone": ([entry(status=103), entry(status=100)], "unverified", "unverified"),
    "early hints, then the answer": ([entry(status=103), GOOD], "works", "pass"),
    "not found by the origin": ([entry(status=404)], "origin", "origin origin_refusal"),
    "not found by the origin, and cut off": ([entry(status=404), LOST], "tcp", "fail connection_reset"),
    "not found once": ([entry(status=404), GOOD], "works", "pass"),
    "a redirect of the browser's own": (
        [entry("http://chatgpt.com/", 307, [("Location", "https://chatgpt.com/"), ("Non-Authoritative-Reason", "HSTS")])], "nothing", ""),
    "from Safari's cache": ([entry(_fetchType="Memory Cache"), entry(_fetchType="Disk Cache"), entry(_fetchType="Service Worker")], "nothing", ""),
    "from the network, says Safari": ([entry(_fetchType="Network Load")], "works", "pass"),
    # Names that lead nowhere.
    "refused at no address": ([lost("CONNECTION_REFUSED", "0.0.0.0")], "blocked", "fail dns_bogon_error"),
    "timed out at no address": ([lost("CONNECTION_TIMED_OUT", "[::]")], "blocked", "fail dns_bogon_error"),
    "refused at this machine": ([lost("CONNECTION_REFUSED", "127.0.0.1")], "blocked", "fail dns_bogon_error"),
    "cut off at a proxy on this machine": ([lost("CONNECTION_RESET", "127.0.0.1")], "tcp", "fail connection_reset"),
    "refused inside the company": ([lost("CONNECTION_REFUSED", "10.1.2.3")], "tcp", "fail connection_refused"),
    "refused at no address at all": ([lost("CONNECTION_REFUSED", "proxy")], "tcp", "fail connection_refused"),
    "a certificate at a sinkhole": ([lost("CERT_AUTHORITY_INVALID", "146.112.61.106")], "blocked", "fail dns_bogon_error"),
    # Streams.
    "a stream of which nothing was measured": ([stream(0, 0)], "works", "pass"),
    "a short stream": ([stream(300, 2, "x" * 300)], "works", "pass"),
    "a stream that came at once": ([stream(300, 2, "x" * 3000)], "stream_buffered", "unverified stream_buffered"),
    "a stream that was held back": ([stream(2000, 49, "x" * 1024)], "stream_buffered", "fail stream_buffered"),
    "a stream that came bit by bit": ([stream(300, 50)], "works", "pass"),
    "no stream": ([dict(entry(), timings={"wait": 9000, "receive": 1})], "works", "pass"),
    "amid a stream the lid was closed": ([stream(300, 900, error=ERR + "NETWORK_IO_SUSPENDED")], "works", "pass"),
    "amid a stream it took too long": ([stream(300, 900, error=ERR + "TIMED_OUT")], "stream_cut", "fail stream_cut"),
    "a stream that never began": ([lost("CONNECTION_REFUSED", mime="text/event-stream")], "tcp", "fail connection_refused"),
    "a block beside a stream that came at once": (
        [stream(5, 1), entry(status=403, **PAGE)], "blocked", "fail http_block_page, unverified stream_buffered"),
    "amid an answer": ([entry(error=ERR + "CONNECTION_RESET")], "tcp", "fail connection_reset"),
    "HTTP/3 breaks down amid an answer": ([entry(error=ERR + "QUIC_PROTOCOL_ERROR")], "quic", "fail quic_failed"),
    "an answer that the browser did not show": ([entry(error=ERR + "FAILED")], "works", "pass"),
    # WebSockets.
    "a WebSocket with a mark": ([entry(SOCKET, 101)], "works", "pass"),
    "a WebSocket that was cut": ([entry(SOCKET, 101, [], error=ERR + "CONNECTION_RESET")], "stream_cut", "fail stream_cut"),
    "a WebSocket that the page closed": ([entry(SOCKET, 101, [], error=ERR + "ABORTED")], "works", "pass"),
    "a WebSocket without an answer": ([entry(SOCKET, 0)], "unverified", "unverified never_answered"),
    "a WebSocket that failed": ([lost("FAILED", url=SOCKET)], "unverified", "unverified unknown_failure"),
    "a WebSocket that was not opened": ([lost("EMPTY_RESPONSE", url=SOCKET)], "blocked", "fail websocket_upgrade_refused"),
    "a WebSocket whose name is not known": ([lost("NAME_NOT_RESOLVED", url=SOCKET)], "dns", "fail dns_nxdomain_error"),
    # Uploads.
    "a large upload to a name that is not known": ([lost("NAME_NOT_RESOLVED", sent=30_000_000)], "dns", "fail dns_nxdomain_error"),
    "a small upload": ([lost("CONNECTION_RESET", sent=har.LARGE - 1)], "tcp", "fail connection_reset"),
    "an upload of a megabyte": ([lost("CONNECTION_RESET", sent=har.LARGE)], "blocked", "fail upload_truncated"),
    "too large for somebody": ([entry(status=413, headers=[], sent=5)], "blocked", "fail upload_truncated"),
    "nothing is too large": ([entry(status=413, headers=[])], "not_network", "unverified"),
    # Who wrote it.
    "a host without a known mark, under a CA that nobody knows": ([under("Our CA", STRIPE, 200, [], mime="text/plain")], "unverified", "unverified"),
    "an error in the type that was asked for": ([entry(STRIPE, 404, [], mime="text/javascript", _resourceType="script")], "unverified", "unverified"),
    "text in place of a script": ([entry(STRIPE, 200, [], mime="text/plain", _resourceType="script")], "unverified", "unverified"),
    "a page of the origin that talks of a gateway that scans": (
        [entry("https://chatgpt.com/share/1", text="/mwg-internal/a/progress?id=1", mime="text/html")], "works", "pass"),
    "the origin's own word for a policy": ([entry(status=403, text='{"error": {"code": "policy_denied"}}')], "origin", "origin origin_refusal"),
    "a good answer with a place in it": ([entry(headers=[("Location", "https://x.example/"), *MARK])], "works", "pass"),
    "an answer of nobody with a place in it": ([entry(status=201, headers=[("Location", "https://x.example/")])], "unverified", "unverified"),
    "to the sign-in of another company": ([away("https://accounts.google.com/x")], "unverified", "unverified"),
    "to an address": ([away("http://10.1.2.3/x")], "blocked", "fail http_unexpected_redirect_url"),
    "to nowhere": ([away("")], "unverified", "unverified"),
    "a portal of FortiGate": ([away("http://10.0.0.1:1000/fgtauth?01")], "sign_in", "fail gateway_sign_in"),
    "a portal that let it through": ([away("http://10.1.2.3/x"), GOOD], "works", "pass"),
    "a portal that no longer lets it through": ([GOOD, away("http://10.1.2.3/x")], "blocked", "fail http_unexpected_redirect_url"),
    "a portal by its status, that let it through": ([entry(status=511, headers=[]), GOOD], "works", "pass"),
    "a portal by its status, and then no more": ([GOOD, entry(status=511, headers=[])], "blocked", "fail network_authentication_required"),
    "a gateway that asks who this is": ([entry(status=401, headers=[], mime="text/html")], "sign_in", "fail gateway_sign_in"),
    "a gateway that asks who this is, in a header": ([entry(status=401, headers=[("WWW-Authenticate", "Negotiate")])], "sign_in", "fail gateway_sign_in"),
    "somebody asks who this is": ([entry(status=401, headers=[])], "unverified", "unverified"),
    "a host without a known mark asks who this is": ([entry(STRIPE, 401, [("WWW-Authenticate", "Basic")])], "unverified", "unverified"),
    "a loop of redirects": ([lost("TOO_MANY_REDIRECTS")], "unverified", "unverified redirect_loop"),
    "a loop of redirects of the origin": ([away("/", *MARK), away("/", *MARK, error=ERR + "TOO_MANY_REDIRECTS")], "unverified", "unverified redirect_loop"),
    "headers too large for somebody": ([entry(status=431, headers=[], **{"mime": "text/html"})], "proxy_limit", "fail request_head_limit"),
    "an address too large for somebody": ([entry(status=414, headers=[])], "proxy_limit", "fail request_head_limit"),
    "headers too large for the origin": ([entry(status=431)], "origin", "origin origin_too_large"),
    "headers too large for a host without a known mark": ([entry(STRIPE, 431, [])], "unverified", "unverified"),
    "a body that cannot be unpacked": ([entry(error=ERR + "CONTENT_DECODING_FAILED")], "blocked", "fail http_content_type_mismatch"),
    "an extension stops an answer": ([entry(error=ERR + "BLOCKED_BY_CLIENT")], "works", "pass"),
    "the machine stops an answer": ([entry(error=ERR + "ACCESS_DENIED")], "works", "pass"),
    "a WebSocket without a mark": ([entry(SOCKET, 101, [("Upgrade", "websocket")], mime="")], "unverified", "unverified"),
    "a WebSocket whose frames are broken": ([entry(SOCKET, 101, error=ERR + "WS_PROTOCOL_ERROR")], "stream_cut", "fail stream_cut"),
    "it was still open when it was exported": ([GOOD, PENDING], "works", "pass"),
    "a proxy that asks, and is told": ([entry(status=407, headers=[]), GOOD], "proxy_auth", "fail proxy_auth_required"),
    # Certificates.
    "the CA of a gateway": ([under("SSL-SG1-GLOBAL")], "intercepted", "fail ssl_intercepted"),
    "the CA of a company, for a host that need not be exempt": (
        [under("Our CA", STRIPE, 200, [], mime="text/javascript", _resourceType="script")], "works", "pass"),
    "an issuer that is no name": ([under({"CN": "WE1"})], "works", "pass"),
    "a CA that calls itself a public one and signs for a block page": (
        [under("WE1"), under("WE1", "https://x.chatgpt.com/", 403, [("X-Squid-Error", "ERR_ACCESS_DENIED 0")])], "intercepted",
        "fail ssl_intercepted, fail http_block_page"),
    # Hosts beside the list.
    "a companion that fails without a reason": ([lost("FAILED", url=BLOB)], "unlisted", ""),
    "a companion that fails and answers": ([lost("CONNECTION_RESET", url=BLOB), entry(BLOB)], "unlisted", ""),
    "a companion that serves no feature": ([lost("CONNECTION_RESET", url="https://sora.com/x")], "unlisted", ""),
    "a companion that is telemetry": ([lost("CONNECTION_RESET", url="https://events.mapbox.com/x"), GOOD], "unlisted", "pass, fail connection_reset"),
    # The origin asks for something, and is content.
    "a challenge that was solved": ([challenged(), entry("https://chatgpt.com/"), GOOD], "works", "pass"),
    "a challenge of one page, and others work": ([challenged(), GOOD], "origin", "origin origin_challenge"),
    "a challenge that comes back": ([challenged(), entry("https://chatgpt.com/"), challenged()], "origin", "origin origin_challenge"),
    "a challenge that never ends": ([challenged()] * 5, "origin", "origin origin_challenge"),
    "a challenge whose script is cut off": ([challenged(), lost("CONNECTION_RESET", url="https://challenges.cloudflare.com/turnstile/v0/api.js")], "tcp",
                                            "origin origin_challenge, fail connection_reset"),
    "signed in in the end": ([entry(status=401), GOOD], "works", "pass"),
    "not signed in for what matters": ([entry("https://chatgpt.com/backend-api/conversation", 401), GOOD], "origin", "origin origin_sign_in"),
    "refused for once": ([entry(status=403), GOOD], "origin", "origin origin_refusal"),
    "a redirect of the origin to the same address": ([away("https://chatgpt.com/backend-api/me#x", *MARK)] * 9, "unverified", "unverified"),
    "a redirect of the origin to the same path": ([away("me", *MARK)] * 9, "unverified", "unverified"),
    "a redirect of the origin to the next page": ([away("/next", *MARK)], "works", "pass"),
    # Gateways that could not, and that forbade nothing.
    "a bad gateway by a page": ([entry(status=502, **PAGE)], "proxy_error", "fail proxy_cannot_connect"),
    "a bad gateway by headers": ([entry(status=502, headers=[("Server", "nginx")])], "proxy_error", "fail proxy_cannot_connect"),
    "a bad gateway of which nothing was recorded": ([entry(status=502, headers=[])], "unverified", "unverified"),
    "a bad gateway of the origin": ([entry(status=502)], "origin", "origin origin_error"),
    "a bad gateway before a host without a known mark": ([entry(STRIPE, 502, **PAGE)], "unverified", "unverified"),
    "a gateway that waited": ([entry(status=504, text="<h1>504 Gateway Time-out</h1>", **PAGE)], "proxy_error", "fail proxy_timeout"),
    "a bad gateway that forbids": ([entry(status=502, text="The proxy denied the specified address", **PAGE)], "blocked", "fail http_block_page"),
    "a service that is not available": ([entry(status=503, **PAGE)], "blocked", "fail http_block_page"),
    "Charles could not": ([entry(status=503, text="<title>Charles Error Report</title>Failed to connect to remote host", **PAGE)], "proxy_error",
                          "fail proxy_cannot_connect"),
    "Fiddler found no name": ([entry(status=502, headers=[], text='[Fiddler] DNS Lookup for "chatgpt.com" failed.', mime="text/html")], "proxy_error",
                              "fail proxy_dns_failed"),
    "Fiddler could not": ([entry(status=502, headers=[], text="[Fiddler] The connection to 'chatgpt.com' failed.", mime="text/html")], "proxy_error",
                          "fail proxy_cannot_connect"),
    "SGOS could not": ([entry(status=503, text="Network Error (tcp_error) A communication error occurred", **PAGE)], "proxy_error",
                       "fail proxy_cannot_connect"),
    "SGOS found no name": ([entry(status=503, text="Network Error (dns_unresolved_hostname)", **PAGE)], "proxy_error", "fail proxy_dns_failed"),
    # Tunnels, as debugging proxies record them.
    "a tunnel that is denied": ([tunnel(403, ("Server", "x"), mime="text/html")], "proxy", "fail proxy_connect_denied"),
    "a tunnel that Squid denies": ([tunnel(403, ("X-Squid-Error", "ERR_ACCESS_DENIED 0"))], "blocked", "fail http_block_page"),
    "a tunnel for who signs in": ([tunnel(407)], "proxy_auth", "fail proxy_auth_required"),
    "a tunnel for who signs in, by 401": ([tunnel(401, ("WWW-Authenticate", "Basic"))], "proxy_auth", "fail proxy_auth_required"),
    "a tunnel that is denied by 401": ([tunnel(401)], "proxy", "fail proxy_connect_denied"),
    "a tunnel that is denied, with a word about users": ([tunnel(403, ("WWW-Authenticate", "Basic"))], "proxy", "fail proxy_connect_denied"),
    "a tunnel to nowhere": ([tunnel(503)], "proxy_error", "fail proxy_cannot_connect"),
    "a tunnel that takes too long": ([tunnel(504)], "proxy_error", "fail proxy_timeout"),
    "a tunnel through what is no proxy": ([tunnel(405), tunnel(400, url="http://chatgpt.com:443/")], "proxy", "fail proxy_none"),
    "a tunnel alone": ([tunnel(200)], "nothing", ""),
    "a tunnel that was cut": ([lost("CONNECTION_RESET", method="CONNECT", url="chatgpt.com:443")], "tcp", "fail connection_reset"),
    "a proxy that knows no user of this browser": ([lost("INVALID_AUTH_CREDENTIALS"), lost("MISSING_AUTH_CREDENTIALS"), lost("UNSUPPORTED_AUTH_SCHEME"),
                                                    lost("MISCONFIGURED_AUTH_ENVIRONMENT")], "proxy_auth", "fail proxy_auth_required"),
    # Messages of WebSockets.
    "a WebSocket that is heard": ([socket("send", "receive")], "works", "pass"), "a WebSocket of which nothing was recorded": ([socket()], "works", "pass"),
    "a WebSocket that nobody answers": ([socket("send", "send")], "unverified", "unverified"),
    "a WebSocket with a mark that nobody answers": ([dict(entry(SOCKET, 101), _webSocketMessages=[{"type": "send"}])], "unverified", "unverified"),
    "a WebSocket that broke": ([socket("send", "receive", "error", data="Invalid frame header")], "stream_cut", "fail stream_cut"),
    "a WebSocket through a proxy that denies": ([socket("error", status=0, data="Error in connection establishment: net::ERR_TUNNEL_CONNECTION_FAILED")],
                                                "proxy", "fail proxy_connect_denied"),
    "a WebSocket whose handshake was cut": ([socket("error", status=0, data="Connection closed before receiving a handshake response")], "blocked",
                                            "fail websocket_upgrade_refused"),
    "a WebSocket whose handshake took too long": ([socket("error", status=0, data="WebSocket opening handshake timed out")], "blocked",
                                                  "fail websocket_upgrade_refused"),
    "messages that are no messages": ([entry(SOCKET, 101, [], _webSocketMessages="text"), entry(SOCKET, 101, [], _webSocketMessages=["x", {"type": "pong"}])],
                                      "works", "pass"),
    # What browsers and programs write in another way.
    "a page in base64, by lines": ([entry(headers=[], mime="text/html", text="PGh0bWw+UG93ZXJlZCBCeSBG\nb3J0aUd1YXJk\n", _resourceType="document")],
                                   "blocked", "fail http_block_page"),
    "a status with its phrase": ([entry(status="200 OK")], "works", "pass"),
    "a status as a float": ([entry(status=200.0)], "works", "pass"),
    "a status of too many digits": ([entry(status=2000)], "unverified", "unverified never_answered"),
    "headers that are no list": ([dict(GOOD, response=dict(GOOD["response"], headers={"cf-ray": "1"}))], "unverified", "unverified"),
    "headers that are no headers": ([entry(headers=[*MARK]) | {"_securityDetails": [1], "timings": None}], "works", "pass"),
    "a name in capitals with a full stop": ([entry("HTTPS://CHATGPT.COM./backend-api/me")], "works", "pass"),
    "a sentence in German": ([lost("Die Netzwerkverbindung wurde unterbrochen.")], "tcp", "fail connection_reset"),
    "a certificate for another name, says Firefox": ([entry(status=0, error="SSL_ERROR_BAD_CERT_DOMAIN")], "tls", "fail ssl_invalid_hostname"),
    "a certificate that Firefox calls broken": ([entry(status=0, _securityState="broken")], "tls", "fail ssl_invalid_certificate"),
    "an answer under a certificate that Firefox calls broken": ([entry(_securityState="broken")], "works", "pass"),
}
CASES["a page in base64, by lines"][0][0]["response"]["content"]["encoding"] = "BASE64"


@pytest.mark.parametrize("name", CASES)
def test_an_odd_file(name):
    content, conclusion, checks = CASES[name]
    result = judge(content)
    found = ", ".join(" ".join(filter(None, (check["verdict"], check["failure"]))) for check in result["checks"])
    assert (result["conclusion"], ", ".join(sorted(found.split(", ")))) == (conclusion, ", ".join(sorted(checks.split(", ")))), result["message"]


@pytest.mark.parametrize("one,text", [
    (entry(status=403, headers=[("Server", "squid/5.7")]),
     "blocked by Squid (status 403; server: squid/), 1 of 1 requests, first at 2026-11-24T08:00:00.000Z"),
    (entry(status=403, headers=[], mime="text/html", text="Powered By FortiGuard"),
     "blocked by FortiGate (status 403; page contains 'Powered By FortiGuard'), 1"),
    (entry(status=403, startedDateTime="", **PAGE), "blocked by an unknown product (status 403, a web page without proof of the origin), 1 of 1 requests"),
    (entry(headers=[], mime="text/html", text="<html>", _resourceType="fetch"),
     "the response is not what was requested (a web page instead of fetch), 1"),
    (entry(headers=[], mime="text/html", text="<html>"), "the response is not what was requested (a web page instead of data), 1"),
    (under("Zscaler Root CA"), "decrypted by Zscaler Internet Access (issuer Zscaler Root CA), 1"),
    (under("Our CA"), "decrypted by an unknown product (issuer Our CA), 1"),
    (under("Check Point of us"), "decrypted by an unknown product, perhaps Check Point (issuer Check Point of us), 1"),
    (lost("CONNECTION_REFUSED", "146.112.61.106"),
     "its name resolves to a block address of Cisco Umbrella (net::ERR_CONNECTION_REFUSED, at 146.112.61.106; the name resolves to 146.112.61.106), 1"),
    (lost("CONNECTION_RESET", sent=5_000_000), "a large upload was rejected or cut off (net::ERR_CONNECTION_RESET while 5000000 bytes were sent), 1"),
    (entry(SOCKET, 101, [], error=ERR + "CONNECTION_RESET"), "(net::ERR_CONNECTION_RESET amid a WebSocket), 1"),
    (stream(1, 2, error=ERR + "TIMED_OUT"), "(net::ERR_TIMED_OUT amid an event stream), 1"),
    (PENDING, "never answered (no response, and no reason in the file), 1"),
    (stream(9000, 2), "a stream arrived all at once (buffered) (the first byte took 9000 ms, the rest 2 ms), 1"),
    (entry(SOCKET, 500, []), "not opened (status 500 instead of 101), 1"),
    (entry(SOCKET, 200), "the origin refuses (status 200 instead of 101), 1"),
    (entry(status=413, headers=[], sent=7), "cut off (status 413 to 7 bytes), 1"),
    (entry(status=404), "the origin refuses (only errors of the origin), 1"),
    (entry(headers=[]), "something answers, but there is no proof that it is the origin"),
    (lost("ABORTED"), "the page or the browser cancelled the requests, which says nothing about the network"), (GOOD, "chatgpt.com: answers"),
])
def test_what_is_said_of_it(one, text):
    check, = judge([one])["checks"]
    assert text in check["message"]
    assert ("first at" in check["message"]) is ("(" in check["message"] and "only errors" not in check["message"] and bool(one["startedDateTime"]))


def check_of(result: dict, host: str = "chatgpt.com") -> dict:
    check, = (one for one in result["checks"] if one["host"] == host)
    return check


def test_who_is_named_for_it():
    assert isolation.culprit(check_of(judge([under("Our CA")]))) == "the inspection CA 'Our CA'"
    hint = check_of(judge([under("Check Point of us")]))
    assert (hint["written_by"], hint["inspected_by"], isolation.culprit(hint)) == (None, None, "the inspection CA 'Check Point of us'")
    sure = check_of(judge([under("SSL-SG1-GLOBAL")]))
    assert (sure["written_by"], sure["inspected_by"]) == ("Symantec Cloud SWG", "Symantec Cloud SWG")


@pytest.mark.parametrize("one,fields", [
    (GOOD, ("open", None, None, None)), (under("Our CA"), ("open", "intercepted_trusted", None, None)), (under("WE1"), ("open", None, None, None)),
    (LOST, ("shut", None, None, None)),
    (under("SSL-SG1-GLOBAL"), ("open", "intercepted_trusted", None, "Symantec Cloud SWG")),
    (entry(status=403, headers=[("Server", "squid/5.7")]), ("shut", None, "Squid", None)), (entry(status=403, **PAGE), ("shut", None, "unknown", None)),
    (entry(headers=[], text="/mwg-internal/a/progress?id=1", mime="text/html"), ("shut", None, "Skyhigh Web Gateway", None)),
    (lost("CONNECTION_REFUSED", "146.112.61.106"), ("shut", None, "Cisco Umbrella", None)),
    (lost("CONNECTION_REFUSED", "0.0.0.0"), ("shut", None, None, None)),
    (entry(status=503, headers=[("X-Squid-Error", "ERR_DNS_FAIL 0")]), ("shut", None, None, "Squid"))])
def test_the_fields_of_a_check(one, fields):
    check = check_of(judge([one]))
    assert (check["issuer"] is None) is (check["interception"] is None)
    assert (check["state"], check["interception"], (check["blocked_by"] or {}).get("product"), check["written_by"]) == fields


def test_a_company_s_ca_for_a_host_that_need_not_be_exempt_is_no_matter():
    one, = judge([under("Our CA", STRIPE, 200, [], mime="text/javascript", _resourceType="script")])["checks"]
    assert (one["verdict"], one["interception"], one["issuer"]) == ("pass", None, None)


def test_what_comes_and_goes_is_a_flag_but_for_what_is_decrypted():
    assert {check["failure"]: check["flags"] for check in judge([GOOD, LOST, under("Our CA"), stream(9, 9)])["checks"]} == {
        "connection_reset": ["intermittent", "unproven"], "ssl_intercepted": ["unproven"], "stream_buffered": ["unproven"]}


HEAD = "1 requests, 1 hosts of the catalogue. "
SEEN = "1 of 1 requests, first at 2026-11-24T08:00:00.000Z"
MESSAGES = [
    ([GOOD], "works", None, HEAD + "nothing was blocked, decrypted, cut off or rewritten: every response has proof of the origin"),
    ([entry("https://portal.corp.example/")], "nothing", None,
     "1 requests, 0 hosts of the catalogue. it contains no requests to ChatGPT: record it while the problem happens"),
    ([LOST], "tcp", "ip_port_filter", HEAD + "chatgpt.com: the connection was reset (net::ERR_CONNECTION_RESET), %s. Next: " % SEEN),
    ([entry(status=451)], "origin", "origin_region",
     HEAD + "The network allows it, but the origin itself refuses: chatgpt.com: the origin refuses by region (status 451), %s. Next: " % SEEN),
    ([entry(headers=[])], "unverified", None, HEAD + "There is no proof that it works: chatgpt.com: something answers, but there is no proof that it "
                                                     "is the origin"),
    ([lost("ABORTED")], "not_network", None,
     HEAD + "There is no proof that it works: chatgpt.com: the page or the browser cancelled the requests, which says nothing about the network"),
    ([lost("CONNECTION_RESET", url="https://portal.corp.example/")], "unlisted", None,
     "1 requests, 0 hosts of the catalogue. Failed hosts outside every list: portal.corp.example"),
    ([GOOD, lost("CONNECTION_RESET", url="https://chatgpt.com/ces/v1/t")], "works", None,
     "2 requests, 1 hosts of the catalogue. nothing was blocked, decrypted, cut off or rewritten: every response has proof of the origin. "
     "Only telemetry: chatgpt.com: the connection was reset (net::ERR_CONNECTION_RESET), 1 of 1 requests under /ces/, first at 2026-11-24T08:00:00.000Z"),
    ([GOOD, entry("https://chatgpt.com/ces/v1/t", headers=[])], "works", None,
     "2 requests, 1 hosts of the catalogue. nothing was blocked, decrypted, cut off or rewritten: every response has proof of the origin"),
    ([under("WE1"), {"request": None}], "works", None,
     "1 requests, 1 hosts of the catalogue. 1 malformed entries were not read. nothing was blocked, decrypted, cut off or rewritten: every response "
     "has proof of the origin. Certificate issuers: WE1"),
]


@pytest.mark.parametrize("content,conclusion,remedy,message", MESSAGES, ids=lambda value: value if value in ("works", "origin") else "")
def test_the_message_and_what_comes_next(content, conclusion, remedy, message):
    found = judge(content)
    following = remedy and isolation.remedy(remedy, None)
    assert (found["conclusion"], found["next"], found["message"]) == (conclusion, following, message + (following or ""))


@pytest.mark.parametrize("creator,message", [
    ({"name": "WebKit Web Inspector"}, HEAD + "There is no proof that it works. Safari does not record failed requests, so a file without a fault proves "
                                              "nothing"),
    ({"name": "Firefox"}, MESSAGES[0][3] + ". Firefox does not record why a request failed"), ({"name": "Chrome"}, MESSAGES[0][3]), ("Firefox", MESSAGES[0][3]),
    (None, MESSAGES[0][3])])
def test_what_a_file_without_a_fault_proves(creator, message):
    one = har.Judge(CATALOGUE, TABLE)
    one.add(GOOD)
    assert one.result({"creator": creator})["message"] == message


def test_of_many_hosts_three_are_said_by_name():
    hosts = ["%s.chatgpt.com" % name for name in "abcde"]
    for one, more in ((dict(status=0, error=ERR + "CONNECTION_RESET"), "and 2 more. Next"), (dict(status=451), "and 2 more. Next"),
                      (dict(headers=[]), "and 2 more")):
        message = judge([entry("https://%s/" % host, **one) for host in hosts])["message"]
        assert more in message and "c.chatgpt.com" in message and "d.chatgpt.com" not in message
        assert "more" not in judge([entry("https://%s/" % host, **one) for host in hosts[:3]])["message"]
    others = judge([lost("CONNECTION_RESET", url="https://%s.corp.example/" % name) for name in "abcde"])["message"]
    assert others.endswith("Failed hosts outside every list: a.corp.example, b.corp.example, c.corp.example and 2 more")


def test_of_what_failed_what_got_furthest_counts_and_of_hosts_the_lowest():
    assert judge([lost("NAME_NOT_RESOLVED"), entry(status=403, **PAGE)])["conclusion"] == "blocked"
    assert judge([lost("NAME_NOT_RESOLVED"), entry("https://x.chatgpt.com/", 403, [], mime="text/html")])["conclusion"] == "dns"
    assert judge([entry("https://chatgpt.com/ces/v1/t", 0, error=ERR + "CONNECTION_RESET")])["conclusion"] == "tcp", "nothing else is in it"


def test_two_products_that_block_one_host_are_two_checks():
    pages = [entry(status=403, headers=[("Server", name)]) for name in ("squid/5.7", "Zscaler/6.2", "squid/5.7")]
    assert {check["blocked_by"]["product"]: check["message"].partition(", first")[0][-17:] for check in judge(pages)["checks"]} == {
        "Squid": "2 of 3 requests".rjust(17, " ").replace("  ", ", "), "Zscaler Internet Access": "1 of 3 requests".rjust(17, " ").replace("  ", ", ")}


def test_when_it_began_and_ended():
    found = judge([entry(startedDateTime=date) for date in ("2026-11-24T09:00:00Z", None, "2026-11-24T08:00:00Z", "")])
    assert (found["first"], found["last"], found["requests"]) == ("2026-11-24T08:00:00Z", "2026-11-24T09:00:00Z", 4)
    assert [judge([entry(startedDateTime=None)])[key] for key in ("first", "last")] == [None, None]


def test_which_features_of_which_port_it_is_about():
    found = {check["id"]: check for check in judge([
        entry("wss://chatgpt.com/x", 101), entry("wss://cdn.oaistatic.com/x", 101), entry("https://chatgpt.com:8443/"),
        entry("https://api.openai.com/ces/v1/t"),
        entry("https://ab.chatgpt.com/x"), entry("https://chatgpt.com/ces/v1/t")])["checks"]}
    assert found["chatgpt.com:websocket"]["features"] == ["websocket"] != found["chatgpt.com:https"]["features"]
    assert found["cdn.oaistatic.com:websocket"]["features"] and "websocket" not in found["cdn.oaistatic.com:websocket"]["features"]
    assert found["chatgpt.com:https"]["port"] == 8443 and found["ab.chatgpt.com:https"]["port"] == 443
    assert "api.openai.com:https" in found and found["chatgpt.com/ces/:https"]["features"] == ["telemetry"]


def test_what_of_hosts_of_no_list_counts_as_failed():
    host = "https://portal.corp.example/"
    failed = [lost("CONNECTION_RESET", url=host), lost("FAILED", url=host), entry(host, 403, [("Server", "Zscaler/6.2")])]
    others = [lost("ABORTED", url=host), lost("BLOCKED_BY_CLIENT", url=host), entry(host, 200, error=ERR + "FAILED"), entry(host, 0), entry(host, 500)]
    assert judge(failed + others)["unlisted"] == [{"host": "portal.corp.example", "requests": 8, "failed": 3, "known_as": None}]
    assert judge([entry("https://sora.com/"), entry("https://sora.com/")])["unlisted"][0]["known_as"] == "Sora"


def test_a_sign_in_or_a_request_that_is_still_open_is_a_flag_once_it_works():
    flags = {name: check_of(judge(CASES[name][0]))["flags"] for name in ("a portal that let it through", "it was still open when it was exported")}
    assert flags == {"a portal that let it through": ["gateway_sign_in"], "it was still open when it was exported": ["unanswered"]}


def test_the_exemption_is_missing_only_when_something_is_decrypted():
    assert judge([GOOD, LOST])["summary"]["exemption"] == "untested" and judge([GOOD, under("Our CA")])["summary"]["exemption"] == "missing"


@pytest.mark.parametrize("mime,text,page", [
    ("text/html; charset=utf-8", "", True), ("TEXT/HTML", "", True), ("", "<!DOCTYPE html>", True), ("", " <HTML lang=x>", True), ("", "<svg>", False),
    ("application/json", "", False)])
def test_what_a_web_page_is(mime, text, page):
    assert entries.read(entry(status=403, mime=mime, text=text)).page is page


@pytest.mark.parametrize("resource,accept,data", [
    ("script", "*/*", True), ("stylesheet", "*/*", True), ("image", "*/*", True), ("font", "*/*", True), ("fetch", "*/*", True), ("xhr", "*/*", True),
    ("eventsource", "text/event-stream", True), ("", "application/json", True), ("document", "text/html,application/json", False), ("", "*/*", False),
    ("document", "*/*", False)])
def test_whether_something_else_than_a_page_was_asked_for(resource, accept, data):
    one = entry(_resourceType=resource)
    one["request"]["headers"][0]["value"] = accept
    assert entries.read(one).for_data is data


@pytest.mark.parametrize("resource,mime,as_asked", [
    ("script", "text/javascript", True), ("script", "application/ecmascript", True), ("script", "application/json", True), ("script", "text/plain", False),
    ("stylesheet", "text/css", True), ("stylesheet", "text/javascript", False), ("image", "image/webp", True), ("image", "text/css", False),
    ("font", "font/woff2", True), ("font", "application/octet-stream", True), ("font", "image/png", False), ("fetch", "application/json", True),
    ("fetch", "TEXT/EVENT-STREAM", True), ("fetch", "text/plain", False), ("", "text/css", False)])
def test_whether_the_answer_has_the_type_that_was_asked_for(resource, mime, as_asked):
    assert entries.read(entry(_resourceType=resource, mime=mime)).as_asked is as_asked


@pytest.mark.parametrize("raw,broken", [
    ("text", True), (None, True), ({}, True), ({"request": {}, "response": []}, True), ({"request": 1, "response": {}}, True),
    ({"request": {}, "response": {}}, False)])
def test_what_is_no_entry(raw, broken):
    assert entries.malformed(raw) is broken
    assert broken or entries.read(raw) is None


@pytest.mark.parametrize("url,host", [("https://a.example/x", "a.example"), ("wss://a.example", "a.example"), ("ws://a.example", "a.example"),
                                      ("http://a.example", "a.example"), ("ftp://a.example", None), ("https:///x", None), ("https://a.example:0/", None),
                                      ("https://a.example:99999/", None), ("https://[x", None), (None, None), ("/x", None), ("data:text/html,x", None)])
def test_what_an_address_over_the_network_is(url, host):
    parts = entries.split(url)
    assert (parts and parts.hostname) == host and (parts is None) == (host is None)


@pytest.mark.parametrize("more,socket", [
    (dict(_resourceType="websocket"), True), (dict(url="wss://chatgpt.com/"), True), (dict(url="ws://chatgpt.com/"), True), ({}, False)])
def test_what_a_websocket_is(more, socket):
    assert entries.read(entry(**more)).kind == ("websocket" if socket else "https")
    asked = entry()
    asked["request"]["headers"].append({"name": "Upgrade", "value": "WebSocket"})
    assert entries.read(asked).kind == "websocket"


@pytest.mark.parametrize("size,length,sent", [(5, None, 5), (-1, "7", 7), (3, "9", 9), (9, "3", 9), (None, None, 0), ("x", "y", 0), ("4", None, 4)])
def test_how_much_was_sent(size, length, sent):
    one = entry(sent=size)
    one["request"]["headers"] += [{"name": "Content-Length", "value": length}] * (length is not None)
    assert entries.read(one).sent == sent


@pytest.mark.parametrize("content,status,body", [
    ({"text": "<p>", "mimeType": "text/html"}, 200, "<p>"), ({"text": "x", "mimeType": "text/css"}, 200, ""), ({"text": "x", "mimeType": "text/css"}, 403, "x"),
    ({"text": "x"}, 200, "x"), ({"text": None, "mimeType": "text/html"}, 200, ""),
    ({"text": "PHA+", "encoding": "base64", "mimeType": "text/html"}, 200, "<p>"),
    ({"text": "PHA+P", "encoding": "base64", "mimeType": "text/html"}, 200, "<p>"), ({"text": "\u00e9\u00e9\u00e9\u00e9", "encoding": "base64"}, 403, "")])
def test_what_of_a_body_is_looked_at(content, status, body):
    one = entry(status=status)
    one["response"]["content"] = content
    assert entries.read(one).body == body


@pytest.mark.parametrize("place,word", [("response", "_error"), ("entry", "_error"), ("response", "_failureText")])
def test_where_an_error_is_written(place, word):
    one = entry(status=0)
    (one if place == "entry" else one["response"])[word] = ERR + "NAME_NOT_RESOLVED"
    assert entries.read(one).error[0] == "dns"
    for nothing in (5, ""):
        (one if place == "entry" else one["response"])[word] = nothing
        assert entries.read(one).error is None


def test_what_is_missing_is_read_as_nothing():
    bare = entries.read({"request": {"url": "https://chatgpt.com/"}, "response": {}})
    assert (bare.status, bare.headers, bare.body, bare.sent, bare.error, bare.issuer, bare.address, bare.began, bare.resource, bare.local, bare.broken) == (
        0, {"content-type": ""}, "", 0, None, "", "", "", "", False, False)
    full = entries.read(entry(redirect="https://x.example/", _securityDetails={"issuer": " WE1 "}, _securityState="broken", _fromCache="disk"))
    assert (full.headers["location"], full.issuer, full.broken, full.local) == ("https://x.example/", "WE1", True, True)
    assert entries.read(entry(_fetchedViaServiceWorker=True)).local and entries.read(entry(headers=[("Non-Authoritative-Reason", "HSTS")])).local


def test_what_headers_and_numbers_are_read_as():
    odd = entry(headers=[("X", None), (None, "y"), ("cf-ray", 5)])
    odd["response"]["headers"].append("text")
    read = entries.read(odd | {"timings": {"wait": True, "receive": "5"}, "serverIPAddress": "[2001:db8::1]"})
    assert (read.headers["x"], read.headers["none"], read.headers["cf-ray"]) == ("", "y", "5")
    assert (read.waited, read.received, read.address, read.length) == (-1, -1, "2001:db8::1", 0)


def test_a_copy_of_an_odd_entry():
    safe = redactor()
    assert safe.entry(entry())["response"]["redirectURL"] == "" and safe.entry(away("/login"))["response"]["headers"][0]["value"] == "/login"
    assert safe.entry(away("/login?token=secret#x"))["response"]["headers"][0]["value"] == "/login?token=(removed)"
    assert safe.entry(away("//portal.corp.example/x"))["response"]["headers"][0]["value"] == "(removed)"
    assert safe.entry(entry(headers=[("Server", None)]))["response"]["headers"] == [{"name": "server", "value": ""}]
    assert safe.url("ws://chatgpt.com/") == "ws://chatgpt.com/" and "_securityDetails" not in safe.entry(under(""))
    assert safe.url("https://chatgpt.com/?model&model=x") == "https://chatgpt.com/?{name}=(removed)&model=(removed)"
    assert safe.entry(entry(headers=[("Via", "alice, 1.1 bob")]))["response"]["headers"][0]["value"] == "(removed), 1.1 {name}"
    silent = entry()
    silent["response"]["_error"] = ""
    assert "_error" not in safe.entry(silent)["response"] and safe.entry(lost("RESET"))["response"]["_error"] == "(removed)"
    assert [safe.entry(entry(_securityState=state)).get("_securityState") for state in ("broken", "secure")] == ["broken", None]
    assert safe.url("https:///x") == safe.url("ftp://chatgpt.com/") == "" and safe.url("https://ca.acme.goskope.com/x") == "https://{id}.{id}.goskope.com/{id}"
    assert safe.url("https://accounts.google.com/") == "https://accounts.google.com/"
    assert safe.entry(entry(headers=[("X-Cache-Lookup", "MISS from proxy1:3128")]))["response"]["headers"][0]["value"] == "MISS from {name}"
    assert [safe.entry(under(name))["_securityDetails"]["issuer"] for name in ("FGT60F0000000000", "Our CA", "SSL-SG1-GLOBAL", "WE1")] == [
        "(removed)", "(removed)", "SSL-SG1-GLOBAL", "WE1"]
    kept = [entry(_fetchType="Disk Cache"), entry(_fromCache="memory"), entry(_fetchedViaServiceWorker=True), entry(_fetchType="Network Load"), entry()]
    assert [safe.entry(one).get("_fromCache") for one in kept] == ["disk", "disk", "disk", None, None]
    assert safe.entry(entry(headers=[("Non-Authoritative-Reason", "HSTS")]))["response"]["headers"] == [{"name": "non-authoritative-reason", "value": "HSTS"}]


FULL = {
    "startedDateTime": "2026-11-24T08:00:00.123Z", "time": 12.5, "serverIPAddress": "[::ffff:146.112.61.106]", "_resourceType": "fetch",
    "_error": ERR + "FAILED", "_securityState": "broken", "_securityDetails": {"issuer": "Charles Proxy CA (alice)"},
    "timings": {"wait": 5, "receive": True, "ssl": -1, "x": 1},
    "request": {
        "method": "POST", "url": "https://chatgpt.com/c/alice?model=x&alice", "httpVersion": "h2", "headersSize": 7, "bodySize": 9,
        "headers": [{"name": "Accept", "value": "application/json"}, {"name": "X-Alice", "value": "1"}]},
    "response": {
        "status": "403 No", "httpVersion": "HTTP/1.1", "headersSize": True, "bodySize": 4, "redirectURL": "https://chatgpt.com/login", "_failureText": "alice",
        "_error": ERR + "CONNECTION_RESET", "cookies": [{"name": "oai-did"}, {"name": "alice"}, "x"],
        "content": {"size": 3, "mimeType": "text/html; charset=utf-8"},
        "headers": [{"name": name, "value": value} for name, value in (
            ("Content-Type", "text/html; charset=utf-8"), ("Proxy-Authenticate", "Basic realm=alice"), ("Server", "Squid/5.7"),
            ("Via", "1.1 alice (squid/5.7), 1.0 bob"), ("X-Cache", "HIT from alice"), ("X-Squid-Error", "ERR_ACCESS_DENIED 0"),
            ("Set-Cookie", "__cf_bm=alice; Path=/"), ("Location", "/login"), ("Date", "x"), ("Retry-After", "5"), ("Cf-Ray", "alice"))] + ["text"]}}


def test_a_copy_of_an_entry_that_has_everything():
    gone = "(removed)"
    assert redactor().entry(FULL) == {
        "startedDateTime": "2026-11-24T08:00:00.123Z", "time": 12.5,
        "request": {
            "method": "POST", "url": "https://chatgpt.com/c/{id}?model=(removed)&{name}=(removed)", "httpVersion": "h2", "cookies": [],
            "headers": [{"name": "accept", "value": "application/json"}], "headersSize": 7,
            "queryString": [{"name": "model", "value": gone}, {"name": "{name}", "value": gone}], "bodySize": 9},
        "response": {
            "status": 403, "statusText": "", "httpVersion": "HTTP/1.1", "cookies": [{"name": name, "value": gone} for name in ("oai-did", "{name}", "{name}")],
            "headers": [{"name": name, "value": value} for name, value in (
                ("content-type", "text/html; charset=utf-8"), ("proxy-authenticate", "Basic"), ("server", "Squid/5.7"),
                ("via", "1.1 {name} (squid/5.7), 1.0 {name}"), ("x-cache", "HIT from {name}"), ("x-squid-error", "ERR_ACCESS_DENIED 0"),
                ("set-cookie", "__cf_bm"), ("location", "/login"), ("date", gone), ("retry-after", "5"), ("cf-ray", gone))],
            "content": {"size": 3, "mimeType": "text/html; charset=utf-8"}, "redirectURL": "https://chatgpt.com/login", "headersSize": -1, "bodySize": 4,
            "_error": ERR + "CONNECTION_RESET", "_failureText": gone},
        "cache": {}, "timings": {"blocked": -1, "dns": -1, "connect": -1, "ssl": -1, "send": -1, "wait": 5, "receive": -1}, "_error": gone,
        "_resourceType": "fetch", "_securityState": "broken", "serverIPAddress": "::ffff:146.112.61.106",
        "_securityDetails": {"issuer": "Charles Proxy CA"}}
    bare = redactor().entry("text")
    request, response = bare["request"], bare["response"]
    assert (bare["startedDateTime"], bare["time"], request["method"], request["url"], response["status"], response["headers"]) == ("", -1, gone, "", 0, [])
    assert set(bare) == {"startedDateTime", "time", "request", "response", "cache", "timings"}


@pytest.mark.parametrize("name", [name for name in CASES if "tunnel" in name or "WebSocket" in name])
def test_the_copy_of_a_tunnel_and_of_messages_shows_the_same(name):
    safe, (content, conclusion, _checks) = redactor(), CASES[name]
    copied = [safe.entry(one) for one in content]
    assert "alice" not in str(copied)
    assert judge(copied)["conclusion"] == conclusion


def test_pages_that_the_origin_asks_about_are_remembered_up_to_a_number(monkeypatch):
    monkeypatch.setattr(seen, "_PAGES", 3)
    for count, conclusion in ((3, "works"), (4, "origin")):
        pages = ["https://chatgpt.com/%d" % number for number in range(count)]
        found = judge([challenged(page) for page in pages] + [entry(page) for page in pages])
        assert found["conclusion"] == conclusion
    assert check_of(judge(CASES["a challenge that was solved"][0]))["flags"] == ["origin_challenge"]


def test_a_redirect_to_a_gateway_s_own_host_is_known_in_the_copy():
    """But for FortiGate's, whose path says nothing to anybody else."""
    safe, lost_in_it = redactor(), []
    for place in (answer["headers"]["location"] for *_known, answer in BLOCKS + OTHERS if "location" in answer["headers"]):
        whole, copied = (judge([one])["checks"][0] for one in (away(place), safe.entry(away(place))))
        if (whole["failure"], isolation.culprit(whole)) != (copied["failure"], isolation.culprit(copied)):
            lost_in_it.append(place)
    assert [place for place in lost_in_it if "/CI/" not in place] == []
