# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The finding of a probe, apart from the path to its host."""
from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Found:
    """``failure`` None: nothing failed. ``proven`` False: the origin itself may be the cause. ``match``: the product, if its page was returned instead.
    ``detail``: additional information in words. With the layer "origin" the far end refuses."""

    layer: str = "application"
    failure: str | None = None
    proven: bool = True
    flags: list = field(default_factory=list)
    match: object = None
    answer: dict | None = None
    detail: str | None = None
