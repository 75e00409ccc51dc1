# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status page in both of its forms, and everything else that may come back instead."""
from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings, strategies as st

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import service_status as status

RULES = status.rules()
SHIM = {
    "page": {"id": "x"}, "status": {"indicator": "minor", "description": "Partially degraded"},
    "components": [{"id": "g", "name": "ChatGPT", "group": True}, {"id": "1", "group_id": "g", "name": "Conversations", "status": "operational"},
                   {"id": "2", "group_id": "g", "name": "Voice mode", "status": "degraded_performance"},
                   {"id": "3", "group_id": "g", "name": "File uploads", "status": "operational"}, {"id": "4", "name": "Login", "status": "operational"}],
    "incidents": [{"id": "i1", "name": "Voice is slow", "status": "investigating", "impact": "minor", "shortlink": "https://status.openai.com/i1",
                   "created_at": "2026-11-24T08:00:00Z", "components": [{"name": "Voice mode"}]},
                  {"id": "i0", "name": "Login was down", "status": "resolved", "impact": "critical", "components": [{"name": "Login"}]}],
}
NATIVE = {"summary": {
    "components": [{"id": "1", "name": "Conversations"}, {"id": "2", "name": "Voice mode"}, {"id": "4", "name": "Login"}],
    "structure": {"items": [{"group": {"name": "ChatGPT", "components": [{"component_id": "1"}, {"component_id": "2"}]}}]},
    "affected_components": [{"component_id": "4", "status": "full_outage"}],
    "ongoing_incidents": [{"id": "n1", "name": "Nobody can sign in", "status": "identified", "published_at": "2026-11-24T07:00:00Z", "url": "https://u",
                           "component_impacts": [{"component_id": "4", "status": "full_outage"}]}],
}}


def test_the_compatible_form():
    result = status.judge(SHIM, RULES)
    assert (result["state"], result["source"]) == ("degraded", "shim")
    assert result["features"] == {"chat": "operational", "files": "operational", "login": "operational", "voice": "degraded"}
    incident, = result["incidents"]
    assert (incident["name"], incident["impact"], incident["features"], incident["url"]) == (
        "Voice is slow", "degraded", ["voice"], "https://status.openai.com/i1")
    assert status.sentence(result) == "the service reports degraded; voice: degraded; Voice is slow (https://status.openai.com/i1)"


def test_the_page_s_own_form():
    result = status.judge(NATIVE, RULES)
    assert (result["state"], result["source"]) == ("outage", "native")
    assert result["features"] == {"chat": "operational", "login": "outage", "voice": "operational"}
    assert result["incidents"][0]["components"] == ["Login"] and result["incidents"][0]["impact"] == "outage"


@pytest.mark.parametrize("change,state", [
    ({"status": {"indicator": "none"}, "incidents": [], "components": []}, "operational"),
    ({"status": {"indicator": "purple"}, "incidents": [], "components": []}, "unknown"), ({"status": None, "components": []}, "degraded"),
    ({"status": None, "components": [], "incidents": []}, "unknown"), ({"incidents": ["text"], "status": {"indicator": "none"}, "components": []}, "unknown"),
    ({"status": {"indicator": "none"}, "incidents": [], "components": [5]}, "unknown"),
    ({"status": {"indicator": "none"}, "incidents": [], "components": [{"status": "major_outage"}]}, "outage"),
    ({"status": {"indicator": "none"}, "incidents": [], "components": [{"name": "g", "group": True, "status": "major_outage"}]}, "operational"),
    ({"status": {"indicator": "none"}, "incidents": [], "components": [{"name": "App", "status": "sideways"}]}, "unknown"),
    ({"status": {"indicator": "none"}, "incidents": [], "components": [{"name": "App", "status": "under_maintenance"}]}, "maintenance"),
    ({"status": {"indicator": "none"}, "incidents": [{"name": "x", "status": "scheduled", "impact": "critical"}], "components": []}, "operational"),
])
def test_a_word_that_is_not_known_is_unknown_and_never_good(change, state):
    assert status.judge(dict(SHIM, **change), RULES)["state"] == state


def test_what_the_page_does_not_say_of_its_components_is_unknown():
    silent = {"summary": {key: value for key, value in NATIVE["summary"].items() if key != "affected_components"}}
    result = status.judge(silent, RULES)
    assert result["features"]["chat"] == "unknown" and result["state"] != "operational"


@pytest.mark.parametrize("change,state", [
    ({}, "operational"), ({"ongoing_incidents": ["text"]}, "unknown"), ({"ongoing_incidents": None}, "unknown"), ({"affected_components": ["text"]}, "unknown"),
    # Of something that the page does not list, or that it names twice.
    ({"affected_components": [{"component_id": "99", "status": "full_outage"}]}, "outage"), ({"affected_components": [{"status": "sideways"}]}, "unknown"),
    ({"affected_components": [{"component_id": "1", "status": word} for word in ("full_outage", "operational")]}, "outage"),
    ({"ongoing_incidents": [{"name": "x", "status": "resolved", "component_impacts": [{"status": "full_outage"}]}]}, "operational"),
    ({"ongoing_incidents": [{"name": "x", "status": "identified"}]}, "unknown"),
    ({"ongoing_incidents": [{"name": "x", "affected_components": [{"component_id": "1", "impact": "degraded_performance"}]}]}, "degraded")])
def test_the_page_s_own_form_is_good_only_when_all_of_it_was_read(change, state):
    calm = dict(NATIVE["summary"], affected_components=[], ongoing_incidents=[])
    assert status.judge({"summary": dict(calm, **change)}, RULES)["state"] == state


def test_what_is_told_of_components_and_incidents():
    rows = [{"id": "g", "name": "ChatGPT", "group": True}, {"id": "1", "group_id": "g", "name": "Foo"}, {"id": "2", "group_id": "1", "name": "Login"},
            {"id": "3", "group_id": "2", "name": "Foo"}, {"name": ""}, {"group_id": ["x"], "name": "Bar"}]
    shim = status.judge({"components": rows, "incidents": [{"components": [{"name": "Foo"}, {"name": None}], "created_at": "x"}]}, RULES)
    assert [(one["name"], one["features"]) for one in shim["components"]] == [("Foo", ["chat"]), ("Login", ["login"]), ("Foo", []), ("Bar", [])]
    assert (shim["incidents"][0]["components"], shim["incidents"][0]["started"], shim["incidents"][0]["url"]) == (["Foo"], "x", "")
    items = [{"group": {"name": "ChatGPT", "components": [{"component_id": "1"}]}}, {"group": None}, {"group": "text"}, "text"]
    for structure, features in (({"items": items}, ["chat"]), ("text", []), (None, [])):
        native = status.judge({"summary": {"components": [{"id": "1", "name": "Foo"}, {"id": "2"}, {"id": []}], "structure": structure,
                                           "ongoing_incidents": [{"started_at": "a", "url": "u"}, {"published_at": "b", "shortlink": "s", "url": "u"}]}}, RULES)
        assert [(one["name"], one["features"]) for one in native["components"]] == [("Foo", features)]
        assert [(one["started"], one["url"]) for one in native["incidents"]] == [("a", "u"), ("b", "s")]


@pytest.mark.parametrize("data,text", [
    ({"status": {"indicator": "none"}}, "the service reports operational"), ({"components": [{"name": "Foo"}]}, "the service reports unknown"),
    ({"incidents": [], "components": [{"name": "Login", "status": "operational"}], "status": {"indicator": "none"}}, "the service reports operational"),
    ({"components": [{"name": "Login"}, {"name": "Voice", "status": "minor"}], "incidents": [{"name": "x", "status": "identified", "impact": "minor"}]},
     "the service reports degraded; voice: degraded; x (identified)"),
    ({"components": [], "incidents": [{"name": "x", "status": "identified", "impact": "critical"}]}, "the service reports outage; x (identified)"),
    ({"components": []}, "the state of the service is unknown"), ({"summary": {"ongoing_incidents": []}}, "the state of the service is unknown"),
    ({"summary": {"ongoing_incidents": [], "affected_components": []}}, "the service reports operational")])
def test_one_line_for_an_operator(data, text):
    assert status.sentence(status.judge(data, RULES)) == text


@pytest.mark.parametrize("answer,found", [((b"{}", None), ({}, None)), ((None, "timed out"), (None, "timed out"))])
def test_what_is_fetched(monkeypatch, answer, found):
    monkeypatch.setattr(status.download, "get", lambda *_args: answer)
    assert status.fetch("https://status.example/", 5, True, None) == found

    def missing(*_args):
        raise status.download.DownloadError("requests is missing")
    monkeypatch.setattr(status.download, "get", missing)
    with pytest.raises(status.StatusError, match="requests is missing"):
        status.fetch("https://status.example/", 5, True, None)


@pytest.mark.parametrize("data", [None, [], "text", 3, {}, {"components": "no"}, {"summary": []}, {"incidents": []}])
def test_anything_else_is_unknown(data):
    result = status.judge(data, RULES)
    assert (result["state"], result["features"], result["source"]) == ("unknown", {}, "none") and "is unknown" in status.sentence(result)


values = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.sampled_from(["status", "indicator", "components", "name", "id", "group", "incidents", "summary", "structure", "items", "component_id", "impact",
                     "affected_components", "ongoing_incidents", "component_impacts", "group_id"]), inner, max_size=4), max_leaves=25)


@settings(max_examples=200, deadline=None)
@given(values)
def test_no_shape_is_an_exception(data):
    result = status.judge(data, RULES)
    assert result["state"] in ("operational", "degraded", "outage", "maintenance", "unknown")
    json.dumps(result)
    status.sentence(result)


@pytest.mark.parametrize("body,problem", [(b"<html>blocked</html>", "but a web page"), (b"{", "is not JSON$"), (b"\xff\xfe", "is not JSON"),
                                          (b"x" * (status.MAX_BYTES + 1), "larger than"), (b"[" * 100000, "is not JSON")])
def test_what_is_no_json_is_said(body, problem):
    data, said = status.parse(body)
    assert data is None and re.search(problem, said)


def test_rules_of_the_site_come_first_and_a_bad_one_is_named():
    own = status.rules([{"component": "conversations", "features": ["support"]}])
    assert status.judge(SHIM, own)["features"]["support"] == "operational"
    for rule in ({"component": 5, "features": []}, {"component": "x", "features": [], "more": 1}, ["component", "features"], {"component": "("},
                 {"component": "(", "features": []}, {"component": "x", "features": "chat"}, "x"):
        with pytest.raises(status.StatusError, match="components, rule 1"):
            status.rules([rule])
