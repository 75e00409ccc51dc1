# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prisma Access beyond the contract: options of its own, sign-in, refusals, requests, and all that the judge does not know."""
from __future__ import annotations

import pytest

from tests.products.scm.rig import ScmRig


@pytest.fixture
def rig(open_rig):
    return open_rig(ScmRig)


def test_a_wrong_token_is_named_and_not_repeated(rig):
    pytest.fail("FILL IN: with token=\"wrong\" a run fails with class auth, and its message does not hold the token")


def test_what_a_first_run_and_a_second_one_cost(rig):
    pytest.fail("FILL IN: requests and connections of a first run, and of one that finds nothing to do, by number")


def test_what_is_not_understood_is_unchecked(rig):
    pytest.fail("FILL IN: a column, an object and an action that the judge does not know, one after the other: coverage "
                "is unchecked, a conflict uncertain")


def test_each_control_that_the_exemption_passes_is_a_loss(rig):
    pytest.fail("FILL IN: losses name each control of the product, and refuse_losses stops before the first write")


def test_who_else_is_reached_is_said(rig):
    pytest.fail("FILL IN: where our rules reach more people than the audience, or pass a rule for a part of it, "
                "audience_widened says so")


def test_nothing_is_left_open(rig):
    pytest.fail("FILL IN: after a run, a check run, a failed run and one that is refused, the twin has no session and no "
                "lock of ours. Without sessions and locks: delete this")
