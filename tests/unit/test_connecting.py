# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a connection does not come about, each reason with its own way out, and the certificate that a task pins. Real servers on loopback."""
from __future__ import annotations

import contextlib
import datetime
import hashlib
import ipaddress
import socket
import ssl
import threading
import time

import pytest
import urllib3.connection
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError, OutcomeUnknown
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connecting import NotConnected, reason
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Clock, Connection, Transport
from tests.products.server import Reply, Twin

LOCAL = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
ELSEWHERE = x509.SubjectAlternativeName([x509.DNSName("fw.example.com")])


class Device(Twin):
    """Shows ``certificate``; what came to it as HTTP is in ``log``."""

    def answer(self, request):
        return Reply.of_json({"user-agent": request.headers.get("user-agent")})


def made(days=60, names=LOCAL, issuer=None, authority=False, identifiers=True, since=30):
    """(key, certificate) issued by ``issuer``, such a pair, or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1" if not authority else "Test Root")])
    issuer_key, issuer_name = (issuer[0], issuer[1].subject) if issuer else (key, subject)
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer_name).public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(now - datetime.timedelta(days=since)).not_valid_after(now + datetime.timedelta(days=days))
               .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True))
    if authority:
        builder = builder.add_extension(x509.KeyUsage(True, False, False, False, False, True, True, False, False), critical=True)
    if names and not authority:
        builder = builder.add_extension(names, critical=False)
    if identifiers:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    return key, builder.sign(issuer_key, hashes.SHA256())


ROOT = made(days=90, authority=True)
LEAF = made(issuer=ROOT)


def pem(pair) -> bytes:
    key = pair[0].private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key + pair[1].public_bytes(serialization.Encoding.PEM)


def digest(pair) -> str:
    return hashlib.sha256(pair[1].public_bytes(serialization.Encoding.DER)).hexdigest()


@contextlib.contextmanager
def showing(pair, folder):
    """A Device over TLS with that certificate."""
    path = folder / "leaf.pem"
    path.write_bytes(pem(pair))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with Device() as device:
        device._server.context = context
        device.url = device.url.replace("http://", "https://")
        yield device


@contextlib.contextmanager
def saying(words, close=False):
    """host:port of a service that takes a connection, reads, says ``words`` and then waits, or closes."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    one, _address = server.accept()
                    with one:
                        one.recv(4096)
                        one.sendall(words)
                        if not close:
                            over.wait(5)
        threading.Thread(target=serve, daemon=True).start()
        yield "127.0.0.1:%d" % server.getsockname()[1]
        over.set()


@pytest.fixture
def roots(tmp_path):
    path = tmp_path / "root.pem"
    path.write_bytes(ROOT[1].public_bytes(serialization.Encoding.PEM))
    return str(path)


def refused(base, **options) -> str:
    """Why a write to ``base`` failed: it was not sent, whatever it was."""
    with pytest.raises(AccessError) as caught:
        Transport(Connection(base, **dict({"timeout": 1}, **options)), Clock()).call("POST", "/w", write=True, headers={"X": "SECRET"})
    assert caught.value.failure == "unreachable" and not isinstance(caught.value, OutcomeUnknown)
    assert base.partition("://")[2] in str(caught.value) and "SECRET" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("pair,known,said,way_out", [
    (made(days=-1, issuer=ROOT), True, "or of a CA above it, has expired:", ("have a new certificate issued", "certificate_fingerprint")),
    (made(since=-1, issuer=ROOT), True, "not valid yet", ("clocks",)),
    (made(), False, "self-signed", ("access_ca_path", "access_certificate_fingerprint")),
    (LEAF, False, "is not trusted here", ("ca_path (access_ca_path in the role)", "access_certificate_fingerprint")),
    (made(issuer=made(authority=True)), True, "no CA in", ("access_ca_path",)),
    (made(issuer=ROOT, names=ELSEWHERE), True, "does not contain the name", ("use a name from the certificate", "access_certificate_fingerprint")),
    (made(issuer=ROOT, names=None), True, "no subjectAltName", ("have a new certificate issued", "access_certificate_fingerprint")),
], ids=["expired", "early", "self-signed", "unknown", "other-ca", "other-name", "no-name"])
def test_a_certificate_is_refused_for_its_own_reason(pair, known, said, way_out, roots, tmp_path):
    with showing(pair, tmp_path) as device:
        text = refused(device.url, ca_path=roots if known else None)
        assert device.log == []
    assert said in text and [way for way in way_out if way not in text] == []
    assert ("violates RFC 5280" in text, "the issuing CA" in text) == (False, said in ("is not trusted here", "no CA in"))


@pytest.mark.skipif(not hasattr(ssl, "VERIFY_X509_STRICT"), reason="OpenSSL without strict verification")
def test_strict_verification_is_named_and_not_the_authority(roots, tmp_path, monkeypatch):
    """Python asks for it from 3.13 on; here whatever the Python."""
    wire = urllib3.connection.create_urllib3_context

    def strict(*arguments, **options):
        context = wire(*arguments, **options)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(urllib3.connection, "create_urllib3_context", strict)
    with showing(made(issuer=ROOT, identifiers=False), tmp_path) as device:
        text = refused(device.url, ca_path=roots)
    assert "RFC 5280" in text and "3.13" in text and "certificate_fingerprint" in text and "access_ca_path" not in text


@pytest.mark.parametrize("words,close,said", [
    (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", True, "answers without TLS"), (b"SSH-2.0-OpenSSH_9.6\r\n", True, "answers without TLS"),
    (b"", True, "aborts the TLS handshake"),
], ids=["plain-http", "ssh", "closed"])
def test_a_service_that_speaks_no_tls_is_a_matter_of_the_port(words, close, said):
    with saying(words, close) as at:
        text = refused("https://" + at)
    assert said in text and "access_<product>_port" in text and "certificate" not in text


def test_a_handshake_that_hangs_was_no_request(monkeypatch):
    """Else a write would be called unknown, although nothing of it was sent."""
    with saying(b"") as at:
        text = refused("https://" + at)
    assert "does not complete the TLS handshake within 1 s" in text and "access_<product>_port" in text


def test_a_port_without_a_service_and_an_unknown_name():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        text = refused("https://127.0.0.1:%d" % taken.getsockname()[1])
    assert "Connection refused" in text and "nothing listens" in text and "access_<product>_port" in text
    text = refused("https://device.invalid:8443")
    assert "does not resolve where the module runs" in text and "port" not in text


@pytest.fixture
def names(monkeypatch):
    """{name: what resolves it}; a name that is not there is asked of the system."""
    known, system = {}, socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *args, **more: known[host]() if host in known else system(host, *args, **more))
    return known


def test_a_resolver_that_is_silent_does_not_hold_a_run_up(names, monkeypatch):
    """No timeout of a socket holds for it."""
    asked = threading.Event()
    names["device.example"] = names["proxy.example"] = lambda: asked.wait(5)
    monkeypatch.setattr("%s.CONNECT_SECONDS" % Transport.__module__, 0.2)
    began = time.monotonic()
    text = refused("https://device.example:8443")
    asked.set()
    assert "the name of device.example:8443 did not resolve within 0 s" in text and "DNS" in text and time.monotonic() - began < 2
    asked.clear()
    text = refused("https://device.example:8443", proxy="http://proxy.example:3128")
    asked.set()
    assert "the proxy proxy.example:3128" in text and "did not resolve" in text


def test_all_addresses_of_a_name_have_the_time_of_one(names):
    """One that refuses is passed over, and requests are about the name still."""
    with Device() as device:
        port = int(device.url.rpartition(":")[2])
        names["device.example"] = lambda: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("127.0.0.9", "127.0.0.1")]
        client = Transport(Connection("http://device.example:%d" % port, timeout=5), Clock())
        assert client.call("GET", "/r").status == 200
        assert device.log[0].headers["host"] == "device.example:%d" % port


@pytest.mark.parametrize("status,said", [(b"407 Proxy Authentication Required", "requires authentication"),
                                         (b"403 Forbidden", "denies this host access")])
def test_a_proxy_that_refuses_is_not_the_device(status, said):
    with saying(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % status, close=True) as at:
        text = refused("https://fw.example.com:8443", proxy="http://user:SECRET@" + at)
    assert said in text and "the proxy " + at in text and "access_proxy" in text


def test_a_proxy_that_is_not_there_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        at = "127.0.0.1:%d" % taken.getsockname()[1]
        text = refused("https://fw.example.com:8443", proxy="http://" + at)
    assert "the proxy %s for fw.example.com:8443 cannot be used" % at in text and "Connection refused" in text
    # What is wrong is the proxy, and not the port or the API of the device.
    assert "check the port of the proxy" in text and "API" not in text


def test_a_timeout_and_other_words_of_the_system():
    timeout = urllib3.exceptions.ConnectTimeoutError()
    assert "fw:443 does not answer within 7 s" in reason(NotConnected(timeout, None), "fw:443", 7, None).text
    assert "the proxy p:3128" in reason(NotConnected(timeout, "p:3128"), "fw:443", 7, None).text
    assert "cannot be reached (No route to host)" in reason(NotConnected(OSError(113, "No route to host"), None), "fw:443", 7, None).text
    assert "(TLSV1_ALERT_PROTOCOL_VERSION)" in reason(NotConnected(alert("TLSV1_ALERT_PROTOCOL_VERSION"), None), "fw:443", 7, None).text


def alert(name: str) -> ssl.SSLError:
    error = ssl.SSLError(1, name)
    error.reason = name
    return error


# -- the certificate that a task pins


@pytest.mark.parametrize("pair", [made(), made(issuer=ROOT, names=None), made(days=-1)], ids=["self-signed", "no-name", "expired"])
def test_a_pinned_certificate_is_accepted_whatever_is_in_it(pair, roots, tmp_path, recwarn):
    with showing(pair, tmp_path) as device:
        for text in (digest(pair), "SHA256 Fingerprint=" + ":".join(digest(pair)[at:at + 2] for at in range(0, 64, 2)).upper()):
            client = Transport(Connection(device.url, ca_path=roots, certificate_fingerprint=text.replace("SHA256 Fingerprint", "SHA256")), Clock())
            assert client.call("GET", "/r").status == 200
        assert len(device.log) == 2
    assert [one for one in recwarn if "Insecure" in type(one.message).__name__ or "Insecure" in one.category.__name__] == []


@pytest.mark.parametrize("options", [{}, {"validate_certs": False}], ids=["checked", "unchecked"])
def test_another_certificate_gets_no_request_and_no_credential(options, roots, tmp_path):
    """Not even one that a known CA issued for the right name."""
    with showing(LEAF, tmp_path) as device:
        text = refused(device.url, ca_path=roots, certificate_fingerprint=digest(ROOT), **options)
        assert device.log == []
    assert digest(LEAF) in text and "is not the pinned one" in text and "access_certificate_fingerprint" in text


def test_a_pin_without_tls_accepts_nothing():
    with Device() as device:
        assert "the connection does not use TLS" in refused(device.url, certificate_fingerprint=digest(LEAF))
        assert device.log == []


def test_a_pin_is_compared_behind_a_proxy_as_well(tmp_path):
    with showing(LEAF, tmp_path) as device, tunnel(device.port) as at:
        call = dict(proxy="http://" + at, timeout=5)
        assert Transport(Connection(device.url, certificate_fingerprint=digest(LEAF), **call), Clock()).call("GET", "/r").status == 200
        assert "is not the pinned one" in refused(device.url, certificate_fingerprint=digest(ROOT), **call)
        assert len(device.log) == 1


@contextlib.contextmanager
def tunnel(port):
    """host:port of a proxy that takes every CONNECT to 127.0.0.1:``port``."""
    def copy(one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)

    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    near, _address = server.accept()
                    near.recv(4096)
                    far = socket.create_connection(("127.0.0.1", port))
                    near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    for pair in ((near, far), (far, near)):
                        threading.Thread(target=copy, args=pair, daemon=True).start()
        threading.Thread(target=serve, daemon=True).start()
        yield "127.0.0.1:%d" % server.getsockname()[1]


@pytest.mark.parametrize("text", ["", "00" * 20, "0g" * 32, "ab" * 33])
def test_what_is_no_fingerprint_is_refused_before_anything_is_sent(text):
    with pytest.raises(AccessError, match="64 hexadecimal digits.*colons") as caught:
        Transport(Connection("https://127.0.0.1:1", certificate_fingerprint=text))
    assert caught.value.failure == "refused"


def test_a_file_of_authorities_that_is_none_is_refused(tmp_path, monkeypatch):
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for path, words in ((empty, "contains no PEM certificate"), (tmp_path / "missing.pem", "No such file")):
        with pytest.raises(AccessError, match="access_ca_path.*" + words) as caught:
            Transport(Connection("https://127.0.0.1:1", ca_path=str(path)))
        assert caught.value.failure == "refused"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    with pytest.raises(AccessError, match="REQUESTS_CA_BUNDLE") as caught:
        Transport(Connection("https://127.0.0.1:1")).call("GET", "/r")
    assert caught.value.failure == "refused"
