# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One device in a change: whether it may be written to, what is recorded of the change, and what is printed of the result. Pure."""
from __future__ import annotations

import datetime

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import duration
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import window as change_window
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report import plan
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.verdict import some

WRITES = ("merged", "replaced", "deleted")
_PEOPLE = {"requester": "asked by", "approver": "approved by", "implementer": "done by"}


def odd(change) -> str | None:
    """Why ``change`` is invalid. An emergency skips the window, so the text "no" must not count as true."""
    if not isinstance(change, dict):
        return "change is %r; it must be a dictionary such as {id: CHG0012345}" % (change,)
    if not isinstance(change.get("emergency") or False, bool):
        return "change.emergency is %r; it must be true or false, without quotes" % (change["emergency"],)
    return None


def refused(change: dict, comment: str | None, required: bool) -> str | None:
    """Why nothing may be written: the change has no ID."""
    if not required or change.get("id") or comment:
        return None
    return "a change ID is required: set change.id, as in -e @change.yml, or access_comment; or set access_require_change to false"


def closed(window: dict | None, change: dict, needs: float, now: datetime.datetime) -> tuple:
    """(why the window forbids it, or None; what to print about it). ``needs``: seconds that must be left. :raises window.WindowError:"""
    if window is None:
        return None, None
    state = change_window.state(window, now, needs)
    if state["open"]:
        return None, state["message"]
    if change.get("emergency"):
        return None, "%s; continuing because of change.emergency" % state["message"]
    return "%s. In an emergency set change.emergency to true: the run continues, and its record says so" % state["message"], None


def needed(timeout: float, propagation: float, proof: float) -> float:
    """Seconds for the change and its rollback, each until it is in force everywhere, and for the proof."""
    return 2 * timeout + 2 * propagation + proof


def record(change: dict, stage: str | None) -> str | None:
    """The change in one line, as journal and device keep it; None without a change ID."""
    if not change.get("id"):
        return None
    people = ["%s %s" % (words, change[who]) for who, words in _PEOPLE.items() if change.get(who)]
    return ", ".join([str(change["id"])] + people + ["emergency"] * bool(change.get("emergency")) + (["stage %s" % stage] if stage else []))


def lines(name: str, result: dict, check: bool, kept_apart: str | None, reverted: bool = False, warned: bool = False) -> list:
    """What an operator needs of a result: what was done, how to undo it, and what is left to do. After a rollback, what still blocks is left out.

    Each line names the device, since a batch prints those of several. ``warned``: the preflight has already warned about a missing lock.
    """
    found = _reverted(result, check) if reverted else _written(result, check, kept_apart, warned)
    stage = ", stage %s" % result["stage"] if reverted and result.get("stage") else ""
    # A name on a device must not start a line of its own.
    return [" ".join(("%s%s: %s" % (name, stage, line)).split()) for line in found[:1] + _not_in_force(result) + found[1:]]


def _not_in_force(result: dict) -> list:
    """What the product reported of an activation that is not in force, such as on a proxy that does not run. What only takes its time is said elsewhere."""
    told: dict = {}
    for one in [] if result.get("propagation") else result.get("activation") or []:
        if one.get("status") not in (None, "in force"):
            told.setdefault(one["status"], []).append(str(one.get("target")))
    return ["activation of %s: %s" % (some(targets), status) for status, targets in told.items()]


def _reverted(result: dict, check: bool) -> list:
    done = "" if result.get("changed") is False else "would be rolled back: " if check else "rolled back: "
    head = done + (result.get("summary") or "nothing to do")
    unseen = bool(result.get("changed")) and not check and not result.get("behind", True)
    by_hand = ["manual step: %s" % text for text in result.get("manual") or []]
    return [head] + by_hand + ["NOT proven: the journal lists no probe host behind this device, so nothing checks that the previous behaviour is "
                               "restored"] * unseen


def _written(result: dict, check: bool, kept_apart: str | None, warned: bool) -> list:
    written = bool(result.get("changed")) and not check
    head = result.get("summary") or result.get("msg") or "rendered"
    found = [head + ("; rollback journal: %s" % result["journal"] if result.get("journal") else "")]
    if written and result.get("propagation"):
        found.append("takes up to %s to take effect everywhere" % duration(result["propagation"]))
    if result.get("changed") and not result.get("exclusive") and not (kept_apart or warned):
        found.append("this product has no configuration lock: run one job at a time, then say so in netaccess_kept_apart_by")
    found += [text[:1].lower() + text[1:] for text in plan.opens(result, plan.DONE if written else plan.PLANNED)]
    whom = plan.audience(result)
    if whom and result.get("changed"):
        found.append("who gets access: %s" % whom["text"])
    found += ["reaches more users than the audience: %s" % text for text in result.get("audience_widened") or []]
    found += ["conflict: %s" % plan.conflict(one) for one in result.get("conflicts") or []]
    found += ["inspection that ends: %s" % text for text in plan.losses(result.get("losses") or [], None)]
    return found + ["manual step: %s" % text for text in result.get("manual") or []]
