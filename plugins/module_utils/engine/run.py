# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: read, plan, send, activate, read back; and leave the old state behind when that fails.

It knows no vendor. A product is an Adapter: it reads a State, says what it wants to be there, turns Changes into Steps without
any IO, sends one Step's request, and activates. Check mode is a plan not sent; a rollback is a plan inverted.
"""
from __future__ import annotations

from dataclasses import dataclass, field, replace

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import apply, diff, undo
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State, canonical_digest
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    ACTIVATION, CONFLICT, LOCKED, PARTIAL, PLAN_CHANGED, REFUSED, UNREACHABLE, AccessError, OutcomeUnknown,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import APPLIED, OPEN, REVERTED, UNDONE, Journal
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy

OURS = "ours"
FOREIGN = "foreign"
BOTH = "both"

_WRITING = ("merged", "replaced", "deleted", "reverted")
_SETTLE_ATTEMPTS = 3
_COVERAGE_SHOWN = 1000
_SUMMARY_NAMES = 4


@dataclass(frozen=True)
class Wanted:
    """An object that has to be there. For a rule: its ``rulebase``, and the Refs it has to stand above and below."""

    object: Object
    rulebase: str | None = None
    above: frozenset = frozenset()
    below: frozenset = frozenset()


@dataclass(frozen=True)
class Conflict:
    """Something of the site that still blocks or decrypts a wanted host.

    ``id`` is stable from run to run, for the option ``unblock``; ``effect`` is deny, decrypt, cookies or rewrite;
    ``certain`` is false where the product's configuration cannot be evaluated to the end; ``remedy`` are the Changes that
    take exactly this out of the way (empty: only a person can), ``opens`` says in words what else they would open.
    """

    id: str
    effect: str
    where: str
    text: str
    hosts: tuple
    certain: bool = True
    remedy: tuple = ()
    opens: str = ""


@dataclass(frozen=True)
class Loss:
    """A control that the exemption switches off for ``hosts``: av, dlp, sandbox, file_control, prompt_logging, casb, isolation, headers."""

    control: str
    rule: str
    hosts: tuple


@dataclass(frozen=True)
class TenantControl:
    """A rule that adds the header which keeps people in their own ChatGPT workspace; ``hosts`` are the exempt Patterns it needs decrypted."""

    rule: str
    hosts: tuple


@dataclass(frozen=True)
class Coverage:
    """What is in force for one pattern; ``allowed`` and ``exempt`` are "yes", "no", "unchecked", "not wanted" or "withheld" (by policy)."""

    pattern: str
    allowed: str
    exempt: str
    allowed_by: str | None = None
    exempt_by: str | None = None
    note: str = ""


@dataclass
class Assessment:
    """What an adapter can say about a policy and a State, without IO."""

    coverage: list = field(default_factory=list)
    conflicts: list = field(default_factory=list)
    #: Ids of conflicts that an earlier run took out of the way, each with the Ref it changed.
    resolved: dict = field(default_factory=dict)
    losses: list = field(default_factory=list)
    tenant_controls: list = field(default_factory=list)
    audience_widened: list = field(default_factory=list)
    manual: list = field(default_factory=list)
    warnings: list = field(default_factory=list)


@dataclass(frozen=True)
class Permissions:
    """Whether the account may ``write`` what a change writes: True, False, or None where the product does not tell; ``why`` in words."""

    write: bool | None = None
    why: str = ""


@dataclass(frozen=True)
class Step:
    """One request. ``request`` is plain data (state ``rendered`` prints it), ``covers`` the Changes it carries out."""

    title: str
    request: dict
    covers: tuple
    learn: object = None


@dataclass(frozen=True)
class Options:
    """What the operator asked for, the same for every product."""

    state: str = "merged"
    unblock: tuple = ()
    protected: tuple = ()
    tenant_control: str = "refuse"
    refuse_losses: tuple = ()
    accept_wider_audience: bool = False
    adopt: bool = False
    activate: bool = True
    publish_foreign_changes: bool = False
    expected_plan: str | None = None
    comment: str | None = None
    journal: str = "~/.netaccess/journals"
    series: str | None = None
    secrets: dict = field(default_factory=dict)


class Adapter:
    """The protocol that a product implements. Nothing else knows the product."""

    product = ""
    #: Kinds of objects from inert (lists) to linking (rules): the order in which they are made; they go in reverse.
    kinds = ()
    #: What keeps a second run away from a device while one writes, in words; empty: nothing does.
    exclusive = ""
    #: Whether the product has no way to write: then a plan is handed to a person as ``manual``, and nothing is sent.
    by_hand = False
    #: What the product allows of writes, deletes and activations, in words, for the cost of the way back; empty: no limit is known.
    limits = ""
    #: Seconds that an activation may take to be in force everywhere after the device has said yes. 0: it is in force then.
    propagation = 0
    #: Whether what waits for activation cannot always be read; the journal of a run of ours that did not end then stands for it.
    blind = False
    #: Whether the device does not say whose edits wait; a journal of ours whose run did not end then stands for them.
    anonymous = False
    #: The product and its release as the device tells it in what ``read`` asks anyway, in words; empty: it does not.
    release = ""
    #: What ``read`` found out about the device besides its policy, as plain data for the result.
    diagnosis: dict = {}
    #: What speaks to the device, for those that have one.
    _transport = None

    @property
    def device(self) -> str:
        """Names the device or tenant in journals: the same from run to run."""
        raise AccessError(REFUSED, "the adapter names no device")

    def read(self) -> State:
        """IO. What the device holds now, edits that wait for activation included. :raises AccessError:"""
        raise AccessError(REFUSED, "the adapter cannot read")

    def blank(self) -> State:
        """The state of a device that holds nothing of ours, without contact."""
        return State()

    def target(self, policy: Policy, state: State) -> list:
        """Pure. The Wanted objects for this policy, given what the site has."""
        raise AccessError(REFUSED, "the adapter plans nothing")

    def assess(self, policy: Policy, state: State) -> Assessment:
        """Pure. What ``state`` (read or predicted) means for the policy."""
        return Assessment()

    def steps(self, changes, state: State):
        """Pure. Yields the Steps that carry out ``changes`` on a device at ``state``."""
        return iter(())

    def send(self, request: dict):
        """IO. :raises OutcomeUnknown: when it may have taken effect; :raises AccessError: when it has not."""
        raise AccessError(REFUSED, "the adapter sends nothing")

    def begin(self) -> bool:
        """IO. Before the first write: refuse a device that must not be written, and keep others out. Whether to read and plan again."""
        return False

    def activate(self) -> list:
        """IO. Bring what was written into force and wait for it: one plain dict for each target. :raises AccessError:"""
        return []

    def permissions(self) -> Permissions:
        """IO, and nothing but reads. Asked in check mode alone and when there is something to write, so that a real run sends no more than before."""
        return Permissions()

    def held_by(self) -> list:
        """IO, and nothing but reads, asked like ``permissions``. Who keeps our run from writing now, in words, where the product tells."""
        return []

    def isolates(self, changes) -> bool:
        """Whether the activation of ``changes`` leaves edits of others that wait where they are."""
        return False

    def discard(self) -> bool:
        """IO. Drop this run's edits that are not in force, when the product can tell them from others'. Whether it could."""
        return False

    def close(self) -> None:
        """IO. The end of every run, however it went: give back locks, sign out. :raises AccessError:"""
        if self._transport is not None:
            self._transport.close()

    def render(self, pattern) -> tuple:
        """Pure. The entries of a list of this product that stand for a Pattern."""
        return (str(pattern),)

    def requests(self) -> dict:
        """What was sent so far: counts by name."""
        return self._transport.requests() if self._transport is not None else {}


# -- what ought to be there ----------------------------------------------------------------------------------------


def desired(word: str, wanted: list, state: State, options: Options, keep=frozenset()) -> State:
    """The State that ``word`` (merged, replaced or deleted) asks for; what an unblocked conflict needs is in ``keep`` and stays.

    :raises AccessError: refused, when ``replaced`` meets an object of that name that does not carry our marker; conflict, when
        no place in a rulebase is both above and below what it has to be.
    """
    objects = dict(state.objects)
    order = {base: list(refs) for base, refs in state.rules.items()}
    names = {item.object.ref for item in wanted}
    if word in ("replaced", "deleted"):
        for ref, obj in state.objects.items():
            if obj.ours and ref not in keep and (word == "deleted" or ref not in names):
                objects.pop(ref)
                for refs in order.values():
                    if ref in refs:
                        refs.remove(ref)
            elif obj.borrowed and ref not in keep:
                objects[ref] = replace(obj, fields=dict(obj.fields, **obj.borrowed))
    if word != "deleted":
        for item in wanted:
            objects[item.object.ref] = _merged_object(word, item.object, state.objects.get(item.object.ref), options)
        for item in wanted:
            if item.rulebase is not None:
                _put_rule(order.setdefault(item.rulebase, []), item)
    return State(objects, {base: tuple(refs) for base, refs in order.items()}, state.pending)


def _merged_object(word: str, want: Object, have, options: Options) -> Object:
    if have is None:
        return replace(want, ours=True)
    if word == "replaced":
        if not have.ours and not options.adopt:
            raise AccessError(
                REFUSED, "%s exists and was not made by this collection: set adopt to take it over, use state merged, or choose another name" % have.ref)
        return replace(have, fields=dict(have.fields, **want.fields), members=dict(have.members, **want.members), ours=True)
    members = dict(have.members)
    for path, entries in want.members.items():
        members[path] = frozenset(members.get(path, ())) | entries
    fields = dict(have.fields, **want.fields) if have.ours else have.fields
    return replace(have, fields=fields, members=members)


def _put_rule(order: list, item: Wanted) -> None:
    """Leave the rule where it is when that is right; else put it at the lowest place that is above what it has to be above."""
    ref = item.object.ref

    def bounds(refs):
        top = max([refs.index(other) + 1 for other in item.below if other in refs], default=0)
        bottom = min([refs.index(other) for other in item.above if other in refs], default=len(refs))
        return top, bottom

    if ref in order:
        top, bottom = bounds(order)
        if top <= order.index(ref) < bottom:
            return
        order.remove(ref)
    top, bottom = bounds(order)
    if top > bottom:
        low = ", ".join(sorted(str(other) for other in item.below if other in order))
        high = ", ".join(sorted(str(other) for other in item.above if other in order))
        raise AccessError(CONFLICT, "%s has no place: it must stand below %s and above %s, which stand the other way round" % (ref, low, high))
    order.insert(bottom, ref)


# -- one run -------------------------------------------------------------------------------------------------------


class Run:
    """One task on one device. ``execute()`` returns the result as plain data or raises Failed."""

    def __init__(self, adapter: Adapter, policy: Policy, options: Options, check_mode: bool = False):
        self.adapter = adapter
        self.policy = policy
        self.options = options
        self.check_mode = check_mode
        self.journal = None
        self.result = {"changed": False}
        self._activation_begun = False
        self._wanted_entries: set = set()

    def execute(self) -> dict:
        """:raises Failed: with the result so far and what state the device was left in."""
        try:
            return self._execute()
        except Failed:
            raise
        except AccessError as error:
            raise self._failed(error, applied=[], undone=[]) from error
        finally:
            self._close()

    def _close(self) -> None:
        try:
            self.adapter.close()
        except AccessError as error:
            self._warn("at the end of the run: %s" % error)
        if "requests" in self.result:
            self.result["requests"] = self.adapter.requests()

    def _execute(self) -> dict:
        if self.options.state == "rendered":
            return self._rendered()
        if self.options.state == "reverted":
            self.journal = self._journal_to_revert()
            if self.journal is None:
                self.result["summary"] = "nothing to take back: no journal in %s is about %s" % (self.options.journal, self.adapter.device)
                return self.result
        else:
            self._unfinished()
        state = self.adapter.read()
        if self.adapter.blind and state.pending is None and self._left(OPEN, APPLIED):
            state = replace(state, pending=OURS)
        if self.adapter.anonymous and state.pending == FOREIGN and self._left(OPEN):
            state = replace(state, pending=OURS)
            self._warn("edits wait for activation on %s; a run of ours did not come to its end, so they are taken for its own and go live with this one"
                       % self.adapter.device)
        before = self.adapter.assess(self.policy, state)
        if self._keep_tenant_control(before):
            before = self.adapter.assess(self.policy, state)
        if self.options.state not in _WRITING:
            self._describe(state, [], before)
            self.result["gathered"] = [_object_data(obj) for ref, obj in sorted(state.objects.items()) if obj.ours]
            return self.result
        self._admit(before)
        changes = self._plan(state, before)
        self._guard(changes, state)
        self.result["planned_steps"] = sum(1 for _step in self.adapter.steps(changes, state))
        after = apply(state, changes)
        self.result["reversal"] = self._reversal(changes, after)
        if self.adapter.by_hand:
            return self._handed_over(state, changes, before)
        self._describe(state, changes, self.adapter.assess(self.policy, after), after)
        if self.check_mode:
            if self.result["changed"]:
                self.result["permissions"] = vars(self.adapter.permissions())
                self.result["held_by"] = self.adapter.held_by()
            return self.result
        if changes or self._to_activate(changes, state):
            if self.adapter.begin():
                state, changes = self._secured(changes)
            self._carry_out(changes, state)
        elif self.options.state == "reverted" and self.journal.status in (OPEN, APPLIED):
            # Nothing of it is on the device any more, or was yet; a journal that stays open would hide the older ones of its folder.
            self._settle(self.journal.path, REVERTED)
        if self.options.state == "reverted":
            self.result["earlier"] = self.journal.earlier()
        for path in self.result.get("unfinished", []):
            # What an earlier run left half done is as the policy says now; its journal can still be taken back.
            self._settle(path, APPLIED)
        return self.result

    def _handed_over(self, state: State, changes: list, assessment: Assessment) -> dict:
        """Nothing is done: the steps are for a person, coverage is that of now, and a difference is a change in check mode alone."""
        self._describe(state, changes, assessment)
        steps = list(self.adapter.steps(changes, state))
        self.result["rendered"] = [{"title": step.title, "request": step.request} for step in steps]
        self.result["manual"] = [step.title for step in steps] + self.result["manual"]
        self.result["diff"]["after"] = _text(apply(state, changes), changes)
        self.result.pop("reversal")
        self.result["changed"] = bool(changes) and self.check_mode
        if changes:
            self.result["summary"] = "for a person to do: %s" % self.result["summary"]
        return self.result

    def _settle(self, path: str, status: str) -> None:
        try:
            Journal.load(path).close(status)
        except (AccessError, OSError) as error:
            self._warn("journal %s of an earlier run stays open: %s" % (path, error))

    def _secured(self, changes: list) -> tuple:
        """Read again now that nobody else can write. What was admitted and reported has to be the plan still."""
        state = self.adapter.read()
        again = self._plan_again(state)
        if [change.to_data() for change in again] != [change.to_data() for change in changes]:
            raise AccessError(CONFLICT, "somebody changed %s between reading and locking it: run again" % self.adapter.device)
        self._to_activate(again, state)
        return state, again

    # -- planning

    def _left(self, *statuses) -> bool:
        """Whether an earlier run of ours left something: the one to take back, by the status of its journal, or one that did not come to its end."""
        if self.options.state == "reverted":
            return self.journal.status in statuses
        return self.options.state in _WRITING and bool(self.result.get("unfinished"))

    def _unfinished(self) -> None:
        found = Journal.unfinished(self.options.journal, self.adapter.product, self.adapter.device)
        if found:
            self.result["unfinished"] = found
            self._warn("an earlier run on %s did not come to its end, or another one is under way: see %s. This run goes on from what is there; to go back "
                       "instead, run state reverted with that journal" % (self.adapter.device, ", ".join(found)))

    def _reversal(self, changes: list, after: State) -> dict:
        """What taking the change back will cost."""
        back, _clashes = undo(changes, after, self.adapter.kinds)
        return {"writes": sum(1 for _step in self.adapter.steps(back, after)), "activations": int(bool(back) and self.options.activate)}

    def _journal_to_revert(self) -> Journal | None:
        here = (self.adapter.product, self.adapter.device)
        journal = Journal.newest(self.options.journal, *here)
        if journal is not None and (journal.product, journal.device) != here:
            raise AccessError(REFUSED, "journal %s is about %s %s, this task is about %s %s" % ((journal.path, journal.product, journal.device) + here))
        return journal

    def _plan(self, state: State, assessment: Assessment) -> list:
        if self.options.state == "reverted":
            changes, clashes = undo(self.journal.changes, state, self.adapter.kinds)
            if clashes:
                raise AccessError(CONFLICT, "nothing was reverted, since it would overwrite later edits: %s" % "; ".join(str(c) for c in clashes))
            self._unambiguous(state, {change.ref for change in changes})
            return changes
        wanted = self.adapter.target(self.policy, state)
        self._unambiguous(state, {item.object.ref for item in wanted})
        self._wanted_entries = {entry for item in wanted for members in item.object.members.values() for entry in members}
        unblock = self.options.unblock if self.options.state != "deleted" else ()
        kept = frozenset(assessment.resolved[chosen] for chosen in unblock if chosen in assessment.resolved)
        target = desired(self.options.state, wanted, state, self.options, kept)
        remedies = self._remedies(assessment, unblock)
        changes = diff(state, apply(target, remedies), self.adapter.kinds)
        self._unambiguous(state, {change.ref for change in changes})
        return changes

    def _unambiguous(self, state: State, refs: set) -> None:
        """Names are identities: of what this run wants or changes there may be one. Doubles of others, which it never touches, are their matter."""
        doubled = sorted(str(ref) for ref in refs & getattr(state.objects, "doubled", set()))
        if doubled:
            raise AccessError(REFUSED, "%s holds more than one %s: which one is meant cannot be told. Rename or remove the others, or have this task "
                              "use another name" % (self.adapter.device, ", more than one ".join(doubled)))

    def _remedies(self, assessment: Assessment, unblock) -> list:
        known = {conflict.id: conflict for conflict in assessment.conflicts}
        changes = []
        for chosen in unblock:
            conflict = known.get(chosen)
            if conflict is None and chosen not in assessment.resolved:
                raise AccessError(REFUSED, "unblock: %r is the id of no conflict on this device; there are: %s" % (chosen, ", ".join(sorted(known)) or "none"))
            if conflict is not None and not conflict.remedy:
                raise AccessError(REFUSED, "unblock: %s (%s) has to be resolved by a person" % (chosen, conflict.where))
            if conflict is not None:
                changes += conflict.remedy
        return changes

    def _admit(self, assessment: Assessment) -> None:
        """The stops that the operator set; nothing has been written yet."""
        if self.options.state not in ("merged", "replaced"):
            return
        if assessment.audience_widened and not self.options.accept_wider_audience:
            raise AccessError(REFUSED, "this would reach more people than the audience names: %s. Set accept_wider_audience to allow it"
                              % "; ".join(assessment.audience_widened))
        refused = [loss for loss in assessment.losses if loss.control in self.options.refuse_losses]
        if refused:
            raise AccessError(REFUSED, "refuse_losses: the exemption would switch off %s"
                              % "; ".join("%s (%s) for %s" % (loss.control, loss.rule, ", ".join(loss.hosts[:5])) for loss in refused))
        self._admit_tenant_control(assessment)

    def _admit_tenant_control(self, assessment: Assessment) -> None:
        if not assessment.tenant_controls or self.options.tenant_control != "refuse":
            return
        rules = ", ".join(sorted({control.rule for control in assessment.tenant_controls}))
        raise AccessError(
            REFUSED, "%s adds the header that keeps people in your own ChatGPT workspace, which needs decryption. Set tenant_control to keep "
            "(these hosts stay decrypted; the macOS and iOS apps will then fail) or to override (the control is lost; comment is required)" % rules)

    def _keep_tenant_control(self, assessment: Assessment) -> bool:
        """With ``tenant_control: keep``: take the hosts that have to stay decrypted out of the exemption. Whether there were any."""
        kept = {pattern for control in assessment.tenant_controls for pattern in control.hosts}
        if self.options.tenant_control != "keep" or not kept:
            return False
        self.policy = replace(self.policy, exempt=tuple(p for p in self.policy.exempt if p not in kept))
        self._warn("tenant control kept: %s stay decrypted, so the macOS and iOS apps will refuse the connection; web and Android keep working"
                   % ", ".join(sorted(str(p) for p in kept)))
        return True

    def _guard(self, changes: list, state: State) -> None:
        digest = canonical_digest([self.adapter.product, self.adapter.device, [c.to_data() for c in changes], bool(self._to_activate(changes, state))])
        self.result["plan_digest"] = digest
        expected = self.options.expected_plan
        if expected and expected != digest:
            raise AccessError(PLAN_CHANGED, "plan changed: the device or the policy is no longer as it was when plan %s was reviewed; this run would carry "
                              "out %s" % (expected[:12], digest[:12]))
        for option, secret in sorted(self.options.secrets.items()):
            if secret and any(secret in text for change in changes for text in change.strings()):
                raise AccessError(REFUSED, "the value of option %s occurs inside what would be written to the device; results and journals would be mangled "
                                  "by its masking. Choose another secret" % option)

    def _to_activate(self, changes: list, state: State) -> bool:
        """Whether this run ends with an activation. :raises AccessError: locked, when that would publish somebody else's edits."""
        needed = self.options.activate and (bool(changes) or state.pending in (OURS, BOTH))
        foreign = state.pending in (FOREIGN, BOTH) and not self.adapter.isolates(changes)
        if needed and foreign and not self.options.publish_foreign_changes:
            if not self.check_mode:
                raise AccessError(LOCKED, "somebody else's edits wait for activation on %s and would go live with ours: have them activated first, "
                                  "or set publish_foreign_changes" % self.adapter.device)
            self.result["would_stop"] = "somebody else's edits wait for activation; a real run stops here unless publish_foreign_changes is set"
            self._warn(self.result["would_stop"])
        return needed

    # -- carrying out

    def _carry_out(self, changes: list, state: State) -> None:
        reverting = self.options.state == "reverted"
        if not reverting and changes:
            journal = Journal(self.options.journal, self.adapter.product, self.adapter.device, self.options.comment, self.options.series)
            journal.begin(changes)
            self.journal = journal
            self.result["journal"] = journal.path
        try:
            self._drive(changes, state, self._plan_again)
            if self._to_activate(changes, state):
                self._activation_begun = True
                self.result["activation"] = self.adapter.activate()
            self._confirm()
        except AccessError as error:
            if reverting or self.journal is None:
                raise self._failed(error, applied=[], undone=[]) from error
            raise self._take_back(error) from error
        finally:
            self.result["requests"] = self.adapter.requests()
        if self.journal is not None:
            self.journal.close(REVERTED if reverting else APPLIED)

    def _plan_again(self, state: State) -> list:
        return self._plan(state, self.adapter.assess(self.policy, state))

    def _drive(self, changes: list, state: State, plan_again) -> None:
        """Send all steps. A write with an unknown outcome is settled by reading and planning again, never by sending it again."""
        for _attempt in range(_SETTLE_ATTEMPTS):
            try:
                for step in self.adapter.steps(changes, state):
                    self.journal.sending(step.title)
                    reply = self.adapter.send(step.request)
                    if step.learn is not None and reply is not None:
                        step.learn(reply)
                    self.journal.sent()
                return
            except OutcomeUnknown as error:
                lost = error
                state = self.adapter.read()
                changes = plan_again(state)
                if not changes:
                    return
                self.journal.extend(changes)
        raise AccessError(UNREACHABLE, "gave up after %d writes without an answer; the last: %s" % (_SETTLE_ATTEMPTS, lost))

    def _confirm(self) -> None:
        state = self.adapter.read()
        left = self._plan_again(state)
        if left:
            raise AccessError(PARTIAL, "%s took the change and does not hold it: %s" % (self.adapter.device, summary(left)))
        if self.options.activate and state.pending in (OURS, BOTH):
            raise AccessError(ACTIVATION, "%s reports the change as activated and still runs the old policy" % self.adapter.device)

    def _take_back(self, error: AccessError) -> Failed:
        """Undo what was done, and say what was and what was not."""
        applied, undone = [], []
        try:
            state = self.adapter.read()
            back = self._undo_plan(state)
            applied = [change.inverse() for change in reversed(back)]
            discarded = self.adapter.discard()
            if discarded:
                state = self.adapter.read()
                back = self._undo_plan(state)
            self._drive(back, state, self._undo_plan)
            if self._activation_begun and (back or not discarded):
                self.adapter.activate()
            undone = applied
            self.journal.close(UNDONE)
        except AccessError as second:
            error = AccessError(error.failure, "%s. Taking it back failed as well: %s" % (error, second))
        return self._failed(error, applied, undone)

    def _undo_plan(self, state: State) -> list:
        back, clashes = undo(self.journal.changes, state, self.adapter.kinds)
        if clashes:
            raise AccessError(CONFLICT, "; ".join(str(clash) for clash in clashes))
        return back

    def _failed(self, error: AccessError, applied: list, undone: list) -> Failed:
        path = None if self.journal is None else self.journal.path
        if path is None:
            left = "Nothing was changed"
        elif self.options.state == "reverted":
            left = "The revert is not complete: run it again with journal %s" % path
        elif self.journal.status == UNDONE:
            left = "The old state was restored"
        else:
            left = "The device may hold a part of the change: run state reverted with journal %s" % path
        self.result["changed"] = path is not None and self.journal.status != UNDONE
        self.result["failure"] = {
            "class": error.failure,
            "applied": [change.to_data() for change in applied],
            "undone": [change.to_data() for change in undone],
            "journal": path,
        }
        return Failed("%s. %s." % (str(error).rstrip("."), left), self.result)

    # -- reporting

    def _warn(self, text: str) -> None:
        self.result.setdefault("warnings", []).append(text)

    def _rendered(self) -> dict:
        state = self.adapter.blank()
        target = desired("merged", self.adapter.target(self.policy, state), state, self.options)
        changes = diff(state, target, self.adapter.kinds)
        self.result["rendered"] = [{"title": step.title, "request": step.request} for step in self.adapter.steps(changes, state)]
        return self.result

    def _describe(self, state: State, changes: list, assessment: Assessment, after: State | None = None) -> None:
        after = after or state
        result = self.result
        result["changed"] = bool(changes) or (self.options.state in _WRITING and state.pending in (OURS, BOTH) and self.options.activate)
        result["changes"] = [change.to_data() for change in changes]
        result["summary"] = summary(changes) if changes else "nothing to do" if not result["changed"] else "nothing to write, one activation to finish"
        result["diff"] = {"before": _text(state, changes), "after": _text(after, changes)}
        withheld = [Coverage(str(p), "withheld", "not wanted", note="published, withheld by policy") for p in self.policy.withheld]
        result.update(_coverage_data(assessment.coverage + withheld))
        result["conflicts"] = [self._conflict_data(item) for item in assessment.conflicts]
        result["losses"] = [vars(item) for item in assessment.losses]
        result["audience_widened"] = list(assessment.audience_widened)
        result["manual"] = list(assessment.manual)
        result["pending"] = state.pending
        result["policy_version"] = self.policy.version
        result["release"] = self.adapter.release
        result["exclusive"] = self.adapter.exclusive
        result["limits"] = self.adapter.limits
        result["propagation"] = self.adapter.propagation
        if self.adapter.diagnosis:
            result["diagnosis"] = self.adapter.diagnosis
        result.update(self._strangers(after))
        result["requests"] = self.adapter.requests()
        for text in assessment.warnings:
            self._warn(text)

    def _conflict_data(self, conflict: Conflict) -> dict:
        data = {key: value for key, value in vars(conflict).items() if key != "remedy"}
        data["remedy"] = [change.to_data() for change in conflict.remedy]
        return data

    def _strangers(self, state: State) -> dict:
        """Entries in our objects that the policy does not want: ``stale`` when it once did, else ``foreign``. Without a policy: none."""
        retired = {entry for pattern in self.policy.retired for entry in self.adapter.render(pattern)}
        wanted = {entry for pattern in self.policy.allow for entry in self.adapter.render(pattern)} | self._wanted_entries
        found = {"stale": [], "foreign": []}
        for ref, obj in sorted(state.objects.items()):
            if not obj.ours or not self.policy.allow:
                continue
            for path, members in sorted(obj.members.items()):
                for entry in sorted(members - wanted):
                    found["stale" if entry in retired else "foreign"].append({"object": str(ref), "path": path, "entry": entry})
        return found


class Failed(Exception):
    """The run failed; ``result`` is plain data for the module's answer, ``failure`` in it says what was left."""

    def __init__(self, message: str, result: dict):
        super().__init__(message)
        self.result = result


def summary(changes) -> str:
    """One line for an operator: "create list allow (+35), update rule splice"; many changes are counted by kind."""
    if len(changes) > _SUMMARY_NAMES:
        return _counted(changes)
    parts = []
    for change in changes:
        text = "%s %s" % (change.op, change.ref)
        notes = ["+%d" % len(a) for a, _r in change.members.values() if a] + ["-%d" % len(r) for _a, r in change.members.values() if r]
        if change.op == "update":
            notes += sorted(change.fields)
            notes += ["moved"] if change.place else []
        parts.append(text + (" (%s)" % ", ".join(notes) if notes else ""))
    return ", ".join(parts)


def _counted(changes) -> str:
    groups: dict = {}
    for change in changes:
        entries = groups.setdefault((change.op, change.ref.kind), [0, 0, 0])
        entries[0] += 1
        entries[1] += sum(len(added) for added, _removed in change.members.values())
        entries[2] += sum(len(removed) for _added, removed in change.members.values())
    parts = []
    for (op, kind), (count, added, removed) in groups.items():
        notes = ["+%d" % added] * bool(added) + ["-%d" % removed] * bool(removed)
        parts.append("%s %d %s%s%s" % (op, count, kind, "s" if count > 1 else "", " (%s)" % ", ".join(notes) if notes else ""))
    return ", ".join(parts)


def _coverage_data(coverage: list) -> dict:
    """Coverage for the result: whole, or for a long policy only what is exempt (the register of exemptions asks for each) or not as wanted."""
    wanted_exempt = [item for item in coverage if item.exempt != "not wanted"]
    counts = {
        "wanted": sum(item.allowed != "withheld" for item in coverage),
        "allowed": sum(item.allowed == "yes" for item in coverage),
        "exempt_wanted": len(wanted_exempt),
        "exempt": sum(item.exempt == "yes" for item in wanted_exempt),
    }
    if len(coverage) > _COVERAGE_SHOWN:
        coverage = [item for item in coverage if item.allowed != "yes" or item.exempt != "not wanted" or item.note]
    return {"coverage": [vars(item) for item in coverage], "coverage_summary": counts}


def _object_data(obj: Object) -> dict:
    return {"kind": obj.ref.kind, "name": obj.ref.name, "fields": obj.fields, "members": {p: sorted(m) for p, m in sorted(obj.members.items())}}


def _text(state: State, changes) -> str:
    """The objects that ``changes`` touch, as lines for --diff."""
    lines = []
    for ref in sorted({change.ref for change in changes}):
        obj = state.objects.get(ref)
        if obj is None:
            continue
        lines.append("%s" % ref)
        touched = set().union(*(set(c.fields) | set(c.members) for c in changes if c.ref == ref))
        lines += ["  %s: %s" % (path, value) for path, value in sorted(obj.fields.items()) if path in touched]
        for path, members in sorted(obj.members.items()):
            if path in touched:
                lines += ["  %s:" % path] + ["    %s" % entry for entry in sorted(members)]
        for base, refs in sorted(state.rules.items()):
            if ref in refs and any(c.place for c in changes if c.ref == ref):
                index = refs.index(ref)
                lines.append("  place: %s, %s" % (base, "below %s" % refs[index - 1] if index else "first"))
    return "".join(line + "\n" for line in lines)


__all__ = ["Adapter", "Assessment", "Conflict", "Coverage", "Failed", "Loss", "Options", "Permissions", "Ref",
           "Run", "Step", "TenantControl", "Wanted", "desired", "summary"]
