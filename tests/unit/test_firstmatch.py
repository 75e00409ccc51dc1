# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First match in three values: hits, the walk, what is shut and what passes, and where a rule of ours stands. Tables, and a brute-force device."""
from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, strategies as st

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, EXACT, SUBDOMAINS, Pattern, collapse, covers, parse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules import firstmatch
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns, Schema
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    ALLOW, DENY, MAY, NO, SURE, Hits, Layer, NameList, below_ours, crossed, crossing, held, hits_of, lowest, opposite, placed,
    refuse_unknown, share, sides, walk,
)

A, B, C = (parse(text) for text in (".a.example", "*.b.example", "c.example"))
ALL = (A, B, C)


@dataclass(frozen=True)
class Rule:
    """A rule of no product: what it surely is about, what it may be about, for whom, and whether it shuts."""

    name: str
    sure: tuple = ()
    may: tuple = ()
    people: int = SURE
    shuts: bool = True
    keeps: bool = False

    @property
    def hits(self) -> Hits:
        return Hits(frozenset(self.sure), frozenset(self.may))


def reach(rule: Rule, _left: set) -> Hits:
    return rule.hits.capped(rule.people)


def names(rules) -> list:
    return [rule.name for rule in rules]


# -- three values


@pytest.mark.parametrize("level, other", [(SURE, NO), (NO, SURE), (MAY, MAY)])
def test_a_negated_test_says_the_opposite_and_what_is_not_known_stays_so(level, other):
    assert opposite(level) == other


@pytest.mark.parametrize("answers, level", [([True, True], SURE), ([True, False], MAY), ([False, False], NO), (iter([False, True]), MAY)])
def test_how_many_hold_says_how_sure_it_is(answers, level):
    assert share(answers) == level


@pytest.mark.parametrize("level, sure, may", [(SURE, {A}, {B}), (MAY, set(), {A, B}), (NO, set(), set())])
def test_hits_are_no_surer_than_what_else_a_rule_says(level, sure, may):
    hits = Hits(frozenset({A}), frozenset({B})).capped(level)
    assert (hits.sure, hits.may) == (sure, may) and hits.all == sure | may


def test_hits_can_be_limited_to_some_patterns_and_made_of_levels():
    assert hits_of({A: SURE, B: MAY, C: NO}) == Hits(frozenset({A}), frozenset({B}))
    assert Hits(frozenset({A, C}), frozenset({B})).among({A, B}) == Hits(frozenset({A}), frozenset({B}))


@pytest.mark.parametrize("entries, sure, may", [
    ([], set(), set()),
    ([".a.example"], {A}, set()),
    (["a.example"], set(), {A}),
    (["*.a.example"], set(), {A}),
    (["*.a.example", "a.example"], {A}, set()),
    (["x.a.example", "a.example"], set(), {A}),
    (["x.a.example", "*.b.example"], {B}, {A}),
    (["b.example"], set(), set()),
    (["c.example", "x.c.example"], {C}, set()),
    ([None, "c.example"], {C}, set()),
])
def test_a_list_of_names_holds_patterns_or_parts_of_them(entries, sure, may):
    assert held([None if entry is None else parse(entry) for entry in entries], ALL) == Hits(frozenset(sure), frozenset(may))


@pytest.mark.parametrize("entry, sure, may", [
    ("x.in.a.example", "", ".a.example .in.a.example *.in.a.example"), ("in.a.example", "in.a.example", ".a.example .in.a.example"),
    (".in.a.example", "in.a.example .in.a.example *.in.a.example", ".a.example")])
def test_of_wanted_patterns_inside_each_other_an_entry_is_a_part_of_each(entry, sure, may):
    wanted = [parse(text) for text in (".a.example", ".in.a.example", "*.in.a.example", "in.a.example")]
    assert held([parse(entry)], wanted) == Hits(*(frozenset(map(parse, texts.split())) for texts in (sure, may)))


# -- the walk


@pytest.mark.parametrize("rules, seen", [
    ([Rule("one", sure=(A,)), Rule("two", sure=(A, B))], {"one": ({A}, set()), "two": ({B}, set())}),
    # What only may be about a pattern lets it get further, and so does a rule for a part of the people.
    ([Rule("one", may=(A,)), Rule("two", sure=(A,))], {"one": (set(), {A}), "two": ({A}, set())}),
    ([Rule("one", sure=(A,), people=MAY), Rule("two", sure=(A,))], {"one": (set(), {A}), "two": ({A}, set())}),
    ([Rule("one", sure=(A,), people=NO), Rule("two", sure=(A,))], {"two": ({A}, set())}),
    ([Rule("one", sure=ALL), Rule("two", sure=ALL)], {"one": (set(ALL), set())}),
])
def test_what_a_rule_is_surely_about_gets_no_further(rules, seen):
    assert {rule.name: (hits.sure, hits.may) for rule, hits in walk(rules, ALL, reach)} == seen


def test_rules_below_the_last_open_pattern_are_not_asked():
    asked = []

    def asks(rule, left):
        asked.append((rule.name, set(left)))
        return rule.hits

    list(walk([Rule("one", sure=(A,)), Rule("two", sure=(B, C)), Rule("three", sure=(A,))], ALL, asks))
    assert asked == [("one", set(ALL)), ("two", {B, C})]


TEXTS = ["a.example", ".a.example", "*.a.example", "x.a.example", "b.example", ".b.example"]
HOSTS = ["a.example", "x.a.example", "y.x.a.example", "b.example", "z.b.example"]
#: For whom a rule is, of an audience of two: all, one of them, nobody of it.
PEOPLE = {SURE: {1, 2}, MAY: {1}, NO: set()}
SITES = st.lists(st.tuples(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=2), st.sampled_from([SURE, MAY, NO]), st.booleans()), max_size=6)


@given(SITES, st.lists(st.sampled_from(TEXTS), min_size=1))
def test_what_a_layer_says_is_so_on_a_device(site, wanted):
    rules = [([parse(text) for text in texts], people, shuts) for texts, people, shuts in site]
    wanted = collapse(parse(text) for text in wanted)
    # Rules may be alike.
    layer = Layer(range(len(rules)), lambda at: rules[at][1], lambda at, asked: held(rules[at][0], asked), lambda at: DENY if rules[at][2] else ALLOW,
                  lambda at: Columns(Schema({}), {}))
    answer = layer.ask(wanted)

    def blocked(host, person):
        return next((shuts for entries, people, shuts in rules if person in PEOPLE[people] and any(entry.matches(host) for entry in entries)), False)

    for pattern in wanted:
        said = {blocked(host, person) for host in HOSTS if pattern.matches(host) for person in (1, 2)}
        word = answer.word(pattern)
        if word == "yes":
            assert said == {False}
        elif word == "no" and pattern not in answer.doubted and not any(not shuts for _entries, _people, shuts in rules):
            assert said == {True}


# -- where ours stands


@pytest.mark.parametrize("people, above, below", [
    # Letters are rules from the top: A for the whole audience, m for a part of it, - for none.
    ("", "", ""),
    ("A", "0", ""),
    ("m", "", "0"),
    ("mA", "1", "0"),
    ("Am", "0", ""),
    ("m-mAmA", "35", "02"),
])
def test_a_rule_for_a_part_keeps_its_word_unless_one_for_all_stands_above_it(people, above, below):
    level = {"A": SURE, "m": MAY, "-": NO}
    found = sides(range(len(people)), lambda at: level[people[at]])
    assert ["".join(map(str, side)) for side in found] == [above, below]


def test_a_rule_that_only_may_block_is_no_reason_to_pass_one_for_a_part():
    rules = [Rule("perhaps", may=(A,)), Rule("quarantine", sure=(A,), people=MAY), Rule("surely", sure=(A,)), Rule("late", people=MAY)]
    above, below = sides(rules, lambda rule: rule.people, lambda rule: bool(rule.sure))
    assert (names(above), names(below)) == (["perhaps", "surely"], ["quarantine"])
    # What is passed for sure stays so, whatever follows it.
    above, below = sides([rules[2], rules[0], rules[1]], lambda rule: rule.people, lambda rule: bool(rule.sure))
    assert (names(above), names(below)) == (["surely", "perhaps"], [])


@pytest.mark.parametrize("shuts, keeps, left", [
    ("", "", ""), ("1", "", "234"), ("12", "", "234"), ("1", "2", "34"), ("3", "1", "4"), ("", "2", ""), ("4", "", "")])
def test_below_ours_are_rules_below_the_first_that_blocks_and_the_last_that_keeps_its_precedence(shuts, keeps, left):
    assert "".join(below_ours("01234", lambda rule: rule in shuts, lambda rule: rule in keeps)) == left


@pytest.mark.parametrize("people, passed", [("mAm", "2"), ("mm", ""), ("AmAm", "13"), ("A-", "")])
def test_crossed_are_those_for_a_part_below_the_first_for_all(people, passed):
    level = {"A": SURE, "m": MAY, "-": NO}
    assert "".join(str(at) for at in crossed(range(len(people)), lambda at: level[people[at]])) == passed


def test_what_is_crossed_names_the_rule_and_the_way_out():
    assert crossing("quarantine", "voice") == ("quarantine blocks a part of the audience and would no longer apply to voice; add it to "
                                               "position.never_above, or narrow the audience")


ORDER = tuple(Ref("rule", name) for name in "abcde")


def refs(letters: str) -> list:
    return [Ref("rule", letter) for letter in letters]


@pytest.mark.parametrize("above, below, before, floor, passed", [
    ("cd", "", "", None, "cd"),
    # What stands above a rule that ours must stay below cannot be passed.
    ("ad", "b", "", None, "d"),
    ("ad", "bx", "", None, "d"),
    ("ad", "b", "", -1, "ad"),
    # The operator's word counts wherever that rule stands; a rule that is not there counts for nothing.
    ("d", "b", "ax", None, "ad"),
    ("dx", "", "", None, "d"),
])
def test_ours_passes_what_stands_below_the_last_rule_that_it_must_stay_below(above, below, before, floor, passed):
    wanted = placed(Object(Ref("rule", "ours")), "base", ORDER, refs(above), refs(below), refs(before), floor)
    assert wanted.above == set(refs(passed)) and wanted.below == set(refs(below)) and wanted.rulebase == "base"


@pytest.mark.parametrize("below, index", [("", -1), ("x", -1), ("ac", 2), ("ea", 4)])
def test_the_lowest_of_some_rules_is_found_by_its_place(below, index):
    assert lowest(ORDER, refs(below)) == index


def test_a_rule_that_is_named_and_not_there_is_refused():
    refuse_unknown(("a", "b"), {"a", "b", "c"}, "the tenant")
    with pytest.raises(AccessError, match="position: the account has no HTTP rule named x, y") as caught:
        refuse_unknown(("a", "x", "y"), {"a"}, "the account", "HTTP rule")
    assert caught.value.failure == REFUSED


def test_what_a_list_is_about_does_not_depend_on_what_else_is_in_it():
    names = ["com", "example.com", "a.example.com", "b.a.example.com", "example.org", "notexample.com", "x.b.a.example.com"]
    every = [Pattern(name, kind) for name in names for kind in (EXACT, SUBDOMAINS, DOMAIN)]
    far = [Pattern("host%d.other.net" % number, EXACT) for number in range(50)]
    for wanted in every:
        for entry in every:
            parts = frozenset([wanted]) if covers(wanted, entry) else frozenset()
            expected = Hits(frozenset([wanted])) if covers(entry, wanted) else Hits(may=parts)
            assert NameList([entry, None, *far]).hits({wanted}) == held([entry], {wanted}) == expected, (entry, wanted)


def test_a_name_and_what_is_below_it_may_be_in_two_lists():
    wanted = frozenset([Pattern("example.com", DOMAIN)])
    lists = [NameList([Pattern("example.com", kind), Pattern("far.org", kind)]) for kind in (EXACT, SUBDOMAINS)]
    assert [one.hits(wanted) for one in lists] == [Hits(may=wanted)] * 2
    assert held(frozenset().union(*(one.near(wanted) for one in lists)), wanted) == Hits(wanted)


def test_a_rule_and_a_list_are_gone_through_once(monkeypatch):
    """What a site of 10,000 rules costs hangs on it. Layers that share what is known of their rules share that as well."""
    asked, known = [], {}
    layers = [Layer([1, 2], lambda rule: asked.append(rule) or SURE, lambda rule, wanted: Hits(wanted), lambda rule: DENY,
                    lambda rule: Columns(Schema({}), {}), known=known) for _again in range(2)]
    for layer in layers * 2:
        assert [layer.level(rule) for rule in layer.rules] == [SURE, SURE]
    assert asked == [1, 2]
    entries, through = NameList([A]), []
    monkeypatch.setattr(firstmatch, "held", lambda near, wanted: through.append(wanted) or held(near, wanted))
    assert entries.hits(ALL) == entries.hits(ALL) == Hits(frozenset([A])) and through == [frozenset(ALL)]
