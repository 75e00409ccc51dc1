# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a rule applies to our audience, column by column: SURE, MAY or NO. The lowest of its columns decides. Pure."""
from __future__ import annotations

import ipaddress
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import overlap
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE


def limits(names: Iterable[str], anything: str) -> frozenset:
    """The names that a column is limited to; none if it holds the product's word for any."""
    found = frozenset(names)
    return frozenset() if anything in found else found


def named(ours: Iterable[str], theirs: Iterable[str], apart: bool = False) -> int:
    """For a column of names such as groups; no name means any.

    ``apart``: names without common members, as zones are, so that a rule about others does not apply to ours. A user may be in two groups.
    """
    ours, theirs = frozenset(ours), frozenset(theirs)
    if not theirs or (ours and ours <= theirs):
        return SURE
    return NO if apart and ours and not ours & theirs else MAY


def networks(ours: Iterable[str], theirs: Iterable[str]) -> int:
    """For a column of addresses and networks. If ``ours`` is empty, it means everyone; a value that is not a network may be any."""
    try:
        mine, others = ([ipaddress.ip_network(value, strict=False) for value in values] for values in (ours, theirs))
    except ValueError:
        return MAY
    return overlap(mine, others) if mine else MAY
