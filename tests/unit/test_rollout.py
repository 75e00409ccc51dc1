# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audience after the other: the stages, and where a device stands in them."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import rollout

TWO = [{"name": "pilot", "audience": {"groups": ["p"]}}, {"name": "everyone"}]


def people(*names) -> list:
    """A plan that changes the audience of a rule and adds an entry to a list."""
    return [{"op": "update", "kind": "rule", "name": "r", "fields": {name: {} for name in names}}]


def entries(added: list, removed: list) -> list:
    return [{"op": "update", "kind": "list", "name": "l", "members": {"urls": {"added": added, "removed": removed}}}]


ENTRY = entries(["x"], [])
PLACED = [{"op": "update", "kind": "rule", "name": "r", "place": {"old": None, "new": {"rulebase": "base", "after": None}}}]


def test_the_stages_in_their_order():
    first, last = rollout.stages(TWO)
    assert first == {"name": "pilot", "audience": {"groups": ["p"]}, "number": 1, "of": 2, "reached": ["pilot"], "last": False}
    assert last == {"name": "everyone", "number": 2, "of": 2, "reached": ["pilot", "everyone"], "last": True}
    assert [one["name"] for one in rollout.stages(TWO, "everyone")] == ["everyone"]


@pytest.mark.parametrize("broken,said", [
    ([], "list of stages"), ({}, "list of stages"), ("pilot", "list of stages"), ([["name", "audience"]], "number 1"),
    ([{"name": "a"}, {"name": "b"}], "number 1"), ([{"audience": {}}], "number 1"), (["x"], "number 1"),
    ([{"name": "a", "audience": {"x": 1}}, {"name": "a"}], "two stages have the same name"), ([{"name": "a", "colour": 1}], "number 1")])
def test_stages_that_are_none(broken, said):
    with pytest.raises(rollout.RolloutError, match=said):
        rollout.stages(broken)


def test_a_stage_that_is_not_there():
    with pytest.raises(rollout.RolloutError, match="rollout_stage: no stage is named nobody; the stages are: pilot, everyone"):
        rollout.stages(TWO, "nobody")


@pytest.mark.parametrize("plans,ours,left", [
    # A device without anything of ours begins at the first.
    ([people(), people()], False, ["pilot", "everyone"]),
    # At the pilot; at the end; at the end, where a narrower audience is no difference to the product.
    ([[], people("users")], True, ["everyone"]), ([people("users"), []], True, []), ([[], []], True, []),
    # An entry went missing, or is new in the catalogue: nobody who has access loses it to the pilot.
    ([people("users") + ENTRY, ENTRY], True, ["everyone"]), ([ENTRY, people("users") + ENTRY], True, ["pilot", "everyone"]),
    # As many objects differ; less of them does: a field, an entry that comes or goes, a place.
    ([people("users", "groups"), people("users")], True, ["everyone"]), ([people("users", "groups"), PLACED], True, ["everyone"]),
    ([entries(["x", "y"], []), ENTRY], True, ["everyone"]), ([entries([], ["x", "y"]), ENTRY], True, ["everyone"]),
    ([PLACED, [dict(PLACED[0], fields={"users": {}})]], True, ["pilot", "everyone"]),
    ([PLACED, [{"op": "update", "kind": "rule", "name": "r"}]], True, ["everyone"])])
def test_where_a_device_stands(plans, ours, left):
    assert [one["name"] for one in rollout.remaining(rollout.stages(TWO), plans, ours)] == left


def test_a_device_at_no_stage_is_left_to_a_person():
    with pytest.raises(rollout.RolloutError, match="rollout_stage"):
        rollout.remaining(rollout.stages(TWO), [people("users"), people("groups")], True)
