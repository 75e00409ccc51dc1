# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""QUIC against aioquic, TURN and NAT against coturn, DNS against dnsmasq, HTTP/2 and large hellos against OpenSSL."""
from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest
from hypothesis import given, strategies as st

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import dns_, quic, runner, stun, tls, tunnel
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog import catalogue
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import classify, isolation, kinds
from tests.lab.pki import Authority
from tests.unit.test_classify import FRESH, TABLE, TODAY, probe as wanted, seen

PUBLIC = Authority("Test Public Root", "Test Trust")
LOCAL = ("127.0.0.1", "127.0.0.2")


def settings(**more) -> runner.Settings:
    return runner.Settings(**dict({"public_roots": PUBLIC.pem.decode(), "pins": {"a.test": LOCAL[0]}, "timeout": 3, "deadline": 8}, **more))


def run(port=443, **probe) -> dict:
    return runner.run([dict({"id": "x", "host": "a.test", "port": port, "path": "/"}, **probe)], settings())["observations"][0]


def free_udp() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((LOCAL[0], 0))
        return sock.getsockname()[1]


# -- QUIC -----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def quic_server(tmp_path):
    """A real one, on a free port."""
    from aioquic.asyncio.server import QuicServer
    from aioquic.quic.configuration import QuicConfiguration
    pem = tmp_path / "quic.pem"
    pem.write_bytes(PUBLIC.leaf(["a.test"]))
    config = QuicConfiguration(is_client=False, alpn_protocols=["h3"])
    config.load_cert_chain(pem, pem)
    loop, port = asyncio.new_event_loop(), free_udp()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    async def begin():
        await loop.create_datagram_endpoint(lambda: QuicServer(configuration=config), local_addr=(LOCAL[0], port))
    asyncio.run_coroutine_threadsafe(begin(), loop).result(10)
    yield port
    loop.call_soon_threadsafe(loop.stop)


def test_quic_that_gets_through(tmp_path):
    with quic_server(tmp_path) as port:
        found = run(port, kind="quic")
    assert "0x00000001" in found["application"]["versions"] and found["application"]["failure"] is None
    assert kinds.judge({"kind": "quic"}, found, False, TABLE).flags == ["quic_open"]


def test_quic_beside_a_proxy(tmp_path):
    asked = [{"id": "x", "host": "a.test", "port": 443, "kind": "quic", "options": {"beside": True}}]
    with quic_server(tmp_path) as port:
        for beside, flags in ((True, ["quic_beside_proxy"]), (False, [])):
            probes = [dict(asked[0], port=port, options={"beside": beside})]
            found = runner.run(probes, settings(proxy=tunnel.Proxy("127.0.0.1", 1)))["observations"]
            check, = classify.classify([wanted(kind="quic")], found, FRESH, TABLE, TODAY)
            assert (check["verdict"], check["flags"], "UDP 443 bypasses the proxy" in check["message"]) == ("skipped", flags, beside)


def test_quic_that_does_not():
    assert quic.negotiate(LOCAL[0], free_udp(), 1)["failure"] == "connection_refused"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((LOCAL[0], 0))
        began = time.monotonic()
        found = run(silent.getsockname()[1], kind="quic")
        assert time.monotonic() - began < 4 and found["application"]["failure"] == "generic_timeout_error"
        assert len(silent.recv(2048)) == 1200
    check, = classify.classify([wanted(kind="quic")], [seen(kind="quic", tls=None, http=None, application=found["application"])], FRESH, TABLE, TODAY)
    assert (check["verdict"], check["flags"]) == ("pass", ["quic_unavailable"])


@given(st.binary(max_size=80))
def test_answers_that_are_none(data):
    assert quic.parse(data, b"12345678", b"abcdefgh") == []
    assert dns_.parse(data)["addresses"] == [] or data[2] & 0x80
    # Somebody else's connection.
    good = b"\xc0\0\0\0\0\x08" + b"12345678" + b"\x08" + b"abcdefgh" + b"\0\0\0\x01"
    assert quic.parse(good, b"12345678", b"abcdefgh") == ["0x00000001"] and quic.parse(good, b"abcdefgh", b"12345678") == []


# -- STUN and TURN --------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def coturn(tmp_path, *options):
    program = shutil.which("turnserver")
    if program is None:
        pytest.skip("coturn is not here")
    pem = tmp_path / "turn.pem"
    pem.write_bytes(PUBLIC.leaf(["a.test"]))
    # A port may be taken by somebody else's process before the server has it.
    for _try in range(3):
        port, secure = free_for_both(), free_for_both()
        command = [program, "--no-cli", "-n", "--listening-ip", LOCAL[0], "--listening-ip", LOCAL[1], "--listening-port", str(port), "--tls-listening-port",
                   str(secure), "--cert", str(pem), "--pkey", str(pem), "--realm", "lab.test", "--pidfile", str(tmp_path / "turn.pid"), "--log-file",
                   str(tmp_path / "turn.log"), "--simple-log", "--userdb", str(tmp_path / "turn.db"), *options]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 20
            while not ready(secure) and time.monotonic() < until:
                time.sleep(0.2)
            if ready(secure):
                yield port, secure
                return
        finally:
            process.terminate()
            process.wait()
    pytest.fail("coturn does not answer: %s" % (tmp_path / "turn.log").read_text()[-2000:])


def ready(secure: int) -> bool:
    """Whether the server answers on its TLS port with our certificate, and not somebody else on a port that looked free."""
    seen = run(secure, kind="turn")
    return (seen["tls"] or {"failure": "no answer"})["failure"] is None and bool(seen["application"]) and seen["application"]["failure"] is None


def free_for_both() -> int:
    """A port that is free for TCP and for UDP."""
    while True:
        number = free_udp()
        with contextlib.suppress(OSError), socket.create_server((LOCAL[0], number)):
            return number


def test_turn_over_tls_proves_itself_by_asking_for_a_user(tmp_path):
    with coturn(tmp_path, "--lt-cred-mech", "--user", "a:b") as (port, secure):
        found = run(secure, kind="turn")
        assert found["application"] == {"realm": "lab.test", "error": 401, "failure": None} and found["tls"]["failure"] is None
        assert stun.binding(LOCAL[0], port, 3)["mapped"].startswith("127.0.0.1:")
        # Both addresses of the server see the same port of ours: there is no NAT.
        both = stun.binding(LOCAL[0], port, 3, None, LOCAL[1])
        assert both["mapped"].rpartition(":")[2] == both["mapped_second"].rpartition(":")[2]
        assert stun.binding(LOCAL[0], port, 3, None, "127.0.0.3")["mapped_second"] is None


#: 401 with a realm, to somebody else's question.
ANOTHERS = struct.pack("!HHI", 0x0113, 16, 0x2112A442) + bytes(12) + struct.pack("!HHBBBB", 9, 4, 0, 0, 4, 1) + struct.pack("!HH4s", 0x14, 4, b"lab.")


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", ANOTHERS, b""])
def test_what_is_no_turn_server(tmp_path, answer):
    pem = tmp_path / "leaf.pem"
    pem.write_bytes(PUBLIC.leaf(["a.test"]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with socket.create_server((LOCAL[0], 0)) as listener:
        def serve():
            with contextlib.suppress(OSError), context.wrap_socket(listener.accept()[0], server_side=True) as secure:
                secure.recv(2048)
                secure.sendall(answer)
        threading.Thread(target=serve, daemon=True).start()
        found = run(listener.getsockname()[1], kind="turn")
    assert found["application"]["failure"] in ("turn_no_answer", "eof_error")
    check, = classify.classify([wanted(kind="turn")], [seen(kind="turn", http=None, application=found["application"])], FRESH, TABLE, TODAY)
    assert (check["verdict"], check["layer"]) == ("fail", "application")


def test_the_published_voice_addresses_are_asked_two_by_two():
    probes = [one for one in catalogue.endpoint_probes(catalogue.load(), catalogue.Selection(), "quick", udp=True) if one["kind"] == "stun"]
    assert probes[0]["options"] == {"second": probes[1]["host"]} and probes[1]["options"] == {}


# -- DNS ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rcode,word", [(2, "dns_servfail_error"), (3, "dns_nxdomain_error"), (5, "dns_refused_error"), (9, "dns_server_misbehaving"),
                                        (0, "dns_no_answer")])
def test_what_a_resolver_says_instead(rcode, word):
    assert dns_.parse(b"id" + struct.pack("!HHHHH", 0x8180 | rcode, 0, 0, 0, 0))["failure"] == word


def test_an_answer_with_addresses_and_a_service_record():
    name = b"\x07chatgpt\x03com\0"
    rows = [(dns_.A, socket.inet_aton("192.0.2.7")), (dns_.HTTPS, struct.pack("!H", 1) + b"\0" + struct.pack("!HH", 1, 6) + b"\x02h2\x02h3"
                                                      + struct.pack("!HH", 5, 2) + b"xx")]
    answer = b"id" + struct.pack("!HHHHH", 0x8180, 1, len(rows), 0, 0) + name + struct.pack("!HH", 1, 1)
    for kind, data in rows:
        answer += b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data
    assert dns_.parse(answer) == {"addresses": ["192.0.2.7"], "alpn": ["h2", "h3"], "ech": True, "failure": None}
    assert dns_.parse(answer[:-9])["failure"] == "dns_server_misbehaving"


def test_an_answer_to_another_question_is_none(monkeypatch):
    """A resolver that first answers with another number and then rightly, on the port that there is no way to choose but for this."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((LOCAL[0], 0))

        def serve():
            for change in (1, 0):
                request, peer = server.recvfrom(2048)
                address = b"\xc0\x0c" + struct.pack("!HHIH", dns_.A, 1, 60, 4) + socket.inet_aton("192.0.2.%d" % (7 + change))
                server.sendto(bytes([request[0] ^ change]) + request[1:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0) + request[12:] + address, peer)
        threading.Thread(target=serve, daemon=True).start()
        port = server.getsockname()[1]
        real = socket.socket.connect
        monkeypatch.setattr(dns_.socket.socket, "connect", lambda sock, place: real(sock, (place[0], port)))
        assert dns_.ask(LOCAL[0], "chatgpt.com", dns_.A, 2)["addresses"] == ["192.0.2.7"]


def test_the_resolvers_of_this_host(tmp_path):
    path = tmp_path / "resolv.conf"
    path.write_text("# nameserver 9.9.9.9\nnameserver 192.0.2.2\n  nameserver fd00::1\noptions timeout:1\n")
    assert dns_.resolvers(str(path)) == ["192.0.2.2", "fd00::1"] and dns_.resolvers(str(tmp_path / "none")) == []
    # Behind a stub of its own those that it asks, and nobody when that is not known.
    assert dns_.behind(str(path), str(tmp_path / "none")) == ["192.0.2.2", "fd00::1"]
    stub = tmp_path / "stub.conf"
    stub.write_text("nameserver 127.0.0.53\nnameserver ::1\n")
    assert dns_.behind(str(stub), str(path)) == ["192.0.2.2", "fd00::1"] and dns_.behind(str(stub), str(tmp_path / "none")) == []


# -- handshakes -----------------------------------------------------------------------------------------------------


def whole(secure) -> bytes:
    """A request with the beginning of its body, or what there is of it when the other side has gone."""
    read = b""
    while not read.partition(b"\r\n\r\n")[2]:
        part = secure.recv(70000)
        if not part:
            break
        read += part
    return read


@contextlib.contextmanager
def secure_server(tmp_path, alpn):
    pem = tmp_path / "leaf.pem"
    pem.write_bytes(PUBLIC.leaf(["a.test"]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.set_alpn_protocols(alpn)
    sizes = []
    with socket.create_server((LOCAL[0], 0)) as listener:
        def serve():
            while listener.fileno() >= 0:
                with contextlib.suppress(OSError):
                    client = listener.accept()[0]
                    sizes.append(int.from_bytes(client.recv(5, socket.MSG_PEEK)[3:5], "big"))
                    context.wrap_socket(client, server_side=True).close()
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1], sizes


@pytest.mark.parametrize("alpn,flags", [(["h2", "http/1.1"], []), (["http/1.1"], ["h2_lost"])])
def test_http2(tmp_path, alpn, flags):
    with secure_server(tmp_path, alpn) as (port, _sizes):
        found = run(port, kind="tls", options={"hello": "h2"})
    assert found["tls"]["failure"] is None and kinds.judge({"kind": "tls", "options": {"hello": "h2"}}, found, True, TABLE).flags == flags


def test_a_large_hello_needs_several_packets(tmp_path):
    with secure_server(tmp_path, ["http/1.1"]) as (port, sizes):
        assert run(port, kind="tls", options={"hello": "large"})["tls"]["failure"] is None
        assert run(port, kind="tls")["tls"]["failure"] is None
    assert sizes[0] > 1500 and sizes[1] < sizes[0] - 1000


def test_contexts_are_made_once_and_only_when_needed():
    made = tls.Contexts(PUBLIC.pem.decode())
    assert made.get("public") is made.get("public") and made.get("public") is not made.get("public", "h2")


def test_a_turn_server_is_asked_when_the_site_names_one():
    def asked(**more):
        return [one for one in catalogue.endpoint_probes(catalogue.load(), catalogue.Selection(), **more) if one["kind"] == "turn"]
    assert asked() == [] and asked(turn="turn.example.net", cost="quick") == []
    found, = asked(turn="turn.example.net:5349")
    assert (found["host"], found["port"], found["features"], found["cost"]) == ("turn.example.net", 5349, ["voice"], "full")
    with pytest.raises(catalogue.CatalogueError, match="turn: 'no host'"):
        asked(turn="no host")


@pytest.mark.parametrize("place,said", [("canary.example.net", 443), ("canary.example.net:8443", 8443), ("no host", None), ("a:b", None)])
def test_where_a_canary_is(place, said):
    if said is None:
        with pytest.raises(catalogue.CatalogueError, match="canary"):
            catalogue.canary_probes(place, "full")
    else:
        assert {one["port"] for one in catalogue.canary_probes(place, "full")} == {said}
        assert len(catalogue.canary_probes(place, "quick")) == 3


def test_a_proxy_without_an_address_is_a_fault_of_the_proxy():
    asked = [dict(wanted(), port=443)]
    done = runner.run(asked, settings(proxy=tunnel.Proxy("nobody.invalid", 3128)))
    check, = classify.classify(asked, done["observations"], FRESH, TABLE, TODAY)
    assert check["layer"] == "proxy" and check["failure"].startswith("proxy_dns_") and isolation.sub_verdict(check) == "proxy_unreachable"


def test_what_was_observed_for_the_name_itself_stays(tmp_path):
    """The second try goes to the same place; where that one is refused, the first observation must not change."""
    tries = []

    def serve(listener):
        with contextlib.suppress(OSError):
            client = listener.accept()[0]
            tries.append(client.recv(100))
            listener.close()
            client.close()
    listener = socket.create_server((LOCAL[0], 0))
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    found = run(listener.getsockname()[1], kind="https")
    assert found["tcp"]["failure"] is None and found["tls"]["failure"] in ("connection_reset", "eof_error") and found["other_name"] is None


@pytest.mark.parametrize("answer,rungs", [(b'{"bytes": 1, "sha256": "x"}', 1), (b"whatever", 3)])
def test_a_ladder_does_not_load_the_line_when_it_is_known(tmp_path, answer, rungs):
    pem = tmp_path / "leaf.pem"
    pem.write_bytes(PUBLIC.leaf(["a.test"]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    def serve(listener):
        while listener.fileno() >= 0:
            with contextlib.suppress(OSError), context.wrap_socket(listener.accept()[0], server_side=True) as secure:
                whole(secure)
                secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))
    with socket.create_server((LOCAL[0], 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        found = run(listener.getsockname()[1], kind="upload", options={"sizes": [10, 20, 30]})
    assert len(found["application"]) == rungs


def test_a_ladder_whose_next_rung_cannot_be_reached_says_that(tmp_path):
    pem = tmp_path / "leaf.pem"
    pem.write_bytes(PUBLIC.leaf(["a.test"]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    listener = socket.create_server((LOCAL[0], 0))

    def serve():
        with contextlib.suppress(OSError), context.wrap_socket(listener.accept()[0], server_side=True) as secure:
            listener.close()
            whole(secure)
            secure.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    port = listener.getsockname()[1]
    threading.Thread(target=serve, daemon=True).start()
    found = run(port, kind="upload", options={"sizes": [10, 20, 30]})
    assert [(one["bytes"], one["failure"]) for one in found["application"]] == [(10, None), (20, "not_reached_again")] and found["tcp"]["failure"] is None
    check, = classify.classify([wanted(kind="upload")], [dict(found, host="a.test")], FRESH, TABLE, TODAY)
    assert (check["verdict"], check["failure"], check["flags"]) == ("unverified", "upload_truncated", ["cut_at_20_bytes", "unproven"])


def test_a_ladder_ends_with_the_first_upload_that_gets_no_answer(tmp_path):
    pem = tmp_path / "leaf.pem"
    pem.write_bytes(PUBLIC.leaf(["a.test"]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    served = []

    def serve(listener):
        while listener.fileno() >= 0:
            with contextlib.suppress(OSError), context.wrap_socket(listener.accept()[0], server_side=True) as secure:
                served.append(1)
                if len(served) == 1:
                    # Whole: closing with bytes unread resets the connection, and the answer may be lost with it.
                    whole(secure)
                    secure.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    with socket.create_server((LOCAL[0], 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        found = run(listener.getsockname()[1], kind="upload", options={"sizes": [10, 20, 30]})
    assert [(one["bytes"], one["status"]) for one in found["application"]] == [(10, 404), (20, None)] and len(served) == 2


@pytest.mark.parametrize("lines,addresses,own", [
    ("10.1.1.1 ChatGPT.com", ["10.1.1.1"], True), ("10.1.1.1 x chatgpt.com # y", ["10.1.1.1"], True), ("10.1.1.1 x # chatgpt.com", ["10.1.1.1"], False),
    # What stands there did not answer: the system asks a resolver first, or does not read the file.
    ("10.1.1.1 chatgpt.com", ["192.0.2.1"], False), ("10.1.1.1 chatgpt.com", ["10.1.1.1", "192.0.2.1"], False),
    ("10.1.1.1 www.chatgpt.com", ["10.1.1.1"], False),
    ("10.1.1.1 chatgpt.com\n10.1.1.2 chatgpt.com", ["10.1.1.2", "10.1.1.1"], True), ("2001:DB8:0::1 chatgpt.com", ["2001:db8::1"], True),
    ("fe80::1%eth0 chatgpt.com", ["fe80::1"], True), ("nonsense chatgpt.com", ["10.1.1.1"], False), ("", ["10.1.1.1"], False), (None, ["10.1.1.1"], False)])
def test_a_name_that_the_hosts_file_answers_is_no_answer_of_a_resolver(monkeypatch, tmp_path, lines, addresses, own):
    if lines is not None:
        (tmp_path / "hosts").write_text(lines)
    monkeypatch.setattr(dns_.hostsfile, "place", lambda: str(tmp_path / "hosts"))
    monkeypatch.setattr(dns_, "behind", lambda: ["192.0.2.53"])
    monkeypatch.setattr(dns_.socket, "getaddrinfo", lambda *_args: [(0, 0, 0, "", (address, 443)) for address in addresses])
    found = dns_.resolve("chatgpt.com", 443, 4, {})
    assert (found["hosts_file"], found["resolvers"], found["addresses"]) == (own, [] if own else ["192.0.2.53"], addresses)
    assert dns_.resolve("chatgpt.com", 443, 4, {"chatgpt.com": "10.1.1.1"})["hosts_file"] is False


def test_a_hosts_file_is_read_again_once_it_was_changed(tmp_path):
    place = tmp_path / "hosts"
    for text, found in (("10.1.1.1 a.example\n", {"a.example": ["10.1.1.1"]}), ("10.1.1.1 a.example b.example\n", {"a.example": ["10.1.1.1"]}), ("", {})):
        place.write_text(text)
        assert dns_.hostsfile.named(["A.example"], str(place)) == found


@pytest.mark.parametrize("code,word", [(5, "dns_refused_error"), (2, "dns_servfail_error"), (0, "dns_temporary_failure")])
def test_a_resolver_that_answers_is_not_silent(monkeypatch, code, word):
    def fails(*_args):
        raise socket.gaierror(socket.EAI_AGAIN, "")
    monkeypatch.setattr(dns_.socket, "getaddrinfo", fails)
    monkeypatch.setattr(dns_, "resolvers", lambda *_path: ["192.0.2.1"])
    said = dns_.parse(b"\0\0" + bytes([0x81, 0x80 | code]) + bytes(8))
    monkeypatch.setattr(dns_, "ask", lambda *_args: said)
    assert dns_.resolve("chatgpt.com", 443, 4, {})["failure"] == word
