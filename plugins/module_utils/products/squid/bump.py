# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ssl_bump does with a connection, step by step as Squid evaluates it. Pure.

At each step the first matching line decides, of those whose action is possible in that step. After peek or stare the next step follows. After a peek in step
2 a connection can only be spliced or terminated, after a stare it cannot be spliced.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Sequence

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.config import Directive
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import NO, SURE

SPLICE, BUMP, TERMINATE, PEEK, STARE = "splice", "bump", "terminate", "peek", "stare"
#: Older names of actions.
_ACTIONS = {"none": SPLICE, "client-first": BUMP, "server-first": BUMP, "allow": BUMP, "deny": SPLICE}
FIRST_STEP_ONLY = frozenset(_ACTIONS)
_LOOKS = (PEEK, STARE)


@dataclass
class Fate:
    """``ends``: the possible ends of a connection: {SPLICE, BUMP or TERMINATE: the lines that cause it, None for no line}; ``asked``: the steps that were
    evaluated."""

    ends: dict = field(default_factory=dict)
    asked: set = field(default_factory=set)

    def end(self, how: str, line: Directive | None) -> None:
        """Adds a possible end, caused by ``line``."""
        lines = self.ends.setdefault(how, [])
        if line not in lines:
            lines.append(line)

    @property
    def surely(self) -> str | None:
        """The certain end, or None."""
        return next(iter(self.ends)) if len(self.ends) == 1 else None

    def lines(self, end: str) -> list:
        """The lines that cause this end."""
        return [line for line in self.ends.get(end, ()) if line is not None]


def action(line: Directive) -> str:
    """The action of an ssl_bump line, by its current name."""
    word = line.args[0] if line.args else ""
    return _ACTIONS.get(word, word)


def fate(lines: Sequence[Directive], level: Callable[[Directive, int], int]) -> Fate:
    """The fate of a connection. ``level(line, step)``: whether a line matches it in that step."""
    found = Fate()
    _ask(found, list(lines), level, 1, None)
    return found


def _ask(found: Fate, lines: list, level: Callable, step: int, look: Directive | None) -> None:
    """Adds the results of one step and of those after it. ``look``: the line that peeked or stared in the step before."""
    # Each of several lines that may peek or stare leads to the same next step; which of them did so in step 2 matters in step 3.
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
            # After a stare nothing can be spliced, whatever the lines below say.
            found.end(does, look if does == BUMP and looked == STARE else line)
        else:
            # An unknown action may be any.
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
