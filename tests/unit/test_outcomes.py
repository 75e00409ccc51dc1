# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each form of a report and the last lines of a run say of what is not in force, or not known: nothing of it reads as done, fine or zero."""
from __future__ import annotations

import csv
import io
from xml.etree import ElementTree

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import summary
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report import page, plan, report
from tests.unit.test_report import CONFLICT, COVERED, built, check, device
from tests.unit.test_report_page import AUDIENCE, RULE, Page, headings
from tests.unit.test_verdict import OPEN, OUTSIDE, SHUT, WELL, both, now, seen

BEFORE = dict(COVERED, allowed_before="no", exempt_before="no")
#: A plan with people, a loss, and more people than were asked for.
PLAN = {"changes": [RULE], "audience": AUDIENCE, "coverage": [BEFORE], "coverage_before": {"wanted": 1, "allowed": 0, "exempt_wanted": 1, "exempt": 0},
        "losses": [{"control": "av", "rule": "profile default", "hosts": ["a.example"]}], "audience_widened": ["every zone"],
        "opens": [{"id": "m", "protocol": "udp", "ports": [3478], "destinations": 2, "rules": ["chatgpt-media"]}]}
LOST = {"class": "unreachable", "applied": [], "undone": []}
#: {what became of it: the result of the device}
DEVICES = {
    "done": device(changed=True, journal="/j/1.json", **PLAN),
    "rolled back": device(failed=True, rolled_back=True, restored=True, msg="rolled back: a: newly blocked", **PLAN),
    "refused": device(failed=True, msg="no", failure={"class": "refused"}, **PLAN),
    "lost": device(failed=True, changed=True, journal="/j/1.json", msg="no answer", failure=LOST, **PLAN),
    "rollback lost": device(failed=True, changed=True, rolled_back=None, restored=False, journal="/j/1.json",
                            msg="NOT known whether rolled back: timed out", **PLAN),
    "rollback failed before it began": device(failed=True, changed=True, rolled_back=False, restored=False, journal="/j/1.json", msg="NOT rolled back", **PLAN),
    "by hand": device(rendered=[{}], manual=["create it"], **PLAN),
    "gone": None}


@pytest.fixture(scope="module")
def reports() -> dict:
    return {name: built({"fw1": one}, {"a": both(seen("fail", SHUT), seen("pass", OPEN))}, mode="change") for name, one in DEVICES.items()}


#: (what became of it, its state, whether it allows the pattern now in coverage.csv and in the table of devices, the card "What opened", what goes after
#: the headings of people and losses in report.md)
FORMS = [("done", "changed", "yes", "1 of 1 before: 0 of 1", "1 device", ""), ("rolled back", "failed", "no", "0 of 1", "0 devices", " (not in force)"),
         ("refused", "refused", "no", "0 of 1", "0 devices", " (not in force)"),
         ("lost", "unreachable", "not known", "not known", "1 device", " (not known whether in force)"),
         ("rollback lost", "failed", "not known", "not known", "1 device", " (not known whether in force)"),
         ("rollback failed before it began", "failed", "yes", "1 of 1", "1 device", ""),
         ("by hand", "manual_steps", "no", "0 of 1", "0 devices", ""), ("gone", "unreachable", "not known", "not known", "Not known", None)]


@pytest.mark.parametrize("name,state,allowed,held,opened,force", FORMS)
def test_no_form_says_that_a_change_is_there_which_may_not_be(reports, name, state, allowed, held, opened, force):
    found = reports[name]
    row, = csv.DictReader(io.StringIO(report.as_csv(found)))
    assert (row["state"], row["allowed_now"], row["exempt_now"]) == (state, allowed, allowed)
    html, text = report.as_html(found), report.as_markdown(found)
    cells = [cell["text"] for table in Page(html.replace("<br>", " ")).tables for line in table for cell in line if cell["label"] == "Allowed"]
    assert " ".join(cells[0].split()) == held
    said = headings(html)
    assert said["What opened"].startswith(opened)
    if force is not None:
        for head in ("Who gets access", "Beyond the audience", "Inspection that ends"):
            assert "- **%s%s:**" % (head, force) in text
        for line in ("Inspection that the exemption disables%s Antivirus", "The change reaches more people than the audience names%s every zone"):
            assert line % force in Page(html).text
    # After a rollback nothing lasts.
    assert ("**Lasts:**" in text) == (name not in ("rolled back", "refused", "gone"))


#: (devices, hosts, mode, heading of the verdict, {heading: how its text begins})
PAGES = [
    ({"fw1": DEVICES["by hand"]}, {"a": WELL}, "change", "Manual steps required",
     {"What opened": "0 devices fw1: not in force: it waits for manual steps", "Manual steps": "1 step",
      "What this report cannot say": "fw1: nothing is proven until the manual steps are done"}),
    ({"fw1": None}, {}, "audit", "Action required", {"What is open now": "Not known", "What would open": "Not known", "What loses inspection": "Not known",
                                                     "What still blocks": "Not known", "Manual steps": "Not known",
                                                     "What this report cannot say": "the present state of fw1 is not known"}),
    ({"fw1": DEVICES["lost"]}, {}, "change", "Action required", {"What still blocks": "Not known", "Manual steps": "Not known",
                                                                 "What this report cannot say": "the present state of fw1 is not known"}),
    ({"fw1": DEVICES["refused"]}, {}, "change", "Action required", {"What still blocks": "Nothing", "Manual steps": "Nothing",
                                                                    "What this report cannot say": "fw1: the state shown was read before the run"}),
    ({}, {"a": WELL}, "audit", "Action required", {"What is open now": "Not known", "What still blocks": "Not known", "Manual steps": "Not known",
                                                   "What this report cannot say": "this run includes no device"}),
    ({"fw1": device(changed=True, **PLAN)}, {"a": dict(now("fail", SHUT), **OUTSIDE)}, "audit", "Drift",
     {"What this report cannot say": "fw1: probed only from hosts outside the audience"})]


@pytest.mark.parametrize("devices,hosts,mode,heading,texts", PAGES)
def test_the_page_counts_nothing_as_zero_that_is_not_known(devices, hosts, mode, heading, texts):
    said = headings(report.as_html(built(devices, hosts, mode=mode)))
    assert list(said)[0] == heading
    assert {name: said[name][:len(text)] for name, text in texts.items()} == texts


def test_conflicts_that_are_not_known_are_not_none():
    html = report.as_html(built({"fw1": device(), "fw2": None, "fw3": device(coverage=[dict(COVERED, allowed="unchecked")])}))
    tables = Page(html.replace("<br>", " ")).tables
    assert {line[0]["text"]: cell["text"] for line in tables[0] for cell in line if cell["label"] == "Conflicts"} == {
        "fw1": "0", "fw2": "not known", "fw3": "0 not all checked"}


@pytest.mark.parametrize("before,words", [({"wanted": 1, "allowed": 0, "exempt_wanted": 1, "exempt": 0}, "0"), (None, "not known")])
def test_what_a_plan_exempts_is_not_exempt_now(before, words):
    said = headings(report.as_html(built({"fw1": device(changed=True, **{**PLAN, "coverage_before": before})})))
    assert said["What loses inspection"].startswith("1 device fw1: 1 pattern would not be decrypted (now: %s), for network" % words)
    assert headings(report.as_html(built({"fw1": device()})))["What loses inspection"] == "1 device fw1: 1 pattern not decrypted"


def test_a_result_from_before_the_change_is_marked_in_every_form():
    found = built({"fw1": DEVICES["done"]}, {"a": {"before": seen("pass", OPEN), "after": None}}, mode="change")
    text = Page(report.as_html(found)).text
    assert "a: not probed after the change" in text and "a: pass" not in text and "From before the change." in text
    proof, = [line for table in Page(report.as_html(found)).tables for line in table if line[0]["text"] == "a"]
    assert {cell["label"]: cell["text"] for cell in proof[2:]} == {
        "Checks passed before": "", "Checks passed now": "not probed", "Other sites as before": "", "Message": "before the change: all pass"}
    assert "| a | none | not probed | none | before the change: all pass |" in report.as_markdown(found)
    case, = [case for case in ElementTree.fromstring(report.as_junit(found)).iter("testcase") if case.get("classname") == "a"]
    assert case.find("skipped").get("message") == "not probed after the change"


def test_manual_steps_are_neither_green_nor_red_for_a_ci_system(reports):
    case, = [case for case in ElementTree.fromstring(report.as_junit(reports["by hand"])).iter("testcase") if case.get("classname") == "device"]
    assert case.find("skipped").get("message") == "manual steps"


def test_a_finding_has_the_same_name_in_the_headline_and_for_a_ci_system():
    new = device(changed=True, changes=[dict(RULE)], changes_on_record=[])
    case, = [case for case in ElementTree.fromstring(report.as_junit(built({"fw1": new}))).iter("testcase") if case.get("name") == "drift"]
    assert case.find("failure").get("message").startswith("not set up yet: fw1")


#: (what became of it, the first lines)
LINES = [("done", ["Changed: fw1", "NOT proven: fw1 (no probe host is mapped: set netaccess_path.device on one)"]),
         ("rolled back", ["Changed: nothing; rolled back: fw1", "FAILED: fw1: rolled back: a: newly blocked"]),
         ("refused", ["Changed: nothing", "REFUSED: fw1: no"]),
         ("lost", ["Changed: nothing", "Not known whether in place: fw1", "NOT REACHED: fw1: no answer", "To undo fw1:"]),
         ("rollback lost", ["Changed: nothing", "Not known whether in place: fw1", "FAILED: fw1: NOT known whether rolled back: timed out", "To undo fw1:"]),
         ("by hand", ["Changed: nothing", "Manual step: fw1: create it"])]


@pytest.mark.parametrize("name,first", LINES)
def test_the_last_lines_say_what_is_not_known_to_be_changed(reports, name, first):
    assert summary.lines({"fw1": DEVICES[name]}, {}, reports[name]["verdict"])[:len(first)] == first


READY = {"wanted": 1, "allowed": 1, "exempt_wanted": 1, "exempt": 1}
UNREAD = dict(COVERED, allowed="unchecked")
MAY = dict(CONFLICT, certain=False)
DRIFT = device(changed=True, changes=[RULE])
#: (mode, devices, hosts, further settings, all that the page says beside the verdict)
UNPROVEN = [
    ("audit", {"fw1": device()}, {"a": WELL}, {}, []),
    ("audit", {"fw1": device(), "fw2": DRIFT, "fw3": DRIFT, "fw4": DRIFT}, {"a": dict(now("fail", SHUT, by="fw4"), **OUTSIDE)}, {},
     ["fw1: not probed from any host", "fw2, fw3: not probed from any host", "fw4: probed only from hosts outside the audience"]),
    ("audit", {"fw1": DRIFT}, {"a": now("fail", SHUT)}, {}, []),
    ("audit", {"fw%d" % one: device() for one in range(5)}, {}, {}, ["fw0, fw1, fw2 and 2 more: not probed from any host"]),
    ("audit", {"fw%d" % one: DRIFT for one in range(5)}, {}, {}, ["fw0, fw1, fw2 and 2 more: not probed from any host"]),
    ("audit", {"fw1": device()},
     {"a": now("pass", OPEN, features={"chat": "pass", "voice": "unverified", "file_upload": "skipped", "api": "fail"}),
      "b": dict(now("fail", SHUT, features={"video": "unverified"}), **OUTSIDE)}, {}, ["a: not shown by any probe: file upload, voice"]),
    ("change", {"fw1": device()}, {"a": WELL, "b": {"before": seen("pass", OPEN, features={"video": "unverified"}), "after": None},
                                   "c": now("origin", check("origin"), says="the far end refuses")}, {},
     ["b: not probed after the change", "c: the far end refuses"]),
    ("audit", {"fw1": device(coverage=[UNREAD, UNREAD], conflicts=[MAY, CONFLICT, MAY]), "fw2": device(coverage=[UNREAD], conflicts=[MAY])},
     {"a": WELL, "b": now("pass", OPEN, by="fw2")}, {},
     ["fw1: whether 2 patterns are allowed or exempt could not be checked", "fw1: 2 rules may block, depending on what could not be read",
      "fw2: whether 1 pattern is allowed or exempt could not be checked", "fw2: 1 rule may block, depending on what could not be read"]),
    ("audit", {"fw1": device()}, {"a": WELL}, {"left_out": {"devices": ["fw2"], "hosts": ["b", "c"]}},
     ["1 device left out by --limit: fw2", "2 probe hosts left out by --limit: b, c"]),
    ("change", {"fw1": None, "fw2": DEVICES["lost"], "fw3": DEVICES["refused"], "fw4": DEVICES["by hand"], "fw5": DEVICES["by hand"]}, {}, {},
     ["fw4, fw5: nothing is proven until the manual steps are done", "the present state of fw1, fw2 is not known",
      "fw3: the state shown was read before the run stopped"]),
    ("audit", {}, {}, {}, ["this run includes no device, so it shows nothing"])]


@pytest.mark.parametrize("mode,devices,hosts,about,lines", UNPROVEN)
def test_beside_the_verdict_is_everything_that_is_not_known(mode, devices, hosts, about, lines):
    found = built(devices, hosts, mode=mode, **about)
    assert page.not_proven(found) == lines
    top = headings(report.as_html(found))
    assert ("What this report cannot say" in top) == bool(lines) and ("Nothing is left unproven" in top) == (not lines)


#: (mode, the device, {card: (its count, its lines)})
WHOM = ", for network: 10.0.0.0/8; user or group: AI pilots"
PORT = {"id": "m", "protocol": "udp", "ports": [3478], "destinations": 2, "rules": ["chatgpt-media"]}
CARDS = [
    ("audit", device(ports_open=[PORT], audience=AUDIENCE), {
        "access": ("1 device", ["fw: patterns allowed: 1 of 1, exempt from inspection: 1 of 1" + WHOM,
                                "fw: UDP 3478 to 2 published addresses is open (rule chatgpt-media)" + WHOM]),
        "opens": ("Nothing", []), "losses": ("1 device", ["fw: 1 pattern not decrypted" + WHOM]), "blocks": ("Nothing", []), "manual": ("Nothing", [])}),
    ("audit", device(changed=True, **PLAN), {
        "access": ("1 device", ["fw: patterns allowed: 0 of 1, exempt from inspection: 0 of 1" + WHOM]),
        "opens": ("1 device", ["fw: Would open UDP 3478 to 2 published addresses (rule chatgpt-media)" + WHOM,
                               "fw: 1 pattern would be allowed, 0 of them before" + WHOM, "fw: reaches more than the audience: every zone"]),
        "losses": ("1 device", ["fw: 1 pattern would not be decrypted (now: 0)" + WHOM,
                                "fw: Antivirus (profile default) no longer scans traffic to a.example" + WHOM.replace("for ", "for: ")])}),
    ("change", DEVICES["done"], {
        "losses": ("1 device", ["fw: 1 pattern not decrypted" + WHOM,
                                "fw: Antivirus (profile default) no longer scans traffic to a.example" + WHOM.replace("for ", "for: ")]),
        "opens": ("1 device", ["fw: Opened UDP 3478 to 2 published addresses (rule chatgpt-media)" + WHOM, "fw: 1 pattern allowed, 0 of them before" + WHOM,
                               "fw: reaches more than the audience: every zone"])}),
    ("change", dict(DEVICES["done"], coverage_before=READY, audience=None, audience_widened=[], opens=[], coverage=[UNREAD]), {
        "opens": ("1 device", ["fw: 1 pattern allowed, as before, and of 1 it is not known", "fw: not known for all patterns"])}),
    ("change", DEVICES["rolled back"], {
        "losses": ("0 devices", ["fw: not in force: 1 pattern not decrypted" + WHOM, "fw: not in force: Antivirus (profile default) no longer scans traffic to "
                                 "a.example" + WHOM.replace("for ", "for: ")]),
        "opens": ("0 devices", ["fw: Not in force: open UDP 3478 to 2 published addresses (rule chatgpt-media)" + WHOM,
                                "fw: not in force: 1 pattern would be allowed, 0 of them before" + WHOM,
                                "fw: not in force: reaches more than the audience: every zone"])}),
    ("change", DEVICES["lost"], {
        "opens": ("1 device", ["fw: May have opened UDP 3478 to 2 published addresses (rule chatgpt-media)" + WHOM,
                               "fw: not known whether in force: 1 pattern may be allowed now, 0 of them before" + WHOM,
                               "fw: not known whether in force: reaches more than the audience: every zone", "fw: the present state is not known"]),
        "blocks": ("Not known", ["fw: the present state is not known"])}),
    ("audit", device(coverage_summary={"wanted": 3, "allowed": 2, "exempt_wanted": 1, "exempt": 0}), {
        "access": ("1 device", ["fw: patterns allowed: 2 of 3, exempt from inspection: 0 of 1"]), "losses": ("Nothing", [])}),
    ("change", DEVICES["by hand"], {"opens": ("0 devices", ["fw: not in force: it waits for manual steps" + WHOM])}),
    ("change", dict(DEVICES["refused"], coverage_summary=None), {"opens": ("Not known", ["fw: the present state is not known"])}),
    # Refused before there was a plan: what it says is about the device as it is.
    ("change", device(failed=True, msg="no", failure={"class": "refused"}), {
        "opens": ("Nothing", []), "losses": ("1 device", ["fw: 1 pattern not decrypted"])}),
    ("audit", device(conflicts=[CONFLICT], manual=["do it"]), {
        "blocks": ("1 rule", ["fw: security rule Block AI (deny) denies a; to remove it from the path: unblock: panos-1, which opens x"]),
        "manual": ("1 step", ["fw: do it"])})]


@pytest.mark.parametrize("mode,one,cards", CARDS)
def test_each_card_tells_what_is_and_what_may_be(mode, one, cards):
    found = built({"fw": one}, mode=mode)
    told = {card["id"]: (card["count"], card["lines"]) for card in page.risks(found, found["devices"], [])}
    assert {name: told[name] for name in cards} == cards and ("access" in told) == (mode == "audit")


@pytest.mark.parametrize("one,unproven,levels", [
    (device(coverage_summary=dict(READY, exempt=0)), [], {"opens": "good", "losses": "good", "blocks": "good", "unproven": "good", "manual": "good"}),
    (device(changed=True, conflicts=[CONFLICT], **PLAN), ["x"], {"opens": "warn", "losses": "warn", "blocks": "bad", "unproven": "warn", "manual": "good"}),
    (device(conflicts=[CONFLICT], coverage=[UNREAD]), [], {"opens": "warn", "losses": "warn", "blocks": "bad", "manual": "good"}),
    (None, [], {"access": "warn", "opens": "warn", "losses": "warn", "blocks": "warn", "manual": "warn"})])
def test_only_what_is_known_to_be_nothing_is_green(one, unproven, levels):
    found = built({"fw": one})
    cards = {card["id"]: card for card in page.risks(found, found["devices"], unproven)}
    assert {name: cards[name]["level"] for name in levels} == levels
    assert (cards["unproven"]["count"], cards["unproven"]["lines"]) == (
        ("1 statement", ["listed at the top, next to the verdict"]) if unproven else ("Nothing", []))


def test_a_card_says_how_many_lines_it_leaves_out():
    found = built({"fw": device(manual=["step %d" % number for number in range(8)])})
    card, = [card for card in page.risks(found, found["devices"], []) if card["id"] == "manual"]
    assert (card["count"], card["lines"], card["more"]) == ("8 steps", ["fw: step %d" % number for number in range(6)], 2)


#: (mode, the device, allowed now, allowed once done, exempt now, exempt once done)
MIXED = [dict(COVERED, allowed_before="no", exempt_before="unchecked"), dict(UNREAD, allowed_before="unchecked", exempt_before="no")]
COUNTS = {"coverage": MIXED, "coverage_before": {"wanted": 3, "allowed": 0, "exempt_wanted": 2, "exempt": 0},
          "coverage_summary": {"wanted": 4, "allowed": 1, "exempt_wanted": 2, "exempt": 2}, "changes": [RULE]}
SHARES = [("audit", dict(changed=True, **COUNTS), "0 of 3 (1 not checked)", "1 of 4 (1 not checked)", "0 of 2 (1 not checked)", "2 of 2"),
          ("change", dict(changed=True, **COUNTS), "1 of 4 (1 not checked)", "1 of 4 (1 not checked)", "2 of 2", "2 of 2"),
          ("change", dict(COUNTS, changed=True, failed=True, failure=LOST), "not known", "1 of 4 (1 not checked)", "not known", "2 of 2"),
          ("audit", dict(COUNTS, changes=[]), "1 of 4 (1 not checked)", "1 of 4 (1 not checked)", "2 of 2", "2 of 2"),
          ("audit", dict(coverage=[], coverage_summary=None), "not known", "not known", "not known", "not known")]


@pytest.mark.parametrize("mode,one,allowed_now,allowed,exempt_now,exempt", SHARES)
def test_how_much_of_the_policy_holds_is_counted_when_it_holds(mode, one, allowed_now, allowed, exempt_now, exempt):
    found, = built({"fw": device(**one)}, mode=mode)["devices"]
    told = [plan.share(found, part, now_) for part in ("allowed", "exempt") for now_ in (True, False)]
    assert told == [allowed_now, allowed, exempt_now, exempt]


def test_doubts_count_each_pattern_that_is_not_checked_now():
    rows = [UNREAD, dict(COVERED, exempt="unchecked"), COVERED]
    found = built({"fw1": device(coverage=rows), "fw2": device(changed=True, changes=[RULE], coverage=MIXED)})["devices"]
    assert [plan.doubts(one) for one in found] == [
        ["not probed from any host", "2 patterns not checked"], ["not probed from any host", "2 patterns not checked"]]
    assert plan.unchecked(found[1]) == 1


@pytest.mark.parametrize("status,said", [("applied", "in place"), ("unproven", "in place, not proven"), ("open", "interrupted"), ("reverting", "interrupted"),
                                         ("reverted", "rolled back 2026-11-02T08:00:00Z")])
def test_a_change_on_record_says_what_became_of_it(status, said):
    one = {"comment": None, "started": "2026-11-01T08:00:00Z", "status": status, "ended": "2026-11-02T08:00:00Z", "journal": "/j/1.json"}
    assert plan.recorded(one) == "without a change ID, of 2026-11-01T08:00:00Z, %s (journal /j/1.json)" % said


#: (what a host saw, its colour and words)
SEEN = [(WELL, "good", "pass"), (now("fail", SHUT), "bad", "fail"), (now("error", check("error")), "bad", "error"), (None, "bad", "unreachable"),
        (now("origin", check("origin")), "warn", "origin"), (now("unverified", check("unverified")), "warn", "unverified"),
        ({"before": seen("pass", OPEN), "after": None}, "warn", "not probed after the change"),
        (dict({"after": None}, **OUTSIDE), "bad", "unreachable"),
        (dict(both(seen("fail", SHUT), seen("pass", OPEN)), **OUTSIDE), "bad", "sees a change since the baseline"),
        (dict(both(seen("fail", SHUT), seen("fail", SHUT, check("fail", id="new"))), **OUTSIDE), "good", "sees what it saw before"),
        (dict(now("pass", OPEN), **OUTSIDE), "warn", "not compared"), (dict(now("fail", SHUT), **OUTSIDE), "good", "no access seen")]


@pytest.mark.parametrize("looks,level,words", SEEN)
def test_a_host_is_shown_as_well_only_for_what_it_saw_after_the_change(looks, level, words):
    found = built({"fw1": device()}, {"a": looks, "ab": dict(now("pass", OPEN), **OUTSIDE)})
    host, = [host for host in found["hosts"] if host["name"] == "a"]
    assert page.seen(found, host) == {"level": level, "words": words}


def test_a_host_that_was_not_asked_for_anything_has_no_access_that_was_seen():
    found = built({"fw1": device()}, {"a": WELL, "b": dict(now("skipped", check("skipped", ip_version=6)), **OUTSIDE)})
    assert "b: no access seen" in Page(report.as_html(found)).text
