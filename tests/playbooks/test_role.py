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
from tests.lab.play import PROGRAM

#: So many that a plan which does not sort them is another one in the next process.
NETWORKS = ["203.0.113.%d/28" % first for first in range(0, 128, 16)]
POLICY = {"allow": [".chatgpt.com", "*.openai.com"], "exempt": [".chatgpt.com", "*.openai.com"], "media": [
    {"id": "voice", "protocol": "udp", "ports": [3478], "destinations": NETWORKS, "feed_date": "2026-07-25"}]}
WRONG = "Wrong-Secret-77"
PRODUCTS = list(written())
#: For what is the same code for all products: an appliance with a token, and a service where one signs in and out.
TWO = ["fortios", "zia"]
OTHERS = [product for product in PRODUCTS if product not in TWO]


class Controller:
    """Runs the role on a host for each product, and on two more that cannot get in.

    ``environment``, ``secrets``: all of them together, as a controller has them.
    """

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
            [PROGRAM, "-i", str(self._folder / "hosts.yml"), "--forks", "4", str(self._folder / "play.yml"), "-e",
             json.dumps(dict(variables, access_report_dir=str(out))), *flags], capture_output=True, text=True, check=False,
            env=dict(os.environ, ANSIBLE_NOCOLOR="1", **(self.environment if environment is None else environment)))
        shown = done.stdout + done.stderr
        for variable, secret in self.environment.items():
            assert secret not in shown, variable
        found = {path.name[:-len("-access.json")]: dict(json.loads(path.read_text()), shown="") for path in out.glob("*-access.json")}
        for host, text in re.findall(r"^fatal: \[([^\]]+)\]: FAILED! => (.*)", shown, re.MULTILINE):
            found[host] = {"shown": text}
        return dict(found, **{"": shown})


class Story:
    """What devices of these products go through, one after the other, and what their twins then hold and decide."""

    def __init__(self, products: list, folder: Path, up: contextlib.ExitStack):
        self.folder, self.products = folder, products
        self._twins = {product: up.enter_context(devices()[product].make()) for product in products}
        self.controller = Controller(self._twins, folder)
        self.told, self.seen = {}, {"site": look(self._twins)}

    def act(self, name: str, *flags, hosts=None, **variables) -> None:
        """Run the role on all products, or these ``hosts``."""
        self.told[name] = self.controller.run(name, "--limit", ",".join(hosts or self.products), *flags, **variables)
        self.seen[name] = look(self._twins)

    def of(self, name: str, host: str) -> dict:
        """The result of the run ``name``; where the role had none, what Ansible showed."""
        return self.told[name].get(host, {"shown": self.told[name][""][-3000:]})


def look(twins: dict) -> dict:
    """{product: what its twin holds, and what it decides for two people}."""
    return {product: (copy.deepcopy(twin.snapshot()), [twin.decide(who, "chatgpt.com") for who in ("member", "stranger")]) for product, twin in twins.items()}


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    with contextlib.ExitStack() as up:
        made = Story(PRODUCTS, tmp_path_factory.mktemp("role"), up)
        made.act("check", "--check", "--diff")
        plans = {product: made.of("check", product).get("plan_digest") for product in PRODUCTS}
        secrets = made.folder / "secrets.yml"
        secrets.write_text(yaml.safe_dump({name: secret for given in made.controller.secrets.values() for name, secret in given.items()}))
        made.act("apply", "-vvvv", "--diff", "-e", "@%s" % secrets, environment={}, netaccess_plans=plans)
        # The contract has these of each product; that Ansible hands the state over differs by nothing but the product's task.
        made.act("again", hosts=TWO)
        made.act("back", hosts=TWO, access_state="reverted")
        yield made


@pytest.mark.timeout(900)
@pytest.mark.parametrize("product", PRODUCTS)
def test_a_check_run_writes_nothing_and_the_run_does_what_it_said(story, product):
    site = story.seen["site"][product]
    foreseen, done = (story.of(name, product) for name in ("check", "apply"))
    assert foreseen.get("changed") and story.seen["check"][product] == site, foreseen["shown"]
    assert "+++" in story.told["check"][""] and "chatgpt.com" in story.told["check"][""]
    assert done.get("changed") and done["requests"]["connections"] == 1 and done["plan_digest"] == foreseen["plan_digest"], done["shown"]
    member, stranger = story.seen["apply"][product][1]
    assert member == ("allow", "tunnel") and stranger[0] == "block"


@pytest.mark.parametrize("product", TWO)
def test_a_second_run_writes_nothing_and_the_journal_leads_back(story, product):
    again, back = (story.of(name, product) for name in ("again", "back"))
    assert not again["changed"] and again["requests"]["writes"] == 0 and again["requests"]["connections"] == 1
    assert back.get("changed") and story.seen["back"][product] == story.seen["site"][product], back["shown"]


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_secret_in_a_variable_appears_nowhere_even_when_very_verbose(story, product):
    journals = list((story.folder / product / "journals").iterdir())
    said = json.dumps(story.told["apply"]) + "".join(path.read_text() for path in journals)
    assert journals and ("<127.0.0.1>" in said or "EXEC" in said), "it was very verbose"
    assert not [name for name, secret in story.controller.secrets[product].items() if secret in said]


@pytest.fixture(scope="module", params=[TWO, pytest.param(OTHERS, marks=pytest.mark.exhaustive)], ids=["two products", "the others"])
def other_story(request, tmp_path_factory):
    with contextlib.ExitStack() as up:
        made = Story(request.param, tmp_path_factory.mktemp("other"), up)
        made.act("refused", "--check", "--diff", hosts=[product + end for product in made.products for end in ("-wrong", "-untrusted")])
        made.act("apply")
        if "fortios" in made.products:
            # The task that removes it need not say how it was made.
            made.act("other", hosts=["fortios"], access_fortios_exempt_by="local_category")
        made.act("gone", access_state="deleted", access_policy={key: POLICY[key] for key in ("allow", "exempt")})
        yield made


@pytest.mark.timeout(900)
def test_the_role_removes_what_it_made(other_story):
    for product in other_story.products:
        gone, (held, (member, _stranger)) = other_story.of("gone", product), other_story.seen["gone"][product]
        assert gone.get("changed") and member[0] == "block", gone["shown"]
        assert "203.0.113" not in str(held) and "'desc': 'chatgpt'" not in str(held)


def test_a_wrong_password_is_a_clear_error_without_the_password(other_story):
    for product in other_story.products:
        assert "Nothing was changed" in other_story.of("refused", product + "-wrong")["shown"]
    assert WRONG not in other_story.told["refused"][""]


def test_an_untrusted_certificate_is_refused(other_story):
    for product in other_story.products:
        assert "ca_path (access_ca_path in the role)" in other_story.of("refused", product + "-untrusted")["shown"]
