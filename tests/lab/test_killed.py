# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml on Squid and every twin together, killed at each of its tasks and in the midst of each device's writes: rollback.yml closes it from the journals."""
from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.contract.rig import MEMBER, STRANGER, wider
from tests.lab import squid
from tests.lab.devices import devices
from tests.lab.lab import Lab
from tests.lab.test_audit import play, policy_of
from tests.lab.twinlab import variables_of
from tests.twins.server import Fault

pytestmark = pytest.mark.skipif(squid.available() is not None, reason=str(squid.available()))
HOSTS = ("chatgpt.com", "cdn.openai.com", "js.stripe.com", "claude.ai", "www.example.com")


class Fleet:
    """One inventory with a device of each product. Hosts stand behind Squid alone, and look at little: devices are what this is about."""

    def __init__(self, up: contextlib.ExitStack, folder: Path):
        self.squid = up.enter_context(Lab())
        self.inventory, self.trust, self.journals = folder / "fleet.yml", self.squid.trust, folder / "journals"
        found = yaml.safe_load(self.squid.inventory.read_text())
        groups = found["all"]["children"]
        fleet = groups["netaccess_devices"]["hosts"]
        self.twins = {}
        for name, known in devices().items():
            twin = self.twins[name] = up.enter_context(known.make())
            twin.name = name
            (folder / name).mkdir()
            fleet[name] = dict(variables_of(name, twin, folder / name), access_comment="lab")
        for device in fleet.values():
            device["access_journal"] = str(self.journals)
        hosts = groups["netaccess_vantages"]["hosts"]
        groups["netaccess_vantages"]["hosts"] = {"branch1": hosts["branch1"]}
        found["all"]["vars"]["verify_probes"] = "{{ lookup('netaccess.chatgpt.endpoints', udp=false, cost='quick') | %s }}" % (
            "selectattr('host', 'in', ['chatgpt.com', 'claude.ai'])")
        self.inventory.write_text(yaml.safe_dump(found))

    def digests(self) -> dict:
        return {"proxy1": policy_of(self.squid), **{name: json.dumps(twin.snapshot(), sort_keys=True, default=str) for name, twin in self.twins.items()}}

    def decisions(self) -> dict:
        return {(name, who, host): twin.decide(who, host) for name, twin in self.twins.items() for who in (MEMBER, STRANGER) for host in HOSTS}

    def site(self, ends=lambda line: False) -> tuple:
        """Runs site.yml, and kills it and everything that it started at the first line of output for which ``ends`` is true. (killed, lines)"""
        command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(self.inventory), "netaccess.chatgpt.site", "--forks", "8"]
        self.run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                    env=dict(os.environ, ANSIBLE_NOCOLOR="1", PYTHONUNBUFFERED="1", SSL_CERT_FILE=str(self.trust)))
        lines = []
        for line in self.run.stdout:
            lines.append(line)
            if ends(line):
                self.kill()
                break
        self.run.stdout.close()
        return self.run.wait(), lines

    def kill(self) -> None:
        """Ansible's workers are in sessions of their own, so it is not a process group that has to go; the top goes first, or it would go on without them."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        family = [self.run.pid]
        for pid in family:
            family += [child for child, parent in parents.items() if parent == pid]
        for pid in family:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def wrote(self) -> bool:
        return bool(list(self.journals.glob("*.json")))

    def close(self, folder, before, limit) -> None:
        """Nothing is wider than before and than what the whole change opens; one rollback of the folder of journals, and all is as it was."""
        found = self.decisions()
        assert not [key for key, now in found.items() if wider(now, limit[key]) and wider(now, before[1][key])]
        if self.wrote():
            code, out = play(self, "rollback", folder, "--forks", "8", netaccess_journal=str(self.journals))
            assert code == 0, out
        assert self.digests() == before[0]
        for path in self.journals.glob("*.json"):
            assert json.loads(path.read_text())["journal"]["status"] in ("reverted", "undone"), path
            path.unlink()


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with contextlib.ExitStack() as up:
        yield Fleet(up, tmp_path_factory.mktemp("fleet"))


def chosen(tasks: list) -> list:
    """The numbers of the tasks to be killed at: each up to the last that changes a device, and then, where all is done, each fifth and the last.
    With NETACCESS_EVERY in the environment all of them."""
    last = max(number for number, line in enumerate(tasks) if "netaccess.chatgpt.access : " in line)
    return [number for number in range(len(tasks)) if number <= last or number % 5 == 0 or number == len(tasks) - 1 or "NETACCESS_EVERY" in os.environ]


@pytest.mark.timeout(1200)
def test_a_run_killed_at_any_task_or_write_is_closed_from_the_journals(fleet, tmp_path):
    """One test, since each kill begins where the one before it was closed."""
    fleet.journals.mkdir()
    start = fleet.digests(), fleet.decisions()
    code, lines = fleet.site()
    assert code == 0 and fleet.wrote(), "".join(lines)
    limit, tasks = fleet.decisions(), [line for line in lines if line.startswith("TASK [")]
    assert limit != start[1] and len(tasks) > 30
    fleet.close(tmp_path, start, limit)
    for number in chosen(tasks):
        count = iter(range(len(tasks)))
        code, lines = fleet.site(lambda line, count=count, number=number: line.startswith("TASK [") and next(count) == number)
        assert code == -signal.SIGKILL, "".join(lines)
        fleet.close(tmp_path, start, limit)
    for name, twin in fleet.twins.items():
        # The first write, and a later one: the commit on PAN-OS, which does the rest in one, and the second of the two that Sophos Firewall takes.
        for skip in (0, 1 if name in ("panos", "sophos") else 4):
            killer = Killer(fleet, name, skip)
            twin.faults.append(Fault("status", when=killer.look))
            code, lines = fleet.site()
            twin.faults.clear()
            assert code == -signal.SIGKILL and killer.done and fleet.wrote(), (name, skip, "".join(lines))
            fleet.close(tmp_path, start, limit)


class Killer:
    """Kills the run when a twin is asked for the write after so many."""

    def __init__(self, fleet, name: str, skip: int):
        self._fleet, self._name, self._left, self.done = fleet, name, skip, False

    def look(self, request) -> bool:
        if not self.done and self._writes(request):
            self._left -= 1
            if self._left < 0:
                self.done = True
                self._fleet.kill()
        return False

    def _writes(self, request) -> bool:
        if self._name == "panos":
            return request.form.get("type") == "commit" or request.form.get("action") in ("set", "edit", "delete", "move", "multi-config")
        if self._name == "sophos":
            return "<Set" in request.form.get("reqxml", "")
        return request.method != "GET" and "authenticatedSession" not in request.path
