# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts have to see after a change, what their results prove, and whether the change is rolled back. Pure."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import verdicts
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import FAIL, PASS

OPEN, UNCHANGED = "open", "unchanged"
REVERT_IF_REGRESSED, REVERT, KEEP = "revert_if_regressed", "revert", "keep"
POLICIES = (REVERT_IF_REGRESSED, REVERT, KEEP)


def expectation(expect: str, audience: str, stage: dict, reverted: bool = False) -> str:
    """What a host has to see. After a rollback, and while its stage of a rollout is still to come, it has to see what it saw before."""
    if reverted:
        return UNCHANGED
    later = bool(stage) and not stage["last"] and audience not in stage["reached"]
    return UNCHANGED if later else expect


def taken_back(proof: dict, policy: str, journal: str | None) -> bool:
    """Whether a change is rolled back: for harm; with ``revert`` also if what it was to open is still blocked. A rollback needs a journal."""
    if not journal or policy == KEEP:
        return False
    return proof["harm"] or (policy == REVERT and proof["verdict"] == FAIL)


def stage_over(proof: dict | None, expectations: dict, stage: dict, device: str) -> str | None:
    """Why no later stage begins after this one; None when the next may, or there is none. ``expectations``: {host behind the device: what it has to see}."""
    if stage["last"]:
        return None
    if proof and proof["verdict"] != PASS:
        return "no stage after %s starts: %s" % (stage["name"], proof["message"])
    if OPEN in expectations.values():
        return None
    whose = "no probe host is mapped to %s" % device
    return "stage %s is not proven: %s, so no later stage starts" % (
        stage["name"], whose + " with this audience (netaccess_path.audience)" if expectations else whose)


def problem(host: str, expect: str, result: dict, baseline: dict | None) -> str | None:
    """Why a result after a change is not a pass; None for a pass, and without a result."""
    if "checks" not in result:
        return None
    found = verdicts.compare((baseline or {}).get("checks", []), result["checks"])
    messages = [one["message"] for one in found["regressed"]]
    if expect == OPEN:
        if result["summary"]["verdict"] == PASS and not messages:
            return None
        return "%s: %s" % (host, ". ".join([result["summary"]["message"], "; ".join(messages)][:1 + bool(messages)]))
    messages = [one["message"] for one in found["fixed"]] + messages
    if baseline and not messages:
        return None
    return "%s is outside the audience and has changed: %s" % (host, "; ".join(messages) or "it has no baseline")
