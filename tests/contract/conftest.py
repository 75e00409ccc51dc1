# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each test of the suite runs against the rig of every product."""
from __future__ import annotations

import pytest

from tests.contract.fixtures import BY_HAND, TWINS, internet, make, open_rig, squid_rig  # noqa: F401  # pylint: disable=unused-import
from tests.contract.memory import MemoryRig
from tests.lab.squid import available


@pytest.fixture(params=["memory", "memory-sealed", "squid"] + sorted(TWINS) + sorted(BY_HAND))
def rig(request, tmp_path):
    if request.param.startswith("memory"):
        yield MemoryRig(tmp_path, sealed=request.param == "memory-sealed")
        return
    if request.param in TWINS or request.param in BY_HAND:
        made = dict(TWINS, **BY_HAND)[request.param](tmp_path)
        # Each rig meets the wire in test_weather and in the tests of its product.
        with made.twin.at_hand():
            yield made
        return
    missing = available()
    if missing:
        pytest.skip(missing)
    found = request.getfixturevalue("squid_rig")
    found.reset()
    found.folder = tmp_path
    yield found
