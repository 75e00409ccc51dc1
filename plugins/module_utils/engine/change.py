# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The change between two states: pure data, no IO, no vendor.

A *Change* is a delta on one native object, never the whole object. It is what check mode prints, what the journal
saves and what a rollback inverts.
"""
from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Collection, Iterable, Iterator, Mapping, Sequence

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State

CREATE = "create"
UPDATE = "update"
DELETE = "delete"


@dataclass(frozen=True)
class Place:
    """A position in a rulebase: directly below ``after``, or at the top if that is None."""

    rulebase: str
    after: Ref | None = None

    def __str__(self) -> str:
        return "%s: %s" % (self.rulebase, "first" if self.after is None else "directly below %s" % self.after)


@dataclass(frozen=True)
class Change:
    """A delta on one object.

    ``fields``: path to (old, new). ``members``: path to (added, removed), two sorted tuples. ``place``: (old, new) Places.
    A created object has None as every old value; a deleted one None as every new value.
    """

    ref: Ref
    op: str
    fields: dict = field(default_factory=dict)
    members: dict = field(default_factory=dict)
    place: tuple | None = None

    def inverse(self) -> Change:
        """The opposite change, for reports. To undo changes on a device, use ``undo``."""
        return Change(
            ref=self.ref,
            op={CREATE: DELETE, DELETE: CREATE, UPDATE: UPDATE}[self.op],
            fields={path: (new, old) for path, (old, new) in self.fields.items()},
            members={path: (removed, added) for path, (added, removed) in self.members.items()},
            place=None if self.place is None else (self.place[1], self.place[0]),
        )

    def to_data(self) -> dict:
        """Plain JSON data: for results, the journal and digests."""
        data = {"kind": self.ref.kind, "name": self.ref.name, "op": self.op}
        if self.fields:
            data["fields"] = {path: {"old": old, "new": new} for path, (old, new) in sorted(self.fields.items())}
        if self.members:
            data["members"] = {path: {"added": list(a), "removed": list(r)} for path, (a, r) in sorted(self.members.items())}
        if self.place is not None:
            data["place"] = {"old": _place_data(self.place[0]), "new": _place_data(self.place[1])}
        return data

    @classmethod
    def from_data(cls, data: dict) -> Change:
        """The inverse of to_data. :raises KeyError, TypeError, ValueError: for data that is not a change."""
        if data["op"] not in (CREATE, UPDATE, DELETE):
            raise ValueError("unknown operation %r" % (data["op"],))
        place = data.get("place")
        return cls(
            ref=Ref(str(data["kind"]), str(data["name"])),
            op=data["op"],
            fields={path: (value["old"], value["new"]) for path, value in data.get("fields", {}).items()},
            members={path: (tuple(value["added"]), tuple(value["removed"])) for path, value in data.get("members", {}).items()},
            place=None if place is None else (_place_from(place["old"]), _place_from(place["new"])),
        )

    def strings(self) -> Iterator[str]:
        """Every string this change would send."""
        for values in self.fields.values():
            yield from _strings(values[1])
        for added, removed in self.members.values():
            yield from added
            yield from removed


def _place_data(place):
    if place is None:
        return None
    return {"rulebase": place.rulebase, "after": None if place.after is None else [place.after.kind, place.after.name]}


def _place_from(data):
    if data is None:
        return None
    return Place(data["rulebase"], None if data["after"] is None else Ref(*data["after"]))


def _strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _strings(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _strings(inner)


# -- from two states to changes ------------------------------------------------------------------------------------


def diff(state: State, target: State, kinds: Sequence[str]) -> list[Change]:
    """The Changes that lead from ``state`` to ``target``, in an order that is inert until linked.

    ``kinds`` lists the kinds from inert (lists) to linking (rules). Deletions come first, links before what they link.
    Creations follow, lists before the rules that use them. So every prefix decides as the old state or narrower than the new one.
    """
    rank = {kind: position for position, kind in enumerate(kinds)}
    gone = [_deletion(obj) for ref, obj in state.objects.items() if ref not in target.objects]
    pairs = ((state.objects.get(ref), wanted) for ref, wanted in target.objects.items())
    changed = (_creation(wanted) if current is None else _update(current, wanted) for current, wanted in pairs if current is not wanted)
    come = [change for change in changed if change is not None]
    gone.sort(key=lambda change: (-rank[change.ref.kind], change.ref))
    return _with_places(state, target, gone, come, rank)


def _deletion(obj: Object) -> Change:
    return Change(
        obj.ref, DELETE,
        fields={path: (value, None) for path, value in obj.fields.items()},
        members={path: ((), tuple(sorted(members))) for path, members in obj.members.items()},
    )


def _creation(obj: Object) -> Change:
    return _deletion(obj).inverse()


def _update(current: Object, wanted: Object):
    fields = {p: (current.fields.get(p), v) for p, v in wanted.fields.items() if current.fields.get(p) != v}
    members = {}
    for path, want in wanted.members.items():
        have = current.members.get(path, frozenset())
        if have != want:
            members[path] = (tuple(sorted(want - have)), tuple(sorted(have - want)))
    return Change(wanted.ref, UPDATE, fields, members=members) if fields or members else None


def _with_places(state, target, gone, come, rank) -> list:
    """Add the old and new place to each change that has one, and the moves.

    The old place is that before the first change, which is what a rollback restores. The new one is that at the moment of its own change,
    since a device moves one rule at a time.
    """
    old = {(base, ref): Place(base, above) for base, refs in state.rules.items() for above, ref in zip((None,) + tuple(refs), refs)}
    base_of: dict = {}
    for base, ref in old:
        base_of.setdefault(ref, base)
    placed, left = [], set()
    for change in gone:
        base = base_of.get(change.ref)
        if base is not None:
            change = replace(change, place=(old[base, change.ref], None))
            left.add((base, change.ref))
        placed.append(change)
    order = {base: [ref for ref in refs if (base, ref) not in left] for base, refs in state.rules.items()}
    come = {change.ref: change for change in come}
    moves = _moves(order, target)
    for ref in moves:
        come.setdefault(ref, Change(ref, UPDATE))
    # Rules of one rulebase are placed from the top down, since each is placed below its predecessor.
    position = {ref: index for base, refs in target.rules.items() for index, ref in enumerate(refs)}
    place_in = {(base, ref): index for base, refs in target.rules.items() for index, ref in enumerate(refs)}
    there = {base: set(refs) for base, refs in order.items()}
    for ref in sorted(come, key=lambda r: (rank[r.kind], position.get(r, -1), r)):
        change = come[ref]
        base = moves.get(ref)
        if base is not None:
            # Directly below the nearest predecessor in the wanted order that already exists.
            wanted = target.rules[base]
            above = next((wanted[at] for at in range(place_in[base, ref] - 1, -1, -1) if wanted[at] in there[base]), None)
            there[base].add(ref)
            change = replace(change, place=(None if change.op == CREATE else old[base, ref], Place(base, above)))
        placed.append(change)
    return placed


def _moves(order: dict, target: State) -> dict:
    """Which rules have to be placed: {Ref: rulebase}; new ones, and as few as possible of those in the wrong order."""
    moves = {}
    for base, wanted in target.rules.items():
        current = order.setdefault(base, [])
        rank = {ref: index for index, ref in enumerate(wanted)}
        stays = set(_longest_increasing([ref for ref in current if ref in rank], rank, target))
        for ref in wanted:
            if ref not in stays:
                moves[ref] = base
    return moves


def _longest_increasing(refs, rank, target) -> list:
    """The longest part of ``refs`` that is already in the wanted order and holds every rule that is not ours.

    Rules of others never move: only rules of ours that fit between the same neighbours as in ``rank`` may stay.
    """
    fixed = [r for r in refs if not _movable(target, r)]
    bounds = {}
    lower = -1
    for ref in refs:
        if not _movable(target, ref):
            lower = rank[ref]
        bounds[ref] = lower
    ceilings = {}
    upper = len(rank)
    for ref in reversed(refs):
        if not _movable(target, ref):
            upper = rank[ref]
        ceilings[ref] = upper
    candidates = [r for r in refs if not _movable(target, r) or bounds[r] < rank[r] < ceilings[r]]
    tails, tail_refs, parent = [], [], {}
    for ref in candidates:
        at = bisect_left(tails, rank[ref])
        parent[ref] = tail_refs[at - 1] if at else None
        if at == len(tails):
            tails.append(rank[ref])
            tail_refs.append(ref)
        else:
            tails[at], tail_refs[at] = rank[ref], ref
    chain = []
    ref = tail_refs[-1] if tail_refs else None
    while ref is not None:
        chain.append(ref)
        ref = parent[ref]
    return chain if set(fixed) <= set(chain) else fixed


def _movable(target: State, ref: Ref) -> bool:
    obj = target.objects.get(ref)
    return obj is not None and obj.ours


class _Order:
    """The rules of one rulebase, each with its neighbours: moving one rule costs the same in a long rulebase."""

    def __init__(self, refs: Iterable[Ref] = ()):
        self._below: dict = {None: None}
        self._above: dict = {}
        last = None
        for ref in refs:
            self.put(ref, last)
            last = ref

    def __contains__(self, ref: Ref) -> bool:
        return ref in self._above

    def remove(self, ref: Ref) -> None:
        above, below = self._above.pop(ref), self._below.pop(ref)
        self._below[above] = below
        if below is not None:
            self._above[below] = above

    def put(self, ref: Ref, above: Ref | None) -> None:
        """Directly below ``above``, or to the top."""
        below = self._below[above]
        self._below[above], self._below[ref], self._above[ref] = ref, below, above
        if below is not None:
            self._above[below] = ref

    def refs(self) -> tuple:
        found, ref = [], self._below[None]
        while ref is not None:
            found.append(ref)
            ref = self._below[ref]
        return tuple(found)


# -- from a state and changes to the next state ---------------------------------------------------------------------


def apply(state: State, changes: Iterable[Change]) -> State:
    """The state after ``changes``: what check mode predicts and what reading back has to show."""
    objects = dict(state.objects)
    order = {base: _Order(refs) for base, refs in state.rules.items()}
    for change in changes:
        ref = change.ref
        if change.op == DELETE:
            objects.pop(ref, None)
        else:
            objects[ref] = _applied(objects.get(ref), change)
        if change.place is not None:
            _put(order, change)
    return State(objects, {base: refs.refs() for base, refs in order.items()}, state.pending)


def _applied(current, change: Change) -> Object:
    base = current or Object(change.ref, ours=True)
    fields = dict(base.fields)
    for path, (_old, new) in change.fields.items():
        fields[path] = new
    members = dict(base.members)
    for path, (added, removed) in change.members.items():
        members[path] = (frozenset(members.get(path, ())) | frozenset(added)) - frozenset(removed)
    return replace(base, fields=fields, members=members)


def _put(order: dict, change: Change) -> None:
    old, new = change.place
    for place in (old, new):
        if place is not None and change.ref in order.setdefault(place.rulebase, _Order()):
            order[place.rulebase].remove(change.ref)
    if new is not None:
        refs = order[new.rulebase]
        refs.put(change.ref, new.after if new.after in refs else None)


# -- where a device stands with respect to a change ------------------------------------------------------------------


@dataclass(frozen=True)
class Clash:
    """A value that is neither the old nor the new one of a change, because another administrator changed it; or another reason ``why`` it must not be
    undone."""

    ref: Ref
    path: str
    found: object
    why: str = "someone else changed it since then"

    def __str__(self) -> str:
        return "%s, %s: %s" % (self.ref, self.path, self.why)


def undo(changes: Sequence[Change], state: State, kinds: Sequence[str], gone: Collection[Ref] = (),
         narrowing: Collection[str] = (), drafts: Mapping = MappingProxyType({})) -> tuple[list[Change], list[Clash]]:
    """What undoes ``changes`` on a device at ``state``: ([Change], [Clash]).

    Each change is compared with the device. At its new value it is set to the old one; at the old one there is nothing to do; anything
    else is a Clash. Members are compared one by one, so members that others added since stay: if an object that we created holds one now,
    our members are removed and the object stays. Rules return to below the neighbour that they had.
    ``gone``: what we created and removed since; an update of such an object has nothing left to undo. ``narrowing``: kinds whose sets of members
    each limit what an object applies to: one that would be emptied while others' entries stay in another one is a Clash, since these would then
    apply to everything. ``drafts``: {kind: {field: value}}: what we created may be at that value, if the run ended before the final one was set.
    """
    objects, clashes = dict(state.objects), [Clash(one.ref, "content", None, why=state.unread[one.ref.kind]) for one in changes if one.ref.kind in state.unread]
    # One of these changes may be its creation: an object that a lost write left behind is updated in the same journal.
    gone = {change.ref for change in changes if change.op == CREATE}.union(gone)
    for change in reversed(list(changes)):
        if change.op == UPDATE and change.ref in gone and change.ref not in objects:
            continue
        if change.op == CREATE:
            _undo_create(change, objects, clashes, drafts.get(change.ref.kind, {}))
        elif change.op == UPDATE:
            _undo_update(change, objects, clashes)
        else:
            _undo_delete(change, objects, clashes)
    for ref in sorted({change.ref for change in changes if change.ref.kind in narrowing}):
        clashes += _widened(state.objects.get(ref), objects.get(ref))
    rules = _undo_order(changes, state, objects, clashes)
    if clashes:
        return [], clashes
    return diff(state, State(objects, rules, state.pending), kinds), []


def _widened(now: Object | None, then: Object | None) -> list[Clash]:
    """Sets of members that a rollback would empty beside others that stay."""
    if now is None or then is None or not any(then.members.values()):
        return []
    return [Clash(now.ref, path, sorted(members), why="removing our entries would leave the entries that someone else added without a limit")
            for path, members in sorted(now.members.items()) if members and not then.members.get(path)]


def _undo_create(change: Change, objects: dict, clashes: list, draft: Mapping) -> None:
    current = objects.get(change.ref)
    if current is None:
        return
    members = _old_members(change, current)
    if any(members.values()):
        objects[change.ref] = replace(current, members=members)
        return
    for path, (_old, new) in change.fields.items():
        if current.fields.get(path) not in (new, draft.get(path, new)):
            clashes.append(Clash(change.ref, path, current.fields.get(path)))
            return
    del objects[change.ref]


def _undo_update(change: Change, objects: dict, clashes: list) -> None:
    current = objects.get(change.ref)
    if current is None:
        clashes.append(Clash(change.ref, "existence", None))
        return
    fields = dict(current.fields)
    for path, (old, new) in change.fields.items():
        if fields.get(path) == new:
            fields[path] = old
        elif fields.get(path) != old:
            clashes.append(Clash(change.ref, path, fields.get(path)))
    objects[change.ref] = replace(current, fields=fields, members=_old_members(change, current))


def _undo_delete(change: Change, objects: dict, clashes: list) -> None:
    current = objects.get(change.ref)
    old = {path: value for path, (value, _new) in change.fields.items()}
    if current is None:
        objects[change.ref] = Object(change.ref, old, {path: frozenset(removed) for path, (_added, removed) in change.members.items()}, ours=True)
        return
    for path, value in old.items():
        if current.fields.get(path) != value:
            clashes.append(Clash(change.ref, path, current.fields.get(path)))
    objects[change.ref] = replace(current, members=_old_members(change, current))


def _old_members(change: Change, current: Object) -> dict:
    members = dict(current.members)
    for path, (added, removed) in change.members.items():
        members[path] = (frozenset(members.get(path, ())) - frozenset(added)) | frozenset(removed)
    return members


def _undo_order(changes, state: State, objects: dict, clashes: list) -> dict:
    """The former rulebases: every rule that was placed is directly below the neighbour that it had before the first change."""
    old: dict = {}
    for change in changes:
        if change.place is not None:
            old.setdefault(change.ref, change.place[0])
    back = {ref: place for ref, place in old.items() if place is not None and ref in objects}
    order = {base: _Order(ref for ref in refs if ref in objects and ref not in back) for base, refs in state.rules.items()}
    waiting: dict = {}
    for ref, place in back.items():
        waiting.setdefault(place, []).append(ref)
    ready = [place for place in waiting if place.after is None or place.after in order.setdefault(place.rulebase, _Order())]
    while ready:
        place = ready.pop()
        for ref in waiting.pop(place):
            order.setdefault(place.rulebase, _Order()).put(ref, place.after)
            del back[ref]
            below = Place(place.rulebase, ref)
            ready += [below] * (below in waiting)
    clashes += [Clash(ref, "place", str(place.after)) for ref, place in sorted(back.items())]
    return {base: refs.refs() for base, refs in order.items()}
