# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions of Gateway by themselves: what is parsed, in which form it is kept, and what a tree says in three values."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway import expressions
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.cloudflare_gateway.expressions import (
    canonical, hits, level, quoted, regex_of, tree_of, unquoted,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE, Hits


@pytest.fixture(autouse=True)
def afresh():
    """Each test reads its expressions itself."""
    tree_of.cache_clear()


@pytest.mark.parametrize("text,form", [
    (None, ""), ("  ", ""), ("a.b", "a.b"), ("(a.b)", "a.b"), ("a.b and a.c", "a.b and a.c"), ("a.b || a.c", "a.b or a.c"), ("a.b && a.b", "a.b"),
    ("any(a.b[*])", "any(a.b[*])"), ("a.b == 1", "a.b in {1}"), ("a.b eq 1", "a.b in {1}"), ("a.b != 1", "not(a.b in {1})"), ("a.b ne 1", "not(a.b in {1})"),
    ("! a.b == 1", "not(a.b in {1})"), ("not not a.b == 1", "a.b in {1}"), ("a.b not in {2 1}", "not(a.b in {1 2})"), ("a.b in $x", "a.b in $x"),
    ("a.b == $x", "a.b in $x"), ("a.b in {$x $y}", "a.b in {$x $y}"), ('a.b ~ "x"', 'a.b matches "x"'), ('a.b == "and"', 'a.b in {"and"}'),
    ("any(a.b[*] == 1)", "any(a.b[*] in {1})"), ("any(a.b[*] != 1)", "any(a.b[*] not in {1})"), ("any(a.b[*] not in $x)", "any(a.b[*] not in $x)"),
    *(("a.b %s 1" % word, "a.b %s 1" % sign) for word, sign in zip(("gt", "ge", "lt", "le", ">", ">=", "<", "<="), (">", ">=", "<", "<=") * 2)),
    ("a.b or (a.c or a.d)", "a.b or a.c or a.d"), ("a.b and (a.c and a.d)", "a.b and a.c and a.d"), ("a.b and (a.c or a.d)", "a.b and (a.c or a.d)"),
    ("a.b or a.c and a.d", "a.b or (a.c and a.d)"), ("not (a.b or a.c)", "not(a.b or a.c)")])
def test_the_one_form_of_an_expression(text, form):
    assert canonical(text) == form == canonical(form)


@pytest.mark.parametrize("text", [
    "a.b == 1 )", "a.b == 1 %", "(a.b == 1", "not(a.b == 1", "any(a.b[*] == 1", "any a.b[*] == 1)", "a.b == 1 and", "a.b ==", "a.b in {1", "a.b == (1)",
    "a.b in )",
    "a.b in }", "a.b == {", "1 == 1", '"x" == 1', "$x in {1}", "a.b not 1", 'a.b not matches "x"', "a.b == in {1}", "a.b like 1", "a.b {1}",
    *("any(%s == 1)" % word for word in ("and", "or", "not", "in", "any"))])
def test_what_is_no_expression_has_no_tree(text):
    assert tree_of(text) is None and canonical("  " + text.replace(" ", "  ")) == text


def told(field, _op, _values):
    """A judge of fields that say themselves how far they hold."""
    return {"sure": SURE, "may": MAY, "no": NO}[field]


@pytest.mark.parametrize("text,expected", [
    ("", SURE), ("%", MAY), ("sure", SURE), ("may", MAY), ("no", NO), ("not sure", NO), ("not may", MAY), ("not no", SURE),
    ("sure and may", MAY), ("sure and no", NO), ("may and no", NO), ("sure and sure", SURE), ("sure or no", SURE), ("may or no", MAY), ("may or sure", SURE)])
def test_what_a_tree_says(text, expected):
    assert level(tree_of(text), told) == expected
    # The same of one host.
    found = hits(tree_of(text), frozenset("x"), lambda *test: Hits(frozenset("x")).capped(told(*test)))
    assert found == Hits(frozenset("x")).capped(expected)


def test_every_host_has_a_word_of_its_own():
    def judge(_field, _op, values):
        return Hits(frozenset(value for value in values if len(value) == 1), frozenset(value[0] for value in values if len(value) > 1))
    everything = frozenset("123")
    for text, sure, may in (("a in {1 22}", "1", "2"), ("not(a in {1 22})", "3", "2"), ("a in {1 22} and a in {1 2}", "1", "2"),
                            ("a in {1 22} or a in {2 33}", "12", "3"), ("a in {1} and not(a in {1})", "", "")):
        assert hits(tree_of(text), everything, judge) == Hits(frozenset(sure), frozenset(may)), text


def test_every_test_of_a_tree_is_told():
    tree = tree_of("a.b == 1 and (not(a.c in $x) or any(a.d[*] not in {2}))")
    assert sorted(expressions.tests(tree)) == [("test", "a.b", "in", ("1",)), ("test", "a.c", "in", ("$x",)), ("test", "a.d[*]", "not in", ("2",))]
    assert list(expressions.tests(("all",))) == []


def test_texts_in_quotes():
    assert quoted(["b", 'a"\\']) == '{"a\\"\\\\" "b"}' and unquoted('"a\\"\\\\\\x"') == 'a"\\\\x' and unquoted("443") == "443"
    assert regex_of('"a\\"\\.b"') == 'a"\\.b'
