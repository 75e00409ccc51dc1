# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks in descriptions: which objects are ours, and which rules of the site we switched off, so that they can be switched on again."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import UPDATE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref

#: Begins the description of an object of ours.
MARK = "Managed by netaccess.chatgpt"
#: Ends the description of a rule of the site that we switched off.
DISABLED = "[disabled by netaccess.chatgpt]"


def is_ours(description: str | None) -> bool:
    return (description or "").startswith(MARK)


def disabled(description: str | None) -> str:
    """A description with the mark of what we switched off behind it."""
    return " ".join(part for part in (description, DISABLED) if part)


def borrowed(description: str | None, field: str, on: object) -> dict:
    """What ``Object.borrowed`` holds of a rule that we switched off: the field that does it, and the description without our mark. Else empty."""
    if DISABLED not in (description or ""):
        return {}
    return {field: on, "description": description.replace(DISABLED, "").strip()}


def switched_off(ref: Ref, field: str, on: object, off: object, description: str | None) -> tuple:
    """The remedy that switches a rule of the site off and says so in its description."""
    return (Change(ref, UPDATE, {field: (on, off), "description": (description, disabled(description))}),)
