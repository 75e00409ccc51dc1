# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``access`` as Ansible runs it, over HTTPS against the twin of each product with an API: all of them in each run, as a fleet is."""
from __future__ import annotations

import contextlib
import copy
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.lab.device import devices, written

POLICY = {"allow": [".chatgpt.com", "*.openai.com"], "exempt": [".chatgpt.com", "*.openai.com"], "media": [
    {"id": "voice", "protocol": "udp", "ports": [3478], "destinations": ["203.0.113.0/28"], "feed_date": "2026-07-25"}]}
WRONG = "Wrong-Secret-77"
PRODUCTS = list(written())


class Controller:
    """Runs the role on a host for each product, and on two that cannot get in. ``environment``, ``secrets``: all of them together, as a controller has them."""

    def __init__(self, twins: dict, folder: Path):
        self._folder = folder
        self.environment, self.secrets, hosts = {}, {}, {}
        for product, twin in twins.items():
            known = devices()[product]
            (folder / product).mkdir()
            self.environment.update(known.environment(twin))
            self.secrets[product] = known.secrets(twin)
            hosts[product] = dict(known.variables(twin), access_product=product, access_ca_path=twin.ca_file(folder / product),
                                  access_journal=str(folder / product / "journals"))
            hosts[product + "-wrong"] = dict(hosts[product], **dict.fromkeys(self.secrets[product], WRONG))
            hosts[product + "-untrusted"] = dict(hosts[product], access_ca_path=None)
        shared = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "access_policy": POLICY, "access_timeout": 60,
                  "access_comment": "CHG1"}
        (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": shared}}))
        (folder / "play.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "roles": ["netaccess.chatgpt.access"]}]))

    def run(self, name: str, *flags, environment=None, **variables) -> dict:
        """{host: result, from the file that the role writes; "shown": what Ansible said of a host that failed}, and "" with all that Ansible said."""
        out = self._folder / name
        out.mkdir()
        # REQUESTS_CA_BUNDLE of the machine must not win over ca_path.
        done = subprocess.run(
            [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(self._folder / "hosts.yml"), "--forks", "4", str(self._folder / "play.yml"), "-e",
             json.dumps(dict(variables, access_report_dir=str(out))), *flags], capture_output=True, text=True, check=False,
            env=dict(os.environ, ANSIBLE_NOCOLOR="1", **(self.environment if environment is None else environment)))
        shown = done.stdout + done.stderr
        for variable, secret in self.environment.items():
            assert secret not in shown, variable
        found = {path.name[:-len("-access.json")]: dict(json.loads(path.read_text()), shown="") for path in out.glob("*-access.json")}
        for host, text in re.findall(r"^fatal: \[([^\]]+)\]: FAILED! => (.*)", shown, re.MULTILINE):
            found[host] = {"shown": text}
        return dict(found, **{"": shown})


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """One after the other what a device of each product goes through, with what its twin then held and decided."""
    folder = tmp_path_factory.mktemp("role")
    with contextlib.ExitStack() as up:
        twins = {product: up.enter_context(devices()[product].make()) for product in PRODUCTS}
        controller = Controller(twins, folder)
        real = ("--limit", ",".join(PRODUCTS))
        told = {"controller": controller, "folder": folder, "site": look(twins)}

        def act(name, *flags, **variables):
            told[name] = controller.run(name, *flags, **variables)
            told["after " + name] = look(twins)

        act("check", "--check", "--diff")
        plans = {product: told["check"].get(product, {}).get("plan_digest") for product in PRODUCTS}
        secrets = folder / "secrets.yml"
        secrets.write_text(yaml.safe_dump({name: secret for given in controller.secrets.values() for name, secret in given.items()}))
        act("apply", *real, "-vvvv", "--diff", "-e", "@%s" % secrets, environment={}, netaccess_plans=plans)
        act("again", *real)
        act("back", *real, access_state="reverted")
        act("anew", *real)
        # The task that removes it need not say how it was made.
        act("other", "--limit", "fortios", access_fortios_exempt_by="local_category")
        act("gone", *real, access_state="deleted", access_policy={key: POLICY[key] for key in ("allow", "exempt")})
        yield told


def look(twins: dict) -> dict:
    """{product: what its twin holds, and what it decides for two people}."""
    return {product: (copy.deepcopy(twin.snapshot()), [twin.decide(who, "chatgpt.com") for who in ("member", "stranger")]) for product, twin in twins.items()}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("product", PRODUCTS)
def test_the_role_opens_verifies_and_takes_back(story, product):
    site = story["site"][product]
    foreseen, done, again, back, gone = (story[name].get(product, {"shown": story[name][""][-3000:]}) for name in ("check", "apply", "again", "back", "gone"))
    assert foreseen.get("changed") and story["after check"][product] == site, foreseen["shown"]
    assert "+++" in story["check"][""] and "chatgpt.com" in story["check"][""]
    assert done.get("changed") and done["requests"]["connections"] == 1 and done["plan_digest"] == foreseen["plan_digest"], done["shown"]
    member, stranger = story["after apply"][product][1]
    assert member == ("allow", "tunnel") and stranger[0] == "block"
    assert not again["changed"] and again["requests"]["writes"] == 0 and again["requests"]["connections"] == 1
    assert back.get("changed") and story["after back"][product] == site, back["shown"]
    held, (member, _stranger) = story["after gone"][product]
    assert gone.get("changed") and member[0] == "block", gone["shown"]
    assert "203.0.113" not in str(held) and "'desc': 'chatgpt'" not in str(held)


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_wrong_password_is_a_clear_error_without_the_password(story, product):
    assert "Nothing was changed" in story["check"][product + "-wrong"]["shown"] and WRONG not in story["check"][""]


@pytest.mark.parametrize("product", PRODUCTS)
def test_an_untrusted_certificate_is_refused(story, product):
    assert "set ca_path" in story["check"][product + "-untrusted"]["shown"]


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_secret_in_a_variable_appears_nowhere_even_when_very_verbose(story, product):
    journals = list((story["folder"] / product / "journals").iterdir())
    said = json.dumps(story["apply"]) + "".join(path.read_text() for path in journals)
    assert journals and "<127.0.0.1>" in said or "EXEC" in said, "it was very verbose"
    assert not [name for name, secret in story["controller"].secrets[product].items() if secret in said]
