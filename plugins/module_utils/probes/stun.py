# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether UDP gets to a server and back: a STUN Binding request (RFC 8489), as voice sends it before it speaks."""
from __future__ import annotations

import ipaddress
import os
import socket
import struct
import time

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.failures import TIMEOUT, failure

COOKIE = 0x2112A442
_REQUEST, _SUCCESS, _XOR_MAPPED = 0x0001, 0x0101, 0x0020
#: Seconds after the first request at which it is sent again (section 6.2.1 with an RTO of 500 ms, cut short).
_AGAIN = (0.5, 1.5)


def binding(address: str, port: int, timeout: float, source: str | None = None) -> dict:
    """``{"address", "port", "mapped": "address:port" or None, "sent": n, "failure"}``. Silence is a timeout: UDP has no other way to say no."""
    seen = {"address": address, "port": port, "mapped": None, "sent": 0, "failure": None}
    number = os.urandom(12)
    request = struct.pack("!HHI", _REQUEST, 0, COOKIE) + number
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as sock:
            if source:
                sock.bind((source, 0))
            # A connected socket also hears of an ICMP refusal.
            sock.connect((address, port))
            began = time.monotonic()
            for until in [began + wait for wait in _AGAIN if wait < timeout] + [began + timeout]:
                sock.send(request)
                seen["sent"] += 1
                seen["mapped"] = _await(sock, number, until)
                if seen["mapped"]:
                    return seen
            seen["failure"] = TIMEOUT
    except OSError as error:
        seen["failure"] = failure(error)
    return seen


def _await(sock, number: bytes, until: float) -> str | None:
    """The mapped address in the first right answer until then; others are ignored."""
    while True:
        left = until - time.monotonic()
        if left <= 0:
            return None
        sock.settimeout(left)
        try:
            mapped = parse(sock.recv(2048), number)
        except socket.timeout:
            return None
        if mapped:
            return mapped


def parse(answer: bytes, number: bytes) -> str | None:
    """``address:port`` of XOR-MAPPED-ADDRESS (section 14.2) in a Binding success response to request ``number``, or None."""
    if len(answer) < 20:
        return None
    kind, length, cookie = struct.unpack("!HHI", answer[:8])
    if kind != _SUCCESS or cookie != COOKIE or answer[8:20] != number or len(answer) < 20 + length:
        return None
    at, end = 20, 20 + length
    while at + 4 <= end:
        attribute, size = struct.unpack("!HH", answer[at:at + 4])
        value = answer[at + 4:at + 4 + size]
        if attribute == _XOR_MAPPED and len(value) in (8, 20):
            port = struct.unpack("!H", value[2:4])[0] ^ (COOKIE >> 16)
            key = struct.pack("!I", COOKIE) + number
            address = ipaddress.ip_address(bytes(a ^ b for a, b in zip(value[4:], key)))
            return ("[%s]:%d" if address.version == 6 else "%s:%d") % (address, port)
        at += 4 + size + (-size % 4)
    return None
