# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes against real servers on loopback: each layer's failures as they are seen on a wire."""
from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import http.client
import socket
import ssl
import struct
import threading
import time

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils import _public_roots
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import failures, runner, tls, tunnel
from tests.lab.pki import Authority

PUBLIC, PRIVATE = Authority("Test Public Root", "Test Trust"), Authority("Test Private Root", "Test Company")
HTTP = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: sid=secret; Secure\r\n\r\nok"


@contextlib.contextmanager
def server(behave, address="127.0.0.1"):
    """``behave(socket)`` runs for each connection; yields the port."""
    listener = socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET)

    def accept():
        while True:
            try:
                client, _peer = listener.accept()
            except OSError:
                return
            threading.Thread(target=_quietly, args=(behave, client), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def _quietly(behave, client):
    with contextlib.suppress(OSError, ValueError), client:
        behave(client)


def read_head(sock) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        part = sock.recv(4096)
        if not part:
            break
        data += part
    return data


def speaks_tls(tmp_path, pem, answer=lambda sock: (read_head(sock), sock.sendall(HTTP))):
    path = tmp_path / ("%s.pem" % hashlib.sha256(pem).hexdigest()[:8])
    path.write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)

    def behave(client):
        with context.wrap_socket(client, server_side=True) as secure:
            answer(secure)
    return behave


def probe(port, kind="https", host="a.test", **settings):
    options = dict(public_roots=PUBLIC.pem.decode(), pins={"a.test": "127.0.0.1", "b.test": "::1"}, timeout=5, deadline=10)
    options.update(settings)
    done = runner.run([{"id": "x", "host": host, "port": port, "kind": kind, "path": "/"}], runner.Settings(**options))
    return done["observations"][0], done


def test_a_healthy_host_costs_one_connection_and_is_seen_whole(tmp_path):
    with server(speaks_tls(tmp_path, PUBLIC.leaf(["a.test"]))) as port:
        seen, done = probe(port)
    assert done["connections"] == 1
    assert seen["tls"]["failure"] is None and seen["tls"]["leaf"]["sct"]
    assert seen["tls"]["leaf"]["issuer"] == {"cn": "Test Public Root", "o": "Test Trust"} and seen["tls"]["leaf"]["names"] == ["a.test"]
    assert (seen["http"]["status"], seen["http"]["body"]) == (200, "ok")


def test_values_of_cookies_are_not_kept(tmp_path):
    with server(speaks_tls(tmp_path, PUBLIC.leaf(["a.test"]))) as port:
        seen, _done = probe(port)
    assert seen["http"]["cookies"] == ["sid; Secure"] and "secret" not in str(seen)


@pytest.mark.parametrize("pem,failure", [
    (PRIVATE.leaf(["a.test"], sct=False), "ssl_unknown_authority"),
    (PUBLIC.leaf(["other.test"]), "ssl_invalid_hostname"),
    (PUBLIC.leaf(["a.test"], days=-1), "ssl_invalid_certificate"),
])
def test_a_certificate_that_does_not_verify_is_still_read(tmp_path, pem, failure):
    with server(speaks_tls(tmp_path, pem)) as port:
        seen, done = probe(port)
    assert seen["tls"]["failure"] == failure and seen["tls"]["leaf"] and seen["http"]["status"] == 200
    # The host's own store does not know the test's root either; then it is looked at unverified.
    assert seen["system"]["failure"] == "ssl_unknown_authority" and done["connections"] == 3


def test_the_absence_of_scts_is_seen(tmp_path):
    with server(speaks_tls(tmp_path, PUBLIC.leaf(["a.test"], sct=False))) as port:
        assert probe(port)[0]["tls"]["leaf"]["sct"] is False


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.recv(10)


@pytest.mark.parametrize("behave,failures", [
    (reset, {"connection_reset"}),
    (lambda client: client.recv(10000), {"eof_error", "connection_reset"}),
    (lambda client: (client.recv(10000), client.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")), {"ssl_no_tls"}),
], ids=["reset", "eof", "plain text"])
def test_handshakes_that_fail(behave, failures):
    with server(behave) as port:
        seen, _done = probe(port)
    assert seen["tls"]["failure"] in failures and seen["tls"]["leaf"] is None and seen["http"] is None


def test_a_refused_port_and_an_unknown_name():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert probe(port)[0]["tcp"]["failure"] == "connection_refused"
    seen, _done = probe(port, host="nobody.invalid")
    assert seen["dns"]["failure"].startswith("dns_") and seen["tcp"] is None


def test_ipv6_is_probed_on_its_own(tmp_path):
    with server(speaks_tls(tmp_path, PUBLIC.leaf(["b.test"])), "::1") as port:
        seen, _done = probe(port, host="b.test", versions=(6,))
    assert seen["ip_version"] == 6 and seen["tcp"]["address"] == "::1" and seen["http"]["status"] == 200


def test_a_truncated_answer_and_garbage_are_failures_of_http(tmp_path):
    short = speaks_tls(tmp_path, PUBLIC.leaf(["a.test"]), lambda s: (read_head(s), s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf")))
    garbage = speaks_tls(tmp_path, PUBLIC.leaf(["a.test"]), lambda s: (read_head(s), s.sendall(b"\x00\x01 nothing\r\n\r\n")))
    with server(short) as port:
        assert probe(port)[0]["http"]["failure"] == "eof_error"
    with server(garbage) as port:
        assert probe(port)[0]["http"]["failure"] == "http_request_failed"


# -- the proxy ------------------------------------------------------------------------------------------------------


def through(port, **settings):
    return probe(443, proxy=tunnel.parse_proxy("http://127.0.0.1:%d" % port), **settings)


def answers(raw):
    return lambda client: (read_head(client), client.sendall(raw))


def test_a_block_page_in_answer_to_connect_is_kept():
    page = b"HTTP/1.1 403 Forbidden\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\nContent-Length: 6\r\n\r\ndenied"
    with server(answers(page)) as port:
        seen, _done = through(port)
    assert (seen["connect"]["status"], seen["connect"]["headers"]["x-squid-error"], seen["connect"]["body"]) == (403, "ERR_ACCESS_DENIED 0", "denied")
    assert seen["tls"] is None and seen["dns"] is None and seen["via"] == "proxy"


def test_407_is_kept_with_its_scheme():
    with server(answers(b"HTTP/1.1 407 Needed\r\nProxy-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n")) as port:
        seen, _done = through(port)
    assert seen["connect"]["status"] == 407 and seen["connect"]["headers"]["proxy-authenticate"] == "Negotiate"


@pytest.mark.parametrize("raw,failure", [(b"nonsense\r\n\r\n", "http_request_failed"), (b"", "eof_error"), (b"HTTP/1.1 abc\r\n\r\n", "http_request_failed"),
                                         (b"HTTP/1.1 200", "eof_error")])
def test_a_proxy_that_answers_nonsense(raw, failure):
    with server(answers(raw)) as port:
        assert through(port)[0]["connect"]["failure"] == failure


def test_credentials_reach_the_proxy_and_no_output():
    heads = []
    with server(lambda client: (heads.append(read_head(client)), client.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"))) as port:
        proxy = tunnel.with_credentials(tunnel.parse_proxy("127.0.0.1:%d" % port), "alice", "canary")
        seen, _done = probe(443, proxy=proxy)
    assert base64.b64encode(b"alice:canary") in heads[0]
    assert "canary" not in str(seen) + repr(proxy) + str(proxy)
    assert base64.b64encode(b"alice:canary").decode() not in str(seen) + repr(proxy)


def test_the_environment_s_proxy_is_used_and_named(monkeypatch):
    with server(answers(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")) as port:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:%d" % port)
        monkeypatch.setenv("NO_PROXY", "b.test")
        monkeypatch.delenv("https_proxy", raising=False)
        assert probe(443, proxy="environment")[0]["proxy"] == "http://127.0.0.1:%d" % port
        assert probe(1, proxy="environment", host="b.test", versions=(6,))[0]["via"] == "direct"


def test_a_proxy_that_reopens_its_port_is_tried_again():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    seen, done = through(port, retries=1)
    assert seen["tcp"]["failure"] == "connection_refused" and done["connections"] == 1


# -- WebSocket ------------------------------------------------------------------------------------------------------


def upgrades(right):
    def answer(sock):
        head = read_head(sock).decode()
        key = next(line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key"))
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode() if right else "wrong"
        sock.sendall(("HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n" % accept).encode())
    return answer


@pytest.mark.parametrize("right", [True, False])
def test_an_upgrade_counts_only_with_the_right_key(tmp_path, right):
    with server(speaks_tls(tmp_path, PUBLIC.leaf(["a.test"]), upgrades(right))) as port:
        seen, _done = probe(port, "websocket")
    assert seen["http"]["status"] == 101 and seen["http"]["accepted"] is right


# -- the deadline ---------------------------------------------------------------------------------------------------


def test_everything_runs_at_once_and_ends_at_the_deadline():
    """Fifty hosts that accept and never answer: bounded by the deadline, not by their number."""
    held = threading.Event()
    with server(lambda client: held.wait(30)) as port:
        probes = [{"id": "p%d" % n, "host": "a.test", "port": port, "kind": "https", "path": "/"} for n in range(50)]
        began = time.monotonic()
        done = runner.run(probes, runner.Settings(public_roots=PUBLIC.pem.decode(), pins={"a.test": "127.0.0.1"}, timeout=60, deadline=1))
        took = time.monotonic() - began
        held.set()
    # Not a measurement: one probe after the other would take fifty times the timeout.
    assert took < 20
    assert {seen["failure"] for seen in done["observations"]} == {"generic_timeout_error"} and done["threads"] == 50


def test_more_probes_than_threads_all_get_their_turn():
    with server(lambda client: None) as port:
        probes = [{"id": "p%d" % n, "host": "a.test", "port": port, "kind": "tcp"} for n in range(runner.THREADS + 6)]
        done = runner.run(probes, runner.Settings(public_roots=PUBLIC.pem.decode(), pins={"a.test": "127.0.0.1"}, deadline=5))
    assert done["threads"] == runner.THREADS and done["connections"] == len(probes)
    assert {seen["failure"] for seen in done["observations"]} == {None}


def many(port, count, **roles) -> list:
    return [{"id": "p%d" % number, "host": "a.test", "port": port, "kind": "https", "path": "/", **roles} for number in range(count)]


def ask(probes, **settings) -> list:
    options = dict(public_roots=PUBLIC.pem.decode(), pins={"a.test": "127.0.0.1"}, timeout=2, deadline=10)
    return runner.run(probes, runner.Settings(**dict(options, **settings)))["observations"]


def test_what_many_connections_at_once_caused_is_asked_one_by_one(tmp_path):
    """Something on the way takes three connections at once and resets the others."""
    healthy, open_now, lock = speaks_tls(tmp_path, PUBLIC.leaf(["a.test"])), [0], threading.Lock()

    def limited(client):
        with lock:
            open_now[0] += 1
            allowed = open_now[0] <= 3
        try:
            time.sleep(0.2)
            if allowed:
                healthy(client)
            else:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        finally:
            with lock:
                open_now[0] -= 1

    with server(limited) as port:
        seen = ask(many(port, 10))
    assert {job["http"]["status"] for job in seen if job["http"]} == {200} and all(job["http"] for job in seen)
    assert sum(job["again"] is not None for job in seen) >= 6


def test_what_is_refused_one_by_one_as_well_stays_refused():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    seen = ask(many(port, 5))
    assert [(job["tcp"]["failure"], job["again"]) for job in seen] == [("connection_refused", "connection_refused")] * 5
    # A few are no burst.
    assert [job["again"] for job in ask(many(port, 3))] == [None] * 3


@pytest.mark.parametrize("role,again", [("negative", "generic_timeout_error"), ("wanted", None)])
def test_silence_of_a_host_that_must_stay_blocked_is_probed_again(role, again):
    with server(lambda client: time.sleep(3)) as port:
        job, = ask(many(port, 1, role=role), timeout=1.2)
    assert (job["tls"]["failure"], job["again"]) == ("generic_timeout_error", again)


def test_a_host_with_ipv6_alone_is_asked_over_ipv6(monkeypatch):
    for ways, asked in (({6}, (6,)), ({4}, (4,)), ({4, 6}, (4,)), (set(), (4,))):
        monkeypatch.setattr(runner, "_has_a_way", ways.__contains__)
        assert runner._versions({"kind": "https", "host": "a.test"}, runner.Settings(public_roots="")) == asked
    monkeypatch.setattr(runner, "_has_a_way", {6}.__contains__)
    assert runner._versions({"kind": "https", "host": "a.test"}, runner.Settings(public_roots="", versions=(4, 6))) == (4, 6)


@pytest.mark.parametrize("url,shown", [("socks5h://someone:se/cr@et@s.example.com:1080", "socks5h://s.example.com:1080"),
                                       ("https://proxy.example.com", "https://proxy.example.com")])
def test_a_proxy_variable_of_another_kind_ends_in_its_own_word_and_shows_no_password(monkeypatch, url, shown):
    monkeypatch.setenv("https_proxy", url)
    found, done = probe(443, proxy="environment")
    assert (found["via"], found["proxy"], found["connect"]["failure"], found["tcp"], done["connections"]) == ("proxy", shown, "other_kind", None, 1)


def test_an_exception_with_a_port_is_one_for_that_port(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://192.0.2.9:3128")
    monkeypatch.setenv("no_proxy", "chatgpt.com:443,b.test:8443")
    asked = [runner.effective_proxy({"kind": "https", "host": host, "port": 443}, runner.Settings(public_roots="", proxy="environment"))
             for host in ("chatgpt.com", "b.test")]
    assert [proxy is None for proxy in asked] == [True, False]


def test_a_proxy_variable_in_lower_case_counts(monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("all_proxy", "http://192.0.2.9:3128")
    found = runner.effective_proxy({"kind": "https", "host": "a.test", "port": 443}, runner.Settings(public_roots="", proxy="environment"))
    assert str(found) == "http://192.0.2.9:3128"


def test_each_attempt_is_a_new_connection(tmp_path):
    with server(speaks_tls(tmp_path, PUBLIC.leaf(["a.test"]))) as port:
        _seen, done = probe(port, consecutive=3)
    assert done["connections"] == 3 and [seen["attempt"] for seen in done["observations"]] == [0, 1, 2]


# -- words ----------------------------------------------------------------------------------------------------------


def unverified(code):
    error = ssl.SSLCertVerificationError("x")
    error.verify_code = code
    return error


@pytest.mark.parametrize("error,word", [
    (ConnectionRefusedError(errno.ECONNREFUSED, ""), "connection_refused"), (ConnectionResetError(errno.ECONNRESET, ""), "connection_reset"),
    (ConnectionAbortedError(errno.ECONNABORTED, ""), "connection_aborted"), (BrokenPipeError(errno.EPIPE, ""), "connection_reset"),
    (OSError(errno.EHOSTUNREACH, ""), "host_unreachable"), (OSError(errno.ENETUNREACH, ""), "network_unreachable"),
    (OSError(errno.ENETDOWN, ""), "network_down"), (OSError(errno.ETIMEDOUT, ""), "generic_timeout_error"), (socket.timeout(), "generic_timeout_error"),
    (socket.gaierror(socket.EAI_NONAME, ""), "dns_nxdomain_error"), (socket.gaierror(socket.EAI_AGAIN, ""), "dns_temporary_failure"),
    (socket.gaierror(socket.EAI_FAIL, ""), "dns_non_recoverable_failure"), (socket.gaierror(socket.EAI_NODATA, ""), "dns_no_answer"),
    (socket.gaierror(socket.EAI_SYSTEM, ""), "dns_server_misbehaving"), (ssl.SSLEOFError(8, ""), "eof_error"), (EOFError(), "eof_error"),
    (http.client.IncompleteRead(b""), "eof_error"), (http.client.RemoteDisconnected(""), "eof_error"), (ssl.SSLError(1, ""), "ssl_failed_handshake"),
    (http.client.BadStatusLine(""), "http_request_failed"), (OSError(errno.EMFILE, "10.1.2.3"), "unknown_failure: OSError"),
    (unverified(10), "ssl_invalid_certificate"), (unverified(62), "ssl_invalid_hostname"), (unverified(18), "ssl_unknown_authority"),
    (unverified(19), "ssl_unknown_authority"), (unverified(20), "ssl_unknown_authority"), (unverified(23), "ssl_invalid_certificate")])
def test_every_failure_has_its_word(error, word):
    assert failures.failure(error) == word


# -- small things ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("der", [b"", b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x00" * 50, b"\x30\x03\x30\x01\x02"])
def test_no_certificate_breaks_the_reader(der):
    assert tls.describe(der)["issuer"] is None


def test_the_shipped_roots_are_many_dated_and_loadable():
    context = tls.Contexts(_public_roots.PEM).get("public")
    assert context.cert_store_stats()["x509_ca"] == _public_roots.COUNT > 100
    assert _public_roots.DATE.count("-") == 2


@pytest.mark.parametrize("text", ["socks5://x:1", "http://", "https://proxy.example.com:443"])
def test_a_proxy_of_another_kind_is_refused_without_repeating_it(text):
    with pytest.raises(ValueError, match="http://host:port") as error:
        tunnel.parse_proxy(text)
    assert "socks" not in str(error.value) and "proxy.example.com" not in str(error.value)
