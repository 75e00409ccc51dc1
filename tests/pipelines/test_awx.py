# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWX as code: by what the modules of awx.awx take, by what the collection knows, on a twin of the API, and as a workflow on the lab."""
from __future__ import annotations

import ast
import contextlib
import json
import os
import subprocess
from pathlib import Path

import ansible_runner
import jinja2
import pytest
import yaml

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import names
from tests.lab import squid
from tests.lab.lab import ROOT, Lab
from tests.lab.play import GONE, PROGRAM, altered, policy_of
from tests.pipelines.awx import CONTEXT, TOKEN, Awx, rendered, walk
from tests.pipelines.jobs import FOLDER, secrets_of_the_example

AWX = FOLDER / "awx"
PEERS = ROOT / ".build" / "peers"
MODULES = PEERS / "ansible_collections" / "awx" / "awx" / "plugins" / "modules"
#: As a project of AWX lists them.
PLAYBOOKS = sorted("awx/playbooks/%s" % path.name for path in (AWX / "playbooks").iterdir())

needs_modules = pytest.mark.skipif(not MODULES.exists(), reason="awx.awx is not here: scripts/install-peers")


class Loader(yaml.SafeLoader):
    """Text that Ansible leaves alone is text."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def read(name: str):
    return yaml.load((AWX / name).read_text(), Loader)


PLAY, = read("configure.yml")
TYPES = read("credential_types.yml")["awx_credential_types"]
TASKS = {next(key for key in task if key.startswith("awx.")).rpartition(".")[2]: task for task in PLAY["tasks"]}


def given(module: str) -> dict:
    return TASKS[module]["awx.awx." + module]


def documented(module: str) -> dict:
    """The options of a module, from its own documentation."""
    tree = ast.parse((MODULES / (module + ".py")).read_text())
    text, = [node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "DOCUMENTATION"]
    return yaml.safe_load(ast.literal_eval(text))["options"]


def misfits(values: dict, options: dict, where: str) -> list:
    """What of these values the options do not take; text with a template in it may be anything."""
    known = {alias: one for name, one in options.items() for alias in (name, *one.get("aliases", []))}
    found = ["%s: no option %s" % (where, name) for name in set(values) - set(known)]
    found += ["%s: %s is missing" % (where, name) for name, one in options.items() if one.get("required") and name not in values]
    kinds = {"str": str, "bool": bool, "int": int, "dict": dict, "list": list, "float": float}
    for name, value in values.items():
        one = known.get(name, {})
        if name not in known or (isinstance(value, str) and "{{" in value):
            continue
        if not isinstance(value, kinds[one.get("type", "str")]) or value not in one.get("choices", [value]):
            found.append("%s: %s is %r" % (where, name, value))
        for entry in (value if isinstance(value, list) else [value]) if one.get("suboptions") else []:
            found += misfits(entry, one["suboptions"], "%s.%s" % (where, name)) if isinstance(entry, dict) else []
    return found


@needs_modules
def test_the_modules_take_every_option():
    assert len(TASKS) == len(PLAY["tasks"])
    assert [found for module in TASKS for found in misfits(given(module), documented(module), module)] == []
    assert misfits({"name": 1, "inputz": {}, "kind": "clouds"}, documented("credential_type"), "x") == [
        "x: no option inputz", "x: name is 1", "x: kind is 'clouds'"]


def test_a_credential_type_for_each_secret_that_the_example_inventory_names():
    wanted = secrets_of_the_example()
    fields = [field for one in TYPES for field in one["fields"]]
    assert {field["id"] for field in fields} == wanted and len(fields) == len(wanted) and all(field["secret"] is True for field in fields)
    for one in TYPES:
        values = {field["id"]: "value of %s" % field["id"] for field in one["fields"]}
        assert {name: rendered(text, values) for name, text in one["extra_vars"].items()} == values


def test_every_variable_is_one_of_the_collection_and_each_answer_has_its_type():
    templates = {one["name"]: one for one in TASKS["job_template"]["loop"]}
    assert names.unknown({name for one in templates.values() for name in one["extra_vars"]}) == []
    # What an audit compares with is what a change has left.
    audit, change = (templates["ChatGPT access, " + name]["extra_vars"] for name in ("audit", "change"))
    assert all(audit[name] == change[name] for name in ("access_journal", "netaccess_baselines"))
    kinds = {"text": ("str", "path"), "integer": ("int",), "multiplechoice": ("str",)}
    types, choices = dict(names.TYPES), {}
    for path in (ROOT / "roles").glob("*/meta/argument_specs.yml"):
        for name, one in yaml.safe_load(path.read_text())["argument_specs"]["main"]["options"].items():
            types[name], choices[name] = one["type"], one.get("choices")
    choices["on_failure"] = ["revert_if_regressed", "revert", "keep"]
    questions = [question for one in templates.values() for question in one.get("survey", [])] + given("workflow_job_template")["survey_spec"]["spec"]
    assert {question["variable"] for question in questions} == {"netaccess_journal", "access_comment", "on_failure", "netaccess_max_failures"}
    for question in questions:
        assert types[question["variable"]] in kinds[question["type"]], question
        assert question.get("choices") == choices.get(question["variable"]), question
    assert given("schedule")["extra_data"] == {"fail_on_drift": True}


def test_a_rollback_names_its_journal():
    """A folder without a limit would take back the newest change of every device."""
    rollback, = [one for one in TASKS["job_template"]["loop"] if one["playbook"] == "rollback"]
    question, = rollback["survey"]
    assert question["variable"] == "netaccess_journal" and question["required"] and "default" not in question
    assert "netaccess_journal" not in rollback["extra_vars"]


def test_a_notification_says_the_verdict():
    """As AWX renders it: what a job lacks is empty."""
    said, verdict = PLAY["vars"]["awx_said"], {"code": 2, "message": 'drift on "proxy1"'}
    for artifacts, text in (({"netaccess_verdict": verdict}, 'drift on "proxy1"'), ({}, "failed")):
        body = rendered(said, dict(CONTEXT, job=dict(CONTEXT["job"], status="failed", artifacts=artifacts)), jinja2.ChainableUndefined)
        assert json.loads(body)["text"].endswith(": " + text)


def test_each_playbook_of_the_project_is_one_of_the_collection():
    for name in ("audit", "site", "rollback"):
        play, = read("playbooks/%s.yml" % name)
        assert play["ansible.builtin.import_playbook"] == "netaccess.chatgpt." + name and (ROOT / "playbooks" / (name + ".yml")).exists()
    assert {"awx/playbooks/%s.yml" % one["playbook"] for one in TASKS["job_template"]["loop"]} == set(PLAYBOOKS)


def configure(awx: Awx, folder: Path, *flags) -> subprocess.CompletedProcess:
    env = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(PEERS), ANSIBLE_NOCOLOR="1", CONTROLLER_HOST=awx.url, CONTROLLER_OAUTH_TOKEN=TOKEN,
               SSL_CERT_FILE=awx.ca_file(folder))
    return subprocess.run([PROGRAM, str(AWX / "configure.yml"), *flags], env=env, capture_output=True, text=True, check=False)


@contextlib.contextmanager
def empty():
    """AWX as it is before anything of ours is in it."""
    with Awx(PLAYBOOKS) as up:
        up.add("organizations", name="Network")
        for name in read("settings.yml")["awx_instances"]:
            up.add("instances", hostname=name)
        yield up


@pytest.fixture(scope="module")
def awx(tmp_path_factory):
    with empty() as up:
        for name in {*read("settings.yml")["awx_credentials_read"], *read("settings.yml")["awx_credentials_change"]}:
            up.add("credentials", name=name)
        done = configure(up, tmp_path_factory.mktemp("awx"))
        assert done.returncode == 0 and not up.refused, "%s\n%s\n%s" % (up.refused, done.stdout, done.stderr)
        yield up


@needs_modules
@pytest.mark.exhaustive
def test_the_first_run_needs_no_credentials_since_it_creates_their_types(tmp_path):
    with empty() as up:
        done = configure(up, tmp_path, "-e", json.dumps({"awx_credentials_read": [], "awx_credentials_change": []}))
        assert done.returncode == 0 and not up.refused and len(up.objects["credential_types"]) == len(TYPES), "%s\n%s" % (done.stdout, done.stderr)


@needs_modules
@pytest.mark.exhaustive
def test_the_modules_configure_awx_and_a_second_run_changes_nothing_but_the_graph(awx, tmp_path):
    assert len(awx.objects["credential_types"]) == len(TYPES) and len(awx.objects["job_templates"]) == 4
    for name, told in (("audit", []), ("branch", None), ("change", ["ChatGPT access"]), ("rollback", ["ChatGPT access"])):
        template = awx.named("job_templates", "ChatGPT access, " + name)
        assert template["allow_simultaneous"] is False and template["prevent_instance_group_fallback"] is True
        assert awx.linked("job_templates", template["name"], "instance_groups") == ["chatgpt-access"]
        own = {"audit": "awx_credentials_read", "change": "awx_credentials_change", "rollback": "awx_credentials_change"}.get(name)
        assert sorted(awx.linked("job_templates", template["name"], "credentials")) == (sorted(read("settings.yml")[own]) if own else [])
        assert awx.linked("job_templates", template["name"], "notification_templates_error") == ([] if told is None else ["ChatGPT access"])
        assert awx.linked("job_templates", template["name"], "notification_templates_success") == (told or [])
    assert awx.named("instance_groups", "chatgpt-access")["max_concurrent_jobs"] == 1
    assert awx.linked("workflow_job_templates", "ChatGPT access", "notification_templates_approvals") == ["ChatGPT access"]
    awx.writes.clear()
    done = configure(awx, tmp_path)
    assert done.returncode == 0 and not awx.refused, done.stdout
    assert {path.split("/")[3] for _method, path, _body in awx.writes} == {"workflow_job_template_nodes"}


@pytest.fixture(scope="module")
def lab():
    with Lab(few=True, vantages=("branch1",)) as up:
        yield up


@needs_modules
@pytest.mark.exhaustive
@pytest.mark.skipif(squid.available() is not None, reason=str(squid.available()))
class TestTheWorkflow:
    """What it does with a real Squid."""

    @pytest.fixture
    def launch(self, lab, tmp_path):
        def launch(template: dict, variables: dict) -> tuple:
            (tmp_path / "runner").mkdir(exist_ok=True)
            # The folder of the jobs is one of the test, and the number of the change that of the survey.
            variables = {name: value.replace("/var/lib/netaccess", str(tmp_path)) if isinstance(value, str) else value for name, value in variables.items()}
            env = {"PATH": "%s:%s" % (Path(PROGRAM).parent, os.environ["PATH"]), "ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"],
                   "SSL_CERT_FILE": str(lab.trust)}
            done = ansible_runner.run(private_data_dir=str(tmp_path / "runner"), playbook=str(AWX.parent / template["playbook"]), envvars=env,
                                      inventory=str(self.inventory), extravars=variables, quiet=True)
            self.said.append(done.stdout.read())
            last, = [event for event in done.events if event["event"] == "playbook_on_stats"]
            return done.rc == 0, last["event_data"].get("artifact_data", {})
        self.inventory, self.folder, self.said = lab.inventory, tmp_path, []
        return launch

    @pytest.fixture
    def run(self, awx, launch):
        def run(approve=lambda name: True) -> list:
            return walk(awx, "ChatGPT access", {"access_comment": "CHG77", "on_failure": "revert_if_regressed", "netaccess_max_failures": 0}, launch, approve)
        return run

    def test_an_approval_is_about_the_plans_of_its_audit_and_the_verdict_leads_the_way(self, lab, run):
        before, to_the_approval = policy_of(lab), [("audit", True), ("understood", True), ("drift", True)]
        assert run(lambda name: False) == [*to_the_approval, ("approve", False)] and policy_of(lab) == before

        def meanwhile(_name) -> bool:
            wider = {"access_audience": {"networks": ["127.0.0.0/8"]}}
            self.inventory = altered(lab, "wider.yml", lambda devices, _hosts: devices["proxy1"].update(wider)).inventory
            return True
        assert run(meanwhile) == [*to_the_approval, ("approve", True), ("change", False)], self.said[-1]
        assert policy_of(lab) == before and "plan changed" in self.said[-1], self.said[-1]
        self.inventory = lab.inventory
        assert run() == [*to_the_approval, ("approve", True), ("change", True)], self.said[-1]
        assert policy_of(lab) != before
        # In the folder that outlives the job, under the number of the survey.
        journal, = (self.folder / "journals").glob("*.json")
        assert "CHG77" in journal.read_text()
        assert run() == [("audit", True), ("understood", True), ("drift", False), ("compliant", True)]

    def test_what_is_no_drift_alone_ends_the_workflow(self, lab, run):
        self.inventory = altered(lab, "gone.yml", lambda devices, hosts: (hosts.clear(), devices["proxy1"].update(GONE))).inventory
        assert run() == [("audit", True), ("understood", False)]

    def test_the_daily_audit_fails_and_leaves_its_verdict_to_the_notification(self, lab, launch):
        self.inventory = altered(lab, "gone.yml", lambda devices, hosts: (hosts.clear(), devices["proxy1"].update(GONE))).inventory
        well, artifacts = launch({"playbook": "awx/playbooks/audit.yml"}, dict(given("schedule")["extra_data"], audit_dest=str(self.folder / "daily")))
        assert not well and artifacts["netaccess_verdict"]["code"] == 1
