# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether UDP packets reach a server and return: a STUN Binding request (RFC 8489), as voice clients send it first."""
from __future__ import annotations

import ipaddress
import os
import socket
import struct
import time

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import tunnel
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.failures import TIMEOUT, failure, of_datagrams

COOKIE = 0x2112A442
_REQUEST, _SUCCESS, _XOR_MAPPED = 0x0001, 0x0101, 0x0020
_ALLOCATE, _ALLOCATE_ERROR, _ERROR_CODE, _REALM = 0x0003, 0x0113, 0x0009, 0x0014
#: Seconds after the first request at which it is repeated (section 6.2.1 with an RTO of 500 ms, shortened).
_AGAIN = (0.5, 1.5)


def binding(address: str, port: int, timeout: float, source: str | None = None, second: str | None = None) -> dict:
    """``{"address", "port", "mapped": "address:port" or None, "mapped_second", "sent": n, "failure"}``. Silence is a timeout: UDP has no other refusal.

    ``second`` is another server that is then queried from the same socket: if it sees another port, the NAT uses a new mapping for every destination.
    """
    seen = {"address": address, "port": port, "mapped": None, "mapped_second": None, "sent": 0, "failure": None}
    number = os.urandom(12)
    request = struct.pack("!HHI", _REQUEST, 0, COOKIE) + number
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as sock:
            if source:
                sock.bind((source, 0))
            # A connected socket also receives an ICMP refusal.
            sock.connect((address, port))
            began = time.monotonic()
            for until in [began + wait for wait in _AGAIN if wait < timeout] + [began + timeout]:
                sock.send(request)
                seen["sent"] += 1
                seen["mapped"] = _await(sock, number, until)
                if seen["mapped"]:
                    seen["mapped_second"] = _again(sock, second, port, request, number) if second else None
                    return seen
            seen["failure"] = TIMEOUT
    except OSError as error:
        seen["failure"] = of_datagrams(error)
    return seen


def _again(sock, second: str, port: int, request: bytes, number: bytes) -> str | None:
    """What another server sees of the same socket, or None: its silence says nothing about the first."""
    try:
        sock.connect((second, port))
        for _attempt in range(2):
            sock.send(request)
            mapped = _await(sock, number, time.monotonic() + 0.5)
            if mapped:
                return mapped
    except OSError:
        return None
    return None


def _await(sock, number: bytes, until: float) -> str | None:
    """The mapped address in the first valid answer within the time; other packets are ignored."""
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


def allocate(sock: socket.socket) -> dict:
    """Request a relay from a TURN server on an open connection, without a user: ``{"realm", "error", "failure"}``.

    A TURN server has to answer 401 with a realm (RFC 8656, section 7.2), which proves the whole path.
    """
    seen = {"realm": None, "error": None, "failure": None}
    number = os.urandom(12)
    # REQUESTED-TRANSPORT is UDP (17).
    attribute = struct.pack("!HHBxxx", 0x0019, 4, 17)
    try:
        sock.sendall(struct.pack("!HHI", _ALLOCATE, len(attribute), COOKIE) + number + attribute)
        head = tunnel.exactly(sock, 20)
        kind, length, cookie = struct.unpack("!HHI", head[:8])
        if cookie != COOKIE or head[8:] != number or length > 2048:
            raise ValueError("no STUN message")
        found = dict(_attributes(tunnel.exactly(sock, length)))
    except (OSError, EOFError) as error:
        return dict(seen, failure=failure(error))
    except ValueError:
        return dict(seen, failure="turn_no_answer")
    code = found.get(_ERROR_CODE, b"")
    if kind == _ALLOCATE_ERROR and len(code) >= 4:
        seen["error"] = (code[2] & 7) * 100 + code[3]
        seen["realm"] = found[_REALM].decode("utf-8", "replace") if _REALM in found else None
    return dict(seen, failure=None if seen["error"] == 401 and seen["realm"] is not None else "turn_no_answer")


def _attributes(data: bytes):
    at = 0
    while at + 4 <= len(data):
        attribute, size = struct.unpack("!HH", data[at:at + 4])
        yield attribute, data[at + 4:at + 4 + size]
        at += 4 + size + (-size % 4)


def parse(answer: bytes, number: bytes) -> str | None:
    """``address:port`` of XOR-MAPPED-ADDRESS (section 14.2) in a Binding success response to request ``number``, or None."""
    if len(answer) < 20:
        return None
    kind, length, cookie = struct.unpack("!HHI", answer[:8])
    if kind != _SUCCESS or cookie != COOKIE or answer[8:20] != number or len(answer) < 20 + length:
        return None
    for attribute, value in _attributes(answer[20:20 + length]):
        if attribute == _XOR_MAPPED and len(value) in (8, 20):
            port = struct.unpack("!H", value[2:4])[0] ^ (COOKIE >> 16)
            key = struct.pack("!I", COOKIE) + number
            address = ipaddress.ip_address(bytes(a ^ b for a, b in zip(value[4:], key)))
            return ("[%s]:%d" if address.version == 6 else "%s:%d") % (address, port)
    return None
