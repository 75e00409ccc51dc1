# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Misspelt names of variables: a guard that is never read protects nothing."""
from __future__ import annotations

import difflib
from pathlib import Path
from typing import Iterable

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.yaml import yaml_load

_NAMES = yaml_load((Path(__file__).parent / "names.yml").read_text(encoding="utf-8"))
KNOWN = frozenset(name for names in _NAMES.values() for name in names)
#: {variable of the playbooks: its type}; those of roles are checked by their argument specs.
TYPES = {name: one["type"] for name, one in _NAMES["playbooks"].items()}
#: Names with these prefixes belong to this collection.
_OURS = ("access_", "audit_", "diagnose_", "netaccess_", "probe_host_", "verify_")
#: Words that others use as well: such a name is only refused if it is almost a variable of this collection.
_SHARED = ("catalog", "change", "fail_on_drift", "on_", "require_", "rollout")
_ALMOST = 0.85


def wrong(values: dict) -> list:
    """What is wrong with the values of variables of the playbooks, a sentence each. ``values``: those that are set."""
    found = ArgumentSpecValidator({name: {"type": TYPES[name]} for name in values}).validate(values)
    return ["a variable of the playbooks has an invalid value: %s" % text for text in found.error_messages]


def unknown(names: Iterable[str], own: Iterable[str] = ()) -> list:
    """What is wrong with names of variables, a sentence each; ``own``: those that a site declares as not meant for this collection."""
    found = []
    for name in sorted(set(names) - KNOWN - set(own)):
        near = next(iter(difflib.get_close_matches(name, KNOWN, 1, _ALMOST)), None)
        if name.startswith(_OURS) or (near and name.startswith(_SHARED)):
            way = " (did you mean %s?)" % near if near else "; if it is your own variable, list it in netaccess_other_variables"
            found.append("%s is not a variable of this collection%s" % (name, way))
    return found
