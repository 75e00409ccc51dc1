# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks in descriptions: which objects are ours, and which existing rules we disabled, so that they can be enabled again."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import UPDATE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref

#: Begins the description of an object of ours.
MARK = "Managed by netaccess.chatgpt"
#: Ends the description of an existing rule that we disabled.
DISABLED = "[disabled by netaccess.chatgpt]"


def is_ours(description: str | None) -> bool:
    return (description or "").startswith(MARK)


def disabled(description: str | None) -> str:
    """A description followed by the mark of a disabled rule."""
    return " ".join(part for part in (description, DISABLED) if part)


def borrowed(description: str | None, field: str, on: object) -> dict:
    """``Object.borrowed`` for a rule that we disabled: the field that disables it, and the description without our mark. Otherwise empty."""
    if DISABLED not in (description or ""):
        return {}
    return {field: on, "description": description.replace(DISABLED, "").strip()}


def switched_off(ref: Ref, field: str, on: object, off: object, description: str | None) -> tuple:
    """The remedy that disables an existing rule and says so in its description."""
    return (Change(ref, UPDATE, {field: (on, off), "description": (description, disabled(description))}),)
