# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks between a plan and its first write: what the operator refused, what is ambiguous, what must not be written."""
from __future__ import annotations

import os
import shutil
from typing import Collection, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import BOTH, FOREIGN, Adapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import others_may_write
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.options import Options
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.result import assessment_data
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref, State, canonical_digest

#: Bytes that have to be free for a journal: one of 10,000 changes has some 4 MiB.
ROOM = 8 * 1024 * 1024


def admit(assessment: Assessment, options: Options) -> None:
    """:raises AccessError: refused, if the change reaches more people, loses a control, or precedes a rule that the operator protected."""
    if options.state not in ("merged", "replaced"):
        return
    if assessment.audience_widened and not options.accept_wider_audience:
        raise AccessError(REFUSED, "the change would reach more people than the audience covers: %s. Narrow the audience, or set accept_wider_audience"
                          % "; ".join(assessment.audience_widened))
    refused = [loss for loss in assessment.losses if loss.control in options.refuse_losses]
    if refused:
        raise AccessError(REFUSED, "refuse_losses: the exemption would disable %s"
                          % "; ".join("%s (%s) for %s" % (loss.control, loss.rule, ", ".join(loss.hosts[:5])) for loss in refused))
    if assessment.tenant_controls and options.tenant_control == "refuse":
        rules = ", ".join(sorted({control.rule for control in assessment.tenant_controls}))
        raise AccessError(
            REFUSED, "%s inserts the header that restricts users to your own ChatGPT workspace, which requires decryption. Set tenant_control to keep "
                     "(these hosts stay decrypted, and the macOS and iOS apps fail) or to override (the control is lost; comment is required)" % rules)


def recordable(options: Options, check_mode: bool) -> str:
    """Why no journal can be kept, which stops a real run; "" if one can. :raises AccessError: refused, with the reason, except in check mode."""
    reason = _unfit(options.journal)
    if reason and not check_mode:
        raise AccessError(REFUSED, reason)
    return reason


def _unfit(path: str) -> str:
    """In words, why no journal can be kept at ``path``, a file to be created or a folder; "" if one can."""
    folder = os.path.abspath(os.path.expanduser(path))
    folder = os.path.dirname(folder) if folder.endswith(".json") and not os.path.isdir(folder) else folder
    if os.path.isdir(folder):
        alien = others_may_write(os.stat(folder))
        if alien:
            return "the journal folder %s %s, so others could add or remove journals: change its owner to this user and its mode to 0700, or set journal " \
                "(access_journal in the role) to another folder" % (folder, alien)
    there = folder
    while not os.path.exists(there):
        there = os.path.dirname(there)
    if not (os.path.isdir(there) and os.access(there, os.W_OK | os.X_OK)):
        why = "this user has no write permission in %s" % there if os.path.isdir(there) else "%s is not a folder" % there
        return "no journal can be written in %s, because %s: set journal (access_journal in the role) to another folder" % (folder, why)
    free = shutil.disk_usage(there).free
    return ("" if free >= ROOM else "no journal can be written in %s: %d bytes are free, and %d are reserved for a journal. Free some space, or set "
                                    "journal (access_journal in the role) to another folder" % (folder, free, ROOM))


def unambiguous(device: str, state: State, refs: set[Ref]) -> None:
    """Names are identities: what a run wants or changes may exist only once. Duplicates that the run does not touch are allowed.

    :raises AccessError: refused, with the names that exist more than once.
    """
    doubled = sorted(str(ref) for ref in refs & getattr(state.objects, "doubled", set()))
    if doubled:
        raise AccessError(REFUSED, "%s holds more than one %s, so the right one cannot be identified. Rename or remove the others, or set another "
                                   "name in this task" % (device, ", more than one ".join(doubled)))


def remedies(assessment: Assessment, unblock: Collection[str]) -> list[Change]:
    """The Changes that resolve the conflicts with these ids.

    :raises AccessError: refused, for an unknown id, and for a conflict that only an administrator can resolve.
    """
    known = {conflict.id: conflict for conflict in assessment.conflicts}
    changes = []
    for chosen in unblock:
        conflict = known.get(chosen)
        if conflict is None and chosen not in assessment.resolved:
            raise AccessError(REFUSED, "unblock: %r is not the id of a conflict on this device; the ids are: %s" % (chosen, ", ".join(sorted(known)) or "none"))
        if conflict is not None and not conflict.remedy:
            raise AccessError(REFUSED, "unblock: %s (%s) cannot be resolved automatically; resolve it by hand" % (chosen, conflict.where))
        if conflict is not None:
            changes += conflict.remedy
    return changes


def no_secret_inside(changes: Iterable[Change], secrets: dict[str, str]) -> None:
    """:raises AccessError: refused, if Ansible's masking of a secret would corrupt what is written: results and journals repeat it."""
    for option, secret in sorted(secrets.items()):
        if secret and any(secret in text for change in changes for text in change.strings()):
            raise AccessError(REFUSED, "the value of the secret option %s occurs in the text to be written to the device, so masking would corrupt "
                                       "results and journals. Choose another secret" % option)


def plan_digest(adapter: Adapter, changes: Iterable[Change], state: State, foreseen: Assessment, options: Options, activates: bool) -> str:
    """What a reviewed plan binds: what is written, for whom and where, its losses and what remains, others' pending edits, and the options that decide
    it."""
    return canonical_digest({
        "device": [adapter.traits.product, adapter.device], "changes": [change.to_data() for change in changes], "activates": activates,
        "targets": adapter.targets(), "people": adapter.people(state), "others_pending": state.pending in (FOREIGN, BOTH),
        **assessment_data(foreseen), "options": options.bound(), "context": options.plan_context or {}})
