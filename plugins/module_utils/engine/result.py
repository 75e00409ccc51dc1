# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain data and words for the result of a run. Pure."""
from __future__ import annotations

from collections import Counter
from typing import Iterable, Sequence

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Conflict, Coverage
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import CREATE, DELETE, UPDATE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import counted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Media

_COVERAGE_SHOWN = 1000
_SUMMARY_NAMES = 4
#: Up to this many objects of one kind, --diff shows each one.
_TOLD_ONE_BY_ONE = 8
#: The tense in which a summary describes changes.
PLAIN, WOULD, DONE = "plain", "would", "done"
#: {tense: {op: verb}}: what is to be done, what a plan would do, what was done.
_VERBS = {PLAIN: {CREATE: "create", UPDATE: "update", DELETE: "delete"},
          WOULD: {CREATE: "would create", UPDATE: "would update", DELETE: "would delete"},
          DONE: {CREATE: "created", UPDATE: "updated", DELETE: "deleted"}}


def summary(changes: Sequence[Change], tense: str = PLAIN) -> str:
    """One line for an operator: "would create list allow (+35), would update rule splice (moved)"; many changes are counted by kind."""
    if len(changes) > _SUMMARY_NAMES:
        return _by_kind(changes, tense)
    parts = []
    for change in changes:
        notes = ["+%d" % len(a) for a, _r in change.members.values() if a] + ["-%d" % len(r) for _a, r in change.members.values() if r]
        if change.op == UPDATE:
            notes += sorted(change.fields)
            notes += ["moved"] if change.place else []
        parts.append((_VERBS[tense][change.op], "%s%s" % (change.ref, " (%s)" % ", ".join(notes) if notes else "")))
    return _listed(parts)


def _listed(parts) -> str:
    """[(verb, object)] as a list in which each verb appears once, before all objects that follow it."""
    before = (None,) + tuple(verb for verb, _what in parts)
    return ", ".join(what if verb == said else "%s %s" % (verb, what) for said, (verb, what) in zip(before, parts))


def told(changes: Sequence[Change], changed: bool, tense: str) -> str:
    """The summary of a run. ``changed``: it changed something, or would; without changes that is the activation of pending edits."""
    if changes:
        return summary(changes, tense)
    if not changed:
        return "nothing to do"
    return "nothing to write, activated pending changes" if tense == DONE else "nothing to write, pending changes to activate"


def _by_kind(changes, tense) -> str:
    groups: dict = {}
    for change in changes:
        entries = groups.setdefault((change.op, change.ref.kind), [0, 0, 0])
        entries[0] += 1
        entries[1] += sum(len(added) for added, _removed in change.members.values())
        entries[2] += sum(len(removed) for _added, removed in change.members.values())
    parts = []
    for (op, kind), (count, added, removed) in groups.items():
        notes = ["+%d" % added] * bool(added) + ["-%d" % removed] * bool(removed)
        parts.append((_VERBS[tense][op], "%s%s" % (counted(count, kind), " (%s)" % ", ".join(notes) if notes else "")))
    return _listed(parts)


def places(changes: Iterable[Change], after: State) -> list:
    """The final place of each rule that is created, changed or moved: its number in the rulebase, and its neighbours (None at an end)."""
    touched, found = {change.ref for change in changes if change.op != DELETE}, []
    for base, refs in sorted(after.rules.items()):
        for number, ref in enumerate(refs) if touched else ():
            if ref in touched:
                below, above = refs[number - 1] if number else None, refs[number + 1] if number + 1 < len(refs) else None
                found.append({"kind": ref.kind, "name": ref.name, "rulebase": base, "number": number + 1, "of": len(refs),
                              "below": str(below) if below else None, "above": str(above) if above else None})
    return found


def ports_opened(changes: Iterable[Change], after: State, media: Iterable[Media]) -> list:
    """What new rules allow besides the hosts of the policy. A rule for ``media`` has its id in its name."""
    placed = set().union(*after.rules.values())
    made = [change.ref.name for change in changes if change.op == CREATE and change.ref in placed]
    return _ports(made, media)


def ports_open(state: State, media: Iterable[Media]) -> list:
    """As ``ports_opened``, of the rules of ours that the device already has: an audit of a device without drift has no change that tells of them."""
    placed = sorted(ref.name for ref in set().union(*state.rules.values()) if ref in state.objects and state.objects[ref].ours)
    return _ports(placed, media)


def _ports(rules: list, media: Iterable[Media]) -> list:
    """What rules of these names are for. A rule for ``media`` has its id in its name."""
    found = []
    for one in media:
        names = [name for name in rules if one.id in name]
        if names:
            found.append({"id": one.id, "protocol": one.protocol, "ports": list(one.ports), "destinations": len(one.destinations), "rules": names})
    return found


def coverage_counts(coverage: list[Coverage]) -> dict:
    """How many patterns are wanted, allowed, wanted exempt and exempt."""
    kinds = Counter((item.allowed, item.exempt) for item in coverage)
    wanted_exempt = [pair for pair in kinds if pair[1] != "not wanted"]
    return {
        "wanted": sum(kinds[pair] for pair in kinds if pair[0] != "withheld"),
        "allowed": sum(kinds[pair] for pair in kinds if pair[0] == "yes"),
        "exempt_wanted": sum(kinds[pair] for pair in wanted_exempt),
        "exempt": sum(kinds[pair] for pair in wanted_exempt if pair[1] == "yes"),
    }


def coverage_data(coverage: list[Coverage], earlier: Iterable[Coverage] = (), withheld: Iterable[Pattern] = ()) -> dict:
    """Coverage for the result: complete, or for a long policy only what is exempt (the register of exemptions needs each) or not as wanted. ``earlier`` is
    the coverage before the run."""
    old = {item.pattern: item for item in earlier}
    coverage = coverage + [Coverage(str(pattern), "withheld", "not wanted", note="published, withheld by policy") for pattern in withheld]
    counts = coverage_counts(coverage)
    if len(coverage) > _COVERAGE_SHOWN:
        coverage = [item for item in coverage if item.allowed != "yes" or item.exempt != "not wanted" or item.note]
    pairs = ((item, old.get(item.pattern)) for item in coverage)
    rows = [dict(vars(item), allowed_before=was.allowed if was else None, exempt_before=was.exempt if was else None) for item, was in pairs]
    return {"coverage": rows, "coverage_summary": counts}


def object_data(obj: Object) -> dict:
    """An Object as plain JSON data."""
    return {"kind": obj.ref.kind, "name": obj.ref.name, "fields": obj.fields, "members": {p: sorted(m) for p, m in sorted(obj.members.items())}}


def text_of(state: State, changes: Iterable[Change]) -> str:
    """The objects that ``changes`` touch, as lines for --diff. Many objects that are alike but for a value, such as addresses, are told of together."""
    touching, place = {}, {}
    for change in changes:
        touching.setdefault(change.ref, []).append(change)
    for base, refs in sorted(state.rules.items()):
        for above, ref in zip((None,) + tuple(refs), refs):
            place.setdefault(ref, []).append((base, "below %s" % above if above else "first"))
    blocks: dict = {}
    # Rules first: they decide. The order is the same for before and after.
    for ref in sorted(touching, key=lambda one: (not any(change.place for change in touching[one]), one)):
        obj = state.objects.get(ref)
        if obj is None:
            continue
        touched = set().union(*(set(c.fields) | set(c.members) for c in touching[ref]))
        fields = {path: value for path, value in sorted(obj.fields.items()) if path in touched}
        more = [line for path, members in sorted(obj.members.items()) if path in touched
                for line in ["  %s:" % path] + ["    %s" % entry for entry in sorted(members)]]
        more += ["  place: %s, %s" % found for found in place.get(ref, ()) if any(c.place for c in touching[ref])]
        alike = (ref.kind, *fields) if fields and not more else ref
        blocks.setdefault(alike, []).append((ref, fields, more))
    return "".join(line + "\n" for several in blocks.values() for line in _told_together(several))


def _told_together(several: Sequence[tuple]) -> list[str]:
    """Lines for objects, ``(ref, {path: value}, further lines)`` each, that have the same paths.

    Of many objects, what all have in common is told once; the rest in one line where it is a single value, and otherwise in one line for each object.
    """
    if len(several) <= _TOLD_ONE_BY_ONE:
        return [line for ref, fields, more in several for line in [str(ref), *("  %s: %s" % found for found in fields.items()), *more]]
    own = [path for path in several[0][1] if len({str(fields[path]) for _ref, fields, _more in several}) > 1]
    lines = [counted(len(several), several[0][0].kind)] + ["  %s: %s (each)" % found for found in several[0][1].items() if found[0] not in own]
    if len(own) > 1:
        return lines + ["  %s: %s" % (ref.name, ", ".join("%s %s" % (path, fields[path]) for path in own)) for ref, fields, _more in several]
    lines.append("  names: %s" % ", ".join(ref.name for ref, _fields, _more in several))
    return lines + ["  %s: %s" % (path, ", ".join(str(fields[path]) for _ref, fields, _more in several)) for path in own]


def diff_data(device: str, people: dict | None, before: str, after: str) -> dict:
    """For --diff: the texts; the headers name the device and who gets access."""
    parts = ["%s %s" % (part.replace("_", " "), ", ".join(names)) for part, names in (people or {}).get("parts", {}).items()]
    parts = ["EVERYONE"] * bool(people and people["everyone"]) + parts
    return {"before": before, "after": after, "before_header": device, "after_header": "%s, for %s" % (device, "; ".join(parts)) if parts else device}


def conflict_data(conflict: Conflict) -> dict:
    """A Conflict as plain JSON data, its remedy as data of Changes."""
    data = {key: value for key, value in vars(conflict).items() if key != "remedy"}
    data["remedy"] = [change.to_data() for change in conflict.remedy]
    return data


def assessment_data(assessment: Assessment) -> dict:
    """What a device means for a policy, except coverage, as plain JSON data."""
    return {"conflicts": [conflict_data(item) for item in assessment.conflicts], "losses": [vars(item) for item in assessment.losses],
            "audience_widened": list(assessment.audience_widened), "manual": list(assessment.manual)}


def strangers(state: State, wanted: set, retired: set) -> dict:
    """Entries in our objects that the policy does not want: ``stale`` if it once did, else ``foreign``."""
    found: dict = {"stale": [], "foreign": []}
    for ref in sorted(ref for ref, obj in state.objects.items() if obj.ours):
        for path, members in sorted(state.objects[ref].members.items()):
            for entry in sorted(members - wanted):
                found["stale" if entry in retired else "foreign"].append({"object": str(ref), "path": path, "entry": entry})
    return found
