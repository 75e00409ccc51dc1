# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes that get no answer, several of them in one run: each is settled by reading the device, and what is then to do is in the journal."""
from __future__ import annotations

import copy

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import UNREACHABLE, Failed, OutcomeUnknown
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import Journal
from tests.contract.memory import ALLOW, LOG, OPEN, MemoryAdapter, MemoryRig
from tests.contract.rig import MEMBER, Fault

#: A first run sends as many.
WRITES = 5


class Lossy(MemoryAdapter):
    """``lost``: {number of a write, from 1: whether it arrives}; those get no answer. ``meanwhile``: what somebody else does during each of them.

    ``seals``: whether a draft can be sealed; otherwise that gets no answer either.
    """

    def __init__(self, device, lost: dict, meanwhile=lambda: None, seals: bool = True):
        super().__init__(device, (MEMBER,))
        self._lost, self._meanwhile, self._seals, self._sent = lost, meanwhile, seals, 0

    def send(self, request):
        self._sent += 1
        if self._lost.get(self._sent, True):
            super().send(request)
        if self._sent in self._lost:
            self._meanwhile()
            raise OutcomeUnknown("no answer to write %d" % self._sent)

    def seal(self):
        if not self._seals:
            raise OutcomeUnknown("no answer to the seal")
        super().seal()


@pytest.fixture
def rig(tmp_path):
    return MemoryRig(tmp_path)


def lossy(rig, *lost, arrives=True, **more) -> Lossy:
    return Lossy(rig.device, dict.fromkeys(lost, arrives), **more)


@pytest.mark.parametrize("lost, arrives, sends", [((1, 2), True, WRITES), ((1, 2), False, WRITES + 2), ((1, 2, WRITES), True, WRITES)], ids=str)
def test_what_arrived_is_not_sent_again_and_what_did_not_is(rig, lost, arrives, sends):
    """The third time as well, when nothing is left to send."""
    assert rig.run(adapter=lossy(rig, *lost, arrives=arrives))["changed"] and rig.meter.sends == sends
    assert not rig.run()["changed"]


def test_the_third_write_without_an_answer_is_the_last(rig):
    site = rig.snapshot()
    with pytest.raises(Failed, match="stopped after 3 unanswered writes; the last one: no answer to write 3.*The old state was restored") as failed:
        rig.run(adapter=lossy(rig, 1, 2, 3, arrives=False))
    assert failed.value.result["failure"]["class"] == UNREACHABLE and rig.snapshot() == site
    # Nothing was brought into force, so nothing has to be.
    assert (rig.meter.sends, rig.meter.activations) == (3, 0)


def test_what_reading_again_makes_necessary_is_in_the_journal(rig):
    rig.run()
    rig.drop_member()

    def somebody_else():
        del rig.device.candidate["objects"][LOG]
        rig.device.candidate["rules"]["access"].remove(LOG)
    done = rig.run(adapter=lossy(rig, 1, arrives=False, meanwhile=somebody_else))
    assert [change.ref for change in Journal.load(done["journal"]).changes] == [ALLOW, LOG]
    rig.run("reverted", journal=done["journal"])
    assert LOG not in rig.device.running["objects"] and OPEN in rig.device.running["objects"]


def test_a_rollback_settles_as_well_and_leaves_the_changes_of_its_journal_alone(rig):
    """Journals after it know its digest."""
    site, path = rig.snapshot(), rig.run()["journal"]
    changes, digest = Journal.load(path).changes, Journal.load(path).digest
    assert rig.run("reverted", journal=path, adapter=lossy(rig, 1, 3))["changed"] and rig.snapshot() == site
    assert (Journal.load(path).changes, Journal.load(path).digest, Journal.load(path).status) == (changes, digest, "reverted")


def test_a_draft_that_was_dropped_is_not_taken_back_write_by_write(tmp_path):
    """Nothing of it is left, so nothing is sent and nothing is activated."""
    rig = MemoryRig(tmp_path, sealed=True)
    site = rig.snapshot()
    with pytest.raises(Failed, match="stopped after 3 unanswered writes.*The old state was restored"):
        rig.run(adapter=lossy(rig, seals=False))
    assert rig.snapshot() == site and (rig.meter.writes, rig.meter.activations) == (WRITES, 0)


class Dropping(MemoryAdapter):
    """What is not in force is dropped in one go, as on products that can."""

    def discard(self):
        self._device.candidate, self._device.editor = copy.deepcopy(self._device.running), None
        return True


def test_where_the_device_drops_what_is_not_in_force_nothing_is_activated_for_it(rig):
    site = rig.snapshot()
    with pytest.raises(Failed, match="the activation failed. The old state was restored"):
        rig.run(adapter=Dropping(rig.device, (MEMBER,)), fault=Fault("no_activation"))
    assert rig.snapshot() == site and (rig.meter.writes, rig.meter.activations) == (WRITES, 1)
