# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WebSockets (RFC 6455): the opening handshake, and frames that a canary server returns."""
from __future__ import annotations

import base64
import hashlib
import os
import socket
import struct

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import tunnel
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.failures import failure
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.web import get

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_BINARY, _CLOSE, _PING, _PONG = 2, 8, 9, 10
#: Bytes of a frame that is sent, and at most of one that is read.
_SIZE, _LIMIT = 32, 1 << 16


def upgrade(sock: socket.socket, host: str, path: str) -> dict:
    """As ``web.get``, requesting a WebSocket; ``accepted`` says whether status 101 arrived with the right key."""
    key = base64.b64encode(os.urandom(16))
    seen = get(sock, host, path, {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key.decode("ascii")})
    wanted = base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode("ascii")
    seen["accepted"] = seen["status"] == 101 and seen["headers"].get("sec-websocket-accept") == wanted
    return seen


def echo(sock: socket.socket) -> dict:
    """One frame there and back: ``{"echoed", "failure"}``. ``echoed`` is False if something else returns, None if nothing does."""
    try:
        return {"echoed": receive(sock, send(sock)), "failure": None}
    except OSError as error:
        return {"echoed": None, "failure": failure(error)}
    except EOFError as error:
        return {"echoed": None, "failure": failure(error)}


def send(sock: socket.socket) -> bytes:
    """Sends a frame of noise, masked as a client has to. Returns its content."""
    data, mask = os.urandom(_SIZE), os.urandom(4)
    sock.sendall(struct.pack("!BB", 0x80 | _BINARY, 0x80 | _SIZE) + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(data)))
    return data


def receive(sock: socket.socket, wanted: bytes) -> bool:
    """Whether the next data frame is the expected one. :raises EOFError: if the far end closes. :raises OSError:"""
    while True:
        first, second = tunnel.exactly(sock, 2)
        size = second & 0x7F
        if size > 125:
            size = struct.unpack("!H" if size == 126 else "!Q", tunnel.exactly(sock, 2 if size == 126 else 8))[0]
        if first & 15 == _CLOSE:
            raise EOFError("a close frame")
        data = tunnel.exactly(sock, min(size, _LIMIT))
        if first & 15 not in (_PING, _PONG):
            return data == wanted
