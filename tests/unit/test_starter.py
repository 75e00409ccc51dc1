# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The starter inventory: what it holds for each product, that Ansible reads it, that the gate refuses it until it is filled in; nothing is overwritten."""
from __future__ import annotations

import configparser
import importlib
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.manager import VariableManager

from ansible_collections.netaccess.chatgpt.plugins.action import change, new_site
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import names, placeholders
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change.variables import Variables, options_of
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.site import starter
from tests.products import PRODUCTS
from tests.unit.test_change_action import HostVars, step

STARTERS = yaml.safe_load(Path(starter.__file__).with_name("starters.yml").read_text(encoding="utf-8"))
#: One alone, and all together.
SITES = [[name] for name in PRODUCTS] + [list(PRODUCTS)]
VARIABLE = re.compile(r"^ *(?:# )?((?:access|verify|require)_\w+|netaccess_(?:path|baselines|kept_apart_by)):", re.MULTILINE)


def ident(products: list) -> str:
    return products[0] if len(products) == 1 else "all"


class Asked(Exception):
    """The argument spec of a module that was about to begin."""


def spec_of(name: str, monkeypatch) -> dict:
    module = importlib.import_module("ansible_collections.netaccess.chatgpt.plugins.modules.%s" % PRODUCTS[name]["module"])

    def begin(argument_spec, **_more):
        raise Asked(argument_spec)
    monkeypatch.setattr(module, "AnsibleModule", begin)
    with pytest.raises(Asked) as found:
        module.main()
    return found.value.args[0]


def written(folder: Path, products: list, filled: bool) -> Path:
    for path, text in starter.texts(products, filled).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def read_by_ansible(folder: Path, **extra) -> dict:
    """{host: its variables}, as ansible-inventory reads the folder."""
    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=[str(folder)])
    manager = VariableManager(loader=loader, inventory=inventory)
    assert sorted(inventory.groups) == sorted({"ungrouped", "netaccess_control"} | {path.name for path in (folder / "group_vars").iterdir()})
    found = {}
    for host in inventory.get_hosts():
        values = dict(manager.get_vars(host=host, include_hostvars=False), **extra)
        found[host.name] = {name: value for name, value in values.items() if name in names.KNOWN or name.startswith("ansible_host")}
    return {group: {host: found[host] for host in inventory.get_groups_dict()[group]} for group in ("netaccess_devices", "netaccess_vantages")}


@pytest.mark.parametrize("name", PRODUCTS)
def test_what_is_asked_for_are_options_of_the_product_and_secrets_are_those_that_it_keeps(name, monkeypatch):
    one, spec = STARTERS[name], spec_of(name, monkeypatch)
    address = [option for option, variables in options_of(name).items() if variables[0] in one.get("address", {})]
    secrets = one.get("secrets", []) + one.get("others", [])
    assert set(secrets) == {option for option, value in spec.items() if value.get("no_log") and option != "proxy"}
    assert set(one["needed"]) | set(secrets) <= set(spec) and not set(one["needed"]) & set(secrets)
    assert set(one["needed"]["audience"]) <= set(spec["audience"]["options"])
    required = {option for option, value in spec.items() if value.get("required")}
    assert required <= {*address, *one["needed"], *one.get("secrets", [])}


@pytest.mark.parametrize("products", SITES, ids=ident)
def test_it_names_every_option_of_its_products_and_none_of_another(products):
    for path, text in starter.texts(products).items():
        found, product = VARIABLE.findall(text), path.split("/")[1].partition("_")[2] if "/" in path else None
        assert set(found) <= names.KNOWN, path
        assert len(found) == len(set(found)) or product not in PRODUCTS
        if product in PRODUCTS:
            own = {variables[0] for option, variables in options_of(product).items()}
            assert set(found) - {"access_product"} <= own
            shared = {"access_%s" % option for option in options_of("squid") if options_of("squid")[option] == ["access_%s" % option]} - {"access_audience"}
            assert own - shared - set(STARTERS[product].get("address", {})) <= set(found)
        elif product == "devices":
            assert not [name for name in found if any(name.startswith("access_%s_" % known) for known in PRODUCTS)] and "access_timeout" in found
    whole = "".join(starter.texts(products).values())
    others = [other for other in PRODUCTS if other not in products]
    assert [other for other in others if "access_%s_" % other in whole or "netaccess_%s" % other in whole] == []


@pytest.mark.parametrize("products", SITES, ids=ident)
def test_no_secret_is_plain(products):
    for path, text in starter.texts(products).items():
        product = path.split("/")[1].partition("_")[2] if "/" in path else None
        if product not in PRODUCTS:
            continue
        for option in STARTERS[product].get("secrets", []) + STARTERS[product].get("others", []):
            name = options_of(product)[option][0]
            value, = re.findall(r"^(?:# )?%s: (.*)$" % name, text, re.MULTILINE)
            assert value == '"{{ vault_%s }}"' % name.partition("_")[2]
    vaults = starter.vault(products)
    assert {name for found in vaults.values() for name in found} == {
        "vault_" + options_of(product)[option][0].partition("_")[2] for product in products for option in STARTERS[product].get("secrets", [])}


@pytest.mark.parametrize("products", SITES, ids=ident)
def test_the_gate_refuses_it_until_it_is_filled_in(products, tmp_path):
    new, done = (read_by_ansible(written(tmp_path / word, products, word == "filled"), access_comment="CHG1") for word in ("new", "filled"))
    assert len(done["netaccess_devices"]) == len(products) and len(done["netaccess_vantages"]) == 2 * len(products) + 1
    vaults = {path.split("/")[1]: secrets for path, secrets in starter.vault(products).items()}
    said = gate(done) or ""
    assert [secret for secrets in vaults.values() for secret in secrets if secret not in said] == [] and ("not set: " in said) == bool(vaults)
    assert all(group in said for group in vaults)
    for device in done["netaccess_devices"].values():
        device.update({secret: "s3cret" for secret in vaults.get("netaccess_" + device["access_product"], [])})
    assert gate(done) is None
    said = gate(new)
    assert "still REPLACE ME: " in said and "access_audience." in said and said.endswith("Nothing was changed")
    for product in products:
        for variable in STARTERS[product].get("address", {}):
            assert re.search(r"%s(,|\.| \([^)]*\b%s1\b)" % (variable, product), said), said


def gate(groups: dict) -> str | None:
    """Why the gate refuses these hosts; None when it does not. ``groups``: {group: {host: its variables}}."""
    loader, first = DataLoader(), next(iter(groups["netaccess_devices"]))
    hosts = {name: resolved(values) for group in groups.values() for name, values in group.items()}
    task_vars = dict(hosts[first], inventory_hostname=first, hostvars=HostVars(hosts), ansible_play_hosts_all=list(hosts), ansible_play_batch=list(hosts),
                     groups={name: list(found) for name, found in groups.items()})
    task = SimpleNamespace(args={"step": "gate"}, check_mode=False, async_val=0, action="netaccess.chatgpt.change", diff=False)
    action = change.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), SimpleNamespace(verbosity=0), loader,
                                 Templar(loader, variables=task_vars), None)
    try:
        action.run(task_vars=task_vars)
    except AnsibleActionFail as error:
        return str(error)
    return None


def resolved(values: dict) -> dict:
    """As HostVars of Ansible hands them out, but for lookups and the vault, which the gate does not ask for."""
    path = Templar(DataLoader(), variables=values).template(values.get("netaccess_path"))
    return dict(values, netaccess_path=path)


def test_what_is_left_open_of_others_does_not_stop_one_device(tmp_path):
    """A site is filled in one device after the other."""
    hosts = {"fw1": {"access_product": "squid", "access_comment": "CHG1"}, "fw2": {"access_fortios_host": "REPLACE ME, such as x"},
             "desk1": {"netaccess_path": {"device": "fw1"}}, "desk2": {"netaccess_path": {"device": "fw2"}, "ansible_host": "REPLACE ME, such as y"}}
    assert step("gate", hosts, play=("fw1",))["left_out"]["fw1"] == ["desk1"]
    for play, said in ((("fw1", "fw2"), "access_fortios_host (fw2), ansible_host (desk2)"), (("fw1", "desk2"), "ansible_host (desk2)")):
        with pytest.raises(AnsibleActionFail) as refused:
            step("gate", hosts, play=play)
        assert said in str(refused.value)
    hosts["desk1"]["ansible_host"] = "REPLACE ME"
    for named in ("gate", "begin"):
        with pytest.raises(AnsibleActionFail, match=r"ansible_host \(desk1\)"):
            step(named, hosts, play=("fw1",))


def test_a_change_without_its_number_is_refused(tmp_path):
    new, filled = (yaml.safe_load(starter.change(filled)) for filled in (False, True))
    hosts = {"fw1": dict(new, access_product="squid"), "desk1": dict(new, netaccess_path={"device": "fw1"})}
    with pytest.raises(AnsibleActionFail) as refused:
        step("gate", hosts)
    assert "change.id, change_window.timezone, change_window.windows.start, change_window.windows.end" in str(refused.value)
    assert set(new) == set(filled) <= names.KNOWN and new["change"].keys() == {"id"} and filled["change"] == {"id": "CHG0012345"}
    assert placeholders.refused({"fw1": filled}, filled) is None


def test_a_placeholder_is_no_value_for_a_playbook_without_a_gate():
    task_vars = {"inventory_hostname": "a", "hostvars": {}, "verify_proxy": "REPLACE ME, such as http://proxy1.example.com:3128",
                 "fine": "TO REPLACE ME", "port": 8080}
    values = Variables(Templar(DataLoader(), variables=task_vars), task_vars)
    with pytest.raises(Exception, match="verify_proxy is still REPLACE ME: fill it in"):
        values.get("verify_proxy")
    assert (values.get("fine"), values.get("port")) == ("TO REPLACE ME", 8080)


def test_every_variable_that_may_hold_a_placeholder_is_checked():
    for products in SITES:
        whole = "".join([*starter.texts(products).values(), starter.change()])
        places = set(re.findall(r"^ *(\w+): \[?'?REPLACE ME", whole, re.MULTILINE))
        parts = {part for name in products for part in STARTERS[name]["needed"]["audience"]} | {"id", "timezone", "start", "end"}
        assert places - parts <= names.KNOWN | {placeholders.ADDRESS}


@pytest.mark.parametrize("name,meant", [
    ("suqid", "squid"), ("FortiGate", "fortios"), ("fortinet", "fortios"), ("palo alto networks", "panos"), ("Panorama", "panos"), ("Zscaler", "zia"),
    ("cisco", "umbrella"), ("cloudflare", "cloudflare_gateway"), ("symantec", "symantec_swg"), ("Barracuda", "barracuda_wsg"), ("skyhigh", "skyhigh_swg"),
])
def test_an_unknown_product_is_refused_with_the_one_that_was_meant(name, meant):
    with pytest.raises(starter.StarterError, match=r"no such product: %s \(did you mean %s\?\)\. The products are squid, panos" % (name, meant)):
        starter.chosen(["squid", name])


def test_products_are_taken_once_and_none_is_refused():
    assert starter.chosen([" squid", "fortios ", "squid", ""]) == ["squid", "fortios"]
    for names_ in ([], [" "]):
        with pytest.raises(starter.StarterError, match="no product is named. The products are"):
            starter.chosen(names_)
    with pytest.raises(starter.StarterError, match="no such product: qqqq. The products"):
        starter.chosen(["qqqq"])


# -- the task


@pytest.fixture(autouse=True)
def no_config(monkeypatch):
    """Of a controller that has no configuration file of Ansible yet; the tests themselves run with one."""
    monkeypatch.setattr(constants, "CONFIG_FILE", None)


def run(check: bool = False, **args) -> dict:
    loader = DataLoader()
    task = SimpleNamespace(args=args, check_mode=check, async_val=0, action="netaccess.chatgpt.new_site", diff=False)
    action = new_site.ActionModule(task, SimpleNamespace(_shell=SimpleNamespace(tmpdir=None)), SimpleNamespace(verbosity=0), loader, Templar(loader), None)
    return action.run(task_vars={})


def test_it_is_written_once_and_its_commands_name_it(tmp_path):
    dest = tmp_path / "a site" / "inventory"
    assert run(True, products="squid,fortios", dest=str(dest))["changed"] and not dest.exists()
    found = run(products="squid,fortios", dest=str(dest))
    beside = {str(dest.parent / "change.yml"): starter.change(), str(dest.parent / "ansible.cfg"): starter.config()}
    texts = dict({str(dest / path): text for path, text in starter.texts(["squid", "fortios"]).items()}, **beside)
    assert {path: Path(path).read_text(encoding="utf-8") for path in found["files"]} == texts and found["products"] == ["squid", "fortios"]
    following = "\n".join(found["next"])
    assert "-i '%s' --ask-vault-pass netaccess.chatgpt.site -e '@%s/change.yml' --check" % (dest, dest.parent) in following
    assert "netaccess.chatgpt.site -e '@%s/change.yml'\n" % dest.parent in following
    assert "netaccess_fortios/vault.yml'   # vault_fortios_access_token" in following and "netaccess_squid/vault" not in following
    # Nothing of a second site is written when one of its files is there.
    with pytest.raises(AnsibleActionFail, match="change.yml. Choose another folder"):
        run(products="zia", dest=str(dest.parent / "other"))
    assert not (dest.parent / "other").exists()
    alone = run(products="squid", dest=str(tmp_path / "squid" / "inventory"))
    assert "vault" not in "\n".join(alone["next"])


def test_the_settings_of_ansible_hide_what_had_nothing_to_do():
    found = configparser.ConfigParser()
    found.read_string(starter.config())
    assert {name: dict(found[name]) for name in found.sections()} == {"defaults": {"display_ok_hosts": "false", "display_skipped_hosts": "false"}}


@pytest.mark.parametrize("there,used,why", [
    ("file", None, "{}/ansible.cfg exists"), ("link", None, "{}/ansible.cfg exists"), ("file", "{}/ansible.cfg", "{}/ansible.cfg exists"),
    # Ansible reads one file: a second one in its place would take away what the first one says.
    (None, "/etc/ansible/ansible.cfg", "Ansible already uses /etc/ansible/ansible.cfg, and reads one configuration file alone")])
def test_a_configuration_file_of_the_site_stays_the_only_one(there, used, why, tmp_path, monkeypatch, capsys):
    config = tmp_path / "ansible.cfg"
    monkeypatch.setattr(constants, "CONFIG_FILE", used and used.format(tmp_path))
    if there == "link":
        config.symlink_to(tmp_path / "elsewhere")
    elif there:
        config.write_text("[defaults]\nforks = 20\n")
    found = run(products="squid", dest=str(tmp_path / "inventory"))
    said = capsys.readouterr().out
    assert "Did not write ansible.cfg: %s. To print only what matters, its section [defaults] needs these lines:\n" \
           "   display_ok_hosts = false\n   display_skipped_hosts = false\n\nNext:\n" % why.format(tmp_path) in said
    assert str(tmp_path / "change.yml") in found["files"] and str(config) not in found["files"]
    assert not (tmp_path / "elsewhere").exists() and (config.read_text() == "[defaults]\nforks = 20\n" if there == "file" else not config.exists())


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path):
    (tmp_path / "change.yml").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AnsibleActionFail, match="these files exist"):
        run(products="squid", dest=str(tmp_path / "inventory"))
    assert not (tmp_path / "elsewhere").exists()


def test_what_cannot_be_written_whole_is_not_left(tmp_path):
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "group_vars").write_text("in the way", encoding="utf-8")
    with pytest.raises(AnsibleActionFail, match="cannot be written"):
        run(products="squid", dest=str(tmp_path / "inventory"))
    assert [path.name for path in (tmp_path / "inventory").iterdir()] == ["group_vars"]


@pytest.mark.parametrize("dest", [".", "..", "a/.."])
def test_an_inventory_needs_a_folder_of_its_own(dest):
    with pytest.raises(AnsibleActionFail, match="it has to name a folder"):
        run(products="squid", dest=dest)
