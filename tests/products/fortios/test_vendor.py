# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""fortigate-api and the vendor's modules fortinet.fortios against the twin, and on what our module wrote."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

fortigate_api = pytest.importorskip("fortigate_api", reason="fortigate-api is not installed")

from tests.products.fortios.rig import FortiosRig  # noqa: E402
from tests.products.fortios.twin import FortiOS  # noqa: E402

PEERS = Path(__file__).resolve().parents[3] / ".build" / "peers"


@pytest.fixture
def twin():
    with FortiOS(site="rows") as running:
        yield running


def login(twin):
    return fortigate_api.FortiGateAPI(host="127.0.0.1", token=twin.token, scheme="http", port=twin.port)


@pytest.fixture
def api(twin):
    with login(twin) as connected:
        yield connected


def test_url_filter_create_read_change_delete(twin, api):
    tables = api.cmdb.webfilter.urlfilter
    rows = [{"id": 1, "url": "chatgpt.com", "type": "wildcard", "action": "exempt", "exempt": "fortiguard", "status": "enable"}]
    assert tables.create({"id": 9, "name": "chatgpt", "entries": rows}).status_code == 200
    assert tables.create({"id": 9, "name": "chatgpt"}).status_code == 500, "it exists already"
    read, = tables.get(id=9)
    assert read["entries"][0]["url"] == "chatgpt.com" and read["entries"][0]["exempt"] == "fortiguard"
    assert tables.update({"id": 9, "entries": rows + [dict(rows[0], id=2, url="*.chatgpt.com")]}).status_code == 200
    assert len(tables.get(id=9)[0]["entries"]) == 2 and tables.is_exist(9)
    assert tables.delete(9).status_code == 200 and not tables.is_exist(9)


def test_a_table_in_use_is_not_deleted(twin, api):
    assert api.cmdb.webfilter.urlfilter.delete(1).status_code == 500
    assert len(twin.rows("webfilter/urlfilter")) == 2


def test_fqdns_group_and_ssl_profile(twin, api):
    assert api.cmdb.firewall_wildcard_fqdn.custom.create({"name": "gpt", "wildcard-fqdn": "*.chatgpt.com"}).status_code == 200
    assert api.cmdb.firewall_wildcard_fqdn.group.create({"name": "all", "member": [{"name": "gpt"}]}).status_code == 200
    assert api.cmdb.firewall_wildcard_fqdn.group.create({"name": "bad", "member": [{"name": "missing"}]}).status_code == 500
    assert api.cmdb.firewall_wildcard_fqdn.custom.delete("gpt").status_code == 500, "it is in use"
    profile, = api.cmdb.firewall.ssl_ssh_profile.get(name="deep-members")
    rows = profile["ssl-exempt"] + [{"id": 2, "type": "wildcard-fqdn", "wildcard-fqdn": "all"}]
    assert api.cmdb.firewall.ssl_ssh_profile.update({"name": "deep-members", "ssl-exempt": rows}).status_code == 200
    assert twin.decide("member", "x.chatgpt.com")[1] == "tunnel" and twin.decide("stranger", "x.chatgpt.com")[1] == "decrypt"
    assert api.cmdb.firewall.ssl_ssh_profile.update({"name": "deep-inspection", "comment": "x"}).status_code == 500, "built in"


def test_policies_are_read_and_filtered(api):
    assert [row["policyid"] for row in api.cmdb.firewall.policy.get()] == [10, 20]
    assert [row["policyid"] for row in api.cmdb.firewall.policy.get(filter="name==staff")] == [20]


def test_a_wrong_token_is_refused(twin):
    with pytest.raises(Exception, match="401"):
        fortigate_api.FortiGateAPI(host="127.0.0.1", token="wrong", scheme="http", port=twin.port).cmdb.firewall.policy.get()


def test_it_reads_what_our_module_wrote(tmp_path):
    rig = FortiosRig(tmp_path)
    with rig.twin:
        rig.run()
        with login(rig.twin) as api:
            table, = api.cmdb.webfilter.urlfilter.get(filter="name==chatgpt")
            assert {row["url"] for row in table["entries"]} == {"chatgpt.com", "*.chatgpt.com", "*.openai.com", "js.stripe.com"}
            assert api.cmdb.webfilter.profile.get(name="members")[0]["web"]["urlfilter-table"] == table["id"]
            group, = api.cmdb.firewall_wildcard_fqdn.group.get(name="chatgpt")
            names = {member["name"] for member in group["member"]}
            assert {row["wildcard-fqdn"] for row in api.cmdb.firewall_wildcard_fqdn.custom.get() if row["name"] in names} == {
                "chatgpt.com", "*.chatgpt.com", "*.openai.com"}


# -- the vendor's modules -----------------------------------------------------------------------------------------


def play(twin, folder, tasks) -> list:
    """Runs tasks of fortinet.fortios; their results."""
    for number, task in enumerate(tasks):
        task["register"] = "r%d" % number
    out = folder / "results.json"
    results = "[%s]" % ", ".join("r%d" % number for number in range(len(tasks)))
    tasks = tasks + [{"ansible.builtin.copy": {"content": "{{ %s | to_json }}" % results, "dest": str(out), "mode": "0600"}, "delegate_to": "localhost",
                      "vars": {"ansible_connection": "local"}}]
    (folder / "play.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    variables = {"ansible_connection": "httpapi", "ansible_network_os": "fortinet.fortios.fortios", "ansible_host": "127.0.0.1",
                 "ansible_httpapi_port": twin.port, "ansible_httpapi_use_ssl": True, "ansible_httpapi_validate_certs": False,
                 "ansible_python_interpreter": sys.executable}
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "fgt,", str(folder / "play.yml"), "-e", json.dumps(variables)],
        env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(PEERS), ANSIBLE_NOCOLOR="1"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(out.read_text())


@pytest.mark.skipif(not (PEERS / "stamp").exists(), reason="the vendor's collection is not there: make peers")
@pytest.mark.exhaustive
def test_the_vendors_modules_reach_the_same_end_and_are_idempotent(tmp_path):
    with FortiOS(tls=True, site="rows") as twin:
        _make_twice(twin, tmp_path)


def _make_twice(twin, tmp_path):
    custom = {"fortinet.fortios.fortios_firewall_wildcard_fqdn_custom": {
        "access_token": twin.token, "vdom": "root", "state": "present", "firewall_wildcard_fqdn_custom": {"name": "gpt", "wildcard_fqdn": "*.chatgpt.com"}}}
    rows = [{"id": 1, "url": "*.chatgpt.com", "type": "wildcard", "action": "exempt", "exempt": "fortiguard", "status": "enable"}]
    table = {"fortinet.fortios.fortios_webfilter_urlfilter": {
        "access_token": twin.token, "vdom": "root", "state": "present", "webfilter_urlfilter": {"id": 9, "name": "chatgpt", "entries": rows}}}
    first = play(twin, tmp_path, [dict(custom), dict(table)])
    assert [result["changed"] for result in first] == [True, True]
    assert twin.row("webfilter/urlfilter", "chatgpt")["entries"][0]["url"] == "*.chatgpt.com"
    again = play(twin, tmp_path, [dict(custom), dict(table)])
    assert [result["changed"] for result in again] == [False, False], "revision_changed tells them"
