# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP request on an open connection, and the opening handshake of a WebSocket (RFC 6455)."""
from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import socket
import time

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.failures import failure
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.tunnel import BODY

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
AGENT = "netaccess.chatgpt reachability"
#: What is sent to an echo, and no secret.
ECHO_COOKIE = "netaccess_sent=1"


def get(sock: socket.socket, host: str, path: str, extra: dict | None = None) -> dict:
    """``{"status", "headers", "cookies", "body", "failure"}``: headers by lower-case name, cookies as Set-Cookie lines, at most 64 KiB of body."""
    seen = {"status": None, "headers": {}, "cookies": [], "body": "", "failure": None}
    lines = ["GET %s HTTP/1.1" % path, "Host: %s" % host, "User-Agent: %s" % AGENT, "Accept: */*"]
    lines += ["%s: %s" % pair for pair in (extra or {"Connection": "close"}).items()]
    try:
        sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
        reply = http.client.HTTPResponse(sock, method="GET")
        reply.begin()
        seen["status"] = reply.status
        seen["headers"] = headers_of(reply)
        # A cookie's value can be a secret; its name and attributes are what a proxy may have changed.
        seen["cookies"] = [_without_value(value) for key, value in reply.getheaders() if key.lower() == "set-cookie"]
        if reply.status != 101:
            promised = reply.length
            body, seen["failure"] = _body(reply, time.monotonic() + (sock.gettimeout() or 60))
            seen["body"] = body.decode("utf-8", "replace")
            if promised is not None and len(body) < min(promised, BODY):
                seen["failure"] = seen["failure"] or "eof_error"
    except (OSError, http.client.HTTPException) as error:
        seen["failure"] = failure(error)
    return seen


def _body(reply: http.client.HTTPResponse, until: float) -> tuple:
    """(At most BODY bytes, None or "throttled"): bytes kept coming, but not all of them until then."""
    data = b""
    while len(data) < BODY:
        part = reply.read1(BODY - len(data))
        if not part:
            return data, None
        data += part
        if time.monotonic() > until:
            return data, "throttled"
    return data, None


def headers_of(reply: http.client.HTTPResponse) -> dict:
    """Headers by lower-case name, without cookies."""
    return {key.lower(): value for key, value in reply.getheaders() if key.lower() != "set-cookie"}


def _without_value(cookie: str) -> str:
    name, _sep, rest = cookie.partition("=")
    _value, _sep, attributes = rest.partition(";")
    return name.strip() + (";" + attributes if attributes else "")


def echo(sock: socket.socket, host: str, path: str) -> dict:
    """As ``get``, with a cookie; ``echoed`` are the headers that arrived, by lower-case name, from a server that returns ``{"headers": {...}}``."""
    seen = get(sock, host, path, {"Connection": "close", "Cookie": ECHO_COOKIE})
    try:
        said = json.loads(seen["body"])
        seen["echoed"] = {str(key).lower(): str(value) for key, value in said["headers"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        seen["echoed"] = None
    return seen


def upgrade(sock: socket.socket, host: str, path: str) -> dict:
    """As ``get``, asking for a WebSocket; ``accepted`` says whether status 101 came with the right key."""
    key = base64.b64encode(os.urandom(16))
    seen = get(sock, host, path, {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key.decode("ascii")})
    wanted = base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode("ascii")
    seen["accepted"] = seen["status"] == 101 and seen["headers"].get("sec-websocket-accept") == wanted
    return seen
