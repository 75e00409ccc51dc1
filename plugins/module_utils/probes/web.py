# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP request on an open connection."""
from __future__ import annotations

import http.client
import json
import socket
import time

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.failures import failure
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.tunnel import BODY

AGENT = "netaccess.chatgpt reachability"
#: What is sent to an echo server, one of each kind that gateways are known to remove or replace: recognisable dummies, no secrets.
DUMMIES = {"Authorization": "Bearer netaccess-dummy-and-no-secret", "Cookie": "netaccess_sent=1", "Origin": "https://netaccess-dummy.invalid",
           "OpenAI-Beta": "netaccess-dummy"}


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
        # A cookie's value can be a secret; a proxy changes its name and attributes.
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
    """(At most BODY bytes, None or "throttled"): bytes kept arriving, but not all of them in time."""
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
    """As ``get``, with DUMMIES, for a server that returns ``{"headers": {...}, "authorization": "dummy", "other" or "absent"}``.

    ``arrived``: {name in lower case: "as_sent", "changed", "absent" or "unknown"}; ``echoed``: names of all headers that arrived. Both are None for an
    answer
    that is not an echo. The values that arrived are not kept: gateways add user names.
    """
    seen = get(sock, host, path, dict({"Connection": "close"}, **DUMMIES))
    try:
        said = json.loads(seen["body"])
        got = {str(key).lower(): str(value) for key, value in said["headers"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        return dict(seen, echoed=None, arrived=None)
    arrived = {name.lower(): _arrived(got.get(name.lower()), value) for name, value in DUMMIES.items()}
    # The server does not return the value of this one; a server of an earlier release says nothing about it.
    arrived["authorization"] = {"dummy": "as_sent", "other": "changed", "absent": "absent"}.get(said.get("authorization"), "unknown")
    return dict(seen, body="", echoed=sorted(got), arrived=arrived)


def _arrived(got: str | None, sent: str) -> str:
    if got is None:
        return "absent"
    # Others may have added cookies beside ours.
    return "as_sent" if sent in [part.strip() for part in got.split(";")] else "changed"
