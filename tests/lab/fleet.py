# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One inventory with a real Squid and the twins of products, and a run of site.yml that can be killed."""
from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path

import yaml

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import Journal
from tests.contract.rig import MEMBER, STRANGER, wider
from tests.lab.device import devices, written
from tests.lab.lab import Lab
from tests.lab.play import PROGRAM, play, policy_of
from tests.lab.twinlab import variables_of

HOSTS = ("chatgpt.com", "cdn.openai.com", "js.stripe.com", "claude.ai", "www.example.com")
LOOKED_AT = ["chatgpt.com", "claude.ai", "www.iana.org"]
#: An appliance whose writes count at once, and a service whose writes wait for an activation.
TWO = ("fortios", "zia")
EVERY = tuple(written())


class Fleet:
    """One inventory with Squid and a device of each of ``products``. Hosts stand behind Squid alone, and look at little: devices are what this is about."""

    def __init__(self, up: contextlib.ExitStack, folder: Path, products: tuple = TWO):
        self.squid = up.enter_context(Lab(few=True, vantages=("branch1", "branch2")))
        self.folder, self.inventory, self.trust, self.journals = folder, folder / "fleet.yml", self.squid.trust, folder / "journals"
        found = yaml.safe_load(self.squid.inventory.read_text())
        groups = found["all"]["children"]
        fleet = groups["netaccess_devices"]["hosts"]
        self.twins = {}
        for name in products:
            twin = self.twins[name] = up.enter_context(devices()[name].make())
            twin.name = name
            (folder / name).mkdir()
            fleet[name] = dict(variables_of(name, twin, folder / name), access_comment="lab")
        for device in fleet.values():
            device["access_journal"] = str(self.journals)
        found["all"]["vars"]["verify_probes"] = "{{ lookup('netaccess.chatgpt.endpoints', udp=false) | selectattr('host', 'in', %s) }}" % LOOKED_AT
        self.inventory.write_text(yaml.safe_dump(found, sort_keys=False))

    def digests(self) -> dict:
        return {"proxy1": policy_of(self.squid), **{name: json.dumps(twin.snapshot(), sort_keys=True, default=str) for name, twin in self.twins.items()}}

    def decisions(self) -> dict:
        return {(name, who, host): twin.decide(who, host) for name, twin in self.twins.items() for who in (MEMBER, STRANGER) for host in HOSTS}

    def site(self, ends=lambda line: False, *flags) -> tuple:
        """Runs site.yml, and kills it and everything that it started at the first line of output for which ``ends`` is true. (exit code, lines)"""
        command = [PROGRAM, "-i", str(self.inventory), "netaccess.chatgpt.site", "--forks", "8", *flags]
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
        kill(self.run.pid)

    def wrote(self) -> bool:
        return bool(list(self.journals.glob("*.json")))

    def close(self, folder, before, limit, *flags) -> None:
        """Nothing is wider than before and than what the whole change opens; one rollback of the folder of journals, and all is as it was."""
        found = self.decisions()
        assert not [key for key, now in found.items() if wider(now, limit[key]) and wider(now, before[1][key])]
        if self.wrote():
            code, out = play(self, "rollback", folder, "--forks", "8", *flags, netaccess_journal=str(self.journals))
            assert code == 0, out
        assert self.digests() == before[0]
        for path in self.journals.glob("*.json"):
            assert Journal.load(str(path)).status in ("reverted", "undone"), path
            path.unlink()

    def asked(self) -> dict:
        """{product: every Request that its twin got so far}."""
        return {name: list(twin.log) for name, twin in self.twins.items()}

    def wrote_to(self, product: str, since: dict) -> list:
        """The Requests that changed something at a twin after ``since``, which is a result of ``asked``."""
        return [request for request in self.twins[product].log[len(since[product]):] if devices()[product].writes(request)]


def kill(pid: int) -> None:
    """A run of Ansible. Its workers are in sessions of their own, so it is not a process group that has to go; the top goes first, or it would go on."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    family = [pid]
    for one in family:
        family += [child for child, parent in parents.items() if parent == one]
    for one in family:
        with contextlib.suppress(OSError):
            os.kill(one, signal.SIGKILL)
