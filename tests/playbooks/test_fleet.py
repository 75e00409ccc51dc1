# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Squid and twins as one fleet: a wrong policy ends at the canary, a check run writes nothing and tells what comes, drift is found, named and repaired."""
from __future__ import annotations

import contextlib
import json

import pytest

from tests.lab import squid
from tests.lab.fleet import EVERY, TWO, Fleet
from tests.lab.play import access, altered, play, policy_of, report, settings, verdict

pytestmark = pytest.mark.skipif(squid.available() is not None, reason=str(squid.available()))
POLICY = "lookup('netaccess.chatgpt.policy')"


@pytest.fixture(scope="module")
def fleet(request, tmp_path_factory):
    with contextlib.ExitStack() as up:
        yield Fleet(up, tmp_path_factory.mktemp("fleet"), getattr(request, "param", TWO))


def with_broken(_devices: dict, vantages: dict) -> None:
    vantages["broken"] = dict(vantages["branch1"], ansible_python_interpreter="/nowhere/python")


def devices_of(folder) -> dict:
    return {one["name"]: one for one in report(folder)["devices"]}


# What is taken back when is a table in tests/unit/test_proof.py.
@pytest.mark.parametrize("policy,on_failure,back,said", [
    # An exemption that is too wide: a host that has to stay inspected is not any more, which two hosts see.
    ("{{ %s | combine({'allow': ['www.iana.org', '.chatgpt.com'], 'exempt': ['www.iana.org', '.chatgpt.com'], 'media': []}) }}", None, True,
     "www.iana.org: no longer"),
    # An allowlist that is too wide.
    pytest.param("{{ %s | combine({'allow': %s.allow + ['claude.ai']}) }}", "keep", False, "claude.ai: newly open", marks=pytest.mark.exhaustive)],
    ids=["too wide an exemption", "too wide an allowlist"])
def test_a_wrong_policy_is_caught_on_the_canary_and_no_second_device_is_touched(fleet, tmp_path, policy, on_failure, back, said):
    fleet.journals.mkdir(exist_ok=True)
    before, known = fleet.digests(), set(fleet.journals.glob("*.json"))
    asked = fleet.asked()
    # A host that cannot look is in nobody's way: two others saw it.
    hosts = altered(fleet, "broken.yml", with_broken) if back else fleet
    code, out = play(hosts, "site", tmp_path, access_policy=policy.replace("%s", POLICY), netaccess_preflight=False,
                     netaccess_report_dir=str(tmp_path / "report"), **({"on_failure": on_failure} if on_failure else {}))
    assert code != 0 and fleet.asked() == asked, out
    found = devices_of(tmp_path / "report")
    assert {found[name]["error"] for name in fleet.twins} == {"more devices failed or were stopped than netaccess_max_failures allows"}
    assert (fleet.digests() == before) is back, out
    if back:
        error = found["proxy1"]["error"]
        assert found["proxy1"]["state"] == "failed" and "rolled back: " in error and said in error
        # Those who looked saw what they saw before; of the one that cannot look nobody knows.
        assert "Not proven that the previous behaviour is restored: not proven by: broken (Python was not found on this host" in error
    else:
        assert found["proxy1"]["state"] == "changed" and verdict(tmp_path / "report")["code"] == 1 and said in out
        journal, = set(fleet.journals.glob("*.json")) - known
        assert play(fleet, "rollback", tmp_path, "--limit", "proxy1", netaccess_journal=str(journal))[0] == 0 and fleet.digests() == before


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("fleet,drifts", [(TWO, False), pytest.param(EVERY, True, marks=pytest.mark.exhaustive)], ids=["two products", "every product, drift"],
                         indirect=["fleet"])
def test_a_check_run_writes_nothing_and_the_run_does_what_it_said_and_drift_is_found_named_and_repaired(fleet, drifts, tmp_path, monkeypatch):
    before, everyone = fleet.digests(), {"proxy1", *fleet.twins}
    forks = ("--forks", "8")
    asked = fleet.asked()
    code, out = play(fleet, "site", tmp_path, "--check", *forks, netaccess_report_dir=str(tmp_path / "check"))
    assert code == 0 and fleet.digests() == before, out
    assert drifts or out.count("\n") < 80, out
    assert not [name for name in fleet.twins if fleet.wrote_to(name, asked) or len(fleet.asked()[name]) == len(asked[name])]
    foreseen, plans = devices_of(tmp_path / "check"), json.loads((tmp_path / "check" / "plans.json").read_text())
    assert set(plans["netaccess_plans"]) == everyone
    monkeypatch.setenv("ANSIBLE_CONFIG", settings(tmp_path))
    code, out = play(fleet, "site", tmp_path, *forks, netaccess_preflight=False, netaccess_report_dir=str(tmp_path / "done"), **plans)
    done = devices_of(tmp_path / "done")
    assert code == 0, out
    # Three devices in two batches; each line says whose it is.
    assert drifts or out.count("\n") < 80, out
    assert ("branch1: all 7 checks are as expected" in out.splitlines() and "\nfortios: inspection that ends: Antivirus (" in out) or drifts, out
    titles = {name: [change.pop("title") for change in one["changes"]] for report in (foreseen, done) for name, one in report.items()}
    assert all(text.startswith(("Created ", "Added ", "Changed ")) for texts in titles.values() for text in texts), titles
    assert {name: (one["changes"], one["plan_digest"], one["audience"]) for name, one in done.items()} == {
        name: (one["changes"], one["plan_digest"], one["audience"]) for name, one in foreseen.items()}
    assert not [name for name in fleet.twins if not fleet.wrote_to(name, asked)], "a write is known as one"
    assert {one["state"] for one in done.values()} == {"changed"} and not [name for name, digest in fleet.digests().items() if digest == before[name]]
    if drifts:
        drift_is_found_named_and_repaired(fleet, tmp_path, everyone, forks)


def drift_is_found_named_and_repaired(fleet, tmp_path, everyone, forks):
    """Somebody takes an entry out on every device."""
    right, opened = fleet.digests(), fleet.decisions()
    access(fleet, tmp_path, *forks, access_state="replaced", access_policy="{{ %s | combine({'allow': ['.openai.com'], 'exempt': ['.openai.com']}) }}" % POLICY)
    drifted = fleet.digests()
    assert not [name for name in everyone if drifted[name] == right[name]]
    code, out = play(fleet, "audit", tmp_path / "drift", *forks, "--limit", "netaccess_devices", fail_on_drift=True)
    found = verdict(tmp_path / "drift")
    assert code != 0 and found["code"] == 2 and {text.partition(":")[0] for text in found["classes"]["drift"]} == everyone, out
    changes = {name: [entry for change in one["changes"] for entry in change["added"]] for name, one in devices_of(tmp_path / "drift").items()}
    assert not [name for name, entries in changes.items() if not any("chatgpt.com" in entry for entry in entries)], changes
    assert fleet.digests() == drifted
    plans = json.loads((tmp_path / "drift" / "plans.json").read_text())
    code, out = play(fleet, "site", tmp_path, *forks, netaccess_preflight=False, **plans)
    assert code == 0 and fleet.decisions() == opened and policy_of(fleet.squid) == right["proxy1"], out
