# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites with many rules: what a run in check mode costs, for each product whose rules are read. What the transport takes, and with it the twin, is taken off.

The rules stand above those that a twin has anyway. Each names one of a few lists; every tenth may shut a host of ours, since its list holds one.
"""
from __future__ import annotations

import importlib
import pkgutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable
from unittest import mock

import tests.products
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Transport
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import Selection, load, policy_config
from tests.bench.products import ROW

LISTS = 5


def host(number: int) -> str:
    return "host%d.site%d.example%d.com" % (number, number % 97, number % 13)


def lists(entries: int) -> list:
    """[(name, hosts)]: ``entries`` in all. One of them holds a host of ours too."""
    return [("Hosts %d" % number, [host(at) for at in range(number, entries, LISTS)] + ["ab.chatgpt.com"] * (number == 0)) for number in range(LISTS)]


def network(number: int) -> str:
    return "10.%d.%d.0/24" % (number // 256, number % 256)


def sites() -> dict:
    """{product: its module many}: ``RIG`` makes a rig in a folder, ``fill(rig, count, held)`` puts ``count`` rules into its site, which name the lists
    ``held`` as ``lists`` has them."""
    names = sorted(module.name for module in pkgutil.iter_modules(tests.products.__path__) if module.ispkg)
    return {name: importlib.import_module("tests.products.%s.many" % name) for name in names
            if (Path(tests.products.__path__[0]) / name / "many.py").exists()}


class Calls:
    """Counts calls of functions: what a run needs, on any machine."""

    def __init__(self):
        self._number = 0

    def now(self) -> int:
        return self._number

    def _count(self, _frame, event: str, _argument) -> None:
        if event == "call":
            self._number += 1

    def __enter__(self) -> Calls:
        sys.setprofile(self._count)
        return self

    def __exit__(self, *_error) -> None:
        sys.setprofile(None)


def run(product: str, count: int, entries: int, now: Callable = time.process_time) -> tuple:
    """(result, seconds of a processor) of a dry run over a site with so many rules, whose lists hold so many entries. ``now``: another measure."""
    many = sites()[product]
    away, call = [0], Transport.call

    def apart(*arguments, **content):
        began = now()
        try:
            return call(*arguments, **content)
        finally:
            away[0] += now() - began
    policy = Policy.from_config(policy_config(load(), Selection(media=False)))
    with tempfile.TemporaryDirectory() as folder:
        rig = many.RIG(Path(folder))
        with rig.twin.at_hand(), mock.patch.object(Transport, "call", apart):
            many.fill(rig, count, lists(entries))
            began = now()
            result = rig.run(policy=policy, check=True, accept_wider_audience=True, adapter=rig.adapter(timeout=10 ** 4))
            return result, now() - began - away[0]


def main() -> None:
    for product in sites():
        for entries in (100, 10000):
            base = None
            for count in (100, 1000, 10000):
                _result, seconds = run(product, count, entries)
                base = base or seconds / count
                print(ROW % ("%s: %d rules, %d entries in lists" % (product, count, entries), "check mode, %.2f s of a processor" % seconds,
                             "%.2f of the time per rule at 100" % (seconds / count / base)))
