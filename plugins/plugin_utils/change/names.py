# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of variables that are misspelt: a guard that nobody reads guards nothing."""
from __future__ import annotations

import difflib
from pathlib import Path
from typing import Iterable

from ansible.module_utils.common.yaml import yaml_load

KNOWN = frozenset(name for names in yaml_load((Path(__file__).parent / "names.yml").read_text(encoding="utf-8")).values() for name in names)
#: Whatever begins so is taken to be of this collection.
_OURS = ("access_", "audit_", "diagnose_", "netaccess_", "verify_")
#: Words that others use as well: such a name is only refused where it is almost one of ours.
_SHARED = ("catalog", "change", "fail_on_drift", "on_", "require_", "rollout")
_ALMOST = 0.85


def unknown(names: Iterable[str], own: Iterable[str] = ()) -> list:
    """What is wrong with names of variables, a sentence each; ``own``: those that a site says are not meant for this collection."""
    found = []
    for name in sorted(set(names) - KNOWN - set(own)):
        near = next(iter(difflib.get_close_matches(name, KNOWN, 1, _ALMOST)), None)
        if name.startswith(_OURS) or (near and name.startswith(_SHARED)):
            way = ": did you mean %s?" % near if near else "; if it is one of your own, name it in netaccess_other_variables"
            found.append("%s is no variable of this collection%s" % (name, way))
    return found
