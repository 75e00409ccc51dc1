# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run costs over a site with many rules, counted in calls: a further rule costs the same whatever is there, and so it does when lists are long."""
from __future__ import annotations

import functools

import pytest

from tests.bench.rules import Calls, run, sites

FEW, MORE = 30, 60


@functools.lru_cache(maxsize=None)
def calls(product: str, count: int, entries: int = 20) -> int:
    with Calls() as counted:
        return run(product, count, entries, counted.now)[1]


PRODUCTS = [pytest.param(name, marks=pytest.mark.exhaustive) if hasattr(many, "LEFT_TO_TEST_ALL") else name for name, many in sites().items()]


@pytest.fixture(scope="module", params=PRODUCTS)
def product(request):
    """One that ran before, so that what a process keeps is there each time."""
    for entries in (20, 200):
        run(request.param, MORE, entries)
    return request.param


def test_a_further_rule_costs_the_same_over_a_large_site(product):
    few, more, many = (calls(product, count) for count in (FEW // 2, FEW, MORE))
    assert many - more < 2 * 1.1 * (more - few)


def test_a_further_rule_costs_the_same_when_lists_are_long(product):
    short, long = (calls(product, MORE, entries) - calls(product, FEW, entries) for entries in (20, 200))
    assert long < 1.1 * short
