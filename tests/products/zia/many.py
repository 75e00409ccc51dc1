# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site with many rules."""
from __future__ import annotations

from tests.bench.rules import LISTS, host
from tests.products.zia.rig import ZiaRig
from tests.products.zia.twin.categories import custom
from tests.products.zia.twin.site import DECRYPT, DO_NOT_DECRYPT

RIG = ZiaRig


def fill(rig, count: int, held: list) -> None:
    config = rig.twin.state.config
    for number, (name, hosts) in enumerate(held, 10):
        config["categories"]["CUSTOM_%d" % number] = custom(number, name, urls=["." + one for one in hosts])

    def add(kind, share, actions, column):
        rows = config["rules"][kind]
        rows[:0] = [dict({"id": 1000 + number, "name": "site %d" % number, "rank": 7, "state": "ENABLED", "action": actions[number % 2]}, **column(number))
                    for number in range(count // share)]
        for order, row in enumerate((row for row in rows if not row.get("defaultRule")), 1):
            row["order"] = order
    add("urlFilteringRules", 1, ("BLOCK", "ALLOW"), lambda number: {
        "protocols": ["ANY_RULE"], "urlCategories": ["CUSTOM_%d" % (10 + number % LISTS)], "groups": [{"id": 102, "name": "Staff"}] if number % 3 else []})
    add("sslInspectionRules", 10, (DECRYPT, DO_NOT_DECRYPT), lambda number: {"urlCategories": ["CUSTOM_%d" % (10 + number % LISTS)]})
    add("firewallFilteringRules", 10, ("BLOCK_DROP", "ALLOW"), lambda number: {"destAddresses": [host(number)]})
    rig.twin.publish()
