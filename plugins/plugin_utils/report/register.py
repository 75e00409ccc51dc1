# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The register of exemptions: who owns each, why it exists, and when to review it. Controller only."""
from __future__ import annotations

import datetime
from pathlib import Path

import yaml

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import PatternError, parse
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import VAULT

#: The status of an exemption in the register. OVERDUE and UNREGISTERED are classes of the verdict.
CURRENT, OVERDUE, UNREGISTERED, NOT_EXEMPT = "current", "overdue", "unregistered", "not_exempt"
FIELDS = ("pattern", "owner", "reason", "risk_id", "approved_by", "approved_on", "review_by")


#: What coverage says of an exemption that is there, or may be.
_EXEMPT = ("yes", "unchecked")


class RegisterError(ValueError):
    """An invalid register. The message names file, line and field."""


def read(path: Path) -> list:
    """The lines of the register at ``path``, a YAML list, with dates as text. :raises RegisterError:"""
    try:
        text = path.read_text(encoding="utf-8")
        if text.startswith(VAULT):
            raise RegisterError("register: %s is encrypted with Ansible Vault: set an unencrypted file" % path)
        lines = yaml.safe_load(text)
    except OSError as error:
        raise RegisterError("register: %s cannot be read: %s" % (path, error.strerror)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RegisterError("register: %s is not YAML: %s" % (path, " ".join(str(error).split()))) from error
    if not isinstance(lines, list):
        raise RegisterError("register: %s must be a list of entries with %s" % (path, ", ".join(FIELDS)))
    found = [_line(path, number, line) for number, line in enumerate(lines, 1)]
    first: dict = {}
    for number, line in enumerate(found, 1):
        if first.setdefault(line["pattern"], number) != number:
            raise RegisterError("register: %s, entry %d: %s is already in entry %d: remove one of them" % (
                path, number, line["pattern"], first[line["pattern"]]))
    return found


def _line(path: Path, number: int, line) -> dict:
    missing = [field for field in FIELDS if not isinstance(line, dict) or line.get(field) in (None, "")]
    if missing or set(line) - set(FIELDS):
        problem = "it lacks %s" % ", ".join(missing) if missing else "unknown field %s" % sorted(set(line) - set(FIELDS))[0]
        raise RegisterError("register: %s, entry %d: %s" % (path, number, problem))
    line = {field: str(line[field]) for field in FIELDS}
    try:
        line["pattern"] = str(parse(line["pattern"]))
        approved, review = (datetime.date.fromisoformat(line[field]) for field in ("approved_on", "review_by"))
        if review < approved:
            raise ValueError("review_by (%s) is before approved_on (%s)" % (review, approved))
    except (PatternError, ValueError) as error:
        raise RegisterError("register: %s, entry %d: %s" % (path, number, error)) from error
    return line


def compared(lines: list | None, devices: list, today: datetime.date) -> list | None:
    """The register compared with what the devices of a report exempt from inspection; None if no register is given.

    ``[{"state", "devices": [{"name", "sure", "now"}], **FIELDS}]`` by pattern; the fields except ``pattern`` are None for an exemption without a line.
    ``sure`` is false if the device does not show whether it is exempt, ``now`` if it is exempt only once the plan of the device is carried out.
    """
    if lines is None:
        return None
    known = {str(line["pattern"]): line for line in lines}
    exempt: dict = {}
    for device in devices:
        for row in device["coverage"]:
            now, then = row["exempt_now"], row["exempt"]
            unknown = now is None and then != "not wanted"
            if unknown or now in _EXEMPT or then in _EXEMPT:
                sure = not unknown and (now if now in _EXEMPT else then) == "yes"
                exempt.setdefault(row["pattern"], []).append({"name": device["name"], "sure": sure, "now": now in _EXEMPT})
    rows = []
    for pattern in sorted({*known, *exempt}):
        line = known.get(pattern, {})
        row = {field: str(line[field]) if field in line else None for field in FIELDS}
        rows.append(dict(row, pattern=pattern, devices=exempt.get(pattern, []), state=_state(row["review_by"], pattern in exempt, today)))
    return rows


def _state(review_by: str | None, exempt: bool, today: datetime.date) -> str:
    if review_by is None:
        return UNREGISTERED
    if not exempt:
        return NOT_EXEMPT
    return OVERDUE if datetime.date.fromisoformat(review_by) < today else CURRENT
