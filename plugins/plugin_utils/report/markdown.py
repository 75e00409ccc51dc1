# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as a comment of a pull or merge request: first what decides, then each device with its plan and whom the plan is about. Pure.

GitHub accepts comments of at most 65,536 characters. For a fleet of any size, this form has at most LIMIT, and says what it leaves out.
"""
from __future__ import annotations

import html
import re
from typing import Callable, Iterable, Mapping

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import counted
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.plan import (
    BY_HAND, DONE, JOURNAL, LIST, NOT_DONE, OBJECT, PLANNED, RULE, UNKNOWN, force, losses, share,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report import page
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.grouping import findings
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.verdict import COMPLIANT, NO_RESULT, WORST, said

LIMIT = 60000
#: Characters reserved for the text about what was left out.
_REST = 1500
#: Characters of one line, lines of one kind, and characters of a collapsed block.
_LINE, _LINES, _OPENED = 600, 50, 6000
_CUT = " (cut)"
_WHOLE = "see report.html and report.json of this run"
_HEADS = {PLANNED: "Planned changes", DONE: "Changes made", BY_HAND: "Changes to make by hand", NOT_DONE: "Changes that are not in force",
          UNKNOWN: "Changes whose outcome is not known"}


def as_markdown(report: dict) -> str:
    """At most LIMIT characters. First every device with all collapsed blocks, then without, then as many devices and findings as fit."""
    for opened in (True, False):
        chunks = list(_chunks(report, opened))
        text = _joined(chunks)
        if len(text) <= LIMIT - _REST:
            return text + _said(text, {}, opened)
    shown, left_out = _fitting(chunks)
    text = _joined(shown)
    return text + _said(text, left_out, False)


def _fitting(chunks: Iterable[tuple]) -> tuple[list, dict]:
    """(the chunks that fit, {what a chunk is: how many are left out}). A chunk after one that is left out may still fit."""
    shown, left_out, room = [], {}, LIMIT - _REST
    for what, text in chunks:
        if len(text) + 2 <= room:
            shown.append((what, text))
            room -= len(text) + 2
        else:
            left_out[what] = left_out.get(what, 0) + 1
    return shown, left_out


def _joined(chunks: Iterable[tuple]) -> str:
    return "\n\n".join(text for _what, text in chunks) + "\n"


def _said(text: str, left_out: Mapping, opened: bool) -> str:
    """What the text leaves out, and where to find it."""
    said = ["the entries of lists and objects"] * (not opened) + [counted(number, what) for what, number in left_out.items()]
    said += ["what follows %s" % _CUT.strip()] * (_CUT in text)
    return "\n---\n\nA comment has at most %d characters. Not shown: %s; %s.\n" % (LIMIT, ", ".join(said), _WHOLE) if said else ""


def _chunks(report: dict, opened: bool) -> Iterable[tuple]:
    """(what it is, text) of each piece, the most important first."""
    yield "heading", _head(report)
    deciding, classes = report["verdict"]["deciding"], said(report["devices"])
    for name, words in classes.items():
        if name in deciding and name != "drift":
            yield "kind of finding", _findings(words, findings(report, report["verdict"], name))
    devices = sorted(report["devices"], key=lambda one: (not one["changes"], WORST.index(one["state"]), not one["conflicts"], one["name"]))
    for device in devices:
        if device["changes"] or device["state"] != COMPLIANT or device["conflicts"] or device["manual"]:
            yield "device", _device(device, opened)
    now = page.open_now(devices) if report["mode"] == "audit" else []
    if now:
        yield "list of what is open", _findings("open now, by configuration", now)
    unsaid = page.not_proven(report)
    if unsaid:
        yield "list of what is not known", _findings("what this report cannot say", unsaid)
    well = ["`%s`" % code(device["name"]) for device in devices if not device["changes"] and device["state"] == COMPLIANT]
    if well:
        yield "list of compliant devices", "**Nothing to change:** %s" % _listed(well)
    for name, words in classes.items():
        # Manual steps and drift are listed with their device, and what is not proven is listed above.
        if name not in deciding and name not in ("drift", "manual", "not_proven") and report["verdict"]["classes"][name]:
            yield "kind of finding", _findings(words, findings(report, report["verdict"], name))
    seen = ["`%s` %s" % (code(host["name"]), md(host["baseline"]["seen"])) for host in report["hosts"] if (host["baseline"] or {}).get("seen")]
    if seen:
        yield "list of baselines", "Compared with baselines of: " + _listed(seen)


def _listed(names: list) -> str:
    return ", ".join(names[:_LINES]) + (" and %d more" % (len(names) - _LINES) if len(names) > _LINES else "")


def _head(report: dict) -> str:
    lines = ["### %s" % md(report["title"]), "", "**%s**" % md(report["verdict"]["headline"]), "", md(report["verdict"]["message"])]
    change = report["change"] or {}
    if change.get("id"):
        people = ["%s %s" % (words, md(change[who])) for who, words in page.PEOPLE[report["mode"]] if change.get(who)]
        lines += ["", "**Change %s**%s%s" % (md(change["id"]), ": " * bool(people) + ", ".join(people),
                                             ". **Emergency: the change window did not apply**" * bool(change.get("emergency")))]
    if report["started"] and report["ended"]:
        lines += ["", "From %s to %s" % (report["started"], report["ended"])]
    for one in report["window"]:
        lines += ["", "Change window of %s: %s" % (md(", ".join(one["devices"])), md(page.window(one)))]
    for one in report["commands"]:
        lines += ["", "%s:" % md(one["words"]), "```", code(one["command"]), "```"]
    return "\n".join(lines)


def _findings(words: str, texts: list) -> str:
    return "\n".join(["**%s**" % md(words[:1].upper() + words[1:]), ""] + _first(["- %s" % md(text) for text in texts]))


def _first(lines: list, mark: str = "- ") -> list:
    return lines[:_LINES] + ["%sand %d more: %s" % (mark, len(lines) - _LINES, _WHOLE)] * (len(lines) > _LINES)


# -- a device ---------------------------------------------------------------------------------------------------------


def _device(device: dict, opened: bool) -> str:
    known = device["release"] or device["product"]
    lines = ["#### %s%s" % (md(device["name"]), " (%s)" % md(known) if known else ""), ""]
    lines += ["- **%s:** %s" % (device["state"].replace("_", " ").capitalize(), md(device["error"]))] if device["state"] in NO_RESULT else []
    lines += ["- **%s**" % md(text) for text in device["opens"]]
    lines += _people(device) + _before_and_after(device) + ["- **Lasts:** %s" % md(device["until"])] * bool(device["until"] and device["tense"] != NOT_DONE)
    ends, blocked = losses(device["losses"], device["audience"]), [one["words"] for one in device["conflicts"]]
    for head, texts in (("Inspection that ends" + force(device), ends), ("Still blocked", blocked), ("Manual steps", device["manual"]),
                        ("Entries of others in our lists", device["foreign"])):
        lines += ["- **%s:**" % head] * bool(texts) + _first(["  - %s" % md(text) for text in texts], "  - ")
    lines += _rollback(device)
    rules = [group for group in device["groups"] if group["purpose"] == RULE]
    others = [group for group in device["groups"] if group["purpose"] in (LIST, OBJECT)]
    if device["groups"]:
        lines += ["", "**%s**" % _HEADS[device["tense"]], ""]
        lines += _first([line for group in rules for line in _rule(device["changes"][group["changes"][0]])])
        show: Callable = _opens if opened else _closed
        lines += [line for group in others for line in show(group, [device["changes"][number] for number in group["changes"]])]
    lines += _proof(device)
    if device["plan_digest"] and device["tense"] == PLANNED and device["changes"]:
        lines += ["", "Plan `%s`" % device["plan_digest"][:12]]
    return "\n".join(lines)


def _people(device: dict) -> list:
    whom = device["audience"]
    removed = (device["plan_options"] or {}).get("state") == "deleted"
    lines = ["- **Who %s access%s:** %s" % ("loses" if removed else "gets", force(device), md(whom["text"]))] if whom and device["changes"] else []
    if not whom and device["changes"]:
        lines = ["- **Who gets access%s:** not reported by this run" % force(device)]
    lines += ["- **On record:** %s" % md(text) for text in device["changes_on_record"] or []]
    return lines + ["- **Beyond the audience%s:** %s" % (force(device), md(text)) for text in device["audience_widened"]]


def _before_and_after(device: dict) -> list:
    before, after = device["coverage_before"], device["coverage_summary"]
    if not (before and after and device["changes"] and device["tense"] in (PLANNED, DONE)):
        return []
    old = {part: share(device, part, True) if device["tense"] == PLANNED else str(before[part]) for part in ("allowed", "exempt")}
    return ["- **Before and after:** patterns allowed: %s, then %s; exempt from inspection: %s, then %s" % (
        old["allowed"], share(device, "allowed", False), old["exempt"], share(device, "exempt", False))]


def _rollback(device: dict) -> list:
    back = device["rollback"]
    if not back:
        return []
    lines = ["- **Rollback:** %s; it %s%s" % (md(back["text"]), md(_sentence(back["drops"])), " (%s)" % md(back["limits"]) if back["limits"] else "")]
    unknown = ["  JOURNAL is the file that the run names."] * (JOURNAL in back["command"].split("=")[-1].split())
    later = ["  Once the plan is carried out, this undoes the newest change of the device."] * (device["tense"] == PLANNED and not unknown)
    return lines + ["  ```", "  %s" % code(back["command"]), "  ```"] + unknown + later


def _sentence(parts: list) -> str:
    """Clauses that begin with their verb, each verb once."""
    by_verb: dict = {}
    for part in parts:
        verb = next((verb for verb in ("creates again", "deletes", "restores") if part.startswith(verb + " ")), "")
        by_verb.setdefault(verb, []).append(part[len(verb):].strip())
    return "; ".join("%s %s" % (verb, ", ".join(what)) for verb, what in by_verb.items())


def _rule(one: dict) -> list:
    lines = ["- %s" % _named(one)]
    lines += ["  - for: %s" % md(one["who"])] if one["who"] else []
    said = {"who", "from"} if one["who"] else set()
    said |= {"note"} if one["op"] != "update" else set()
    columns = [column for column in one["columns"] if column["role"] not in said]
    texts = ["%s: `%s`" % (md(column["label"]), code(_moved(one["op"], column))) for column in columns]
    if texts:
        lines += ["  - %s" % cut("; ".join(texts))] if len("; ".join(texts)) <= _LINE else ["  - %s" % text for text in texts]
    lines += ["  - place: %s" % md(one["place"])] if one["place"] else []
    return lines + _entries(one)


def _entries(one: dict) -> list:
    entries = ["+%s" % entry for entry in one["added"]] + ["-%s" % entry for entry in one["removed"]]
    if not entries:
        return []
    return ["  - entries: `%s`%s" % (code(", ".join(entries[:8])), " and %d more" % (len(entries) - 8) if len(entries) > 8 else "")]


def _named(one: dict) -> str:
    """The title of a change with the name of its object as code."""
    what = "%s %s" % (one["kind"], one["name"])
    before, found, after = one["title"].partition(what)
    return " ".join([md(before), md(one["kind"]), "`%s`" % code(one["name"]), md(after)]).replace("` :", "`:").strip() if found else md(one["title"])


def _moved(op: str, values: Mapping) -> str:
    old, new = ("nothing" if values[when] is None else values[when] for when in ("old", "new"))
    return {"create": new, "delete": old}.get(op, "%s to %s" % (old, new))


def _closed(group: dict, several: list) -> list:
    return ["- %s" % (_named(several[0]) if len(several) == 1 else md(group["title"]))]


def _opens(group: dict, several: list) -> list:
    """The summary line of a collapsed block. GitHub and GitLab render Markdown in the block only between empty lines."""
    rows, room = [], _OPENED
    for one in several:
        rows += ["%s %s" % (one["kind"], one["name"])] * (len(several) > 1)
        rows += ["  %s: %s" % (column["label"], _moved(one["op"], column)) for column in one["columns"] if column["role"] != "note" or one["op"] == "update"]
        rows += ["  + %s" % entry for entry in one["added"]] + ["  - %s" % entry for entry in one["removed"]]
    shown: list = []
    for row in (code(row, True) for row in rows):
        room -= len(row) + 1
        if room < 0:
            break
        shown.append(row)
    shown += ["and %s more: %s" % (counted(len(rows) - len(shown), "line"), _WHOLE)] * (len(shown) < len(rows))
    if not shown:
        return ["- %s" % _named(several[0])]
    return ["", "<details><summary>%s</summary>" % html.escape(cut(group["title"])), "", "```", *shown, "```", "", "</details>"]


def _proof(device: dict) -> list:
    if not device["proof"]:
        return []
    lines = ["", "**Results of the probe hosts behind it**", "",
             "| host | wanted checks before | now | other sites as before | message |", "|---|---|---|---|---|"]
    for one in device["proof"][:_LINES]:
        sure = "" if one["path_proven"] else ", not shown to be behind it"
        cells = ["%s%s" % (one["host"], sure), _of(one["before"], "pass"), _of(one["now"], "pass") if one["judged"] else "not probed",
                 _of(one["others"], "as_before"), ("must stay unchanged: " if one["expect"] == "unchanged" else "") + one["message"]]
        lines.append("| %s |" % " | ".join(md(cell) for cell in cells))
    return lines + ["| and %d more |||||" % (len(device["proof"]) - _LINES)] * (len(device["proof"]) > _LINES)


def _of(numbers: Mapping | None, key: str) -> str:
    return "%d of %d" % (numbers[key], numbers["of"]) if numbers and numbers["of"] else "none"


# -- untrusted text --------------------------------------------------------------------------------------------------


def cut(text: str, most: int = _LINE) -> str:
    return text if len(text) <= most else text[:most - len(_CUT)] + _CUT


def md(text: object) -> str:
    """A text in which nothing is markup, and nobody is mentioned."""
    plain = re.sub(r"(?<![\w.])@(?=\w)", "@\u200b", cut(" ".join(str(text).split())))
    return "".join("\\" + c if c in "\\`*_[]<>|#" else c for c in plain)


def code(text: object, indented: bool = False) -> str:
    """A text for a code span; for a line of a code block, with its leading blanks."""
    words = " ".join(str(text).split()).replace("`", "'")
    return cut("  " * (indented and str(text).startswith(" ")) + words)
