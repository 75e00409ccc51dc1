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
from tests.contract.rig import MEMBER, OTHERS, STRANGER, Hand, wider
from tests.lab.releases import INSTALLED, usable

#: ``make test`` looks at a sample.
FEW, MANY = 12, 300
#: Hosts that stand for a pattern: also one further down, where a rule of the site may be about that one alone.
INSIDE = {".chatgpt.com": ("chatgpt.com", "ab.chatgpt.com"), "*.openai.com": ("api.openai.com", "setup.auth.openai.com"), "js.stripe.com": ("js.stripe.com",)}
SEEN = sorted({host for hosts in INSIDE.values() for host in hosts} | set(OTHERS))
#: What every quarantine of a rig is about.
SHUT_IN = INSIDE[".chatgpt.com"] + INSIDE["*.openai.com"]
#: Of Squid each decision is a connection, so these are fewer; ``MANY`` on each release are in tests/products/squid/test_many_sites.py.
CASES = [(name, FEW) for name in names("BY_CHANCE")]
CASES += [pytest.param(name, MANY, marks=pytest.mark.exhaustive) for name in names("BY_CHANCE") if name != "squid"]


@pytest.fixture
def sites(request, tmp_path):
    """Makes so many rigs, one after the other, each with a site as it was delivered."""
    if request.param != "squid":
        return lambda number: twins({**TWINS, **BY_HAND}[request.param], tmp_path, number)
    return lambda number: real(request.getfixturevalue("squid_rigs")(usable(INSTALLED)), tmp_path, number // 3)


def twins(kind, folder, number: int):
    for at in range(number):
        # Journals of other sites would have to be read each time.
        place = folder / str(at)
        place.mkdir()
        rig = kind(place)
        with rig.twin.at_hand():
            yield rig


def real(rig, folder, number: int):
    rig.folder = folder
    for _number in range(number):
        rig.reset()
        yield rig
    rig.reset()


def dealt(deck: list, number: int, dice) -> list:
    """The cards of so many sites: of many each card is in one of them, few get a sample."""
    cards = list(deck)
    dice.shuffle(cards)
    cards = (cards * (number // len(cards) + 1))[:number if number < MANY // 3 else max(number, len(cards))]
    hands: list = [[] for _number in range(number)]
    for card in cards:
        dice.choice(hands).append(card)
    return hands


def denied(result: dict, row: dict) -> bool:
    """Whether something is told that shuts the whole of a pattern for sure."""
    return row["allowed"] == "no" and (bool(row["note"]) or any(row["pattern"] in one["hosts"] and one["certain"] for one in result["conflicts"]))


@pytest.mark.parametrize("sites,number", CASES, indirect=["sites"])
def test_on_any_site_what_is_claimed_holds_nobody_else_is_let_in_and_all_goes_back(sites, number):
    hold(sites(number), number)


def hold(rigs, number: int) -> None:
    """Put each of the rigs through a site by chance, of so many."""
    seed, claimed, hands = os.environ.get("NETACCESS_SEED", "20261125"), Counter(), None
    first, _colon, last = os.environ.get("NETACCESS_SITES", "0:%d" % number).partition(":")
    for at, rig in enumerate(rigs):
        # Each site has dice of its own, so that it can be looked at alone.
        dice, hands = random.Random("%s %d" % (seed, at)), hands or dealt(rig.deck(), number, random.Random(seed))
        if not int(first) <= at < int(last):
            continue
        hand = Hand(dice, hands[at])
        said = [rig.by_chance(dice, hand), hand]
        assert not hand.unplayed()
        was = {host: rig.decide(MEMBER, host)[0] for host in SHUT_IN} if dice.random() < .15 else {}
        shut_in = rig.quarantine(dice.random() < .5) if was else None
        # What is shut by the quarantine alone.
        inside = [host for host in was if shut_in and was[host] == "allow" and rig.decide(MEMBER, host)[0] == "block"]
        claimed.update(look(rig, dice, "\n".join(map(str, ("site %d" % at, *said, shut_in, inside))), shut_in, inside))
    rows = sum(claimed.values())
    if rig.claims[0] == "unchecked":
        # Nothing tells what uses our lists.
        assert claimed["unchecked"] > rows / 2 and not claimed["yes"], claimed
        return
    assert "NETACCESS_SITES" in os.environ or claimed["yes"] > rows / 6 and (number < MANY or claimed["unchecked"] > rows / 40), claimed


def look(rig, dice, said: str, shut_in: str | None, inside: list) -> list:
    """Run on a site, and hold the result against what the device does. What coverage says of each pattern that is allowed, or not, or perhaps."""
    before, held = {(who, host): rig.decide(who, host) for who in (MEMBER, STRANGER) for host in SEEN}, rig.snapshot()
    try:
        result = rig.run(accept_wider_audience=True)
    except Failed as failed:
        # A site that has no room for what is wanted is refused, and nothing was done.
        assert failed.result["failure"]["class"] in ("refused", "conflict") and rig.snapshot() == held, "%s\n%s" % (failed, said)
        return ["refused"]
    for row in result["coverage"]:
        seen = [rig.decide(MEMBER, host) for host in INSIDE[row["pattern"]]]
        verdicts, looks = {one[0] for one in seen}, {one[1] for one in seen if one[0] != "block" and one[1]}
        # What the twin does not judge is not one of these words. "no" may be said of what something above opens perhaps, or in part.
        assert row["allowed"] != "yes" or verdicts == {"allow"}, "%s\n%s\n%s" % (row, seen, said)
        assert row["exempt"] != "yes" or looks <= {"tunnel"}, "%s\n%s\n%s" % (row, seen, said)
        assert row["allowed"] == "unchecked" or verdicts <= {"allow", "block"} or denied(result, row), "%s\n%s\n%s" % (row, seen, said)
    after = {key: rig.decide(*key) for key in before}
    opened = [key for key, now in after.items() if wider(now, before[key]) and (key[0] == STRANGER or key[1] in OTHERS)]
    assert not opened or result["audience_widened"], "%s\n%s" % (opened, said)
    out = [host for host in inside if after[MEMBER, host][0] == "allow"]
    assert not out or any(shut_in in text for text in result["audience_widened"]), "%s\n%s" % (out, said)
    again = rig.run(accept_wider_audience=True)
    assert not again["changed"], "%s\n%s" % (again["summary"], said)
    if result["changed"] and dice.random() < .5:
        rig.run("reverted", journal=result["journal"])
    else:
        rig.run("deleted")
    assert rig.snapshot() == held and {key: rig.decide(*key) for key in before} == before, said
    return [row["allowed"] for row in result["coverage"]]
