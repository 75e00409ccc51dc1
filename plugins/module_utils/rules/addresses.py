# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks and ports as rules write them, and how far they cover ours. Pure."""
from __future__ import annotations

import ipaddress
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE

#: Private, local and multicast networks (IANA's registries of special-purpose addresses). ``is_private`` of Python is not asked: before 3.11, 0.0.0.0/0 is
#: private to it. 100.64.0.0/10 and 198.18.0.0/15 are not here, since some agents give hosts of the internet addresses of them; nor are the networks for
#: documentation, which stand for public ones in examples.
_PRIVATE = tuple(map(ipaddress.ip_network, (
    "0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3", "::1/128", "fc00::/7", "fe80::/10",
    "ff00::/8")))


def networks_of(text: str, dash: str = "-") -> list:
    """The networks of an address, a network in CIDR form or a range ``first<dash>last``. :raises ValueError: for anything else."""
    first, found, last = text.partition(dash)
    if not found:
        return [ipaddress.ip_network(text, strict=False)]
    try:
        return list(ipaddress.summarize_address_range(ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())))
    except TypeError as error:
        raise ValueError("%s: both ends of a range must have the same IP version" % text) from error


def private(networks: Iterable) -> bool:
    """Whether all of these networks are such that no host of the internet is in them."""
    return all(any(one.version == other.version and one.subnet_of(other) for other in _PRIVATE) for one in networks)


def is_private(text: str) -> bool:
    """The same of what ``networks_of`` makes of a text; what is no address is not private."""
    try:
        return private(networks_of(text))
    except ValueError:
        return False


def overlap(ours: Iterable, theirs: Iterable) -> int:
    """How far networks cover ours: SURE if each of ours is inside one of theirs, MAY if any two overlap."""
    ours, theirs = list(ours), list(theirs)
    if ours and all(any(one.version == other.version and one.subnet_of(other) for other in theirs) for one in ours):
        return SURE
    return MAY if any(one.overlaps(other) for one in ours for other in theirs) else NO


def port_level(spans: Iterable[str], ports: Iterable[int]) -> int:
    """How far ``spans``, texts such as "443" or "8000-8080", contain one of the ``ports``: SURE if one does, MAY if one is not understood, or NO."""
    level = NO
    for span in spans:
        low, dash, high = (part.strip() for part in span.partition("-"))
        high = high if dash else low
        if not (low.isdecimal() and high.isdecimal()):
            level = MAY
        elif any(int(low) <= port <= int(high) for port in ports):
            return SURE
    return level
