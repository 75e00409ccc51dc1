# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an adapter says about a policy and a State: what is in force, what conflicts, what is lost."""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Callable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy


@dataclass(frozen=True)
class Conflict:
    """An existing rule or entry that still blocks or decrypts a wanted host.

    ``id`` is stable from run to run, for the option ``unblock``; ``effect`` is deny, decrypt, cookies or rewrite;
    ``certain`` is false if the product's configuration could not be evaluated completely; ``remedy`` are the Changes that
    resolve exactly this conflict (empty: only an administrator can), ``opens`` says in words what else they would open.
    """

    id: str
    effect: str
    where: str
    text: str
    hosts: tuple
    certain: bool = True
    remedy: tuple = ()
    opens: str = ""


@dataclass(frozen=True)
class Loss:
    """A control, one of the choices of ``refuse_losses``, that no longer scans ``hosts`` because of the exemption."""

    control: str
    rule: str
    hosts: tuple


@dataclass(frozen=True)
class TenantControl:
    """A rule that adds the header which keeps people in their own ChatGPT workspace; ``hosts`` are the exempt Patterns that it needs decrypted."""

    rule: str
    hosts: tuple


@dataclass(frozen=True)
class Coverage:
    """What is in force for one pattern; ``allowed`` and ``exempt`` are "yes", "no", "unchecked", "not wanted" or "withheld" (by policy)."""

    pattern: str
    allowed: str
    exempt: str
    allowed_by: str | None = None
    exempt_by: str | None = None
    note: str = ""

    def about(self, pattern: str) -> Coverage:
        """The same for another pattern, for tens of thousands of them: a fifth of the time that it takes to set each field."""
        found = object.__new__(Coverage)
        vars(found).update(vars(self), pattern=pattern)
        return found


@dataclass
class Assessment:
    """What an adapter can say about a policy and a State, without IO."""

    coverage: list = field(default_factory=list)
    conflicts: list = field(default_factory=list)
    #: Ids of conflicts that an earlier run resolved, each with the Ref that it changed.
    resolved: dict = field(default_factory=dict)
    losses: list = field(default_factory=list)
    tenant_controls: list = field(default_factory=list)
    audience_widened: list = field(default_factory=list)
    manual: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    #: How the policy relates to what was read, as plain data for ``diagnosis`` in the result.
    diagnosis: dict = field(default_factory=dict)


def after_removal(found: Assessment, assess: Callable[[Policy], Assessment], policy: Policy) -> Assessment:
    """The Assessment of a device after everything of ours is removed: nothing is wanted, so nothing conflicts, and access opened by hand has to be closed.

    ``found``: what ``assess`` returns for it with the ``policy`` that was wanted. A medium that adds a step to ``manual`` was opened by hand.
    """
    bare, close = assess(Policy()), []
    for one in policy.media:
        others = assess(replace(policy, media=tuple(other for other in policy.media if other != one)))
        if not set(found.manual) <= set(others.manual):
            close.append("voice (%s): if you opened it on the firewall by hand for ChatGPT, close it there" % one)
    return replace(bare, conflicts=[], coverage=found.coverage, resolved=found.resolved, diagnosis=found.diagnosis, manual=bare.manual + close)
