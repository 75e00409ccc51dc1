# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab itself: what its internet serves, that it is up at once, and that nothing of it stays behind, whatever ends it."""
from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography import x509

from tests.lab import network, squid
from tests.lab.client import fetch
from tests.lab.lab import ROOT, Internet, Lab, hosts
from tests.lab.process import wait_until

needs_squid = pytest.mark.skipif(squid.available() is not None, reason=str(squid.available()))
needs_namespaces = pytest.mark.skipif(network.available() is not None, reason=str(network.available()))
KINDS = [pytest.param(False, marks=needs_squid, id="explicit"), pytest.param(True, marks=[needs_squid, needs_namespaces], id="transparent")]
STARTER = """
import sys, time
from tests.lab.lab import Lab
with Lab(transparent=%r) as lab:
    print(lab.folder, lab.squid.name, flush=True)
    %s
"""


@pytest.fixture(scope="module")
def internet(tmp_path_factory):
    with Internet(tmp_path_factory.mktemp("internet")) as running:
        yield running


def start(transparent: bool, body: str) -> tuple:
    """Another process that brings a lab up: the process, and the words by which the lab's processes and files are known."""
    starter = subprocess.Popen([sys.executable, "-c", STARTER % (transparent, body)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    words = starter.stdout.readline().split()
    assert len(words) == 2
    return starter, words


def running(words: list) -> list:
    """Command lines of living processes that name one of ``words``; the dead that nobody collected yet have none."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if any(word in line for word in words):
            found.append(line)
    return found


def segments(name: str) -> list:
    return [path.name for path in Path("/dev/shm").glob(name + "*")]


@pytest.mark.parametrize("transparent", KINDS)
@pytest.mark.parametrize("ending", ["raise RuntimeError", *(pytest.param(other, marks=pytest.mark.exhaustive) for other in ("pass", "sys.exit(3)"))])
def test_nothing_stays_behind(transparent, ending):
    starter, words = start(transparent, ending)
    starter.wait(20)
    assert not Path(words[0]).exists()
    assert running(words) == []
    assert segments(words[1]) == []


@pytest.mark.parametrize("transparent", KINDS)
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "term"])
def test_nothing_runs_on_when_the_starter_is_killed(transparent, blow):
    starter, words = start(transparent, "time.sleep(600)")
    assert running(words) and segments(words[1])
    before = namespaces()
    starter.send_signal(blow)
    starter.wait(20)
    wait_until(lambda: not running(words) and not segments(words[1]), "the end of the lab's processes", seconds=10)
    if transparent:
        wait_until(lambda: len(namespaces()) <= len(before) - 5, "the end of the namespaces", seconds=10)
    subprocess.run(["rm", "-r", words[0]], check=True)


def namespaces() -> set:
    found = set()
    for link in Path("/proc").glob("[0-9]*/ns/net"):
        try:
            found.add(os.readlink(link))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("transparent", KINDS)
def test_a_lab_that_cannot_start_leaves_nothing_and_says_why(transparent, tmp_path):
    with pytest.raises(RuntimeError, match="squid: it ended while starting(.|\n)*no_such_acl"):
        with Lab(tmp_path / "lab", transparent=transparent, early="http_access deny no_such_acl"):
            pass
    assert running([str(tmp_path / "lab")]) == []


@pytest.mark.parametrize("transparent", KINDS)
def test_it_is_up_in_less_than_five_seconds(transparent):
    began = time.monotonic()
    with Lab(transparent=transparent) as lab:
        assert lab.squid.alive()
        assert time.monotonic() - began < 5


@needs_squid
def test_two_labs_live_side_by_side():
    with Lab() as one, Lab() as other:
        assert fetch("www.example.com", one.squid.port).open
        assert fetch("www.example.com", other.squid.port).open
    assert segments(one.squid.name) == segments(other.squid.name) == [] and running([str(one.folder), str(other.folder)]) == []


# -- its internet --------------------------------------------------------------------------------------------------


def connected(internet, host: str) -> ssl.SSLSocket:
    """A verified connection to ``host`` through the provider."""
    raw = socket.create_connection(("127.0.0.1", internet.provider), 10)
    raw.sendall(("CONNECT %s:443 HTTP/1.1\r\nHost: %s:443\r\n\r\n" % (host, host)).encode())
    assert raw.recv(200).startswith(b"HTTP/1.1 200")
    return ssl.create_default_context(cafile=str(internet.public)).wrap_socket(raw, server_hostname=host)


def ask(internet, host: str, request: str, body: bytes = b"") -> bytes:
    with connected(internet, host) as secure:
        secure.sendall((request + "\r\nHost: %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (host, len(body))).encode() + body)
        answer = b""
        while data := secure.recv(65536):
            answer += data
        return answer


@pytest.mark.parametrize("host", hosts())
def test_every_probed_host_has_a_leaf_of_the_public_authority_with_scts(internet, host):
    with connected(internet, host) as secure:
        leaf = x509.load_der_x509_certificate(secure.getpeercert(True))
    assert leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName) == [host]
    assert len(leaf.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value) > 0


def test_an_upload_arrives_whole(internet):
    body = os.urandom(3_000_000)
    said = json.loads(ask(internet, "chatgpt.com", "POST /__upload HTTP/1.1", body).split(b"\r\n\r\n", 1)[1])
    assert said == {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def test_events_come_one_by_one(internet):
    with connected(internet, "chatgpt.com") as secure:
        secure.sendall(b"GET /__sse HTTP/1.1\r\nHost: chatgpt.com\r\n\r\n")
        arrived, text = [], b""
        while data := secure.recv(65536):
            text += data
            arrived.append(time.monotonic())
    assert text.count(b"data: ") == 5
    assert arrived[-1] - arrived[0] > 0.2


def test_a_web_socket_echoes(internet):
    with connected(internet, "ws.chatgpt.com") as secure:
        secure.sendall(b"GET / HTTP/1.1\r\nHost: ws.chatgpt.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        head = secure.recv(4096)
        # The answer to this key stands in RFC 6455, section 1.3.
        assert head.startswith(b"HTTP/1.1 101") and b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
        secure.sendall(b"\x81\x82\x01\x02\x03\x04" + bytes([ord("h") ^ 1, ord("i") ^ 2]))
        assert secure.recv(100) == b"\x81\x02hi"


@pytest.mark.parametrize("host,request_line,status,text", [
    ("status.openai.com", "GET /api/v2/summary.json HTTP/1.1", b"200", b'"indicator": "none"'),
    ("api.openai.com", "GET /v1/models HTTP/1.1", b"401", b"error"),
    ("auth.openai.com", "GET /.well-known/openid-configuration HTTP/1.1", b"200", b'"issuer": "https://auth.openai.com"'),
    ("chatgpt.com", "GET /cdn-cgi/trace HTTP/1.1", b"200", b"h=chatgpt.com"),
])
def test_paths_answer_as_the_real_ones(internet, host, request_line, status, text):
    answer = ask(internet, host, request_line)
    assert answer.split(b" ")[1] == status
    assert text in answer


def test_an_unknown_name_is_refused_by_the_provider(internet):
    with socket.create_connection(("127.0.0.1", internet.provider), 10) as raw:
        raw.sendall(b"CONNECT unknown.example:443 HTTP/1.1\r\n\r\n")
        assert raw.recv(200).startswith(b"HTTP/1.1 502")
