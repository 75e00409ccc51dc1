# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An ICAP service (RFC 3507) that answers: it lets everything pass unchanged, apart from requests for some hosts."""
from __future__ import annotations

import re
import socketserver
import threading

_TAG = b'ISTag: "lab"\r\n'
_OPTIONS = b"ICAP/1.0 200 OK\r\nMethods: REQMOD, RESPMOD\r\nAllow: 204\r\nEncapsulated: null-body=0\r\n" + _TAG + b"\r\n"
_UNCHANGED = b"ICAP/1.0 204 No Content\r\n" + _TAG + b"\r\n"
_PAGE = b"refused\n"
_HEAD = b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(_PAGE)
_REFUSED = (b"ICAP/1.0 200 OK\r\n" + _TAG + b"Encapsulated: res-hdr=0, res-body=%d\r\n\r\n" % len(_HEAD) + _HEAD + b"%x\r\n" % len(_PAGE) + _PAGE
            + b"\r\n0\r\n\r\n")


class Icap:
    """Listens on loopback while it is entered. ``port``; ``seen``: (REQMOD or RESPMOD, method, host without its port) of each request that it was shown."""

    def __init__(self, refused: tuple = ()):
        self._refused, self.seen = refused, []
        outer = self

        class Connection(socketserver.StreamRequestHandler):
            def handle(self):
                while outer.answer(self.rfile, self.wfile):
                    pass

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Connection)
        self.port = self._server.server_address[1]

    def __enter__(self) -> Icap:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_exc) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, source, target) -> bool:
        """One request. Returns False at the end of the connection."""
        kind = source.readline().partition(b" ")[0].decode()
        headers = dict(re.findall(r"(?m)^([^:\r\n]+): *(.*?)\r$", b"".join(iter(source.readline, b"\r\n")).decode())) if kind else {}
        if not kind:
            return False
        if kind == "OPTIONS":
            target.write(_OPTIONS)
            return True
        *_parts, (body, length) = re.findall(r"([a-z-]+)=([0-9]+)", headers["Encapsulated"])
        method, uri = source.read(int(length)).decode().split(" ", 2)[:2]
        size = 0 if body == "null-body" else None
        while size != 0:
            size = int(source.readline().split(b";")[0], 16)
            source.read(size + len(b"\r\n"))
        host = re.sub(r"^https?://|[:/].*$", "", uri)
        self.seen.append((kind, method, host))
        target.write(_REFUSED if kind == "REQMOD" and host in self._refused else _UNCHANGED)
        return True
