# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a device, or what was done there, in words: for whom, which rules with which columns and place, what is lost, how to undo it. Pure."""
from __future__ import annotations

import functools
import json
import shlex
from pathlib import Path
from typing import Any, Iterable, Mapping

import yaml

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import counted, duration

#: The status of the changes: of a dry run, carried out, manual steps, not in force (refused, rolled back), unknown.
PLANNED, DONE, BY_HAND, NOT_DONE, UNKNOWN = "planned", "done", "by_hand", "not_done", "unknown"
#: The text before a verb, which is "created" for a participle and "create" otherwise.
_BEFORE = {PLANNED: "Would %s", BY_HAND: "By hand: %s", NOT_DONE: "Not in force: %s", UNKNOWN: "May have %s", DONE: "%s"}
_PARTICIPLES = {"create": "created", "delete": "deleted", "add": "added", "remove": "removed", "change": "changed", "move": "moved", "open": "opened"}
#: The columns of a rule in the order of a review.
ROLES = ("who", "from", "what", "action", "profiles", "until", "log", "state", "other", "note")
#: The purpose of a change: a rule that decides, a list of hosts or addresses, an object that one of these uses.
RULE, LIST, OBJECT = "rule", "list", "object"
_PURPOSES = (RULE, LIST, OBJECT)
JOURNAL = "JOURNAL"
_HOSTS_SHOWN = 3
#: Commands that undo a change, one for each device; for more devices there is one for all.
_COMMANDS = 5


@functools.cache
def words() -> dict:
    """words.yml: the readable forms of the products' own names."""
    return yaml.safe_load((Path(__file__).parent / "words.yml").read_text(encoding="utf-8"))


@functools.cache
def titles() -> dict:
    """{id of a product: its title}"""
    path = Path(__file__).parents[1] / "products.yml"
    return {product["id"]: product["title"] for product in yaml.safe_load(path.read_text(encoding="utf-8"))["products"]}


def audience(result: Mapping) -> dict | None:
    """Whom a result of an access module is about: ``{"everyone", "parts": [{"what", "names"}], "text"}``; None if the task names nobody."""
    said = result.get("audience")
    if not said:
        return None
    parts = []
    for part, names in said["parts"].items():
        one, more = words()["audience"].get(part, (part.replace("_", " "),) * 2)
        parts.append({"what": one if len(names) == 1 else more, "names": [str(name) for name in names]})
    text = "; ".join("%s: %s" % (part["what"], ", ".join(part["names"])) for part in parts)
    behind = ["%s, which is for %s" % (name, _who(_columns({"fields": {path: {"old": None, "new": value} for path, value in columns.items()}})))
              for name, columns in (said.get("behind") or {}).items()]
    read = [known + " " for known in said.get("behind") or {}]
    unread = [name for part in words()["containers"] for name in said["parts"].get(part, []) if not any(" %s " % name in known for known in read)]
    behind += ["which users and networks %s applies to was not read" % name for name in unread]
    text += " (%s)" % "; ".join(behind) if behind else ""
    if said["everyone"]:
        whom = words()["everyone"].get(result.get("product"))
        text = " ".join(["EVERYONE"] + [whom] * bool(whom)) + (", %s" % text if text else "")
    return {"everyone": bool(said["everyone"]), "parts": parts, "text": text or "not set"}


def changes(result: Mapping, tense: str) -> list:
    """The changes of a result, each with its columns, its place and a title in the tense of its status."""
    places = {(one["kind"], one["name"], one["rulebase"]): one for one in result.get("places") or []}
    return [_change(one, places, tense) for one in result.get("changes") or []]


def _change(one: Mapping, places: Mapping, tense: str) -> dict:
    members = one.get("members") or {}
    found = {
        "op": one["op"], "kind": one["kind"], "name": one["name"],
        "fields": {path: {"old": _raw(values.get("old")), "new": _raw(values.get("new"))} for path, values in (one.get("fields") or {}).items()},
        "added": sorted(entry for parts in members.values() for entry in parts.get("added") or []),
        "removed": sorted(entry for parts in members.values() for entry in parts.get("removed") or []),
        "columns": _columns(one), "place": _place(one, places)}
    roles = {_role(path)[0] for path in one.get("fields") or {}}
    found["purpose"] = RULE if found["place"] or roles & {"who", "action"} else LIST if members else OBJECT
    found["who"] = _who(found["columns"]) if one["op"] == "create" and "who" in roles else None
    found["title"] = _title(found, tense)
    return found


def _raw(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, sort_keys=True)


def _columns(one: Mapping) -> list:
    found = []
    for path, values in (one.get("fields") or {}).items():
        role, label = _role(path)
        old, new = (_said(values.get(when)) for when in ("old", "new"))
        # A column without a value limits nothing. Beside columns that name people, it would read as if nobody were meant.
        if old or new:
            found.append({"path": path, "role": role, "label": label, "old": old, "new": new})
    return sorted(found, key=lambda column: (ROLES.index(column["role"]), column["label"]))


def _role(path: str) -> tuple:
    """(role, label) of a field."""
    return tuple(words()["columns"].get(path) or ("other", path))


def _said(value: Any) -> str | None:
    """The value of a column in words; None if it is not set."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)) and all(isinstance(entry, (str, int)) for entry in value):
        return ", ".join(str(entry) for entry in value) or None
    return _raw(value) if value or value == 0 else None


def _who(columns: Iterable[Mapping]) -> str:
    """Whom a new rule with columns for people is about. Zones and interfaces say where people are, and name nobody."""
    people, places = (["%s: %s" % (column["label"], column["new"]) for column in columns if column["role"] == role and column["new"] not in words()["anybody"]]
                      for role in ("who", "from"))
    return "; ".join((people or ["EVERYONE"]) + places)


def _place(one: Mapping, places: Mapping) -> str | None:
    """The new place of a rule, in words; None for objects without a place."""
    new = (one.get("place") or {}).get("new")
    if not new:
        return None
    base, seen = words()["rulebases"].get(new["rulebase"], new["rulebase"]), places.get((one["kind"], one["name"], new["rulebase"]))
    if not seen:
        return "%s: %s" % (base, "below %s" % " ".join(new["after"]) if new["after"] else "first")
    near = ["below %s" % seen["below"]] * bool(seen["below"]) + ["above %s" % seen["above"]] * bool(seen["above"])
    return "%s, number %d of %d%s" % (base, seen["number"], seen["of"], ": " + ", ".join(near) if near else "")


def until(changed: Iterable[Mapping]) -> str | None:
    """How long the access of the rules lasts; None if no rule is created."""
    made = [one for one in changed if one["op"] == "create" and one["purpose"] == RULE]
    ends = ["%s %s: %s" % (one["name"], column["label"], column["new"]) for one in made for column in one["columns"]
            if column["role"] == "until" and column["new"] not in words()["anybody"]]
    return "; ".join(ends) or ("no end date: it stays until it is rolled back" if made else None)


def opens(result: Mapping, tense: str) -> list:
    """What new rules open besides web access, a sentence each: a firewall port needs more attention than an entry in a list of names."""
    return ["%s %s %s to %s (%s %s)" % (
        _verb("open", tense), one["protocol"].upper(), ", ".join(map(str, one["ports"])), counted(one["destinations"], "published address"),
        "rule" if len(one["rules"]) == 1 else "rules", ", ".join(one["rules"])) for one in result.get("opens") or []]


def open_ports(result: Mapping, changed: Iterable[Mapping]) -> list:
    """What rules of ours open besides web access when the run begins, a sentence each; of a rule that is to change the change tells."""
    names, found = {one["name"] for one in changed}, []
    for one in result.get("ports_open") or []:
        rules = ", ".join("rule %s%s" % (name, ", which the plan changes: it may have no effect now" * (name in names)) for name in one["rules"])
        found.append("%s %s to %s is open (%s)" % (
            one["protocol"].upper(), ", ".join(map(str, one["ports"])), counted(one["destinations"], "published address"), rules))
    return found


def recorded(one: Mapping) -> str:
    """A change by its journal, with who asked for it and approved it, as far as its comment says so."""
    ends = {"applied": "in place", "unproven": "in place, not proven", "reverted": "rolled back %s" % one.get("ended")}.get(one["status"], "interrupted")
    return "%s, of %s, %s (journal %s)" % (one["comment"] or "without a change ID", one["started"], ends, one["journal"])


# -- how much of the policy ------------------------------------------------------------------------------------------


def unchecked(device: Mapping, when: str = "") -> int:
    """Patterns for which it is unknown whether they are allowed, or exempt; ``when``: "_now", or "" for once the changes are made."""
    return sum("unchecked" in (row["allowed" + when], row["exempt" + when]) for row in device["coverage"])


def share(device: Mapping, part: str, now: bool) -> str:
    """How much of the policy a device allows or exempts, in words: "35 of 37 (2 not checked)". ``part``: "allowed" or "exempt"."""
    counts = device["coverage_before"] if now and device["tense"] != DONE and device["changes"] else device["coverage_summary"]
    if not counts or (now and device["tense"] == UNKNOWN):
        return "not known"
    unsure = sum(row[part + "_now" * now] == "unchecked" for row in device["coverage"])
    whole = counts["wanted" if part == "allowed" else "exempt_wanted"]
    return "%d of %d%s" % (counts[part], whole, " (%d not checked)" % unsure if unsure else "")


def unseen(device: Mapping) -> str | None:
    """Why no probe host shows what the users of a device see; None if one does. A host outside the audience shows only that it sees what it saw before."""
    judged = [one["expect"] for one in device["proof"] if one["judged"]]
    if "open" in judged:
        return None
    return "probed only from hosts outside the audience" if judged else "not probed from any host"


def force(device: Mapping) -> str:
    """What goes after a heading about changes of a device that are not in force, or may not be; nothing for planned and for done ones."""
    return {NOT_DONE: " (not in force)", UNKNOWN: " (not known whether in force)"}.get(device["tense"], "") if device["changes"] else ""


def pending(device: Mapping) -> str:
    """Whose edits on a device are written and not in force."""
    return {"ours": "from this collection", "foreign": "from another administrator",
            "both": "from this collection and from another administrator"}.get(device["pending"], device["pending"])


def doubts(device: Mapping) -> list:
    """Why it is not shown that a device without drift does what it is configured for."""
    unsure = unchecked(device, "_now")
    why = unseen(device)
    return [why] * bool(why) + ["%s not checked" % counted(unsure, "pattern")] * bool(unsure)


# -- titles and groups ----------------------------------------------------------------------------------------------


def _verb(verb: str, tense: str) -> str:
    text = _BEFORE[tense] % (_PARTICIPLES[verb] if tense in (DONE, UNKNOWN) else verb)
    return text[:1].upper() + text[1:]


def _title(one: Mapping, tense: str) -> str:
    """One change as a sentence without its full stop: "Would add 2 entries to URL category ChatGPT allow"."""
    what = "%s %s" % (one["kind"], one["name"])
    if one["op"] in ("create", "delete"):
        return "%s %s%s" % (_verb(one["op"], tense), what, _with(len(one["added"]) + len(one["removed"])))
    parts = [(verb, counted(len(entries), "entry"), where) for verb, entries, where in (("add", one["added"], "to"), ("remove", one["removed"], "from"))
             if entries]
    if parts and not one["fields"] and not one["place"]:
        text = " and ".join("%s %s %s" % (_PARTICIPLES[verb] if number and tense in (DONE, UNKNOWN) else verb if number else _verb(verb, tense), entries, where)
                            for number, (verb, entries, where) in enumerate(parts))
        return "%s %s" % (text, what)
    if not parts and not one["fields"]:
        return "%s %s" % (_verb("move", tense), what)
    notes = ["%s %s" % (entries, _PARTICIPLES[verb]) for verb, entries, _where in parts] + ["moved"] * bool(one["place"])
    notes = [column["label"] for column in one["columns"]] + notes
    return "%s %s%s" % (_verb("change", tense), what, ": " + ", ".join(notes) if notes else "")


def _with(entries: int) -> str:
    return " with %s" % counted(entries, "entry") if entries else ""


def groups(changed: list, tense: str) -> list:
    """The changes by purpose, then by kind: ``{"title", "purpose", "op", "kind", "changes": [numbers in the list]}``. Each rule is a group by itself."""
    found: dict = {}
    for number, one in enumerate(changed):
        key = (one["purpose"], one["op"], one["kind"], number if one["purpose"] == RULE else None)
        found.setdefault(key, []).append(number)
    return [{"title": _group_title([changed[number] for number in numbers], tense), "purpose": purpose, "op": op, "kind": kind, "changes": numbers}
            for (purpose, op, kind, _rule), numbers in sorted(found.items(), key=lambda item: _PURPOSES.index(item[0][0]))]


def _group_title(several: list, tense: str) -> str:
    if len(several) == 1:
        return several[0]["title"]
    entries = sum(len(one["added"]) + len(one["removed"]) for one in several)
    verb = {"update": "change"}.get(several[0]["op"], several[0]["op"])
    return "%s %s%s" % (_verb(verb, tense), counted(len(several), several[0]["kind"]), _with(entries))


# -- what it costs ----------------------------------------------------------------------------------------------------


def loss(one: Mapping, whom: Mapping | None) -> str:
    """A scan that the exemption ends, with the people and hosts that it affects."""
    control, ends = words()["controls"].get(one["control"], (one["control"], "no longer covers"))
    return "%s (%s) %s traffic to %s%s" % (control, one["rule"], ends, few(one["hosts"], "pattern"), ", for: %s" % whom["text"] if whom else "")


def losses(several: Iterable[Mapping], whom: Mapping | None) -> list:
    """The same in sentences: one for all scans of one rule that end for the same hosts."""
    found: dict = {}
    for one in several:
        found.setdefault((one["rule"], tuple(one["hosts"])), []).append(one)
    return [loss(group[0], whom) if len(group) == 1 else "%s (%s) no longer see traffic to %s%s" % (
        ", ".join(words()["controls"].get(one["control"], (one["control"],))[0] for one in group), rule, few(list(hosts), "pattern"),
        ", for: %s" % whom["text"] if whom else "") for (rule, hosts), group in found.items()]


def conflict(one: Mapping) -> str:
    """An existing rule that still blocks or decrypts a wanted host, and how to resolve it."""
    verb = ("" if one.get("certain", True) else "possibly ") + words()["effects"].get(one["effect"], one["effect"])
    way = "to remove it from the path: unblock: %s%s" % (one["id"], ", which opens %s" % one["opens"] if one.get("opens") else "") if one.get("remedy") \
        else "resolve it by hand"
    return "%s (%s) %s %s; %s" % (one["where"], one.get("text") or one["effect"], verb, few(one["hosts"], "pattern"), way)


def few(names: list, noun: str) -> str:
    """The names if they are few, else their number and the first of them."""
    if len(names) <= _HOSTS_SHOWN:
        return ", ".join(names)
    return "%s (such as %s)" % (counted(len(names), noun), ", ".join(names[:_HOSTS_SHOWN]))


def taken_over(inventories: Iterable[str] | None, asked: Iterable[str] | None = ()) -> str:
    """The arguments of a run that its commands need as well: its ``inventories``, and how it was ``asked`` for passwords."""
    return " ".join(["-i %s" % shlex.quote(one) for one in inventories or ["INVENTORY"]] + [shlex.quote(one) for one in asked or ()])


def carry_out(dest: str, where: str, limit: Iterable[str] = ()) -> str:
    """The command that carries out the plans of the report in ``dest``, for the devices of ``limit`` where others were left out."""
    devices = ["-l", shlex.quote(",".join(limit))] if limit else []
    return " ".join(["ansible-playbook netaccess.chatgpt.site", where, *devices, "-e @change.yml -e", shlex.quote("@%s/plans.json" % dest.rstrip("/"))])


def undo_command(device: str, journal: str | None, where: str) -> str:
    """The command that undoes a change; ``where`` is of ``taken_over``. ``journal``: its file, or the folder, with which the newest change of the device is
    undone. Where neither is known, JOURNAL is a placeholder for the file that the run names."""
    return "ansible-playbook netaccess.chatgpt.rollback %s %s -l %s" % (where, _given("netaccess_journal", journal or JOURNAL), shlex.quote(device))


def _given(name: str, value: str) -> str:
    """``-e`` with one variable. Ansible splits NAME=VALUE at blanks, whatever the shell has quoted, so a value that needs quotes is given as JSON."""
    return "-e " + ("%s=%s" % (name, value) if shlex.quote(value) == value else shlex.quote(json.dumps({name: value}, ensure_ascii=False)))


def undo_commands(journals: Mapping[str, str], where: str) -> list:
    """[(devices, the command that undoes their changes)]: one for each device; one for all where there are many, whose journals share a folder.

    ``journals``: {device: the file of its journal}.
    """
    folders = {str(Path(path).parent) for path in journals.values()}
    shared = len(journals) > _COMMANDS and len(folders) == 1
    return _by_path(dict.fromkeys(journals, folders.pop()) if shared else journals, where)


def _by_path(paths: Mapping[str, str], where: str) -> list:
    devices: dict = {}
    for name, path in paths.items():
        devices.setdefault(path, []).append(name)
    return [(names, undo_command(",".join(names), path, where)) for path, names in devices.items()]


def commands(devices: Iterable[Mapping], about: Mapping) -> list:
    """What to type to carry out the plans of a report, and to undo what was done or is planned: ``[{"words", "command"}]``.

    ``about``: ``inventories``, ``asked``, ``dest`` (the folder of the report), ``journals`` ({device: the folder of its journals}), ``left_out``.
    """
    devices, where = list(devices), taken_over(about.get("inventories"), about.get("asked"))
    planned = [one["name"] for one in devices if one["tense"] == PLANNED and one["changes"]]
    found = []
    if planned and about.get("dest"):
        limit = [one["name"] for one in devices] if (about.get("left_out") or {}).get("devices") else []
        found.append({"words": "To carry out the plans, once they are reviewed", "command": carry_out(about["dest"], where, limit)})
    folders = {name: path for name, path in (about.get("journals") or {}).items() if name in planned}
    found += [{"words": "Afterwards, to undo the newest change of %s" % ", ".join(names), "command": command} for names, command in _by_path(folders, where)]
    done = {one["name"]: one["journal"] for one in devices if one["tense"] in (DONE, UNKNOWN) and one["changes"] and one["journal"]}
    return found + [{"words": "To undo the change of %s" % ", ".join(names), "command": command} for names, command in undo_commands(done, where)]


def rollback(result: Mapping, changed: list, undo: str) -> dict | None:
    """What a rollback costs: ``{"writes", "activations", "propagation", "limits", "drops", "command", "text"}``; None if there is nothing to undo.

    ``undo``: the command for it.
    """
    cost = result.get("reversal")
    if not cost or not changed:
        return None
    seconds = int(result.get("propagation") or 0)
    kinds: dict = {}
    for one in changed:
        kinds.setdefault((_BACK[one["op"]], one["kind"]), []).append(one["name"])
    drops = ["%s %s" % (verb, "%s %s" % (kind, names[0]) if len(names) == 1 else counted(len(names), kind)) for (verb, kind), names in kinds.items()]
    text = "%s and %s, in force %s" % (counted(cost["writes"], "write"), counted(cost["activations"], "activation"),
                                       "up to %s later" % duration(seconds) if seconds else "at once")
    return {"writes": cost["writes"], "activations": cost["activations"], "propagation": seconds, "limits": result.get("limits") or "", "drops": drops,
            "command": undo, "text": text}


_BACK = {"create": "deletes", "delete": "creates again", "update": "restores"}
