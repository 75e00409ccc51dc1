# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gateways do to bodies: uploads of growing size, and answers that arrive in parts."""
from __future__ import annotations

import hashlib
import http.client
import json
import os
import socket
import time

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.failures import failure
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.web import AGENT, headers_of

_PIECE = 65536
_ANSWER = 65536


def upload(sock: socket.socket, host: str, path: str, size: int) -> dict:
    """POST ``size`` bytes of noise: ``{"bytes", "sent", "status", "headers", "body", "intact", "failure"}``.

    ``intact`` says whether an upload sink that returns ``{"bytes", "sha256"}`` received what was sent; None if it returns something else. A gateway that
    refuses closes the connection during the upload, so its answer is read even then.
    """
    seen = {"bytes": size, "sent": 0, "status": None, "headers": {}, "body": "", "intact": None, "failure": None}
    head = ["POST %s HTTP/1.1" % path, "Host: %s" % host, "User-Agent: %s" % AGENT, "Accept: */*", "Content-Type: application/octet-stream",
            "Content-Length: %d" % size, "Connection: close"]
    digest, cut = hashlib.sha256(), None
    try:
        sock.sendall(("\r\n".join(head) + "\r\n\r\n").encode("ascii"))
        # Noise, so that nothing on the path can compress it; repeating one piece is enough for that.
        noise = os.urandom(_PIECE)
        while seen["sent"] < size:
            piece = noise[:size - seen["sent"]]
            sock.sendall(piece)
            digest.update(piece)
            seen["sent"] += len(piece)
    except OSError as error:
        cut = failure(error)
    try:
        reply = http.client.HTTPResponse(sock, method="POST")
        reply.begin()
        seen.update(status=reply.status, headers=headers_of(reply), body=reply.read(_ANSWER).decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException) as error:
        seen["failure"] = cut or failure(error)
        return seen
    seen["intact"] = _intact(seen["body"], size, digest.hexdigest())
    return seen


def _intact(body: str, size: int, digest: str) -> bool | None:
    try:
        said = json.loads(body)
    except ValueError:
        return None
    return (said["bytes"], said["sha256"]) == (size, digest) if isinstance(said, dict) and {"bytes", "sha256"} <= set(said) else None


def stream(sock: socket.socket, host: str, path: str, timeout: float) -> dict:
    """An event stream, read as it arrives: ``{"status", "headers", "body", "arrivals_ms": [...], "failure"}``; an arrival for each event."""
    seen = {"status": None, "headers": {}, "body": "", "arrivals_ms": [], "failure": None}
    head = ["GET %s HTTP/1.1" % path, "Host: %s" % host, "User-Agent: %s" % AGENT, "Accept: text/event-stream", "Connection: close"]
    try:
        sock.sendall(("\r\n".join(head) + "\r\n\r\n").encode("ascii"))
        began = time.monotonic()
        reply = http.client.HTTPResponse(sock, method="GET")
        reply.begin()
        seen.update(status=reply.status, headers=headers_of(reply))
        if not seen["headers"].get("content-type", "").lower().startswith("text/event-stream"):
            seen["body"] = reply.read(_ANSWER).decode("utf-8", "replace")
            return seen
        while len(seen["arrivals_ms"]) < 100 and time.monotonic() - began < timeout:
            line = reply.readline(_ANSWER)
            if not line:
                break
            if line.startswith(b"data:"):
                seen["arrivals_ms"].append(round((time.monotonic() - began) * 1000))
    except (OSError, http.client.HTTPException) as error:
        seen["failure"] = failure(error)
    return seen
