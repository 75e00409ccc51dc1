# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``access`` as Ansible runs it, over HTTPS against the twin of each product with an API."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.lab.devices import devices, written

POLICY = {"allow": [".chatgpt.com", "*.openai.com"], "exempt": [".chatgpt.com", "*.openai.com"], "media": [
    {"id": "voice", "protocol": "udp", "ports": [3478], "destinations": ["203.0.113.0/28"], "feed_date": "2026-07-25"}]}


class Controller:
    """Runs the role on one inventory host; the result comes back from the file that the role writes."""

    def __init__(self, product: str, twin, folder: Path):
        known = devices()[product]
        self._environment, self.secrets = known.environment(twin), known.secrets(twin)
        self._folder = folder
        self._vars = dict(known.variables(twin), access_product=product, access_policy=POLICY, access_ca_path=twin.ca_file(folder), access_timeout=60,
                          access_comment="CHG1", access_report_dir=str(folder), access_journal=str(folder / "journals"),
                          ansible_python_interpreter=sys.executable)

    def run(self, *flags, environment=None, **variables) -> dict:
        out = self._folder / "device1-access.json"
        out.unlink(missing_ok=True)
        play = self._folder / "play.yml"
        play.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "roles": ["netaccess.chatgpt.access"]}]))
        # REQUESTS_CA_BUNDLE of the machine must not win over ca_path.
        environment = dict(os.environ, ANSIBLE_NOCOLOR="1", **(self._environment if environment is None else environment))
        done = subprocess.run(
            [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "device1,", "-c", "local", str(play), "-e",
             json.dumps(dict(self._vars, **variables)), *flags], env=environment, capture_output=True, text=True, check=False)
        shown = done.stdout + done.stderr
        for name, secret in self._environment.items():
            assert secret not in shown, name
        return dict(json.loads(out.read_text()) if out.exists() else {}, rc=done.returncode, shown=shown)


@pytest.fixture(params=list(written()))
def world(request, tmp_path):
    with devices()[request.param].make() as twin:
        yield twin, Controller(request.param, twin, tmp_path)


def test_the_role_opens_verifies_and_takes_back(world):
    twin, controller = world
    site = twin.snapshot()
    foreseen = controller.run("--check", "--diff")
    assert foreseen["rc"] == 0 and foreseen["changed"] and twin.snapshot() == site, foreseen["shown"]
    assert "+++" in foreseen["shown"] and "chatgpt.com" in foreseen["shown"]
    done = controller.run(access_expected_plan=foreseen["plan_digest"])
    assert done["rc"] == 0 and done["changed"] and done["requests"]["connections"] == 1, done["shown"]
    assert twin.decide("member", "chatgpt.com") == ("allow", "tunnel")
    assert twin.decide("stranger", "chatgpt.com")[0] == "block"
    again = controller.run()
    assert not again["changed"] and again["requests"]["writes"] == 0 and again["requests"]["connections"] == 1
    back = controller.run(access_state="reverted", access_journal=done["journal"])
    assert back["changed"] and twin.snapshot() == site, back["shown"]
    controller.run()
    # The task that removes it need not say how it was made.
    if "access_fortios_host" in controller._vars:
        controller.run(access_fortios_exempt_by="local_category")
    gone = controller.run(access_state="deleted", access_policy={key: POLICY[key] for key in ("allow", "exempt")})
    assert gone["changed"] and twin.decide("member", "chatgpt.com")[0] == "block", gone["shown"]
    assert "203.0.113" not in str(twin.snapshot()) and "'desc': 'chatgpt'" not in str(twin.snapshot())


def test_a_wrong_password_is_a_clear_error_without_the_password(world):
    twin, controller = world
    site = twin.snapshot()
    wrong = {name: "Wrong-Secret-77" for name in controller._environment}
    failed = controller.run(environment=wrong)
    assert failed["rc"] != 0 and "Wrong-Secret-77" not in failed["shown"]
    assert "Nothing was changed" in failed["shown"]
    assert twin.snapshot() == site


def test_an_untrusted_certificate_is_refused(world):
    _twin, controller = world
    failed = controller.run(access_ca_path=None)
    assert failed["rc"] != 0 and "set ca_path" in failed["shown"]


def test_a_secret_in_a_variable_appears_nowhere_even_when_very_verbose(world, tmp_path):
    _twin, controller = world
    secrets = tmp_path / "secrets.yml"
    secrets.write_text(yaml.safe_dump(controller.secrets))
    done = controller.run("-vvvv", "--diff", "-e", "@%s" % secrets, environment={})
    said = json.dumps(done) + "".join(path.read_text() for path in (tmp_path / "journals").iterdir())
    assert done["rc"] == 0 and not [name for name, secret in controller.secrets.items() if secret in said]
