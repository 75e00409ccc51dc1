# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad weather on the wire at every single request of a first run, for every product with an API.

``make test`` puts the first rig of each product through what only an adapter can get wrong, and one of them through all of it; the weather that
the transport settles alone, and the other rigs, are exhaustive.

Whatever goes wrong: the run ends in the new state, or it fails, says which state it left, and that is the state. Nothing is ever wider
than what was asked, and the next run in good weather arrives.
"""
from __future__ import annotations

import pytest
import requests

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport import connection
from tests.contract.fixtures import TWINS, first_of_each
from tests.contract.rig import Killed, wider
from tests.products.server import Fault, Reply

OVERSIZED = 200 * 1024
WEATHER = {
    "slow": lambda: Fault("slow", seconds=0.01),
    "429 with Retry-After": lambda: Fault("status", reply=Reply.of_json({"message": "slow down"}, 429, **{"Retry-After": "2"})),
    "429 without": lambda: Fault("status", reply=Reply.of_json({"message": "slow down"}, 429)),
    "503 of a proxy": lambda: Fault("status", reply=Reply(503, b"<html>unavailable</html>")),
    "500 after the effect": lambda: Fault("status_after", reply=Reply(500, b"<html>oops</html>")),
    "dropped before": lambda: Fault("drop_before"),
    "dropped after": lambda: Fault("drop_after"),
    "half an answer": lambda: Fault("malformed"),
    "an endless answer": lambda: Fault("status_after", reply=Reply(200, b"x" * (OVERSIZED + 1))),
    "dropped for good": lambda: Fault("drop_before", times=10 ** 6),
}
SAYS = ("Nothing was changed", "The old state was restored", "The device may hold a part of the change")


#: An outcome that only an adapter can settle; everything else is the transport's, whose own tests know no product.
UNSETTLED = ("500 after the effect", "dropped before", "dropped after", "half an answer")
USUAL, THROUGH_ALL = first_of_each(), "umbrella"


def marked(name: str, kind: str) -> object:
    usual = name in USUAL and (kind in UNSETTLED or name == THROUGH_ALL)
    return pytest.param(name, kind, marks=() if usual else pytest.mark.exhaustive)


@pytest.fixture
def product(request, tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "MAX_BYTES", OVERSIZED)

    def make():
        return TWINS[request.param](tmp_path)
    return make


def endings(product):
    """What a run in good weather leads from and to, and how many requests it takes."""
    rig = product()
    with rig.twin:
        old, before = rig.snapshot(), rig.decisions()
        rig.run()
        return old, before, rig.snapshot(), rig.decisions(), len(rig.twin.log)


@pytest.mark.parametrize("product,kind", [marked(name, kind) for name in sorted(TWINS) for kind in sorted(WEATHER)], indirect=["product"])
def test_at_every_request(product, kind):
    old, before, new, after, requests = endings(product)
    for number in range(requests):
        rig = product()
        with rig.twin:
            fault = WEATHER[kind]()
            fault.skip, times = number, fault.times
            rig.twin.faults.append(fault)
            left = run(rig)
            assert fault.times < times, "it came"
            rig.twin.faults.clear()
            hit = rig.twin.log[number]
            assert kind == "dropped for good" or not rig.left_open() or signs(hit), "%s at request %d" % (kind, number)
            state, where = rig.snapshot(), "%s at request %d: %s" % (kind, number, left)
            if left is None:
                assert state == new, where
            elif left in SAYS[:2]:
                assert state == old, where
            rig.settle()
            for key, decision in rig.decisions().items():
                assert not (wider(decision, before[key]) and wider(decision, after[key])), (where, key, decision)
            rig.run(adapter=rig.adapter(timeout=10 ** 4))
            assert (rig.snapshot(), rig.decisions()) == (new, after), where


def signs(request) -> bool:
    """Whether a request opens or ends a session or a lock: what becomes of that when the request goes wrong, no run can help."""
    words = (request.path + request.body.decode("latin-1")).lower()
    return any(word in words for word in ("session", "token", "login", "logout", "lock"))


def dying_after(number: int):
    """A ``send`` that ends the process when it has the answer to request ``number``, from 0; nothing is sent after that."""
    alive, left = requests.adapters.HTTPAdapter.send, iter(range(number + 1))

    def send(self, *arguments, **options):
        if next(left, None) is None:
            raise Killed()
        reply = alive(self, *arguments, **options)
        if left.__length_hint__() == 0:
            raise Killed()
        return reply
    return send


@pytest.mark.parametrize("product", [pytest.param(name, marks=() if name in USUAL else pytest.mark.exhaustive) for name in sorted(TWINS)], indirect=True)
def test_killed_at_every_request(product, monkeypatch):
    """The process dies with an answer in its hands: what is left is no more than a part of the new state, and the next run finishes it."""
    old, before, new, after, count = endings(product)
    for number in range(count):
        rig = product()
        with rig.twin:
            with monkeypatch.context() as patched, pytest.raises(Killed):
                patched.setattr(requests.adapters.HTTPAdapter, "send", dying_after(number))
                rig.run()
            rig.settle()
            where = "killed at request %d" % number
            for key, decision in rig.decisions().items():
                assert not (wider(decision, before[key]) and wider(decision, after[key])), (where, key, decision)
            if rig.snapshot() != old:
                assert any(journal.status != "applied" for journal in rig.journals()) or rig.snapshot() == new, where
            rig.run(adapter=rig.adapter(timeout=10 ** 4))
            assert (rig.snapshot(), rig.decisions()) == (new, after), where


def run(rig):
    """None for success, else what the failure says of the state that was left."""
    try:
        rig.run()
        return None
    except Failed as error:
        said = [text for text in SAYS if text in str(error)]
        assert len(said) == 1, str(error)
        return said[0]
