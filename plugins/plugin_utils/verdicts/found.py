# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a probe has found beside the path to it."""
from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Found:
    """``failure`` None: nothing in the way. ``proven`` False: the origin itself may have done it. ``match``: the product, when its page came instead.
    ``detail``: what a person should know beside, in words. With layer "origin" it is the far end that refuses."""

    layer: str = "application"
    failure: str | None = None
    proven: bool = True
    flags: list = field(default_factory=list)
    match: object = None
    answer: dict | None = None
    detail: str | None = None
