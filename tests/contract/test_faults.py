# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault matrix: each product, at each moment of a change and of the way back, meets each fault.

Every cell ends in the old state, in the new one, or on the way between them, where a journal leads back and the next run goes on; and the run says which it is.
What is read before the first write, and what the wire does to single requests, is in test_weather.
"""
from __future__ import annotations

import contextlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import UNFINISHED
from tests.contract.fixtures import REPRESENTATIVES, TWINS
from tests.contract.memory import MemoryRig
from tests.contract.rig import Fault, Killed, wider
from tests.lab import releases

#: {rig: writes of a first run}
WRITES = {
    "memory": 5, "memory-sealed": 5, "squid": 3,
    "cloudflare_gateway": 6, "cloudflare_gateway-voice": 7, "fortios-own": 7, "fortios-site": 6, "fortios-proxy": 6, "fortios-voice": 14,
    "panos-9.1": 6, "panos-10.2": 1, "panos-11.1": 1, "scm": 9, "scm-sase": 7, "skyhigh-atom": 2, "skyhigh-bare": 2, "sophos-device": 2, "sophos-people": 2,
    "netskope": 2, "netskope-other": 2,
    "symantec_swg-networks": 2, "symantec_swg-groups": 2, "umbrella": 2, "umbrella-late": 2, "umbrella-secure-access": 1, "umbrella-secure-access-profile": 2,
    "checkpoint": 4, "checkpoint-inline": 4, "zia-legacy": 6, "zia-oneapi": 6, "zia-voice": 9, **dict.fromkeys(releases.others(), 3),
}
MEMORY = ("memory", "memory-sealed")
#: The activation of these asks the device; with the others what is written is in force at once.
ACTIVATED = ("checkpoint", "memory", "netskope", "panos", "scm", "skyhigh", "squid", "symantec_swg", "zia")
#: What these write is published in a step of its own.
SEALED = ("checkpoint", "memory-sealed")
#: {the word for a fault: what rig.Fault calls it}
FAULTS = {"refused": "refuse", "dropped before": "drop_before", "dropped after": "drop_after", "swallowed": "swallow", "malformed": "malformed",
          "slow": "slow", "disk full": "full", "exception": "exception", "killed": "kill"}
#: {the word for a fault: classes of the failure}. What is swallowed shows when the device is read back, or when what comes next needs it.
CLASSES = {"refused": ("refused",), "dropped before": ("unreachable",), "dropped after": ("unreachable",), "malformed": ("unreachable", "activation"),
           "slow": ("unreachable", "activation"), "swallowed": ("partial", "conflict", "refused", "activation"), "disk full": ("refused",),
           "exception": ("internal",)}

#: How a run ends: as it was asked; as if it had not been; on the way between; dead, so that it says nothing. Of a malformed answer
#: it depends on whether it was one to what matters.
DONE, BACK, LEFT, DEAD, EITHER = "done", "back", "left", "dead", "done or back"
READ = {"refused": BACK, "dropped before": BACK, "swallowed": BACK, "malformed": EITHER, "slow": BACK, "exception": BACK, "killed": DEAD}
CALL = {"refused": BACK, "dropped before": DONE, "dropped after": DONE, "swallowed": BACK, "malformed": EITHER, "slow": BACK, "exception": BACK, "killed": DEAD}
NOTE = {"disk full": BACK, "killed": DEAD}
#: {moment of a change: {fault: how the run ends}}. A device that tells an old state while a lost write is looked for is not among them.
CHANGE = {
    "begin": {"refused": BACK, "dropped before": BACK, "exception": BACK, "killed": DEAD},
    "before write": NOTE, "write": CALL, "after write": NOTE, "settling": {fault: READ[fault] for fault in READ if fault != "swallowed"},
    "seal": CALL, "activation": {**CALL, "dropped before": BACK, "dropped after": BACK}, "read-back": READ,
    "end": {"disk full": DONE, "killed": DEAD}, "close": {"dropped after": DONE, "exception": DONE},
}
#: The same where a journal is taken back: what goes wrong there stays on the way.
REVERT = {moment: {fault: {BACK: LEFT, EITHER: "done or left"}.get(end, end) for fault, end in ends.items()}
          for moment, ends in CHANGE.items() if moment != "begin"}
REVERT["begin"] = CHANGE["begin"]
#: And where a run takes back its own change, since the first read-back was refused. A full disk is no reason to stop then.
UNDO = {moment: {fault: BACK if fault == "disk full" else {DONE: BACK, "done or left": "back or left"}.get(end, end) for fault, end in REVERT[moment].items()}
        for moment in ("before write", "write", "after write", "seal", "activation", "read-back", "end")}
UNDO["discard"] = UNDO["read"] = {fault: LEFT if end == BACK else end for fault, end in CHANGE["begin"].items()}
WAYS = {"": CHANGE, "undo ": UNDO, "revert ": REVERT}
#: A fixed part of all cells, which make test has: of the representatives, and more of the device in memory, where a cell costs little.
ONE_OF, ONE_OF_MEMORY = 125, 4


def cells() -> list:
    """Every cell: (rig, how it goes, moment, number of the write, fault)"""
    found = []
    for name, writes in WRITES.items():
        for way, moments in WAYS.items():
            for moment in moments:
                steps = writes if not way and moment in ("before write", "write", "after write", "settling") else 1
                found += [(name, way, moment, step, fault) for step in range(steps) for fault in moments[moment] if meets(name, moment, fault)]
    return found


def meets(name: str, moment: str, fault: str) -> bool:
    """Whether a rig knows a fault at a moment."""
    asks = name in TWINS and (moment != "activation" or name.startswith(ACTIVATED))
    sealed = moment != "seal" or name.startswith(SEALED)
    return sealed and (fault not in ("malformed", "slow") or asks) and (fault != "swallowed" or moment != "activation" or name.startswith(ACTIVATED))


def parameters() -> list:
    found = []
    for number, (name, way, moment, step, fault) in enumerate(cells()):
        kept = number % (ONE_OF_MEMORY if name in MEMORY else ONE_OF) == 0 and name in REPRESENTATIVES.union(MEMORY)
        numbered = "%s %d" % (moment, step + 1) if "write" in moment or moment == "settling" else moment
        found.append(pytest.param(name, way, moment, step, fault, id="%s-%s%s-%s" % (name, way, numbered, fault),
                                  marks=() if kept else pytest.mark.exhaustive))
    return found


@dataclass
class Ends:
    """Between which states and decisions a run in good weather leads, and what the device holds after each write, of the way back as well."""

    old: object
    before: dict
    new: object
    after: dict
    between: list


_ends: dict = {}


@pytest.fixture
def product(request, tmp_path):
    """``make()`` has the rig of that name anew; ``ends`` are those of all of them."""
    name = request.param

    def made(folder: Path):
        if not name.startswith("squid"):
            return TWINS[name](folder) if name in TWINS else MemoryRig(folder, sealed=name == "memory-sealed")
        rig = request.getfixturevalue("squid_rigs")(releases.usable(releases.named(name)))
        rig.reset()
        rig.folder = folder
        return rig

    @contextlib.contextmanager
    def make():
        rig = made(Path(tempfile.mkdtemp(dir=tmp_path)))
        with rig.twin.at_hand() if name in TWINS else contextlib.nullcontext():
            yield rig
    if name not in _ends:
        with make() as rig:
            _ends[name] = good_weather(rig, name)
    make.ends = _ends[name]
    return make


def good_weather(rig, name: str) -> Ends:
    between = []
    rig.after_write = lambda: between.append(rig.snapshot())
    old, before = rig.snapshot(), rig.decisions()
    rig.run()
    assert rig.meter.writes == WRITES[name]
    new, after = rig.snapshot(), rig.decisions()
    rig.run("reverted")
    with pytest.raises(Failed):
        rig.run(fault=Fault("refuse", moment="read-back"))
    rig.after_write = lambda: None
    return Ends(old, before, new, after, between)


@pytest.mark.parametrize("product,way,moment,step,fault", parameters(), indirect=["product"])
def test_a_cell_ends_in_a_state_that_the_run_names(product, way, moment, step, fault):
    ends, expected = product.ends, WAYS[way][moment][fault]
    for leave in (the_next_run_arrives, the_journal_leads_back):
        with product() as rig:
            reverts = way == "revert "
            if reverts:
                rig.run()
            held = len(rig.journals())
            found = ended(rig, "reverted" if reverts else "merged", Fault(FAULTS[fault], step, "undo " + moment if way == "undo " else moment))
            assert rig.meter.met, "the fault did not come"
            assert found.how in expected.split(" or "), found
            if hasattr(rig, "twin"):
                rig.twin.faults.clear()
            classes = ("refused",) if way == "undo " else CLASSES.get(fault)
            assert found.how not in (BACK, LEFT) or found.result["failure"]["class"] in classes, found
            names_its_journal(rig, found, held)
            says_its_state(rig, found, ends, (ends.new, ends.old) if reverts else (ends.old, ends.new), fault == "swallowed")
            tells_no_secret(rig, found)
            sends_nothing_twice(rig)
            leave(rig, found, ends)
        if found.how in (DONE, BACK):
            # The next run has nothing to find out then; whether the journals of both lead back was seen.
            break


@dataclass
class Ended:
    how: str
    said: str
    result: dict


SAYS = {"Nothing was changed": BACK, "The old state was restored": BACK, "The device may hold a part of the change: roll it back with state reverted "
                                                                         "and journal": LEFT,
        "The rollback is incomplete: run it again with journal": LEFT}


def ended(rig, state: str, fault: Fault) -> Ended:
    try:
        return Ended(DONE, "", rig.run(state, fault=fault))
    except Killed:
        return Ended(DEAD, "", {})
    except Failed as error:
        how, = [how for text, how in SAYS.items() if text in str(error)]
        return Ended(how, str(error), error.result)


def names_its_journal(rig, found: Ended, held: int) -> None:
    """Where anything may be left, a journal that can be read leads back, and both message and result name it. What could not be noted in it is told."""
    if found.how == LEFT:
        named = found.result["failure"]["journal"]
        assert found.result["changed"] and named in [journal.path for journal in rig.journals()] and found.said.endswith("journal %s." % named)
        assert found.result["failure"]["undone"] == []
    if found.how == BACK:
        assert found.result["changed"] is False and found.result["failure"]["applied"] == found.result["failure"]["undone"]
        assert found.result["failure"]["journal"] is not None or len(rig.journals()) == held
    unwritten = [text for text in found.result.get("warnings", []) if "cannot be written: No space left" in text]
    assert found.how == DEAD or bool(unwritten) == (rig.meter.kind == "full")


def says_its_state(rig, found: Ended, ends: Ends, way: tuple, lies: bool) -> None:
    """``lies``: the device does not do what it says, so what is left is no prefix of the change."""
    rig.settle()
    state, (start, goal) = rig.snapshot(), way
    if found.how == DONE:
        assert state == goal and rig.decisions() == (ends.after if goal == ends.new else ends.before)
    elif found.how == BACK:
        assert state == start, found
    else:
        assert state in (start, goal) or state in ends.between or lies, found
    not_wider(rig, ends)


def not_wider(rig, ends: Ends) -> None:
    for key, decision in rig.decisions().items():
        assert not (wider(decision, ends.before[key]) and wider(decision, ends.after[key])), (key, decision)


def tells_no_secret(rig, found: Ended) -> None:
    """Nor does the journal. ``diff`` is in the result."""
    told = json.dumps([found.said, found.result], default=str) + "".join(path.read_text() for path in (rig.folder / "journals").glob("*"))
    assert not [secret for secret in rig.secrets() if secret in told]


def sends_nothing_twice(rig) -> None:
    """Whatever became of its answer."""
    sent = [json.dumps(request, sort_keys=True, default=str) for request in rig.meter.sent]
    assert len(sent) == len(set(sent))


def the_next_run_arrives(rig, _found: Ended, ends: Ends) -> None:
    """And names what it found unfinished. Then the journals of both lead back."""
    unfinished = [journal.path for journal in reversed(rig.journals()) if journal.status in UNFINISHED]
    assert rig.run().get("unfinished", []) == unfinished
    assert (rig.snapshot(), rig.decisions()) == (ends.new, ends.after)
    assert not [journal for journal in rig.journals() if journal.status in UNFINISHED]
    back = rig.run("reverted")
    while back.get("earlier"):
        back = rig.run("reverted", journal=back["earlier"][0])
    assert (rig.snapshot(), rig.decisions()) == (ends.old, ends.before)


def the_journal_leads_back(rig, found: Ended, ends: Ends) -> None:
    """Even when somebody else activates what is left, which is the worst moment."""
    rig.force()
    not_wider(rig, ends)
    named = (found.result.get("failure") or {}).get("journal")
    if rig.journals():
        rig.run("reverted", **({"journal": named} if named else {}))
    assert (rig.snapshot(), rig.decisions()) == (ends.old, ends.before)
    assert not [journal for journal in rig.journals() if journal.status in UNFINISHED]


def test_the_sample_has_every_product_with_an_api_and_every_moment():
    """It is taken by counting, so a new moment or fault changes it."""
    kept = [found.values for found in parameters() if not found.marks]
    assert {values[0] for values in kept} == REPRESENTATIVES.union(MEMORY) and set(WRITES) == {"squid", *releases.others(), *MEMORY, *TWINS}
    assert {(way, moment) for _name, way, moment, _step, _fault in kept} == {(way, moment) for way, moments in WAYS.items() for moment in moments}
    assert {fault for *_cell, fault in kept} == set(FAULTS)
