# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An independent client: it speaks CONNECT and TLS itself and says what came back. The oracle of the Squid tests; no code of the collection.

``python -m tests.lab.client '{"host": ..., "sni": ...}'`` prints the Answer, for use inside a namespace.
"""
from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cryptography import x509


@dataclass
class Answer:
    """``connect`` is the status of CONNECT, ``issuer`` the leaf's issuer CN, ``status`` the HTTP status inside; None where it never came to that."""

    connect: int | None = None
    issuer: str | None = None
    status: int | None = None
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    error: str = ""

    @property
    def open(self) -> bool:
        return self.status is not None and "x-squid-error" not in self.headers

    @property
    def decrypted(self) -> bool:
        return self.issuer is not None and self.issuer != "Lab Public Root"


def fetch(host: str, proxy_port: int, source: str = "127.0.0.2", path: str = "/", port: int = 443, user: str | None = None,
          sni: str | None = None, headers: dict | None = None, upgrade: bool = False, login: str = "", timeout: float = 10) -> Answer:
    """One GET through the proxy, from the address ``source``. A refused connection is tried again: Squid reopens its ports on a reload.

    ``login``: what Proxy-Authorization says, where that is not ``user`` with the right password.
    """
    answer = Answer()
    try:
        with _connected(proxy_port, source, timeout) as raw:
            request = "CONNECT %s:%d HTTP/1.1\r\nHost: %s:%d\r\n" % (host, port, host, port)
            if user and not login:
                login = "Basic " + base64.b64encode((user + ":right").encode()).decode()
            request += "Proxy-Authorization: %s\r\n" % login if login else ""
            raw.sendall((request + "\r\n").encode())
            reply = http.client.HTTPResponse(raw, method="CONNECT")
            reply.begin()
            answer.connect = reply.status
            if reply.status != 200:
                answer.headers = {k.lower(): v for k, v in reply.getheaders()}
                return answer
            _inside(raw, host, sni or host, path, headers or {}, upgrade, answer)
    except (OSError, http.client.HTTPException) as error:
        answer.error = repr(error)
    return answer


def direct(host: str, path: str = "/", sni: str | None = None, headers: dict | None = None, upgrade: bool = False, proxy: list | None = None) -> Answer:
    """One GET from where this process is, without a proxy or through ``proxy`` (address and port)."""
    answer = Answer()
    try:
        with socket.create_connection(tuple(proxy) if proxy else (host, 443), 10) as raw:
            if proxy:
                raw.sendall(("CONNECT %s:443 HTTP/1.1\r\nHost: %s:443\r\n\r\n" % (host, host)).encode())
                reply = http.client.HTTPResponse(raw, method="CONNECT")
                reply.begin()
                answer.connect = reply.status
            _inside(raw, host, sni or host, path, headers or {}, upgrade, answer)
    except (OSError, http.client.HTTPException) as error:
        answer.error = repr(error)
    return answer


def direct_in(space, host: str, **options) -> Answer:
    """The same from inside a Namespace."""
    done = subprocess.run([*space.enter, sys.executable, "-m", "tests.lab.client", json.dumps(dict(options, host=host))],
                          cwd=Path(__file__).parent.parent.parent, capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    return Answer(**dict(said, body=said["body"].encode("latin-1")))


def _inside(raw, host, sni, path, headers, upgrade, answer) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with context.wrap_socket(raw, server_hostname=sni) as tls:
        leaf = x509.load_der_x509_certificate(tls.getpeercert(True))
        answer.issuer = leaf.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
        lines = ["GET %s HTTP/1.1" % path, "Host: %s" % host] + ["%s: %s" % pair for pair in headers.items()]
        lines += ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: bGFiIGxhYiBsYWIgbGFiIQ=="] if upgrade else [
            "Connection: close"]
        tls.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        reply = http.client.HTTPResponse(tls)
        reply.begin()
        answer.status = reply.status
        answer.headers = {k.lower(): v for k, v in reply.getheaders()}
        answer.body = b"" if reply.status == 101 else reply.read()


def _connected(port: int, source: str, timeout: float) -> socket.socket:
    deadline = time.monotonic() + 5
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout, source_address=(source, 0))
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def decide(host: str, proxy_port: int, source: str = "127.0.0.2", **options) -> tuple:
    """What the proxy decides: ("allow" | "block", "tunnel" | "decrypt" | None)."""
    answer = fetch(host, proxy_port, source, **options)
    how = None if answer.issuer is None else "decrypt" if answer.decrypted else "tunnel"
    return ("allow" if answer.open else "block"), how


if __name__ == "__main__":
    found = asdict(direct(**json.loads(sys.argv[1])))
    print(json.dumps(dict(found, body=found["body"].decode("latin-1"))))
