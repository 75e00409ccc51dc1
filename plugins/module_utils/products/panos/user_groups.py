# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the firewall knows the user groups that the audience names. A rule for one that it does not know is accepted and matches nobody."""
from __future__ import annotations

import re
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AUTH, REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos.api import Api

_LIST = "<show><user><group><list></list></group></user></show>"
#: What a rule may say of users besides names.
_WORDS = frozenset(("any", "known-user", "unknown", "pre-logon"))


def warnings(api: Api, vsys: str, users: Iterable[str]) -> list[str]:
    """IO: one request, none where nobody is named. What is to be said of ``users``, which are names of users and of groups alike."""
    names = [name for name in users if name.lower() not in _WORDS]
    if not names:
        return []
    try:
        known = listed("".join(api.operate(_LIST, vsys).itertext()))
        why = "its list of groups is not understood"
    except AccessError as error:
        if error.failure not in (AUTH, REFUSED):
            raise
        known, why = None, str(error)
    if known is None:
        return ["audience.users: could not check whether %s knows %s: %s" % (api.host, ", ".join(names), why)]
    missing = [_with_others(name, known) for name in names if name.lower() not in known]
    return ["audience.users: %s knows no group %s. A rule for a group matches nobody until the group mapping of User-ID includes it: correct the "
            "name, or add the group there. Names of single users are not checked" % (api.host, ", ".join(missing))] if missing else []


def listed(text: str) -> frozenset | None:
    """The groups of an answer, in small letters: one a line, up to their number, as ``get_groups`` of pan-os-python reads it. None if it is not understood.

    The legend below the number says that an asterisk marks custom groups; recorded answers have none.
    """
    total = re.search(r"^\s*Total: *(\d+)\s*$", text, re.M)
    if total is None:
        return None
    names = [name for name in (line.strip(" \t\r*").lower() for line in text[:total.start()].splitlines()) if name]
    return frozenset(names) if len(names) == int(total[1]) else None


def _with_others(name: str, known: frozenset) -> str:
    """The name, and what may be the same group there: it is listed by its distinguished name or with its domain, as the mapping says."""
    others = sorted(one for one in known if _short(one) == _short(name))
    return "%s (it has %s)" % (name, ", ".join(others)) if others else name


def _short(name: str) -> str:
    """The name without its domain, and without what is behind the common name."""
    common = re.match(r"cn=([^,]+)", name, re.I)
    return (common[1] if common else name.rpartition("\\")[2].partition("@")[0]).lower()


__all__ = ["listed", "warnings"]
