# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of uploads, streams, echoes, silences, NAT, records and portals: one observation a row, without a server."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import kinds, signatures

TABLE = signatures.load()
#: By a CA that the public roots do not vouch for, and by one that they do.
OTHERS, OWN = {"failure": "ssl_unknown_authority"}, {"failure": None}
SQUID, MARK = {"x-squid-error": "ERR_ACCESS_DENIED 0"}, {"cf-ray": "1-X"}
SCAN = '<a href="/mwg-internal/a/progress?id=1">'


def judged(kind, genuine=True, asked=(), **seen):
    probe = dict({"id": "x", "entry": "chatgpt", "kind": kind}, **dict(asked))
    return kinds.judge(probe, dict({"kind": kind, "tls": OWN if genuine else OTHERS, "http": None, "application": None}, **seen), genuine, TABLE)


def brief(found) -> tuple:
    """Layer, failure, whether it is proven, flags, product."""
    return found.layer, found.failure, found.proven, found.flags, found.match and found.match.product


NOTHING = ("application", None, True, [], None)
STRIPE, CANARY = (("entry", "stripe_js"),), (("entry", None), ("id", "canary_upload"), ("options", {"canary": True}))


def answer(status=200, headers=(), body="", failure=None, **more) -> dict:
    return dict({"status": status, "headers": dict(headers), "body": body, "failure": failure}, **more)


def row(size=1, status=404, intact=None, **more) -> dict:
    return answer(status, bytes=size, intact=intact, **more)


LOST = row(9, None, failure="connection_reset")


def test_a_kind_that_is_judged_by_its_page_alone_has_nothing_more():
    assert brief(judged("https")) == NOTHING


@pytest.mark.parametrize("rows,genuine,asked,found", [
    ([row(), row(9)], True, (), NOTHING), ([row(), row(9)], False, (), NOTHING),
    ([LOST], True, (), ("http", "connection_reset", True, [], None)),
    ([row(), LOST], True, (), ("application", "upload_truncated", False, ["cut_at_9_bytes"], None)),
    ([row(), LOST], False, (), ("application", "upload_truncated", True, ["cut_at_9_bytes"], None)),
    ([row(intact=True), LOST], True, (), ("application", "upload_truncated", True, ["cut_at_9_bytes"], None)),
    ([row(), row(9, 413)], True, (), ("application", None, True, ["upload_refused_by_origin"], None)),
    ([row(), row(9, 413)], False, (), ("application", "upload_truncated", True, ["cut_at_9_bytes"], None)),
    ([row(), row(9, 413, failure="eof_error")], True, (), ("application", None, True, ["upload_refused_by_origin"], None)),
    ([row(9, intact=False)], True, (), ("application", "upload_truncated", True, ["upload_changed"], None)),
    ([row(status=401), LOST], True, (), ("http", "refused_before", False, [], None)),
    ([row(status=403, headers=SQUID)], True, (), NOTHING),
    ([row(status=403, headers=SQUID)], False, (), ("http", "http_block_page", True, ["blocked"], "Squid")),
    ([row(9, 413, headers={"x-squid-error": "ERR_TOO_BIG 0"})], False, (), ("proxy", "proxy_limit", True, ["proxy_limit"], "Squid")),
    ([row(body=SCAN)], False, (), ("http", "progress_page", True, ["progress_page"], "Skyhigh Web Gateway")), ([row(body=SCAN)], True, (), NOTHING),
    ([row(status=403)], False, (), ("http", "http_block_page", True, ["blocked"], None)),
    ([row(status=403)], False, STRIPE, ("http", "refused_by_somebody", False, ["origin_unproven"], None)),
    ([row(status=200, intact=True)], True, CANARY, NOTHING), ([row(status=200, intact=True)], False, CANARY, NOTHING),
    ([row(status=200, intact=True), row(9, 200)], True, CANARY, ("application", "http_content_type_mismatch", False, [], None)),
    ([row(status=200)], False, CANARY, ("application", "http_content_type_mismatch", True, [], None))])
def test_an_upload(rows, genuine, asked, found):
    assert brief(judged("upload", genuine, asked, application=rows)) == found


FOUR = (("expect", {"events": 4, "interval_ms": 200}),)


@pytest.mark.parametrize("arrivals,more,genuine,asked,found", [
    ([0, 200, 400, 600], {}, True, FOUR, NOTHING), ([0, 100, 200, 300], {}, True, FOUR, NOTHING),
    ([0, 100, 200, 299], {}, True, FOUR, ("application", "stream_buffered", True, [], None)),
    ([900, 900, 900, 900], {}, True, FOUR, ("application", "stream_buffered", True, [], None)),
    ([0, 200], {}, True, FOUR, ("http", "eof_error", True, ["stream_cut"], None)), ([], {}, True, (), ("http", "eof_error", True, ["stream_cut"], None)),
    ([5], {}, True, (), NOTHING), ([5, 5], {}, True, (("expect", {"events": 2}),), NOTHING),
    ([], dict(status=503), True, FOUR, ("http", "refused_before", False, [], None)),
    ([0, 200, 400, 600], dict(status=503), True, FOUR, NOTHING),
    ([], dict(status=None, failure="generic_timeout_error"), False, FOUR, ("http", "generic_timeout_error", True, [], None)),
    ([], dict(status=None, headers=SQUID), False, FOUR, ("http", "eof_error", True, ["stream_cut"], None)),
    ([0], dict(failure="connection_reset"), True, FOUR, ("http", "connection_reset", True, [], None)),
    ([], dict(status=403, headers=SQUID), False, FOUR, ("http", "http_block_page", True, ["blocked"], "Squid")),
    ([], dict(status=403, headers=SQUID), True, FOUR, ("http", "refused_before", False, [], None))])
def test_a_stream(arrivals, more, genuine, asked, found):
    assert brief(judged("stream", genuine, asked, application=answer(arrivals_ms=arrivals, **more))) == found


def echo(genuine=True, echoed=(), **arrived):
    return judged("echo", genuine, http=answer(arrived=arrived, echoed=list(echoed)))


@pytest.mark.parametrize("arrived,failure,flags,detail", [
    ({"authorization": "same", "cookie": "same", "x-a": "same"}, None, [], None),
    ({"authorization": "absent"}, "authorization_lost", ["authorization_lost"], "of the request headers, authorization is absent"),
    ({"authorization": "changed", "cookie": "absent"}, "authorization_changed", ["authorization_changed", "cookie_stripped"],
     "of the request headers, authorization is changed, cookie is absent"),
    ({"cookie": "changed", "x-a": "same"}, "cookie_rewritten", ["cookie_rewritten"], "of the request headers, cookie is changed"),
    ({"x-a": "absent", "x-b": "absent"}, "header_stripped", ["header_stripped"], "of the request headers, x-a is absent, x-b is absent"),
    ({"x-a": "changed"}, "header_rewritten", ["header_rewritten"], "of the request headers, x-a is changed"),
    ({"authorization": "unknown"}, None, ["headers_not_shown"], None)])
def test_headers_that_do_not_arrive(arrived, failure, flags, detail):
    found = echo(**arrived)
    assert (found.failure, found.flags, found.detail) == (failure, flags, detail)


def test_headers_that_a_gateway_adds():
    assert echo(echoed=["via", "host"]).flags == ["headers_added"] and echo(echoed=["host", "x-own"]).flags == []
    assert echo(echoed=["forwarded"], cookie="absent").flags == ["headers_added", "cookie_stripped"]


@pytest.mark.parametrize("genuine", [True, False])
def test_an_echo_that_is_no_echo(genuine):
    found = judged("echo", genuine, http=answer(arrived=None, echoed=None))
    assert (found.failure, found.proven) == ("http_content_type_mismatch", not genuine)


@pytest.mark.parametrize("asked,accepted,application,failure,flags", [
    ((), False, None, None, []), ((), True, None, None, ["handshake_only"]), (CANARY, False, None, None, []), (CANARY, True, {"echoed": True}, None, []),
    (CANARY, True, {"echoed": False}, "websocket_frames_lost", ["websocket_frames_lost"]),
    (CANARY, True, None, "websocket_frames_lost", ["websocket_frames_lost"])])
def test_a_websocket(asked, accepted, application, failure, flags):
    found = judged("websocket", asked=asked, http=answer(101, accepted=accepted), application=application)
    assert (found.failure, found.flags) == (failure, flags)


def silence(seconds=10, survived=True, after=None, **more) -> dict:
    return dict({"silence_s": seconds, "survived": survived, "opened": True, "after_s": after, "status": 200, "headers": {}, "body": "", "failure": None},
                **more)


def beside(every=5, words=9, survived=True) -> dict:
    return silence(60, survived, every_s=every, words=words)


ASKED = (("options", {"silences": [10, 60]}),)
CUT = silence(60, False, 31)
UNKNOWN_CAUSE = "it is unknown whether the silence or the age of the connection is the cause"
SAME_AGE = "a connection of the same age that is not silent survives"


@pytest.mark.parametrize("rows,asked,found,detail", [
    ([silence(), silence(60)], ASKED, NOTHING, "open after 60 s of silence"),
    ([silence(), silence(60), beside()], ASKED, NOTHING, "open after 60 s of silence"),
    ([silence(), silence(60), CUT], ASKED, ("application", "idle_cut", True, ["idle_cut"], None), "cut after 31 s of silence; 60 s survived; " + UNKNOWN_CAUSE),
    ([silence()], ASKED, ("http", "not_reached_again", False, [], None), "10 s survived"),
    ([beside()], (), ("application", "http_request_failed", False, [], None), None),
    ([beside()], ASKED, ("http", "not_reached_again", True, [], None), None),
    ([silence(10, False, opened=False, failure="connection_refused")], ASKED, ("http", "connection_refused", True, [], None), None),
    ([silence(), silence(60, False, opened=False)], ASKED, ("http", "not_reached_again", False, [], None), "10 s survived"),
    ([silence(), CUT], ASKED, ("application", "idle_cut", True, ["idle_cut"], None), "cut after 31 s of silence; 10 s survived; " + UNKNOWN_CAUSE),
    ([CUT], ASKED, ("application", "idle_cut", True, ["idle_cut"], None),
     "cut after 31 s of silence; no shorter silence was tested; " + UNKNOWN_CAUSE),
    ([silence(), dict(CUT, failure="generic_timeout_error")], ASKED, ("application", "idle_cut", True, ["idle_cut"], None),
     "nothing came after 60 s of silence; 10 s survived; " + UNKNOWN_CAUSE),
    ([silence(), CUT, beside()], ASKED, ("application", "idle_cut", True, ["idle_cut"], None), "cut after 31 s of silence; 10 s survived; " + SAME_AGE),
    ([silence(), CUT, beside(survived=False)], ASKED, ("application", "lifetime_cut", True, ["lifetime_cut"], None),
     "cut after 31 s of silence; a connection of the same age that was not silent was cut too"),
    ([silence(), CUT, beside(words=0)], ASKED, ("application", "idle_cut", True, ["idle_cut"], None),
     "cut after 31 s of silence; 10 s survived; " + UNKNOWN_CAUSE),
    # Silent for as long as between two messages: the age may be the cause as well.
    ([silence(), dict(CUT, after_s=9), beside()], ASKED, ("application", "idle_cut", True, ["idle_cut"], None),
     "cut after 9 s of silence; 10 s survived; " + UNKNOWN_CAUSE),
    ([silence(), dict(CUT, after_s=10), beside()], ASKED, ("application", "idle_cut", True, ["idle_cut"], None),
     "cut after 10 s of silence; 10 s survived; " + SAME_AGE),
    ([silence(9, False, 31, failure="generic_timeout_error"), beside()], ASKED, ("application", "idle_cut", True, ["idle_cut"], None),
     "nothing came after 9 s of silence; no shorter silence was tested; " + UNKNOWN_CAUSE)])
def test_a_silence(rows, asked, found, detail):
    one = judged("idle", asked=asked, application=rows)
    assert (brief(one), one.detail) == (found, detail)


@pytest.mark.parametrize("status,headers,genuine,found", [
    (403, SQUID, False, ("http", "http_block_page", True, ["blocked"], "Squid")), (403, SQUID, True, ("http", "not_reached_again", True, [], None)),
    (502, {}, False, ("proxy", "proxy_cannot_connect", True, [], None)), (101, SQUID, False, ("http", "not_reached_again", True, [], None)),
    (None, SQUID, False, ("http", "not_reached_again", True, [], None))])
def test_a_page_in_place_of_a_silence(status, headers, genuine, found):
    rows = [silence(10, False, status=status, headers=headers, opened=False)]
    assert brief(judged("idle", genuine, ASKED, application=rows)) == found


@pytest.mark.parametrize("wanted,lines,missing,rewritten", [
    ([], [], [], []), (["sid"], ["sid; Path=/"], [], []), (["sid"], ["other"], ["sid"], []), (["sid; Secure"], [" sid ; secure"], [], []),
    (["sid; Secure; HttpOnly"], ["sid; Secure"], [], ["sid"]), (["a", "b; Secure"], ["b"], ["a"], ["b"])])
def test_cookies_that_are_wanted(wanted, lines, missing, rewritten):
    assert kinds.cookies({"set_cookie": wanted} if wanted else {}, lines) == (missing, rewritten)


@pytest.mark.parametrize("mapped,second,flags", [
    ("192.0.2.1:4000", "192.0.2.1:4001", ["symmetric_nat"]), ("192.0.2.1:4000", "192.0.2.2:4000", []), ("192.0.2.1:4000", None, []), (None, "192.0.2.1:1", [])])
def test_a_nat(mapped, second, flags):
    assert judged("stun", stun={"mapped": mapped, "mapped_second": second}).flags == flags


@pytest.mark.parametrize("options,alpn,flags", [({"hello": "h2"}, "h2", []), ({"hello": "h2"}, "http/1.1", ["h2_lost"]), ({"hello": "h2"}, None, ["h2_lost"]),
                                                ({"hello": "large"}, None, []), (None, None, [])])
def test_a_hello(options, alpn, flags):
    assert judged("tls", asked=[("options", options)], tls=dict(OWN, alpn=alpn)).flags == flags


def test_turn_quic_and_records():
    assert brief(judged("turn", application={"failure": "turn_no_answer"})) == ("application", "turn_no_answer", True, [], None)
    assert brief(judged("turn", application={"failure": None})) == NOTHING
    assert [judged("quic", application=one).flags for one in ({"versions": ["1"]}, {"versions": []}, None)] == [
        ["quic_open"], ["quic_unavailable"], ["quic_unavailable"]]
    assert [judged("dns", application=one).flags for one in ({"ech": True}, {"ech": False}, None)] == [["ech_advertised"], [], []]


@pytest.mark.parametrize("said,record,kind,offers", [
    ('h3=":443"', None, "https", True), ('h2=":443", h3-29=":443"', None, "https", True), ('h2=":443",h3=":443"', None, "https", True),
    ('h2="h3.example:443"', None, "https", False), ('xh3=":443"', None, "https", False), (None, None, "https", False), (None, {"alpn": ["h3"]}, "dns", True),
    (None, {"alpn": ["h2"]}, "dns", False), (None, {"alpn": None}, "dns", False), (None, None, "dns", False),
    # An upload's rows are no record.
    (None, [{"alpn": ["h3"]}], "upload", False)])
def test_who_offers_http3(said, record, kind, offers):
    assert kinds.offers_h3({"kind": kind, "http": answer(headers={"alt-svc": said} if said else {}), "application": record}) is offers
    assert kinds.offers_h3({"kind": kind, "http": None, "application": record}) is (offers and not said)


@pytest.mark.parametrize("http,expect,flags", [
    (None, {}, []), (answer(body="x"), None, []), (answer(204), {}, ["captive_portal"]), (answer(204), {"status": [204]}, []),
    (answer(body="Success"), {"body": "Success"}, []), (answer(body="Welcome"), {"body": "Success"}, ["captive_portal"]),
    (answer(None), {}, ["captive_portal"])])
def test_a_portal(http, expect, flags):
    assert judged("http", http=http, asked=[("expect", expect)]).flags == flags


@pytest.mark.parametrize("more,said", [
    ({}, {"h": "chatgpt.com", "ip": "203.0.113.9", "warp": "off"}), (dict(status=403), {}), (dict(path="/"), {}), (dict(body="ip=203.0.113.9"), {}),
    (dict(body="h=x\nno sign\nip=nonsense"), {"h": "x"}), (dict(body="h=x"), {"h": "x"}),
    (dict(body="h=a=b\nip=2001:db8::1"), {"h": "a=b", "ip": "2001:db8::1"})])
def test_a_trace(more, said):
    asked = dict({"path": "/cdn-cgi/trace", "status": 200, "body": "h=chatgpt.com\nip=203.0.113.9\nwarp=off\n"}, **more)
    assert kinds.trace({"path": asked["path"], "http": answer(asked["status"], body=asked["body"])}) == said
    assert kinds.trace({"path": asked["path"], "http": None}) == {}
