# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with a device: exceptions inside, one failure at the module's edge."""
from __future__ import annotations

import os
import traceback

AUTH = "auth"
UNREACHABLE = "unreachable"
LOCKED = "locked"
REFUSED = "refused"
CONFLICT = "conflict"
PARTIAL = "partial"
ACTIVATION = "activation"
PLAN_CHANGED = "plan_changed"
INTERNAL = "internal"


class AccessError(Exception):
    """A failure with its class (one of the constants above) and a message that names the cause and the remedy."""

    def __init__(self, failure: str, message: str):
        super().__init__(message)
        self.failure = failure


class OutcomeUnknown(AccessError):
    """A write was sent and no answer came back: it may or may not have taken effect."""

    def __init__(self, message: str):
        super().__init__(UNREACHABLE, message)


class Overtaken(AccessError):
    """A conflict that was noticed, or reported by the device, before the Step wrote anything. If it was the first one, this run has nothing to undo:
    what the device holds by now is of another run, even where both wanted the same."""

    def __init__(self, message: str):
        super().__init__(CONFLICT, message)


class Failed(Exception):
    """The run failed; ``result`` is plain data for the module's answer, and ``failure`` in it says what was left on the device."""

    def __init__(self, message: str, result: dict):
        super().__init__(message)
        self.result = result


def internal_fault(error: Exception) -> AccessError:
    """A fault of this collection, by its type and place. Its text is left out, because it may contain what was sent."""
    frames = [frame for frame, _line in traceback.walk_tb(error.__traceback__)]
    code = frames[-1].f_code if frames else None
    place = " in %s of %s" % (code.co_name, os.path.basename(code.co_filename)) if code else ""
    return AccessError(INTERNAL, "internal error of this collection, please report it: %s%s" % (type(error).__name__, place))
