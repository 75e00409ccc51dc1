# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role ``verify`` as Ansible runs it: it waits, it counts what was asked for, and a host that was not reached is no pass."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
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
    path.moods({TARGET: "tls_reset"})
    # Late enough that a busy machine has taken the first look by then.
    threading.Timer(12, path.moods, [{}]).start()
    began = time.monotonic()
    code, shown, results = verify("assert", verify_wait=60, verify_wait_interval=1)
    assert code == 0, shown
    assert time.monotonic() - began < 55
    assert results["desk1-after"]["summary"]["verdict"] == "pass"
    assert "desk1: 1 of" in shown and "Looking again in 1 s, for at most" in shown


def test_it_gives_up_when_the_time_is_up(path, verify):
    path.moods({TARGET: "tls_reset"})
    code, shown, results = verify("assert", verify_wait=2, verify_wait_interval=1)
    assert code == 2
    assert results["desk1-after"]["summary"]["verdict"] == "fail"
    assert "wanted checks fail: chatgpt.com" in shown and "0 of 1 hosts pass; desk1: fail" in shown


@pytest.mark.parametrize("asked,code", [({"verify_features": ["login"]}, 0), ({"verify_features": ["chat", "login"]}, 2), ({"verify_levels": ["optional"]}, 0),
                                        ({"verify_levels": ["required"]}, 2)])
def test_what_counts_can_be_chosen(path, verify, asked, code):
    path.moods({TARGET: "tls_reset"})
    found, shown, results = verify("assert", **asked)
    assert found == code, shown
    assert results["desk1-after"]["summary"]["features"]["chat"] == "fail"


def test_a_host_that_is_not_reached_is_named_and_is_no_pass(verify):
    hosts = {"desk1": {"ansible_connection": "local"}, "gone": {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_connection": "ssh"}}
    code, shown, results = verify("baseline", "assert", hosts=hosts)
    assert "1 of 1 hosts pass; not reached, so nothing is known of them: gone" in shown
    assert results["desk1-after"]["summary"]["verdict"] == "pass" and "checks" not in results["gone-after"]
    # Ansible itself counts the unreachable host, as ignored.
    assert code == 0, shown


def test_when_no_host_is_reached_nothing_passes(verify):
    code, shown, _results = verify("assert", hosts={"gone": {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_connection": "ssh"}})
    assert code == 2 and "no host says anything; not reached" in shown


def test_a_check_run_takes_a_baseline_and_asserts_nothing(path, verify):
    path.squid()
    code, shown, results = verify("assert", flags=["--check"])
    assert code == 0, shown
    assert results["desk1-before"]["summary"]["verdict"] == "fail" and "desk1-after" not in results


def test_a_result_is_kilobytes_and_the_evidence_is_there_on_request(path, verify):
    path.squid([NO_DENIES])
    results = verify("baseline")[2]
    assert len(json.dumps(results["desk1-before"])) < 25_000
    results = verify("baseline", verify_evidence=True)[2]
    assert all(check["observations"]["connect"]["status"] == 200 for check in results["desk1-before"]["checks"])


def test_what_newly_opens_is_a_failure_even_when_everything_wanted_is_open(path, verify):
    """The proxy shuts another AI site before the change and lets it through afterwards."""
    shut = {"claude.ai"}
    path.gateway(lambda _who, name, _port: ("block" if name in shut else "allow", "tunnel"))
    assert verify("baseline")[0] == 0
    code, shown, _results = verify("baseline", "assert")
    assert code == 0, shown

    class Opens(set):
        """Shut for the first look only."""

        def __contains__(self, name):
            if name == "claude.ai" and not self:
                self.add(name)
                return True
            return False

    path.gateway(lambda _who, name, _port, once=Opens(): ("block" if name in once else "allow", "tunnel"))
    began = time.monotonic()
    code, shown, _results = verify("baseline", "assert", verify_wait=60)
    assert code == 2 and "claude.ai: newly open since the baseline" in shown
    assert time.monotonic() - began < 30
