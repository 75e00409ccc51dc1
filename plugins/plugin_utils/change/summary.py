# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last lines of a run: what changed, what is proven, what is left to do, and how to undo it. Pure."""
from __future__ import annotations

import shlex
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.verdict import CLASSES, NOT_BEGUN, REFUSED, state_of
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import FAIL, PASS, UNVERIFIED

_SHOWN = 5


def lines(devices: dict, proofs: dict, verdict: dict, *, dest: str | None = None, audit: bool = False, inventories: Iterable[str] = ("INVENTORY",),
          unwell: dict | None = None) -> list:
    """``devices``: {name: result of its access module}; ``proofs``: {name: what its hosts said of its change, or None}; ``verdict``: that of the report.

    ``inventories``: those of the run; ``unwell``: {host: why its look counts as a failure}.
    """
    where = " ".join("-i %s" % shlex.quote(one) for one in inventories)
    found = _decides(verdict, dest, where) if audit else _changed(devices, proofs, where)
    told = ["Probe host %s" % (why if why.startswith(name + ": ") else "%s: %s" % (name, why)) for name, why in (unwell or {}).items()]
    found += told[:_SHOWN] + ["and %d more probe hosts" % (len(told) - _SHOWN)] * (len(told) > _SHOWN)
    # Of a change that failed or was rolled back nothing is left to do.
    by_hand = {name: len(result["manual"]) for name, result in devices.items() if result.get("manual") and not result.get("failed")}
    found += ["Manual steps: %s" % _named("%s (%d)" % (name, count) for name, count in by_hand.items())] * bool(by_hand)
    found += ["The report is in %s" % dest] * bool(dest)
    return found + ["Verdict %d: %s" % (verdict["code"], verdict["message"])]


def _decides(verdict: dict, dest: str | None, inventories: str) -> list:
    found: list = []
    for name, _code, words in CLASSES:
        told = ["%s: %s" % (words, text) for text in verdict["classes"][name]] if name in verdict.get("deciding", ()) else []
        found += told[:_SHOWN] + ["%s: and %d more" % (words, len(told) - _SHOWN)] * (len(told) > _SHOWN)
    if dest and "drift" in verdict.get("deciding", ()):
        found.append("To repair the drift, have the plans reviewed, then: ansible-playbook netaccess.chatgpt.site %s -e %s" % (
            inventories, shlex.quote("@%s/plans.json" % dest)))
    return found


def _changed(devices: dict, proofs: dict, inventories: str) -> list:
    changed = [name for name, result in devices.items() if result.get("changed")]
    failed = {name: result for name, result in devices.items() if result.get("failed") or result.get("unreachable")}
    proven = [name for name in changed if (proofs.get(name) or {}).get("verdict") == PASS]
    unmapped = "no probe host is mapped to it: set netaccess_path.device on one"
    unproven: dict = {}
    for name in changed:
        if name not in proven:
            unproven.setdefault((proofs.get(name) or {}).get("message") or unmapped, []).append(name)
    found = ["Changed: %s" % (_named(changed) or "nothing")]
    found += ["Proven by probe hosts: %s" % _named(proven)] * bool(proven)
    found += ["NOT proven: %s (%s)" % (_named(names), why) for why, names in unproven.items()]
    shut = any((proofs.get(name) or {}).get("verdict") == FAIL for name in changed)
    found += ["To find out what stands in the way: ansible-playbook netaccess.chatgpt.diagnose %s" % inventories] * shut
    silent = [name for name in changed if (proofs.get(name) or {}).get("verdict") == UNVERIFIED]
    way = "To prove %s, see that the probe hosts behind it answer, and run the same again: what is in place is not written again"
    found += [way % _named(silent)] * bool(silent)
    found += ["%s: %s: %s" % (_word(result), name, result.get("msg")) for name, result in failed.items()]
    return found + ["Undo %s: ansible-playbook netaccess.chatgpt.rollback %s -e netaccess_journal=%s -l %s" % (
        name, inventories, shlex.quote(devices[name]["journal"]), shlex.quote(name)) for name in changed if devices[name].get("journal")]


def _word(result: dict) -> str:
    """What the report calls it."""
    state = state_of(result, "change")
    return {REFUSED: "REFUSED", NOT_BEGUN: "NOT BEGUN"}.get(state, "FAILED")


def _named(names) -> str:
    names = list(names)
    return ", ".join(names[:_SHOWN]) + (" and %d more" % (len(names) - _SHOWN) if len(names) > _SHOWN else "")
