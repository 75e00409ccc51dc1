# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether QUIC packets reach a server and return, without implementing QUIC: a server answers an unknown version with those it supports (RFC 8999,
9000)."""
from __future__ import annotations

import os
import socket
import struct
import time

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.failures import TIMEOUT, of_datagrams

#: Reserved so that servers answer with Version Negotiation (RFC 9000, section 15); they may ignore datagrams below 1200 bytes (section 14.1).
_NO_VERSION, _SIZE = 0x1A2A3A4A, 1200


def negotiate(address: str, port: int, timeout: float, source: str | None = None) -> dict:
    """``{"address", "port", "versions": ["0x00000001", ...], "failure"}``. Silence is a timeout; it is common on company networks."""
    seen = {"address": address, "port": port, "versions": [], "failure": None}
    theirs, ours = os.urandom(8), os.urandom(8)
    request = b"\xc0" + struct.pack("!I", _NO_VERSION) + b"\x08" + theirs + b"\x08" + ours
    request += bytes(_SIZE - len(request))
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as sock:
            if source:
                sock.bind((source, 0))
            sock.connect((address, port))
            until = time.monotonic() + min(timeout, 3)
            while not seen["versions"] and time.monotonic() < until:
                sock.send(request)
                sock.settimeout(max(0.01, min(1.0, until - time.monotonic())))
                try:
                    seen["versions"] = parse(sock.recv(2048), ours, theirs)
                except socket.timeout:
                    continue
            seen["failure"] = None if seen["versions"] else TIMEOUT
    except OSError as error:
        seen["failure"] = of_datagrams(error)
    return seen


def parse(answer: bytes, ours: bytes, theirs: bytes) -> list:
    """The versions in a Version Negotiation packet for our connection (RFC 8999, section 6), or none. The server swaps the two connection ids."""
    if len(answer) < 7 or not answer[0] & 0x80 or answer[1:5] != bytes(4):
        return []
    head = bytes([len(ours)]) + ours + bytes([len(theirs)]) + theirs
    if answer[5:5 + len(head)] != head:
        return []
    rest = answer[5 + len(head):]
    return ["0x%08x" % version[0] for version in struct.iter_unpack("!I", rest[:len(rest) // 4 * 4])]
