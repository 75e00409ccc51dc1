# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/pipelines/ci/tell.py as a job of each service runs it: one comment that is updated, one issue that is opened and closed."""
from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipelines import forge
from tests.pipelines.jobs import FOLDER, tell_command
from tests.products.server import Fault, Reply

PLAN, DRIFT = "<!-- netaccess.chatgpt: plan -->", "<!-- netaccess.chatgpt: drift -->"


SPEC = importlib.util.spec_from_file_location("tell", FOLDER / "ci" / "tell.py")
tell = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tell)


class Told:
    """A service, and a job in ``folder``."""

    def __init__(self, service, folder: Path, patch):
        self.service, self.folder, self.token, self._patch = service, folder, forge.TOKEN, patch
        (folder / "ci").symlink_to(FOLDER / "ci")
        self.trust = service.ca_file(folder)
        self.report(2, "proxy1: 3 patterns are missing")

    def report(self, code: int, text: str, deciding: tuple = ("drift",)) -> None:
        (self.folder / "audit").mkdir(exist_ok=True)
        (self.folder / "audit" / "verdict.json").write_text(json.dumps({"code": code, "message": "said", "deciding": deciding}))
        (self.folder / "audit" / "report.md").write_text(text)

    def _variables(self, more: dict) -> dict:
        found = {"SSL_CERT_FILE": self.trust, "NETACCESS_TOKEN": self.token, **self.service.variables(), **more}
        return {name: value for name, value in found.items() if value is not None}

    def shell(self, kind: str) -> tuple:
        """(exit code, what was printed) of the very line of the service's file."""
        env = self._variables({"PATH": "%s:%s" % (Path(sys.executable).parent, os.environ["PATH"])})
        done = subprocess.run(["bash", "-e", "-c", tell_command(type(self.service).__name__, kind)], cwd=self.folder, env=env,
                              capture_output=True, text=True, check=False)
        return self._said(done.returncode, done.stdout + done.stderr)

    def tell(self, kind: str, **more) -> tuple:
        """The same in this process, which costs a tenth."""
        with self._patch.context() as patch:
            patch.chdir(self.folder)
            for name in ("GITHUB_ACTIONS", "GITLAB_CI", "NETACCESS_TOKEN"):
                patch.delenv(name, raising=False)
            for name, value in self._variables(more).items():
                patch.setenv(name, value)
            try:
                return self._said(tell.main([kind, "audit"]), "")
            except SystemExit as end:
                return self._said(1, str(end.code))

    def _said(self, code: int, text: str) -> tuple:
        assert not self.service.refused, self.service.refused
        assert forge.TOKEN not in text
        return code, text


@pytest.fixture(params=[forge.GitHub, forge.GitLab], ids=["GitHub", "GitLab"])
def told(request, tmp_path, monkeypatch):
    with request.param() as service:
        yield Told(service, tmp_path, monkeypatch)


def test_the_lines_of_both_files_tell(told):
    told.report(2, "proxy1: 3 patterns are missing")
    assert told.shell("plan") == (0, "") and told.shell("plan") == (0, "") and told.shell("drift") == (2, "")
    assert len(told.service.comments) == len(told.service.issues) == 1


def test_the_plan_is_one_comment_that_a_later_push_updates(told):
    # Somebody quotes it, and others talk: more than a page of comments.
    told.service.comment(PLAN + "\nnot ours")
    for number in range(120):
        told.service.comment("talk %d" % number)
    assert told.tell("plan") == (0, "")
    last = told.service.comments[-1]
    assert last["by"] == forge.BOT and last["text"].startswith(PLAN + "\nproxy1: 3 patterns are missing") and "/55)" in last["text"]
    # The commands of the report are not for this repository.
    assert "`apply` carries out the plan" in last["text"] and "`rollback` undoes" in last["text"]
    for number in range(110):
        told.service.comment("more %d" % number)
    told.report(1, "proxy1: a conflict")
    assert told.tell("plan") == (0, "")
    assert "proxy1: a conflict" in last["text"] and "3 patterns" not in last["text"]
    assert [one["text"] for one in told.service.comments if one["by"] == forge.SOMEBODY][:2] == [PLAN + "\nnot ours", "talk 0"]
    assert len(told.service.comments) == 232 and len(told.service.writes) == 2


def test_drift_is_one_issue_that_is_opened_updated_and_closed(told):
    told.service.issue("x", DRIFT + "\nnot ours")
    for number in range(105):
        told.service.issue("other", "issue %d" % number, request=number % 2)
    before = len(told.service.issues)
    told.report(0, "compliant")
    assert told.tell("drift") == (0, "") and told.service.writes == []
    told.report(2, "proxy1: 3 patterns are missing")
    assert told.tell("drift")[0] == 2
    ours, = told.service.issues[before:]
    assert ours["open"] and ours["title"] == "ChatGPT access: drift" and ours["text"].startswith(DRIFT + "\nproxy1: 3 patterns are missing")
    assert "`change` plans again" in ours["text"] and "`rollback` undoes" in ours["text"]
    told.report(1, "proxy1 does not answer")
    assert told.tell("drift")[0] == 1
    assert ours["open"] and ours["title"] == "ChatGPT access: the audit needs attention" and "does not answer" in ours["text"]
    told.report(0, "compliant")
    assert told.tell("drift")[0] == 0 and not ours["open"]
    # The next drift is another issue: the closed one is a record.
    told.report(2, "again")
    assert told.tell("drift")[0] == 2 and len(told.service.issues) == before + 2 and not ours["open"]
    assert all(one["open"] for one in told.service.issues if one["by"] == forge.SOMEBODY)


@pytest.mark.parametrize("broken", ["no report", "interrupted", "no JSON", "a code of its own"])
def test_an_audit_without_a_report_is_told_of_and_never_compliant(told, broken):
    folder = told.folder / "audit"
    if broken == "no report":
        (folder / "report.md").unlink()
        told.report(0, "")
        (folder / "report.md").unlink()
    elif broken == "interrupted":
        told.report(1, "that of the day before", ("interrupted",))
    elif broken == "no JSON":
        (folder / "verdict.json").write_text("{")
    else:
        told.report(7, "strange")
    assert told.tell("drift")[0] == 1
    one, = told.service.issues
    assert one["title"] == "ChatGPT access: the audit needs attention" and "that of the day before" not in one["text"]


def test_what_a_service_would_not_take_is_cut_off(told):
    told.report(2, "x" * 200000)
    assert told.tell("plan") == (0, "")
    text = told.service.comments[0]["text"]
    assert len(text) < 65536 and "cut off" in text


def test_a_job_that_cannot_tell_fails_and_says_why(told):
    told.token = "wrong"
    code, said = told.tell("drift")
    assert code == 1 and "401" in said and told.service.issues == []
    told.token = None
    code, said = told.tell("plan")
    assert code == 1 and "NETACCESS_TOKEN" in said


def test_a_plan_belongs_to_a_request(told):
    code, said = told.tell("plan", GITHUB_REF="refs/heads/main", CI_MERGE_REQUEST_IID=None)
    # The line of GitLab's file asks first.
    assert (code, told.service.writes) == (1, []) and "request" in said


def test_no_token_goes_to_another_server(told):
    with type(told.service)() as other:
        reply = Reply(302, b"", {"Location": other.url + "/"})
        told.service.faults.append(Fault("status", reply=reply))
        code, said = told.tell("drift")
        assert code == 1 and "302" in said and not other.log
