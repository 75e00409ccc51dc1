# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of a list of hosts in a form that a product does not understand: what they may be about. Pure."""
from __future__ import annotations

import re
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, Pattern, parse_if


def fitting(entry: str, wanted: Iterable[Pattern]) -> frozenset[Pattern]:
    """The patterns whose name is the host in ``entry``, or above or below it; all of them where it has a star, or none of the characters of a host."""
    host = _host(entry)
    return frozenset(one for one in wanted if not host or re.search(r"[^\w.-]", host) or _below(one.name, host) or _below(host, one.name))


def domain_of(entry: str) -> Pattern | None:
    """The domain that an entry may mean, with or without a star in front; a top-level domain is one too. None for what is no name."""
    name = _host(entry).lstrip("*.")
    return Pattern(name, DOMAIN) if name.isalpha() else parse_if("." + name)


def _host(entry: str) -> str:
    """What is left without a scheme, a path, a query, a port, and the blanks and dots around it."""
    return re.split("[/?#:]", re.sub(r"^[^/]*//", "", entry.strip().lower()))[0].strip(".")


def _below(name: str, other: str) -> bool:
    return name == other or name.endswith("." + other)
