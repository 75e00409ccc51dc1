# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every scenario ends in the verdict that was written down for it, and nothing else on the path raises an alarm."""
from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.runner import WITHOUT_PROXY
from tests.lab import network, squid
from tests.lab.lab import ROOT
from tests.lab.path import Proxied, Routed, full, judge, quick
from tests.lab.process import Process, wait_until
from tests.lab.scenarios import SCENARIOS

needs_squid = pytest.mark.skipif(squid.available() is not None, reason=str(squid.available()))
needs_namespaces = pytest.mark.skipif(network.available() is not None, reason=str(network.available()))
KINDS = {"routed": Routed, "proxied": Proxied}
MARKS = {"routed": [needs_squid, needs_namespaces], "proxied": [needs_squid]}


def oldest_python() -> str | None:
    """The oldest Python that a managed host may have, if this machine has it."""
    for version in ("3.8", "3.9"):
        for candidate in [*Path.home().glob(".pyenv/versions/%s.*/bin/python" % version), shutil.which("python" + version)]:
            if candidate and subprocess.run([str(candidate), "-c", "import ssl"], capture_output=True, check=False).returncode == 0:
                return str(candidate)
    return None


@pytest.fixture(scope="module")
def paths():
    """The two paths, made when they are first needed."""
    made: dict = {}

    def path(kind: str):
        if kind not in made:
            made[kind] = KINDS[kind]()
            made[kind].__enter__()
        made[kind].mend()
        return made[kind]

    yield path
    for one in made.values():
        one.__exit__()


def as_params():
    return [pytest.param(one, marks=MARKS[one.path], id="%s, %s" % (one.name, one.path)) for one in SCENARIOS]


@pytest.mark.parametrize("python", [sys.executable, pytest.param(oldest_python(), marks=pytest.mark.skipif(
    oldest_python() is None, reason="neither Python 3.8 nor 3.9 is here"))], ids=["this Python", "the oldest Python"])
@pytest.mark.parametrize("scenario", as_params())
def test_scenario(scenario, python, paths):
    path = paths(scenario.path)
    scenario.arrange(path)
    asked = full() if scenario.asks == "full" else quick()
    checks = {check["id"]: check for check in path.look(asked, python=python, **scenario.settings)}
    for name, wanted in scenario.expected.items():
        check = checks[name]
        if wanted is None:
            continue
        product = (check["blocked_by"] or {}).get("product")
        seen = (check["verdict"], check["layer"], check["failure"], check["interception"], product)
        assert seen == (wanted.verdict, wanted.layer, check["failure"], wanted.interception, wanted.product), check["message"]
        assert check["failure"] in wanted.failure, check["message"]
        assert set(wanted.flags) <= set(check["flags"]), check["flags"]
    others = [check for check in checks.values() if check["role"] == "wanted" and check["id"] not in scenario.expected
              and not (check["via"] == "proxy" and check["kind"] in WITHOUT_PROXY)]
    assert len(others) > 8
    if scenario.elsewhere != "any":
        assert [check["message"] for check in others if check["verdict"] != scenario.elsewhere and check["host"] not in _hosts(scenario, checks)] == []


def _hosts(scenario, checks) -> set:
    return {checks[name]["host"] for name in scenario.expected}


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=MARKS[kind]) for kind in KINDS])
def test_no_false_alarm_on_the_healthy_path_in_two_hundred_runs(kind, paths):
    probes = quick()
    seen = paths(kind).observe(probes, times=200, timeout=10, deadline=30)
    assert len(seen["runs"]) == 200
    alarms = [check["message"] for run in seen["runs"] for check in judge(probes, run)
              if (check["role"] == "wanted" and check["verdict"] != "pass") or check["interception"] != "not_intercepted"]
    assert alarms == []


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=MARKS[kind]) for kind in KINDS])
def test_the_quick_set_takes_less_than_sixty_megabytes_of_memory(kind, paths):
    path = paths(kind)
    path.moods({probe["host"]: "large" for probe in quick()})
    assert path.observe(quick(), python=oldest_python() or sys.executable)["peak_mb"] < 60


@needs_namespaces
def test_a_host_with_every_packet_dropped_answers_within_the_deadline_and_a_second(paths):
    path = paths("routed")
    path.network.filter("drop", "")
    seen = path.observe(quick(), timeout=10, deadline=3)
    assert seen["seconds"] < 4
    assert {check["verdict"] for check in judge(quick(), seen["runs"][0]) if check["role"] == "wanted"} <= {"fail", "error"}


VOICE = {"id": "voice", "host": "198.51.100.250", "port": 3478, "kind": "stun", "path": "/", "role": "wanted", "features": ["voice"], "level": "optional",
         "exempt": False, "expect": {}}


@needs_namespaces
@needs_squid
@pytest.mark.parametrize("rule,verdict,failure", [
    ("", "pass", None), ("ip protocol udp udp dport 3478 drop", "unverified", "udp_no_reply"),
    ("ip protocol udp udp dport 3478 reject", "fail", "connection_refused"),
])
def test_voice_over_udp(paths, rule, verdict, failure):
    path = paths("routed")
    internet = path.network.spaces["internet"]
    server = Process([sys.executable, "-m", "tests.lab.stun", VOICE["host"], "3478"], internet.enter, cwd=ROOT)
    try:
        # Asked until it is up; then once more behind the rule.
        wait_until(lambda: path.look([VOICE])[0]["verdict"] == "pass", "the STUN server")
        path.firewall(rule)
        check, = path.look([VOICE])
    finally:
        server.stop()
    assert (check["verdict"], check["failure"]) == (verdict, failure)
