# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the objects that a product wants to the State that the option ``state`` asks for. Pure."""
from __future__ import annotations

from dataclasses import replace

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import CONFLICT, REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.options import Options
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State


def desired(word: str, wanted: list[Wanted], state: State, options: Options,
            keep: frozenset[Ref] = frozenset()) -> State:
    """The State that ``word`` (merged, replaced or deleted) asks for. ``keep``: what an unblocked conflict needs, which stays.

    :raises AccessError: refused, if ``replaced`` meets an object of that name that does not carry our marker; conflict, if
        no place in a rulebase is both above and below what it has to be.
    """
    objects = dict(state.objects)
    order = {base: list(refs) for base, refs in state.rules.items()}
    names = {item.object.ref for item in wanted}
    if word in ("replaced", "deleted"):
        for ref, obj in state.objects.items():
            if obj.ours and ref not in keep and (word == "deleted" or ref not in names):
                objects.pop(ref)
            elif obj.borrowed and ref not in keep:
                objects[ref] = replace(obj, fields=dict(obj.fields, **obj.borrowed))
        order = {base: [ref for ref in refs if ref in objects or ref not in state.objects] for base, refs in order.items()}
    if word != "deleted":
        for item in wanted:
            objects[item.object.ref] = _merged_object(word, item.object, state.objects.get(item.object.ref), options)
        rules: dict = {}
        for item in wanted:
            if item.rulebase is not None:
                rules.setdefault(item.rulebase, []).append(item)
        for base, items in rules.items():
            order[base] = _without_misplaced(order.get(base, []), items, names)
            _put_rules(order[base], items)
    return State(objects, {base: tuple(refs) for base, refs in order.items()}, state.pending)


def _merged_object(word: str, want: Object, have, options: Options) -> Object:
    if have is None:
        return replace(want, ours=True)
    if word == "replaced":
        if not have.ours and not options.adopt:
            raise AccessError(
                REFUSED, "%s already exists and was not created by this collection: set adopt to take it over, use state merged, or choose another "
                         "name" % have.ref)
        return replace(have, fields=dict(have.fields, **want.fields), members=dict(have.members, **want.members), ours=True)
    members = dict(have.members)
    for path, entries in want.members.items():
        members[path] = frozenset(members.get(path, ())) | entries
    fields = dict(have.fields, **want.fields) if have.ours else have.fields
    return replace(have, fields=fields, members=members)


def _places(refs: list) -> dict:
    return {ref: at for at, ref in enumerate(refs)}


def _bounds(places: dict, above, below) -> tuple:
    """(first place, end of the places) of a rule that has to be above and below others; ``places``: those of all rules."""
    top = max([places[other] + 1 for other in below if other in places], default=0)
    bottom = min([places[other] for other in above if other in places], default=len(places))
    return top, bottom


def _without_misplaced(order: list, items: list[Wanted], names: set) -> list:
    """Without misplaced rules that this run does not place: they must not limit the position of others."""
    places, misplaced = _places(order), set()
    for item in items:
        ref = item.object.ref
        if ref in places:
            top, bottom = _bounds(places, item.above - names, item.below - names)
            if not top <= places[ref] < bottom:
                misplaced.add(ref)
    return [ref for ref in order if ref not in misplaced]


def _put_rules(order: list, items: list[Wanted]) -> None:
    """Keep each rule in its place if that is right; else move it to the lowest place that is above what it has to be above."""
    places = _places(order)
    for item in items:
        ref = item.object.ref
        top, bottom = _bounds(places, item.above, item.below)
        if ref in places:
            if top <= places[ref] < bottom:
                continue
            order.remove(ref)
            places = _places(order)
            top, bottom = _bounds(places, item.above, item.below)
        if top > bottom:
            low = ", ".join(sorted(str(other) for other in item.below if other in places))
            high = ", ".join(sorted(str(other) for other in item.above if other in places))
            raise AccessError(CONFLICT, "%s cannot be placed: it must be below %s and above %s, but those two are in the opposite order" % (ref, low, high))
        order.insert(bottom, ref)
        places = _places(order)
