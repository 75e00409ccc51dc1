# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every scenario ends in the verdict that was written down for it, and nothing else on the path raises an alarm."""
from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.runner import WITHOUT_PROXY
from tests.lab import network, squid
from tests.lab.internet import CANARY
from tests.lab.path import Proxied, Routed, full, judge, quick
from tests.lab.pki import Authority
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


#: Everything holds for all of them.
PYTHONS = list(dict.fromkeys([sys.executable, oldest_python() or sys.executable]))


def as_params():
    """A scenario is looked at by one Python, in turn, so that one for both paths meets both; and by the other one in ``make test-all``."""
    for number, one in enumerate(SCENARIOS):
        name, turn = "%s, %s" % (one.name, one.path), number % len(PYTHONS)
        yield pytest.param(one, PYTHONS[turn], marks=MARKS[one.path], id=name)
        for python in PYTHONS[:turn] + PYTHONS[turn + 1:]:
            yield pytest.param(one, python, marks=[*MARKS[one.path], pytest.mark.exhaustive], id=name + ", the other Python")


@pytest.mark.skipif(oldest_python() is None, reason="neither Python 3.8 nor 3.9 is here, so that the scenarios hold for this Python only")
def test_the_scenarios_are_run_by_the_oldest_python_as_well():
    assert len(PYTHONS) == 2


@pytest.mark.parametrize("scenario,python", list(as_params()))
def test_scenario(scenario, python, paths):
    path = paths(scenario.path)
    scenario.arrange(path)
    asked = [probe for probe in full() if scenario.asks == "full" or probe["cost"] == "quick" and probe["host"] != CANARY or probe["id"] in scenario.expected]
    checks = path.look(asked, python=python, **scenario.settings)
    _as_expected(scenario, {check["id"]: check for check in checks}, python)


def _as_expected(scenario, checks: dict, python: str) -> None:
    for name, wanted in scenario.expected.items():
        check = checks[name]
        product = (check["blocked_by"] or {}).get("product")
        seen = (check["verdict"], check["layer"], check["failure"], check["interception"], product)
        assert seen == (wanted.verdict, wanted.layer, check["failure"], wanted.interception, wanted.product), (python, check["message"])
        assert check["failure"] in wanted.failure, (python, check["message"])
        assert set(wanted.flags) <= set(check["flags"]), (python, check["flags"])
    others = [check for check in checks.values() if check["role"] == "wanted" and check["id"] not in scenario.expected
              and not (check["via"] == "proxy" and check["kind"] in WITHOUT_PROXY)]
    assert len(others) > 8
    if scenario.elsewhere != "any":
        assert [check["message"] for check in others if check["verdict"] != scenario.elsewhere and check["host"] not in _hosts(scenario, checks)] == [], python


def _hosts(scenario, checks) -> set:
    return {checks[name]["host"] for name in scenario.expected}


@pytest.mark.parametrize("number", [8, pytest.param(200, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("kind", [pytest.param(kind, marks=MARKS[kind]) for kind in KINDS])
def test_no_false_alarm_in_so_many_runs_on_the_healthy_path(kind, number, paths):
    probes = quick()
    path, share = paths(kind), number // len(PYTHONS)
    with ThreadPoolExecutor(len(PYTHONS)) as pool:
        runs = [run for seen in pool.map(lambda python: path.observe(probes, python, times=share, timeout=10, deadline=30), PYTHONS) for run in seen["runs"]]
    assert len(runs) == number
    alarms = [check["message"] for run in runs for check in judge(probes, run)
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
    with ThreadPoolExecutor(len(PYTHONS)) as pool:
        for seen in pool.map(lambda python: path.observe(quick(), python, timeout=10, deadline=3), PYTHONS):
            assert seen["seconds"] < 4
            assert {check["verdict"] for check in judge(quick(), seen["runs"][0]) if check["role"] == "wanted"} <= {"fail", "error"}


VOICE, SECOND = "198.51.100.250", "198.51.100.251"


def voice(kind: str, port: int, **options) -> dict:
    return {"id": kind, "host": VOICE, "port": port, "kind": kind, "path": "/", "role": "wanted", "features": ["voice"], "level": "optional", "exempt": False,
            "expect": {}, "options": options}


#: The lab's web server has port 443 of every address.
ASKED = [voice("stun", 3478, second=SECOND), voice("turn", 5349)]


@pytest.fixture(scope="module")
def coturn(paths):
    """A real server for voice on the internet: STUN on two addresses, TURN over TLS beside it."""
    path = paths("routed")
    public = Authority.load(path.folder / "internet" / "public-key.pem")
    pem = path.folder / "turn.pem"
    pem.write_bytes(public.leaf([VOICE]))
    command = [shutil.which("turnserver") or "turnserver", "--no-cli", "-n", "--listening-ip", VOICE, "--listening-ip", SECOND, "--listening-port", "3478",
               "--tls-listening-port", "5349", "--cert", str(pem), "--pkey", str(pem), "--realm", "lab.test", "--lt-cred-mech", "--user", "a:b", "--pidfile",
               str(path.folder / "turn.pid"), "--log-file", str(path.folder / "turn.log"), "--simple-log", "--userdb", str(path.folder / "turn.db")]
    server = Process(command, path.network.spaces["internet"].enter, cwd=path.folder)
    wait_until(lambda: {check["verdict"] for check in path.look(ASKED)} == {"pass"}, "coturn", lambda: None if server.alive() else "coturn ended", 30)
    yield
    server.stop()


@needs_namespaces
@needs_squid
@pytest.mark.skipif(shutil.which("turnserver") is None, reason="coturn is not here")
@pytest.mark.parametrize("rules,leaving,verdict,failure,flags", [
    ("", "masquerade", "pass", None, []), ("", "masquerade fully-random", "pass", None, ["symmetric_nat"]),
    ("ip protocol udp udp dport 3478 drop", "masquerade", "unverified", "udp_no_reply", ["unproven"]),
    ("ip protocol udp udp dport 3478 reject", "masquerade", "fail", "connection_refused", []),
])
def test_voice_over_udp_and_its_fallback(paths, coturn, rules, leaving, verdict, failure, flags):
    path = paths("routed")
    path.firewall(rules, leaving)
    for python in PYTHONS:
        udp, turn = path.look(ASKED, python=python)
        assert (udp["verdict"], udp["failure"], udp["flags"]) == (verdict, failure, flags)
        # Whatever is done to UDP, the relay over TLS is still there.
        assert (turn["verdict"], turn["interception"]) == ("pass", "not_intercepted")
