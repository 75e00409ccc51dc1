# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites by chance: whatever rules a company has, what is claimed of it has to be what the device then does, nobody else is let in, and all goes back."""
from __future__ import annotations

import os
import random
from collections import Counter

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import Failed
from tests.contract.fixtures import BY_HAND, TWINS, names
from tests.contract.rig import MEMBER, OTHERS, STRANGER, wider
from tests.lab.squid import available

#: ``make test`` looks at the first of them.
FEW, MANY = 16, 40
#: Hosts that stand for a pattern: also one further down, where a rule of the site may be about that one alone.
INSIDE = {".chatgpt.com": ("chatgpt.com", "ab.chatgpt.com"), "*.openai.com": ("api.openai.com", "setup.auth.openai.com"), "js.stripe.com": ("js.stripe.com",)}
SEEN = sorted({host for hosts in INSIDE.values() for host in hosts} | set(OTHERS))


@pytest.fixture(params=names("BY_CHANCE"))
def sites(request, tmp_path):
    """Makes so many rigs, one after the other, each with a site as it was delivered."""
    if request.param != "squid":
        return lambda number: twins({**TWINS, **BY_HAND}[request.param], tmp_path, number)
    if available():
        pytest.skip(available())
    # Each decision is a connection, so these are fewer.
    return lambda number: real(request.getfixturevalue("squid_rig"), tmp_path, number // 3)


def twins(kind, folder, number: int):
    for _number in range(number):
        rig = kind(folder)
        with rig.twin.at_hand():
            yield rig


def real(rig, folder, number: int):
    rig.folder = folder
    for _number in range(number):
        rig.reset()
        yield rig
    rig.reset()


@pytest.mark.parametrize("number", [FEW, pytest.param(MANY, marks=pytest.mark.exhaustive)])
def test_on_any_site_what_is_claimed_holds_nobody_else_is_let_in_and_all_goes_back(sites, number):
    dice, claimed = random.Random(int(os.environ.get("NETACCESS_SEED", "20261125"))), Counter()
    for rig in sites(number):
        said = "\n".join(map(str, rig.by_chance(dice)))
        before, held = {(who, host): rig.decide(who, host) for who in (MEMBER, STRANGER) for host in SEEN}, rig.snapshot()
        try:
            result = rig.run(accept_wider_audience=True)
        except Failed as failed:
            # A site that has no room for what is wanted is refused, and nothing was done.
            assert failed.result["failure"]["class"] in ("refused", "conflict") and rig.snapshot() == held, "%s\n%s" % (failed, said)
            claimed["refused"] += 1
            continue
        for row in result["coverage"]:
            seen = [rig.decide(MEMBER, host) for host in INSIDE[row["pattern"]]]
            claimed[row["allowed"], row["exempt"]] += 1
            assert row["allowed"] != "yes" or {one[0] for one in seen} == {"allow"}, "%s\n%s\n%s" % (row, seen, said)
            assert row["exempt"] != "yes" or {one[1] for one in seen if one[0] == "allow"} <= {"tunnel"}, "%s\n%s\n%s" % (row, seen, said)
        after = {key: rig.decide(*key) for key in before}
        opened = [key for key, now in after.items() if wider(now, before[key]) and (key[0] == STRANGER or key[1] in OTHERS)]
        assert not opened or result["audience_widened"], "%s\n%s" % (opened, said)
        again = rig.run(accept_wider_audience=True)
        assert not again["changed"], "%s\n%s" % (again["summary"], said)
        rig.run("deleted")
        assert rig.snapshot() == held and {key: rig.decide(*key) for key in before} == before, said
    opened, rows = sum(number for key, number in claimed.items() if key[0] == "yes"), sum(claimed.values())
    assert opened > rows / 4 and (number < MANY or rows - opened > rows / 40), claimed
