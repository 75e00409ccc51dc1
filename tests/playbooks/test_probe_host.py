# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``probe_host`` as Ansible runs it: a host on which no module of Ansible's can run is judged as one on which they do."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.lab import squid
from tests.lab.path import TARGET, Proxied, quick
from tests.system.test_scenarios import oldest_python

pytestmark = pytest.mark.skipif(squid.available() is not None, reason=str(squid.available()))
#: Ansible would need it for its modules.
NO_PYTHON = {"ansible_connection": "local", "ansible_python_interpreter": "/nowhere/python"}


@pytest.fixture(scope="module")
def path():
    with Proxied() as made:
        yield made


def test_a_host_by_the_kit_is_judged_as_a_managed_host_and_nothing_is_left_there(path, tmp_path):
    """A change between two looks: what was shut is open after it, and another AI site opens for everybody as well."""
    looks = []

    def decide(who, name, _port):
        looks.append((who, name))
        return "block" if name in (TARGET, "claude.ai") and looks.count((who, name)) == 1 else "allow", "tunnel"
    path.gateway(decide)
    place = tmp_path / "a folder of the host's"
    place.mkdir()
    laptop = dict(NO_PYTHON, probe_host_python=["/nowhere/python", oldest_python() or sys.executable], probe_host_folder=str(place))
    hosts = {"managed": {"desk1": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "verify_source_address": "127.0.0.2"}},
             "laptops": {"laptop": dict(laptop, verify_source_address="127.0.0.3"), "bare": dict(NO_PYTHON, probe_host_python=["/nowhere/python"])}}
    shared = {"verify_probes": quick(), "verify_proxy": path.settings["proxy"], "verify_ca_path": str(path.internet.public), "verify_timeout": 2,
              "verify_report_dir": str(tmp_path), "verify_wait": 0}
    inventory = {"all": {"vars": shared, "children": {name: {"hosts": group} for name, group in hosts.items()}}}
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory))
    (tmp_path / "play.yml").write_text(yaml.safe_dump([
        {"hosts": group, "gather_facts": False, "roles": [{"role": "netaccess.chatgpt." + role, "vars": {"verify_mode": mode}}]}
        for mode in ("baseline", "assert") for group, role in (("laptops", "probe_host"), ("managed", "verify"))]))
    program = str(Path(sys.executable).parent / "ansible-playbook")
    done = subprocess.run([program, "-i", str(tmp_path / "inventory.yml"), str(tmp_path / "play.yml")], env=dict(os.environ, ANSIBLE_NOCOLOR="1"),
                          capture_output=True, text=True, check=False)
    shown = " ".join((done.stdout + done.stderr).split())
    results = {file.stem: json.loads(file.read_text()) for file in tmp_path.glob("*.json")}
    assert done.returncode == 2 and "laptop: 1 hosts are not as they were: claude.ai. claude.ai: newly open since the baseline" in shown, shown
    for when in ("before", "after"):
        ways = [[{key: check[key] for key in ("id", "verdict", "failure", "flags", "message")} for check in results["%s-%s" % (name, when)]["checks"]]
                for name in ("desk1", "laptop")]
        assert len(ways[0]) > 9 and ways[0] == ways[1]
    assert {check["id"]: check["verdict"] for check in results["laptop-before"]["checks"]}["chatgpt_trace"] == "fail"
    if oldest_python():
        assert results["laptop-after"]["host"]["python"].startswith(("3.8.", "3.9."))
    # A host that gave no answer is known to have given none.
    assert "checks" not in results["bare-after"] and results["bare-after"]["recorded"] == "failed"
    assert "no Python 3.8 or newer answers to any of /nowhere/python" in results["bare-after"]["msg"] and "nothing is known of them: bare" in shown
    assert list(place.iterdir()) == []
