# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a run: one time for all its requests and waits."""
from __future__ import annotations

import time
from typing import Callable

#: Signing out has this time, however late it is.
CLOSING_SECONDS = 30


class Deadline:
    """``timeout``: the seconds that a run has; ``now``: a monotonic clock."""

    def __init__(self, timeout: float, now: Callable[[], float] = time.monotonic):
        self.timeout, self._now = timeout, now
        self._end = now() + timeout

    def left(self) -> float:
        """Seconds that are left."""
        return self._end - self._now()

    def begin_cleanup(self, undo: bool = False) -> None:
        """From here on the run signs out or, with ``undo``, undoes a change, which has as much time as the run had."""
        self._end = max(self._end, self._now() + (max(self.timeout, CLOSING_SECONDS) if undo else CLOSING_SECONDS))
