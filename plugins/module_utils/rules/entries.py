# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of a list of hosts in a form that a product does not understand: what they may be about. Pure."""
from __future__ import annotations

import re
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern


def fitting(entry: str, wanted: Iterable[Pattern]) -> frozenset[Pattern]:
    """The patterns whose name is the host in ``entry``, or above or below it; all of them where it has a star, or none of the characters of a host.

    The host is what is left without a scheme, a path, a query, a port, blanks and dots around it.
    """
    host = re.split("[/?#:]", re.sub(r"^[^/]*//", "", entry.strip().lower()))[0].strip(".")
    return frozenset(one for one in wanted if not host or re.search(r"[^\w.-]", host) or _below(one.name, host) or _below(host, one.name))


def _below(name: str, other: str) -> bool:
    return name == other or name.endswith("." + other)
