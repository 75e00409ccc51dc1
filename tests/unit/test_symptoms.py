# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people say goes wrong: their words, the features that it depends on, and the answer in one paragraph."""
from __future__ import annotations

import re

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import load
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import isolation, symptoms

CATALOGUE = load()
FEATURES = {feature for entry in CATALOGUE.entries + CATALOGUE.extras + CATALOGUE.media for feature in entry["features"]} | {"connectors"}


def check(verdict="fail", feature="files", **more) -> dict:
    return dict({"id": "x", "host": "files.oaiusercontent.com", "role": "wanted", "features": [feature], "level": "required", "verdict": verdict, "flags": [],
                 "layer": "application" if verdict == "fail" else None, "failure": "upload_truncated" if verdict == "fail" else None,
                 "interception": "not_intercepted", "issuer": None, "blocked_by": None, "message": "files.oaiusercontent.com: cut off"}, **more)


def seen(*checks) -> dict:
    return {"checks": list(checks), "summary": {"features": {one["features"][0]: one["verdict"] for one in checks}}}


@pytest.mark.parametrize("words,symptom", [
    ("uploads fail", "uploads"), ("I can't attach a PDF", "uploads"), ("Voice mode keeps connecting", "voice"), ("stuck at Verify you are human", "login"),
    ("login loops", "login"), ("SSO fails", "login"), ("iPhone: unusual activity", "ios"), ("Mac app says Network Configuration issue", "macos"),
    ("answers come all at once", "streaming"), ("it hangs while typing", "streaming"), ("Something went wrong", "send"), ("white screen", "blank"),
    ("checkout does not open", "payment"), ("Google Drive picker is empty", "connectors"), ("curl to the API fails", "api"), ("ChatGPT is blocked", "all"),
    ("we can't reach ChatGPT", "all"), ("uploads", "uploads"), ("MACOS", "macos")])
def test_free_words_are_mapped(words, symptom):
    assert symptoms.find(words)["id"] == symptom


def test_every_symptom_is_whole_and_named_by_its_id_and_its_title():
    for one in symptoms.SYMPTOMS:
        assert set(one) == {"id", "title", "words", "features", "first", "else"} and set(one["features"]) <= FEATURES
        assert symptoms.find(one["id"]) == one and symptoms.find(one["title"]) == one
        assert all(re.compile(form) for form in one["words"])


def test_words_that_nobody_knows_hide_nothing():
    found = isolation.diagnose({"a": seen(check())}, symptom="the coffee is cold")
    assert found["symptom"]["id"] is None and "Uploads fail (uploads)" in found["symptom"]["text"] and "upload limit or dlp" in found["text"]
    assert symptoms.features("the coffee is cold") == []


def test_the_answer_says_what_it_is_how_sure_who_and_what_to_change():
    found = isolation.diagnose({name: seen(check(), check("pass", "chat")) for name in ("a", "b", "c")}, {"out": seen(check("pass"))}, symptom="uploads fail")
    said = found["symptom"]["text"]
    assert found["text"].startswith(said)
    for part in ("Uploads fail.", "upload limit or dlp (network)", "seen by 3 of 3 hosts", "this is sure", "files.oaiusercontent.com: cut off",
                 "whoever runs the network", "raise the size limit"):
        assert part in said


def test_when_the_network_is_fine_it_says_what_to_ask_and_when_nobody_knows_it_says_so():
    fine = isolation.diagnose({"a": seen(check("pass"))}, symptom="uploads fail")["symptom"]["text"]
    assert "works, from 1 host that looked (files)" in fine and "another browser without extensions" in fine
    for hosts in ({"a": seen(check("unverified"))}, {"a": seen(check("pass", "chat"))}, {"a": None}):
        said = isolation.diagnose(hosts, symptom="uploads fail")["symptom"]["text"]
        assert "does not tell" in said and "Does a small text file go up" in said and "works" not in said


def test_a_refusal_of_the_origin_is_changed_by_whoever_manages_the_account():
    refused = check("origin", "chat", layer="origin", failure="origin_region", message="chatgpt.com: refused")
    said = isolation.diagnose({"a": seen(refused)}, symptom="nothing works")["symptom"]["text"]
    assert "origin region (refused by origin)" in said and "whoever manages the account" in said and "in which country" in said
    assert said.endswith("The origin does not serve every region.") and "seen by 0 of 0" not in said
