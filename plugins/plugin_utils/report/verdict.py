# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict of a report: classes of what was found, an exit code, and a headline that promises no more than was seen. Pure."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import counted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, PatternError, parse
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.plan import (
    BY_HAND, DONE, NOT_DONE, PLANNED, UNKNOWN, pending, unseen, words,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.register import OVERDUE, UNREGISTERED
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.summary import applies, unanswered

COMPLIANT, DRIFT, CHANGED, FAILED, UNREACHABLE = "compliant", "drift", "changed", "failed", "unreachable"
#: Nothing was written: the module refused, or the run did not reach the device.
REFUSED, NOT_BEGUN = "refused", "not_begun"
#: Nothing was written either: the result holds the steps, and people carry them out.
MANUAL = "manual_steps"
#: What a run can have found, the worst first: (class, exit code, description). Pipelines use the exit codes: 0 compliant, 2 drift, 1 anything else that
#: needs an operator.
CLASSES = [
    ("nothing", 1, "nothing to judge"), ("unreachable", 1, "not reached"), ("failed", 1, "the task failed"), ("refused", 1, "refused"),
    ("not_begun", 1, "not begun"), ("plan_changed", 1, "the plan is not the reviewed one"),
    ("regressed", 1, "newly open or newly blocked"), ("verification_failed", 1, "still blocked, decrypted or broken"),
    ("unverified", 1, "not verified by a probe host"), ("conflicts", 1, "an existing rule blocks or decrypts"),
    ("overdue", 1, "exemption past its review date"), ("unregistered", 1, "exemption without a line in the register"), ("pending", 1, "pending changes"),
    ("drift", 2, "drift"), ("symptoms", 2, "fails until the plan is carried out"), ("not_proven", 0, "not proven"),
    ("stale", 0, "retired entries are still present"), ("manual", 0, "manual steps"),
]
#: What people read in place of "drift" where no journal records that anything was ever applied: see ``not_set_up``.
NOT_SET_UP = "not set up yet"
#: The same in place of "an existing rule blocks or decrypts", where no such rule could be read completely.
_MAY_BLOCK = "an existing rule may block or decrypt"
#: The worst first.
WORST = [UNREACHABLE, FAILED, REFUSED, NOT_BEGUN, DRIFT, MANUAL, CHANGED, COMPLIANT]
#: The present state of such a device is unknown.
NO_RESULT = (UNREACHABLE, FAILED, REFUSED, NOT_BEGUN)


def state_of(result: dict, mode: str) -> str:
    """The state of a device, from the result of its access module."""
    failure = result.get("failure") or {}
    if result.get("unreachable") or not result or failure.get("class") == "unreachable":
        return UNREACHABLE
    if result.get("begun") is False:
        return NOT_BEGUN
    if failure.get("class") == REFUSED and not failure.get("applied"):
        return REFUSED
    if result.get("failed") or failure:
        return FAILED
    if result.get("changed"):
        return DRIFT if mode == "audit" else CHANGED
    return MANUAL if result.get("rendered") else COMPLIANT


def tense_of(result: dict, mode: str) -> str:
    """The status of the changes in a result."""
    state = state_of(result, mode)
    if result.get("changes") and result.get("rendered"):
        return BY_HAND
    if mode == "audit":
        return PLANNED
    unanswered_rollback = "rolled_back" in result and result["rolled_back"] is None
    if state == UNREACHABLE or (result.get("changed") and (result.get("failure") or unanswered_rollback)):
        return UNKNOWN
    # A failure without a failure class means that the hosts do not prove the change: it was kept, or rolled back.
    return DONE if state in (COMPLIANT, CHANGED) or (state == FAILED and result.get("changed")) else NOT_DONE


def not_set_up(devices: list) -> list:
    """Devices on which everything would be created, and of which no journal here records a change, in place or rolled back: a new inventory has no drift.
    Its class is "drift" all the same. What exists and would be changed was set up by somebody, with a journal elsewhere."""
    return [device["name"] for device in devices if device["state"] == DRIFT and device["changes_on_record"] == []
            and all(change["op"] == "create" for change in device["changes"])]


def drifting(devices: list) -> list:
    return [device["name"] for device in devices if device["state"] == DRIFT]


def said(devices: list) -> dict:
    """{class: its description}"""
    found = {name: words for name, _code, words in CLASSES}
    if drifting(devices) and drifting(devices) == not_set_up(devices):
        found["drift"] = NOT_SET_UP
    conflicts = [one["certain"] for device in devices for one in device["conflicts"]]
    if conflicts and not any(conflicts):
        found["conflicts"] = _MAY_BLOCK
    return found


def verdict(report: dict, strict: list) -> dict:
    """``{"code", "headline", "message", "classes": {class: [what]}, "deciding"}`` with every class of CLASSES.

    A class with code 0 decides nothing unless ``strict`` names it.
    """
    found: dict = {name: [] for name, _code, _words in CLASSES}
    if not report["devices"]:
        found["nothing"].append("the run includes no device: is the group netaccess_devices empty, or excluded by --limit?")
    for device in report["devices"]:
        name = device["name"]
        if device["state"] in NO_RESULT:
            found["plan_changed" if device["failure"] == "plan_changed" else device["state"]].append("%s: %s" % (name, device["error"]))
        elif device["state"] == DRIFT:
            found["drift"].append("%s: %s" % (name, device["summary"]))
        found["conflicts"] += ["%s: %s (%s%s) %s" % (name, one["where"], "" if one["certain"] else "possibly ", one["effect"], one["id"])
                               for one in device["conflicts"]]
        found["stale"] += ["%s: %s" % (name, one["entry"]) for one in device["stale"]]
        found["manual"] += ["%s: %s" % (name, one) for one in device["manual"]]
        found["pending"] += ["%s: %s" % (name, pending(device))] * bool(device["pending"])
    _registered(report["register"] or [], found)
    drifted = {device["name"]: device for device in report["devices"] if device["state"] == DRIFT}
    for host in report["hosts"]:
        _verified(host, drifted, found)
    found["not_proven"] = _not_proven(report)
    codes = {name: 1 if name in strict else code for name, code, _words in CLASSES if found[name]}
    deciding = [name for name, code in codes.items() if code]
    return {"code": 1 if 1 in codes.values() else max(codes.values(), default=0), "headline": headline(report, found, deciding),
            "message": _message(report, found), "classes": found, "deciding": deciding}


def _registered(rows: list, found: dict) -> None:
    for row in rows:
        for device in row["devices"]:
            said = "%s: %s" % (device["name"], row["pattern"])
            doubt = "" if device["now"] else " (not exempt now, exempt once the plan is carried out)"
            doubt = doubt if device["sure"] else " (whether it is exempt is not checked)"
            if row["state"] == UNREGISTERED:
                found["unregistered"].append(said + doubt)
            elif row["state"] == OVERDUE:
                found["overdue"].append("%s was to be reviewed by %s (owner: %s)%s" % (said, row["review_by"], row["owner"], doubt))


def _verified(host: dict, drifted: dict, found: dict) -> None:
    if not host["reached"]:
        found["unreachable"].append("%s: no probe result" % host["name"])
    elif not host["judged"]:
        found["unverified"].append("%s: not probed after the change" % host["name"])
    if not host["judged"]:
        return
    moved = [check for check in host["checks"] if check["regressed"] or _moved(host, check)]
    found["regressed"] += ["%s: %s" % (host["name"], check["message"]) for check in moved]
    if host["expect"] != "open" or moved or host["verdict"] == "pass":
        return
    kind = "unverified"
    if host["verdict"] in ("fail", "error"):
        device = drifted.get((host["path"] or {}).get("device"))
        kind = "symptoms" if device and _explained(host["checks"], device) else "verification_failed"
    found[kind].append("%s: %s" % (host["name"], host["message"]))


def _moved(host: dict, check: dict) -> bool:
    """Whether a wanted check is newly blocked, or newly open for a host outside the audience."""
    if check["role"] != "wanted":
        return False
    if check["before"] == "pass":
        return check["verdict"] == "fail" or unanswered(check)
    return host["expect"] == "unchanged" and (check["before"], check["verdict"]) == ("fail", "pass")


def _explained(checks: list, device: dict) -> bool:
    """Whether each failing check that counts is of a host that the device will allow once its plan is carried out, and that the plan is about.

    A plan that only adds entries is about those; one that creates or changes objects is about every pattern. What cannot be read explains nothing.
    """
    failing = [check for check in checks if check["counts"] and check["verdict"] in ("fail", "error")]
    altered = any(one["op"] != "update" or one["fields"] for one in device["changes"])
    about = [row["pattern"] for row in device["coverage"]] if altered else [entry.strip("/") for one in device["changes"] for entry in one["added"]]
    covered, about = _index(row["pattern"] for row in device["coverage"] if row["allowed"] == "yes"), _index(about)
    return bool(failing) and not any(covered.matching(check["host"]) is None or about.matching(check["host"]) is None for check in failing)


def _index(texts) -> Index:
    patterns = []
    for text in texts:
        try:
            patterns.append(parse(text))
        except PatternError:
            continue
    return Index(patterns)


def _not_proven(report: dict) -> list:
    """What the devices report as correct, and no host saw."""
    found = ["%s: %s" % (device["name"], unseen(device)) for device in report["devices"] if device["state"] in (COMPLIANT, CHANGED) and unseen(device)]
    changed = {device["name"] for device in report["devices"] if device["state"] == CHANGED}
    for host in report["hosts"]:
        if host["judged"]:
            found += ["%s: %s" % (host["name"], text) for text in _not_compared(host, (host["path"] or {}).get("device") in changed)]
    return found


def _not_compared(host: dict, changed: bool) -> list:
    """Why it is unknown whether a host has more access than before. ``changed``: whether this run changed the device in front of it."""
    if changed and not any(check["before"] for check in host["checks"]):
        return ["there is no result from before the change, so it is unknown whether the change opened or blocked anything else"]
    others = [check for check in host["checks"] if check["role"] != "wanted" and check["verdict"] == "unverified"]
    why = (host["baseline"] or {}).get("why")
    found = ["%s not compared with a baseline%s, so it is unknown whether more is open than should be" % (
        "1 other site is" if len(others) == 1 else "%d other sites are" % len(others), " (%s)" % why if why else "")] * bool(others)
    doubtful = [check for check in host["checks"] if host["expect"] == "unchanged" and _doubtful(host, check)]
    return found + ["%s be compared with an earlier result, so it is unknown whether this host outside the audience has more access than before" % (
        "1 wanted check cannot" if len(doubtful) == 1 else "%d wanted checks cannot" % len(doubtful))] * bool(doubtful)


def _doubtful(host: dict, check: dict) -> bool:
    """Whether a wanted check of a host outside the audience may have become open. One that is blocked has not."""
    if check["role"] != "wanted" or check["verdict"] in ("fail", check["before"]) or not applies(check):
        return False
    return not _moved(host, check)


def headline(report: dict, found: dict, deciding: list) -> str:
    """One sentence for somebody who reads nothing else. A good result includes every reservation: what nobody saw, what fails by choice, what is
    unchecked."""
    if deciding:
        words = said(report["devices"])
        start = _drift(report, found) if set(deciding) <= {"drift", "symptoms"} else \
            "Needs attention: " + ", ".join("%s (%d)" % (words[name], len(found[name])) for name in deciding)
        return "; ".join([start] + _limited(report))
    waiting = [device["name"] for device in report["devices"] if device["state"] == MANUAL]
    changed = [device["name"] for device in report["devices"] if device["state"] == CHANGED]
    hosts = {one["host"] for device in report["devices"] for one in device["proof"] if one["expect"] == "open"}
    start = "Waits for manual steps on %s" % some(waiting) if waiting else "Changed %s" % some(changed) if changed else "Compliant"
    if found["not_proven"]:
        start += ", not proven: %s" % some(found["not_proven"], 1)
    elif not waiting:
        start += ", proven by %s" % counted(len(hosts), "host")
    rest = [counted(len(found[name]), noun) for name, noun in (("manual", "manual step"), ("stale", "retired entry")) if found[name]]
    return "; ".join([start] + _limited(report) + _except(report) + _unchecked(report) + rest)


def _limited(report: dict) -> list:
    """How much of the inventory a run with --limit is about."""
    return ["only %s" % _of(report, kind) for kind in ("devices", "hosts") if report["left_out"][kind]]


def _drift(report: dict, found: dict) -> str:
    """What would be changed, and whether it was ever in place."""
    names, new, hosts = drifting(report["devices"]), not_set_up(report["devices"]), counted(len(found["symptoms"]), "probe host")
    changed = "%s would be changed (%s)" % (_of(report, "devices", len(names)), some(names))
    if new == names:
        return "Not set up yet: %s%s" % (changed, "; fails on %s" % counted(len(found["symptoms"]), "host") if found["symptoms"] else "")
    parts = [", of which %s not set up yet" % ("%s is" % new[0] if len(new) == 1 else "%s are" % some(new))] * bool(new)
    return "Drift: %s" % changed + "".join(parts + [", and what the policy allows fails on %s" % hosts] * bool(found["symptoms"]))


def _except(report: dict) -> list:
    """What does not work on hosts that otherwise pass, and what nobody could see."""
    chosen, failing, unseen = set(), set(), set()
    for host in report["hosts"]:
        if host["expect"] == "open":
            chosen |= set(host["left_inspected"])
            failing |= {feature for feature, said in host["features"].items() if said in ("fail", "error")} - set(host["left_inspected"])
            unseen |= {feature for feature, said in host["features"].items() if said == "unverified"}
    parts = ["works, except %s, left under inspection by the policy: to exempt it, give the lookup of access_policy the option exempt_level='core'"
             % _features(chosen)] * bool(chosen)
    parts += ["does not work, and is not among what is required: %s" % _features(failing)] * bool(failing)
    return parts + ["not shown by any probe: %s" % _features(unseen)] * bool(unseen)


def _features(found: set) -> str:
    return ", ".join(words()["features"].get(name, name.replace("_", " ")) for name in sorted(found))


def _unchecked(report: dict) -> list:
    """Devices whose configuration does not show that the policy is in force."""
    rows = {device["name"]: sum(row["allowed"] in ("no", "unchecked") or row["exempt"] in ("no", "unchecked") for row in device["coverage"])
            for device in report["devices"]}
    found = ["%s: the configuration does not show that %s in force" % (name, "1 pattern is" if count == 1 else "%d patterns are" % count)
             for name, count in rows.items() if count]
    return found[:3] + ["%s more" % counted(len(found) - 3, "device")] * (len(found) > 3)


def some(names: list, most: int = 3) -> str:
    """The first of the names, and how many more there are."""
    return ", ".join(names[:most]) + (" and %d more" % (len(names) - most) if len(names) > most else "")


def _message(report: dict, found: dict) -> str:
    parts = [", ".join(_of(report, kind) for kind in ("devices", "hosts"))]
    parts += ["%s: %d" % (words, len(found[name])) for name, words in said(report["devices"]).items() if found[name]]
    return "; ".join(parts if len(parts) > 1 else parts + ["no findings"])


def _of(report: dict, kind: str, some_of: int | None = None) -> str:
    """How many devices or hosts the report has, of how many in the inventory; ``some_of``: how many of those in the report are meant."""
    seen, left_out = len(report[kind]), len(report["left_out"][kind])
    if some_of is not None:
        return "%d of %s" % (some_of, counted(seen, kind[:-1]))
    return "%d of %s" % (seen, counted(seen + left_out, kind[:-1])) if left_out else counted(seen, kind[:-1])
