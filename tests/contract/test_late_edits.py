# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody edits the device while a run of ours writes or takes a change back, on each product that no lock keeps others out of."""
from __future__ import annotations

import itertools

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import BOTH, FOREIGN, NAMED
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import CONFLICT, LOCKED, Failed
from tests.contract.fixtures import REPRESENTATIVES, TWINS

LATE = "late.example"


def meanwhile(rig, send, left, site: set, added: list):
    """``send``, but at the write that ``left`` says somebody adds an entry first, if the list still has more than ``site``: what is in it without us."""
    def sent(request):
        if next(left, False) and rig.foreign_members() - site:
            rig.add_foreign_member(LATE)
            added.append(LATE)
        return send(request)
    return sent


@pytest.mark.parametrize("name", sorted(REPRESENTATIVES & set(TWINS)))
def test_an_entry_that_comes_while_a_change_is_taken_back_stays(name, tmp_path):
    """Before each write in turn: it stays beside what is left of ours, or the rollback stops and says why. It is never deleted with our list."""
    if TWINS[name](tmp_path).adapter().traits.exclusive:
        pytest.skip("a lock keeps others out")
    for write in itertools.count():
        rig = TWINS[name](tmp_path / str(write))
        with rig.twin.at_hand():
            site = rig.foreign_members()
            rig.run()
            adapter, left, added = rig.adapter(), iter([False] * write + [True]), []
            adapter.send = meanwhile(rig, adapter.send, left, site, added)
            try:
                rig.run("reverted", adapter=adapter)
            except Failed as error:
                assert error.result["failure"]["class"] == CONFLICT, str(error)
            # Before the first write nothing of ours is gone yet.
            assert added or write > 0
            assert not added or LATE in rig.foreign_members(), "before write %d" % write
            if next(left, False):
                # There were no more writes than that.
                assert write > 0
                return


@pytest.mark.parametrize("name", sorted(REPRESENTATIVES & set(TWINS)))
def test_a_run_that_another_one_overtakes_does_not_undo_what_that_one_did(name, tmp_path):
    """Both read the same and want the same, so what the device holds then looks like the change of either."""
    if TWINS[name](tmp_path).adapter().traits.exclusive:
        pytest.skip("a lock keeps others out")
    if name.startswith("umbrella"):
        pytest.skip("a limit: its API refuses what exists with HTTP 400, which can mean anything")
    rig = TWINS[name](tmp_path / "rig")
    with rig.twin.at_hand():
        with pytest.raises(Failed, match="Nothing was changed") as slower:
            rig.run(adapter=rig.overtaken())
        assert slower.value.result["failure"]["class"] == CONFLICT and not rig.run(check=True)["changed"]


@pytest.mark.parametrize("name", sorted(REPRESENTATIVES & set(TWINS)))
def test_what_others_begin_to_change_while_a_run_writes_is_not_activated_with_it(name, tmp_path):
    """On each product that reports pending changes of others and activates them with ours."""
    rig = TWINS[name](tmp_path)
    traits = rig.adapter().traits
    if rig.live or rig.isolating or rig.private or traits.pending_edits != NAMED or "config lock" in traits.exclusive:
        pytest.skip("nobody else can have pending changes then, or an activation leaves them pending")
    first = iter([True])
    with rig.twin.at_hand():
        rig.after_write = lambda: next(first, False) and rig.foreign_pending()
        with pytest.raises(Failed) as failed:
            rig.run()
        assert failed.value.result["failure"]["class"] == LOCKED and rig.meter.activations == 0
        assert rig.run("gathered")["pending"] in (FOREIGN, BOTH)
