# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pipeline files: by the schemas of the services that read them, and their own commands carried out on the lab."""
from __future__ import annotations

import json
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
from tests.playbooks.test_audit import play, policy_of

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
    run = {rule.name: rule.actions[0].action_args["name"] for rule in rules if rule.actions[0].action == "run_playbook"}
    assert sorted(run.values()) == ["netaccess.chatgpt.audit", "netaccess.chatgpt.site"]
    assert all((ROOT / "playbooks" / (name.rpartition(".")[2] + ".yml")).exists() for name in run.values())


@pytest.fixture(scope="module")
def lab():
    if squid.available() is not None:
        pytest.skip(str(squid.available()))
    with Lab(few=True) as up:
        yield up


def test_a_controller_that_runs_jobs_by_ansible_runner_gets_the_verdict(lab, tmp_path):
    """AWX and ansible-navigator do; what ``set_stats`` leaves is in the last event, which is where AWX takes a job's artifacts from."""
    (tmp_path / "runner").mkdir()
    env = {"PATH": "%s:%s" % (BIN, os.environ["PATH"]), "ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"], "SSL_CERT_FILE": str(lab.trust)}
    for playbook, variables in (("audit", {"audit_dest": str(tmp_path / "audit"), "audit_hosts": []}),
                                ("site", {"netaccess_report_dir": str(tmp_path / "site")})):
        run = ansible_runner.run(private_data_dir=str(tmp_path / "runner"), ident=playbook, playbook="netaccess.chatgpt." + playbook, envvars=env,
                                 inventory=str(lab.inventory), extravars=variables, cmdline="--check --limit proxy1", quiet=True)
        assert run.rc == 0, run.stdout.read()
        last, = [event for event in run.events if event["event"] == "playbook_on_stats"]
        handed, written = last["event_data"]["artifact_data"]["netaccess_verdict"], json.loads((tmp_path / playbook / "verdict.json").read_text())
        assert (handed["code"], handed["classes"]) == (written["code"], written["classes"]) and len(written["classes"]["drift"]) == 1


def github(job: str) -> list:
    steps = yaml.safe_load((FOLDER / "github-actions.yml").read_text())["jobs"][job]["steps"]
    return [step["run"] for step in steps if step.get("name") in ("Audit", "Verdict", "Apply")]


def gitlab(job: str) -> list:
    return yaml.safe_load((FOLDER / "gitlab-ci.yml").read_text())[job]["script"]


@pytest.mark.parametrize("service", [github, gitlab])
def test_its_commands_audit_apply_the_reviewed_plan_and_tell_how_it_stands(lab, tmp_path, service):
    (tmp_path / "inventory").symlink_to(lab.inventory)
    (tmp_path / "change.yml").write_text("change: {id: CHG1}\n")
    (tmp_path / "bin").mkdir()
    # Where a note would be sent: what was to be sent is kept.
    (tmp_path / "bin" / "curl").write_text('#!/bin/sh\nprintf "%s\\n" "$@" > note.txt\n')
    (tmp_path / "bin" / "curl").chmod(0o755)

    def carry_out(job: str, source: str) -> tuple:
        env = dict(os.environ, PATH="%s:%s:%s" % (tmp_path / "bin", BIN, os.environ["PATH"]), ANSIBLE_NOCOLOR="1", SSL_CERT_FILE=str(lab.trust),
                   GITHUB_OUTPUT=str(tmp_path / "output"), GITHUB_STEP_SUMMARY=str(tmp_path / "summary"), CI_PIPELINE_SOURCE=source, CI_API_V4_URL="api",
                   CI_PROJECT_ID="7", CI_MERGE_REQUEST_IID="8", NETACCESS_NOTE_TOKEN="token")
        # As both services do it: one shell that stops at the first command that fails.
        done = subprocess.run(["bash", "-e", "-c", "\n".join(service(job))], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    before = policy_of(lab)
    assert carry_out("audit", "schedule")[0] == (1 if service is gitlab else 0)
    code, out = carry_out("audit", "merge_request_event")
    assert code == 0 and policy_of(lab) == before, out
    if service is gitlab:
        assert "body@audit/report.md" in (tmp_path / "note.txt").read_text() and "api/projects/7/merge_requests/8/notes" in (tmp_path / "note.txt").read_text()
    else:
        assert "code=1" in (tmp_path / "output").read_text() and "proxy1" in (tmp_path / "summary").read_text()
    code, out = carry_out("apply", "push")
    assert code == 0 and policy_of(lab) != before and (tmp_path / "report" / "verdict.json").exists(), out
    assert "group-netaccess-chatgpt" in out and "not protected against a second run" not in out
    code, out = carry_out("audit", "schedule")
    assert code == 0, out
    if service is github:
        assert (tmp_path / "output").read_text().splitlines()[-1] == "code=0"
    plans = tmp_path / "audit" / "plans.json"
    plans.write_text(plans.read_text().replace(json.loads(plans.read_text())["netaccess_plans"]["proxy1"], "0" * 64))
    assert carry_out("apply", "push")[0] != 0
    code, out = play(lab, "rollback", tmp_path, netaccess_journal=str(lab.folder / "journals"))
    assert code == 0, out
