# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a rule is about our audience, column by column: SURE, MAY or NO. A rule is about people as far as the least of its columns is. Pure."""
from __future__ import annotations

import ipaddress
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import overlap
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE


def limits(names: Iterable[str], anything: str) -> frozenset:
    """The names that a column is limited to; none where it holds the product's word for any."""
    found = frozenset(names)
    return frozenset() if anything in found else found


def named(ours: Iterable[str], theirs: Iterable[str], apart: bool = False) -> int:
    """Of a column of names, say groups; no name stands for any.

    ``apart``: names that share nobody, as zones do, so that a rule about others is about none of ours. Who is in two groups nobody can tell.
    """
    ours, theirs = frozenset(ours), frozenset(theirs)
    if not theirs or (ours and ours <= theirs):
        return SURE
    return NO if apart and ours and not ours & theirs else MAY


def networks(ours: Iterable[str], theirs: Iterable[str]) -> int:
    """Of a column of addresses and networks; ``ours`` empty stands for everybody, and what is no network may be any."""
    try:
        mine, others = ([ipaddress.ip_network(value, strict=False) for value in values] for values in (ours, theirs))
    except ValueError:
        return MAY
    return overlap(mine, others) if mine else MAY
