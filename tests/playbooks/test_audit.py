# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook audit.yml on a real Squid: it writes nothing to the device, tells drift from trouble, and its plan is what the change then carries out."""
from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.lab import squid
from tests.lab.lab import Lab

pytestmark = pytest.mark.skipif(squid.available() is not None, reason=str(squid.available()))


@pytest.fixture(scope="module")
def lab():
    """One device that is there and one that nobody reaches."""
    with Lab(few=True) as up:
        yield up


def play(lab, name, folder, *flags, **variables):
    done = subprocess.run([str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(lab.inventory), "netaccess.chatgpt." + name, *flags, "-e",
                           json.dumps(dict({"audit_dest": str(folder)}, **variables))], capture_output=True, text=True, check=False,
                          env=dict(os.environ, ANSIBLE_NOCOLOR="1", SSL_CERT_FILE=str(lab.trust)))
    return done.returncode, done.stdout + done.stderr


def verdict(folder) -> dict:
    return json.loads((folder / "verdict.json").read_text())


def policy_of(lab) -> str:
    """Digest of every file of the site's and ours that Squid reads."""
    paths = [lab.squid.config, lab.squid.drop_in, *(sorted(lab.squid.list_dir.iterdir()) if lab.squid.list_dir.exists() else [])]
    return hashlib.sha256(b"".join(str(path).encode() + path.read_bytes() for path in paths if path.exists())).hexdigest()


def test_drift_then_the_reviewed_plan_then_in_step(lab, tmp_path):
    before = policy_of(lab)
    code, out = play(lab, "audit", tmp_path / "first", fail_on_drift=True)
    first = verdict(tmp_path / "first")
    # Squid blocks, so what hosts see fails as well: that is no mere drift.
    assert code != 0 and first["code"] == 1 and len(first["classes"]["drift"]) == 1 and first["classes"]["verification_failed"], out
    assert policy_of(lab) == before
    assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "first").iterdir()} == dict.fromkeys(
        ("SHA256SUMS", "coverage.csv", "plans.json", "report.html", "report.json", "report.junit.xml", "report.md", "verdict.json"), 0o600)
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tmp_path / "first", check=True)
    plans = json.loads((tmp_path / "first" / "plans.json").read_text())
    code, out = play(lab, "site", tmp_path, netaccess_plans={"proxy1": "0" * 64})
    assert code != 0 and "plan changed" in out and policy_of(lab) == before
    code, out = play(lab, "site", tmp_path, netaccess_plans={})
    assert code != 0 and "plan changed" in out and policy_of(lab) == before
    code, out = play(lab, "site", tmp_path, **plans)
    assert code == 0, out
    # The way back is bound to no plan, also where plans are given.
    journal, = (lab.folder / "journals").glob("*.json")
    code, out = play(lab, "rollback", tmp_path, netaccess_journal=str(journal), netaccess_plans={})
    assert code == 0, out
    code, out = play(lab, "site", tmp_path, **plans)
    assert code == 0, out
    code, out = play(lab, "audit", tmp_path / "second", "--check", fail_on_drift=True)
    assert code == 0 and verdict(tmp_path / "second")["code"] == 0, out
    # Voice does not pass through Squid; that is for a person, is said, and decides nothing unless told.
    assert [name for name, found in verdict(tmp_path / "second")["classes"].items() if found] == ["manual"]
    assert play(lab, "audit", tmp_path / "strict", fail_on_drift=True, audit_strict=["manual"])[0] != 0
    # An entry that somebody took out is drift, and nothing else is.
    entries = next(path for path in sorted(lab.squid.list_dir.iterdir()) if path.is_file() and ".chatgpt.com" in path.read_text())
    entries.write_text("\n".join(line for line in entries.read_text().splitlines() if "chatgpt.com" not in line) + "\n")
    code, out = play(lab, "audit", tmp_path / "third", audit_hosts=[])
    found = verdict(tmp_path / "third")
    assert code == 0 and found["classes"]["drift"] == ["proxy1: update list allow (+1)"], out
    # It was written and never loaded, so it also waits.
    assert [name for name, texts in found["classes"].items() if texts] == ["drift", "manual", "pending"] and found["code"] == 1


def test_a_device_and_a_host_that_are_not_there_are_in_the_report(lab, tmp_path):
    inventory = yaml.safe_load(lab.inventory.read_text())
    gone = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1, "access_product": "squid",
            "access_audience": {"networks": ["10.0.0.0/8"]}}
    inventory["all"]["children"]["netaccess_devices"]["hosts"]["gone1"] = gone
    inventory["all"]["children"]["netaccess_vantages"]["hosts"]["gone2"] = {key: gone[key] for key in ("ansible_connection", "ansible_host", "ansible_port")}
    path = lab.inventory.parent / "with-gone.yml"
    path.write_text(yaml.safe_dump(inventory))
    lab_with = type("Lab", (), {"inventory": path, "trust": lab.trust})
    code, out = play(lab_with, "audit", tmp_path / "audit")
    assert code in (0, 4), out
    found = verdict(tmp_path / "audit")
    assert found["code"] == 1 and {text.split(":")[0] for text in found["classes"]["unreachable"]} == {"gone1", "gone2"}
    assert "gone1" in (tmp_path / "audit" / "report.html").read_text()


def test_a_signed_report(lab, tmp_path):
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    code, out = play(lab, "audit", tmp_path / "audit", audit_signing_key=str(key), audit_hosts=[])
    assert code == 0, out
    signers = tmp_path / "signers"
    signers.write_text("auditor " + (tmp_path / "key.pub").read_text())
    command = ["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", "auditor", "-n", "netaccess.chatgpt", "-s", "SHA256SUMS.sig"]
    with open(tmp_path / "audit" / "SHA256SUMS", "rb") as sums:
        subprocess.run(command, cwd=tmp_path / "audit", stdin=sums, check=True, capture_output=True)
    code, out = play(lab, "audit", tmp_path / "audit", audit_signing_key=str(tmp_path / "none"), audit_hosts=[])
    assert code != 0 and "signing_key" in out
