# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of PAN-OS: matching, the two configurations, refusals, commits of one administrator."""
from __future__ import annotations

import pytest

from tests.products.panos.twin import Panos
from tests.products.panos.twin.policy import excluded, url_matches
from tests.products.panos.twin.schema import valid_url
from tests.products.panos.twin.tree import ApiError

VSYS = "/config/devices/entry[@name='localhost.localdomain']/vsys/entry[@name='vsys1']"
CATEGORY = VSYS + "/profiles/custom-url-category/entry[@name='x']"
LIST = "<list><member>chatgpt.com/</member></list><type>URL List</type>"


@pytest.fixture
def twin():
    return Panos(release=(11, 1, 4))


@pytest.mark.parametrize("entry,url,end,expected", [
    ("example.com/", "example.com/", False, True), ("example.com/", "a.example.com/", False, False),
    ("example.com/", "example.com.evil.test/", False, False),
    ("example.com", "example.com.evil.test/", False, True), ("example.com", "example.com.evil.test/", True, False),
    ("*.example.com/", "a.example.com/", False, True), ("*.example.com/", "a.b.example.com/", False, True), ("*.example.com/", "example.com/", False, False),
    ("*.example.com/", "evilexample.com/", False, False), ("^.example.com/", "a.example.com/", False, True),
    ("^.example.com/", "a.b.example.com/", False, False),
    ("EXAMPLE.com/", "example.COM/", False, True), ("example.com/api/*", "example.com/", False, False),
    ("example.com/api/*", "example.com/api/v1", False, True)])
def test_entries_of_url_lists(entry, url, end, expected):
    assert url_matches(entry, url, end) is expected


@pytest.mark.parametrize("pattern,host,expected", [
    ("*.example.com", "a.example.com", True), ("*.example.com", "a.b.example.com", False), ("*.example.com", "example.com", False),
    ("*.*.example.com", "a.b.example.com", True), ("example.com", "example.com", True)])
def test_a_star_of_the_exclusion_list_is_one_label(pattern, host, expected):
    assert excluded(pattern, host) is expected


@pytest.mark.parametrize("entry,good", [("*.example.com/", True), ("ex*.com/", False), ("*.*.example.com/", False), ("https://example.com/", False),
                                        ("^.^.example.com/", True), ("a b.com", False)])
def test_what_a_url_list_accepts(twin, entry, good):
    assert valid_url(entry, twin.knobs) is good


def test_nothing_is_in_force_before_a_commit_and_only_the_administrators_own_after_a_limited_one(twin):
    twin.edit("alice", "set", CATEGORY, LIST)
    twin.edit("netaccess", "set", CATEGORY.replace("'x'", "'y'"), LIST)
    assert twin.running.find(".//entry[@name='x']") is None
    assert twin._carry_commit("netaccess", ["netaccess"]) == []
    assert twin.running.find(".//entry[@name='y']") is not None and twin.running.find(".//entry[@name='x']") is None
    assert [op.admin for op in twin.ops] == ["alice"]


def test_a_limited_commit_leaves_moves_out_before_11_0_1():
    twin = Panos(release=(10, 2, 8))
    twin.edit("alice", "move", VSYS + "/rulebase/security/rules/entry[@name='Web']", where="top")
    assert twin._carry_commit("alice", ["alice"]) == [] and len(twin.ops) == 1
    assert [entry.get("name") for entry in twin.running.find(".//security/rules")][-1] == "Web"


def test_some_builds_lose_what_was_set_at_a_container():
    twin = Panos(release=(11, 1, 3), container_set_lost=True)
    twin.edit("alice", "set", VSYS + "/profiles/custom-url-category", "<entry name='x'>%s</entry>" % LIST)
    twin.edit("alice", "set", CATEGORY.replace("'x'", "'y'"), LIST)
    assert twin._carry_commit("alice", ["alice"]) == []
    assert twin.running.find(".//entry[@name='x']") is None and twin.running.find(".//entry[@name='y']") is not None


@pytest.mark.parametrize("action,path,element,code", [
    ("set", CATEGORY, "<nonsense>1</nonsense>", "12"), ("set", CATEGORY, "<list><member>a b</member></list>", "12"),
    ("set", VSYS + "/rulebase/security/rules/entry[@name='Web']", "<category><member>missing</member></category>", "12"),
    ("set", VSYS + "/rulebase/security/rules/entry[@name='Web']", "<action>maybe</action>", "12"),
    ("delete", VSYS + "/profiles/custom-url-category/entry[@name='AI sites']", "", "10"), ("set", "nonsense", "", "6")])
def test_what_is_refused_at_once(twin, action, path, element, code):
    before = twin.snapshot()
    with pytest.raises(ApiError) as refused:
        twin.edit("alice", action, path, element)
    assert refused.value.code == code and twin.snapshot() == before


def test_a_rule_that_lacks_a_column_fails_only_when_it_is_validated(twin):
    twin.edit("alice", "set", VSYS + "/rulebase/security/rules/entry[@name='half']", "<action>allow</action>")
    assert any("is missing 'from'" in line for line in twin._carry_commit("alice", []))


def test_a_locked_scope_refuses_others(twin):
    twin.locks["vsys1"] = ("netaccess", "window")
    with pytest.raises(ApiError, match="locked by netaccess"):
        twin.edit("alice", "set", CATEGORY, LIST)


def test_of_several_custom_categories_the_most_severe_action_wins():
    twin = Panos(site="profile")
    twin.edit("alice", "set", CATEGORY, "<list><member>claude.ai/</member></list><type>URL List</type>")
    twin.edit("alice", "set", VSYS + "/profiles/url-filtering/entry[@name='Corporate']", "<alert><member>x</member></alert>")
    twin.publish()
    assert twin.decide("member", "claude.ai")[0] == "block", "AI sites blocks it, x alerts"
    twin.edit("alice", "delete", VSYS + "/profiles/custom-url-category/entry[@name='AI sites']/list/member[text()='claude.ai/']")
    twin.publish()
    assert twin.decide("member", "claude.ai")[0] == "allow", "a custom category beats the predefined one"
