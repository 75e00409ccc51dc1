# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may begin: each reason to stop and each warning by itself."""
from __future__ import annotations

import datetime

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import preflight

TODAY = datetime.date(2026, 11, 24)
LINE = {"pattern": ".chatgpt.com", "review_by": "2027-01-01"}
GOOD = {"changed": True, "summary": "create list allow (+3)", "exclusive": "the config lock", "conflicts": [], "reversal": {"writes": 2, "activations": 1},
        "coverage": [{"pattern": ".chatgpt.com", "exempt": "yes"}, {"pattern": "js.stripe.com", "exempt": "not wanted"}]}


def look(state="open", device="fw1"):
    return {"path": {"device": device, "proven": True}, "checks": [{"role": "control", "state": state}, {"role": "wanted", "state": "shut"}]}


def judged(device=None, hosts=None, register=None, required=True, *more):
    return preflight.judge({"fw1": dict(GOOD, **(device or {}))}, {"branch1": look()} if hosts is None else hosts, register, TODAY, required, *more)


def test_a_good_device_may_begin_and_the_way_back_is_said():
    found = judged(register=[LINE])
    assert found["stops"] == {} and found["message"] == "1 of 1 device may be changed"
    assert found["rows"] == [{"subject": "fw1", "verdict": "ok", "message": "create list allow (+3); rollback takes 2 writes and 1 activation"}]


def test_what_is_said_of_several_devices_alike_is_one_line():
    devices = {"fw1": dict(GOOD, exclusive=""), "fw2": dict(GOOD, exclusive="", pending="ours"), "fw3": dict(GOOD, summary="create list exempt (+3)")}
    found = preflight.judge(devices, {name: look(device=name) for name in devices}, None, TODAY)
    assert preflight.lines(found) == [
        "3 of 3 devices may be changed; 2 warnings",
        "warn: fw1, fw2: this product has no configuration lock: run one job at a time, then say so in netaccess_kept_apart_by",
        "warn: fw2: an earlier run left pending changes; this run activates them",
        "ok: fw1, fw2: create list allow (+3); rollback takes 2 writes and 1 activation",
        "ok: fw3: create list exempt (+3); rollback takes 2 writes and 1 activation"]
    stopped = preflight.judge({"fw1": {"failed": True, "msg": "wrong token"}}, {"desk1": look(device="fw1")}, None, TODAY)
    assert preflight.lines(stopped)[:2] == ["0 of 1 device may be changed", "stop: fw1: wrong token"] and "wrong token" in stopped["message"]


@pytest.mark.parametrize("device,hosts,register,said", [
    ({"failed": True, "msg": "no such policy"}, None, None, "no such policy"),
    ({"unreachable": True, "msg": "timed out"}, None, None, "timed out"),
    ({"would_stop": ["edits of others wait", "no journal"]}, None, None, "edits of others wait; a real run would stop: no journal"),
    ({"permissions": {"write": False, "why": "the role of bob is devicereader"}}, None, None, "a real run would be refused: the role of bob is devicereader"),
    ({}, None, [], "the register has no entry for the exemption of .chatgpt.com"),
    # Wanted is enough: who approves it need not wait until it is seen to be in force.
    ({"coverage": [{"pattern": ".chatgpt.com", "exempt": "unchecked"}]}, None, [], "no entry for the exemption of .chatgpt.com"),
    ({"coverage": [{"pattern": ".chatgpt.com", "exempt": "no"}]}, None, [], "no entry for the exemption of .chatgpt.com"),
    ({}, {"branch1": look("shut")}, None, "branch1 cannot reach even a control host")])
def test_what_stops(device, hosts, register, said):
    found = judged(device, hosts, register)
    assert said in found["stops"]["fw1"] and "0 of 1 device may be changed" in found["message"] and found["rows"][0]["verdict"] == "stop"


@pytest.mark.parametrize("device,hosts,register,said", [
    ({"unfinished": ["/j/1.json"]}, None, None, "/j/1.json"),
    ({"unproven": [{"journal": "/j/1.json", "baseline": {}}]}, None, None, "compared with the baselines from before them: /j/1.json"),
    ({"conflicts": [{"where": "rule 3", "certain": True}]}, None, None, "still blocked after the change, by 1 conflict: rule 3"),
    ({"exclusive": ""}, None, None, "this product has no configuration lock"),
    ({"pending": "ours"}, None, None, "an earlier run left pending changes"), ({"pending": "both"}, None, None, "an earlier run left pending changes"),
    ({"conflicts": [{"where": 1}, {"where": 2}]}, None, None, "still blocked after the change, by 2 conflicts: 1, 2"),
    ({}, {"branch1": dict(look(), path={"device": "fw1", "proven": False})}, None, "not proven to be behind fw1"),
    ({}, {"branch1": look(), "outside": {"checks": [{"role": "wanted"}], "summary": {"verdict": "error", "message": "odd"}}}, None,
     "has problems with the service as well: odd"),
    ({"held_by": ["alice (quarterly review)"]}, None, None, "locked by alice (quarterly review)"),
    ({}, {"branch1": dict(look(), path={"device": "fw1", "proven": False, "message": "no proof"})}, None, "not proven to be behind fw1: no proof"),
    ({}, {"branch1": look(), "outside": {"checks": [{"role": "wanted"}], "summary": {"verdict": "fail", "message": "2 fail"}}}, None,
     "has problems with the service as well: 2 fail"),
    ({}, {}, None, "no probe host is mapped to it"),
    ({}, {"branch1": look(device="other")}, None, "no probe host is mapped to it"),
    ({}, {"branch1": look(), "branch2": look("shut")}, None, "branch2 cannot reach even a control host"),
    ({}, {"branch1": look(), "branch2": None}, None, "not reached, so it cannot prove the change"),
    ({}, {"branch1": look(), "branch2": {"failed": True, "msg": "Python was not found"}}, None,
     "not probed, so it cannot prove the change: Python was not found"),
    ({}, None, [dict(LINE, review_by="2026-11-23")], "was due on 2026-11-23")])
def test_what_is_a_warning_and_no_stop(device, hosts, register, said):
    found = judged(device, hosts, register)
    assert found["stops"] == {} and [row["message"] for row in found["rows"] if row["verdict"] == "warn" and said in row["message"]], found


def test_a_host_behind_no_device_that_sees_the_service_well_is_no_warning():
    for summary in ({"verdict": "pass", "message": "m"}, None):
        assert judged(hosts={"branch1": look(), "outside": {"checks": [{"role": "wanted"}], "summary": summary}})["message"] == "1 of 1 device may be changed"
    failing = dict(look(), summary={"verdict": "fail", "message": "it is what the change is for"})
    assert judged(hosts={"branch1": failing})["message"] == "1 of 1 device may be changed"


def test_numbers_and_releases_are_said_as_they_are():
    row = judged({"reversal": {"writes": 1, "activations": 2}, "release": "FortiOS 7.4.9", "summary": ""})["rows"][-1]
    assert row["message"] == "FortiOS 7.4.9; nothing to do; rollback takes 1 write and 2 activations"
    many = [{"pattern": "%d.example" % number, "exempt": "yes"} for number in range(7)]
    assert "of 0.example, 1.example, 2.example, 3.example, 4.example and 2 more" in judged({"coverage": many}, register=[])["stops"]["fw1"]
    assert judged({"coverage": None}, register=[])["stops"] == {}
    # What is compliant has no way back, and no limits of one.
    assert judged({"changed": False, "limits": "40 an hour"})["rows"][0]["message"] == "create list allow (+3)"
    assert judged({"held_by": ["alice"]})["message"].endswith("; 1 warning")
    assert judged({"held_by": ["alice"], "pending": "ours"})["message"].endswith("; 2 warnings")


def test_what_the_service_says_of_itself_is_said_and_an_incident_is_a_warning():
    row, = [row for row in judged(None, None, None, True, {"state": "unknown"})["rows"] if row["subject"] == "the service"]
    assert row["message"] == "unknown"
    words = ("operational", "unknown", "degraded", "outage", "maintenance")
    rows = {word: judged(None, None, None, True, {"state": word, "message": "it is so"})["rows"] for word in words}
    said = {word: [row["verdict"] for row in found if row["subject"] == "the service" and row["message"] == "it is so"] for word, found in rows.items()}
    assert said == {"operational": ["ok"], "unknown": ["ok"], "degraded": ["warn"], "outage": ["warn"], "maintenance": ["warn"]}


def test_what_keeps_two_runs_apart_is_said():
    rows = judged({"exclusive": ""}, None, None, True, None, "the concurrency group netaccess")["rows"]
    assert [row["verdict"] for row in rows] == ["ok", "ok"] and "excluded by the concurrency group netaccess" in rows[0]["message"]


def test_the_limits_of_the_product_stand_beside_the_cost_of_the_way_back():
    assert judged({"limits": "40 activations an hour"})["rows"][0]["message"].endswith("2 writes and 1 activation (40 activations an hour)")


def test_hosts_behind_a_device_that_were_not_reached_are_named():
    found = preflight.judge({"fw1": GOOD}, {"branch1": {}}, None, TODAY, behind={"fw1": ["branch1"]})
    assert [row["message"] for row in found["rows"] if row["subject"] == "fw1" and row["verdict"] == "warn"] == [
        "none of its probe hosts was reached (branch1), so the change will not be proven"]


def test_a_host_without_a_look_or_without_controls_is_no_blind_one():
    assert judged(hosts={"branch1": {"path": {"device": "fw1"}}})["stops"] == {}
    bare = {"path": {"device": "fw1", "proven": True}, "checks": [{"role": "wanted", "state": "shut"}]}
    assert [row["verdict"] for row in judged(hosts={"branch1": bare})["rows"]] == ["ok"]


def test_a_device_that_said_nothing_stops_alone():
    found = preflight.judge({"fw1": GOOD, "fw2": None}, {"a": look(), "b": look(device="fw2")}, [LINE], TODAY)
    assert found["stops"] == {"fw2": "no result"} and found["message"].startswith("1 of 2 devices may be changed")


def test_uncertain_conflicts_and_compliant_devices_are_no_warnings():
    found = judged({"changed": False, "exclusive": "", "summary": "nothing to do", "conflicts": [{"where": "x", "certain": False}]})
    assert [row["verdict"] for row in found["rows"]] == ["ok"] and found["rows"][0]["message"] == "nothing to do"


def test_a_register_that_is_not_required_warns():
    found = judged(register=[], required=False)
    said = [(row["verdict"], row["message"]) for row in found["rows"]]
    assert found["stops"] == {} and ("warn", "the register has no entry for the exemption of .chatgpt.com") in said
    assert "was due on" in str(judged(register=[dict(LINE, review_by="2026-11-23")], required=False)["rows"])


@pytest.mark.parametrize("permissions,said", [
    ({"write": None, "why": ""}, "; the write permission of the account is unknown"),
    ({"write": None, "why": "a role of its own"}, "; the write permission of the account is unknown: a role of its own"),
    ({"write": True, "why": "x"}, "1 activation")])
def test_rights_that_are_not_told_are_said_and_stop_nothing(permissions, said):
    found = judged({"permissions": permissions})
    assert found["stops"] == {} and found["rows"][0]["verdict"] == "ok" and found["rows"][0]["message"].endswith(said)
