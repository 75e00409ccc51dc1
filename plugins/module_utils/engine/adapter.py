# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The protocol of a product: the methods that it must implement, and those that it may."""
from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Collection, Iterator, Mapping

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy

#: Whose edits are pending: ``State.pending``.
OURS = "ours"
FOREIGN = "foreign"
BOTH = "both"

#: What the device reports about pending edits: ``Traits.pending_edits``.
NAMED = "named"
UNNAMED = "unnamed"
HIDDEN = "hidden"


def whose(mine: object, theirs: object) -> str | None:
    """``State.pending``, by whether there are pending edits of ours and of others."""
    return BOTH if mine and theirs else OURS if mine else FOREIGN if theirs else None


@dataclass(frozen=True)
class Traits:
    """Facts about a product that do not depend on the device.

    ``kinds``: kinds of objects from inert (lists) to linking (rules), in the order of creation; deletion is in reverse.
    ``exclusive``: what prevents a second run while one writes, in words; empty: nothing does.
    ``by_hand``: the product has no way to write: the plan is returned as ``manual``, and nothing is sent.
    ``limits``: the product's limits for writes, deletes and activations, in words; empty: no limit is known.
    ``propagation``: seconds from the device's confirmation of an activation until it is in force everywhere; 0: at once.
    ``pending_edits``: what the device reports about pending edits. NAMED: whether they are ours. UNNAMED: that there are some, but not
    whose. HIDDEN: not always that there are any. For the last two, the journal of an unfinished run of ours is the evidence.
    ``narrowing``: kinds of objects whose sets of members each limit what the object applies to, so that an empty set means everything.
    ``drafts``: {kind: {field: value}} that an object of that kind is created with, if a later request of the same change sets the final value.
    """

    product: str
    kinds: tuple
    exclusive: str = ""
    by_hand: bool = False
    limits: str = ""
    propagation: int = 0
    pending_edits: str = NAMED
    narrowing: tuple = ()
    drafts: Mapping = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """An object that has to exist. For a rule: its ``rulebase``, and the Refs that it has to be above and below."""

    object: Object
    rulebase: str | None = None
    above: frozenset = frozenset()
    below: frozenset = frozenset()


@dataclass(frozen=True)
class Permissions:
    """Whether the account may ``write`` what a change writes: True, False, or None if the product does not report it; ``why`` in words."""

    write: bool | None = None
    why: str = ""


@dataclass(frozen=True)
class Step:
    """One request. ``request`` is plain data (state ``rendered`` prints it); ``learn``, if set, receives the reply; ``harmless``: it changes nothing that
    is in the plan."""

    title: str
    request: dict
    learn: object = None
    harmless: bool = False


class Adapter(ABC):
    """What the engine calls on a product. Nothing else in the engine knows the product.

    A run calls in this order; brackets mark what a product may leave out::

        read ▸ assess ▸ target ▸ steps                                            the plan
        [permissions] ▸ [held_by] ▸ close                                         check mode ends here
        [begin ▸ read] ▸ send ... ▸ [seal] ▸ [activate] ▸ read ▸ close            carried out, and read back
        read ▸ [discard ▸ read] ▸ send ... ▸ [seal] ▸ [activate] ▸ read ▸ close   undone after a failure, and read back

    IO methods raise AccessError with its failure class; a write that may have taken effect raises OutcomeUnknown.
    """

    #: The object that makes the requests, if the product has one.
    _transport = None
    #: Whether a change of this run is being undone.
    undoing = False

    # -- what a product must implement

    @property
    @abstractmethod
    def traits(self) -> Traits:
        """The facts about the product; a class attribute is enough."""

    @property
    @abstractmethod
    def device(self) -> str:
        """Names the device or tenant in journals: the same from run to run."""

    @abstractmethod
    def read(self) -> State:
        """IO. What the device holds now, including pending edits, and what else the read found out."""

    @abstractmethod
    def blank(self) -> State:
        """Pure. The state of a device without any object of ours, without contact."""

    @abstractmethod
    def target(self, policy: Policy, state: State) -> list[Wanted]:
        """Pure. The Wanted objects for this policy, given the existing configuration."""

    @abstractmethod
    def assess(self, policy: Policy, state: State) -> Assessment:
        """Pure. What ``state`` (read or predicted) means for the policy."""

    @abstractmethod
    def steps(self, changes: list[Change], state: State) -> Iterator[Step]:
        """Pure. Yields the Steps that carry out ``changes`` on a device at ``state``."""

    @abstractmethod
    def send(self, request: dict) -> object:
        """IO. Carry out the request of one Step. Returns its reply, if any.

        :raises Overtaken: in place of another conflict, where nothing of the Step was written.
        """

    # -- what a product may implement

    def begin(self) -> bool:
        """IO. Before the first write: refuse a device that must not be written, and take the lock. Returns whether to read and plan again."""
        return False

    def seal(self) -> None:
        """IO. After the last write, before the activation: publish the edits of this session on the device.

        It is called again if its answer was lost and ``State.unsealed`` is still read.
        """

    def activate(self) -> list[dict]:
        """IO. Put what was written into effect and wait for it. Returns one plain dict for each target."""
        return []

    def discard(self) -> bool:
        """IO. Drop this run's edits that are not in force, if the product can distinguish them from others'. Returns whether it could."""
        return False

    def isolates(self, changes: Collection[Change]) -> bool:
        """Pure. Whether pending edits of others stay pending when ``changes`` are activated."""
        return False

    def targets(self) -> list[str]:
        """Pure, after ``read``. Other devices that an activation changes; a reviewed plan is about these."""
        return []

    def people(self, state: State) -> dict[str, dict]:
        """Pure, after ``read``. If the audience names rules or policies: {name: {column: names}} of the people that each applies to, for reviewers.

        Empty if the audience names the people itself; a name that is not on the device is left out.
        """
        return {}

    def permissions(self) -> Permissions:
        """IO, reads only. Called only in check mode and if there is something to write, so that a real run makes no additional requests."""
        return Permissions()

    def held_by(self) -> list[str]:
        """IO, reads only, called like ``permissions``. Who prevents our run from writing now, in words, if the product reports it."""
        return []

    def made(self) -> dict[Ref, str]:
        """Pure. The ids of what this run created, if a device can hold two objects of one name."""
        return {}

    def tell_apart(self, ids: dict[Ref, str]) -> None:
        """Pure. Before a change is undone: of objects that share a name, ours is the one with the id that its run learned."""

    def render(self, pattern: Pattern) -> tuple[str, ...]:
        """Pure. The entries that represent a Pattern in a list of this product."""
        return (str(pattern),)

    def begin_cleanup(self, undo: bool = False) -> None:
        """Pure. Called before ``close`` and, with ``undo``, before the engine undoes a change: these must not fail because the run's time is over."""
        self.undoing = self.undoing or undo
        if self._transport is not None:
            self._transport.begin_cleanup(undo)

    def close(self) -> None:
        """IO. The end of every run, whatever its result: release locks, sign out."""
        if self._transport is not None:
            self._transport.close()

    def requests(self) -> dict[str, int]:
        """What was sent so far: counts by name."""
        return self._transport.requests() if self._transport is not None else {}
