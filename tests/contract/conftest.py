# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each test of the suite runs against the rig of every product."""
from __future__ import annotations

import pytest

from tests.contract.fixtures import BY_HAND, REPRESENTATIVES, TWINS, internet, make_squid, open_rig, squid_rigs  # noqa: F401  # pylint: disable=unused-import
from tests.contract.memory import MemoryRig
from tests.lab import releases


#: Rigs of no product with an API.
OTHERS = ("memory", "memory-sealed", "squid", *sorted(BY_HAND))
#: The other releases of a product that runs for real.
RELEASES = tuple(releases.others())
#: For what only the engine can get wrong: beside those above one that hides what waits, and one that seals.
OF_ENGINE = {"zia-legacy", "panos-9.1", *OTHERS}


def pytest_itemcollected(item):
    """``make test`` runs a test with one or two rigs of each product, with each rig when it is marked ``every_rig``, with few when it is ``of_engine``."""
    rig = getattr(item, "callspec", None) and item.callspec.params.get("rig")
    if rig in RELEASES:
        item.add_marker(pytest.mark.exhaustive)
        return
    kept = OF_ENGINE if item.get_closest_marker("of_engine") else REPRESENTATIVES.union(OTHERS)
    if rig and rig not in kept and not item.get_closest_marker("every_rig"):
        item.add_marker(pytest.mark.exhaustive)


@pytest.fixture(params=[*OTHERS, *RELEASES, *sorted(TWINS)])
def rig(request, tmp_path):
    if request.param.startswith("memory"):
        yield MemoryRig(tmp_path, sealed=request.param == "memory-sealed")
        return
    if request.param in TWINS or request.param in BY_HAND:
        made = dict(TWINS, **BY_HAND)[request.param](tmp_path)
        # Each product meets the wire in test_weather, and in tests of its own that are marked so.
        with made.twin.at_hand():
            yield made
        return
    found = request.getfixturevalue("squid_rigs")(releases.usable(releases.named(request.param)))
    found.reset()
    found.folder = tmp_path
    yield found
