# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Assessment under construction: each conflict once and with a stable id, each loss once, the rows of coverage. Pure."""
from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Collection, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Conflict, Coverage, Loss
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern

#: The header, in lower case, that keeps people in their company's ChatGPT workspace. A rule that adds it needs decrypted traffic.
WORKSPACE_HEADER = "chatgpt-allowed-workspace-id"
#: How many reasons a row of coverage names.
REASONS = 3


def conflict_id(product: str, subject: object) -> str:
    """Short, and the same from run to run: ``subject`` names the rule or entry, never its number or its place."""
    return "%s-%s" % (product, hashlib.sha256(str(subject).encode("utf-8", "surrogateescape")).hexdigest()[:10])


def texts(patterns: Iterable[Pattern]) -> tuple:
    """Patterns as sorted texts."""
    return tuple(sorted(str(pattern) for pattern in patterns))


def together(words: Iterable[str]) -> str:
    """What several layers together say about one pattern: "no" if one does, else "unchecked" if one does, else "yes"."""
    found = set(words)
    return next((word for word in ("no", "unchecked") if word in found), "yes")


def reasons(found: Iterable[str]) -> list[str]:
    """The first few reasons of a row of coverage; with many rules, the others repeat them."""
    named = list(dict.fromkeys(found))
    return named[:REASONS] + (["and %d more reasons" % (len(named) - REASONS)] if len(named) > REASONS else [])


def coverage(pattern: Pattern, allowed: str, exempt: str, allowed_by: str | None, exempt_by: str | None, notes: Iterable[str]) -> Coverage:
    """A row of coverage. A pattern that is not allowed has no rule that allows it."""
    return Coverage(str(pattern), allowed, exempt, allowed_by=allowed_by if allowed != "no" else None, exempt_by=exempt_by, note="; ".join(notes))


@dataclass
class Findings(Assessment):
    """``product`` begins the id of each conflict; ``protected`` are names that the operator wants to keep unchanged."""

    product: str = ""
    protected: tuple = ()
    _known: set = field(default_factory=set, init=False, repr=False)

    def resolve(self, refs: Iterable[Ref]) -> None:
        """An earlier run resolved the conflicts about these Refs."""
        self.resolved.update({conflict_id(self.product, ref): ref for ref in refs})

    def resolve_borrowed(self, objects: Iterable[Object]) -> None:
        """The same for the existing objects that an earlier run changed."""
        self.resolve(obj.ref for obj in objects if obj.borrowed)

    def conflict(self, subject: object, effect: str, where: str, text: str, hosts: Collection, certain: bool, remedy: tuple = (), opens: str = "",
                 name: str | None = None, doubts: Iterable[str] = ()) -> None:
        """Add a Conflict about ``subject``, unless it affects no host or is known already. ``name``: the name that ``protected`` may contain.

        ``doubts``: why it is uncertain, in words. An uncertain conflict has no remedy.
        """
        identity = conflict_id(self.product, subject)
        if not hosts or identity in self._known:
            return
        self._known.add(identity)
        if name in self.protected:
            remedy, opens = (), "protected"
        elif remedy and not certain:
            remedy, opens = (), "it is not certain that this blocks or decrypts these hosts: check it, and change it by hand"
        text = "; ".join([text, *doubts])
        self.conflicts.append(Conflict(id=identity, effect=effect, where=where, text=text, hosts=tuple(str(host) for host in hosts), certain=certain,
                                       remedy=remedy, opens=opens))

    def lose(self, control: str, rule: str, hosts: tuple) -> None:
        """Add a Loss, unless it is known already."""
        loss = Loss(control, rule, hosts)
        if loss not in self.losses:
            self.losses.append(loss)
