# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook on the page of each product runs: its inventory fills the module's options, and a check run finds what to write on the device."""
from __future__ import annotations

import contextlib
import importlib
import re
from types import SimpleNamespace
from unittest import mock

import pytest
import yaml
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from ansible_collections.netaccess.chatgpt.plugins.action import access
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import Selection, load, policy_config
from tests.lab.device import devices
from tests.lab.lab import ROOT
from tests.lab.squid import available
from tests.products import PRODUCTS

#: Variables that say how a device is reached. A test sets these alone; all others are those of the page.
REACHED = re.compile(r"_(host|port|api_url|token_url|account_id|organization_id|username|client_id|api_key|consoles|install|config_file|drop_in|list_dir|"
                     r"program|service_name)$")


class Left(Exception):
    """What the module left with."""


def blocks(product: str) -> list:
    """The YAML of the section Playbook: the inventory and the play."""
    page = (ROOT / "docs" / "products" / ("%s.md" % product)).read_text(encoding="utf-8")
    section = page.partition("\n## Playbook\n")[2].partition("\n## ")[0]
    return [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```", section, re.DOTALL | re.MULTILINE)]


def device_of(inventory: dict) -> tuple:
    """(name, variables) of the one device of the page, which the probe host is behind."""
    groups = inventory["all"]["children"]
    (name, own), = groups["netaccess_devices"]["hosts"].items()
    (_host, probe), = groups["netaccess_vantages"]["hosts"].items()
    assert probe["netaccess_path"] == {"device": name}
    return name, dict(groups["netaccess_devices"]["vars"], **own)


def check_run(name: str, variables: dict) -> dict:
    """The task of the role with these variables, in check mode, with the module in this process."""
    loader = DataLoader()
    task_vars = {key: trust_as_template(value) if isinstance(value, str) else value for key, value in dict(variables, inventory_hostname=name).items()}
    task = SimpleNamespace(args={}, check_mode=True, module_defaults=[], async_val=0, action="netaccess.chatgpt.access", diff=False)
    action = access.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), SimpleNamespace(verbosity=0), loader,
                                 Templar(loader, variables=task_vars), None)

    def module(module_name, module_args, task_vars):
        def leave(_module, **result):
            raise Left(result)

        code = importlib.import_module("ansible_collections.netaccess.chatgpt.plugins.modules.%s" % module_name.rpartition(".")[2])
        with patch_module_args(dict(module_args, _ansible_check_mode=True)), mock.patch.multiple(basic.AnsibleModule, exit_json=leave, fail_json=leave):
            try:
                code.main()
            except Left as left:
                return left.args[0]
        raise AssertionError("the module did not end")

    action._execute_module = module
    return action.run(task_vars=task_vars)


@contextlib.contextmanager
def at_hand(product: str, folder, request):
    """(variables that reach a device of the product that is at hand, its secrets, the audience that it knows or None)"""
    if product == "squid":
        if available():
            pytest.skip(str(available()))
        squid = request.getfixturevalue("squid_rigs")().squid
        yield {"access_squid_config_file": str(squid.config), "access_squid_drop_in": str(squid.drop_in), "access_squid_list_dir": str(squid.list_dir),
               "access_squid_program": squid.program, "access_squid_service_name": squid.name}, {}, None
        return
    known = devices()[product]
    twin = known.make()
    with twin.at_hand():
        variables = known.variables(twin)
        reached = {name: value for name, value in variables.items() if REACHED.search(name)}
        yield dict(reached, access_ca_path=twin.ca_file(folder)), known.secrets(twin), variables["access_audience"]


@pytest.mark.parametrize("product", PRODUCTS)
def test_the_playbook_of_a_page_runs(product, tmp_path, request):
    inventory, (play,) = blocks(product)
    name, said = device_of(inventory)
    assert play["hosts"] == "netaccess_devices" and play["roles"] == [{"role": "netaccess.chatgpt.access"}] and said["access_product"] == product
    # Outside of a playbook Ansible finds no lookup of a collection; this is what it returns.
    assert said.pop("access_policy") == "{{ lookup('netaccess.chatgpt.policy') }}"
    said["access_policy"] = policy_config(load(), Selection())
    # Secrets come from a vault.
    given = {variable: value for variable, value in said.items() if "vault_" not in str(value)}
    with at_hand(product, tmp_path, request) as (reached, secrets, people):
        assert len(said) - len(given) >= len(secrets) or devices()[product].person, "the page lacks a secret"
        # The page's people under the names that this device knows. What the device does not have, such as a posture check, is left out.
        people = people or said["access_audience"]
        assert set(people) <= set(said["access_audience"]), "the page's audience is of another form"
        result = check_run(name, dict(given, **reached, **secrets, access_audience=people, access_journal=str(tmp_path / "journals")))
    assert result.get("changed") and not result.get("failed"), result.get("msg")
    assert "chatgpt.com" in str(result["changes"]) and {row["allowed"] for row in result["coverage"]} <= {"yes", "unchecked"}
