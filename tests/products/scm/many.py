# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site with many rules."""
from __future__ import annotations

from tests.bench.rules import LISTS, network
from tests.products.scm.rig import ScmRig
from tests.products.scm.twin import decryption, rule

RIG = ScmRig
#: Its rules are judged as those of PAN-OS, which make test measures.
LEFT_TO_TEST_ALL = True


def fill(rig, count: int, held: list) -> None:
    twin = rig.twin
    for name, hosts in held:
        twin.add("url category", {"name": name, "type": "URL List", "list": [one + "/" for one in hosts]})
    for kind, made, actions, share in (("security rule", rule, ("deny", "allow"), 1), ("decryption rule", decryption, ("decrypt", "no-decrypt"), 10)):
        for number in range(count // share):
            twin.add(kind, made("site %d" % number, actions[number % 2], source=[network(number)], category=[held[number % LISTS][0]]), at=number)
    twin.publish()
