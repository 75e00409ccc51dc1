# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The products with an API: requests, connections, processes and time of our modules and of the vendors' clients, against the same twins.

The peers reach the same entries and rules; they take no lock, validate nothing, look for no conflict and read nothing back. One module for each
product, with ``main``.
"""
from __future__ import annotations

import importlib
import pkgutil
import time
from pathlib import Path

import tests.products
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import Selection, load, policy_config

ROW = "%-46s %-52s %s"


def policies() -> list:
    """(label, Policy): the shipped default without voice, which the peers do not make, and 1,000 patterns of which 20 are exempt (a group of wildcard
    FQDNs is made one by one)."""
    default = policy_config(load(), Selection(media=False))
    many = ["*.host%d.example.com" % number for number in range(1000)]
    return [("%d patterns" % len(default["allow"]), Policy.from_config(default)),
            ("1,000 patterns", Policy.from_config({"allow": many, "exempt": many[:20]}))]


class Meter:
    """What a twin saw while something ran."""

    def __init__(self, twin, is_write):
        self._twin, self._is_write = twin, is_write

    def run(self, action, processes: int) -> tuple:
        """(text, seconds)"""
        self._twin.log.clear()
        connections, began = self._twin.connections, time.perf_counter()
        action()
        seconds = time.perf_counter() - began
        writes = sum(1 for request in self._twin.log if self._is_write(request))
        return "%d read, %d write, %d connection%s, %d process%s, %.2f s" % (
            len(self._twin.log) - writes, writes, self._twin.connections - connections, "s" * (self._twin.connections - connections != 1), processes,
            "es" * (processes != 1), seconds), seconds


def ours(name: str, rig, policy, meter: Meter) -> dict:
    times = {}
    for label, state, check in (("check mode", "merged", True), ("converge", "merged", False), ("re-run", "merged", False)):
        text, times[label] = meter.run(lambda check=check, state=state: rig.run(state, policy, check), 1)
        print(ROW % ("%s: ours, %s" % (name, label), text, ""))
    return times


def beside(name: str, peer: str, action, meter: Meter, times: dict, processes: int, words=("converge", "re-run")) -> None:
    for word in words:
        text, seconds = meter.run(action, processes)
        print(ROW % ("%s: %s, %s" % (name, peer, word), text, "ours takes %.1f of its time" % (times[word] / seconds)))


def main() -> None:
    for product in sorted(module.name for module in pkgutil.iter_modules(tests.products.__path__) if module.ispkg):
        if (Path(tests.products.__path__[0]) / product / "bench.py").exists():
            importlib.import_module("tests.products.%s.bench" % product).main()
