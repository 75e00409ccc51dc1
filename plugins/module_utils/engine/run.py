# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run: read, plan, send, activate, read back; and restore the old state if that fails.

It knows no vendor. A product is an Adapter. Check mode is a plan that is not sent; a rollback is a plan inverted.
"""
from __future__ import annotations

from dataclasses import replace
from itertools import chain

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine import standing
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import BOTH, FOREIGN, HIDDEN, OURS, UNNAMED, Adapter
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.admission import admit, no_secret_inside, plan_digest, recordable, remedies, unambiguous
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, after_removal
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import apply, diff, undo
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    ACTIVATION, CONFLICT, LOCKED, PARTIAL, PLAN_CHANGED, UNREACHABLE, AccessError, Failed,
    OutcomeUnknown, internal_fault,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import APPLIED, LIVE, REVERTED, UNDONE, UNFINISHED, UNPROVEN, Journal
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.memory import uncollected
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.options import Options
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.result import (
    DONE, WOULD, assessment_data, coverage_counts, coverage_data, diff_data, object_data, places, ports_open, ports_opened, strangers, summary, text_of, told,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.target import desired
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy

_WRITING = ("merged", "replaced", "deleted", "reverted")
_SETTLE_ATTEMPTS = 3


class Run:
    """One task on one device. ``execute()`` returns the result as plain data or raises Failed."""

    def __init__(self, adapter: Adapter, policy: Policy, options: Options, check_mode: bool = False):
        self.adapter = adapter
        self.policy = policy
        self.options = options
        self.check_mode = check_mode
        self.journal = None
        self.result = {"changed": False}
        self._activation_begun = self._reverting = self._untouched = False
        self._standing: list = []
        self._found: list = []
        self._wanted_entries: set = set()
        self._diagnosis: dict = {}

    @uncollected()
    def execute(self) -> dict:
        """:raises Failed: with the result so far and the state that the device was left in."""
        try:
            return self._execute()
        except Failed:
            raise
        except AccessError as error:
            raise self._failed(error, applied=[], undone=[]) from error
        except Exception as error:
            raise self._failed(internal_fault(error), applied=[], undone=[]) from error
        finally:
            self._close()

    def _close(self) -> None:
        if self.journal is not None and self.journal.unwritten:
            self._warn(self.journal.unwritten)
        try:
            self.adapter.begin_cleanup()
            self.adapter.close()
        except Exception as error:  # the result matters more than this error
            self._warn("at the end of the run: %s" % (error if isinstance(error, AccessError) else internal_fault(error)))
        if "requests" in self.result:
            self.result["requests"] = self.adapter.requests()

    def _execute(self) -> dict:
        if self.options.state == "rendered":
            return self._rendered()
        if self.options.state == "proven":
            return self._proven()
        if self.options.state == "reverted":
            self.journal, nothing = standing.to_revert(self.options, self.adapter.traits.product, self.adapter.device)
            if self.journal is None:
                return dict(self.result, summary=nothing)
            self.result.update(standing.about(self.journal))
            self.adapter.tell_apart(self.journal.ids)
        else:
            self._stand()
        state = self._attributed(self._read())
        before = self._assess(state)
        if self._keep_tenant_control(before):
            before = self._assess(state)
        self._found, self.result["coverage_before"] = before.coverage, coverage_counts(before.coverage)
        if self.options.state not in _WRITING:
            self._describe(state, [], before)
            self.result["gathered"] = [object_data(obj) for ref, obj in sorted(state.objects.items()) if obj.ours]
            return self.result
        admit(before, self.options)
        changes = self._plan(state, before)
        after = apply(state, changes)
        foreseen = before if self.adapter.traits.by_hand else self._foreseen(after, before if not changes else None)
        self._guard(changes, state, foreseen)
        self.result["planned_steps"] = sum(1 for _step in self.adapter.steps(changes, state))
        self.result["reversal"] = self._reversal(changes, after)
        if self.adapter.traits.by_hand:
            return self._handed_over(state, changes, foreseen)
        self._describe(state, changes, foreseen, after)
        if changes and self.options.state != "reverted":
            self._would_stop(recordable(self.options, self.check_mode))
        if self.check_mode:
            if self.result["changed"]:
                self.result["permissions"] = vars(self.adapter.permissions())
                self.result["held_by"] = self.adapter.held_by()
            return self.result
        if changes or state.unsealed or self._to_activate(changes, state):
            if self.adapter.begin():
                state, changes = self._secured(changes)
            self._carry_out(changes, state)
        elif self.options.state == "reverted" and self.journal.status in LIVE:
            # Nothing of it is on the device; a journal that stays open would count as unfinished.
            self._settle(self.journal.path, REVERTED)
        if self.options.state == "reverted":
            self._look_back(apply(state, changes))
        for path in self.result.get("unfinished", []):
            # The policy is in force, including what an earlier run left incomplete; its journal can still be rolled back.
            self._settle(path, self._ended())
            self.result.setdefault("journal", path)
        return self.result

    def _foreseen(self, after: State, known: Assessment | None) -> Assessment:
        found = known or self._assess(after)
        if self.options.state in ("deleted", "reverted") and not any(obj.ours for obj in after.objects.values()):
            return after_removal(found, lambda policy: self._assess(after, policy), self.policy)
        return found

    def _assess(self, state: State, policy: Policy | None = None) -> Assessment:
        """A rollback needs the journal and the device only: what a task names may no longer exist."""
        try:
            return self.adapter.assess(policy or self.policy, state)
        except AccessError as error:
            if self.options.state != "reverted":
                raise
            self._warn("the state of the policy after the rollback could not be read: %s" % error)
            return Assessment()

    def _proven(self) -> dict:
        """The probe hosts proved the change: its journals are no longer unproven. Does not contact the device."""
        waiting = [journal.path for journal in Journal.standing(self.options.journal, self.adapter.traits.product, self.adapter.device)
                   if journal.status == UNPROVEN]
        for path in waiting if not self.check_mode else ():
            self._settle(path, APPLIED)
        self.result.update(summary="proven: %s" % (", ".join(waiting) or "no journal is unproven"), proven=waiting)
        return self.result

    def _ended(self) -> str:
        """The status of a journal whose run has ended: a later change does not prove an earlier one."""
        waits = self.options.baseline is not None or any(journal.status == UNPROVEN for journal in self._standing)
        return UNPROVEN if waits else APPLIED

    def _look_back(self, state: State) -> None:
        """After a journal was rolled back. :raises Failed: if a part of its change is missing here."""
        found, said, missing = standing.left(self.journal, state, self.adapter.device)
        self._tell(found, said)
        if missing:
            self.result["failure"] = {"class": PARTIAL, "applied": [], "undone": [], "journal": self.journal.path}
            raise Failed(missing, self.result)

    def _handed_over(self, state: State, changes: list, assessment: Assessment) -> dict:
        """Nothing is sent: the steps are manual, coverage describes the present state, and a difference is a change in check mode only."""
        self._describe(state, changes, assessment)
        steps = list(self.adapter.steps(changes, state))
        self.result["rendered"] = [{"title": step.title, "request": step.request} for step in steps]
        self.result["manual"] = [step.title for step in steps] + self.result["manual"]
        self.result["diff"]["after"] = text_of(apply(state, changes), changes)
        self.result.pop("reversal")
        self.result["changed"] = bool(changes) and self.check_mode
        if changes:
            self.result["summary"] = "manual steps: %s" % summary(changes)
        return self.result

    def _settle(self, path: str, status: str) -> None:
        try:
            Journal.load(path).close(status)
        except (AccessError, OSError) as error:
            self._warn("journal %s of an earlier run could not be closed: %s" % (path, error))

    def _secured(self, changes: list) -> tuple:
        """Read again now that nobody else can write. The plan must still be the one that was admitted and reported."""
        state = self._attributed(self._read())
        again = self._plan_again(state)
        if [change.to_data() for change in again] != [change.to_data() for change in changes]:
            raise AccessError(CONFLICT, "someone else changed %s after it was read and before it was locked: run again" % self.adapter.device)
        self._to_activate(again, state)
        return state, again

    # -- reading

    def _read(self) -> State:
        state = self.adapter.read()
        self._diagnosis.update(state.diagnosis)
        return state

    def _attributed(self, state: State) -> State:
        """Whose edits are pending. If the device does not report it, an unfinished journal of ours is the evidence."""
        told = self.adapter.traits.pending_edits
        if told == HIDDEN and state.pending is None and self._left(*LIVE):
            return replace(state, pending=OURS)
        if told == UNNAMED and state.pending == FOREIGN and self._left(*UNFINISHED):
            self._warn("pending changes on %s are attributed to an interrupted run of this collection and are activated with this one"
                       % self.adapter.device)
            return replace(state, pending=OURS)
        return state

    # -- planning

    def _left(self, *statuses) -> bool:
        """Whether an earlier run of ours left something: the one to roll back, by the status of its journal, or an interrupted one."""
        if self.options.state == "reverted":
            return self.journal.status in statuses
        return self.options.state in _WRITING and bool(self.result.get("unfinished"))

    def _stand(self) -> None:
        """What earlier runs on this device left in their journals."""
        self._standing = Journal.standing(self.options.journal, self.adapter.traits.product, self.adapter.device)
        self._tell(*standing.before(self._standing, self.adapter.device))

    def _undo(self, changes: list, state: State, gone: frozenset = frozenset()) -> tuple:
        return undo(changes, state, self.adapter.traits.kinds, gone, self.adapter.traits.narrowing, self.adapter.traits.drafts)

    def _reversal(self, changes: list, after: State) -> dict:
        """What undoing the change will cost."""
        back, _clashes = self._undo(changes, after)
        return {"writes": sum(1 for _step in self.adapter.steps(back, after)), "activations": int(bool(back) and self.options.activate)}

    def _plan(self, state: State, assessment: Assessment) -> list:
        if self.options.state == "reverted":
            changes, clashes = self._undo(self.journal.changes, state, self.journal.created_and_gone())
            if clashes:
                raise AccessError(CONFLICT, "nothing was rolled back, because that would or could overwrite later changes: %s" % "; ".join(map(str, clashes)))
            unambiguous(self.adapter.device, state, {change.ref for change in changes})
            return changes
        wanted = self.adapter.target(self.policy, state) if self.options.state != "deleted" else []  # what is removed does not depend on it
        unambiguous(self.adapter.device, state, {item.object.ref for item in wanted})
        self._wanted_entries = {entry for item in wanted for members in item.object.members.values() for entry in members}
        unblock = self.options.unblock if self.options.state != "deleted" else ()
        kept = frozenset(assessment.resolved[chosen] for chosen in unblock if chosen in assessment.resolved)
        target = desired(self.options.state, wanted, state, self.options, kept)
        changes = diff(state, apply(target, remedies(assessment, unblock)), self.adapter.traits.kinds)
        unambiguous(self.adapter.device, state, {change.ref for change in changes})
        return changes

    def _keep_tenant_control(self, assessment: Assessment) -> bool:
        """With ``tenant_control: keep``: exclude the hosts that have to stay decrypted from the exemption. Returns whether there were any."""
        kept = {pattern for control in assessment.tenant_controls for pattern in control.hosts}
        if self.options.tenant_control != "keep" or not kept:
            return False
        self.policy = replace(self.policy, exempt=tuple(p for p in self.policy.exempt if p not in kept))
        self._warn("tenant control kept: %s stay decrypted, so the macOS and iOS apps refuse the connection; web and Android keep working"
                   % ", ".join(sorted(str(p) for p in kept)))
        return True

    def _guard(self, changes: list, state: State, foreseen: Assessment) -> None:
        activates = bool(self._to_activate(changes, state))
        digest = plan_digest(self.adapter, changes, state, foreseen, self.options, activates)
        self.result.update(plan_digest=digest, plan_options=self.options.bound())
        expected = self.options.expected_plan
        if expected and expected != digest:
            raise AccessError(PLAN_CHANGED, "plan changed: the device or the policy has changed since plan %s was reviewed; this run would carry out "
                                            "%s. Run the audit again and have the new plan reviewed" % (expected[:12], digest[:12]))
        no_secret_inside(changes, self.options.secrets)

    def _to_activate(self, changes: list, state: State) -> bool:
        """Whether this run ends with an activation. :raises AccessError: locked, if that would publish another administrator's edits."""
        needed = self.options.activate and (bool(changes) or state.pending in (OURS, BOTH))
        foreign = state.pending in (FOREIGN, BOTH) and not self.adapter.isolates(changes)
        if needed and foreign and not self.options.publish_foreign_changes:
            if not self.check_mode:
                raise AccessError(LOCKED, "another administrator's pending changes on %s would be activated with ours: have them activated first, or "
                                          "set publish_foreign_changes" % self.adapter.device)
            self._would_stop("another administrator's changes are pending, and publish_foreign_changes is not set")
        return needed

    # -- carrying out

    def _carry_out(self, changes: list, state: State) -> None:
        reverting = self.options.state == "reverted"
        if not reverting and changes:
            journal = Journal(self.options.journal, self.adapter.traits.product, self.adapter.device, self.options.comment, self.options.series,
                              self._standing, self.options.baseline, self.options.stage)
            journal.begin(changes)
            self.journal = journal
            self.result["journal"] = journal.path
        try:
            if reverting:
                self.journal.revert()
                self._reverting = True
            self._drive(changes, state, self._plan_again)
            if self._to_activate(changes, state):
                self._activation_begun = True
                self.result["activation"] = self.adapter.activate()
            self._confirm()
        except Exception as error:
            failure = error if isinstance(error, AccessError) else internal_fault(error)
            if reverting or self.journal is None:
                raise self._failed(failure, applied=[], undone=[]) from error
            raise self._take_back(failure) from error
        finally:
            self.result["requests"] = self.adapter.requests()
        if self.journal is not None:
            self.journal.forgiving = True
            self.journal.close(REVERTED if reverting else self._ended())
        self.result["summary"] = told(changes, True, DONE)

    def _plan_again(self, state: State) -> list:
        return self._plan(state, self._assess(state) if self.options.unblock else Assessment())

    def _drive(self, changes: list, state: State, plan_again) -> None:
        """Send all steps and seal them. An unknown outcome is settled by reading and planning again, never by sending again."""
        for _attempt in range(_SETTLE_ATTEMPTS):
            try:
                for step in self.adapter.steps(changes, state):
                    self.journal.sending(step.title, harmless=step.harmless)
                    reply = self.adapter.send(step.request)
                    if step.learn is not None and reply is not None:
                        step.learn(reply)
                    self.journal.sent(self.adapter.made() if self.options.state != "reverted" else None)
                if changes:
                    self.journal.settle()
                if changes or state.unsealed:
                    self.adapter.seal()
                return
            except OutcomeUnknown as error:
                lost = error
                state = self._read()
                changes = plan_again(state)
                if not changes and not state.unsealed:
                    return
                if changes and self.options.state != "reverted":
                    self.journal.extend(changes)
        raise AccessError(UNREACHABLE, "stopped after %d unanswered writes; the last one: %s" % (_SETTLE_ATTEMPTS, lost))

    def _confirm(self) -> None:
        state = self._read()
        left = self._plan_again(state)
        if left:
            raise AccessError(PARTIAL, "%s accepted the change but does not hold it: %s" % (self.adapter.device, summary(left)))
        if state.unsealed:
            raise AccessError(PARTIAL, "%s accepted the change but did not publish it: only the session of this run sees it" % self.adapter.device)
        if self.options.activate and state.pending in (OURS, BOTH):
            raise AccessError(ACTIVATION, "%s reports the change as activated but still runs the old policy" % self.adapter.device)

    def _take_back(self, error: AccessError) -> Failed:
        """Undo what was done, and report what was undone and what was not."""
        applied, undone = [], []
        self.journal.forgiving = True
        self._untouched = standing.untouched(self.journal, self.adapter.requests().get("writes", 0), error)
        try:
            self.adapter.begin_cleanup(undo=True)
            self.adapter.tell_apart(self.journal.ids)
            state = self._read()
            back = self._undo_plan(state)
            applied = [change.inverse() for change in reversed(back)]
            if discarded := self.adapter.discard():
                state = self._read()
                back = self._undo_plan(state)
            self._drive(back, state, self._undo_plan)
            activated = self._activation_begun and bool(back or not discarded)
            if activated:
                self.adapter.activate()
            self._confirm_old(activated)
            undone = applied
            self.journal.close(UNDONE)
        except Exception as second:
            second = second if isinstance(second, AccessError) else internal_fault(second)
            error = AccessError(error.failure, "%s. The rollback failed as well: %s" % (error, second))
        return self._failed(error, applied, undone)

    def _confirm_old(self, activated: bool) -> None:
        """:raises AccessError: if the device accepted the rollback and does not hold the old state."""
        state = self._read()
        left = self._undo_plan(state)
        if left:
            raise AccessError(PARTIAL, "%s accepted the change but still has to %s" % (self.adapter.device, summary(left)))
        if state.unsealed or (activated and state.pending in (OURS, BOTH)):
            raise AccessError(ACTIVATION, "%s accepted the change but has not activated it" % self.adapter.device)

    def _undo_plan(self, state: State) -> list:
        back, clashes = self._undo([] if self._untouched else self.journal.changes, state)
        if clashes:
            raise AccessError(CONFLICT, "; ".join(str(clash) for clash in clashes))
        unambiguous(self.adapter.device, state, {change.ref for change in back})
        return back

    def _failed(self, error: AccessError, applied: list, undone: list) -> Failed:
        left, changed = standing.after_failure(self.journal, self.options.state == "reverted", self._reverting, self._activation_begun, self._untouched)
        failure = {"class": error.failure, "applied": [change.to_data() for change in applied], "undone": [change.to_data() for change in undone],
                   "journal": None if self.journal is None else self.journal.path}
        self.result.update(changed=changed, failure=failure)
        return Failed("%s. %s." % (str(error).rstrip("."), left), self.result)

    # -- reporting

    def _tell(self, found: dict, said: list) -> None:
        self.result.update(found)
        for text in said:
            self._warn(text)

    def _would_stop(self, why: str) -> None:
        """``why``: the reason for which a real run stops and check mode continues; "" if there is none."""
        if why and why not in self.result.setdefault("would_stop", []):
            self.result["would_stop"].append(why)
            self._warn("a real run would stop: %s" % why)

    def _warn(self, text: str) -> None:
        warnings = self.result.setdefault("warnings", [])
        if text not in warnings:
            warnings.append(text)

    def _rendered(self) -> dict:
        state = self.adapter.blank()
        changes = diff(state, desired("merged", self.adapter.target(self.policy, state), state, self.options), self.adapter.traits.kinds)
        self.result["rendered"] = [{"title": step.title, "request": step.request} for step in self.adapter.steps(changes, state)]
        return self.result

    def _describe(self, state: State, changes: list, assessment: Assessment, after: State | None = None) -> None:
        after, result = after or state, self.result
        left = state.unsealed or (state.pending in (OURS, BOTH) and self.options.activate)
        result["changed"] = bool(changes) or (self.options.state in _WRITING and left)
        result["changes"] = [change.to_data() for change in changes]
        result["summary"] = told(changes, result["changed"], WOULD)
        result["diff"] = diff_data(self.adapter.device, self.options.people(), text_of(state, changes), text_of(after, changes))
        result.update(audience=self.options.people(self.adapter.people(state)), places=places(changes, after),
                      opens=ports_opened(changes, after, self.policy.media), ports_open=ports_open(state, self.policy.media))
        result.update(coverage_data(assessment.coverage, self._found, self.policy.withheld))
        result.update(assessment_data(assessment))
        result.update(pending=state.pending, policy_version=self.policy.version, release=state.release, stale=[], foreign=[])
        result.update({name: getattr(self.adapter.traits, name) for name in ("product", "exclusive", "limits", "propagation")})
        self._diagnosis.update(assessment.diagnosis)
        if self._diagnosis:
            result["diagnosis"] = self._diagnosis
        if self.policy.allow:
            retired, wanted = self._entries(self.policy.retired), self._entries(self.policy.allow) | self._wanted_entries
            result.update(strangers(after, wanted, retired))
        result["requests"] = self.adapter.requests()
        for text in assessment.warnings:
            self._warn(text)

    def _entries(self, patterns) -> set:
        return set(chain.from_iterable(map(self.adapter.render, patterns)))
