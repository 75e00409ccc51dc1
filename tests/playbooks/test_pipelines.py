# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of both pipeline files, their own lines carried out on the lab; and a controller that runs playbooks by ansible-runner."""
from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import ansible_runner
import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.lab import squid
from tests.lab.device import devices
from tests.lab.lab import Lab
from tests.lab.play import altered, policy_of, report, verdict
from tests.pipelines import forge
from tests.pipelines.jobs import FOLDER, JOBS, SERVICES

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def lab():
    if squid.available() is not None:
        pytest.skip(str(squid.available()))
    with Lab(few=True, vantages=("branch1",)) as up:
        yield up


@pytest.fixture(scope="module")
def alone(lab):
    """The lab without a host behind its device, which is what takes the time, for what needs none."""
    return altered(lab, "alone.yml", lambda _devices, vantages: vantages.clear())


def test_a_controller_that_runs_jobs_by_ansible_runner_gets_the_verdict(alone, tmp_path):
    """AWX and ansible-navigator do; what ``set_stats`` leaves is in the last event, which is where AWX takes a job's artifacts from."""
    (tmp_path / "runner").mkdir()
    env = {"PATH": "%s:%s" % (BIN, os.environ["PATH"]), "ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"], "SSL_CERT_FILE": str(alone.trust)}
    for playbook, variables in (("audit", {"audit_dest": str(tmp_path / "audit")}),
                                ("site", {"netaccess_report_dir": str(tmp_path / "site")})):
        run = ansible_runner.run(private_data_dir=str(tmp_path / "runner"), ident=playbook, playbook="netaccess.chatgpt." + playbook, envvars=env,
                                 inventory=str(alone.inventory), extravars=variables, cmdline="--check --limit proxy1", quiet=True)
        assert run.rc == 0, run.stdout.read()
        last, = [event for event in run.events if event["event"] == "playbook_on_stats"]
        handed, written = last["event_data"]["artifact_data"]["netaccess_verdict"], verdict(tmp_path / playbook)
        assert (handed["code"], handed["classes"]) == (written["code"], written["classes"]) and len(written["classes"]["drift"]) == 1


PASSWORD = "the-password-of-the-vault"


class Job:
    """A repository, and the jobs of one service's file in it: each line in a shell that stops at the first command that fails, as both services run it."""

    def __init__(self, service: str, folder: Path, trust: Path, **environment):
        self.service, self.folder, self.state = service, folder, folder / "outlives"
        for path in (folder / "vault", folder / "bin", self.state):
            path.mkdir()
        (folder / "ci").symlink_to(FOLDER / "ci")
        (folder / "change.yml").write_text("change: {id: CHG1}\n")
        self.vault({})
        self._environment = dict(os.environ, PATH="%s:%s:%s" % (folder / "bin", BIN, os.environ["PATH"]), ANSIBLE_NOCOLOR="1", SSL_CERT_FILE=str(trust),
                                 GITHUB_OUTPUT=str(folder / "output"), GITHUB_STEP_SUMMARY=str(folder / "summary"), **environment)

    def vault(self, secrets: dict) -> None:
        for name in ("read", "change"):
            text = yaml.safe_dump(dict(secrets, vault_unused="x"))
            (self.folder / "vault" / (name + ".yml")).write_bytes(VaultLib([("default", VaultSecret(PASSWORD.encode()))]).encrypt(text))

    def _filled(self, value: str, inputs: dict) -> str:
        known = {"secrets.NETACCESS_VAULT_PASSWORD": PASSWORD, "github.token": forge.TOKEN, **{"inputs." + name: text for name, text in inputs.items()}}
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: known[found[1]], value)

    def run(self, job: str, inventory: Path | None, **inputs) -> tuple:
        """(exit code, everything that was printed). Installing has a test of its own."""
        link = self.folder / "inventory"
        link.unlink(missing_ok=True)
        link.symlink_to(inventory or self.folder)
        code, said = 0, ""
        for line in SERVICES[self.service](job):
            given = {name: self._filled(str(value), inputs) for name, value in line.variables.items()}
            if self.service == "GitLab":
                # The service hands masked variables and answers to every line.
                given.update(NETACCESS_VAULT_PASSWORD=PASSWORD, NETACCESS_TOKEN=forge.TOKEN, **{name.upper(): text for name, text in inputs.items()})
            if line.text.startswith("ci/netaccess install") or (code and not line.always):
                continue
            done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", line.text], cwd=self.folder, capture_output=True, text=True, check=False,
                                  env=dict(self._environment, **dict(given, NETACCESS_STATE=str(self.state))))
            code, said = code or done.returncode, said + done.stdout + done.stderr
        assert PASSWORD not in said and forge.TOKEN not in said
        return code, said

    def asked(self, job: str, **inputs) -> tuple:
        """The same without Ansible: (exit code, [the arguments of ansible-playbook and what else of Ansible was run])."""
        log = self.folder / "asked.txt"
        log.unlink(missing_ok=True)
        for name in ("ansible-playbook", "ansible"):
            (self.folder / "bin" / name).write_text('#!/bin/sh\nprintf "%%s\\n" "${0##*/} $*" >> "%s"\necho "    fw-a"\necho "    fw-a.example.com"\n' % log)
            (self.folder / "bin" / name).chmod(0o755)
        try:
            code, _said = self.run(job, None, **inputs)
        finally:
            for name in ("ansible-playbook", "ansible"):
                (self.folder / "bin" / name).unlink()
        return code, log.read_text().replace(str(self.folder), "").splitlines() if log.exists() else []


def told(code: int, folder: Path) -> None:
    (folder / "audit").mkdir(exist_ok=True)
    (folder / "audit" / "verdict.json").write_text(json.dumps({"code": code, "message": "said", "deciding": []}))
    (folder / "audit" / "report.md").write_text("proxy1")


def test_both_services_run_the_same_and_a_rollback_is_of_one_device(tmp_path):
    asked = {}
    for service, twin in (("GitHub", forge.GitHub), ("GitLab", forge.GitLab)):
        (tmp_path / service).mkdir()
        with twin() as up:
            job = Job(service, tmp_path / service, up.ca_file(tmp_path), **up.variables())
            told(2, job.folder)
            asked[service] = {name: job.asked(name, device="fw-a.example.com", journal="20260101-x.json") for name in JOBS}
            assert len(up.comments) == len(up.issues) == 1 and not up.refused
            for inputs in ({"device": "", "journal": ""}, {"device": "fw-a,fw-b", "journal": ""}, {"device": "all:!x", "journal": ""},
                           {"device": "fw-a", "journal": "../other"}, {"device": "fw-a", "journal": "x -e netaccess_preflight=false"}):
                assert job.asked("rollback", **inputs) == (1, []), inputs
            # A host that is no device: a playbook without hosts would end well.
            assert job.asked("rollback", device="branch1", journal="") == (1, ["ansible netaccess_devices -i inventory -l branch1 --list-hosts"])
            assert job.asked("rollback", device="fw-a", journal="")[1][1].endswith("-e netaccess_journal=/outlives/journals/")
    lock = {"GitHub": "concurrency-group-netaccess-chatgpt", "GitLab": "resource-group-netaccess-chatgpt"}
    assert asked["GitHub"].pop("apply")[1][0].replace(lock["GitHub"], lock["GitLab"]) == asked["GitLab"].pop("apply")[1][0]
    assert asked["GitHub"] == asked["GitLab"]
    kept = " -e access_journal=/outlives/journals -e netaccess_baselines=/outlives/baselines.json"
    audit = ["ansible-playbook -i inventory netaccess.chatgpt.audit -e @vault/read.yml%s -e audit_dest=/audit" % kept]
    assert asked["GitHub"] == {
        "plan": (0, audit), "drift": (2, audit),
        "rollback": (0, ["ansible netaccess_devices -i inventory -l fw-a.example.com --list-hosts", "ansible-playbook -i inventory netaccess.chatgpt.rollback "
                         "-l fw-a.example.com -e @vault/change.yml -e netaccess_journal=/outlives/journals/20260101-x.json"])}


def test_the_jobs_plan_apply_that_plan_and_roll_back(lab, alone, tmp_path):
    before = policy_of(lab)
    with forge.GitHub() as up:
        trust = tmp_path / "trust.pem"
        trust.write_text(lab.trust.read_text() + Path(up.ca_file(tmp_path)).read_text())
        job = Job("GitHub", tmp_path, trust, **{name: value for name, value in up.variables().items() if name != "GITHUB_ACTIONS"}, GITHUB_ACTIONS="true")
        code, out = job.run("plan", lab.inventory)
        assert code == 0 and policy_of(lab) == before and verdict(tmp_path / "audit")["code"] == 2, out
        assert "code=2" in (tmp_path / "output").read_text() and "proxy1" in (tmp_path / "summary").read_text() and "proxy1" in up.comments[0]["text"]
        # Another plan is refused: test_audit.
        code, out = job.run("apply", lab.inventory)
        assert code == 0 and policy_of(lab) != before and (tmp_path / "report" / "verdict.json").exists(), out
        # Squid has a lock of its own; where there is none, the group is named: test_preflight.
        assert "configuration lock" not in out
        journal, = (job.state / "journals").glob("*.json")
        code, out = job.run("drift", alone.inventory)
        assert code == 0 and up.issues == [] and (job.state / "baselines.json").exists(), out
        # The report knows the change: an audit reads the journals that apply wrote.
        assert "CHG1" in json.dumps(report(tmp_path / "audit")["devices"]), out
        code, out = job.run("rollback", alone.inventory, device="nobody", journal="")
        assert code != 0 and policy_of(lab) != before, out
        code, out = job.run("rollback", alone.inventory, device="proxy1", journal=journal.name)
        assert code == 0 and policy_of(lab) == before, out


def test_a_secret_comes_from_the_vault_and_is_shown_nowhere(tmp_path):
    fortios = devices()["fortios"]
    with fortios.make() as twin, forge.GitHub() as up:
        job = Job("GitHub", tmp_path, up.ca_file(tmp_path), **up.variables())
        (tmp_path / "twin").mkdir()
        job.vault({"vault_fortios_access_token": twin.token})
        device = dict(fortios.variables(twin), access_product="fortios", access_ca_path=twin.ca_file(tmp_path / "twin"), ansible_connection="local",
                      ansible_python_interpreter=sys.executable, access_fortios_access_token="{{ vault_fortios_access_token }}", access_comment="CHG1")
        inventory = tmp_path / "hosts.yml"
        inventory.write_text(yaml.safe_dump({"all": {"children": {"netaccess_devices": {"hosts": {"fgt-a": device}}, "netaccess_vantages": {}}}}))
        code, out = job.run("plan", inventory)
        assert code == 0 and report(tmp_path / "audit")["devices"][0]["state"] == "drift", out
        kept = [path.read_text() for path in (tmp_path / "audit").iterdir() if path.is_file()] + [up.comments[0]["text"], out]
        assert twin.token not in "".join(kept)
        # Without its password the vault stays shut, and the message names the variable.
        job._filled = lambda value, inputs: "" if "VAULT" in value else value
        code, out = job.run("apply", inventory)
        assert code != 0 and "NETACCESS_VAULT_PASSWORD" in out and twin.token not in out
