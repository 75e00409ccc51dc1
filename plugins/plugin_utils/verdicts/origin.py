# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a response shows that it comes from the origin, and why the origin refuses. From ``origins.yml``; pure, controller only."""
from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ansible.module_utils.common.yaml import yaml_load

_DATA = yaml_load((Path(__file__).parent / "origins.yml").read_text(encoding="utf-8"))
MARKS, REFUSALS = _DATA["marks"], _DATA["refusals"]
_SCAN = 65536


@dataclass(frozen=True)
class Refusal:
    """The origin refuses: ``failure``, and the ``question`` to ask."""

    failure: str
    question: str


def marked(entry: str, headers: dict) -> bool | None:
    """Whether a response has a mark of the origin of a catalogue entry; None if no mark is known. ``headers``: names in lower case."""
    known = [mark for mark in MARKS if entry in mark["entries"]]
    return any(re.search(form, headers.get(name, "")) for name, form in (mark["header"] for mark in known)) if known else None


def vouched(seen: dict) -> bool:
    """Whether the certificate chains to a public root, so that the response can only be from the origin. False without TLS."""
    return bool(seen["tls"]) and not seen["tls"].get("failure")


def refusal(status: int, headers: dict, body: str) -> Refusal | None:
    """The refusal of the origin, in a response that has its mark; None if it does not refuse."""
    row = next((one for one in REFUSALS if _fits(one, status, headers, body)), None) if status >= 400 else None
    return Refusal(row["failure"], row["question"]) if row else None


def question(failure: str) -> str | None:
    """The question to ask after a refusal of the origin."""
    return next((row["question"] for row in REFUSALS if row["failure"] == failure), None)


def _fits(row: dict, status: int, headers: dict, body: str) -> bool:
    if "status" in row and status not in row["status"]:
        return False
    if "header" in row and not re.search(row["header"][1], headers.get(row["header"][0], ""), re.I):
        return False
    return "says" not in row or bool(re.search(row["says"], body[:_SCAN], re.I))
