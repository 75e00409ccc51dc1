# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts file of a host, which most systems ask before any resolver."""
from __future__ import annotations

import functools
import ipaddress
import os
import sys
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import system

_LIMIT = 1 << 20


def place(root: str = "/") -> str:
    """Its path; ``root``: the folder that contains the system's files, for tests."""
    return system.of_windows("System32", "drivers", "etc", "hosts") if sys.platform == "win32" and root == "/" else os.path.join(root, "etc/hosts")


def named(names: Iterable[str], path: str) -> dict | None:
    """{name: [addresses]} of ``names`` in a hosts file; None if it cannot be read."""
    try:
        state = os.stat(path)
        entries = _entries(path, state.st_mtime_ns, state.st_size)
    except OSError:
        return None
    return {name.lower(): list(entries[name.lower()]) for name in names if name.lower() in entries}


def answers(host: str, addresses: Iterable[str]) -> bool:
    """Whether the system took these addresses of ``host`` from its hosts file: it contains each of them."""
    listed = {_canonical(address) for address in (named([host], place()) or {}).get(host.lower(), [])}
    return bool(listed) and {_canonical(address) for address in addresses} <= listed


@functools.lru_cache(maxsize=4)
def _entries(path: str, _changed: int, _size: int) -> dict:
    """{name: [addresses]}; blocklists of advertising hosts have some hundred thousand lines, so each version of a file is read once. :raises OSError:"""
    found: dict = {}
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file.read(_LIMIT).splitlines():
            address, *listed = line.split("#", 1)[0].split() or [""]
            for name in listed:
                found.setdefault(name.lower(), []).append(address)
    return found


def _canonical(address: str) -> str:
    try:
        return str(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return address
