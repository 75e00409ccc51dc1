# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Barracuda: a plan that nobody but a person carries out, what is known and what is not, and the little that its API gives."""
from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.options import Options
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.run import Run
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.barracuda_wsg.adapter import (
    EVERYONE, BarracudaAdapter, Pages, Settings, audience,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.barracuda_wsg.api import Api
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Connection, Transport
from tests.contract.rig import FIRST, MEDIA, MEMBER, STRANGER, documented
from tests.products.barracuda_wsg.rig import BarracudaRig, copied
from tests.products.barracuda_wsg.twin import BarracudaWsg

AI = ("group AI users",)
#: Pages of a device on which a person has done all that FIRST needs.
DONE = Pages(category=("chatgpt.com", "openai.com", "js.stripe.com"), exceptions=(("group AI users", "allow"),), blocked_applications=(),
             inspected_domains=(), inspected_categories=())


@pytest.fixture
def rig(open_rig):
    return open_rig(BarracudaRig)


def handed(pages=None, policy=FIRST, check=False, people=AI, options=None, **settings) -> dict:
    """What the module returns; it meets no device."""
    adapter = BarracudaAdapter(Settings(host="wsg.example.com", audience=people, pages=pages or Pages(), **settings))
    return Run(adapter, policy, Options(**(options or {})), check).execute()


def test_nothing_is_sent_and_the_plan_is_for_a_person(tmp_path, monkeypatch):
    monkeypatch.setattr(BarracudaAdapter, "send", lambda self, request: pytest.fail("it was sent"))
    monkeypatch.setattr(BarracudaAdapter, "activate", lambda self: pytest.fail("it was activated"))
    result = handed(options={"journal": str(tmp_path / "journals")})
    assert not result["changed"] and result["changes"] and not (tmp_path / "journals").exists()
    assert result["summary"].startswith("manual steps: create custom category ChatGPT allow (+3)") and "reversal" not in result
    category, exception = result["manual"][:2]
    assert category == ("BLOCK/ACCEPT > Custom Categories: create the custom category ChatGPT allow with these 3 domains: "
                        "chatgpt.com js.stripe.com openai.com, then Save Changes")
    assert exception == "BLOCK/ACCEPT > Exceptions: add an exception: Allow, custom category ChatGPT allow, for group AI users, then Save Changes"
    assert result["rendered"][0]["request"]["paste"].splitlines() == ["chatgpt.com", "js.stripe.com", "openai.com"]
    assert result["requests"] == {"reads": 0, "writes": 0, "connections": 0, "waited": 0} and not result.get("diagnosis")
    assert set(result) - set(documented("barracuda_wsg")) == {"changed", "diff", "pending"}


def test_in_check_mode_a_difference_is_a_change_and_coverage_is_that_of_now():
    result = handed(Pages(category=(), exceptions=(), inspected_domains=(), inspected_categories=()), check=True)
    assert result["changed"] and result["planned_steps"] == 2
    assert [(row["allowed"], row["exempt"]) for row in result["coverage"]] == [("no", "yes"), ("no", "yes"), ("no", "not wanted")]
    result = handed(DONE, check=True)
    assert not result["changed"] and result["summary"] == "nothing to do" and result["manual"] == []
    assert [row["allowed"] for row in result["coverage"]] == ["yes"] * 3
    warned = handed(replace(DONE, exceptions=(("group AI users", "warn"),)), check=True)
    assert {row["allowed"] for row in warned["coverage"]} == {"no"} and "set the exception for group AI users to action allow" in warned["manual"][0]


@pytest.mark.parametrize("changes,people,allowed,exempt", [
    ({}, AI, "yes yes yes", "yes yes"), ({}, (), "no no no", "yes yes"), ({}, AI + ("user mia",), "no no no", "yes yes"),
    ({"category": ("chatgpt.com",)}, AI, "yes no no", "yes yes"), ({"category": ("www.chatgpt.com", "no domain")}, AI, "no no no", "yes yes"),
    ({"category": None}, AI, "unchecked unchecked unchecked", "yes yes"), ({"exceptions": None}, AI, "unchecked unchecked unchecked", "yes yes"),
    ({"blocked_applications": None}, AI, "unchecked unchecked unchecked", "yes yes"),
    ({"blocked_applications": ("Chat GPT",)}, AI, "no no unchecked", "yes yes"), ({"blocked_applications": ("OpenAI API",)}, AI, "no no unchecked", "yes yes"),
    ({"blocked_applications": ("OpenAI API",)}, (), "no no no", "yes yes"),
    # What is decrypted passes all the same.
    ({"inspected_domains": ("chatgpt.com", "no domain")}, AI, "yes yes yes", "no unchecked"),
    ({"inspected_domains": ("openai.com",)}, AI, "yes yes yes", "yes no"),
    ({"inspected_domains": None}, AI, "yes yes yes", "unchecked unchecked"), ({"inspected_categories": None}, AI, "yes yes yes", "unchecked unchecked"),
    ({"inspected_categories": ("Computers",)}, AI, "yes yes yes", "unchecked unchecked")], ids=str)
def test_what_the_pages_say_is_what_coverage_says(changes, people, allowed, exempt):
    rows = handed(replace(DONE, **changes), people=people)["coverage"]
    assert [row["allowed"] for row in rows] == allowed.split() and [row["exempt"] for row in rows] == [*exempt.split(), "not wanted"]
    assert [row["allowed_by"] for row in rows] == ["custom category ChatGPT allow" if word == "yes" else None for word in allowed.split()]
    assert [bool(row["exempt_by"]) for row in rows] == [row["exempt"] == "yes" for row in rows]


@pytest.mark.parametrize("changes,lines", [
    ({}, []), ({"category": None}, ["are unknown: copy"]), ({"exceptions": None}, ["are unknown: copy"]),
    ({"blocked_applications": None}, ["which applications are blocked"]), ({"inspected_domains": None}, ["check whether domains"]),
    ({"inspected_categories": None}, ["check whether domains"])], ids=str)
def test_a_page_that_was_not_copied_is_named(changes, lines):
    manual = [line for line in handed(replace(DONE, **changes))["manual"] if not line.startswith("BLOCK/ACCEPT")]
    assert len(manual) == len(lines) and all(text in line for text, line in zip(lines, manual))
    nothing = handed(replace(DONE, **changes), policy=replace(FIRST, allow=(), exempt=()))["manual"]
    assert not any("which applications" in line or "check whether" in line for line in nothing)


@pytest.mark.parametrize("entry,words,told", [
    ("com", ("no", "no"), "decrypt"), ("https://chatgpt.com/g/1", ("no", "yes"), "decrypt"), ("*.OpenAI.com:443", ("yes", "no"), "decrypt"),
    ("*", ("unchecked", "unchecked"), "decrypt"), ("All", ("unchecked", "unchecked"), "decrypt"), ("every site", ("unchecked", "unchecked"), "decrypt"),
    ("^chat.*gpt", ("unchecked", "unchecked"), "decrypt"), ("", ("unchecked", "unchecked"), "decrypt"), ("intranet", ("yes", "yes"), None),
    ("198.51.100.0/24", ("yes", "yes"), None), ("2001:db8::1", ("yes", "yes"), None), ("bank.example", ("yes", "yes"), None)])
def test_an_entry_for_inspection_that_is_no_plain_domain_is_not_passed_over(entry, words, told):
    result = handed(replace(DONE, inspected_domains=("example.org", entry)))
    assert tuple(row["exempt"] for row in result["coverage"] if row["exempt"] != "not wanted") == words
    assert {one["effect"] for one in result["conflicts"]} == ({told} if told else set())
    assert all(one["certain"] == ("unchecked" not in words) for one in result["conflicts"])


def test_an_exception_with_two_actions_is_ambiguous():
    again = (("group AI users", "allow"),) * 2
    assert {row["allowed"] for row in handed(replace(DONE, exceptions=again))["coverage"]} == {"yes"}
    with pytest.raises(Failed, match="more than one"):
        handed(replace(DONE, exceptions=(("group AI users", "block"), ("group AI users", "allow"))))


def test_capitals_and_blanks_in_the_category_are_no_drift():
    result = handed(replace(DONE, category=("ChatGPT.com", " openai.com ", "js.stripe.com")), check=True)
    assert not result["changed"] and {row["allowed"] for row in result["coverage"]} == {"yes"}


def test_a_url_pattern_in_a_backup_names_a_host_too(tmp_path):
    path = tmp_path / "backup.txt"
    path.write_text("url_patterns = ^https?://([a-z]+\\.)?chatgpt\\.com/\n")
    found = handed(DONE, backup=str(path))["diagnosis"]["backup"]["found"]
    assert found == [{"variable": "url_patterns", "hosts": ["chatgpt.com"]}]


def test_designated_domains_are_told_together_and_those_that_are_gone_by_their_host():
    adapter = BarracudaAdapter(Settings(host="wsg.example.com", audience=AI, pages=replace(DONE, inspected_domains=("chatgpt.com", "a.chatgpt.com", "x.test"))))
    found = adapter.assess(FIRST, adapter.read())
    assert [one.where for one in found.conflicts] == ["SSL Inspection, designated domains a.chatgpt.com, chatgpt.com"]
    assert [str(ref) for ref in found.resolved.values()] == ["inspected domain openai.com"]
    # A category of this name is no designated domain.
    assert handed(DONE, category_name="chatgpt.com")["conflicts"] == []
    conflict, = handed(replace(DONE, inspected_domains=("chatgpt.com",)))["conflicts"]
    assert conflict["where"].endswith("designated domain chatgpt.com") and conflict["opens"] == ""
    conflict, = handed(replace(DONE, inspected_domains=("openai.com",)))["conflicts"]
    assert conflict["opens"] == "everything else below openai.com is no longer inspected"
    assert handed(replace(DONE, inspected_domains=("chatgpt.com",)), protected=("chatgpt.com",))["conflicts"] == []


@pytest.mark.parametrize("blocked,word,certain", [
    (None, "unchecked", []), ((), "yes", []), (("Stripe",), "unchecked", [False]),
    (("uTorrent", "P2P", "eMule", "Gnutella", "Gambling", "Game Center", "Porn", "Claude", "Gemini", "DeepSeek", "Perplexity"), "yes", []),
    (("Generative AI of next year",), "unchecked", [False])])
def test_an_application_that_is_blocked_may_hold_a_wanted_host(blocked, word, certain):
    result = handed(replace(DONE, blocked_applications=blocked))
    assert {row["allowed"] for row in result["coverage"]} == {word} and [one["certain"] for one in result["conflicts"]] == certain
    assert not any(one["remedy"] for one in result["conflicts"])
    assert any("which applications are blocked" in line for line in result["manual"]) is (blocked is None)


def test_only_who_lacks_the_exception_of_an_application_is_given_one():
    pages = replace(DONE, blocked_applications=("ChatGPT",), application_exceptions=(("ChatGPT", "group AI users"),),
                    exceptions=(("group AI users", "allow"), ("user mia", "allow")))
    conflict, = handed(pages, people=AI + ("user mia",))["conflicts"]
    assert "for user mia" in str(conflict["remedy"]) and "AI users" not in str(conflict["remedy"])
    assert handed(pages)["conflicts"] == []


@pytest.mark.parametrize("protected", [(), ("ChatGPT",)])
def test_the_application_of_openai_blocks_its_hosts_also_where_it_is_protected_and_may_hold_others(protected):
    result = handed(replace(DONE, blocked_applications=("ChatGPT",)), protected=protected)
    assert [row["allowed"] for row in result["coverage"]] == ["no", "no", "unchecked"]
    conflict, = result["conflicts"]
    assert conflict["certain"] and bool(conflict["remedy"]) is not bool(protected) and (conflict["opens"] == "protected") is bool(protected)


def test_what_was_not_copied_is_unchecked_and_said():
    result = handed()
    assert {(row["allowed"], row["exempt"]) for row in result["coverage"]} == {("unchecked", "unchecked"), ("unchecked", "not wanted")}
    assert any("are unknown: copy" in line for line in result["manual"]) and any("check whether domains or categories" in line for line in result["manual"])
    result = handed(Pages(category=(), exceptions=(), inspected_domains=(), inspected_categories=("Computers",)))
    assert {row["exempt"] for row in result["coverage"]} == {"unchecked", "not wanted"}
    conflict, = result["conflicts"]
    assert (conflict["effect"], conflict["certain"], conflict["remedy"]) == ("decrypt", False, [])


@pytest.mark.parametrize("domain,opens", [("chatgpt.com", False), ("www.chatgpt.com", False), ("com.test", None), ("openai.com", True)])
def test_a_designated_domain_is_a_conflict_and_ends_by_its_id_alone(rig, domain, opens):
    rig.twin.pages["inspected"].add(domain)
    site = rig.snapshot()
    result = rig.run()
    found = [one for one in result["conflicts"] if one["effect"] == "decrypt"]
    if opens is None:
        assert found == [] and result["losses"] == []
        return
    conflict, = found
    # FIRST exempts the subdomains of openai.com and not the name itself.
    assert bool(conflict["opens"]) == opens and result["losses"][0]["control"] == "av"
    assert [row["exempt"] for row in result["coverage"] if row["pattern"] in conflict["hosts"]] == ["no"]
    assert domain in rig.twin.pages["inspected"]
    journal = rig.run(unblock=(conflict["id"],))["journal"]
    assert domain not in rig.twin.pages["inspected"] and rig.decide(MEMBER, "www." + domain)[1] == "tunnel"
    rig.run("reverted", journal=journal)
    rig.run("deleted")
    assert rig.snapshot() == site


def test_two_conflicts_with_one_remedy_are_resolved_together(rig):
    rig.twin.pages["inspected"].add("openai.com")
    policy = FIRST.from_config({"allow": [".openai.com", "auth.openai.com"], "exempt": [".openai.com", "auth.openai.com"]})
    ids = tuple(one["id"] for one in rig.run(policy=policy, check=True)["conflicts"])
    assert len(ids) == 2 and rig.run(policy=policy, unblock=ids)["changed"]
    assert "openai.com" not in rig.twin.pages["inspected"] and not rig.run(policy=policy, unblock=ids)["changed"]


def test_a_protected_domain_is_not_offered_and_a_loss_can_be_refused(rig):
    rig.twin.pages["inspected"].add("chatgpt.com")
    assert rig.run(check=True, adapter=rig.adapter(protected=("chatgpt.com",)))["conflicts"] == []
    with pytest.raises(Failed, match="refuse_losses"):
        rig.run(refuse_losses=("av",))


def test_an_application_is_excepted_for_the_audience_alone(rig):
    rig.block_early()
    conflict, = rig.run()["conflicts"]
    rig.run(unblock=(conflict["id"],))
    assert rig.decide(MEMBER, "chatgpt.com")[0] == "allow" and rig.decide(STRANGER, "chatgpt.com")[0] == "block"


def test_everyone_means_those_who_sign_in_and_those_who_do_not():
    assert audience({"everyone": True}) == EVERYONE and audience({"groups": ["A"], "users": ["b"]}) == ("group A", "user b")
    titles = " ".join(handed(people=EVERYONE)["manual"])
    assert "for all authenticated users" in titles and "for all unauthenticated users" in titles and "IP Block" not in titles


def test_what_the_product_cannot_say_is_declared(rig):
    rig.run()
    rig.twin.knobs.listed = {"cdn.openai.com"}
    notes = {row["pattern"]: row["note"] for row in rig.run()["coverage"]}
    assert "widened: openai.com itself" in notes["*.openai.com"] and "widened: js.stripe.com also stands for every subdomain" in notes["js.stripe.com"]
    assert all("rates on its own is not included" in note for note in notes.values()) and not notes[".chatgpt.com"].startswith("widened")
    assert rig.twin.decide("member", "cdn.openai.com")[0] == "block" and rig.twin.decide("member", "x.js.stripe.com")[0] == "allow"
    voice = handed(policy=FIRST.from_config(dict(FIRST.to_config(), media=[dict(vars(MEDIA[0]), ports=[3478], destinations=["203.0.113.0/28"])])))
    assert any("voice" in line and "UDP 3478" in line for line in voice["manual"])


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_backup_tells_where_wanted_hosts_are_named_and_nothing_else(tmp_path, pack):
    backup = tmp_path / "backup"
    backup.write_bytes(pack(b"api_password = Hidden-1\nblocked_x = claude.ai, ChatGPT.com evilchatgpt.com\nother: openai.com|x.openai.com\nsilent = 1\n"))
    result = handed(backup=str(backup))
    assert result["diagnosis"]["backup"]["found"] == [
        {"variable": "blocked_x", "hosts": ["chatgpt.com"]}, {"variable": "other", "hosts": ["openai.com", "x.openai.com"]}]
    assert "Hidden" not in json.dumps(result) and any("blocked_x, other" in text for text in result["warnings"])
    backup.write_bytes(pack(b"other = claude.ai\n"))
    result = handed(backup=str(backup))
    assert result["diagnosis"]["backup"]["found"] == [] and not result.get("warnings")
    assert not handed(backup=str(backup), policy=replace(FIRST, allow=(), exempt=())).get("diagnosis")


@pytest.mark.parametrize("content,says", [(None, "No such file"), (b"\xff\xfe\x00", "not a text file"), (b"\x1f\x8b half", "not a text file|gzip|file")])
def test_a_backup_that_cannot_be_read_is_a_clear_error(tmp_path, content, says):
    if content is not None:
        (tmp_path / "backup").write_bytes(content)
    with pytest.raises(Failed, match=says) as failed:
        handed(backup=str(tmp_path / "backup"))
    assert str(failed.value).startswith("backup: ")


def read(twin, *names, password=None) -> dict:
    transport = Transport(Connection(twin.url, timeout=30))
    settings = Settings(host="wsg.example.com", audience=AI, pages=copied(twin), settings=names)
    adapter = BarracudaAdapter(settings, Api(transport, password or twin.password), transport)
    return Run(adapter, FIRST, Options(), True).execute()


def test_global_variables_are_read_and_lists_are_refused_as_the_guide_says():
    with BarracudaWsg() as twin:
        result = read(twin, "system_timezone", "alerts_email_address")
        assert result["diagnosis"]["settings"] == {"system_timezone": "Europe/Berlin", "alerts_email_address": "ops@example.com"}
        assert result["requests"] == {"reads": 2, "writes": 0, "connections": 1, "waited": 0}
        with pytest.raises(Failed, match="does not return the variable custom_categories"):
            read(twin, "custom_categories")


@pytest.mark.parametrize("refusal,says", [("fault", "invalid password"), ("401", "rejects the API password"), ("page", "not with XML-RPC")])
def test_a_wrong_password_is_a_clear_error_without_it(refusal, says):
    with BarracudaWsg() as twin:
        twin.knobs.refusal = refusal
        with pytest.raises(Failed, match=says) as failed:
            read(twin, "system_timezone", password="Wrong-Secret-77")
        assert "Wrong-Secret-77" not in str(failed.value) + json.dumps(failed.value.result)
