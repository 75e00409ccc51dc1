# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The canary of the kit, a middlebox before it that does one thing to what passes, and what the probes and the judge make of it."""
from __future__ import annotations

import contextlib
import json
import re
import select
import socket
import ssl
import threading
import time

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.kit import canary
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import idle, options, runner, web, websocket
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog import catalogue
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import classify, isolation, summary
from tests.lab.pki import Authority
from tests.unit.test_classify import FRESH, TABLE, TODAY, http as http_seen, probe as wanted, seen, tls as tls_seen

PUBLIC = Authority("Test Public Root", "Test Trust")
NAME = "canary.test"


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    path = tmp_path_factory.mktemp("canary") / "leaf.pem"
    path.write_bytes(PUBLIC.leaf([NAME]))
    return path


@pytest.fixture(scope="module")
def port(pem):
    server = canary.Canary(("127.0.0.1", 0), str(pem), None)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


class Box:
    """Decrypts with a leaf that is trusted, so that its content alone tells, and carries both ways. ``request``: what becomes of the first part that the client
    sends; ``quiet``: cut after so many seconds of silence, or with ``swallow`` never carry anything more; ``old``: the same at an age of so many seconds;
    ``mute``: nothing after the answer's head."""

    def __init__(self, pem, upstream, request=None, quiet=None, swallow=False, mute=False, answer=None, old=None):
        self._inside, self._outside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._inside.load_cert_chain(pem)
        self._outside.check_hostname, self._outside.verify_mode = False, ssl.CERT_NONE
        self._upstream, self._request, self._quiet, self._swallow, self._mute, self._answer = upstream, request, quiet, swallow, mute, answer
        self._old = old
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client):
        with contextlib.suppress(OSError), self._inside.wrap_socket(client, server_side=True) as inside:
            first = inside.recv(65536)
            if self._answer:
                inside.sendall(self._answer)
                return
            with socket.create_connection(("127.0.0.1", self._upstream)) as far, self._outside.wrap_socket(far, server_hostname=NAME) as outside:
                outside.sendall(self._request(first) if self._request else first)
                self._pump(inside, outside)

    def _pump(self, inside, outside):
        # One thread for both ways: in two, OpenSSL takes the state of a write for the state of a read, and a connection seems to end.
        began, heard = time.monotonic(), None
        for each in (inside, outside):
            each.setblocking(False)
        while True:
            end = self._end(began, heard)
            left = 60 if self._swallow else max(0, end - time.monotonic())
            ready = [each for each in (inside, outside) if each.pending()] or select.select([inside, outside], [], [], left)[0]
            if not self._swallow and time.monotonic() > end:
                return
            for source in ready:
                try:
                    part = source.recv(65536)
                except ssl.SSLWantReadError:
                    continue
                if self._swallow and time.monotonic() > end:
                    time.sleep(30)
                if not part:
                    return
                if not self._mute or source is outside and not heard:
                    (inside if source is outside else outside).sendall(part)
                if heard or source is outside:
                    heard = time.monotonic()

    def _end(self, began, heard):
        if self._old:
            return began + self._old
        return heard + self._quiet if self._quiet and heard else began + 60

    def close(self):
        self._listener.close()


@contextlib.contextmanager
def box(pem, port, **how):
    made = Box(pem, port, **how)
    try:
        yield made.port
    finally:
        made.close()


def ask(port, *names, silences=(), timeout=2.0, **settings):
    """{id: check} of the canary's probes."""
    probes = [dict(one, port=port) for one in catalogue.canary_probes(NAME, "full", silences=silences) if one["id"] in names]
    made = runner.Settings(public_roots=PUBLIC.pem.decode(), pins={NAME: "127.0.0.1"}, timeout=timeout, deadline=8, **settings)
    return {check["id"]: check for check in classify.classify(probes, runner.run(probes, made)["observations"], FRESH, TABLE, TODAY)}


def without(name):
    return lambda head: re.sub(rb"(?im)^%s:.*\r\n" % name.encode(), b"", head)


def instead(name, value):
    return lambda head: re.sub(rb"(?im)^%s:.*\r\n" % name.encode(), ("%s: %s\r\n" % (name, value)).encode(), head)


# -- headers


def test_what_is_sent_is_plainly_a_dummy_and_arrives(port):
    assert web.DUMMIES["Authorization"] == canary.DUMMY and "dummy-and-no-secret" in canary.DUMMY
    check = ask(port, "canary_echo")["canary_echo"]
    assert (check["verdict"], check["flags"]) == ("pass", [])
    assert set(check["observations"]["http"]["arrived"].values()) == {"as_sent"}


@pytest.mark.parametrize("change,failure,remedy,said", [
    (without("Authorization"), "authorization_lost", "authorization_lost", "authorization is absent"),
    (instead("Authorization", "Basic Z2F0ZXdheTpzZWNyZXQ="), "authorization_changed", "authorization_lost", "authorization is changed"),
    (without("Cookie"), "cookie_stripped", "cookie_interception", "cookie is absent"),
    (instead("Cookie", "gateway=1"), "cookie_rewritten", "cookie_interception", "cookie is changed"),
    (instead("Cookie", "gateway=1; netaccess_sent=1"), None, None, None),
    (without("OpenAI-Beta"), "header_stripped", "header_filter", "openai-beta is absent"),
    (instead("Origin", "https://gateway.example"), "header_rewritten", "header_filter", "origin is changed")])
def test_a_header_that_does_not_arrive_as_it_was_sent(pem, port, change, failure, remedy, said):
    with box(pem, port, request=change) as place:
        check = ask(place, "canary_echo")["canary_echo"]
    assert check["failure"] == failure and check["verdict"] == ("fail" if failure else "pass")
    assert failure is None or failure in check["flags"] and said in check["message"] and isolation.sub_verdict(check) == remedy
    # Values that arrived are kept nowhere: the one of a gateway may be a secret.
    assert "Z2F0ZXdheTpzZWNyZXQ" not in str(check) and "gateway=1" not in str(check)


def test_a_canary_of_an_earlier_release_does_not_say_what_it_got(pem, port):
    """It left the Authorization header out of its echo, which is no sign that it was lost."""
    body = json.dumps({"headers": {name: value for name, value in web.DUMMIES.items() if name != "Authorization"}})
    earlier = "HTTP/1.1 200 OK\r\nSet-Cookie: %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (canary.COOKIE, len(body), body)
    with box(pem, port, answer=earlier.encode()) as place:
        check = ask(place, "canary_echo")["canary_echo"]
    assert (check["verdict"], check["flags"]) == ("pass", ["headers_not_shown"])
    assert "does not report whether the Authorization header arrived" in check["message"]


# -- WebSockets


def test_a_websocket_counts_once_a_frame_came_back(pem, port):
    assert ask(port, "canary_websocket")["canary_websocket"]["flags"] == []
    with box(pem, port, mute=True) as place:
        check = ask(place, "canary_websocket", timeout=0.5)["canary_websocket"]
    assert (check["verdict"], check["failure"]) == ("fail", "websocket_frames_lost") and check["observations"]["http"]["accepted"]
    assert isolation.sub_verdict(check) == "websocket_frames"


@pytest.mark.parametrize("before,change,said", [(b"", lambda data: data, True), (b"\x89\x01x", lambda data: data, True), (b"", lambda data: data[::-1], False),
                                                (b"\x82\x01x", lambda data: data, False), (b"\x88\x00", lambda data: data, "eof_error"),
                                                (b"\x82\x7e\x01\x00" + bytes(256), lambda data: data, False)],
                         ids=["as sent", "a ping first", "another frame", "one frame too many", "closed", "a long one"])
def test_only_the_frame_that_was_sent_counts_as_its_echo(before, change, said):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(2)
        data = websocket.send(ours)
        masked = theirs.recv(100)
        assert masked[:2] == b"\x82\xa0" and bytes(byte ^ masked[2 + at % 4] for at, byte in enumerate(masked[6:])) == data and masked[6:] != data
        theirs.sendall(before + b"\x82\x20" + change(data))
        if said == "eof_error":
            with pytest.raises(EOFError):
                websocket.receive(ours, data)
        else:
            assert websocket.receive(ours, data) is said


def test_a_far_end_that_leaves_or_says_nothing_has_sent_nothing_back():
    ours, theirs = socket.socketpair()
    ours.settimeout(0.1)
    assert websocket.echo(ours) == {"echoed": None, "failure": "generic_timeout_error"}
    theirs.close()
    assert websocket.echo(ours)["failure"] in ("eof_error", "connection_reset")
    ours.close()


def test_of_a_host_that_sends_nothing_back_only_the_handshake_is_shown():
    opened = seen(kind="websocket", http=http_seen(101, accepted=True))
    check, = classify.classify([wanted(kind="websocket")], [opened], FRESH, TABLE, TODAY)
    assert (check["verdict"], check["flags"]) == ("pass", ["handshake_only"]) and "not whether frames pass" in check["message"]
    # And of a canary that was not asked for a frame nothing is.
    check, = classify.classify([wanted(id="canary_websocket", entry=None, kind="websocket", options={"canary": True})], [dict(opened, id="canary_websocket")],
                               FRESH, TABLE, TODAY)
    assert check["failure"] == "websocket_frames_lost"


# -- silence


IDLE = ("canary_idle_stream", "canary_idle_websocket")


def test_silence_that_lasts(port):
    began = time.monotonic()
    checks = ask(port, *IDLE, silences=[0.6, 0.2])
    assert time.monotonic() - began < 1.8
    for check in checks.values():
        assert (check["verdict"], check["failure"]) == ("pass", None) and "open after 0.6 s of silence" in check["message"]


IDLE_LIMIT, LIFETIME = ("idle_cut", "idle_limit", "; a connection of the same age that is not silent survives"), (
    "lifetime_cut", "lifetime_limit", "; a connection of the same age that was not silent was cut too")


@pytest.mark.parametrize("how,said,limit", [
    ({"quiet": 1.6}, r"cut after [12]\.\d s of silence; 0\.8 s survived", IDLE_LIMIT),
    ({"quiet": 1.6, "swallow": True}, r"nothing came after 2\.4 s of silence; 0\.8 s survived", IDLE_LIMIT),
    ({"quiet": 0.5}, r"cut after \d\.\d s of silence; no shorter silence was tested", IDLE_LIMIT),
    ({"old": 1.6}, r"cut after [12]\.\d s of silence", LIFETIME),
    ({"old": 1.6, "swallow": True}, r"nothing came after 2\.4 s of silence", LIFETIME)], ids=lambda value: "-".join(value) if isinstance(value, dict) else "")
def test_silence_that_is_cut(pem, port, how, said, limit):
    with box(pem, port, **how) as place:
        checks = ask(place, *IDLE, silences=[0.8, 2.4, 3.2], timeout=1.5)
    for check in checks.values():
        assert (check["failure"], isolation.sub_verdict(check), check["verdict"], check["layer"]) == (*limit[:2], "fail", "application"), check["message"]
        assert re.search(said, check["message"]) and limit[2] in check["message"], check["message"]
        # The longest is not waited for once a shorter one was cut.
        assert [row["silence_s"] for row in check["observations"]["application"] if not row["every_s"]] in ([0.8], [0.8, 2.4])


def test_a_canary_of_an_earlier_release_does_not_speak_and_proves_no_age(pem, port):
    def silent(head):
        return re.sub(rb"&every=\S+", b"", head)
    with box(pem, port, quiet=0.6, request=silent) as place:
        checks = ask(place, *IDLE, silences=[0.4, 1.2], timeout=1)
    for check in checks.values():
        assert (check["failure"], "it is unknown whether the silence or the age of the connection is the cause" in check["message"]) == ("idle_cut", True)


def test_silences_that_no_time_is_left_for_are_refused_before_anybody_waits():
    probes = catalogue.canary_probes(NAME, "quick", silences=[30, 300])
    options.refuse_short({"probes": probes, "deadline": 310, "timeout": 10})
    for deadline in (309, None):
        with pytest.raises(options.OptionError, match="deadline: .*silence of 300.*310"):
            options.refuse_short({"probes": probes, "deadline": deadline, "timeout": 10})
    assert idle.announced(probes, 310) == (
        "takes 300 s, up to 310: connections to canary.test stay silent for 30, 300 s to find idle timeouts")
    quick = catalogue.canary_probes(NAME, "quick")
    assert idle.announced(quick, 60) is None
    options.refuse_short({"probes": quick, "deadline": 1, "timeout": 10})


@pytest.mark.parametrize("silences", [[0], [-1], [901], [1] * 9], ids=["none", "negative", "too long", "too many"])
def test_silences_that_nobody_keeps(silences):
    # A look of both kinds over both IP versions has room in a canary that nobody else asks.
    assert idle.LONGEST == canary.MAX_SILENCE and 4 * idle.MANY <= canary.MAX_SILENT
    with pytest.raises(catalogue.CatalogueError, match="canary_silences"):
        catalogue.canary_probes(NAME, "quick", silences=silences)
    with pytest.raises(catalogue.CatalogueError, match="canary_silences needs canary"):
        catalogue.endpoint_probes(catalogue.load(), catalogue.Selection(), "quick", silences=[30])


def test_a_silence_that_outlasts_the_run_is_an_error_and_no_claim(port):
    probes = [dict(one, port=port) for one in catalogue.canary_probes(NAME, "full", silences=[5]) if one["kind"] == "idle"]
    began = time.monotonic()
    seen_ = runner.run(probes, runner.Settings(public_roots=PUBLIC.pem.decode(), pins={NAME: "127.0.0.1"}, timeout=2, deadline=0.6))["observations"]
    assert time.monotonic() - began < 4
    for check in classify.classify(probes, seen_, FRESH, TABLE, TODAY):
        assert (check["verdict"], check["failure"]) == ("error", "generic_timeout_error")


def test_a_canary_holds_so_many_and_no_longer_than_it_says(pem):
    server = canary.Canary(("127.0.0.1", 0), str(pem), None)
    server.silent = threading.BoundedSemaphore(1)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    context = ssl.create_default_context(cadata=PUBLIC.pem.decode())

    def asked(silence):
        secure = context.wrap_socket(socket.create_connection(server.server_address), server_hostname=NAME)
        secure.sendall(b"GET /netaccess/stream?silence=%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % silence)
        return secure

    try:
        with asked(b"600") as first:
            while b"data: 0" not in first.recv(4096):
                pass
            full = ask(server.server_address[1], "canary_idle_stream", silences=[0.3])["canary_idle_stream"]
            assert (full["verdict"], full["failure"]) == ("origin", "canary_refused") and "status 503" in full["message"]
        # Who left makes room, long before the silence is over.
        until = time.monotonic() + 5
        while ask(server.server_address[1], "canary_idle_stream", silences=[0.1])["canary_idle_stream"]["verdict"] != "pass":
            assert time.monotonic() < until
        for silence in (b"901", b"nan", b"-1", b"x"):
            with asked(silence) as secure:
                assert b" 400 " in secure.recv(4096)
    finally:
        server.shutdown()


# -- who says no


def said(status, headers=None, **more):
    return dict({"status": status, "headers": headers or {}, "body": "", "failure": None}, **more)


CANARY = {"x-netaccess-canary": "1"}
KINDS = {
    "echo": ("canary_echo", lambda answer: {"http": dict(answer, cookies=[], echoed=None, arrived=None)}),
    "websocket": ("canary_websocket", lambda answer: {"http": dict(answer, cookies=[], accepted=False)}),
    "upload": ("canary_upload", lambda answer: {"http": None, "application": [
        dict(answer, bytes=1, sent=1, intact=None), said(None, bytes=9, sent=1, intact=None, failure="connection_reset")]}),
    "stream": ("canary_stream", lambda answer: {"http": None, "application": dict(answer, arrivals_ms=[])}),
    "idle": ("canary_idle_stream", lambda answer: {"http": None, "application": [dict(answer, opened=False, survived=False, silence_s=1, after_s=None)]})}


def inspected() -> dict:
    return {"tls": tls_seen("ssl_unknown_authority", {"cn": "X", "o": "Y"}, False), "system": tls_seen(None, None, False)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status,headers,genuine,verdict,failure", [
    (401, {}, False, "fail", "gateway_sign_in"), (407, {}, False, "fail", "gateway_sign_in"), (403, {}, False, "fail", "http_block_page"),
    (511, {}, False, "fail", "network_authentication_required"), (502, {}, False, "fail", "proxy_cannot_connect"),
    (401, {}, True, "origin", "canary_refused"), (407, {}, True, "origin", "canary_refused"), (403, {}, True, "origin", "canary_refused"),
    (500, {}, True, "origin", "canary_refused"), (503, CANARY, False, "origin", "canary_refused"), (503, CANARY, True, "origin", "canary_refused")])
def test_a_no_is_a_state_of_its_own_and_says_nothing_of_what_was_asked_for(kind, status, headers, genuine, verdict, failure):
    name, observed = KINDS[kind]
    asked, = [dict(one, exempt=False) for one in catalogue.canary_probes("chatgpt.com", "full", silences=[1]) if one["id"] == name]
    check, = classify.classify([asked], [seen(id=name, kind=kind, **observed(said(status, headers)), **({} if genuine else inspected()))], FRESH, TABLE, TODAY)
    assert (check["verdict"], check["failure"]) == (verdict, failure), check["message"]
    assert not {"cookie_stripped", "upload_truncated", "stream_cut", "websocket_stripped"} & set(check["flags"])
    assert "cookie" not in check["message"] and "upload" not in check["message"]
    assert isolation.sub_verdict(check) in isolation.REMEDIES and isolation.sub_verdict(check) != "unknown"
    assert verdict != "origin" or summary.summarise([check])["message"].startswith("the network allows it, but the far end refuses")


def test_who_refuses_an_upload_without_an_account_has_shown_nothing_of_large_ones():
    rows = [said(401, {"x-ms-request-id": "1"}, bytes=1, sent=1, intact=None), said(None, bytes=9, sent=1, intact=None, failure="connection_reset")]
    for more in ({}, inspected()):
        check, = classify.classify([wanted(kind="upload", entry="oaiusercontent", exempt=False)], [seen(kind="upload", http=None, application=rows, **more)],
                                   FRESH, TABLE, TODAY)
        assert (check["verdict"], check["failure"]) == ("unverified", "refused_before")


def test_who_wrote_a_no_is_not_known_where_the_origin_leaves_no_mark():
    for status, failure in ((401, "sign_in_wanted"), (403, "refused_by_somebody")):
        rows = [said(status, bytes=1, sent=1, intact=None)]
        check, = classify.classify([wanted(kind="upload", entry="stripe_js", exempt=False)],
                                   [seen(kind="upload", http=None, application=rows, **inspected())], FRESH, TABLE, TODAY)
        assert (check["verdict"], check["failure"]) == ("unverified", failure) and "origin_unproven" in check["flags"]


def test_a_sign_in_says_nothing_of_cookies_and_a_no_that_is_expected_is_none():
    asked = dict(expect={"set_cookie": ["sid; Secure"], "status": [200]}, exempt=False)
    for entry, verdict, failure in (("turnstile", "fail", "gateway_sign_in"), ("stripe_js", "unverified", "sign_in_wanted")):
        check, = classify.classify([wanted(entry=entry, **asked)], [seen(http=http_seen(401), **inspected())], FRESH, TABLE, TODAY)
        assert (check["verdict"], check["failure"], "cookie_stripped" in check["flags"]) == (verdict, failure, False)
    for more in ({}, inspected()):
        check, = classify.classify([wanted(entry="turnstile", **asked)], [seen(http=http_seen(503, {"cf-ray": "1"}), **more)], FRESH, TABLE, TODAY)
        assert "cookie_stripped" not in check["flags"]
    api = dict(expect={"status": [401], "content_type": "application/json"}, exempt=False)
    check, = classify.classify([wanted(entry="stripe_js", **api)], [seen(http=http_seen(401, {"content-type": "application/json"}), **inspected())],
                               FRESH, TABLE, TODAY)
    assert check["verdict"] == "pass"


def test_an_upgrade_that_is_taken_out_on_the_way_to_a_canary():
    asked, = [dict(one, exempt=False) for one in catalogue.canary_probes("chatgpt.com", "full") if one["kind"] == "websocket"]
    answer = http_seen(404, CANARY, accepted=False)
    check, = classify.classify([asked], [seen(id="canary_websocket", kind="websocket", http=answer, **inspected())], FRESH, TABLE, TODAY)
    assert (check["verdict"], check["failure"]) == ("fail", "websocket_upgrade_refused")


def test_an_upload_to_a_canary_counts_only_when_it_says_what_arrived():
    asked, = [one for one in catalogue.canary_probes("chatgpt.com", "full") if one["kind"] == "upload"]
    rows = [said(200, bytes=1, sent=1, intact=None)]
    check, = classify.classify([asked], [seen(id="canary_upload", kind="upload", http=None, application=rows)], FRESH, TABLE, TODAY)
    assert (check["verdict"], check["failure"]) == ("unverified", "http_content_type_mismatch")
