# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people say goes wrong: their words, the features that it depends on, and the answer in one paragraph."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import load
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import isolation, origin, symptoms

ROOT = Path(__file__).resolve().parents[2]
FINDINGS = yaml.safe_load((Path(symptoms.__file__).parent / "findings.yml").read_text(encoding="utf-8"))
#: What comes so seldom that no sentence of a person leads to it.
#: About a server of the operator's own, which people do not meet.
IN_NO_PAGE = {"canary_refused"}
CATALOGUE = load()
FEATURES = {feature for entry in CATALOGUE.entries + CATALOGUE.extras + CATALOGUE.media for feature in entry["features"]} | {"connectors"}


def check(verdict="fail", feature="files", **more) -> dict:
    return dict({"id": "x", "host": "files.oaiusercontent.com", "role": "wanted", "features": [feature], "level": "required", "verdict": verdict, "flags": [],
                 "layer": "application" if verdict == "fail" else None, "failure": "upload_truncated" if verdict == "fail" else None,
                 "interception": "not_intercepted", "issuer": None, "blocked_by": None, "message": "files.oaiusercontent.com: cut off"}, **more)


def seen(*checks) -> dict:
    return {"checks": list(checks), "summary": {"features": {one["features"][0]: one["verdict"] for one in checks}}}


#: As people write it to a help desk.
TICKETS = {
    "login": ("cant log in to chat gpt", "Log-in page just reloads", "login loops since monday", "asks me to sign in again and again"),
    "sso": ("SSO login fails with SAML error", "SSO fails"),
    "captcha": ("verifying you are human never ends", "capcha loop", "Just a moment... forever", "stuck at Verify you are human"),
    "uploads": ("uploading a PDF fails", "Can't attach files", "attachements not working", "uplaod stuck at 99%", "large files error",
                "uploads fail", "I can't attach a PDF", "uploads"),
    "voice": ("voice mode stuck on connecting", "microphone works but voices cut", "Voice mode keeps connecting"),
    "images": ("pictures dont load in chat", "cant genarate images", "DALL-E images do not show"),
    "history": ("unable to load history", "my old chats are gone", "conversations wont load in sidebar"),
    "streaming": ("network error while it is answering", "response stops half way", "ChatGPT is very slow today", "text comes all at once",
                  "answers come all at once", "it hangs while typing"),
    "send": ("Something went wrong. If this issue persists please contact us", "message could not be sent",
             "Hmm...something seems to have gone wrong"),
    "blank": ("white screen after update of chrome", "page is blank", "keeps spinning", "buttons missing, page looks broken", "white screen"),
    "macos": ("Mac app: Network Configuration issue", "macbooks get an SSL error", "MACOS"),
    "desktop": ("windows desktop app does not start",),
    "ios": ("Unusual activity has been detected from your device", "ChatGPT on iPhones stopped"),
    "codex": ("codex cli says Reconnecting 1/5", "vscode extension stream disconnected"),
    "api": ("api returns 401", "python: CERTIFICATE_VERIFY_FAILED", "curl to the API fails"),
    "connectors": ("google drive connector wont open", "sharepoint picker empty", "Google Drive picker is empty"),
    "vpn": ("turn off your VPN, it says", "VPN users cannot reach chatgpt"),
    "region": ("not available in your country",),
    "limit": ("429 too many requests", "rate limted"),
    "workspace": ("Access denied Error 1020", "403 forbidden", "You can't use your personal account here"),
    "payment": ("billing page is not loading", "upgrade to Plus impossible", "checkout does not open"),
    "all": ("website blocked by IT", "chatgpt.com cannot be reached", "we cant open chatgpt anymore", "DNS_PROBE_FINISHED_NXDOMAIN",
            "ChatGPT not working", "ERR_CONNECTION_RESET on every page", "ChatGPT is blocked", "we can\u2019t reach ChatGPT"),
}

#: In the fewest words, so that each leads there by one expression alone.
SHORT = {
    "voice": ("the call drops after ten seconds", "rtc fails", "livekit is not reachable"),
    "ios": ("suspicious activity on my phone", "ipad app signs me out", "unusual behaviour detected", "ios app stays empty", "app attest fails"),
    "vpn": ("please turn off the proxy", "unable to load site", "disable the proxy, it says", "are you using a proxy?", "proxy detected"),
    "region": ("country is not supported", "region is blocked", "error 451"),
    "captcha": ("captcha does not show", "challenge does not end", "checking your browser, for minutes", "turnstile fails",
                "cloudflare check again and again", "bot check hangs"),
    "codex": ("cli is dead", "VS Code says no", "the terminal says no", "stream disconnected before completion", "it says reconnecting",
              "ide plugin is offline"),
    "api": ("curl gives nothing", "python script error", "api key refused", "endpoint gives 500"),
    "sso": ("saml error", "the idp says no", "scim does not sync", "workos page is empty", "domain verification fails", "okta tile does nothing",
            "entra app gives an error", "azure ad error"),
    "login": ("route error 400", "auth.openai.com is empty", "logon impossible", "redirect loop", "too many redirects", "oauth error",
              "password page comes back", "auth0 error", "authentication error"),
    "macos": ("ssl problem", "certificate error", "mac does not connect", "certificate is invalid", "tls alert", "it is not trusted", "untrusted connection"),
    "desktop": ("linux app is grey", "windows app is grey", "update failed", "the installer stops at once", "electron window is black"),
    "images": ("broken image in each chat",),
    "uploads": ("spreadsheet cannot be added, error", "image will not send", "download ends at half"),
    "connectors": ("connectors do nothing", "onedrive window is empty", "sharepoint is missing", "the picker is empty",
                   "apps in ChatGPT do not work", "atlassian cannot be linked", "notion cannot be linked", "slack cannot be linked",
                   "dropbox cannot be linked"),
    "history": ("conversations are missing", "old chats", "projects disappeared", "past chats"),
    "streaming": ("stream ends", "stops generating", "no typing, only the dot", "half-way through it ends", "it was hanging", "text is cut off",
                  "it cuts off", "stopped generating", "the answer timed out", "response timeout", "incomplete answer"),
    "limit": ("error 429", "you are going too fast"),
    "workspace": ("account suspended", "error 403", "forbidden", "error 1020", "not allowed by your organization", "tenant restriction",
                  "you have been blocked"),
    "send": ("hmm", "message fails", "oops"),
    "payment": ("paying by card", "which plan", "subscription ends in an error", "no invoice"),
    "blank": ("it looks broken", "buttons do nothing", "without style", "black page", "will not load", "won't load", "doesn't load",
              "loading forever", "broken layout", "no buttons", "stuck on loading"),
    "all": ("the server was not found", "ChatGPT is down", "doesn't work", "unreachable", "I do not reach it", "no access at all", "inaccessible",
            "we are offline"),
}


@pytest.mark.parametrize("symptom,words", [(symptom, words) for table in (TICKETS, SHORT) for symptom, tickets in table.items() for words in tickets])
def test_free_words_are_mapped(symptom, words):
    assert symptoms.find(words)["id"] == symptom


def test_every_symptom_is_whole_and_named_by_its_id_its_title_and_what_people_see():
    for one in symptoms.SYMPTOMS:
        assert set(one) == {"id", "title", "words", "features", "seen", "causes", "first", "else"} and set(one["features"]) <= FEATURES
        for text in (one["id"], one["title"], *one["seen"]):
            assert symptoms.find(text) == one, text
        assert len(one["causes"]) == len(set(one["causes"])) > 1 and set(one["causes"]) <= set(FINDINGS)


def test_no_expression_can_be_left_out(monkeypatch):
    """Each is the one by which some ticket, title or sentence is understood."""
    texts = {text: one["id"] for one in symptoms.SYMPTOMS for text in (one["title"], *one["seen"])}
    texts.update({words: symptom for tickets_of in (TICKETS, SHORT) for symptom, tickets in tickets_of.items() for words in tickets})
    needless, table = [], symptoms.SYMPTOMS
    monkeypatch.setattr(symptoms, "_spelled", lambda word: word)
    for place, one in enumerate(table):
        own = [text for text in texts if texts[text] == one["id"]]
        for form in one["words"]:
            shorter = dict(one, words=[other for other in one["words"] if other != form])
            monkeypatch.setattr(symptoms, "SYMPTOMS", table[:place] + [shorter] + table[place + 1:])
            if all((symptoms.find(text) or {}).get("id") == one["id"] for text in own if re.search(form, text.lower())):
                needless.append((one["id"], form))
    assert needless == []


def test_every_finding_is_a_cause_somewhere_and_is_told_in_full():
    assert set(FINDINGS) == (set(isolation.REMEDIES) - {"unknown"}) | {row["failure"] for row in origin.REFUSALS}
    assert {name for one in symptoms.SYMPTOMS for name in one["causes"]} == set(FINDINGS) - IN_NO_PAGE
    for name, one in FINDINGS.items():
        assert set(one) == {"layer", "what"} and (one["layer"] in isolation._LAYERS), name


def test_each_symptom_has_a_page_with_all_of_that():
    for one in symptoms.SYMPTOMS:
        text = (ROOT / "docs" / "symptoms" / (one["id"] + ".md")).read_text(encoding="utf-8")
        flat = " ".join(text.split())
        for part in (one["title"], one["first"], "-e symptom=%s`" % one["id"], *one["seen"], *(FINDINGS[name]["what"] for name in one["causes"])):
            assert " ".join(part.split()).lower() in flat.lower(), (one["id"], part)
        # Each finding is a section that the table leads to.
        assert re.findall(r"\]\(#([a-z0-9-]+)\)", text) == [heading.lower().replace(" ", "-") for heading in re.findall(r"^### (.*)$", text, re.M)]


def said(**more) -> str:
    fault = {"verdict": "block_page", "product": "Squid", "evidence": "chatgpt.com: blocked", "remedy": "run squid_access"}
    one = dict({"scope": "network", "confidence": "high", "next": "look again", "bad": 2, "of": 3, "faults": [fault], "hosts": {}}, **more)
    return symptoms.answer("uploads", {"files": one})["text"]


@pytest.mark.parametrize("scope,who", [
    ("network", "the network team."), ("network_suspected", "probably the network team."), ("host_local", "the owner of that machine."),
    ("network_or_host", "the network team or the owner of the machine."), ("refused_by_origin", "the administrator of the account or workspace."),
    ("segment_or_policy_group", "the owner of the policy groups of these hosts."), ("service_wide", "nobody here: OpenAI reports an incident."),
    ("service_wide_suspected", "probably nobody here: it fails outside as well."), ("service_or_path", "probably nobody here: it fails outside as well."),
    ("inspected_by_policy", "the owner of the TLS inspection policy."), ("intermittent", "not known yet.")])
def test_who_can_change_it(scope, who):
    assert "Who can fix it: %s What to do: run squid_access." % who in said(scope=scope)


@pytest.mark.parametrize("confidence,sure", [("high", "this is certain"), ("medium", "this is likely"), ("low", "this is not certain yet")])
def test_how_sure_it_is(confidence, sure):
    assert said(confidence=confidence) == (
        "Uploads fail. It is block page by Squid (network), in files, seen by 2 of 3 hosts with a result; %s. Example: chatgpt.com: blocked. Who "
        "can fix it: the network team. What to do: run squid_access." % sure)


def test_the_answer_without_a_product_a_fault_or_anybody_who_looked():
    fault = {"verdict": "dns_filter", "product": None, "evidence": "x", "remedy": "ask whom?"}
    assert "It is dns filter (network), in files, seen by 1 of 1 host with" in said(faults=[fault], bad=1, of=1)
    assert said(faults=[fault]).endswith("the network team. What to do: ask whom?")
    assert said(faults=[], scope="service_wide", of=0) == (
        "Uploads fail. It is service wide (service wide), in files; this is certain. Who can fix it: nobody here: OpenAI reports an "
        "incident. What to do: look again.")
    assert "are inconclusive: look again. Does a small" in said(scope="inconclusive", faults=[])
    assert "are inconclusive: none of its features was probed. Does a small" in symptoms.answer("uploads", {})["text"]
    assert symptoms.features("uploads fail") == ["files"] and symptoms.features("the coffee is cold") == []


def test_words_that_nobody_knows_hide_nothing():
    found = isolation.diagnose({"a": seen(check())}, symptom="the coffee is cold")
    assert found["symptom"]["id"] is None and "Uploads fail (uploads)" in found["symptom"]["text"] and "upload limit or dlp" in found["text"]
    assert symptoms.features("the coffee is cold") == []


def test_the_answer_says_what_it_is_how_sure_who_and_what_to_change():
    found = isolation.diagnose({name: seen(check(), check("pass", "chat")) for name in ("a", "b", "c")}, {"out": seen(check("pass"))}, symptom="uploads fail")
    said = found["symptom"]["text"]
    assert found["text"].startswith(said)
    for part in ("Uploads fail.", "upload limit or dlp (network)", "seen by 3 of 3 hosts", "this is certain", "files.oaiusercontent.com: cut off",
                 "the network team", "raise the size limit"):
        assert part in said


def test_when_the_network_is_fine_it_says_what_to_ask_and_when_nobody_knows_it_says_so():
    fine = isolation.diagnose({"a": seen(check("pass"))}, symptom="uploads fail")["symptom"]["text"]
    assert "as seen from 1 host (files)" in fine and "another browser without extensions" in fine
    for hosts in ({"a": seen(check("unverified"))}, {"a": seen(check("pass", "chat"))}, {"a": None}):
        said = isolation.diagnose(hosts, symptom="uploads fail")["symptom"]["text"]
        assert "are inconclusive" in said and "Does a small text file upload" in said and "works" not in said


def test_a_refusal_of_the_origin_is_changed_by_whoever_manages_the_account():
    refused = check("origin", "chat", layer="origin", failure="origin_region", message="chatgpt.com: refused")
    said = isolation.diagnose({"a": seen(refused)}, symptom="nothing works")["symptom"]["text"]
    assert "origin region (refused by origin)" in said and "the administrator of the account" in said and "in which country" in said
    assert said.endswith("The origin does not serve every region.") and "seen by 0 of 0" not in said
