# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pipeline files: by the schemas of the services that read them, and their own commands carried out on the lab."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import ansible_runner
import pytest
import yaml
from ansible_rulebook import rules_parser
from ansible_rulebook.exception import ConditionParsingException
from ansible_rulebook.validators import Validate

from tests.lab import squid
from tests.lab.lab import ROOT, Lab
from tests.lab.play import altered, policy_of, verdict

FOLDER = ROOT / "docs" / "pipelines"
BIN = Path(sys.executable).parent


@pytest.mark.parametrize("name,flags", [("github-actions.yml", ["vendor.github-workflows"]),
                                        ("gitlab-ci.yml", ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"])])
def test_the_service_would_read_it(name, flags):
    done = subprocess.run([str(BIN / "check-jsonschema"), "--builtin-schema", *flags, str(FOLDER / name)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_rulebook_is_one_and_runs_playbooks_that_are_there():
    rulebook = yaml.safe_load((ROOT / "extensions" / "eda" / "rulebooks" / "drift.yml").read_text())
    Validate.rulebook(rulebook)
    given = {"webhook_token": "t", "report_folder": "/r", "standing_change": "CHG1"}
    rules = rules_parser.parse_rules(rulebook[0]["rules"], given)
    with pytest.raises(ConditionParsingException):
        rules_parser.parse_rules([dict(rulebook[0]["rules"][0], condition="event.payload.kind ===")], given)
    # Which events match, and what the playbooks then do, shows test_rulebook.
    run = {action["name"]: action["extra_vars"] for action in (rule.actions[0].action_args for rule in rules) if "name" in action}
    assert run == {
        "netaccess.chatgpt.audit": {"audit_dest": "{{ report_folder }}"},
        "netaccess.chatgpt.site": {"change": {"id": "{{ standing_change }}"}, "netaccess_plans": "{{ event.payload.plans }}",
                                   "netaccess_report_dir": "{{ report_folder }}"}}
    assert all((ROOT / "playbooks" / (name.rpartition(".")[2] + ".yml")).exists() for name in run)


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


def github(job: str) -> list:
    steps = yaml.safe_load((FOLDER / "github-actions.yml").read_text())["jobs"][job]["steps"]
    return [step["run"] for step in steps if step.get("name") in ("Audit", "Verdict", "Apply")]


def gitlab(job: str) -> list:
    return yaml.safe_load((FOLDER / "gitlab-ci.yml").read_text())[job]["script"]


class Job:
    """Carries out the commands of a service's file in one shell that stops at the first that fails, as both services do."""

    def __init__(self, service, folder: Path, trust: Path):
        self._service, self._folder, self._trust, self.stub = service, folder, trust, folder / "stub"
        self.stub.mkdir()
        # Where a note would be sent: what was to be sent is kept.
        self._program("curl", 'printf "%s\\n" "$@" > note.txt')

    def _program(self, name: str, line: str) -> None:
        (self.stub / name).write_text("#!/bin/sh\n%s\n" % line)
        (self.stub / name).chmod(0o755)

    def run(self, job: str, source: str, inventory: Path) -> tuple:
        link = self._folder / "inventory"
        link.unlink(missing_ok=True)
        link.symlink_to(inventory)
        env = dict(os.environ, PATH="%s:%s:%s" % (self.stub, BIN, os.environ["PATH"]), ANSIBLE_NOCOLOR="1", SSL_CERT_FILE=str(self._trust),
                   GITHUB_OUTPUT=str(self._folder / "output"), GITHUB_STEP_SUMMARY=str(self._folder / "summary"), CI_PIPELINE_SOURCE=source,
                   CI_API_V4_URL="api", CI_PROJECT_ID="7", CI_MERGE_REQUEST_IID="8", NETACCESS_NOTE_TOKEN="token")
        done = subprocess.run(["bash", "-e", "-c", "\n".join(self._service(job))], cwd=self._folder, env=env, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def without_ansible(self, job: str, source: str) -> tuple:
        """The same when the audit is what it was. (exit code, the arguments of ansible-playbook)"""
        self._program("ansible-playbook", 'printf "%s\\n" "$@" > arguments.txt')
        try:
            return self.run(job, source, self._folder)[0], (self._folder / "arguments.txt").read_text().splitlines()
        finally:
            (self.stub / "ansible-playbook").unlink()


def test_the_commands_of_the_other_service_are_the_same_and_it_tells_how_it_stands(tmp_path):
    """Those of GitHub are carried out below."""
    jobs = {}
    for service in (github, gitlab):
        folder = tmp_path / service.__name__
        (folder / "audit").mkdir(parents=True)
        (folder / "audit" / "verdict.json").write_text('{"code": 7}')
        (folder / "audit" / "report.md").write_text("proxy1")
        jobs[service] = Job(service, folder, folder / "trust.pem")

    def asked(service, job, source):
        code, arguments = jobs[service].without_ansible(job, source)
        return code, [line.replace(str(tmp_path / service.__name__), "").replace("concurrency-group", "resource-group") for line in arguments]
    audit, apply = asked(github, "audit", "schedule"), asked(github, "apply", "push")
    assert asked(gitlab, "audit", "schedule") == (7, audit[1]) and asked(gitlab, "apply", "push") == apply == (0, apply[1])
    assert asked(gitlab, "audit", "merge_request_event") == (0, audit[1])
    note = (tmp_path / "gitlab" / "note.txt").read_text()
    assert "body@audit/report.md" in note and "api/projects/7/merge_requests/8/notes" in note


def test_its_commands_audit_apply_the_reviewed_plan_and_tell_how_it_stands(lab, alone, tmp_path):
    job, before = Job(github, tmp_path, lab.trust), policy_of(lab)
    (tmp_path / "change.yml").write_text("change: {id: CHG1}\n")
    code, out = job.run("audit", "merge_request_event", lab.inventory)
    assert code == 0 and policy_of(lab) == before and verdict(tmp_path / "audit")["code"] == 2, out
    assert "code=2" in (tmp_path / "output").read_text() and "proxy1" in (tmp_path / "summary").read_text()
    # Another plan is refused: test_audit.
    code, out = job.run("apply", "push", lab.inventory)
    assert code == 0 and policy_of(lab) != before and (tmp_path / "report" / "verdict.json").exists(), out
    assert "group-netaccess-chatgpt" in out and "this product has no configuration lock" not in out and "this product has no configuration lock" not in out
    code, out = job.run("audit", "schedule", alone.inventory)
    assert code == 0, out
    assert (tmp_path / "output").read_text().splitlines()[-1] == "code=0"
