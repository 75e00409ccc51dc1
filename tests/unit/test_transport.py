# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP against a real server: one connection, no write twice, waits that end, and errors that say what and not too much."""
from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
import threading
import time
from email.utils import formatdate

import pytest
import requests

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError, OutcomeUnknown
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport import connection
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import (
    Answer, Connection, Transport, busy_for,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.publish import download
from tests.contract.memory import MemoryAdapter
from tests.lab.pki import Authority
from tests.products.server import Fault, Reply, Twin


class Echo(Twin):
    """Counts what took effect."""

    done = 0

    def answer(self, request):
        self.done += 1
        return Reply.of_json({"path": request.path, "authorization": request.headers.get("authorization")})


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self):
        self.slept = []

    def now(self):
        return 1000 + sum(self.slept)

    def sleep(self, seconds):
        self.slept.append(seconds)


@pytest.fixture
def server():
    with Echo() as running:
        yield running


def to(server, **options) -> Transport:
    return Transport(Connection(server.url, **options), Clock())


def slept(client) -> list:
    return client._clock.slept


def test_one_connection_carries_everything_and_is_counted(server):
    client = to(server)
    for number in range(5):
        assert client.call("GET", "/%d" % number).data["path"] == "/%d" % number
    client.call("POST", "/w", write=True, json={"a": 1})
    assert server.connections == 1
    assert client.requests() == {"reads": 5, "writes": 1, "connections": 1, "waited": 0}


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_write_without_an_answer_is_never_sent_again(server, kind):
    server.faults = [Fault(kind, times=9)]
    with pytest.raises(OutcomeUnknown, match="is unknown whether the write took effect"):
        to(server).call("POST", "/w", write=True)
    assert len(server.log) == 1


def test_a_read_that_broke_is_repeated_and_then_given_up(server):
    server.faults = [Fault("drop_before", times=2)]
    client = to(server)
    assert client.call("GET", "/r").status == 200
    assert len(server.log) == 3 and len(slept(client)) == 2
    server.faults = [Fault("drop_before", times=9)]
    with pytest.raises(AccessError) as caught:
        to(server).call("GET", "/r")
    assert caught.value.failure == "unreachable" and not isinstance(caught.value, OutcomeUnknown)


def test_a_busy_device_is_waited_for_even_with_a_write(server):
    server.faults = [Fault("status", times=2, reply=Reply(429, b"", {"Retry-After": "7"}))]
    client = to(server)
    assert client.call("POST", "/w", write=True).status == 200
    assert slept(client) == [7, 7] and server.done == 1
    assert client.requests()["waited"] == 14


def test_waiting_ends_with_the_time_of_the_run(server):
    server.faults = [Fault("status", times=99, reply=Reply(429, b"", {"Retry-After": "25"}))]
    client = to(server, timeout=60)
    with pytest.raises(AccessError, match="429.*within 60 s") as caught:
        client.call("GET", "/r")
    assert caught.value.failure == "locked" and slept(client) == [25, 25]


@pytest.mark.parametrize("timeout,spent,cleanup,limits", [
    (600, 0, False, (10, 120)), (100, 0, False, (10, 100)), (100, 95, False, (5, 5)), (100, 99.5, False, (1, 1)),
    (600, 0, True, (10, 120)), (100, 40, True, (10, 60)), (100, 95, True, (10, 30)), (100, 250, True, (10, 30)),
])
def test_an_exchange_has_no_more_time_than_the_run(server, monkeypatch, timeout, spent, cleanup, limits):
    given, send = [], requests.adapters.HTTPAdapter.send
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", lambda *args, **options: given.append(options["timeout"]) or send(*args, **options))
    client = to(server, timeout=timeout)
    slept(client).append(spent)
    adapter = MemoryAdapter(None, ())
    adapter._transport = client
    if cleanup:
        adapter.begin_cleanup()
    assert client.call("GET", "/r").status == client.call("POST", "/w", write=True).status == 200
    assert given == [limits, limits]


def test_nothing_begins_after_the_time_of_the_run_but_what_takes_back_and_signs_out(server):
    """Else eight slow writes take eight times as long as one."""
    client = to(server, timeout=100)
    slept(client).append(101)
    for write in (False, True):
        with pytest.raises(AccessError, match=r"the run timed out .timeout, 100 s. before all requests") as caught:
            client.call("GET", "/r", write)
        assert caught.value.failure == "unreachable" and not isinstance(caught.value, OutcomeUnknown)
    client.begin_cleanup(undo=True)
    slept(client).append(99)
    assert client.call("GET", "/r").status == 200
    slept(client).append(2)
    with pytest.raises(AccessError, match="the run timed out .timeout, 100 s. before all requests"):
        client.call("GET", "/r")
    client.begin_cleanup()
    assert client.call("GET", "/r").status == 200
    assert len(server.log) == 2


def endless(head: bytes, drop: bytes):
    """What a device sends that answers drop by drop."""
    return itertools.chain([head], itertools.repeat(drop))


DRIPS = {
    "header": lambda: endless(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    "headers": lambda: endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "body": lambda: endless(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b" "),
    "chunks": lambda: endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
}


@contextlib.contextmanager
def speaking(parts, pause: float = 0.05, context=None):
    """A server that answers each request with ``parts()``, bytes after bytes, until its client goes away; its port. ``context``: of TLS."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=answer, args=listening.accept()[:1], daemon=True).start()

    def answer(connection):
        with contextlib.suppress(OSError), connection:
            tls = context.wrap_socket(connection, server_side=True) if context else connection
            tls.recv(65536)
            with tls.dup() if context is None else socket.socket(fileno=tls.detach()) as wire:
                for part in parts():
                    wire.sendall(part)
                    time.sleep(pause)
    threading.Thread(target=serve, daemon=True).start()
    with listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize("way", sorted(DRIPS))
def test_an_answer_that_drips_ends_with_the_time_of_the_run(way, monkeypatch):
    monkeypatch.setattr(connection, "LEAST_SECONDS", 0.1)
    with speaking(DRIPS[way]) as port:
        for write, kind in ((False, AccessError), (True, OutcomeUnknown)):
            began, client = time.monotonic(), Transport(Connection("http://127.0.0.1:%d" % port, timeout=0.3))
            with pytest.raises(kind, match="did not answer within|did not complete its answer") as caught:
                client.call("GET", "/r", write)
            assert isinstance(caught.value, OutcomeUnknown) is write
            assert caught.value.failure == "unreachable" and 0.2 < time.monotonic() - began < 3


@pytest.mark.parametrize("way", ["header", "body"])
def test_behind_a_proxy_an_answer_ends_in_time_as_well(way, monkeypatch):
    """That of the proxy itself, which opens the way to a device, and what comes through it."""
    monkeypatch.setattr(connection, "LEAST_SECONDS", 0.1)
    with speaking(DRIPS[way]) as port:
        for scheme in ("http", "https"):
            began = time.monotonic()
            client = Transport(Connection(scheme + "://fw.example", proxy="http://127.0.0.1:%d" % port, timeout=0.3))
            with pytest.raises(AccessError):
                client.call("GET", "/r")
            assert time.monotonic() - began < 3


@pytest.mark.parametrize("way", sorted(DRIPS))
def test_a_page_that_drips_ends_with_its_time(way):
    with speaking(DRIPS[way]) as port:
        began = time.monotonic()
        assert download.get("http://127.0.0.1:%d/page" % port, 0.2, True, None) == (None, "127.0.0.1 did not complete its answer within 0.2 s")
        assert time.monotonic() - began < 3


def test_a_tls_error_after_a_write_was_sent_is_an_unknown_outcome(tmp_path):
    """The certificate was accepted long before; setting another CA would help nobody."""
    authority, context = Authority("Root", "Test"), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (tmp_path / "leaf.pem").write_bytes(authority.leaf(["127.0.0.1"]))
    context.load_cert_chain(tmp_path / "leaf.pem")
    authority.write(tmp_path / "root.pem")
    with speaking(lambda: [b"this is no record of TLS"], context=context) as port:
        for write in (True, False):
            client = Transport(Connection("https://127.0.0.1:%d" % port, ca_path=str(tmp_path / "root.pem"), timeout=1), Clock())
            with pytest.raises(AccessError, match="the connection to .* was interrupted") as caught:
                client.call("POST", "/w", write)
            assert isinstance(caught.value, OutcomeUnknown) == write and caught.value.failure == "unreachable" and "ca_path" not in str(caught.value)


def test_a_device_that_is_silent_does_not_prolong_the_run(server):
    server.faults = [Fault("slow", times=9, seconds=30)]
    with pytest.raises(OutcomeUnknown, match="did not answer within 1 s.*is unknown whether the write took effect"):
        to(server, timeout=1).call("POST", "/w", write=True)
    with pytest.raises(AccessError, match="did not answer within 1 s") as caught:
        to(server, timeout=1).call("GET", "/r")
    assert caught.value.failure == "unreachable" and not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize("status,header,seconds", [
    (429, "3", 3), (429, "0 seconds", 1), (429, None, 5), (429, "soon", 5), (429, "\u00b2", 5), (503, "9", 9), (503, None, None), (200, "9", None),
    (500, None, None), (429, "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", 5), (429, "9" * 400, float("inf")),
])
def test_how_long_an_answer_asks_to_wait(status, header, seconds):
    assert busy_for(Answer(status, {} if header is None else {"retry-after": header})) == seconds


def test_a_date_in_retry_after_is_understood():
    assert 50 < busy_for(Answer(429, {"retry-after": formatdate(time.time() + 60, usegmt=True)})) < 61


def test_nothing_of_the_request_is_in_an_error():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        base = "http://127.0.0.1:%d" % taken.getsockname()[1]
        client = Transport(Connection(base, timeout=0), Clock())
        with pytest.raises(AccessError) as caught:
            client.call("POST", "/api?key=SECRET", write=True, params={"token": "SECRET"}, headers={"X": "SECRET"}, data={"p": "SECRET"})
    assert "SECRET" not in str(caught.value) and "Connection refused" in str(caught.value)
    assert caught.value.failure == "unreachable" and not isinstance(caught.value, OutcomeUnknown)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


@pytest.mark.parametrize("token", ["\u201cquoted\u201d", "two\nlines", " led", "half \udce9"], ids=["typographic", "lines", "blank", "surrogate"])
def test_a_credential_that_no_header_can_carry_is_named_and_nothing_is_sent(server, token):
    """Also as a write, whose outcome is known then."""
    client = to(server)
    for write in (False, True):
        with pytest.raises(AccessError, match="nothing was sent to .* check the token, key") as caught:
            client.call("GET", "/r", write=write, headers={"Authorization": token})
        assert caught.value.failure == "refused" and not isinstance(caught.value, OutcomeUnknown) and token.strip() not in str(caught.value)
        assert caught.value.__cause__ is None and caught.value.__suppress_context__
    assert not server.log and client.call("GET", "/r").status == 200


def test_a_redirect_is_shown_and_not_followed(server):
    server.faults = [Fault("status", reply=Reply(302, b"", {"Location": server.url + "/elsewhere"}))]
    assert to(server).call("GET", "/r").status == 302
    assert len(server.log) == 1


def test_a_netrc_of_the_user_does_not_replace_our_credentials(server, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert to(server).call("GET", "/r", headers={"Authorization": "Bearer ours"}).data["authorization"] == "Bearer ours"


def test_certificates_are_checked_against_what_the_task_names(tmp_path, monkeypatch):
    with Echo(tls=True) as server:
        ours = server.ca_file(tmp_path)
        other = tmp_path / "other.pem"
        with Echo(tls=True) as another:
            other.write_text(open(another.ca_file(tmp_path), encoding="ascii").read())
        server.authority.write(tmp_path / "twin-root.pem")
        # Set on many machines, and stronger than a session's own setting.
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
        assert to(server, ca_path=ours).call("GET", "/r").status == 200
        assert to(server, validate_certs=False).call("GET", "/r").status == 200
        with pytest.raises(AccessError, match="certificate of 127.0.0.1.*ca_path") as caught:
            to(server, timeout=0).call("POST", "/w", write=True)
        assert caught.value.failure == "unreachable" and not isinstance(caught.value, OutcomeUnknown)


def test_an_endless_answer_is_cut(server, monkeypatch):
    monkeypatch.setattr(connection, "MAX_BYTES", 1_000_000)
    server.faults = [Fault("status", times=9, reply=Reply(200, bytes(2_000_000)))]
    with pytest.raises(OutcomeUnknown):
        to(server).call("POST", "/w", write=True)
    with pytest.raises(AccessError, match="more than"):
        to(server, timeout=0).call("GET", "/r")


def test_a_missing_library_is_named(monkeypatch, server):
    monkeypatch.setattr(connection, "requests", None)
    with pytest.raises(AccessError, match="requests is missing"):
        to(server)
