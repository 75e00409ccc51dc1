# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names to addresses, one family at a time. The system's resolver: the one that people on this host use."""
from __future__ import annotations

import socket

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.failures import failure

FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


def resolve(host: str, port: int, version: int, pins: dict) -> dict:
    """``{"addresses": [...], "failure": None or a word, "pinned": bool}`` for IP ``version`` 4 or 6."""
    pinned = pins.get(host)
    if pinned:
        return {"addresses": [pinned] if (":" in pinned) == (version == 6) else [], "failure": None, "pinned": True}
    try:
        found = socket.getaddrinfo(host, port, FAMILIES[version], socket.SOCK_STREAM)
    except OSError as error:
        return {"addresses": [], "failure": failure(error), "pinned": False}
    return {"addresses": sorted({entry[4][0] for entry in found}), "failure": None, "pinned": False}


def has_ipv6() -> bool:
    """Whether this host has a route to the IPv6 internet; nothing is sent."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            # A documentation address (RFC 3849): connecting a datagram socket only looks up the route.
            probe.connect(("2001:db8::1", 443))
            return not probe.getsockname()[0].startswith(("fe80", "::1"))
    except OSError:
        return False
