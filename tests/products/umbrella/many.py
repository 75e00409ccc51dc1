# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site with many rules."""
from __future__ import annotations

from tests.bench.rules import LISTS
from tests.products.umbrella.rig import SecureAccessRig
from tests.products.umbrella.twin import WEB

RIG = SecureAccessRig


def fill(rig, count: int, held: list) -> None:
    keys = [rig.twin.add_list(name, "none", WEB, hosts)["id"] for name, hosts in held]
    profiles = [rig.twin.add_profile(name, rig.twin.add_spared(name + " exempt", hosts)["id"])["id"] for name, hosts in held]
    for number in range(count):
        rig.twin.add_rule("site %d" % number, ("block", "allow")[number % 2], None, [keys[number % LISTS]], profile=profiles[number % LISTS])
    rules = rig.twin.state.rules
    rules[:] = rules[-count:] + rules[:-count]
