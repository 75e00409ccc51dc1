# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a change did harm: what moved, who saw it, and what is merely still shut."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import proof
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import verdicts


def look(verdict="pass", checks=(("chat", "pass", False),)) -> dict:
    return {"summary": {"verdict": verdict, "message": "it " + verdict},
            "checks": [{"id": name, "ip_version": 4, "host": name, "role": "wanted", "verdict": said, "flags": ["regressed"] * moved,
                        "message": name + ": seen"} for name, said, moved in checks]}


FINE, SHUT = look(), look("fail", [("chat", "fail", False)])
OPENED = look("fail", [("chat", "pass", False), ("claude.ai", "fail", True)])


@pytest.mark.parametrize("after,before,expect,verdict,harm", [
    ({"a": FINE, "b": FINE}, {}, {}, "pass", False), ({"a": SHUT, "b": SHUT}, {"a": SHUT, "b": SHUT}, {}, "fail", False),
    ({"a": OPENED, "b": OPENED}, {}, {}, "fail", True), ({"a": OPENED, "b": FINE}, {}, {}, "fail", False), ({"a": OPENED}, {}, {}, "fail", True),
    # Witnesses are those who answered, and those of one kind: a host outside the audience says nothing of those inside.
    ({"a": OPENED, "b": None}, {"b": FINE}, {}, "fail", True), ({"a": OPENED, "s": SHUT}, {}, {"s": "unchanged"}, "fail", True),
    ({"a": OPENED, "b": FINE, "c": None}, {}, {}, "fail", False),
    # All of them fell silent; of those who never answered that cannot be said.
    ({"a": None, "b": None}, {"a": FINE, "b": FINE}, {}, "fail", True), ({"a": None, "b": None}, {"a": FINE}, {}, "fail", True),
    ({"a": None, "b": FINE}, {"a": FINE}, {}, "unverified", False),
    # Without a baseline nothing is known of what was opened beside it.
    ({"a": FINE}, {"a": None}, {}, "unverified", False), ({"s": SHUT}, {"s": None}, {"s": "unchanged"}, "unverified", False),
    # What worked before and does not now.
    ({"a": SHUT, "b": SHUT}, {"a": FINE, "b": FINE}, {}, "fail", True),
    # A host outside the audience: that it is open now is as bad as that it is shut now.
    ({"a": FINE, "s": FINE}, {"a": SHUT, "s": SHUT}, {"s": "unchanged"}, "fail", True), ({"s": FINE}, {"s": SHUT}, {"s": "unchanged"}, "fail", True),
    ({"s": SHUT}, {"s": SHUT}, {"s": "unchanged"}, "pass", False),
    ({"a": None}, {}, {}, "unverified", False), ({}, {}, {}, "unverified", False), ({"a": look("unverified")}, {}, {}, "unverified", False)])
def test_harm(after, before, expect, verdict, harm):
    # Where it is not the matter, what was before is what is now.
    found = verdicts.proof(after, dict(after, **before), expect)
    assert (found["verdict"], found["harm"]) == (verdict, harm)


@pytest.mark.parametrize("verdict, harm, on_failure, back", [
    # The default takes back what did harm. What is merely still shut stays: to take it back would not help.
    ("fail", True, None, True), ("fail", False, None, False), ("pass", False, None, False), ("unverified", False, None, False),
    ("fail", True, "revert", True), ("fail", False, "revert", True), ("pass", False, "revert", False), ("unverified", False, "revert", False),
    ("fail", True, "keep", False), ("fail", False, "keep", False)])
def test_what_is_taken_back(verdict, harm, on_failure, back):
    assert proof.taken_back({"verdict": verdict, "harm": harm}, on_failure or proof.REVERT_IF_REGRESSED, "/j/1.json") is back
    assert proof.taken_back({"verdict": verdict, "harm": harm}, on_failure or proof.REVERT_IF_REGRESSED, None) is False


ILL = {"features": {"chat": "outage", "files": "operational"}}
#: The origin itself answers that it is ill, where it answered well before.
ITS_OWN = {"layer": "http", "interception": "not_intercepted", "blocked_by": None, "features": ["chat"]}


def turned(status=None, expect=None, flags=(), **more):
    after = look("fail", [("chat", "fail", False)])
    after["checks"][0].update(dict(ITS_OWN, **more), flags=list(flags))
    return verdicts.proof({"a": after, "b": after}, {"a": FINE, "b": FINE}, expect or {}, ILL if status is None else status)


def test_an_incident_of_the_service_explains_what_newly_fails_and_nothing_is_taken_back_for_it():
    found = turned()
    assert (found["verdict"], found["harm"], found["moved"]) == ("fail", False, {})
    assert found["explained"]["a"] == ["chat: seen (the service reports outage of chat)"] and "does not come from this change" in found["message"]


@pytest.mark.parametrize("more", [
    {"status": {}}, {"status": {"features": {"chat": "operational"}}}, {"status": {"features": {"files": "outage"}}},
    {"status": {"features": {"chat": "unknown"}}},
    {"layer": "tcp"}, {"layer": "tls"}, {"layer": "dns"}, {"blocked_by": {"product": "Squid"}}, {"interception": "intercepted_trusted"}, {"interception": None},
    # What is newly open carries this flag, and so does a control host that is newly shut.
    {"flags": ["regressed", "newly_open"]}, {"role": "control"}, {"role": "negative"}])
def test_what_an_incident_does_not_explain(more):
    found = turned(**more)
    assert found["harm"] and not found["explained"] and set(found["moved"]) == {"a", "b"}


def test_what_opens_for_a_host_outside_the_audience_is_not_explained():
    shut, opened = look("fail", [("chat", "fail", False)]), look("pass", [("chat", "pass", False)])
    opened["checks"][0].update(ITS_OWN)
    assert verdicts.proof({"s": opened}, {"s": shut}, {"s": "unchanged"}, ILL)["harm"]


def test_the_message_says_who_saw_what():
    said = verdicts.proof({"a": OPENED, "b": SHUT, "c": None}, {}, {})["message"]
    assert said == "a: not as it was: claude.ai: seen. b: it fail. not proven by: c (no answer)"
    assert verdicts.proof({"b": FINE, "a": FINE}, {"b": FINE, "a": FINE}, {})["message"] == "proven by a, b"
    assert verdicts.proof({"a": None}, {"a": FINE}, {})["message"] == "every host behind it answered before, and none does now. not proven by: a (no answer)"
