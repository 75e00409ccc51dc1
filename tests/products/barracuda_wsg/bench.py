# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing goes over the wire: what is timed is the plan, and that a person has carried it out."""
from __future__ import annotations

import tempfile
from pathlib import Path

from tests.bench.products import Meter, ours, policies
from tests.products.barracuda_wsg.rig import BarracudaRig


def main() -> None:
    for label, policy in policies():
        with tempfile.TemporaryDirectory() as folder:
            rig = BarracudaRig(Path(folder))
            with rig.twin:
                ours("Barracuda, " + label, rig, policy, Meter(rig.twin, lambda request: True))
