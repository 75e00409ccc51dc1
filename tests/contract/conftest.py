# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rigs: each test of the suite runs against every product."""
from __future__ import annotations

import pytest

from tests.contract.memory import MemoryRig
from tests.contract.squid import SquidRig
from tests.lab.lab import Internet
from tests.lab.squid import available


@pytest.fixture(scope="session")
def internet(tmp_path_factory):
    with Internet(tmp_path_factory.mktemp("internet")) as running:
        yield running


@pytest.fixture(scope="session")
def squid_rig(tmp_path_factory, internet):
    folder = tmp_path_factory.mktemp("squid")
    for parent in [folder, folder.parent, folder.parent.parent]:
        parent.chmod(0o755)
    rig = SquidRig(folder, internet)
    yield rig
    rig.stop()


@pytest.fixture(params=["memory", "squid"])
def rig(request, tmp_path):
    if request.param == "memory":
        return MemoryRig(tmp_path)
    missing = available()
    if missing:
        pytest.skip(missing)
    found = request.getfixturevalue("squid_rig")
    found.reset()
    found.folder = tmp_path
    return found
