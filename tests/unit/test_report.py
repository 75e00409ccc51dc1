# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run: what it comes to, its forms, and that nothing of it can be mistaken for something else."""
from __future__ import annotations

import csv
import datetime
import hashlib
import html.parser
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report import register, report

SCHEMA = json.loads((Path(report.__file__).parent / "report.schema.json").read_text())
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
    return dict({"checks": list(checks), "summary": {"verdict": verdict, "features": {"chat": verdict}, "exemption": "proven", "message": "all pass"}}, **more)


def check(verdict="pass", **more) -> dict:
    return dict({"id": "x", "host": "chatgpt.com", "role": "wanted", "kind": "https", "ip_version": 4, "features": ["chat"], "verdict": verdict, "layer": None,
                 "failure": None, "interception": None, "message": "chatgpt.com: seen", "flags": [], "blocked_by": None}, **more)


def built(devices=None, hosts=None, **about) -> dict:
    found = report.build(devices or {}, hosts or {}, dict(ABOUT, **about))
    jsonschema.validate(found, SCHEMA)
    return found


# -- what it comes to -----------------------------------------------------------------------------------------------

CONFLICT = {"id": "panos-1", "effect": "deny", "where": "security rule Block AI", "text": "deny", "hosts": ["a"], "certain": True, "opens": "x",
            "remedy": [{"op": "update"}]}


@pytest.mark.parametrize("one,name,code", [
    (device(), None, 0), (device(changed=True, summary="create x", changes=[CHANGE]), "drift", 2), (device(conflicts=[CONFLICT]), "conflicts", 1),
    (device(failed=True, msg="refused", failure={"class": "refused"}), "failed", 1),
    (device(failed=True, msg="x", failure={"class": "plan_changed"}), "plan_changed", 1),
    (device(failed=True, msg="no answer", failure={"class": "unreachable"}), "unreachable", 1), ({}, "unreachable", 1), (None, "unreachable", 1),
    ({"unreachable": True, "msg": "ssh"}, "unreachable", 1), (device(pending="foreign"), "pending", 1), (device(stale=[{"entry": "old"}]), "stale", 0),
    (device(manual=["do it"]), "manual", 0)])
def test_what_a_device_comes_to(one, name, code):
    verdict = built({"fw1": one})["verdict"]
    assert verdict["code"] == code and [key for key, found in verdict["classes"].items() if found] == ([name] if name else [])
    assert all(text.startswith("fw1: ") for found in verdict["classes"].values() for text in found)


def test_what_decides_nothing_decides_when_told():
    devices = {"fw1": device(manual=["do it"], stale=[{"entry": "old"}])}
    assert built(devices, strict=["manual"])["verdict"]["code"] == 1 and built(devices, strict=["stale"])["verdict"]["code"] == 1


def test_trouble_goes_before_drift():
    assert built({"a": device(changed=True), "b": None})["verdict"]["code"] == 1
    assert built({"a": device(changed=True), "b": device()})["verdict"]["message"] == "2 devices, 0 hosts; not as the policy says: 1"
    assert built({"a": device()})["verdict"]["message"] == "1 device, 0 hosts; everything is in step"


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
    verdict = built({}, {"branch1": looks})["verdict"]
    assert verdict["code"] == code and [key for key, found in verdict["classes"].items() if found] == ([name] if name else [])


LINE = {"pattern": ".chatgpt.com", "owner": "Network", "reason": "pinning", "risk_id": "R-1", "approved_by": "CISO", "approved_on": "2026-01-01",
        "review_by": "2026-12-31"}


@pytest.mark.parametrize("lines,name", [([LINE], None), ([], "unregistered"), ([dict(LINE, review_by="2026-11-23")], "overdue"),
                                        ([dict(LINE, review_by="2026-11-24")], None), (None, None)])
def test_the_register_of_exemptions(lines, name):
    not_exempt = dict(COVERED, pattern="js.stripe.com", exempt="no")
    verdict = built({"fw1": device(coverage=[COVERED, not_exempt])}, register=lines)["verdict"]
    assert [key for key, found in verdict["classes"].items() if found] == ([name] if name else []) and verdict["code"] == (1 if name else 0)


def test_a_register_that_is_none_is_named(tmp_path):
    path = tmp_path / "register.yml"
    path.write_text("- {pattern: '.chatgpt.com', owner: a, reason: b, risk_id: c, approved_by: d, approved_on: 2026-01-01, review_by: 2026-12-31}\n")
    assert register.read(path)[0]["review_by"] == "2026-12-31"
    for text, said in (("a: 1", "must be a list"), ("- {pattern: x}", "line 1: it lacks owner"), ("[", "not YAML"), ("- 5", "line 1"),
                       ("- %s" % json.dumps(dict(LINE, pattern="https://x")), "line 1"), ("- %s" % json.dumps(dict(LINE, review_by="soon")), "line 1"),
                       ("- %s" % json.dumps(dict(LINE, colour="red")), "unknown field colour"),
                       ("- %s\n- %s" % (json.dumps(LINE), json.dumps(dict(LINE, owner="b"))), "line 2: .chatgpt.com stands in line 1 already"),
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


class Page(html.parser.HTMLParser):
    """Everything that a page asks for or runs, and whether its tags are closed."""

    VOID = {"meta", "br", "link", "img", "input", "hr"}

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.tags, self.headers = [], [], set(), 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.headers += tag == "th" and "scope" in dict(attrs)
        self.links += [value for key, value in attrs if key in ("src", "href", "action", "data")]
        assert not [key for key, _value in attrs if key.startswith("on")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open[-3:])
        self.open.pop()


def test_the_page_needs_nothing_else_and_runs_nothing():
    page = Page(report.as_html(whole()))
    assert page.open == [] and not page.tags & {"script", "img", "iframe", "link", "object", "form"}
    assert page.links and all(link.startswith("#") for link in page.links)
    assert {"main", "header", "footer", "h1", "h2", "h3", "caption", "title"} <= page.tags and page.headers > 10
    text = report.as_html(whole())
    for words in ("CHG1", "Needs a person", "unblock: [panos-1]", "open UDP 3478", "fw2", "nothing came back", "evil.example", "everybody behind the profile",
                  "/root/j.json",
                  "once this is done"):
        assert words in text


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
    assert [row[0] for row in rows] == ["device", "'=cmd()", "fw1", "fw2"] and all(len(row) == 8 for row in rows)
    assert not [cell for row in rows for cell in row if cell[:1] in "=+-@" and cell]


def test_the_form_for_merge_requests_holds_no_markup_of_somebody_else():
    text = report.as_markdown(whole())
    assert "<script>" not in text and "- `fw1`: update url category chatgpt-allow" in text
    assert "  - update url category `chatgpt-allow`: `+a/, +b/, -c/`" in text
    assert "`fw2`: nothing came back" in text and "Plans: `fw1` dddddddddddd" in text


def test_the_form_for_ci_systems():
    root = ElementTree.fromstring(report.as_junit(whole()))
    cases = {(case.get("classname"), case.get("name")): [child.tag for child in case] for case in root.iter("testcase")}
    assert cases == {("device", "=cmd()"): [], ("device", "fw1"): ["failure"], ("device", "fw2"): ["error"], ("branch1", "chat"): [],
                     ("branch2", "chat"): ["failure"],
                     ("gone", "reached"): ["error"]}
    report.as_junit(built({"a": device(failed=True, msg="bad \x00 byte \ud800", failure={"class": "refused"})}))


def test_ten_thousand_cells_are_all_there():
    rows = [dict(COVERED, pattern="*.host%d.example.com" % number) for number in range(1000)]
    found = built({"fw%d" % number: device(coverage=rows) for number in range(10)})
    assert report.files(found)["report.html"].count("*.host999.example.com") == 10
