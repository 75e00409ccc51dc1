# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of where a new rule goes among named rules. Each module adds a description of the default, which depends on the product."""
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  position:
    type: dict
    suboptions:
      before:
        description: Names of rules that the new rules must be above. A rule that blocks a part of the audience is reported in RV(audience_widened).
        type: list
        elements: str
        default: []
      after:
        description: Names of rules that the new rules must be below.
        type: list
        elements: str
        default: []
      never_above:
        description: Names of rules, for example for threats or quarantine, that the new rules must never be above.
        type: list
        elements: str
        default: []
"""
