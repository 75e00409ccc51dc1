# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a report that say the same become one row with all their names, so that a board can read it and nothing is left out. Pure."""
from __future__ import annotations

from typing import Any, Callable, Iterable, Mapping

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import counted
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.register import OVERDUE
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.verdict import some

#: Of a check, what rows of one outcome have in common; its evidence without the host is added.
_OUTCOME = ("role", "verdict", "before", "regressed", "by_choice", "layer", "failure", "interception", "product")
_VERDICTS = ("fail", "error", "origin", "unverified", "skipped", "pass")
_COVERED = ("allowed_now", "allowed", "allowed_by", "exempt_now", "exempt", "exempt_by")
#: Of an exemption, what one line of a register for several patterns says.
_REGISTERED = ("state", "owner", "review_by", "reason", "risk_id", "approved_by", "approved_on")


def alike(rows: Iterable, key: Callable[[Any], Any]) -> list:
    """Lists of the rows with an equal ``key``, in the order of the first of each."""
    found: dict = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return list(found.values())


def checks(several: Iterable[Mapping]) -> list:
    """The checks of a host by outcome, the worst first: ``[{"said": one of them, "evidence": its message without the host, "checks"}]``."""
    groups = alike(several, lambda check: (*(check[name] for name in _OUTCOME), evidence(check)))
    groups.sort(key=lambda group: (group[0]["role"] != "wanted", not group[0]["regressed"], _VERDICTS.index(group[0]["verdict"])))
    return [{"said": group[0], "evidence": evidence(group[0]), "checks": group} for group in groups]


def evidence(check: Mapping) -> str:
    return check["message"].removeprefix("%s: " % check["host"])


def coverage(rows: Iterable[Mapping]) -> list:
    """The patterns of a device by what covers them: ``[{"said": one row, "note", "patterns"}]``. In a note about several patterns, x is each of them."""
    found = []
    for group in alike(rows, lambda row: (*(row[name] for name in _COVERED), _note(row))):
        note = _note(group[0]) if len(group) > 1 else group[0]["note"] or ""
        found.append({"said": group[0], "note": note, "patterns": [row["pattern"] for row in group]})
    return found


def _note(row: Mapping) -> str:
    """The note about a pattern with x in the place of its domain."""
    domain = row["pattern"].removeprefix("*").removeprefix(".")
    return (row["note"] or "").replace(domain, "x")


def register(rows: Iterable[Mapping]) -> list:
    """The register by owner, dates, reason and devices: ``[{"said": one row, "patterns"}]``."""
    groups = alike(rows, lambda row: (*(row[name] for name in _REGISTERED), devices(row)))
    return [{"said": group[0], "patterns": [row["pattern"] for row in group]} for group in groups]


def devices(row: Mapping) -> str:
    """Where a pattern of the register is exempt, in words."""
    names = ["%s%s" % (device["name"], "" if device["sure"] and device["now"] else " (once done)" if device["sure"] else " (not checked)")
             for device in row["devices"]]
    return ", ".join(names) or "no device"


def objects(device: Mapping, group: Mapping) -> dict:
    """The changes of a group of a device: ``{"same": the columns that all of them have in common, "own": [(change, its other columns)]}``."""
    changes = [device["changes"][number] for number in group["changes"]]
    same = [column for column in changes[0]["columns"] if all(column in one["columns"] for one in changes[1:])]
    return {"same": same, "own": [(one, [column for column in one["columns"] if column not in same]) for one in changes]}


def findings(report: Mapping, verdict: Mapping, name: str, most: int | None = None) -> list:
    """What a report found of a class, for people: one line for all devices, hosts or patterns of which the same is said."""
    rows = [row for row in report.get("register") or [] if row["state"] == name and row["devices"]]
    return [_exempt(group) for group in register(rows)] if rows else named(verdict["classes"][name], most)


def _exempt(group: Mapping) -> str:
    row = group["said"]
    late = ", to be reviewed by %s (owner: %s)" % (row["review_by"], row["owner"]) if row["state"] == OVERDUE else ""
    return "%s: %s%s: %s" % (devices(row), counted(len(group["patterns"]), "pattern"), late, ", ".join(group["patterns"]))


def named(texts: Iterable[str], most: int | None = None) -> list:
    """Lines "name: text" with one line for all names that share a text, at most ``most`` of them named. A line of another form stays as it is."""
    found: dict = {}
    for text in texts:
        name, colon, rest = text.partition(": ")
        found.setdefault(colon + rest if colon else text, []).append(name if colon else "")
    return [some(names, most or len(names)) + rest for rest, names in found.items()]
