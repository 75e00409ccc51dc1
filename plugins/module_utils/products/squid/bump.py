# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ssl_bump does with a connection, step by step as Squid asks it. Pure.

At each step the first line that matches decides, of those whose action that step allows. After peek or stare the next step is asked. A connection that
was peeked at in step 2 can only be spliced or terminated then, and one that was stared at cannot be spliced.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Sequence

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.config import Directive
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import NO, SURE

SPLICE, BUMP, TERMINATE, PEEK, STARE = "splice", "bump", "terminate", "peek", "stare"
#: Older words for the same.
_ACTIONS = {"none": SPLICE, "client-first": BUMP, "server-first": BUMP, "allow": BUMP, "deny": SPLICE}
FIRST_STEP_ONLY = frozenset(_ACTIONS)
_LOOKS = (PEEK, STARE)


@dataclass
class Fate:
    """``ends``: what may become of a connection: {SPLICE, BUMP or TERMINATE: the lines that do it, None for no line}; ``asked``: which steps were."""

    ends: dict = field(default_factory=dict)
    asked: set = field(default_factory=set)

    def end(self, how: str, line: Directive | None) -> None:
        """It may end so, by that line."""
        lines = self.ends.setdefault(how, [])
        if line not in lines:
            lines.append(line)

    @property
    def surely(self) -> str | None:
        """What surely becomes of it."""
        return next(iter(self.ends)) if len(self.ends) == 1 else None

    def lines(self, end: str) -> list:
        """The lines that bring it to this end."""
        return [line for line in self.ends.get(end, ()) if line is not None]


def action(line: Directive) -> str:
    """What a line of ssl_bump does, in today's word."""
    word = line.args[0] if line.args else ""
    return _ACTIONS.get(word, word)


def fate(lines: Sequence[Directive], level: Callable[[Directive, int], int]) -> Fate:
    """What becomes of a connection. ``level(line, step)``: how far a line matches it then."""
    found = Fate()
    _ask(found, list(lines), level, 1, None)
    return found


def _ask(found: Fate, lines: list, level: Callable, step: int, look: Directive | None) -> None:
    """Add what comes of one step and the steps behind it. ``look``: the line that looked on at the step before."""
    # Of many lines that may look on each leads to the same next step; what did so at the second one counts at the third.
    asked = step, look if step == 3 else None
    if asked in found.asked:
        return
    found.asked.add(asked)
    looked = action(look) if look is not None and step == 3 else ""
    for line in lines:
        does = action(line)
        matched = level(line, step) if _allowed(line, does, step, looked) else NO
        if matched == NO:
            continue
        if does in _LOOKS:
            _ask(found, lines, level, step + 1, line)
        elif does in (SPLICE, BUMP, TERMINATE):
            # After a stare nothing can be spliced, whatever stands below.
            found.end(does, look if does == BUMP and looked == STARE else line)
        else:
            # An action that nobody here knows may be any.
            for end in (SPLICE, BUMP, TERMINATE):
                found.end(end, line)
        if matched == SURE:
            return
    found.end(BUMP if looked == STARE else SPLICE, look if looked == STARE else None)


def _allowed(line: Directive, does: str, step: int, looked: str) -> bool:
    if step > 1 and line.args and line.args[0] in FIRST_STEP_ONLY:
        return False
    if step < 3:
        return bool(line.args)
    return does not in _LOOKS and not (does == BUMP and looked == PEEK) and not (does == SPLICE and looked == STARE)
