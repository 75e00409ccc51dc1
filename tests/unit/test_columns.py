# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which columns of a rule keep it from being sure, and what layers of such rules do."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import parse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns, Schema
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import together
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    ALLOW, DENY, MAY, NO, PASS_ON, SURE, UNKNOWN, Hits, Layer,
)

TRUST = ("LOW", "MEDIUM", "HIGH")
SCHEMA = Schema(limits={"groups": (), "hosts": ("any",), "trust": ("ANY", frozenset(TRUST)), "quota": (0,), "hosts_negate": (), "when": ("always",)},
                others=frozenset({"name", "action"}), negations=frozenset({"hosts_negate"}), unset=("disable",))
A, B, C = (parse(".%s.example" % letter) for letter in "abc")


@pytest.mark.parametrize("column, value", [
    ("groups", []), ("groups", ()), ("groups", None), ("groups", ""), ("groups", {}), ("groups", False), ("groups", "disable"), ("hosts", "any"),
    ("hosts", ["any"]), ("hosts", ["any", "x"]), ("trust", list(TRUST)), ("trust", ["HIGH", "LOW", "MEDIUM", "NEW"]), ("trust", "ANY"), ("quota", 0),
    ("new", []),
    ("new", "disable")])
def test_a_column_that_stands_for_anything_limits_nothing(column, value):
    columns = Columns(SCHEMA, {column: value})
    assert columns.unread() == ()


@pytest.mark.parametrize("column, value", [
    ("groups", ["x"]), ("groups", [{"id": 1}]), ("hosts", ["x"]), ("hosts", "x"), ("trust", ["LOW", "HIGH"]), ("trust", "LOW"), ("quota", 5), ("new", ["x"]),
    ("new", True), ("new", "any"), ("when", "nights"), ("trust", [{"id": "ANY"}])])
def test_a_column_that_nobody_read_is_named(column, value):
    columns = Columns(SCHEMA, {"name": "one", "action": "deny", column: value})
    assert columns.unread() == (column,) and not columns.turned()
    if column != "new":
        assert columns.get(column, "anything") == value and columns.unread() == ()


def test_what_is_no_restriction_reads_as_the_default_and_a_column_without_a_declaration_is_not_read():
    columns = Columns(SCHEMA, {"trust": list(TRUST), "new": "x"})
    assert columns.get("trust", []) == [] and columns.get("groups", []) == [] and columns.get("name") is None
    with pytest.raises(KeyError, match="new"):
        columns.get("new")


class Site:
    """A layer of made-up rules: dictionaries by the SCHEMA above."""

    def __init__(self, *rules, default=ALLOW):
        self._columns = {rule["name"]: Columns(SCHEMA, rule) for rule in rules}
        self.layer = Layer(rules, self._people, self._hosts, lambda rule: {"allow": ALLOW, "deny": DENY, "log": PASS_ON}.get(rule["action"], UNKNOWN),
                           self.columns, default)

    def columns(self, rule) -> Columns:
        return self._columns[rule["name"]]

    def _people(self, rule) -> int:
        groups = self.columns(rule).get("groups", [])
        return SURE if not groups else NO if groups == ["others"] else MAY

    def _hosts(self, rule, wanted) -> Hits:
        names = self.columns(rule).get("hosts", [])
        return Hits(wanted & {one for one in wanted if not names or one.name in names})


def rule(name, action="deny", hosts=("a.example",), **more) -> dict:
    return dict(name=name, action=action, hosts=list(hosts), **more)


@pytest.mark.parametrize("rules, default, words", [
    ([rule("one")], ALLOW, ("no", "yes")),
    ([rule("one", "allow"), rule("two")], ALLOW, ("yes", "yes")),
    # Of these nobody can tell.
    ([rule("one", new=["x"])], ALLOW, ("unchecked", "yes")),
    ([rule("one", "allow", new=["x"]), rule("two")], ALLOW, ("no", "yes")),
    ([rule("one", "shrug"), rule("two", "allow")], ALLOW, ("unchecked", "yes")),
    ([rule("one", groups=["staff"]), rule("two", "allow")], ALLOW, ("unchecked", "yes")),
    ([rule("one", new=["x"]), rule("two")], ALLOW, ("no", "yes")),
    ([rule("one", groups=["others"], new=["x"])], ALLOW, ("yes", "yes")),
    # A negation may turn round what excludes a rule: the hosts, and the people.
    ([rule("one", hosts=["other.example"], hosts_negate=True)], ALLOW, ("unchecked", "unchecked")),
    ([rule("one", groups=["others"], hosts_negate=True)], ALLOW, ("unchecked", "unchecked")),
    # What only logs, or hands on, decides nothing.
    ([rule("one", "log"), rule("two", "allow")], ALLOW, ("yes", "yes")),
    ([rule("one", "allow")], DENY, ("yes", "no")),
    ([rule("one", "allow")], UNKNOWN, ("yes", "unchecked")),
    ([rule("one", "allow", groups=["staff"])], DENY, ("no", "no")),
])
def test_what_coverage_says_of_a_layer(rules, default, words):
    answer = Site(*rules, default=default).layer.ask({A, B})
    assert (answer.word(A), answer.word(B)) == words


def test_an_answer_names_the_rules():
    told = []
    rules = [rule("quarantine", groups=["staff"]), rule("new", new=["x"]), rule("block"), rule("later"), rule("allow", "allow", hosts=["any"])]
    answer = Site(*rules).layer.ask({A, B}, lambda one, hits: told.append((one["name"], hits.sure, hits.may)))
    assert (answer.doubted[A]["name"], answer.shut[A]["name"], answer.open[B]["name"]) == ("quarantine", "block", "allow")
    assert told == [("quarantine", set(), {A}), ("new", set(), {A}), ("block", {A}, set())] and answer.left == set()


def test_a_layer_says_how_far_a_rule_is_about_the_audience_and_why_no_farther():
    rules = [rule("sure"), rule("part", groups=["staff"]), rule("none", groups=["others"]), rule("new", new=["x"], when="nights"), rule("shrug", "shrug"),
             rule("turned", groups=["others"], hosts_negate=True), rule("allow", "allow"), rule("log", "log"), rule("elsewhere", hosts=["other.example"])]
    layer = Site(*rules).layer
    assert [layer.level(one) for one in rules] == [SURE, MAY, NO, MAY, MAY, MAY, SURE, SURE, SURE]
    assert [layer.doubts(one) for one in rules[3:6]] == [
        ("column new is not understood", "column when is not understood"), ("its action is not understood",), ("column hosts_negate is not understood",)]
    assert [one["name"] for one in layer.shutting([A])] == ["sure", "part", "new", "shrug", "turned"]


def test_a_layer_says_which_rule_is_in_the_way():
    answer = Site(rule("block"), rule("new", new=["x"], hosts=["b.example"]), rule("later", hosts=["any"], groups=["staff"])).layer.ask({A, B, C})
    assert answer.said(A, lambda one: one["name"]) == ("no", "block blocks it")
    assert answer.said(B, lambda one: one["name"], "decrypt") == ("unchecked", "new may decrypt it")
    assert Site(rule("block"), default=DENY).layer.ask({C}).said(C, str) == ("no", "")


@pytest.mark.parametrize("words, word", [([], "yes"), (["yes", "yes"], "yes"), (["yes", "unchecked"], "unchecked"), (["unchecked", "no", "yes"], "no")])
def test_layers_together_say_what_the_worst_of_them_says(words, word):
    assert together(words) == word
