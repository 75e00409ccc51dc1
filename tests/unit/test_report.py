# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run: what it comes to, its forms, and that nothing of it can be mistaken for something else."""
from __future__ import annotations

import csv
import datetime
import hashlib
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report import register, report
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.verdict import CLASSES
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.summary import summarise

#: Made once: jsonschema.validate looks at the schema itself each time, which takes thirty times as long as the report.
VALIDATOR = jsonschema.Draft202012Validator(json.loads((Path(report.__file__).parent / "report.schema.json").read_text()))
VALIDATOR.check_schema(VALIDATOR.schema)
ABOUT = {"title": "Audit", "generated": "2026-11-24T08:00:00Z", "plans_valid_until": "2026-12-01T08:00:00Z", "mode": "audit",
         "collection": "0.1.0", "change": None, "today": datetime.date(2026, 11, 24),
         "catalogue": {"newest": "2026-07-25", "age_days": 122}}
COVERED = {"pattern": ".chatgpt.com", "allowed": "yes", "allowed_by": "chatgpt-allow", "exempt": "yes", "exempt_by": "chatgpt-no-decrypt", "note": ""}
CHANGE = {"op": "update", "kind": "url category", "name": "chatgpt-allow", "fields": {"description": {"old": None, "new": "x"}},
          "members": {"list": {"added": ["b/", "a/"], "removed": ["c/"]}}}


def device(**more) -> dict:
    return dict({"changed": False, "summary": "", "changes": [], "coverage": [COVERED], "conflicts": [], "losses": [], "manual": [], "stale": [], "foreign": [],
                 "coverage_summary": {"wanted": 1, "allowed": 1, "exempt_wanted": 1, "exempt": 1}, "plan_digest": "d" * 64, "audience_widened": [],
                 "pending": None, "requests": {"reads": 5, "writes": 0}}, **more)


def look(verdict="pass", *checks, **more) -> dict:
    counted = [[one["id"], one["ip_version"]] for one in checks if one["role"] == "wanted"]
    return dict({"checks": list(checks), "summary": {"verdict": verdict, "features": {"chat": verdict}, "exemption": "proven", "message": "all pass",
                                                     "counted": counted}}, **more)


def check(verdict="pass", **more) -> dict:
    return dict({"id": "x", "host": "chatgpt.com", "role": "wanted", "kind": "https", "ip_version": 4, "features": ["chat"], "verdict": verdict, "layer": None,
                 "failure": None, "interception": None, "message": "chatgpt.com: seen", "flags": [], "blocked_by": None}, **more)


def behind(look_):
    """The look of a host that stands behind fw1."""
    return look_ if look_ is None else dict(look_, path={"device": "fw1", "audience": None, "kind": "user", "proven": True, "message": "behind fw1"})


def classes_of(verdict) -> list:
    return [name for name, found in verdict["classes"].items() if found]


def built(devices=None, hosts=None, **about) -> dict:
    found = report.build(devices or {}, hosts or {}, dict(ABOUT, **about))
    VALIDATOR.validate(found)
    return found


# -- what it comes to -----------------------------------------------------------------------------------------------

CONFLICT = {"id": "panos-1", "effect": "deny", "where": "security rule Block AI", "text": "deny", "hosts": ["a"], "certain": True, "opens": "x",
            "remedy": [{"op": "update"}]}


@pytest.mark.parametrize("one,name,code", [
    (device(), None, 0), (device(changed=True, summary="create x", changes=[CHANGE]), "drift", 2), (device(conflicts=[CONFLICT]), "conflicts", 1),
    (device(failed=True, msg="refused", failure={"class": "refused"}), "refused", 1),
    (device(failed=True, msg="refused", failure={"class": "refused", "applied": ["a step"]}), "failed", 1),
    (device(failed=True, msg="no", failure={"class": "auth"}), "failed", 1), ({"failed": True, "begun": False, "msg": "stopped"}, "not_begun", 1),
    ({"failed": True, "begun": False, "msg": "x", "failure": {"class": "plan_changed"}}, "plan_changed", 1),
    (device(failed=True, msg="x", failure={"class": "plan_changed"}), "plan_changed", 1),
    (device(failed=True, msg="no answer", failure={"class": "unreachable"}), "unreachable", 1), ({}, "unreachable", 1), (None, "unreachable", 1),
    ({"unreachable": True, "msg": "ssh"}, "unreachable", 1), (device(pending="foreign"), "pending", 1), (device(stale=[{"entry": "old"}]), "stale", 0),
    (device(manual=["do it"]), "manual", 0)])
def test_what_a_device_comes_to(one, name, code):
    found = built({"fw1": one}, {"branch1": {"after": behind(look("pass", check()))}})
    verdict = found["verdict"]
    assert verdict["code"] == code and classes_of(verdict) == ([name] if name else [])
    assert verdict["deciding"] == ([name] if code else [])
    if name in ("refused", "not_begun", "failed", "unreachable", "drift"):
        assert found["devices"][0]["state"] == name
    assert all(text.startswith("fw1: ") for found in verdict["classes"].values() for text in found)


def test_what_decides_nothing_decides_when_told():
    devices = {"fw1": device(manual=["do it"], stale=[{"entry": "old"}])}
    assert built(devices, strict=["manual"])["verdict"]["code"] == 1 and built(devices, strict=["stale"])["verdict"]["code"] == 1


def test_trouble_goes_before_drift():
    assert built({"a": device(changed=True), "b": None})["verdict"]["code"] == 1
    assert built({"a": device(changed=True), "b": device()})["verdict"]["message"] == "2 devices, 0 hosts; drift: 1; not proven: 1"
    assert built({"a": device()})["verdict"]["message"] == "1 device, 0 hosts; not proven: 1"
    seen = {"b": {"after": dict(look("pass", check()), path={"device": "a", "proven": True, "message": "m", "audience": None, "kind": "user"})}}
    assert built({"a": device()}, seen)["verdict"]["message"] == "1 device, 1 host; no findings"


def test_the_report_says_what_the_policies_were_selected_from():
    assert built({"a": device(policy_version="union"), "b": device(policy_version="2026-03-11"), "c": None})["catalogue"]["version"] == "2026-03-11, union"
    assert built({"a": device()})["catalogue"]["version"] == "not said"


def test_what_was_changed_is_no_drift():
    found = built({"a": device(changed=True, summary="create x", changes=[CHANGE])}, mode="change")
    assert (found["devices"][0]["state"], found["verdict"]["code"]) == ("changed", 0)


@pytest.mark.parametrize("looks,name,code", [
    ({"after": look("pass", check())}, None, 0), ({"after": look("fail", check("fail"))}, "verification_failed", 1),
    ({"after": look("unverified")}, "unverified", 1),
    ({"after": None}, "unreachable", 1), (None, "unreachable", 1), ({"before": look("fail", check("fail")), "after": None}, "unverified", 1),
    ({"after": look("fail", check("fail", role="negative", flags=["regressed"]))}, "regressed", 1),
    ({"before": look("pass", check()), "after": look("fail", check("fail"))}, "regressed", 1),
    ({"before": look("pass", check()), "after": look("skipped", check("skipped", failure="proxy_auth_required"))}, "regressed", 1),
    ({"before": look("pass", check()), "after": look("pass", check("skipped", failure="dns_no_answer"))}, None, 0),
    ({"expect": "unchanged", "before": look("fail", check("fail")), "after": look("pass", check())}, "regressed", 1),
    ({"expect": "unchanged", "before": look("fail", check("fail")), "after": look("fail", check("fail"))}, None, 0)])
def test_what_a_host_comes_to(looks, name, code):
    looks = {key: behind(value) if key in ("before", "after") else value for key, value in (looks or {}).items()}
    verdict = built({"fw1": device(failed=True, begun=False, msg="x")}, {"branch1": looks})["verdict"]
    assert verdict["deciding"] == ["not_begun"] + [name] * bool(code) or verdict["deciding"] == [name] * bool(code) + ["not_begun"]
    assert sorted(classes_of(verdict)) == sorted(["not_begun"] + [name] * bool(name))


LINE = {"pattern": ".chatgpt.com", "owner": "Network", "reason": "pinning", "risk_id": "R-1", "approved_by": "CISO", "approved_on": "2026-01-01",
        "review_by": "2026-12-31"}


@pytest.mark.parametrize("lines,name", [([LINE], None), ([], "unregistered"), ([dict(LINE, review_by="2026-11-23")], "overdue"),
                                        ([dict(LINE, review_by="2026-11-24")], None), (None, None)])
def test_the_register_of_exemptions(lines, name):
    not_exempt = dict(COVERED, pattern="js.stripe.com", exempt="no")
    verdict = built({"fw1": device(coverage=[COVERED, not_exempt])}, register=lines)["verdict"]
    assert classes_of(verdict) == [name] * bool(name) + ["not_proven"] and verdict["code"] == (1 if name else 0)


def test_the_register_is_not_blind_to_what_is_not_checked():
    verdict = built({"fw1": device(coverage=[dict(COVERED, exempt="unchecked")])}, register=[])["verdict"]
    assert verdict["classes"]["unregistered"] == ["fw1: .chatgpt.com (whether it is exempt is not checked)"]


# -- drift and what people feel of it

ADDED = dict(CHANGE, fields={}, members={"list": {"added": [".chatgpt.com/"], "removed": []}})
ALTERED = dict(CHANGE, members={})


@pytest.mark.parametrize("changes,host,product,code", [
    ([ADDED], "chatgpt.com", "fw1", 2), ([ADDED], "ws.chatgpt.com", "fw1", 2), ([ALTERED], "chatgpt.com", "fw1", 2),
    ([dict(ALTERED, op="create")], "chatgpt.com", "fw1", 2),
    # Another device, another host, a plan about something else, and one that only takes away.
    ([ADDED], "chatgpt.com", "fw2", 1), ([ADDED], "chatgpt.com", None, 1), ([ADDED], "js.stripe.com", "fw1", 1), ([ALTERED], "js.stripe.com", "fw1", 1),
    ([dict(ADDED, members={"list": {"added": ["auth.openai.com"], "removed": []}})], "chatgpt.com", "fw1", 1),
    ([dict(ADDED, members={"list": {"added": [], "removed": [".chatgpt.com"]}})], "chatgpt.com", "fw1", 1)])
def test_drift_with_its_symptoms_is_drift(changes, host, product, code):
    path = {"device": product, "audience": None, "kind": "user", "proven": True, "message": "m"} if product else None
    seen = look("fail", check("fail", host=host), path=path)
    verdict = built({"fw1": device(changed=True, changes=changes)}, {"branch1": {"after": seen}})["verdict"]
    assert verdict["code"] == code and verdict["deciding"] == (["drift", "symptoms"] if code == 2 else ["verification_failed", "drift"])


def test_what_the_policy_leaves_broken_does_not_hide_a_symptom():
    # App Attest fails under inspection whatever the plan adds, and is not counted.
    chosen = check("fail", id="app_attest", host="register.appattest.apple.com", flags=["by_choice"])
    seen = behind(look("fail", check("fail"), chosen))
    seen["summary"]["counted"] = [["x", 4]]
    verdict = built({"fw1": device(changed=True, changes=[ADDED])}, {"branch1": {"after": seen}})["verdict"]
    assert verdict["code"] == 2 and verdict["deciding"] == ["drift", "symptoms"]


def test_a_symptom_that_the_plan_does_not_let_through_is_no_drift():
    seen = behind(look("fail", check("fail")))
    verdict = built({"fw1": device(changed=True, changes=[ALTERED], coverage=[dict(COVERED, allowed="unchecked")])}, {"branch1": {"after": seen}})["verdict"]
    assert verdict["code"] == 1


def test_a_compliant_device_explains_no_symptom():
    assert built({"fw1": device()}, {"branch1": {"after": behind(look("fail", check("fail")))}})["verdict"]["code"] == 1


# -- what nobody saw


def test_what_is_not_proven_is_said_and_decides_when_told():
    negative = check("unverified", id="n", host="claude.ai", role="negative", features=[])
    hosts = {"branch1": {"after": behind(look("pass", check(), negative))}}
    found = built({"fw1": device(), "fw2": device()}, hosts)["verdict"]
    assert found["classes"]["not_proven"] == [
        "fw2: not probed from any host",
        "branch1: 1 other site is not compared with a baseline, so it is unknown whether more is open than should be"]
    assert found["code"] == 0 and "not proven: 2" in found["message"] and "compliant" not in found["message"]
    assert built({"fw1": device(), "fw2": device()}, hosts, strict=["not_proven"])["verdict"]["code"] == 1


def test_an_audit_of_nothing_is_no_success():
    for hosts in ({}, {"branch1": {"after": look("pass", check())}}):
        verdict = built({}, hosts)["verdict"]
        assert verdict["code"] == 1 and verdict["deciding"] == ["nothing"]


def test_an_audit_of_a_part_says_so():
    found = built({"fw1": device()}, {}, left_out={"devices": ["fw2", "fw3"], "hosts": ["branch1"]})
    assert found["verdict"]["message"].startswith("1 of 3 devices, 0 of 1 host; ")
    assert json.loads(report.as_plans(found))["netaccess_plans_about"]["left_out"] == ["fw2", "fw3"]
    # A limited run says so whatever it found.
    for one, start in ((device(changed=True, changes=[CHANGE]), "Drift: 1 of 1 device would be changed (fw1)"), (device(pending="ours"), "Needs attention: ")):
        said = built({"fw1": one}, {}, left_out={"devices": ["fw2", "fw3"], "hosts": []})["verdict"]["headline"]
        assert said.startswith(start) and said.endswith("; only 1 of 3 devices")
    assert json.loads(report.as_plans(built({"fw1": device()})))["netaccess_plans_about"]["left_out"] == []


def test_a_register_that_is_none_is_named(tmp_path):
    path = tmp_path / "register.yml"
    path.write_text("- {pattern: '.chatgpt.com', owner: a, reason: b, risk_id: c, approved_by: d, approved_on: 2026-01-01, review_by: 2026-12-31}\n")
    assert register.read(path)[0]["review_by"] == "2026-12-31"
    for text, said in (("a: 1", "must be a list"), ("$ANSIBLE_VAULT;1.1;AES256\n3062\n", "encrypted with Ansible Vault"),
                       ("- {pattern: x}", "entry 1: it lacks owner"), ("[", "not YAML"), ("- 5", "entry 1: "),
                       ("- %s" % json.dumps(dict(LINE, pattern="https://x")), "entry 1: "), ("- %s" % json.dumps(dict(LINE, review_by="soon")), "entry 1: "),
                       ("- %s" % json.dumps(dict(LINE, colour="red")), "unknown field colour"),
                       ("- %s\n- %s" % (json.dumps(LINE), json.dumps(dict(LINE, owner="b"))), "entry 2: .chatgpt.com is already in entry 1"),
                       ("- %s" % json.dumps(dict(LINE, review_by="2025-12-31")), "review_by .2025-12-31. is before approved_on")):
        path.write_text(text)
        with pytest.raises(register.RegisterError, match="register.yml.*%s|%s" % (said, said)):
            register.read(path)
    with pytest.raises(register.RegisterError, match="cannot be read"):
        register.read(tmp_path / "none.yml")


# -- forms ----------------------------------------------------------------------------------------------------------

EVIL = '<script>alert("x")</script>|`*=cmd()\n'


def whole() -> dict:
    before, after = check("fail", message="chatgpt.com: blocked by Squid"), check(interception="not_intercepted")
    return built(
        {"fw1": device(changed=True, summary="update url category chatgpt-allow (+2, -1)", changes=[CHANGE], conflicts=[dict(CONFLICT, where=EVIL)],
                       losses=[{"control": "av", "rule": "virus profile", "hosts": ["a"]}], manual=["open UDP 3478"], foreign=[{"entry": "evil.example"}],
                       audience_widened=["everybody behind the profile"], journal="/root/j.json"),
         "fw2": None, "=cmd()": device(coverage=[dict(COVERED, note="=HYPERLINK(1)")])},
        {"branch1": {"before": look("fail", before), "after": look("pass", after, path={"device": "fw1", "audience": None, "kind": "user", "proven": False,
                                                                                        "message": EVIL}, notes=[{"id": "agent", "text": EVIL}])},
         "branch2": {"after": look("fail", check("fail", message=EVIL))}, "gone": None},
        change={"id": "CHG1", "requester": EVIL, "approver": None, "implementer": "b", "emergency": False})


def test_the_same_input_gives_the_same_bytes_and_the_checksums_are_right():
    first, second = report.files(whole()), report.files(whole())
    assert first == second and set(first) == {*report.FORMS, "SHA256SUMS"}
    for line in first["SHA256SUMS"].splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256(first[name].encode()).hexdigest() == digest


def test_the_form_for_pipelines():
    verdict = json.loads(report.as_verdict(whole()))
    assert verdict["code"] == 1 and verdict["change"]["id"] == "CHG1" and verdict["classes"]["drift"] == ["fw1: update url category chatgpt-allow (+2, -1)"]
    plans = json.loads(report.as_plans(whole()))
    assert plans["netaccess_plans"] == {"fw1": "d" * 64, "=cmd()": "d" * 64}
    about = plans["netaccess_plans_about"]
    assert (about["generated"], about["valid_until"]) == ("2026-11-24T08:00:00Z", "2026-12-01T08:00:00Z")
    assert about["catalogue"]["newest"] and set(about["options"]) == set(plans["netaccess_plans"])


def test_the_form_for_spreadsheets_holds_no_formula():
    rows = list(csv.reader(io.StringIO(report.as_csv(whole()))))
    assert [row[0] for row in rows] == ["device", "'=cmd()", "fw1", "fw2"] and all(len(row) == 16 for row in rows)
    assert not [cell for row in rows for cell in row if cell[:1] in "=+-@" and cell]


def test_a_spreadsheet_tells_what_holds_now_from_what_a_plan_makes_of_it():
    blocked = dict(COVERED, allowed_before="no", exempt_before="unchecked")
    drifting = device(changed=True, coverage=[blocked], changes=[{"op": "create", "kind": "rule", "name": "x", "place": None, "fields": {}, "members": {}}])
    found = {mode: list(csv.DictReader(io.StringIO(report.as_csv(built({"fw1": drifting, "fw2": None}, mode=mode))))) for mode in ("audit", "change")}
    now = {mode: (rows[0]["allowed_now"], rows[0]["exempt_now"], rows[0]["allowed"]) for mode, rows in found.items()}
    assert now == {"audit": ("no", "unchecked", "yes"), "change": ("yes", "yes", "yes")}
    assert found["audit"][1]["allowed_now"] == found["audit"][1]["exempt"] == "not known" and found["audit"][0]["generated"] == ABOUT["generated"]


def test_an_exemption_that_only_a_plan_makes_is_told_from_one_in_force():
    line = {"pattern": ".chatgpt.com", "owner": "Network", "reason": "r", "risk_id": "1", "approved_by": "x", "approved_on": "2026-01-01",
            "review_by": "2026-02-01"}
    change = {"op": "create", "kind": "rule", "name": "x", "place": None, "fields": {}, "members": {}}
    said = {}
    for before in ("no", "unchecked", "yes"):
        row = dict(COVERED, pattern=".chatgpt.com", allowed_before="no", exempt_before=before)
        found = built({"fw1": device(changed=True, coverage=[row], changes=[change])}, register=[line])
        said[before] = found["verdict"]["classes"]["overdue"][0].partition("(owner: Network)")[2]
    assert said == {"no": " (not exempt now, exempt once the plan is carried out)", "unchecked": " (whether it is exempt is not checked)", "yes": ""}


def test_a_spreadsheet_has_the_register_in_single_lines():
    found = built({"fw1": device(coverage=[COVERED, dict(COVERED, pattern="js.stripe.com")]), "fw2": device(coverage=[dict(COVERED, exempt="no")])},
                  register=[LINE])
    rows = csv.DictReader(io.StringIO(report.as_csv(found)))
    assert [(row["device"], row["pattern"], row["register"], row["owner"], row["review_by"], row["risk_id"]) for row in rows] == [
        ("fw1", ".chatgpt.com", "current", "Network", "2026-12-31", "R-1"), ("fw1", "js.stripe.com", "unregistered", "", "", ""),
        # On fw2 it is not exempt.
        ("fw2", ".chatgpt.com", "", "", "", "")]


def test_what_is_not_checked_is_not_shown_as_no():
    row = dict(COVERED, allowed="unchecked", exempt="unchecked")
    found = built({"fw1": device(coverage=[row], coverage_summary={"wanted": 1, "allowed": 0, "exempt_wanted": 1, "exempt": 0})})
    html = report.as_html(found)
    assert "0 of 1 (1 not checked)" in html and "not proven: not probed from any host; 1 pattern not checked" in html
    assert "No rule that still blocks was found." not in html and "fw1: not known for all patterns" in html
    case, = [case for case in ElementTree.fromstring(report.as_junit(found)).iter("testcase") if case.get("classname") == "device"]
    assert case.find("skipped").get("message") == "not probed from any host; 1 pattern not checked"


def test_a_change_on_record_names_the_people_and_an_audit_carries_nothing_out():
    stands = {"journal": "/j/1.json", "started": "2026-11-01T08:00:00Z", "status": "applied", "comment": "CHG7, asked by alice, approved by bob"}
    people = {"id": "CHG8", "implementer": "carol"}
    for form in (report.as_html, report.as_markdown):
        text = form(built({"fw1": device(changes_on_record=[stands], manual=["x"])}, change=people))
        assert "CHG7, asked by alice, approved by bob, of 2026-11-01T08:00:00Z, in place (journal /j/1.json)" in text
        back = form(built({"fw1": device(changes_on_record=[dict(stands, status="reverted", ended="2026-11-01T09:00:00Z")], manual=["x"])}))
        assert "of 2026-11-01T08:00:00Z, rolled back 2026-11-01T09:00:00Z (journal /j/1.json)" in back
        assert "carried out by" not in text and "carried out by" in form(built({"fw1": device()}, mode="change", change=people))
    assert "who approved what is open is not known" in report.as_html(built({"fw1": device(changes_on_record=[])}))


def test_the_headline_counts_the_devices_that_it_does_not_name():
    row = dict(COVERED, allowed="unchecked")
    looks = {"b": {"after": look("pass", check())}}
    assert "; 2 devices more" in built({"fw%d" % number: device(coverage=[row]) for number in range(5)}, looks)["verdict"]["headline"]


def test_the_form_for_merge_requests_holds_no_markup_of_somebody_else():
    text = report.as_markdown(whole())
    assert "<script>" not in text and "<summary>Would change url category chatgpt-allow: description, 2 entries added, 1 entry removed</summary>" in text
    assert "  + a/\n  + b/\n  - c/\n" in text and "- **Unreachable:** no result" in text and "Plan `dddddddddddd`" in text


def test_who_releases_a_plan_sees_for_whom_it_is_what_it_does_and_where_it_stands():
    made = {"op": "create", "kind": "rule", "name": "chatgpt", "place": {"old": None, "new": {"rulebase": "security", "after": ["rule", "quarantine"]}},
            "fields": {"source-user": {"old": None, "new": ["AI pilots"]}, "from": {"old": None, "new": "trust"}, "action": {"old": None, "new": "allow"}}}
    first = dict(made, name="top", place={"old": None, "new": {"rulebase": "security", "after": None}})
    found = built({"fw1": device(changed=True, summary="create rule chatgpt", changes=[made, first])})
    for text in (report.as_markdown(found), report.as_html(found)):
        for words in ("AI pilots", "trust", "allow", "security rules: below rule quarantine", "security rules: first"):
            assert words in text
    many = report.as_markdown(built({"fw1": device(changed=True, summary="create rule chatgpt", changes=[
        dict(made, fields={"field %02d" % number: {"old": None, "new": "x"} for number in range(33)})])}))
    assert "field 00" in many and "field 32" in many
    assert "description: nothing to x" in report.as_markdown(whole()) and "nothing to x" in report.as_html(whole())


def test_the_form_for_ci_systems():
    root = ElementTree.fromstring(report.as_junit(whole()))
    cases = {(case.get("classname"), case.get("name")): [child.tag for child in case] for case in root.iter("testcase")}
    verdicts = {name: tags for (kind, name), tags in cases.items() if kind == "verdict"}
    assert {name for name, tags in verdicts.items() if tags == ["failure"]} == set(whole()["verdict"]["deciding"]) and set(verdicts) == {
        name for name, _code, _words in CLASSES}
    assert {key: tags for key, tags in cases.items() if key[0] != "verdict"} == {
        ("device", "=cmd()"): ["skipped"], ("device", "fw1"): ["failure"], ("device", "fw2"): ["error"], ("branch1", "chat"): [],
        ("branch2", "chat"): ["failure"],
        ("gone", "reached"): ["error"]}
    bad = "bad \x00 byte \x1b[31m \ud800"
    broken = look("fail", check("fail", message=bad, features=[bad]), summary={"verdict": "fail", "message": bad, "features": {bad: "fail"}})
    ElementTree.fromstring(report.as_junit(built({bad: device(failed=True, msg=bad, failure={"class": "refused"})}, {bad: {"after": broken}}, title=bad)))


@pytest.mark.parametrize("devices,hosts", [
    ({"fw1": device()}, {"b": {"after": look("pass", check())}}), ({"fw1": device(manual=["x"])}, {}), ({"fw1": device(pending="foreign")}, {}),
    ({"fw1": device()}, {"b": {"expect": "unchanged", "before": look("fail", check("fail")), "after": look("fail", check("fail"))}}),
    ({"fw1": device()}, {"b": {"expect": "unchanged", "before": look("fail", check("fail")), "after": look("pass", check())}}),
    # Left inspected by choice: the host passes, and its feature does not.
    ({"fw1": device()}, {"b": {"after": look("pass", check("fail"), summary={"verdict": "pass", "message": "m", "features": {"ios_attest": "fail"}})}}),
    ({"fw1": None}, {}), ({}, {}), ({"fw1": {"failed": True, "begun": False, "msg": "x"}}, {}), ({"fw1": device(changed=True)}, {"b": None})])
def test_every_form_says_the_same(devices, hosts):
    for mode in ("audit", "change"):
        found = built(devices, hosts, mode=mode)
        code = json.loads(report.as_verdict(found))["code"]
        assert code == found["verdict"]["code"] and bool(code) == bool(found["verdict"]["deciding"])
        cases = ElementTree.fromstring(report.as_junit(found)).iter("testcase")
        red = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
        assert bool(red) == bool(code)


@pytest.mark.parametrize("text", ["=cmd()", " =cmd()", "\u00a0+1", "\uff1dcmd()", "\u200b@cmd", "\ufeff-1", "\t=1", "\rx", "\uff0b1"])
def test_what_a_spreadsheet_may_take_for_a_formula_is_quoted(text):
    row, = csv.DictReader(io.StringIO(report.as_csv(built({"fw1": device(coverage=[dict(COVERED, note=text)])}))))
    assert row["note"] == "'" + text


@pytest.mark.parametrize("text", ["a=b", "*.chatgpt.com", "", "'=cmd()"])
def test_other_text_stays_as_it_is_in_a_spreadsheet(text):
    row, = csv.DictReader(io.StringIO(report.as_csv(built({"fw1": device(coverage=[dict(COVERED, note=text)])}))))
    assert row["note"] == text


def test_two_thousand_cells_are_all_there():
    rows = [dict(COVERED, pattern="*.host%d.example.com" % number) for number in range(1000)]
    found = built({"fw%d" % number: device(coverage=rows) for number in range(2)})
    assert report.files(found)["report.html"].count("*.host999.example.com") == 2


def test_the_numbers_of_a_host_are_about_the_checks_that_its_message_counts():
    def seen(name, verdict, *flags, **more):
        return check(verdict, id=name, flags=list(flags), level="required", issuer=None, **more)
    kept = [seen("one", "pass"), seen("two", "pass"), seen("six", "skipped", ip_version=6), seen("voice", "skipped"),
            seen("stripe", "unverified", "origin_unproven", "unproven"), seen("apple", "fail", "by_choice", features=["ios_attest"])]
    for proxy in ([], [seen("asked", "skipped", failure="proxy_auth_required", host="openai.com")]):
        after = {"checks": kept + proxy, "summary": summarise(kept + proxy)}
        before = {"checks": [dict(one, verdict="fail") for one in kept[1:]], "summary": {}}
        found = built({"fw1": device(changed=True)}, {"branch1": {"before": before, "after": behind(after), "expect": "open"}}, mode="change")
        proof, = found["devices"][0]["proof"]
        assert (proof["before"], proof["now"]) == ({"pass": 0, "of": 1}, {"pass": 2, "of": 2 + len(proxy)})
        assert {one["id"] for one in found["hosts"][0]["checks"] if one["counts"]} == {"one", "two", *(one["id"] for one in proxy)}
        said = "the proxy requires authentication before it answers for openai.com. " if proxy else "all 2 wanted checks pass; 2 do not apply. "
        assert proof["message"].startswith(said + "Broken because the policy leaves it under inspection: ios_attest")
        assert "| branch1 | 0 of 1 | 2 of %d | none |" % (2 + len(proxy)) in report.as_markdown(found)
    assert summarise([kept[0], kept[2]])["message"] == "1 wanted check passes; 1 does not apply"
    assert summarise([kept[2]])["verdict"] == "skipped" and summarise([kept[2]])["counted"] == []
