# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook diagnose.yml behind a real Squid: it names the network, the product and the option; and says none once it is open."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from tests.lab import squid
from tests.lab.lab import ROOT, Lab
from tests.lab.path import TARGET
from tests.lab.play import PROGRAM, access, settings

HAR = ROOT / "tests" / "unit" / "har" / "blocked.har"
pytestmark = pytest.mark.skipif(squid.available() is not None, reason=str(squid.available()))


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The lab with its outside host in both groups, as the starter writes it: as a control host. Everybody inside is in the audience."""
    with Lab() as up:
        inventory = yaml.safe_load(up.inventory.read_text())
        groups = inventory["all"]["children"]
        groups["netaccess_vantages"]["hosts"]["hotspot"] = groups["netaccess_vantages"]["hosts"].pop("outside")
        groups["netaccess_control"] = {"hosts": {"hotspot": {}}}
        groups["netaccess_vantages"]["hosts"]["stranger"].pop("verify_expect")
        groups["netaccess_devices"]["hosts"]["proxy1"]["access_audience"] = {"networks": ["127.0.0.2", "127.0.0.3", "127.0.0.4"]}
        # With the default App Attest stays under inspection, which breaks it.
        groups["netaccess_devices"]["hosts"]["proxy1"]["access_policy"] = "{{ lookup('netaccess.chatgpt.policy', exempt_level='core') }}"
        up.inventory.write_text(yaml.safe_dump(inventory))
        yield up


def diagnose(lab, folder, *flags, **variables) -> dict:
    variables = dict({"diagnose_report_dir": str(folder), "diagnose_status_proxy": "http://127.0.0.1:%d" % lab.internet.provider,
                      "diagnose_status_ca_path": str(lab.internet.public)}, **variables)
    # Its result is printed also where Ansible shows no host that is ok.
    environ = dict(os.environ, ANSIBLE_NOCOLOR="1", SSL_CERT_FILE=str(lab.trust), ANSIBLE_CONFIG=settings(folder))
    done = subprocess.run([PROGRAM, "-i", str(lab.inventory), "netaccess.chatgpt.diagnose", *flags, "-e", json.dumps(variables)], env=environ,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    file = folder / "diagnosis.json"
    assert file.stat().st_mode & 0o777 == 0o600
    return dict(json.loads(file.read_text()), shown=done.stdout)


@pytest.fixture(scope="module")
def before(lab, tmp_path_factory):
    """One run with everything that there is: hosts, the kit on a laptop outside, a browser's record, and the file for a support case."""
    folder = tmp_path_factory.mktemp("before")
    subprocess.run([sys.executable, str(ROOT / "scripts" / "build-kit")], check=True, capture_output=True)
    subprocess.run([sys.executable, str(ROOT / ".build" / "netaccess-probe.pyz"), "--no-udp", "--label", "home", "--output", str(folder / "home.json"),
                    "--ca-file", str(lab.internet.public), "--proxy", "http://127.0.0.1:%d" % lab.internet.provider], check=True, capture_output=True)
    found = diagnose(lab, folder, diagnose_control_files=[str(folder / "home.json")], diagnose_har_files=[str(HAR)], diagnose_case="4711",
                     diagnose_bundle=str(folder / "case.zip"), diagnose_steps=["looked without VPN"])
    return dict(found, folder=folder)


def test_a_limited_run_is_judged_and_says_nothing_of_the_others(lab, tmp_path):
    # A symptom asks for what it depends on, and is answered first.
    found = diagnose(lab, tmp_path, "--limit", "branch1:hotspot", symptom="ChatGPT is blocked")
    assert found["symptom"]["id"] == "all" and found["text"].startswith("Nothing works. It is ") and "tls inspection by" in found["symptom"]["text"]
    assert found["features"]["chat"]["faults"][0]["seen_from"] == ["branch1"]
    assert "branch2" not in json.dumps(found) and "control host hotspot: usable" in found["shown"]


def test_it_names_the_network_the_product_and_what_to_do(before):
    chat = before["features"]["chat"]
    assert (chat["scope"], chat["row"], chat["confidence"]) == ("network", 5, "high")
    faults = {fault["verdict"]: fault for fault in chat["faults"]}
    # What asks for no page is decrypted all the same.
    assert list(faults) == ["tls_inspection", "block_page", "cookie_interception"]
    fault = faults["block_page"]
    assert (fault["product"], fault["seen_from"]) == ("Squid", ["blocked.har", "branch1", "branch2", "stranger"])
    assert TARGET in fault["for"] and "squid_access.unblock" in fault["remedy"]
    assert before["features"]["ios_attest"]["faults"][0]["verdict"] == "inspected_by_choice"
    assert before["service"] == "operational" and "hotspot" not in chat["hosts"] and "hotspot" not in before["shown"].partition("not counted")[2]
    assert "NETWORK (high confidence): api" in before["shown"] and before["shown"].count("do: run squid_access") == 1


def test_the_page_shows_this_very_run(before):
    shown = (ROOT / "docs" / "diagnosis.md").read_text()
    # What this machine itself has may be noticed as well.
    assert "\n".join(line for line in before["text"].splitlines() if not line.startswith("note for ")) in shown


def test_a_file_of_the_probe_kit_counts_as_a_host_outside(before):
    assert before["control"] == {"hotspot": "usable", "home": "usable"}


def test_browsers_and_a_file_for_the_support_case(before):
    target = before["folder"] / "case.zip"
    assert "blocked.har" in before["features"]["chat"]["hosts"] and target.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(target) as archive:
        names = set(archive.namelist())
        readme = archive.read("README.txt").decode()
        har = json.loads(archive.read("har/1.har"))
        host = json.loads(archive.read("hosts/branch1.json"))
    assert names == {"README.txt", "diagnosis.txt", "diagnosis.json", "service.json", "har/1.har", "control/home.json", "control/hotspot.json",
                     "hosts/blocked.har.json", "hosts/branch1.json", "hosts/branch2.json", "hosts/stranger.json"}
    assert "Case: 4711" in readme and "  - looked without VPN" in readme and "register.appattest.apple.com" in readme
    assert "text" not in har["log"]["entries"][0]["response"]["content"]
    assert not {"expect", "probes", "observations"} & set(host)


def test_once_it_is_open_it_finds_nothing_also_without_the_status_page(lab, before, tmp_path):
    page = tmp_path / "saved.json"
    page.write_text("<html>blocked</html>")
    assert access(lab, tmp_path)["changed"]
    # Of hosts that stay under inspection and leave no mark the vantage outside tells whether the answer is the origin's.
    after = diagnose(lab, tmp_path, diagnose_status_path=str(page))
    assert {name: one["scope"] for name, one in after["features"].items()} == {name: "none" for name in before["features"]}, after["text"]
    assert after["message"].startswith("everything that was probed works")
    assert after["service"] == "unknown"


def test_hosts_outside_the_audience_are_not_counted_unless_they_are_named():
    """That they are blocked is right; a diagnosis that counts them tells a healthy site to run the change again."""
    default = yaml.safe_load((ROOT / "roles" / "diagnose" / "defaults" / "main.yml").read_text(encoding="utf-8"))["diagnose_hosts"]
    hosts = {"member": {"verify_expect": "open"}, "plain": {}, "other": {"verify_expect": "unchanged"}}
    seen = {"groups": {"netaccess_vantages": list(hosts), "all": list(hosts)}, "diagnose_within": ["member", "plain", "other"],
            "hostvars": {name: dict(values, inventory_hostname=name) for name, values in hosts.items()}}

    def chosen(**more):
        return Templar(DataLoader(), variables=dict(seen, **more)).template(trust_as_template(default))
    assert chosen() == ["member", "plain"] and chosen(diagnose_within=["plain", "other"]) == ["plain"]
    assert chosen(groups={"all": []}) == []
    # Nor is a control host, which is inside of nothing.
    assert chosen(groups=dict(seen["groups"], netaccess_control=["plain", "other"])) == ["member"]
