# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plugin of pytest: the processor time that the tests of each file took, with all processes that they started and waited for.

``pytest -p tests.processor``. A lab that serves a whole file is counted when it is taken down.
"""
from __future__ import annotations

import os
from collections import Counter

import pytest

SHOWN = 20
_spent: Counter = Counter()


def _now() -> float:
    return sum(os.times()[:4])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    began = _now()
    try:
        return (yield)
    finally:
        _spent[str(item.path.relative_to(item.config.rootpath))] += _now() - began


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["processor"] = dict(_spent)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    _spent.update(getattr(node, "workeroutput", {}).get("processor", {}))


def pytest_terminal_summary(terminalreporter):
    terminalreporter.section("processor time: %.0f s" % sum(_spent.values()))
    for path, seconds in _spent.most_common(SHOWN):
        terminalreporter.line("%6.0f s  %s" % (seconds, path))
