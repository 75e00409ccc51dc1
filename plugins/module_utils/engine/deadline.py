# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a run has to be over: one time for all that it asks and waits for."""
from __future__ import annotations

import time
from typing import Callable

#: What signing out has, however late it is.
CLOSING_SECONDS = 30


class Deadline:
    """``timeout``: the seconds that a run has; ``now``: a time that counts up, of no date."""

    def __init__(self, timeout: float, now: Callable[[], float] = time.monotonic):
        self.timeout, self._now = timeout, now
        self._end = now() + timeout

    def left(self) -> float:
        """Seconds that are left of it."""
        return self._end - self._now()

    def begin_cleanup(self, undo: bool = False) -> None:
        """From here on the run signs out or, with ``undo``, takes a change back, which has as much time as the run had."""
        self._end = max(self._end, self._now() + (max(self.timeout, CLOSING_SECONDS) if undo else CLOSING_SECONDS))
