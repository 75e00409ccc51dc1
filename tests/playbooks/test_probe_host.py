# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``probe_host`` as Ansible runs it on a host without a Python for its modules. Beside a managed host, in site.yml, it is in test_change.py."""
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


def test_a_host_probes_before_and_after_a_change_and_nothing_is_left_there(path, tmp_path):
    """A change between two looks: what was shut is open after it, and another AI site opens for everybody as well."""
    looks = []

    def decide(who, name, _port):
        looks.append((who, name))
        return "block" if name in (TARGET, "claude.ai") and looks.count((who, name)) == 1 else "allow", "tunnel"
    path.gateway(decide)
    place = tmp_path / "a folder of the host's"
    place.mkdir()
    laptop = dict(NO_PYTHON, probe_host_python=["/nowhere/python", oldest_python() or sys.executable], probe_host_folder=str(place))
    hosts = {"laptop": dict(laptop, verify_source_address="127.0.0.3"), "bare": dict(NO_PYTHON, probe_host_python=["/nowhere/python"])}
    shared = {"verify_probes": quick(), "verify_proxy": path.settings["proxy"], "verify_ca_path": str(path.internet.public), "verify_timeout": 2,
              "verify_report_dir": str(tmp_path), "verify_wait": 0}
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": shared}}))
    (tmp_path / "play.yml").write_text(yaml.safe_dump([
        {"hosts": "all", "gather_facts": False, "roles": [{"role": "netaccess.chatgpt.probe_host", "vars": {"verify_mode": mode}}]}
        for mode in ("baseline", "assert")]))
    program = str(Path(sys.executable).parent / "ansible-playbook")
    done = subprocess.run([program, "-i", str(tmp_path / "inventory.yml"), str(tmp_path / "play.yml")], env=dict(os.environ, ANSIBLE_NOCOLOR="1"),
                          capture_output=True, text=True, check=False)
    shown = " ".join((done.stdout + done.stderr).split())
    results = {file.stem: json.loads(file.read_text()) for file in tmp_path.glob("*.json")}
    assert done.returncode == 2 and "laptop: 1 site changed since the baseline: claude.ai. claude.ai: newly open since the baseline" in shown, shown
    before, after = ({check["host"]: check for check in results["laptop-" + when]["checks"]} for when in ("before", "after"))
    assert before[TARGET]["verdict"] == "fail" and before["claude.ai"]["state"] == "shut"
    assert after[TARGET]["verdict"] == "pass" and {name for name, check in after.items() if check["verdict"] == "fail"} == {"claude.ai"} and len(after) > 9
    if oldest_python():
        assert results["laptop-after"]["host"]["python"].startswith(("3.8.", "3.9."))
    # A host that gave no answer is known to have given none.
    assert "checks" not in results["bare-after"] and results["bare-after"]["recorded"] == "failed"
    assert "none of /nowhere/python is Python 3.8 or newer" in results["bare-after"]["msg"] and "bare: not probed: none of /nowhere/python" in shown
    assert list(place.iterdir()) == []
