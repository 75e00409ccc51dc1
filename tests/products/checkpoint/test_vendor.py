# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cp-mgmt-api-sdk and the vendor's modules check_point.mgmt against the twin, on what our module wrote, and our module on what they wrote."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.contract.rig import MEMBER
from tests.products.checkpoint.rig import CheckpointRig
from tests.products.checkpoint.twin import Checkpoint

PEERS = Path(__file__).resolve().parents[3] / ".build" / "peers"
needs_modules = pytest.mark.skipif(not (PEERS / "ansible_collections" / "check_point" / "mgmt").exists(),
                                   reason="check_point.mgmt is not here: scripts/install-peers")


def client(twin, **given):
    """An APIClient of the vendor that has signed in; ``given``: as its arguments have it."""
    cpapi = pytest.importorskip("cpapi", reason="cp-mgmt-api-sdk is not installed")
    made = cpapi.APIClient(cpapi.APIClientArgs(server="127.0.0.1", port=twin.port, unsafe=True, sync_frequency=0, **given))
    assert made.login("netaccess", twin.admins["netaccess"]).success
    return made


def test_the_sdk_reads_in_pages_writes_publishes_and_installs():
    with Checkpoint(tls=True) as twin:
        with client(twin) as api:
            for number in range(60):
                twin.add("host", "host %d" % number, **{"ipv4-address": "10.8.0.%d" % number})
            assert len(api.api_query("show-hosts").data) == 60
            site = {"name": "gpt", "primary-category": "Custom_Application_Site", "url-list": ["chatgpt.com/"]}
            assert api.api_call("add-application-site", site).data["url-list"] == ["chatgpt.com/"]
            assert not api.api_call("add-application-site", site).success, "a name is taken once"
            row = {"layer": "Network", "position": 1, "name": "gpt", "action": "Accept", "service": "gpt", "source": "AI users"}
            added = api.api_call("add-access-rule", row)
            assert added.success and added.data["service"][0]["name"] == "gpt"
            assert twin.decide(MEMBER, "chatgpt.com")[0] == "block", "it is not published"
            assert api.api_call("publish").success
            assert api.api_call("install-policy", {"policy-package": "Standard", "access": True}).data["tasks"][0]["status"] == "succeeded"
        assert twin.decide(MEMBER, "chatgpt.com")[0] == "allow" and not twin.state["sessions"]


def test_the_sdk_is_told_of_a_failed_installation():
    with Checkpoint(tls=True) as twin, client(twin) as api:
        twin.failing = {"gw-2": "no connection"}
        assert not api.api_call("install-policy", {"policy-package": "Standard", "access": True}).success


def test_the_sdk_reads_what_our_module_wrote_and_our_module_what_the_sdk_wrote(tmp_path):
    rig = CheckpointRig(tmp_path, tls=True)
    with rig.twin:
        rig.run()
        with client(rig.twin) as api:
            site = api.api_call("show-application-site", {"name": "ChatGPT allow"}).data
            assert set(site["url-list"]) == {"chatgpt.com/", "*.chatgpt.com/", "*.openai.com/", "js.stripe.com/"}
            rules = api.api_query("show-access-rulebase", container_key="rulebase", payload={"name": "Network"}).data
            assert "ChatGPT allow" in [rule["name"] for row in rules for rule in row.get("rulebase", [row])]
            assert api.api_call("set-application-site", {"name": "ChatGPT allow", "url-list": {"add": "foreign.example/", "remove": "js.stripe.com/"}}).success
            assert api.api_call("publish").success
        result = rig.run(publish_foreign_changes=True)
        assert result["foreign"] and result["changes"] == [
            {"kind": "application site", "name": "ChatGPT allow", "op": "update", "members": {"url-list": {"added": ["js.stripe.com/"], "removed": []}}}]


# -- the vendor's modules


def play(twin, folder, tasks) -> list:
    """Runs tasks of check_point.mgmt; their results."""
    for number, task in enumerate(tasks):
        task["register"] = "r%d" % number
    out = folder / "results.json"
    results = "[%s]" % ", ".join("r%d" % number for number in range(len(tasks)))
    last = {"ansible.builtin.copy": {"content": "{{ %s | to_json }}" % results, "dest": str(out), "mode": "0600"}, "delegate_to": "localhost",
            "vars": {"ansible_connection": "local"}}
    (folder / "play.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [*tasks, last]}]))
    variables = {"ansible_connection": "httpapi", "ansible_network_os": "check_point.mgmt.checkpoint", "ansible_host": "127.0.0.1",
                 "ansible_httpapi_port": twin.port, "ansible_httpapi_use_ssl": True, "ansible_httpapi_validate_certs": False, "ansible_user": "netaccess",
                 "ansible_password": twin.admins["netaccess"], "ansible_python_interpreter": sys.executable}
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "mgmt,", str(folder / "play.yml"), "-e", json.dumps(variables)],
        env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(PEERS), ANSIBLE_NOCOLOR="1"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(out.read_text())


def tasks() -> list:
    """An application site, a rule that bypasses and one that allows."""
    site = {"name": "gpt", "primary_category": "Custom_Application_Site", "url_list": ["chatgpt.com/", "*.chatgpt.com/"],
            "urls_defined_as_regular_expression": False, "state": "present"}
    https = {"name": "gpt", "layer": "Outbound", "position": 1, "action": "Bypass", "source": ["AI users"], "site_category": ["gpt"], "state": "present"}
    access = {"name": "gpt", "layer": "Network", "position": 1, "action": "Accept", "source": ["AI users"], "service": ["gpt"], "state": "present"}
    return [{"check_point.mgmt.cp_mgmt_application_site": site}, {"check_point.mgmt.cp_mgmt_https_rule": https},
            {"check_point.mgmt.cp_mgmt_access_rule": access}]


@needs_modules
@pytest.mark.exhaustive
def test_the_vendors_modules_reach_the_same_end_and_are_idempotent(tmp_path):
    with Checkpoint(tls=True) as twin:
        ends = [{"check_point.mgmt.cp_mgmt_publish": {}}, {"check_point.mgmt.cp_mgmt_install_policy": {"policy_package": "Standard", "access": True}}]
        first = play(twin, tmp_path, [*tasks(), *ends])
        assert [result["changed"] for result in first[:3]] == [True] * 3
        assert twin.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel") and twin.decide("stranger", "chatgpt.com")[0] == "block"
        assert [result["changed"] for result in play(twin, tmp_path, tasks())] == [False] * 3


@needs_modules
@pytest.mark.exhaustive
def test_the_vendors_modules_find_what_our_module_wrote(tmp_path):
    rig = CheckpointRig(tmp_path, tls=True)
    with rig.twin:
        rig.run()
        facts = play(rig.twin, tmp_path, [{"check_point.mgmt.cp_mgmt_application_site_facts": {"name": "ChatGPT allow"}},
                                          {"check_point.mgmt.cp_mgmt_access_rule_facts": {"name": "ChatGPT allow", "layer": "Network"}}])
        assert "*.openai.com/" in json.dumps(facts[0]) and "AI users" in json.dumps(facts[1])
