# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The protocol that a product implements: what it must bring, and what it may."""
from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Collection, Iterator, Mapping

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy

#: Whose edits wait for activation: ``State.pending``.
OURS = "ours"
FOREIGN = "foreign"
BOTH = "both"

#: What the device tells of edits that wait for activation: ``Traits.pending_edits``.
NAMED = "named"
UNNAMED = "unnamed"
HIDDEN = "hidden"


@dataclass(frozen=True)
class Traits:
    """Facts about a product that do not depend on the device.

    ``kinds``: kinds of objects from inert (lists) to linking (rules), the order in which they are made; they go in reverse.
    ``exclusive``: what keeps a second run away from a device while one writes, in words; empty: nothing does.
    ``by_hand``: the product has no way to write: the plan is handed to a person as ``manual``, and nothing is sent.
    ``limits``: what the product allows of writes, deletes and activations, in words; empty: no limit is known.
    ``propagation``: seconds that an activation may take to be in force everywhere after the device has said yes; 0: it is in force then.
    ``pending_edits``: what the device tells of edits that wait for activation. NAMED: whether they are ours. UNNAMED: that there are
    some, and not whose. HIDDEN: not always that there are any. For the last two the journal of a run of ours that did not end
    stands for what the device does not tell.
    ``narrowing``: kinds of objects each of whose sets of members limits what they are about, so that an empty set means everything.
    ``drafts``: {kind: {field: value}} with which an object of that kind is made, when a later request of the same change gives the field its own.
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
    """An object that has to be there. For a rule: its ``rulebase``, and the Refs it has to stand above and below."""

    object: Object
    rulebase: str | None = None
    above: frozenset = frozenset()
    below: frozenset = frozenset()


@dataclass(frozen=True)
class Permissions:
    """Whether the account may ``write`` what a change writes: True, False, or None where the product does not tell; ``why`` in words."""

    write: bool | None = None
    why: str = ""


@dataclass(frozen=True)
class Step:
    """One request. ``request`` is plain data (state ``rendered`` prints it); ``learn``, if any, takes the reply; ``harmless``: it changes nothing that is
    in the plan."""

    title: str
    request: dict
    learn: object = None
    harmless: bool = False


class Adapter(ABC):
    """What the engine asks of a product; nothing else knows the product.

    A run calls in this order; what a product may leave out stands in brackets::

        read ▸ assess ▸ target ▸ steps                                            the plan
        [permissions] ▸ [held_by] ▸ close                                         check mode ends here
        [begin ▸ read] ▸ send ... ▸ [seal] ▸ [activate] ▸ read ▸ close            carried out, and read back
        read ▸ [discard ▸ read] ▸ send ... ▸ [seal] ▸ [activate] ▸ read ▸ close   taken back after a failure, and read back

    IO methods raise AccessError with its failure class; a write that may have taken effect raises OutcomeUnknown.
    """

    #: What speaks to the device, for those that have one.
    _transport = None

    # -- what a product must bring

    @property
    @abstractmethod
    def traits(self) -> Traits:
        """The facts about the product; a class attribute will do."""

    @property
    @abstractmethod
    def device(self) -> str:
        """Names the device or tenant in journals: the same from run to run."""

    @abstractmethod
    def read(self) -> State:
        """IO. What the device holds now, edits that wait for activation included, and what the read found out besides."""

    @abstractmethod
    def blank(self) -> State:
        """Pure. The state of a device that holds nothing of ours, without contact."""

    @abstractmethod
    def target(self, policy: Policy, state: State) -> list[Wanted]:
        """Pure. The Wanted objects for this policy, given what the site has."""

    @abstractmethod
    def assess(self, policy: Policy, state: State) -> Assessment:
        """Pure. What ``state`` (read or predicted) means for the policy."""

    @abstractmethod
    def steps(self, changes: list[Change], state: State) -> Iterator[Step]:
        """Pure. Yields the Steps that carry out ``changes`` on a device at ``state``."""

    @abstractmethod
    def send(self, request: dict) -> object:
        """IO. Carry out the request of one Step; its reply, if any."""

    # -- what a product may bring

    def begin(self) -> bool:
        """IO. Before the first write: refuse a device that must not be written, and keep others out. Whether to read and plan again."""
        return False

    def seal(self) -> None:
        """IO. After the last write, before the activation: make the edits of this session the device's own (publish).

        It is asked again when its answer was lost and ``State.unsealed`` is still read.
        """

    def activate(self) -> list[dict]:
        """IO. Bring what was written into force and wait for it: one plain dict for each target."""
        return []

    def discard(self) -> bool:
        """IO. Drop this run's edits that are not in force, when the product can tell them from others'. Whether it could."""
        return False

    def isolates(self, changes: Collection[Change]) -> bool:
        """Pure. Whether the activation of ``changes`` leaves edits of others that wait where they are."""
        return False

    def targets(self) -> list[str]:
        """Pure, after ``read``. What an activation brings the change to besides this device: a plan was reviewed for these."""
        return []

    def people(self, state: State) -> dict[str, dict]:
        """Pure, after ``read``. Where the audience names rules or policies: {name of one: {column: names}} of the people that it is about, for reviewers.

        Empty where the audience names the people itself, and where a name is not on the device.
        """
        return {}

    def permissions(self) -> Permissions:
        """IO, and nothing but reads. Asked in check mode alone and when there is something to write, so that a real run sends no more than before."""
        return Permissions()

    def held_by(self) -> list[str]:
        """IO, and nothing but reads, asked like ``permissions``. Who keeps our run from writing now, in words, where the product tells."""
        return []

    def made(self) -> dict[Ref, str]:
        """Pure. The ids of what this run made, where a device can hold two objects of one name."""
        return {}

    def tell_apart(self, ids: dict[Ref, str]) -> None:
        """Pure. Before a change is taken back: of objects that share a name, ours is the one with the id that its run learned."""

    def render(self, pattern: Pattern) -> tuple[str, ...]:
        """Pure. The entries of a list of this product that stand for a Pattern."""
        return (str(pattern),)

    def begin_cleanup(self, undo: bool = False) -> None:
        """Pure. Before ``close`` and, with ``undo``, before the engine takes a change back: what follows must not fail because the run's time is over."""
        if self._transport is not None:
            self._transport.begin_cleanup(undo)

    def close(self) -> None:
        """IO. The end of every run, however it went: give back locks, sign out."""
        if self._transport is not None:
            self._transport.close()

    def requests(self) -> dict[str, int]:
        """What was sent so far: counts by name."""
        return self._transport.requests() if self._transport is not None else {}
