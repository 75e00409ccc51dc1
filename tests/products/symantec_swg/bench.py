# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""There is no peer: the vendor publishes no client for Management Center, and none is on PyPI."""
from __future__ import annotations

import tempfile
from pathlib import Path

from tests.bench.products import Meter, ours, policies
from tests.products.symantec_swg.rig import SymantecRig


def main() -> None:
    for label, policy in policies():
        with tempfile.TemporaryDirectory() as folder:
            rig = SymantecRig(Path(folder))
            with rig.twin:
                ours("Symantec, " + label, rig, policy, Meter(rig.twin, lambda request: request.method != "GET"))
