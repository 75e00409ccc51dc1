# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every twin shares: a threaded HTTP/1.1 server with keep-alive, a log of what was asked, and faults on demand.

A twin subclasses Twin and implements ``answer``; the vendor's protocol, state and decisions are its own business. Nothing is imported
from the collection.
"""
from __future__ import annotations

import contextlib
import io
import json
import marshal
import socket
import ssl
import struct
import sys
import threading
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock
from urllib.parse import parse_qs, parse_qsl, urlsplit

import requests
import urllib3

from tests.lab.pki import Authority


@dataclass
class Request:
    """One request as it came in. ``headers`` have lower-case names; ``query`` and ``form`` hold the last value of each name."""

    method: str
    path: str
    query: dict
    headers: dict
    body: bytes

    @property
    def form(self) -> dict:
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def json(self):
        """The body as JSON whatever its Content-Type says; None for an empty one. :raises ValueError:"""
        return json.loads(self.body) if self.body.strip() else None


@dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict = field(default_factory=dict)

    @classmethod
    def of_json(cls, data, status: int = 200, **headers) -> Reply:
        return cls(status, json.dumps(data).encode(), dict({"Content-Type": "application/json"}, **headers))


@dataclass
class Fault:
    """What goes wrong, and when: at the next ``times`` requests for which ``when(request)`` is true, after ``skip`` that pass unharmed.

    ``kind``: "status" (answer ``reply`` without effect), "status_after" (with effect), "drop_before" (connection closed, without effect),
    "drop_after" (closed, with effect), "swallow" (the twin's own good answer, without effect), "malformed" (effect, then half a body),
    "slow" (``seconds`` late). A twin may know further kinds in its own ``answer``.
    """

    kind: str
    when: object = None
    times: int = 1
    skip: int = 0
    reply: Reply | None = None
    seconds: float = 0


def copied(data):
    """A deep copy of what JSON can hold, tuples and sets: a twin makes one for each request, and copy.deepcopy takes ten times as long."""
    return marshal.loads(marshal.dumps(data))


class Drop(Exception):
    """Close the connection without an answer."""


class Twin:
    """Start with ``with``. ``url`` is the base URL, ``log`` the Requests so far, ``connections`` how many were accepted.

    ``tls``: serve HTTPS with a leaf for ``names``; ``authority`` is then its root, ``ca_file(folder)`` writes it.
    """

    names = ["127.0.0.1", "localhost"]

    def __init__(self, tls: bool = False, port: int = 0):
        self.lock = threading.RLock()
        self.log: list = []
        self.faults: list = []
        self.connections = 0
        self._stop = threading.Event()
        self.authority = Authority("Twin Root", "Twin") if tls else None
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self.port = self._server.server_address[1]
        self.url = "%s://127.0.0.1:%d" % ("https" if tls else "http", self.port)

    # What a product implements.

    def answer(self, request: Request) -> Reply:
        """Carry out one request; called with ``self.lock`` held."""
        raise NotImplementedError

    def decide(self, who: str, host: str, port: int = 443) -> tuple:
        """("allow" | "block", "tunnel" | "decrypt") for a client of that name, by the policy in force and the product's own matching."""
        raise NotImplementedError

    def snapshot(self) -> object:
        """Everything that bears policy, ours and others', as plain data without ids, counters and times."""
        raise NotImplementedError

    # The same for all.

    def __enter__(self) -> Twin:
        if self.authority is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            with _pem(self.authority.leaf(self.names)) as path:
                context.load_cert_chain(path)
            self._server.context = context
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_exc) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()

    @contextlib.contextmanager
    def at_hand(self):
        """Instead of ``with``, for clients of this process that use Requests: no socket, no thread, half of the processor time.

        For tests that are not about the wire. What comes in and what goes out is the same.
        """
        wire = requests.adapters.HTTPAdapter.send

        def send(adapter, prepared, *arguments, **options):
            if not prepared.url.startswith(self.url + "/"):
                return wire(adapter, prepared, *arguments, **options)
            return _handed_over(self, adapter, prepared)

        with mock.patch.object(requests.adapters.HTTPAdapter, "send", send):
            yield self
        self._server.server_close()

    def ca_file(self, folder) -> str:
        path = folder / "twin-root.pem"
        self.authority.write(path)
        return str(path)

    def respond(self, request: Request) -> Reply:
        with self.lock:
            self.log.append(request)
            fault = self._due(request)
        kind = fault.kind if fault else ""
        if kind == "slow":
            self._stop.wait(fault.seconds)
        if kind == "drop_before":
            raise Drop()
        if kind == "status":
            return fault.reply
        with self.lock:
            reply = self.dry(request) if kind == "swallow" else self.answer(request)
        if kind == "drop_after":
            raise Drop()
        if kind == "malformed":
            return Reply(reply.status, reply.body[:len(reply.body) // 2], reply.headers)
        return fault.reply if kind == "status_after" else reply

    def dry(self, request: Request) -> Reply:
        """A good answer without effect."""
        kept = self.save()
        try:
            return self.answer(request)
        finally:
            self.restore(kept)

    def save(self) -> object:
        """A deep copy of the state, for ``dry``."""
        raise NotImplementedError

    def restore(self, kept) -> None:
        raise NotImplementedError

    def _due(self, request: Request) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and (fault.when is None or fault.when(request)):
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                return fault
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    context = None

    def get_request(self):
        sock, address = super().get_request()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock, address

    def finish_request(self, request, client_address):
        if self.context is not None:
            try:
                request.settimeout(10)
                request = self.context.wrap_socket(request, server_side=True)
                request.settimeout(None)
            except OSError:
                return
        self.RequestHandlerClass(request, client_address, self)

    def handle_error(self, request, client_address):
        """A client that goes away is no news; a request that the twin does not model is, and its client sees a broken connection alone."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def _asked(method: str, url: str, headers, body: bytes) -> Request:
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    return Request(method, parts.path, query, headers={name.lower(): value for name, value in headers.items()}, body=body)


def _handed_over(twin: Twin, adapter, prepared):
    """What ``adapter`` gives back when ``twin`` answers."""
    body = prepared.body or b""
    try:
        reply = twin.respond(_asked(prepared.method, prepared.url, prepared.headers, body.encode() if isinstance(body, str) else body))
    except Drop:
        raise requests.exceptions.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted.", ConnectionResetError())) from None
    message = Message()
    for name, value in reply.headers.items():
        for one in value if isinstance(value, list) else [value]:
            message[name] = one
    message["Content-Length"] = str(len(reply.body))
    raw = urllib3.HTTPResponse(io.BytesIO(reply.body), message.items(), reply.status, preload_content=False, original_response=_Original(message))
    return adapter.build_response(prepared, raw)


class _Original:
    """What Requests takes cookies from."""

    def __init__(self, message: Message):
        self.msg = message

    def isclosed(self) -> bool:
        return True

    def close(self) -> None:
        """There is nothing to close."""


def _pem(data: bytes):
    import os
    import tempfile

    @contextlib.contextmanager
    def written():
        handle, path = tempfile.mkstemp()
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        try:
            yield path
        finally:
            os.unlink(path)
    return written()


def _handler(twin: Twin):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self):
            super().setup()
            with twin.lock:
                twin.connections += 1

        def _any(self):
            try:
                reply = twin.respond(_asked(self.command, self.path, self.headers, self._body()))
            except Drop:
                # A reset, not an orderly end: the client cannot know whether anything happened.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                for one in value if isinstance(value, list) else [value]:
                    self.send_header(name, one)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _any

        def _body(self) -> bytes:
            if self.headers.get("transfer-encoding", "").lower() == "chunked":
                parts = []
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)
            return self.rfile.read(int(self.headers.get("content-length") or 0))

        def log_message(self, *_arguments):
            """The Twin keeps its own log."""

    return Handler
