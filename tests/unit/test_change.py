# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes: the delta between two states, applied, undone, written down and read back; over random states."""
from __future__ import annotations

import json

import pytest
from hypothesis import given, settings, strategies as st

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import (
    CREATE, DELETE, UPDATE, Change, Place, apply, diff, undo,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.result import summary
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Objects, Ref, State

KINDS = ("list", "rule")
HOSTS = st.frozensets(st.sampled_from(["a.example", "b.example", "c.example", "d.example"]))
FOREIGN = [Ref("rule", "site-%d" % number) for number in range(4)]
OURS = [Ref("rule", "ours-%d" % number) for number in range(3)]
LISTS = [Ref("list", "list-%d" % number) for number in range(2)]


@st.composite
def states(draw, foreign=True):
    """A state with some of our lists and rules between the site's rules, whose order never changes."""
    objects = {ref: Object(ref, {"color": draw(st.sampled_from("rg"))}, {"hosts": draw(HOSTS)}, True) for ref in LISTS if draw(st.booleans())}
    ours = draw(st.permutations([ref for ref in OURS if draw(st.booleans())]))
    objects.update({ref: Object(ref, {"action": draw(st.sampled_from(["allow", "log"]))}, {}, True) for ref in ours})
    objects.update({ref: Object(ref, {"action": "deny"}, {}, False) for ref in FOREIGN})
    order = list(FOREIGN)
    for ref in ours:
        order.insert(draw(st.integers(0, len(order))), ref)
    return State(objects, {"base": tuple(order)})


def view(state):
    return {ref: (obj.fields, obj.members) for ref, obj in state.objects.items()}, state.rules


@settings(max_examples=150)
@given(states(), states())
def test_diff_leads_from_one_state_to_the_other(state, target):
    changes = diff(state, target, KINDS)
    assert view(apply(state, changes)) == view(target)
    assert diff(target, target, KINDS) == []


@settings(max_examples=150)
@given(states(), states())
def test_only_ours_move_and_no_more_than_needed(state, target):
    moved = [c.ref for c in diff(state, target, KINDS) if c.place and c.op == UPDATE]
    assert set(moved) <= set(OURS)
    both = [ref for ref in state.rules["base"] if ref in target.rules["base"]]
    wanted = [ref for ref in target.rules["base"] if ref in both]
    # Brute force: the fewest of our rules whose removal leaves both in the same order.
    ours = [ref for ref in both if ref in OURS]
    fewest = min(bin(mask).count("1") for mask in range(1 << len(ours))
                 if [r for r in both if r not in _chosen(ours, mask)] == [r for r in wanted if r not in _chosen(ours, mask)])
    assert len(moved) == fewest


def _chosen(refs, mask):
    return {ref for index, ref in enumerate(refs) if mask >> index & 1}


@settings(max_examples=150)
@given(states(), states())
def test_undo_restores_and_undoing_twice_does_nothing(state, target):
    changes = diff(state, target, KINDS)
    back, clashes = undo(changes, apply(state, changes), KINDS)
    assert clashes == []
    restored = apply(target, back)
    assert view(restored) == view(state)
    assert undo(changes, restored, KINDS) == ([], [])


@settings(max_examples=100)
@given(states(), states(), st.data())
def test_undo_of_any_prefix_restores(state, target, data):
    changes = diff(state, target, KINDS)
    reached = apply(state, changes[:data.draw(st.integers(0, len(changes)))])
    back, clashes = undo(changes, reached, KINDS)
    assert clashes == [] and view(apply(reached, back)) == view(state)


@settings(max_examples=100)
@given(states(), states())
def test_changes_survive_the_journal(state, target):
    changes = diff(state, target, KINDS)
    assert [Change.from_data(data) for data in json.loads(json.dumps([c.to_data() for c in changes]))] == changes


@given(states(), states())
def test_lists_come_before_rules_and_go_after_them(state, target):
    changes = diff(state, target, KINDS)
    kinds = [c.ref.kind for c in changes if c.op == CREATE]
    assert kinds == sorted(kinds, key=KINDS.index)
    kinds = [c.ref.kind for c in changes if c.op == DELETE]
    assert kinds == sorted(kinds, key=KINDS.index, reverse=True)
    operations = [c.op != DELETE for c in changes]
    assert operations == sorted(operations)


def test_a_foreign_member_added_since_survives_the_undo_of_a_creation():
    ref = Ref("list", "ours")
    change = Change(ref, CREATE, {"color": (None, "r")}, {"hosts": (("a.example",), ())})
    now = State({ref: Object(ref, {"color": "r"}, {"hosts": frozenset(["a.example", "foreign.example"])}, True)})
    back, clashes = undo([change], now, KINDS)
    assert clashes == [] and apply(now, back).objects[ref].members["hosts"] == {"foreign.example"}
    assert undo([change], apply(now, back), KINDS) == ([], [])


def test_a_field_that_somebody_changed_since_is_a_clash_that_names_it():
    ref = Ref("rule", "ours")
    change = Change(ref, UPDATE, {"action": ("log", "allow")})
    _back, clashes = undo([change], State({ref: Object(ref, {"action": "deny"})}), KINDS)
    assert [(c.ref, c.path) for c in clashes] == [(ref, "action")] and "rule ours, action" in str(clashes[0])


def test_a_place_whose_neighbour_is_gone_is_a_clash():
    ref, anchor = Ref("rule", "ours"), Ref("rule", "gone")
    change = Change(ref, UPDATE, place=(Place("base", anchor), Place("base", None)))
    _back, clashes = undo([change], State({ref: Object(ref)}, {"base": (ref,)}), KINDS)
    assert [c.path for c in clashes] == ["place"]


def test_what_was_created_and_then_moved_in_one_journal_is_gone_without_a_clash():
    """A write whose answer was lost may have made a rule and left it in the wrong place; its journal is read again when it has been taken back."""
    ref, site = Ref("rule", "ours"), Ref("rule", "site")
    moved = [Change(ref, CREATE, {"action": (None, "allow")}, {}, (None, Place("access", None))),
             Change(ref, UPDATE, place=(Place("access", site), Place("access", None)))]
    before = State({site: Object(site)}, {"access": (site,)})
    back, clashes = undo(moved, apply(before, moved), KINDS)
    assert [change.op for change in back] == [DELETE] and clashes == []
    assert undo(moved, before, KINDS) == ([], [])


def test_what_was_made_as_a_draft_and_got_no_further_is_taken_away():
    ref = Ref("rule", "ours")
    made = Change(ref, CREATE, {"status": (None, "enable"), "action": (None, "accept")})

    def back(drafts, **fields):
        changes, clashes = undo([made], State({ref: Object(ref, dict({"status": "disable", "action": "accept"}, **fields), {}, True)}), KINDS, drafts=drafts)
        return [change.op for change in changes], [str(clash) for clash in clashes]
    assert back({"rule": {"status": "disable"}}) == (["delete"], []) == back({"rule": {"status": "disable"}}, status="enable")
    assert back({}) == back({"list": {"status": "disable"}}) == ([], ["rule ours, status: someone else changed it since then"])
    assert back({"rule": {"status": "disable"}}, action="deny") == ([], ["rule ours, action: someone else changed it since then"])


def test_the_digest_ignores_native_data_and_sees_order():
    ref, other = Ref("rule", "a"), Ref("rule", "b")
    one = State({ref: Object(ref, native={"id": 1}), other: Object(other)}, {"base": (ref, other)})
    two = State({ref: Object(ref, native={"id": 2}), other: Object(other)}, {"base": (ref, other)})
    assert one.digest() == two.digest() != State(two.objects, {"base": (other, ref)}).digest()


def test_a_name_that_says_two_things_is_remembered():
    objects = Objects()
    one, other = Object(Ref("list", "a"), {"x": 1}), Object(Ref("list", "b"))
    assert [objects.add(obj) for obj in (one, other)] == [one.ref, other.ref] and objects.doubled == set()
    objects.add(Object(Ref("list", "a"), {"x": 2}))
    assert objects.doubled == {one.ref} and len(objects) == 2


def test_a_set_that_narrows_is_not_emptied_beside_what_others_put_in():
    ref = Ref("exception", "ours")
    made = Change(ref, CREATE, members={"urls": (("a.example",), ()), "sources": (("10.0.0.1",), ())})

    def back(urls, sources, narrowing=("exception",)):
        state = State({ref: Object(ref, {}, {"urls": frozenset(urls), "sources": frozenset(sources)}, True)}, {})
        changes, clashes = undo([made], state, ("exception",), narrowing=narrowing)
        return [change.op for change in changes], [clash.path for clash in clashes]

    assert back(["a.example", "late.example"], ["10.0.0.1"]) == ([], ["sources"]) and back(["a.example"], ["10.0.0.1", "10.0.0.2"]) == ([], ["urls"])
    assert back(["a.example", "late.example"], ["10.0.0.1", "10.0.0.2"]) == ([UPDATE], []) and back(["a.example"], ["10.0.0.1"]) == ([DELETE], [])
    assert back(["a.example", "late.example"], ["10.0.0.1"], ()) == ([UPDATE], [])


@pytest.mark.parametrize("kind,said", [("list", "lists"), ("address", "addresses"), ("url category", "url categories"), ("proxy", "proxies"), ("key", "keys"),
                                       ("match", "matches"), ("box", "boxes")])
def test_many_changes_are_counted_in_words_that_are_so(kind, said):
    many = [Change(Ref(kind, str(number)), CREATE, members={"entries": (("a", "b"), ())}) for number in range(5)]
    assert summary(many) == "create 5 %s (+10)" % said
    assert summary([*many, Change(Ref("rule", "one"), DELETE)]) == "create 5 %s (+10), delete 1 rule" % said
