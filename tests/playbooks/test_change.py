# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook site.yml as a change: in its window, with its number, with a report at the end, whatever happened."""
from __future__ import annotations

import datetime
import sys

import pytest
import yaml

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import Journal
from tests.lab import squid
from tests.lab.lab import Lab
from tests.lab.play import GONE, altered, play, policy_of, report, verdict
from tests.system.test_scenarios import oldest_python

pytestmark = pytest.mark.skipif(squid.available() is not None, reason=str(squid.available()))
#: The hosts behind a device look in its place, and not once more for themselves.
DEVICES = ("--limit", "netaccess_devices")
CHANGE = {"id": "CHG0012345", "requester": "alice", "approver": "bob", "implementer": "carol"}


def window(**more) -> dict:
    """One that closes, from now, in so many ``minutes``, or is over."""
    now = datetime.datetime.now(datetime.timezone.utc)
    start, end = now - datetime.timedelta(hours=2), now + datetime.timedelta(**more)
    return {"timezone": "UTC", "windows": [{"start": start.isoformat(), "end": end.isoformat()}]}


@pytest.fixture(scope="module")
def up():
    with Lab(few=True, vantages=("branch1", "branch2", "stranger")) as made:
        # Without a comment of its own: the number of the change has to come with the run.
        altered(made, made.inventory.name, lambda devices, _vantages: devices["proxy1"].pop("access_comment"))
        yield made


@pytest.fixture(scope="module")
def lab(up):
    """The lab with one host behind its device: how many look makes no difference to most of what is tested here, and each costs time."""
    def edit(_devices, vantages):
        del vantages["branch2"], vantages["stranger"]
    return altered(up, "one.yml", edit)


def journals(lab) -> list:
    return sorted((lab.folder / "journals").glob("*.json"))


@pytest.mark.parametrize("variables,said,probed", [
    ({"change": CHANGE, "change_window": window(minutes=-1)}, "outside of the change window: there is no later window", False),
    # Where a change takes its time to arrive: as the result of the preflight says.
    ({"change": CHANGE, "change_window": window(minutes=30), "access_preview": {"propagation": 600}}, "change, proof and rollback may take 42 minutes", True),
    pytest.param({"change": CHANGE, "change_window": window(minutes=20)}, "change, proof and rollback may take 22 minutes", True,
                 marks=pytest.mark.exhaustive),
    pytest.param({}, "a change ID is required", False, marks=pytest.mark.exhaustive),
    pytest.param({"change": CHANGE, "change_window": {"windows": [{"start": "soon", "end": "late"}]}}, "windows, number 1", False,
                 marks=pytest.mark.exhaustive)],
    ids=["it is over", "it is too short for the arrival", "it is too short", "no number", "no window"])
def test_what_must_not_be_is_refused_before_the_device_is_touched(lab, tmp_path, variables, said, probed):
    before = policy_of(lab)
    code, out = play(lab, "site", tmp_path, netaccess_preflight=False, **variables)
    text = " ".join(out.split())
    assert code != 0 and said in text and text.count("Nothing was changed") == text.count(said), out
    assert policy_of(lab) == before and journals(lab) == [] and ("TASK [Probe from the host]" in out) is probed


def test_a_check_run_needs_neither_number_nor_window_and_does_once_what_is_done_once(lab, tmp_path, monkeypatch):
    monkeypatch.setenv("ANSIBLE_STRATEGY", "free")
    code, out = play(lab, "site", tmp_path, "--check", change_window=window(minutes=-1), netaccess_report_dir=str(tmp_path / "report"))
    assert code == 0, out
    assert verdict(tmp_path / "report")["classes"]["drift"] and journals(lab) == []
    assert out.count("\nReport: ") == 1 and out.count("1 of 1 device may be changed") == 1, out
    assert "skipping: [" not in out, "a task that is skipped costs each device a process"


def test_the_preflight_alone_says_what_it_would_come_to_and_writes_nothing(lab, tmp_path):
    before = policy_of(lab)
    code, out = play(lab, "preflight", tmp_path)
    said = " ".join(out.split())
    assert code == 0 and "1 of 1 device may be changed" in said, out
    assert "configuration lock" not in said and "ok: the service: the service reports operational" in said and "rollback takes" in said, out
    assert policy_of(lab) == before and journals(lab) == []


def test_an_exemption_without_a_line_in_the_register_stops_before_anything_is_written(lab, tmp_path):
    register = tmp_path / "register.yml"
    register.write_text(yaml.safe_dump([{"pattern": ".chatgpt.com", "owner": "it", "reason": "pinning", "risk_id": "R1", "approved_by": "bob",
                                         "approved_on": "2026-01-01", "review_by": "2099-01-01"}]))
    before = policy_of(lab)
    wanted = {"require_register": True, "audit_register": str(register)}
    code, out = play(lab, "site", tmp_path, change=CHANGE, netaccess_report_dir=str(tmp_path / "report"), **wanted)
    assert code != 0 and policy_of(lab) == before and journals(lab) == [], out
    device, = report(tmp_path / "report")["devices"]
    assert device["state"] == "not_begun" and "the register has no entry for the exemption of " in device["error"] and ".chatgpt.com" not in device["error"]


def test_a_change_is_recorded_reported_and_taken_back_at_any_time(lab, tmp_path):
    folder = tmp_path / "report"
    code, out = play(lab, "site", tmp_path, "--diff", change=dict(CHANGE, emergency=True), change_window=window(minutes=-1), netaccess_report_dir=str(folder))
    assert code == 0 and "continuing because of change.emergency" in " ".join(out.split()), out
    # What a task costs, each device and host pays; an end of a play is decided on the controller.
    assert len([line for line in out.splitlines() if line.startswith("TASK [") and not line.startswith("TASK [End the play")]) <= 15, out
    assert out.count("\n+++ after") == 1, "the check run before it showed the difference as well"
    said = out.splitlines()
    assert said[said.index("To undo proxy1:") + 1] == "  ansible-playbook netaccess.chatgpt.rollback -i %s -e netaccess_journal=%s -l proxy1" % (
        lab.inventory, journals(lab)[-1])
    assert "proxy1: who gets access: " in out and any(line.startswith("Change CHG0012345, from 20") for line in said)
    assert [line for line in said if line.startswith("+++ after: ")][0].partition(", for ")[2], "the difference says for whom it is"
    found = report(folder)
    assert found["change"]["emergency"] is True and found["devices"][0]["state"] == "changed" and found["verdict"]["code"] == 0
    chat = next(check for host in found["hosts"] if host["name"] == "branch1" for check in host["checks"] if check["id"] == "chatgpt_trace")
    assert (chat["before"], chat["verdict"]) == ("fail", "pass")
    journal, = journals(lab)
    comment = "CHG0012345, asked by alice, approved by bob, done by carol, emergency"
    assert comment in journal.read_text() and comment in lab.squid.drop_in.read_text()
    kept = written([journal])[0]
    assert kept.status == "applied" and {check["id"]: check["verdict"] for check in kept.baseline["branch1"]["checks"]}["chatgpt_trace"] == "fail"
    before = policy_of(lab)
    code, out = play(lab, "rollback", tmp_path, change_window=window(minutes=-1), netaccess_journal=str(journal))
    assert code == 0 and policy_of(lab) != before and "proxy1: The previous behaviour is restored" in out, out


@pytest.fixture(scope="module")
def wider(up):
    """All hosts, and a device and a host that nobody reaches."""
    def edit(devices, vantages):
        devices["gone1"] = dict(GONE, access_product="squid", access_audience={"networks": ["10.0.0.0/8"]})
        vantages["gone2"] = dict(GONE, netaccess_path={"device": "gone1"})
        # One without a Python for Ansible's modules.
        vantages["branch2"].update(verify_by="kit", ansible_python_interpreter="/nowhere/python", probe_host_python=[oldest_python() or sys.executable])
    return altered(up, "wider.yml", edit)


def test_a_run_limited_to_a_device_keeps_its_window_proof_and_report(wider, tmp_path):
    before = policy_of(wider)
    code, out = play(wider, "site", tmp_path, "--limit", "proxy1", change=CHANGE, netaccess_report_dir=str(tmp_path / "report"))
    assert code == 0 and policy_of(wider) != before, out
    found = report(tmp_path / "report")
    assert [device["name"] for device in found["devices"]] == ["proxy1"] and found["verdict"]["code"] == 0
    # The hosts behind it are no part of the run, and were asked in its place: before and after.
    seen = {host["name"]: {check["id"]: (check["before"], check["verdict"]) for check in host["checks"]} for host in found["hosts"]}
    assert sorted(seen) == ["branch1", "branch2", "stranger"]
    assert seen["branch1"]["chatgpt_trace"] == ("fail", "pass") and seen["stranger"]["chatgpt_trace"] == ("fail", "fail")
    assert seen["branch2"] == seen["branch1"], "by the kit as by the module"
    journal, = [path for path in journals(wider) if Journal.load(str(path)).status not in ("reverted", "undone")]
    code, out = play(wider, "rollback", tmp_path, "--limit", "proxy1", netaccess_journal=str(journal))
    assert code == 0 and policy_of(wider) == before, out


def test_a_limited_run_fails_where_its_device_failed(wider, tmp_path):
    code, out = play(wider, "preflight", tmp_path, "--limit", "gone1")
    assert code != 0 and "may be changed" in out, out
    code, out = play(wider, "site", tmp_path, "--limit", "gone1", change=CHANGE, netaccess_report_dir=str(tmp_path / "report"))
    found = verdict(tmp_path / "report")
    assert code != 0 and {text.split(":")[0] for text in found["classes"]["not_begun"] + found["classes"]["unreachable"]} == {"gone1", "gone2"}, out
    recap = {line.split()[0]: line for line in out.partition("PLAY RECAP")[2].splitlines()[1:] if line.strip()}
    assert "failed=1" in recap["gone1"]


@pytest.mark.exhaustive
def test_a_run_that_fails_still_writes_the_report(lab, tmp_path):
    code, out = play(lab, "site", tmp_path, change=CHANGE, netaccess_report_dir=str(tmp_path / "report"), netaccess_plans={})
    assert code != 0, out
    found = verdict(tmp_path / "report")
    assert found["code"] == 1 and found["classes"]["plan_changed"] and found["change"]["id"] == "CHG0012345"
    # What hosts see was looked at all the same.
    assert report(tmp_path / "report")["hosts"][0]["judged"] is True


def test_after_a_batch_that_failed_no_other_begins(lab, tmp_path):
    def with_canary(devices, _vantages):
        second = devices.pop("proxy1")
        devices.update({"canary": dict(second, access_squid_config_file="/nowhere/squid.conf"), "proxy1": second})

    both = altered(lab, "two.yml", with_canary)
    before = policy_of(lab)
    # A window that is long enough, although no preflight says how long a change takes to arrive.
    code, out = play(both, "site", tmp_path, *DEVICES, change=CHANGE, change_window=window(minutes=30), netaccess_serial=[1, "100%"],
                     netaccess_preflight=False, netaccess_report_dir=str(tmp_path / "report"))
    found = verdict(tmp_path / "report")
    assert code != 0 and policy_of(lab) == before, out
    assert found["classes"]["not_begun"] == ["proxy1: more devices failed or were stopped than netaccess_max_failures allows"]
    assert ["/nowhere/squid.conf" in text for text in found["classes"]["refused"]] == [True], found
    failed = " ".join(out.partition("TASK [Fail devices and hosts with problems]")[2].split())
    assert "not begun: more devices failed or were stopped than netaccess_max_failures allows" in failed


STAGES = [{"name": "pilot", "audience": {"networks": ["127.0.0.2"]}}, {"name": "everyone", "audience": {"networks": ["127.0.0.2", "127.0.0.3", "127.0.0.4"]}}]


def rolled(up, name, rollout, without=(), **hosts):
    """The lab with a rollout, branch1 in the pilot's audience; ``without`` some hosts, ``hosts``: more variables of them."""
    def edit(devices, vantages):
        devices["proxy1"]["rollout"] = rollout
        for host, audience in (("branch1", "pilot"), ("branch2", "everyone")):
            vantages[host]["netaccess_path"]["audience"] = audience
            vantages[host].update(hosts.get(host, {}))
        for host in without:
            del vantages[host]
    return altered(up, name, edit)


def written(paths) -> list:
    """Journals, in the order in which they were closed."""
    return [Journal.load(str(path)) for path in sorted(paths, key=lambda path: path.stat().st_mtime_ns)]


def test_an_audience_after_the_other_and_harm_in_a_later_stage_takes_back_all_of_them(up, tmp_path):
    before, known = policy_of(up), set(journals(up))
    # The last stage opens access for a host that says it is outside the audience. With the stranger two of them saw harm, which it needs.
    wrong = rolled(up, "wrong-stage.yml", STAGES, branch2={"verify_expect": "unchanged"})
    code, out = play(wrong, "site", tmp_path, *DEVICES, change=CHANGE, netaccess_preflight=False, netaccess_report_dir=str(tmp_path / "wrong"))
    device, = report(tmp_path / "wrong")["devices"]
    assert code != 0 and "rolled back: " in str(device["error"]), out
    assert device["error"].endswith("The previous behaviour is restored"), out
    assert policy_of(up) == before
    assert {(one.status, one.comment.rpartition(", ")[2]) for one in written(set(journals(up)) - known)} == {
        ("reverted", "stage pilot"), ("reverted", "stage everyone")}
    assert out.index("stage 1 of 2: pilot") < out.index("stage 2 of 2: everyone")


@pytest.mark.exhaustive
def test_stages_one_after_the_other_are_kept_and_taken_back_together(up, tmp_path):
    before, known = policy_of(up), set(journals(up))
    # As it is meant: the last audience without the stranger.
    right = rolled(up, "right-stage.yml", [STAGES[0], {"name": "everyone"}], without=["stranger"])
    code, out = play(right, "site", tmp_path, *DEVICES, change=CHANGE, netaccess_preflight=False)
    assert code == 0 and len(set(journals(up)) - known) == 2, out
    code, out = play(right, "rollback", tmp_path, netaccess_journal=str(up.folder / "journals"))
    assert code == 0 and policy_of(up) == before, out
    assert {one.status for one in written(set(journals(up)) - known)} == {"reverted"}


@pytest.mark.exhaustive
def test_a_stage_that_nobody_of_its_audience_sees_is_the_last(up, tmp_path):
    before, known = policy_of(up), set(journals(up))
    alone = rolled(up, "alone.yml", [dict(STAGES[0], name="nobody"), {"name": "everyone"}], without=["branch2", "stranger"])
    code, out = play(alone, "site", tmp_path, *DEVICES, change=CHANGE, netaccess_preflight=False, verify_expect="open")
    said = " ".join(out.split())
    assert code != 0 and len(set(journals(up)) - known) == 1 and "stage 2 of 2" not in said, out
    # branch1 is open now, although its own stage is still to come.
    assert "not as it was" in said
    play(alone, "rollback", tmp_path, netaccess_journal=str(up.folder / "journals"))
    assert policy_of(up) == before
