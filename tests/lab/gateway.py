# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway that enforces what a twin decides: it takes CONNECT, reads the name in the TLS handshake, and asks for every connection.

Decrypted connections get a leaf of the inspection CA, and a block page when the host is shut; undecrypted ones are carried untouched, or
reset. Upstream is the internet's provider, as for the lab's Squid.
"""
from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import tempfile
import threading
from pathlib import Path

from tests.lab.pki import Authority

PAGE = (503, {"Content-Type": "text/html"}, b"<html><title>Web Page Blocked</title></html>")


class Gateway:
    """``decide(source address, name, port)`` gives ("allow" | "block", "tunnel" | "decrypt"); ``page`` is (status, headers, body)."""

    def __init__(self, folder: Path, decide, provider: int, public: Path, authority: Authority, page=PAGE):
        self.folder, self._decide, self._provider, self._page = Path(folder), decide, provider, page
        self.folder.mkdir(parents=True, exist_ok=True)
        self.inspection = authority
        self.root = self.inspection.write(self.folder / "inspection-root.pem")
        self._upstream = ssl.create_default_context(cafile=str(public))
        self._leafs: dict = {}
        self._lock = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._server.getsockname()[1]

    def __enter__(self) -> Gateway:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exc) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, (source, _port) = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._guarded, args=(client, source), daemon=True).start()

    def _guarded(self, client, source) -> None:
        with client, contextlib.suppress(OSError, ValueError, IndexError):
            client.settimeout(20)
            self._serve(client, source)

    def _serve(self, client, source: str) -> None:
        head = _head(client)
        if not head:
            return
        method, target, _version = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        host, _colon, port = target.rpartition(":")
        if method != "CONNECT":
            client.sendall(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
            return
        far = self._dial(host, int(port))
        if far is None:
            client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        with far:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            name = server_name(client) or host
            verdict, inspection = self._decide(source, name, int(port))
            if inspection == "decrypt":
                self._inspect(client, far, name, verdict)
            elif verdict == "allow":
                pump(client, far)
            else:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _dial(self, host: str, port: int):
        far = socket.create_connection(("127.0.0.1", self._provider), timeout=20)
        far.sendall(("CONNECT %s:%d HTTP/1.1\r\nHost: %s\r\n\r\n" % (host, port, host)).encode())
        if b" 200 " not in _head(far).split(b"\r\n", 1)[0] + b" ":
            far.close()
            return None
        return far

    def _inspect(self, client, far, name: str, verdict: str) -> None:
        with self._context(name).wrap_socket(client, server_side=True) as inside:
            if verdict != "allow":
                inside.recv(65536)
                status, headers, body = self._page
                lines = ["HTTP/1.1 %d Blocked" % status] + ["%s: %s" % item for item in headers.items()]
                lines += ["Content-Length: %d" % len(body), "Connection: close"]
                inside.sendall("\r\n".join(lines + ["", ""]).encode() + body)
                return
            with self._upstream.wrap_socket(far, server_hostname=name) as outside:
                pump(inside, outside)

    def _context(self, name: str) -> ssl.SSLContext:
        with self._lock:
            if name not in self._leafs:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                with tempfile.NamedTemporaryFile(dir=self.folder) as pem:
                    pem.write(self.inspection.leaf([name], sct=False))
                    pem.flush()
                    context.load_cert_chain(pem.name)
                context.set_alpn_protocols(["http/1.1"])
                self._leafs[name] = context
            return self._leafs[name]


def _head(peer) -> bytes:
    """Up to the empty line and not a byte more: what follows is TLS. Empty when the other side ended before."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        part = peer.recv(1)
        if not part:
            return b""
        head += part
    return head


def server_name(client) -> str | None:
    """The SNI of the ClientHello that waits on a socket, which is left there. RFC 8446, section 4.1.2; RFC 6066, section 3."""
    data = client.recv(5, socket.MSG_PEEK | socket.MSG_WAITALL)
    if len(data) < 5 or data[0] != 22:
        return None
    size = 5 + int.from_bytes(data[3:5], "big")
    data = client.recv(size, socket.MSG_PEEK | socket.MSG_WAITALL)
    at = 43
    at += 1 + data[at]
    at += 2 + int.from_bytes(data[at:at + 2], "big")
    at += 1 + data[at]
    end = at + 2 + int.from_bytes(data[at:at + 2], "big")
    at += 2
    while at + 4 <= min(end, len(data)):
        kind, length = int.from_bytes(data[at:at + 2], "big"), int.from_bytes(data[at + 2:at + 4], "big")
        if kind == 0:
            return data[at + 9:at + 4 + length].decode("ascii").lower()
        at += 4 + length
    return None


def pump(one, other) -> None:
    """Carry both directions until either side ends."""
    pair = {one: other, other: one}
    for each in pair:
        each.setblocking(False)
    while True:
        ready = [each for each in pair if isinstance(each, ssl.SSLSocket) and each.pending()] or select.select(list(pair), [], [], 20)[0]
        if not ready:
            return
        for source in ready:
            try:
                data = source.recv(65536)
            except (ssl.SSLWantReadError, BlockingIOError):
                continue
            if not data:
                return
            target = pair[source]
            target.setblocking(True)
            target.sendall(data)
            target.setblocking(False)


__all__ = ["Gateway", "pump", "server_name"]
