# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebook in a real ansible-rulebook: its schedule and what is posted to it audit a real Squid, and repair it under a standing change."""
from __future__ import annotations

import json
import os
import shutil
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from tests.lab import squid
from tests.lab.lab import Lab
from tests.lab.play import play, policy_of, verdict
from tests.lab.process import Process, wait_until
from tests.lab.squid import free_port

pytestmark = [pytest.mark.skipif(squid.available() is not None, reason=str(squid.available())),
              pytest.mark.skipif(shutil.which("java") is None, reason="ansible-rulebook needs Java"), pytest.mark.exhaustive]


@pytest.fixture(scope="module")
def lab():
    with Lab(few=True, vantages=("branch1",)) as up:
        yield up


class Rulebook:
    """A running ``ansible-rulebook``; ``said()`` is what it has printed."""

    def __init__(self, lab, folder: Path, standing: str):
        self._port, self._log = free_port(), folder / "rulebook.log"
        self.reports = folder / "reports"
        # The schedule is due once, as it begins.
        given = {"webhook_host": "127.0.0.1", "webhook_port": self._port, "webhook_token": "of-the-test", "audit_every_seconds": 86400,
                 "report_folder": str(self.reports), "standing_change": standing}
        (folder / "vars.yml").write_text(yaml.safe_dump(given))
        program = Path(sys.executable).parent / "ansible-rulebook"
        with self._log.open("wb") as log:
            self.process = Process(
                [str(program), "--rulebook", "netaccess.chatgpt.drift", "--inventory", str(lab.inventory), "--vars", str(folder / "vars.yml")],
                ["env", "PATH=%s:%s" % (program.parent, os.environ["PATH"]), "ANSIBLE_NOCOLOR=1", "SSL_CERT_FILE=%s" % lab.trust],
                cwd=folder, stdout=log, stderr=log)

    def said(self) -> str:
        return self._log.read_text()

    def ended(self, folder: str) -> dict:
        """The verdict of the last run that wrote its report there; none while one is under way."""
        last = verdict(self.reports / folder) if (self.reports / folder / "verdict.json").exists() else {}
        return {} if "interrupted" in last.get("deciding", []) else last

    def post(self, event: dict, token: str = "of-the-test") -> int:
        request = urllib.request.Request("http://127.0.0.1:%d/endpoint" % self._port, json.dumps(event).encode(), {"Authorization": "Bearer " + token})
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as refusal:
            return refusal.code
        except OSError:
            return 0

    def wait(self, done, what: str) -> None:
        try:
            wait_until(done, what, lambda: None if self.process.alive() else self.said(), seconds=400)
        except RuntimeError as late:
            raise AssertionError("%s\n%s" % (late, self.said()[-6000:])) from late


def test_without_a_standing_change_drift_is_told_and_nothing_is_written(lab, tmp_path):
    before = policy_of(lab)
    rulebook = Rulebook(lab, tmp_path, standing="")
    try:
        rulebook.wait(lambda: rulebook.post({"kind": "hello"}) == 200, "the rulebook listens")
        rulebook.wait(lambda: rulebook.said().count("'netaccess_verdict'") == 1, "the drift that the schedule found, in print")
        assert rulebook.ended("audit")["code"] == 2
        assert rulebook.post({"kind": "device_changed", "device": "proxy1"}, token="of-somebody-else") == 401
        # Who may send events may not send a verdict.
        found = rulebook.ended("audit")
        assert rulebook.post({"netaccess_verdict": found, "netaccess_plans": {}, "netaccess_plans_about": {}}) == 200
        rulebook.post({"kind": "device_changed", "device": "proxy1"})
        rulebook.post({"kind": "device_changed", "device": "proxy1"})
        rulebook.wait(lambda: rulebook.said().count("'netaccess_verdict'") == 2, "the drift that the event found, in print")
    finally:
        rulebook.process.stop()
    # Two events of one device are one audit; that of somebody else is none.
    assert policy_of(lab) == before and rulebook.said().count("TASK [netaccess.chatgpt.audit : Move an earlier report aside]") == 2, rulebook.said()


def test_drift_that_people_feel_is_repaired_by_the_plans_of_its_audit_and_once(lab, tmp_path):
    before = policy_of(lab)
    rulebook = Rulebook(lab, tmp_path, standing="CHG-STANDING")
    try:
        rulebook.wait(lambda: rulebook.ended("repair"), "the repair")
        found = rulebook.ended("audit")
        assert found["code"] == 2 and found["classes"]["drift"] and found["classes"]["symptoms"], found
        assert rulebook.ended("repair")["classes"]["drift"] == [] and policy_of(lab) != before, rulebook.said()
        # What the next audit compares its hosts with.
        assert "branch1" in (rulebook.reports / "baselines.json").read_text()
        journal, = (lab.folder / "journals").glob("*.json")
        assert "CHG-STANDING" in journal.read_text()
        # Somebody takes it back, and the device says so: there is no fight.
        code, out = play(lab, "rollback", tmp_path, "--limit", "proxy1", netaccess_journal=str(journal))
        assert code == 0 and policy_of(lab) == before, out
        rulebook.wait(lambda: rulebook.post({"kind": "device_changed", "device": "proxy1"}) == 200, "the event")
        rulebook.wait(lambda: rulebook.said().count("'netaccess_verdict'") == 2, "the drift that came back, in print")
        # Actions come one after the other: what this event starts ends after whatever the one before it started.
        rulebook.post({"kind": "device_changed", "device": "another"})
        rulebook.wait(lambda: rulebook.said().count("'netaccess_verdict'") == 3, "the drift that is still there, in print")
    finally:
        rulebook.process.stop()
    assert policy_of(lab) == before and list((lab.folder / "journals").glob("*.json")) == [journal], rulebook.said()
