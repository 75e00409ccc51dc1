# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of your own outside the company, for what no public server shows without an account: whether uploads arrive complete, events arrive as they are
sent, cookies and headers pass unchanged, WebSockets open and carry frames, and how long both may stay silent. Python 3.8 or newer and nothing else. It
stores nothing."""
from __future__ import annotations

import argparse
import base64
import hashlib
import http.server
import itertools
import json
import select
import socket
import ssl
import struct
import sys
import threading
import time
from typing import Callable
from urllib.parse import parse_qs, urlsplit

MAX_UPLOAD, MAX_FRAME, MAX_CLIENTS, PATIENCE = 64 << 20, 1 << 20, 100, 60
EVENTS, INTERVAL = 10, 0.2
#: Most seconds that a connection stays silent on request, and most such connections at once.
MAX_SILENCE, MAX_SILENT = 900, 40
#: Minimum of ``every``, the seconds between two messages of a connection that is not silent.
MIN_EVERY = 0.01
#: What the probes send as Authorization. Any other value may be a secret, and is not returned.
DUMMY = "Bearer netaccess-dummy-and-no-secret"
#: On every answer, so that answers of other servers are recognised.
MARK = ("X-Netaccess-Canary", "1")
COOKIE = "netaccess_canary=1; Path=/; Secure; HttpOnly; SameSite=None"
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Canary(http.server.ThreadingHTTPServer):
    """The thread of a connection does its handshake, so that a slow one does not delay the others."""

    daemon_threads = True

    def __init__(self, address: tuple, certificate: str, key: str | None):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._context.set_alpn_protocols(["http/1.1"])
        self._places = threading.BoundedSemaphore(MAX_CLIENTS)
        self.silent = threading.BoundedSemaphore(MAX_SILENT)
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, Handler)

    def process_request_thread(self, request: socket.socket, client_address: tuple) -> None:
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            request.settimeout(PATIENCE)
            secure = self._context.wrap_socket(request, server_side=True)
        except (OSError, ValueError):
            self.shutdown_request(request)
        else:
            super().process_request_thread(secure, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: socket.socket, client_address: tuple) -> None:
        """Clients and gateways that close connections early are what this server is for."""


class Handler(http.server.BaseHTTPRequestHandler):
    """The paths are those of the probes of ``lookup('netaccess.chatgpt.endpoints', canary=...)``."""

    protocol_version, server_version, sys_version = "HTTP/1.1", "netaccess-canary", ""
    _every = 0.0

    def do_GET(self) -> None:
        path, upgrade = urlsplit(self.path).path, self.headers.get("Upgrade", "").lower() == "websocket"
        if path == "/netaccess/echo":
            self._echo()
        elif path == "/netaccess/stream" or path == "/netaccess/websocket" and upgrade:
            self._spoken(self._websocket if upgrade else self._stream)
        else:
            self._json(404, {"error": "This is a canary server of netaccess.chatgpt; see its documentation"})

    def _echo(self) -> None:
        """The headers that arrived. An Authorization other than the dummy is not returned."""
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("authorization", "proxy-authorization")}
        sent = self.headers.get_all("Authorization")
        self._json(200, {"headers": headers, "authorization": "absent" if not sent else "dummy" if sent == [DUMMY] else "other"},
                   COOKIE)

    def _spoken(self, how: Callable[[float], None]) -> None:
        """A stream or a WebSocket. With ?silence=SECONDS it sends one message, is silent for that long, and sends another; with every=SECONDS as well it
        sends a message at that interval instead of being silent."""
        asked = parse_qs(urlsplit(self.path).query)
        try:
            silence, every = (float(asked.get(name, ["0"])[0]) for name in ("silence", "every"))
        except ValueError:
            silence = every = -1
        if not 0 <= silence <= MAX_SILENCE or every and not MIN_EVERY <= every <= MAX_SILENCE:
            self._json(400, {"error": "silence: the maximum is %d seconds; every: the minimum is %g seconds" % (MAX_SILENCE, MIN_EVERY)})
        elif not silence:
            how(0)
        elif not self.server.silent.acquire(blocking=False):
            self._json(503, {"error": "too many silent connections at this time"})
        else:
            self._every = every
            try:
                how(silence)
            finally:
                self.server.silent.release()

    def _speak(self, say: Callable[[int], None]) -> None:
        """A message every ``every`` seconds, until the client closes or the time limit of a connection is reached."""
        for number in range(1, int((MAX_SILENCE + PATIENCE) / self._every)):
            if self._gone(self._every):
                return
            say(number)
            self.wfile.flush()

    def _gone(self, silence: float) -> bool:
        """Waits. Returns whether the client sent something, or closed, meanwhile."""
        return bool(select.select([self.connection], [], [], silence)[0])

    def end_headers(self) -> None:
        self.send_header(*MARK)
        super().end_headers()

    def do_POST(self) -> None:
        try:
            left = int(self.headers.get("Content-Length", "0"))
        except ValueError:
            left = -1
        if self.path != "/netaccess/upload" or not 0 <= left <= MAX_UPLOAD:
            self.close_connection = True
            self._json(404 if self.path != "/netaccess/upload" else 413, {"error": "the maximum is %d bytes, to /netaccess/upload" % MAX_UPLOAD})
            return
        digest, size = hashlib.sha256(), 0
        while left:
            part = self.rfile.read(min(left, 65536))
            if not part:
                break
            digest.update(part)
            size, left = size + len(part), left - len(part)
        self._json(200, {"bytes": size, "sha256": digest.hexdigest()})

    def _json(self, status: int, value: dict, cookie=None) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, silence: float) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        for number in range(2 if silence else EVENTS):
            if silence and number and self._gone(silence):
                return
            self.wfile.write(b"data: %d\n\n" % number)
            self.wfile.flush()
            if self._every:
                self._speak(lambda word: self.wfile.write(b"data: %d\n\n" % word))
                return
            time.sleep(0 if silence else INTERVAL)

    def _websocket(self, silence: float) -> None:
        """Accept, and return each frame until the client closes: the first at once, others after the silence."""
        self.close_connection = True
        accept = base64.b64encode(hashlib.sha1(self.headers.get("Sec-WebSocket-Key", "").encode() + _GUID).digest()).decode()
        self.send_response(101)
        for pair in (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)):
            self.send_header(*pair)
        self.end_headers()
        for number in itertools.count():
            head = self.rfile.read(2)
            if len(head) < 2 or not head[1] & 0x80 or head[0] & 15 == 8:
                return
            size = head[1] & 127
            if size > 125:
                size = struct.unpack("!H" if size == 126 else "!Q", self.rfile.read(2 if size == 126 else 8))[0]
            if size > MAX_FRAME:
                return
            mask, data = self.rfile.read(4), self.rfile.read(size)
            data = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
            if silence and number and self._gone(silence):
                return
            length = struct.pack("!B", size) if size < 126 else struct.pack("!BH", 126, size) if size < 65536 else struct.pack("!BQ", 127, size)
            self.wfile.write(head[:1] + length + data)
            self.wfile.flush()
            if self._every:
                # One byte of text.
                self._speak(lambda word: self.wfile.write(b"\x81\x01."))
                return

    def log_message(self, format: str, *args: object) -> None:  # pylint: disable=redefined-builtin
        """Nothing is logged: clients stay private."""


def main(arguments: list) -> int:
    parser = argparse.ArgumentParser(prog="netaccess-probe canary")
    parser.description = "A server outside the company for the probes of uploads, streams, WebSockets and headers."
    parser.add_argument("--certificate", required=True, help="PEM file with the publicly trusted certificate and its chain")
    parser.add_argument("--key", help="PEM file with the private key, if it is a separate file")
    parser.add_argument("--address", default="0.0.0.0", help="address to listen on")
    parser.add_argument("--port", type=int, default=443)
    asked = parser.parse_args(arguments)
    try:
        server = Canary((asked.address, asked.port), asked.certificate, asked.key)
    except (OSError, ssl.SSLError) as error:
        parser.error(str(error))
    sys.stdout.write("Listening on %s, port %d. It stores nothing; stop it with Ctrl-C.\n" % server.server_address[:2])
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    return 0
