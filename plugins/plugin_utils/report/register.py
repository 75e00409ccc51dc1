# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The register of exemptions: who owns each, why it is there, and when it is to be looked at again. Controller only."""
from __future__ import annotations

import datetime
from pathlib import Path

import yaml

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import PatternError, parse
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import VAULT

FIELDS = ("pattern", "owner", "reason", "risk_id", "approved_by", "approved_on", "review_by")


class RegisterError(ValueError):
    """A register that is none. The message names file, line and field."""


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
