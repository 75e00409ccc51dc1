# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import tempfile
from pathlib import Path

from tests.bench.products import Meter, ours, policies
from tests.products.scm.rig import ScmRig


def is_write(request) -> bool:
    raise NotImplementedError("FILL IN: whether a Request to the twin changes something")


def main() -> None:
    for label, policy in policies():
        with tempfile.TemporaryDirectory() as folder:
            rig = ScmRig(Path(folder))
            with rig.twin:
                ours("Prisma Access, " + label, rig, policy, Meter(rig.twin, is_write))
    raise NotImplementedError(
        "FILL IN: beside(...) with the vendor's client on a twin of its own. Without a client there is nothing to compare "
        "with: a docstring here says so")
