# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site with many rules."""
from __future__ import annotations

from tests.bench.rules import LISTS, network
from tests.products.checkpoint.rig import CheckpointRig
from tests.products.checkpoint.twin import https_rule, rule

RIG = CheckpointRig


def fill(rig, count: int, held: list) -> None:
    twin = rig.twin
    with rig.by_hand() as db:
        for name, hosts in held:
            twin.add("application-site", name, **{
                "url-list": [one + "/" for one in hosts], "urls-defined-as-regular-expression": False, "primary-category": "Social Networking", "comments": "",
                "user-defined": True})
        for number in range(count):
            subnet, _slash, length = network(number).partition("/")
            twin.add("network", "net %d" % number, subnet4=subnet, **{"mask-length4": int(length)})

        def rules(made, actions, column, share):
            return [{"uid": twin.uid(), **made("site %d" % number, actions[number % 2], source=["net %d" % number], **{column: [held[number % LISTS][0]]})}
                    for number in range(count // share)]
        db["layers"]["Network"]["rules"][:0] = rules(rule, ("Drop", "Accept"), "service", 1)
        db["layers"]["Outbound"]["rules"][:0] = rules(https_rule, ("Inspect", "Bypass"), "site-category", 10)
