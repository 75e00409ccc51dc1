# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site with many rules."""
from __future__ import annotations

from tests.bench.rules import LISTS
from tests.products.skyhigh_swg.rig import EXEMPT, SkyhighRig
from tests.products.skyhigh_swg.twin import criterion, rule, rule_group

RIG = SkyhighRig


def fill(rig, count: int, held: list) -> None:
    keys = [rig.twin.add_list(name, held=hosts) for name, hosts in held]
    for start in range(0, count, 50):
        rules = [rule("site %d" % number, ("block.11376", "stopcycle")[number % 2], criterion("url.host", "matchesinlist", listed=keys[number % LISTS]))
                 for number in range(start, min(start + 50, count))]
        rig.twin.insert(rule_group("site %d" % start, rules, cycles="request"), above=EXEMPT)
