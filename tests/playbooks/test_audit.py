# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook audit.yml on a real Squid: it writes nothing to the device, tells drift from trouble, and its plan is what the change then carries out."""
from __future__ import annotations

import json
import subprocess

import pytest

from tests.lab import squid
from tests.lab.lab import Lab
from tests.lab.play import GONE, altered, play, policy_of, verdict

pytestmark = pytest.mark.skipif(squid.available() is not None, reason=str(squid.available()))
#: Where what hosts see is not the matter: they are not asked.
ALONE = ("--limit", "proxy1")
OVER = {"windows": [{"start": "2026-01-01T00:00:00", "end": "2026-01-01T01:00:00"}]}


@pytest.fixture(scope="module")
def lab():
    with Lab(few=True, vantages=("branch1",)) as up:
        yield up


def with_gone(devices: dict, vantages: dict) -> None:
    """A device and a host beside the others that nobody reaches."""
    devices["gone1"] = dict(GONE, access_product="squid", access_audience={"networks": ["10.0.0.0/8"]})
    vantages["gone2"] = dict(GONE)


def test_drift_then_the_reviewed_plan_then_compliant(lab, tmp_path):
    wider, before = altered(lab, "with-gone.yml", with_gone), policy_of(lab)
    # An audit is no change: it needs no window.
    code, out = play(wider, "audit", tmp_path / "first", fail_on_drift=True, change_window=OVER)
    first = verdict(tmp_path / "first")
    # Squid blocks, so what hosts see fails as well; the plan would mend it.
    assert code not in (0, 4) and first["code"] == 1 and len(first["classes"]["drift"]) == 1 and first["classes"]["symptoms"], out
    assert "verification_failed" not in first["deciding"]
    assert {text.split(":")[0] for text in first["classes"]["unreachable"]} == {"gone1", "gone2"}
    assert "Verdict 1: Needs attention" in out, out
    assert "gone1" in (tmp_path / "first" / "report.html").read_text()
    assert policy_of(lab) == before
    assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "first").iterdir()} == dict.fromkeys(
        ("SHA256SUMS", "coverage.csv", "plans.json", "report.html", "report.json", "report.junit.xml", "report.md", "verdict.json"), 0o600)
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tmp_path / "first", check=True)
    plans = json.loads((tmp_path / "first" / "plans.json").read_text())
    code, out = play(lab, "site", tmp_path, *ALONE, netaccess_preflight=False, netaccess_plans={"proxy1": "0" * 64})
    assert code != 0 and "plan changed" in out and policy_of(lab) == before, out
    code, out = play(lab, "site", tmp_path, netaccess_baselines=str(tmp_path / "baselines.json"), **plans)
    assert code == 0, out
    code, out = signed(lab, tmp_path, "second", "--check", fail_on_drift=True, netaccess_baselines=str(tmp_path / "baselines.json"))
    assert code == 0 and verdict(tmp_path / "second")["code"] == 0, out
    # Voice does not pass through Squid, which decides nothing unless told. What should stay shut is compared with what the change left.
    assert [name for name, found in verdict(tmp_path / "second")["classes"].items() if found] == ["manual"]
    assert play(lab, "audit", tmp_path / "strict", *ALONE, fail_on_drift=True, audit_strict=["manual"])[0] != 0
    # An entry that somebody took out is drift, and nothing else is.
    entries = next(path for path in sorted(lab.squid.list_dir.iterdir()) if path.is_file() and ".chatgpt.com" in path.read_text())
    whole = entries.read_text()
    entries.write_text("\n".join(line for line in whole.splitlines() if "chatgpt.com" not in line) + "\n")
    code, out = play(wider, "audit", tmp_path / "third", "--limit", "proxy1:gone1")
    found = verdict(tmp_path / "third")
    assert code in (0, 4) and found["classes"]["drift"] == ["proxy1: would update list allow (+1)"], out
    # It was written and never loaded, so it also waits.
    assert [name for name, texts in found["classes"].items() if texts] == ["drift", "manual", "pending", "unreachable"] and found["code"] == 1
    entries.write_text(whole)
    # A rollback is bound to no plan, also where plans are given.
    journal, = (lab.folder / "journals").glob("*.json")
    code, out = play(lab, "rollback", tmp_path, netaccess_journal=str(journal), netaccess_plans={})
    assert code == 0 and policy_of(lab) == before, out


def signed(lab, folder, name, *flags, **variables) -> tuple:
    """An audit whose report is signed, and the signature is good."""
    key, signers = folder / "key", folder / "signers"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    signers.write_text("auditor " + (folder / "key.pub").read_text())
    done = play(lab, "audit", folder / name, *flags, audit_signing_key=str(key), **variables)
    command = ["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", "auditor", "-n", "netaccess.chatgpt", "-s", "SHA256SUMS.sig"]
    with open(folder / name / "SHA256SUMS", "rb") as sums:
        subprocess.run(command, cwd=folder / name, stdin=sums, check=True, capture_output=True)
    return done
