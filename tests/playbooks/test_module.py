# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it: check mode and diff, each state, and a Squid that belongs to an ordinary user."""
from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.lab.client import decide
from tests.lab.lab import Lab
from tests.lab.play import PROGRAM
from tests.lab.releases import INSTALLED, others, usable

POLICY = {"allow": ["*.chatgpt.com", "chatgpt.com"], "exempt": ["*.chatgpt.com", "chatgpt.com"]}
#: Without root the module runs as the user that owns Squid and its files.
AS_NOBODY = {"become": True, "become_user": "nobody", "become_method": "ansible.builtin.su", "become_flags": "-s /bin/sh",
             "vars": {"ansible_python_interpreter": "/usr/bin/python3"}}


class Proxy:
    """A running Squid and the module on it. ``nobody``: the module runs as an ordinary user."""

    def __init__(self, lab: Lab, folder: Path, nobody: bool):
        self.lab, self._folder, self.nobody = lab, folder, nobody
        self.journals = lab.squid.folder / "journals"

    def run(self, *tasks, flags=()) -> list:
        """Carry out the tasks in one play, and return their results and what Ansible showed. A task is a dictionary of options: ``state`` is merged unless
        told, and ``check`` is Ansible's own keyword."""
        out, book = self._folder / "result.json", self._folder / "play.yml"
        out.unlink(missing_ok=True)
        steps = [self._task("result%d" % number, **options) for number, options in enumerate(tasks)]
        keep = "{{ [%s] | to_json }}" % ", ".join("result%d" % number for number in range(len(tasks)))
        steps.append({"ansible.builtin.copy": {"content": keep, "dest": str(out), "mode": "0600"}, "check_mode": False, "diff": False})
        book.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": steps, "vars": {"ansible_python_interpreter": sys.executable}}]))
        done = subprocess.run([PROGRAM, "-i", "localhost,", "-c", "local", str(book), *flags],
                              env=dict(os.environ, ANSIBLE_NOCOLOR="1"), capture_output=True, text=True, check=False)
        assert out.exists(), done.stdout + done.stderr
        return [*json.loads(out.read_text()), done.stdout]

    def _task(self, name: str, state="merged", check=None, **options) -> dict:
        squid = self.lab.squid
        options = dict({"config_file": str(squid.config), "drop_in": str(squid.drop_in), "list_dir": str(squid.list_dir), "squid": squid.program,
                        "service_name": squid.name, "journal": str(self.journals), "state": state}, **options)
        if state in ("merged", "replaced", "rendered"):
            options = dict({"config": POLICY, "audience": {"networks": ["127.0.0.2"]}}, **options)
        task = dict({"netaccess.chatgpt.squid_access": options, "register": name, "ignore_errors": True}, **(AS_NOBODY if self.nobody else {}))
        return task if check is None else dict(task, check_mode=check)

    def decide(self, host="chatgpt.com", source="127.0.0.2"):
        return decide(host, self.lab.squid.port, source)


EACH = [pytest.param((INSTALLED, False), id="the user who runs the tests", marks=pytest.mark.exhaustive), pytest.param((INSTALLED, True), id="nobody")]


@pytest.fixture(scope="module", params=EACH + [pytest.param((release, True), id=name, marks=pytest.mark.exhaustive) for name, release in others().items()])
def proxy(request, tmp_path_factory):
    """Each test leaves Squid as it found it."""
    release, nobody = request.param
    if nobody and os.getuid() != 0:
        pytest.skip("the other case is already one without root")
    with Lab(unprivileged=nobody, release=usable(release)) as lab:
        yield Proxy(lab, tmp_path_factory.mktemp("module"), nobody)


def test_every_state_as_ansible_runs_it(proxy):
    # A user who may not write is told so by a check run.
    foreseen, elsewhere, shown = proxy.run({}, {"list_dir": "/usr/local/netaccess/lists"}, flags=("--check", "--diff"))
    assert foreseen["changed"] and not proxy.lab.squid.drop_in.exists() and proxy.decide()[0] == "block"
    assert "+++" in shown and "*.chatgpt.com" in shown
    may = elsewhere["permissions"]
    if os.getuid() == 0 and not proxy.nobody:
        assert may["write"] is True
    else:
        assert may["write"] is False and "/usr/local" in may["why"] and "become" in may["why"]

    done, again, gathered, checked, rendered, _shown = proxy.run(
        {"expected_plan": foreseen["plan_digest"]}, {}, {"state": "gathered"}, {"check": True}, {"state": "rendered"}, flags=("--diff",))
    assert done["changed"] and not done.get("failed"), done.get("msg")
    assert (done["changes"], done["diff"], done["places"]) == (foreseen["changes"], foreseen["diff"], foreseen["places"])
    assert foreseen["summary"] == done["summary"].replace("created", "would create")
    assert proxy.decide() == ("allow", "tunnel") and proxy.decide(source="127.0.0.4")[0] == "block"
    journal = Path(done["journal"])
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600
    assert not again["changed"] and again["requests"]["writes"] == 0
    assert not gathered["changed"] and {item["kind"] for item in gathered["gathered"]} == {"acl", "list", "rule"} and gathered["foreign"] == []
    assert [row["allowed"] for row in checked["coverage"]] == ["yes"] * len(POLICY["allow"])
    assert not rendered["changed"] and "chatgpt.com" in json.dumps(rendered["rendered"])

    back, _shown = proxy.run({"state": "reverted", "journal": str(journal)})
    assert back["changed"] and not proxy.lab.squid.drop_in.exists() and proxy.decide()[0] == "block"


def test_deleted_takes_only_ours_away_and_an_error_is_one_sentence_with_the_way_out(proxy):
    done, gone, failed, shown = proxy.run({}, {"state": "deleted"}, {"squid": "/nowhere/squid"})
    assert done["changed"] and gone["changed"], (done.get("msg"), gone.get("msg"))
    assert proxy.lab.squid.config.read_text() == proxy.lab.squid.site
    assert [path.name for path in proxy.lab.squid.drop_in_dir.iterdir()] == ["empty.conf"]
    assert proxy.decide()[0] == "block"
    assert failed["failed"] and "Traceback" not in shown
    assert "/nowhere/squid" in failed["msg"]
