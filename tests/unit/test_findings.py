# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conflicts, losses and rows of coverage as products report them, and the marks by which our edits are known again."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import apply
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import parse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import (
    Findings, conflict_id, coverage, reasons, texts,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import (
    DISABLED, MARK, borrowed, disabled, is_ours, switched_off,
)

RULE = Ref("URL filtering rule", "Block AI")
HOST = parse("chatgpt.com")


def test_the_id_of_a_conflict_is_the_same_in_every_run_and_release():
    # Playbooks hold these in ``unblock``: another id is a breaking change.
    assert conflict_id("zia", RULE) == conflict_id("zia", "URL filtering rule Block AI") == "zia-b1bdd8b170"
    assert conflict_id("squid", "/etc/squid/\udcff.conf: http_access deny all").startswith("squid-")


def test_a_conflict_is_reported_once_and_never_without_hosts():
    found = Findings(product="zia")
    found.conflict(RULE, "deny", "where", "text", [], True)
    assert found.conflicts == []
    found.conflict(RULE, "deny", "where", "text", [HOST], True, ("remedy",), "everything else")
    found.conflict(RULE, "decrypt", "elsewhere", "text", [HOST], False)
    conflict, = found.conflicts
    assert (conflict.id, conflict.effect, conflict.hosts, conflict.certain) == (conflict_id("zia", RULE), "deny", ("chatgpt.com",), True)
    assert (conflict.remedy, conflict.opens) == (("remedy",), "everything else")


@pytest.mark.parametrize("name, remedy, opens", [("Block AI", (), "protected"), ("Other", ("remedy",), "opens"), (None, ("remedy",), "opens")])
def test_what_is_protected_has_no_remedy(name, remedy, opens):
    found = Findings(product="zia", protected=("Block AI",))
    found.conflict(RULE, "deny", "where", "text", [HOST], True, ("remedy",), "opens", name)
    assert (found.conflicts[0].remedy, found.conflicts[0].opens) == (remedy, opens)


def test_what_is_not_certain_has_no_remedy_and_says_why():
    found = Findings(product="zia")
    found.conflict(RULE, "deny", "where", "BLOCK", [HOST], False, ("remedy",), "opens", doubts=("column new is not understood",))
    conflict, = found.conflicts
    assert conflict.remedy == () and "by hand" in conflict.opens and conflict.text == "BLOCK; column new is not understood"
    found.conflict("of the platform", "deny", "where", "BLOCK", [HOST], False, opens="change it there")
    assert found.conflicts[1].opens == "change it there"


def test_what_an_earlier_run_resolved_is_known_by_the_id_of_its_conflict():
    found = Findings(product="zia")
    found.resolve([RULE])
    assert found.resolved == {conflict_id("zia", RULE): RULE}
    found = Findings(product="zia")
    found.resolve_borrowed([Object(RULE, borrowed={"state": "ENABLED"}), Object(Ref("URL filtering rule", "Of the site"))])
    assert found.resolved == {conflict_id("zia", RULE): RULE}


def test_a_loss_is_reported_once():
    found = Findings()
    for control in ("av", "dlp", "av"):
        found.lose(control, "rule", ("chatgpt.com",))
    assert [loss.control for loss in found.losses] == ["av", "dlp"]


@pytest.mark.parametrize("allowed, by", [("yes", "our rule"), ("unchecked", "our rule"), ("no", None)])
def test_what_is_not_allowed_is_allowed_by_nothing(allowed, by):
    row = coverage(HOST, allowed, "not wanted", "our rule", None, ["one", "two"])
    assert (row.pattern, row.allowed, row.allowed_by, row.note) == ("chatgpt.com", allowed, by, "one; two")


@pytest.mark.parametrize("found, said", [
    (["a", "b", "c"], ["a", "b", "c"]), (["a", "b", "a", "c", "b"], ["a", "b", "c"]), ([], []),
    (["a", "b", "c", "d", "e"], ["a", "b", "c", "and 2 more reasons"])])
def test_of_many_reasons_the_first_are_named(found, said):
    assert reasons(found) == said


def test_patterns_are_listed_in_one_order():
    assert texts({parse(".openai.com"), parse("chatgpt.com"), parse("*.openai.com")}) == ("*.openai.com", ".openai.com", "chatgpt.com")


# -- marks


@pytest.mark.parametrize("description, ours", [(MARK, True), (MARK + ": ticket 17", True), ("by hand. " + MARK, False), ("", False), (None, False)])
def test_ours_begins_with_our_mark(description, ours):
    assert is_ours(description) is ours


@pytest.mark.parametrize("description, put_back", [("", ""), (None, ""), ("ticket 17", "ticket 17")])
def test_a_rule_that_was_switched_off_is_known_again_and_put_back_as_it_was(description, put_back):
    assert borrowed(description, "state", "ENABLED") == {}
    state = State({RULE: Object(RULE, {"state": "ENABLED", "description": description})})
    off = apply(state, list(switched_off(RULE, "state", "ENABLED", "DISABLED", description))).objects[RULE]
    assert off.fields["state"] == "DISABLED" and off.fields["description"] == disabled(description) and off.fields["description"].endswith(DISABLED)
    assert borrowed(off.fields["description"], "state", "ENABLED") == {"state": "ENABLED", "description": put_back}
