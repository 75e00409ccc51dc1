# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last lines of a run: what changed, what is proven, what is left to do, and how to undo it. Pure."""
from __future__ import annotations

import datetime
import os
import textwrap

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import counted, duration
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.grouping import findings
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.plan import UNKNOWN, carry_out, undo_commands
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.verdict import (
    CLASSES, NOT_BEGUN, NOT_SET_UP, REFUSED, UNREACHABLE, said, some, state_of, tense_of,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import FAIL, PASS, UNVERIFIED

_SHOWN = 5
#: Characters of a line. Commands and paths are never broken, so that they can be copied.
WIDTH = 100
_COMMAND, _REPORT = "  ansible-playbook ", "Report: "


def lines(devices: dict, proofs: dict, verdict: dict, *, dest: str | None = None, audit: bool = False, where: str = "-i INVENTORY",
          unwell: dict | None = None, about: dict | None = None) -> list:
    """``devices``: {name: result of its access module}; ``proofs``: {name: what its hosts said of its change, or None}; ``verdict``: that of the report.

    ``where``: of ``plan.taken_over``; ``unwell``: {host: why its probe result counts as a failure}; ``about``: the report, as far as it is there.
    """
    found = _when(about or {}) + (_decides(verdict, about or {}, dest, where) if audit else _changed(devices, proofs, where))
    told = ["Probe host %s" % (why if why.startswith(name + ": ") else "%s: %s" % (name, why)) for name, why in (unwell or {}).items()]
    found += told[:_SHOWN] + ["and %s" % counted(len(told) - _SHOWN, "more probe host")] * (len(told) > _SHOWN)
    # A change that failed or was rolled back leaves no manual steps.
    found += _by_hand({name: result["manual"] for name, result in devices.items() if result.get("manual") and not result.get("failed")})
    found += ["%s%s" % (_REPORT, os.path.join(dest, "report.html"))] if dest else []
    found.append("Verdict %d: %s" % (verdict["code"], verdict.get("headline") or verdict["message"]))
    return [line for text in found for line in _wrapped(text)]


def _by_hand(steps: dict) -> list:
    """Each of the manual steps where they are few, else how many each device has; ``steps``: {device: [step]}."""
    each = ["Manual step: %s: %s" % (name, step) for name, told in steps.items() for step in told]
    return each if len(each) <= _SHOWN else ["Manual steps: %s" % some(["%s (%d)" % (name, len(told)) for name, told in steps.items()], _SHOWN)]


def _wrapped(text: str) -> list:
    if text.startswith((_COMMAND, _REPORT)):
        return [text]
    return textwrap.wrap(text, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False) or [text]


def _when(about: dict) -> list:
    """The change ID, and the time of the run."""
    number, started, ended = (about.get("change") or {}).get("id"), about.get("started"), about.get("ended")
    parts = ["Change %s" % number] * bool(number)
    if started and ended:
        seconds = (_time(ended) - _time(started)).total_seconds()
        parts.append("from %s to %s (%s)" % (started, ended, duration(seconds)))
    return [", ".join(parts)] if number else []


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def _decides(verdict: dict, about: dict, dest: str | None, where: str) -> list:
    found, words = [], said(about.get("devices") or [])
    for name, _code, _words in CLASSES:
        told = ["%s: %s" % (words[name], text) for text in findings(about, verdict, name, _SHOWN)] if name in verdict.get("deciding", ()) else []
        found += told[:_SHOWN] + ["%s: and %d more" % (words[name], len(told) - _SHOWN)] * (len(told) > _SHOWN)
    if dest and "drift" in verdict.get("deciding", ()):
        limit = [device["name"] for device in about["devices"]] if (about.get("left_out") or {}).get("devices") else ()
        what = "set it up (no journal here records a change)" if words["drift"] == NOT_SET_UP else "repair the drift"
        found += ["To %s, have the plans reviewed, then:" % what,
                  "  %s" % carry_out(dest, where, limit)]
    return found


def _changed(devices: dict, proofs: dict, where: str) -> list:
    unknown = [name for name, result in devices.items() if tense_of(result, "change") == UNKNOWN]
    changed = [name for name, result in devices.items() if result.get("changed") and name not in unknown]
    failed = {name: result for name, result in devices.items() if result.get("failed") or result.get("unreachable")}
    proven = [name for name in changed if (proofs.get(name) or {}).get("verdict") == PASS]
    unmapped = "no probe host is mapped: set netaccess_path.device on one"
    unproven: dict = {}
    for name in changed:
        if name not in proven:
            unproven.setdefault((proofs.get(name) or {}).get("message") or unmapped, []).append(name)
    back = [name for name, result in failed.items() if result.get("rolled_back")]
    found = ["Changed: %s%s" % (some(changed, _SHOWN) or "nothing", "; rolled back: %s" % some(back, _SHOWN) if back else "")]
    found += ["Not known whether in place: %s" % some(unknown, _SHOWN)] * bool(unknown)
    found += ["Proven by probe hosts: %s" % some(proven, _SHOWN)] * bool(proven)
    # What an earlier run left unproven, such as one that was interrupted, and the hosts of this one have proven.
    earlier = {name: result["unproven"][0]["journal"] for name, result in devices.items()
               if result.get("unproven") and name not in [*changed, *failed] and (proofs.get(name) or {}).get("verdict") == PASS}
    found += ["Proven by probe hosts, changed by an earlier run: %s" % some(list(earlier), _SHOWN)] * bool(earlier)
    found += ["NOT proven: %s (%s)" % (some(names, _SHOWN), why) for why, names in unproven.items()]
    if any((proofs.get(name) or {}).get("verdict") == FAIL for name in changed):
        found += ["To find out what blocks it:", "%snetaccess.chatgpt.diagnose %s" % (_COMMAND, where)]
    silent = [name for name in changed if (proofs.get(name) or {}).get("verdict") == UNVERIFIED]
    way = ("What was changed on %s stays. To prove it, make sure that the probe hosts behind it answer, then run the same command again: "
           "it does not write again what is in place")
    found += [way % some(silent, _SHOWN)] * bool(silent)
    found += ["%s: %s: %s" % (_word(result), name, result.get("msg")) for name, result in failed.items()]
    restored = [name for name in back if failed[name]["restored"]]
    way = "%s as before the change, and so is what the probe hosts see. Remove the cause of the rollback, then run the same command again"
    found += [way % ("%s is" % restored[0] if len(restored) == 1 else "%s are" % some(restored, _SHOWN))] * bool(restored)
    return found + _undo(dict({name: devices[name]["journal"] for name in [*changed, *unknown] if devices[name].get("journal")}, **earlier), where)


def _undo(journals: dict, where: str) -> list:
    return [line for names, command in undo_commands(journals, where)
            for line in ("To undo %s:" % (names[0] if len(names) == 1 else counted(len(names), "change")), "  %s" % command)]


def _word(result: dict) -> str:
    """What the report calls it."""
    state = state_of(result, "change")
    return {REFUSED: "REFUSED", NOT_BEGUN: "NOT BEGUN", UNREACHABLE: "NOT REACHED"}.get(state, "FAILED")
