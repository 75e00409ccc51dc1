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
from tests.lab.squid import available, squid_program

pytestmark = pytest.mark.skipif(available() is not None, reason=str(available()))
POLICY = {"allow": ["*.chatgpt.com", "chatgpt.com"], "exempt": ["*.chatgpt.com", "chatgpt.com"]}
#: Without root the module runs as the user that owns Squid and its files.
AS_NOBODY = {"become": True, "become_user": "nobody", "become_method": "ansible.builtin.su", "become_flags": "-s /bin/sh",
             "vars": {"ansible_python_interpreter": "/usr/bin/python3"}}


class Proxy:
    """A running Squid and the module on it."""

    def __init__(self, lab: Lab, folder: Path, task: dict):
        self.lab, self._folder, self._task = lab, folder, task
        self.journals = lab.squid.folder / "journals"

    def run(self, *flags, state="merged", **options) -> dict:
        squid = self.lab.squid
        options = dict({"config_file": str(squid.config), "drop_in": str(squid.drop_in), "list_dir": str(squid.list_dir), "squid": squid_program(),
                        "service_name": squid.name, "journal": str(self.journals), "state": state}, **options)
        if state in ("merged", "replaced", "rendered"):
            options = dict({"config": POLICY, "audience": {"networks": ["127.0.0.2"]}}, **options)
        out = self._folder / "result.json"
        out.unlink(missing_ok=True)
        tasks = [dict({"netaccess.chatgpt.squid_access": options, "register": "result", "ignore_errors": True}, **self._task),
                 {"ansible.builtin.copy": {"content": "{{ result | to_json }}", "dest": str(out), "mode": "0600"}, "check_mode": False, "diff": False}]
        play = self._folder / "play.yml"
        play.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks, "vars": {"ansible_python_interpreter": sys.executable}}]))
        done = subprocess.run([str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local", str(play), *flags],
                              env=dict(os.environ, ANSIBLE_NOCOLOR="1"), capture_output=True, text=True, check=False)
        assert out.exists(), done.stdout + done.stderr
        return dict(json.loads(out.read_text()), shown=done.stdout)

    def decide(self, host="chatgpt.com", source="127.0.0.2"):
        return decide(host, self.lab.squid.port, source)


@pytest.fixture(params=["the user who runs the tests", "nobody"])
def proxy(request, tmp_path):
    nobody = request.param == "nobody"
    if nobody and os.getuid() != 0:
        pytest.skip("the other case is already one without root")
    with Lab(unprivileged=nobody) as lab:
        yield Proxy(lab, tmp_path, AS_NOBODY if nobody else {})


def test_every_state_as_ansible_runs_it(proxy):
    foreseen = proxy.run("--check", "--diff")
    assert foreseen["changed"] and not proxy.lab.squid.drop_in.exists() and proxy.decide()[0] == "block"
    assert "+++" in foreseen["shown"] and "*.chatgpt.com" in foreseen["shown"]

    done = proxy.run("--diff", expected_plan=foreseen["plan_digest"])
    assert done["changed"] and not done.get("failed"), done.get("msg")
    assert (done["changes"], done["diff"], done["summary"]) == (foreseen["changes"], foreseen["diff"], foreseen["summary"])
    assert proxy.decide() == ("allow", "tunnel") and proxy.decide(source="127.0.0.4")[0] == "block"
    journal = Path(done["journal"])
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600

    again = proxy.run()
    assert not again["changed"] and again["requests"]["writes"] == 0

    gathered = proxy.run(state="gathered")
    assert not gathered["changed"] and {item["kind"] for item in gathered["gathered"]} == {"acl", "list", "rule"} and gathered["foreign"] == []
    assert [row["allowed"] for row in proxy.run("--check")["coverage"]] == ["yes"] * len(POLICY["allow"])
    rendered = proxy.run(state="rendered")
    assert not rendered["changed"] and "chatgpt.com" in json.dumps(rendered["rendered"])

    back = proxy.run(state="reverted", journal=str(journal))
    assert back["changed"] and not proxy.lab.squid.drop_in.exists() and proxy.decide()[0] == "block"


def test_a_user_who_may_not_write_is_told_by_a_check_run(proxy):
    found = proxy.run("--check", list_dir="/usr/local/netaccess/lists")["permissions"]
    if os.getuid() == 0 and not proxy._task:
        assert found["write"] is True
    else:
        assert found["write"] is False and "/usr/local" in found["why"] and "become" in found["why"]


def test_deleted_takes_only_ours_away(proxy):
    proxy.run()
    proxy.run(state="deleted")
    assert proxy.lab.squid.config.read_text() == proxy.lab.squid.site
    assert [path.name for path in proxy.lab.squid.drop_in_dir.iterdir()] == ["empty.conf"]
    assert proxy.decide()[0] == "block"


def test_an_error_is_one_sentence_with_the_way_out(proxy):
    failed = proxy.run(squid="/nowhere/squid")
    assert failed["failed"] and "Traceback" not in failed["shown"]
    assert "/nowhere/squid" in failed["msg"]
