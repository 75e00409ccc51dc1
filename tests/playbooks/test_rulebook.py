# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebook in a real ansible-rulebook: what is posted to it audits and repairs a real Squid."""
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

    def __init__(self, lab, folder: Path):
        self._port, self._log = free_port(), folder / "rulebook.log"
        self.reports = folder / "reports"
        given = {"webhook_port": self._port, "webhook_token": "of-the-test", "report_folder": str(self.reports), "standing_change": "CHG-STANDING"}
        (folder / "vars.yml").write_text(yaml.safe_dump(given))
        program = Path(sys.executable).parent / "ansible-rulebook"
        with self._log.open("wb") as log:
            self.process = Process(
                [str(program), "--rulebook", "netaccess.chatgpt.drift", "--inventory", str(lab.inventory), "--vars", str(folder / "vars.yml")],
                ["env", "PATH=%s:%s" % (program.parent, os.environ["PATH"]), "ANSIBLE_NOCOLOR=1", "SSL_CERT_FILE=%s" % lab.trust],
                cwd=folder, stdout=log, stderr=log)

    def said(self) -> str:
        return self._log.read_text()

    def found(self) -> dict:
        """The classes of the last report; none while the run is under way."""
        last = verdict(self.reports) if (self.reports / "verdict.json").exists() else {}
        return {} if "interrupted" in last.get("deciding", []) else last.get("classes", {})

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


def test_drift_is_repaired_by_the_plans_of_its_audit_and_nothing_else_is(lab, tmp_path):
    before, alone = policy_of(lab), ("--limit", "proxy1")
    code, out = play(lab, "audit", tmp_path / "audit", *alone)
    found, plans = verdict(tmp_path / "audit"), json.loads((tmp_path / "audit" / "plans.json").read_text())
    assert code == 0 and found["code"] == 2, out
    rulebook = Rulebook(lab, tmp_path)
    try:
        rulebook.wait(lambda: rulebook.post({"kind": "hello"}) == 200, "the rulebook listens")
        assert rulebook.post({"kind": "device_changed", "device": "proxy1"}, token="of-somebody-else") == 401
        rulebook.post({"kind": "device_changed", "device": "proxy1"})
        rulebook.wait((rulebook.reports / "plans.json").exists, "the audit's report")
        assert json.loads((rulebook.reports / "plans.json").read_text())["netaccess_plans"] == plans["netaccess_plans"] and policy_of(lab) == before
        rulebook.wait(lambda: "PLAY RECAP" in rulebook.said(), "the end of the audit")
        # What needs a person is printed and changes nothing, and neither do plans of another day.
        rulebook.post({"kind": "verdict", "verdict": dict(found, code=1), "plans": plans["netaccess_plans"]})
        rulebook.wait(lambda: "'kind': 'verdict'" in rulebook.said(), "the event in print")
        rulebook.post({"kind": "verdict", "verdict": found, "plans": {"proxy1": "0" * 64}})
        rulebook.wait(lambda: rulebook.found().get("plan_changed"), "the refusal of another plan")
        assert policy_of(lab) == before
        rulebook.post({"kind": "verdict", "verdict": found, "plans": plans["netaccess_plans"]})
        rulebook.wait(lambda: not rulebook.found().get("plan_changed", True), "the repair")
        assert policy_of(lab) != before, rulebook.said()
        journal, = (lab.folder / "journals").glob("*.json")
        assert "CHG-STANDING" in journal.read_text()
    finally:
        rulebook.process.stop()
    code, out = play(lab, "audit", tmp_path / "after", *alone)
    assert code == 0 and verdict(tmp_path / "after")["code"] == 0, out
