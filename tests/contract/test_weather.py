# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad weather on the wire at every single request of a first run, for every product with an API.

Whatever goes wrong: the run ends in the new state, or it fails, says which state it left, and that is the state. Nothing is ever wider
than what was asked, and the next run in good weather arrives.

A request that changes the device meets every third weather, every second one of the others one of them; ``make test-all`` has every weather at every request.
"""
from __future__ import annotations

from dataclasses import dataclass

import pytest
import requests

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import INTERNAL, Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport import connection
from tests.contract.fixtures import REPRESENTATIVES, TWINS
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


KINDS = sorted(WEATHER)
#: One rig of so many meets it on the wire: what sends requests is the same for all products.
WIRED = 4
#: A request that changes the device meets one in so many kinds of weather in ``make test``.
TURNS = 3
SOME = [pytest.param(name, marks=() if name in REPRESENTATIVES else pytest.mark.exhaustive) for name in sorted(TWINS)]
_endings: dict = {}


@dataclass
class Endings:
    """What a run in good weather leads from and to, how many requests it takes, and which of them change the device."""

    old: object
    before: dict
    new: object
    after: dict
    requests: int
    changing: list

    def others(self) -> list:
        return [number for number in range(self.requests) if number not in self.changing]


@pytest.fixture
def product(request, tmp_path, monkeypatch):
    """Makes the rig of that name anew; ``product.endings`` are those of each such rig."""
    monkeypatch.setattr(connection, "MAX_BYTES", OVERSIZED)

    def make():
        return TWINS[request.param](tmp_path)
    make.name, make.wired = request.param, False
    if request.param not in _endings:
        _endings[request.param] = good_weather(make())
    make.endings = _endings[request.param]
    return make


def good_weather(rig) -> Endings:
    changing, answer = [], rig.twin.answer

    def held():
        return rig.twin.snapshot(), rig.decisions(), rig.left_open()

    def watched(request):
        nonlocal was
        try:
            return answer(request)
        finally:
            now = held()
            # A draft shows in none of these.
            if request.method in ("PUT", "PATCH", "DELETE") or now != was:
                changing.append(len(rig.twin.log) - 1)
            was = now

    with rig.twin.at_hand():
        old, before = rig.snapshot(), rig.decisions()
        was = held()
        rig.twin.answer = watched
        rig.run()
        return Endings(old, before, rig.snapshot(), rig.decisions(), len(rig.twin.log), changing)


@pytest.mark.parametrize("turn", [0, *(pytest.param(turn, marks=pytest.mark.exhaustive) for turn in range(1, TURNS))])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("product", SOME, indirect=True)
def test_each_weather_at_a_request_that_changes_the_device(product, kind, turn):
    """In turn, and another turn for each rig."""
    assert product.endings.changing
    first = sorted(TWINS).index(product.name) + KINDS.index(kind)
    for number in product.endings.changing:
        if (first + number) % TURNS == turn:
            weather_at(product, kind, number)


@pytest.mark.parametrize("product", SOME, indirect=True)
def test_one_weather_at_any_other_request(product):
    """In turn, and another turn for each rig. Half an answer looks like a good one, so that is what the first request, by which most sign in, gets as well."""
    first = sorted(TWINS).index(product.name)
    product.wired = first % WIRED == 0
    weather_at(product, "half an answer", 0)
    for number in product.endings.others()[first % 2::2]:
        weather_at(product, KINDS[(first + number) % len(KINDS)], number)


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("product", sorted(TWINS), indirect=True)
def test_each_weather_at_any_other_request(product, kind):
    for number in product.endings.others():
        weather_at(product, kind, number)


def weather_at(product, kind: str, number: int) -> None:
    """On the wire, or with what comes in and goes out handed over, which costs half."""
    ends, rig = product.endings, product()
    with rig.twin if product.wired else rig.twin.at_hand():
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
            assert state == ends.new, where
        elif left in SAYS[:2]:
            assert state == ends.old, where
        rig.settle()
        arrives(rig, ends, where)


def arrives(rig, ends: Endings, where: str) -> None:
    """What is left is no wider than what was or what is asked, and the next run ends in the new state."""
    for key, decision in rig.decisions().items():
        assert not (wider(decision, ends.before[key]) and wider(decision, ends.after[key])), (where, key, decision)
    rig.run(adapter=rig.adapter(timeout=10 ** 4))
    assert (rig.snapshot(), rig.decisions()) == (ends.new, ends.after), where


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


@pytest.mark.parametrize("turn", [0, pytest.param(1, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("product", SOME, indirect=True)
def test_killed_with_the_answer_to_a_change(product, monkeypatch, turn):
    """What is left is no more than a part of the new state, and the next run finishes it. In turn."""
    for number in product.endings.changing[turn::2]:
        killed_at(product, monkeypatch, number)


@pytest.mark.exhaustive
@pytest.mark.parametrize("product", sorted(TWINS), indirect=True)
def test_killed_with_any_other_answer(product, monkeypatch):
    for number in product.endings.others():
        killed_at(product, monkeypatch, number)


def killed_at(product, monkeypatch, number: int) -> None:
    ends, rig = product.endings, product()
    with rig.twin.at_hand():
        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr(requests.adapters.HTTPAdapter, "send", dying_after(number))
            rig.run()
        rig.settle()
        where = "killed at request %d" % number
        if rig.snapshot() != ends.old:
            assert any(journal.status != "applied" for journal in rig.journals()) or rig.snapshot() == ends.new, where
        arrives(rig, ends, where)


def run(rig):
    """None for success, else what the failure says of the state that was left; weather is no fault of the collection."""
    try:
        rig.run()
        return None
    except Failed as error:
        said = [text for text in SAYS if text in str(error)]
        assert len(said) == 1 and error.result["failure"]["class"] != INTERNAL, str(error)
        return said[0]
