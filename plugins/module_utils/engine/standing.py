# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the journals say about a device before a run, and after a rollback. Reads journals, and no device."""
from __future__ import annotations

import os
from typing import Sequence

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError, Overtaken
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import (
    LIVE, REVERTED, REVERTING, UNDONE, UNFINISHED, UNPROVEN, Journal,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.options import Options
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import State


def before(journals: Sequence[Journal], device: str) -> tuple[dict, list[str]]:
    """(for the result, warnings): changes in place or rolled back, runs that did not complete, and unproven changes. ``journals``: as ``Journal.standing``
    returns them."""
    found: dict = {"changes_on_record": [_recorded(journal) for journal in journals if journal.status in (*LIVE, REVERTED)]}
    said = []
    unfinished = [journal.path for journal in journals if journal.status in UNFINISHED]
    if unfinished:
        found["unfinished"] = unfinished
        said.append("an earlier run on %s was interrupted, or another one is still running: see %s. This run continues from the current state; to "
                    "roll back instead, run state reverted with that journal" % (device, ", ".join(unfinished)))
    unproven = [one for one in journals if one.status == UNPROVEN or (one.status in UNFINISHED and one.baseline is not None)]
    if unproven:
        found["unproven"] = [{"journal": one.path, "started": one.started, "baseline": one.baseline or {}} for one in unproven]
        said.append("earlier changes on %s are not proven yet: see %s. This run is compared with the baselines from before them; run state proven to "
                    "accept them" % (device, ", ".join(one.path for one in unproven)))
    return found, said


def _recorded(journal: Journal) -> dict:
    ended = {"ended": journal.ended} if journal.status == REVERTED else {}
    return {"journal": journal.path, "started": journal.started, "status": journal.status, "comment": journal.comment, **ended}


def to_revert(options: Options, product: str, device: str) -> tuple[Journal | None, str]:
    """(the journal to roll back, or None; then why there is nothing to do). :raises AccessError: as ``Journal.newest``, and for one about another
    device."""
    journal = Journal.newest(options.journal, product, device, options.series)
    if journal is None:
        return None, "nothing to roll back: %s has no journal of %s" % (options.journal, device)
    if journal.status == REVERTED and os.path.isdir(os.path.expanduser(options.journal)):
        rest = journal.earlier()
        if rest and not journal.missing():
            # Continue a rollback that ended between two journals of one change.
            return Journal.load(rest[0]), ""
        return (None, "nothing to roll back: the newest journal of %s, %s, is already rolled back. To go back further, set journal to an older "
                      "file" % (device, journal.path))
    if (journal.product, journal.device) != (product, device):
        raise AccessError(REFUSED, "journal %s belongs to %s %s, but this task runs on %s %s: limit the run to the device of the "
                                   "journal" % (journal.path, journal.product, journal.device, product, device))
    return journal, ""


def about(journal: Journal) -> dict:
    """For the result of a rollback: the stage that it rolls back, and what hosts saw before it, if the journal has them."""
    return {name: value for name, value in (("stage", journal.stage), ("baseline", journal.baseline)) if value}


def left(journal: Journal, state: State, device: str) -> tuple[dict, list[str], str | None]:
    """(for the result, warnings, what is missing) after ``journal`` was rolled back on a device that is at ``state`` now."""
    known, folder, said = journal.known(), os.path.dirname(journal.path), []
    ours = sorted(str(ref) for ref, obj in state.objects.items() if obj.ours and ref not in known)
    if ours:
        said.append("%s still holds objects of this collection that no journal in %s can roll back: %s" % (device, folder, ", ".join(ours)))
    missing = journal.missing()
    return {"earlier": journal.earlier(), "left": ours}, said, "%s was rolled back, but %s of the same change is missing from %s or was altered, so its " \
        "changes are still on %s. Restore it there and roll it back" % (journal.path, ", ".join(missing), folder, device) if missing else None


def untouched(journal: Journal, writes: int, error: AccessError) -> bool:
    """Whether a run that failed has nothing on the device to undo: what is there is of another run, even where both wanted the same.

    ``writes``: requests to write that it sent, as far as the adapter counts them; a step may have several. ``error``: why it failed.
    """
    sent = max(journal.writes, writes)
    # A conflict at what follows the steps, such as an activation, says nothing about these.
    return sent == 0 or (sent == 1 and journal.in_flight is not None and isinstance(error, Overtaken))


def after_failure(journal: Journal | None, reverts: bool, begun: bool, activated: bool, nothing: bool) -> tuple[str, bool]:
    """(the state that a failed run left, whether that is another one). ``begun``: a rollback began to write; ``activated``: an activation was begun;
    ``nothing``: as ``untouched`` says."""
    if journal is None or (reverts and not begun and journal.status != REVERTING):
        return ("It is unknown whether the pending changes are active: run again", True) if activated else ("Nothing was changed", False)
    if reverts:
        return "The rollback is incomplete: run it again with journal %s" % journal.path, True
    if journal.status == UNDONE:
        return "Nothing was changed" if nothing else "The old state was restored", False
    return "The device may hold a part of the change: roll it back with state reverted and journal %s" % journal.path, True
