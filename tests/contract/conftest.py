# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rigs: each test of the suite runs against every product."""
from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

import pytest

from tests.contract.memory import MemoryRig
from tests.contract.squid import SquidRig
from tests.lab.lab import Internet
from tests.lab.squid import available


@pytest.fixture(scope="session")
def internet(tmp_path_factory):
    with Internet(tmp_path_factory.mktemp("internet")) as running:
        yield running


@contextlib.contextmanager
def open_folder():
    """A folder that Squid, which gives up root, can enter; those of pytest are closed to others again by each session that starts."""
    with tempfile.TemporaryDirectory(prefix="netaccess-rig-") as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def squid_rig(internet):
    with open_folder() as folder, contextlib.closing(SquidRig(folder, internet)) as rig:
        yield rig


@pytest.fixture
def make(internet):
    """Makes a Squid with a site of its own; ``folder`` is for files that it reads."""
    with contextlib.ExitStack() as stack:
        def build(**options):
            folder = stack.enter_context(open_folder())
            return stack.enter_context(contextlib.closing(SquidRig(folder, internet, **options)))
        yield build


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
