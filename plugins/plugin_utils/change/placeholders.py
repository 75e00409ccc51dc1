# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Placeholders of a new inventory, which count as not set until they are filled in. Pure."""
from __future__ import annotations

import re
from typing import Any, Iterable, Mapping

#: The prefix that netaccess.chatgpt.new_site writes; a value with it is never used.
MARK = "REPLACE ME"
#: The variable of Ansible that a new inventory leaves open. Tasks ask for it, since the error of a connection to a placeholder does not show the cause.
ADDRESS = "ansible_host"
#: How a new inventory asks for a secret.
_VAULTED = re.compile(r"\s*\{\{\s*(vault_\w+)\s*\}\}\s*")


def unfilled(name: str, value: Any) -> list:
    """The placeholders in a variable, as ``access_audience.policies``; a list has the name of its variable."""
    if isinstance(value, Mapping):
        return [found for key, one in value.items() for found in unfilled("%s.%s" % (name, key), one)]
    if isinstance(value, (list, tuple)):
        return list(dict.fromkeys(found for one in value for found in unfilled(name, one)))
    return [name] if isinstance(value, str) and value.startswith(MARK) else []


def refused(hosts: Mapping, names: Iterable[str]) -> str | None:
    """Why a run must not begin: what is still a placeholder, and for which hosts. ``hosts``: {host: its variables, not templated}; ``names``: which of them."""
    found: dict = {}
    names = list(names)
    for host, values in hosts.items():
        for place in (place for name in names if name in values for place in unfilled(name, values[name])):
            found.setdefault(place, []).append(host)
    if not found:
        return None
    places = ["%s (%s)" % (place, ", ".join(of)) if len(of) < len(hosts) else place for place, of in found.items()]
    return "still %s: %s. Fill these in, or delete the hosts and lines that you do not need" % (MARK, ", ".join(places))


def unset(hosts: Mapping, names: Iterable[str]) -> str | None:
    """Why a run must not begin: which variables of a vault are asked for, and set nowhere. ``hosts``, ``names``: as for ``refused``."""
    found: dict = {}
    for host, values in hosts.items():
        for name in names:
            asked = _VAULTED.fullmatch(values[name]) if isinstance(values.get(name), str) else None
            if asked and asked.group(1) not in values:
                found.setdefault(asked.group(1), []).append(host)
    if not found:
        return None
    groups = sorted({"netaccess_%s" % hosts[host].get("access_product", "vantages") for of in found.values() for host in of})
    return "not set: %s. Put them into a vault (ansible-vault create inventory/group_vars/%s/vault.yml), and run with --ask-vault-pass" % (
        ", ".join("%s (%s)" % (name, ", ".join(of)) for name, of in found.items()), " or ".join(groups))
