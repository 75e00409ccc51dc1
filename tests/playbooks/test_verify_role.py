# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``verify`` as Ansible runs it: it waits, it counts what was asked for, and a host that was not reached is no pass."""
from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.lab import squid
from tests.lab.path import NO_DENIES, TARGET, Proxied, quick

pytestmark = pytest.mark.skipif(squid.available() is not None, reason=str(squid.available()))


@pytest.fixture(scope="module")
def path():
    with Proxied() as made:
        yield made


@pytest.fixture
def verify(path, tmp_path):
    """``verify(*plays, hosts, flags, variables)``: (return code, output, the results by file name)."""
    path.mend()

    def run(*modes, hosts=None, flags=(), **variables) -> tuple:
        shared = dict({"verify_probes": quick(), "verify_proxy": path.settings["proxy"], "verify_ca_path": str(path.internet.public), "verify_timeout": 2,
                       "verify_report_dir": str(tmp_path), "verify_wait": 0, "ansible_python_interpreter": sys.executable}, **variables)
        inventory = {"all": {"hosts": hosts or {"desk1": {"ansible_connection": "local"}}, "vars": shared}}
        (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory))
        roles = [{"role": "netaccess.chatgpt.verify", "vars": {"verify_mode": mode}} for mode in modes]
        (tmp_path / "play.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "roles": [role]} for role in roles]))
        program = str(Path(sys.executable).parent / "ansible-playbook")
        done = subprocess.run([program, "-i", str(tmp_path / "inventory.yml"), str(tmp_path / "play.yml"), *flags],
                              env=dict(os.environ, ANSIBLE_NOCOLOR="1"), capture_output=True, text=True, check=False)
        results = {file.stem: json.loads(file.read_text()) for file in tmp_path.glob("*.json")}
        return done.returncode, done.stdout + done.stderr, results
    return run


def test_it_waits_for_the_change_to_arrive_and_says_so(path, verify):
    looks = []

    def late(_who, name, _port):
        looks.append(name == TARGET)
        return "block" if name == TARGET and sum(looks) < 3 else "allow", "tunnel"
    path.gateway(late)
    code, shown, results = verify("assert", verify_wait=120, verify_wait_interval=1)
    assert code == 0, shown
    assert results["desk1-after"]["summary"]["verdict"] == "pass" and sum(looks) == 3
    assert "desk1: 1 of" in shown and shown.count("Probing again in 1 second, for up to") == 2


def test_what_counts_can_be_chosen_and_it_gives_up_when_the_time_is_up(path, verify):
    path.moods({TARGET: "tls_reset"})
    asked = {"login": {"verify_features": ["login"]}, "chat": {"verify_features": ["chat", "login"]}, "optional": {"verify_levels": ["optional"]},
             "required": {"verify_levels": ["required"], "verify_wait": 2, "verify_wait_interval": 1}}
    code, shown, results = verify("assert", hosts={name: dict(one, ansible_connection="local") for name, one in asked.items()})
    assert code == 2 and "2 of 4 hosts pass; chat: fail, required: fail" in shown
    assert {name: results[name + "-after"]["summary"]["verdict"] for name in asked} == {
        "login": "pass", "chat": "fail", "optional": "pass", "required": "fail"}
    assert {results[name + "-after"]["summary"]["features"]["chat"] for name in asked} == {"fail"}
    assert re.search(r"wanted checks fail \(.*\): chatgpt.com", shown) and "required: 1 of" in shown
    failed = dict(re.findall(r"^(\w+) +: ok=.* failed=(\d)", shown, re.M))
    assert failed == {"login": "0", "chat": "1", "optional": "0", "required": "1"}


def test_a_host_that_is_not_reached_is_named_and_is_no_pass(verify):
    hosts = {"desk1": {"ansible_connection": "local"}, "gone": {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_connection": "ssh"}}
    code, shown, results = verify("baseline", "assert", hosts=hosts)
    assert "1 of 1 host pass; not reached, so their state is unknown: gone" in shown
    assert results["desk1-after"]["summary"]["verdict"] == "pass" and "checks" not in results["gone-after"]
    # Ansible itself counts the unreachable host, as ignored.
    assert code == 0, shown


def test_when_no_host_is_reached_nothing_passes(verify):
    code, shown, _results = verify("assert", hosts={"gone": {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_connection": "ssh"}})
    assert code == 2 and "no probe host has a result; not reached" in shown


def test_a_check_run_takes_a_baseline_and_asserts_nothing(path, verify):
    path.squid()
    code, shown, results = verify("assert", flags=["--check"], verify_signatures=[{"product": "Example Gateway", "header": ["x-squid-error", "^ERR_"]}])
    assert code == 0, shown
    # The site's own rules come first.
    assert {(check["blocked_by"] or {}).get("product") for check in results["desk1-before"]["checks"]} == {None, "Example Gateway"}
    assert results["desk1-before"]["summary"]["verdict"] == "fail" and "desk1-after" not in results


def test_a_result_is_kilobytes_the_evidence_is_there_on_request_and_a_user_s_proxy_is_said(path, verify):
    path.squid([NO_DENIES], auth=True)
    place = {"ansible_connection": "local", "verify_source_address": "127.0.0.2"}
    user = dict(place, verify_proxy_user="alice", verify_proxy_password="right")
    hosts = {"desk1": user, "desk2": dict(user, verify_evidence=True), "desk3": place}
    _code, shown, results = verify("baseline", hosts=hosts, flags=["-vvv"])
    assert len(json.dumps(results["desk1-before"])) < 25_000
    assert all(check["observations"]["connect"]["status"] == 200 for check in results["desk2-before"]["checks"])
    without = results["desk3-before"]
    assert without["summary"]["verdict"] == "skipped" and {check["failure"] for check in without["checks"]} == {"proxy_auth_required"}
    assert "YWxpY2U6cmlnaHQ=" not in shown + json.dumps(results) and not re.search(r"proxy_password\W+right", shown)


def test_what_newly_opens_is_a_failure_even_when_everything_wanted_is_open(path, verify):
    """The proxy shuts another AI site before the change; afterwards it lets one of two hosts through."""
    looks = []

    def decide(who, name, _port):
        looks.append((who, name))
        opened = who == "127.0.0.3" and looks.count((who, name)) > 1
        return "block" if name == "claude.ai" and not opened else "allow", "tunnel"
    path.gateway(decide)
    hosts = {name: {"ansible_connection": "local", "verify_source_address": source} for name, source in (("as_it_was", "127.0.0.2"), ("opened", "127.0.0.3"))}
    code, shown, results = verify("baseline", "assert", hosts=hosts, verify_wait=60)
    assert code == 2 and "claude.ai: newly open since the baseline" in shown
    assert {name: results[name + "-after"]["summary"]["verdict"] for name in hosts} == {"as_it_was": "pass", "opened": "fail"}
    # More time makes nothing shut again.
    assert "Probing again" not in shown
