# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a STUN server says, written from RFC 8489, for tests that want it to say something else."""
from __future__ import annotations

import ipaddress
import socket
import struct

COOKIE = 0x2112A442


def answer(request: bytes, peer: tuple) -> bytes | None:
    """The Binding success response to a request, or None for what is none."""
    if len(request) < 20 or struct.unpack("!HHI", request[:8])[::2] != (0x0001, COOKIE):
        return None
    address = ipaddress.ip_address(peer[0])
    key = request[4:20]
    mapped = bytes(one ^ other for one, other in zip(address.packed, key))
    value = struct.pack("!xBH", 1 if address.version == 4 else 2, peer[1] ^ (COOKIE >> 16)) + mapped
    # SOFTWARE comes first, so that a reader has to walk the attributes.
    attributes = struct.pack("!HH", 0x8022, 3) + b"lab\0" + struct.pack("!HH", 0x0020, len(value)) + value
    return struct.pack("!HH", 0x0101, len(attributes)) + request[4:20] + attributes


def listen(address: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, port))
    return sock
