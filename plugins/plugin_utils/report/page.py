# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one page for people. It loads nothing: its style and its script are in it, and its policy names them by their hash. Pure."""
from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path

import jinja2
from markupsafe import Markup

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report import trend
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.terms import CHANGED, CLASSES, DRIFT, WORST

_FOLDER = Path(__file__).parent
#: What a verdict is called, by mode and exit code.
_HEADINGS = {"audit": {0: "Compliant", 2: "Drift", 1: "Action required"}, "change": {0: "Change in place", 2: "Drift", 1: "Action required"}}
#: States of an exemption in words, the most urgent first.
_REGISTER = {"overdue": "past its review date", "unregistered": "not in the register", "current": "in the register", "not_exempt": "exempt nowhere"}
#: Lines of a card in the summary, and names in such a line; the sections below have all of them.
_LINES, _NAMES = 6, 4


def render(report: dict, digest: str) -> str:
    """``digest``: SHA-256 of report.json, which a signature on paper is for."""
    # What needs somebody comes first.
    devices = sorted(report["devices"], key=lambda one: (WORST.index(one["state"]), not one["conflicts"], one["name"]))
    script, style, paper = _text("page.js"), _text("page.css"), _paper(report["title"], digest)
    unproven = not_proven(report)
    return _page().render(
        report=dict(report, devices=devices, register=_urgent(report["register"])), digest=digest, classes=CLASSES, heading=_heading(report, unproven), not_proven=unproven,
        risks=risks(report, devices, unproven), plots=trend.plots(report["trend"]) if len(report["trend"]) > 1 else [], size=trend, moved=moved, seen=functools.partial(_seen, report),
        register_states=_REGISTER, script=Markup(script), style=Markup(style), paper=Markup(paper), script_hash=_hash(script),
        style_hashes=[_hash(style), _hash(paper)])


def _heading(report: dict, unproven: list) -> str:
    code = report["verdict"]["code"]
    return _HEADINGS[report["mode"]][code] + (", not all of it proven" if unproven and not code else "")


def _urgent(rows: list | None) -> list | None:
    return rows and sorted(rows, key=lambda row: (list(_REGISTER).index(row["state"]), row["pattern"]))


@functools.cache
def _page() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined,
                                     loader=jinja2.FileSystemLoader(_FOLDER))
    environment.filters.update(counted=counted, when=_when, times=_times)
    return environment.get_template("report.html.j2")


@functools.cache
def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """As a Content Security Policy names what may run."""
    return "'sha256-%s'" % base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _paper(title: str, digest: str) -> str:
    """What stands on each printed page. Only literal text can be there."""
    return ('@page { size: A4; margin: 18mm 13mm 15mm; @top-left { content: "%s"; font: 8pt sans-serif; width: 60%%; overflow: hidden; white-space: nowrap } '
            '@top-right { content: "report.json %s"; font: 8pt monospace } '
            '@bottom-right { content: "page " counter(page) " of " counter(pages); font: 8pt sans-serif } }' % (_css(title), digest[:16]))


def _css(text: str) -> str:
    """Text as it may stand in a string of a style sheet, whatever is in it."""
    return "".join(c if c.isascii() and (c.isalnum() or c in " .,:-") else "\\%x " % ord(c) for c in text)


def _when(time: str) -> str:
    """2026-11-24T08:00:00Z as people write it."""
    return time.replace("T", " ").replace(":00Z", " UTC").replace("Z", " UTC")


def _seen(report: dict, host: dict) -> dict:
    """``{"level", "words"}``: what a host saw, by what it was to see. Of one outside the audience, that it has no access is what should be."""
    if not host["judged"] or host["expect"] == "open":
        level = {"pass": "good", "fail": "bad", "error": "bad", "unreachable": "bad"}.get(host["verdict"], "warn")
        return {"level": level, "words": host["verdict"] or "unknown"}
    told = {name: any(text.startswith(host["name"] + ": ") for text in report["verdict"]["classes"][name]) for name in ("regressed", "not_proven")}
    if told["regressed"]:
        return {"level": "bad", "words": "sees something else than before"}
    return {"level": "warn", "words": "not compared"} if told["not_proven"] else {"level": "good", "words": "sees what it saw before"}


def _times(checks: list) -> str:
    """How long the checks of a host took. They run beside each other, so their sum is no time that anybody waited."""
    measured = [check for check in checks if check["duration_ms"] is not None]
    if not measured:
        return "not measured"
    slowest = max(measured, key=lambda check: check["duration_ms"])
    return "%d of %s measured, the slowest %.1f s (%s)" % (len(measured), counted(len(checks), "check"), slowest["duration_ms"] / 1000, slowest["host"])


def moved(op: str, values: dict) -> str:
    """What becomes of a field of an object, in words."""
    old, new = ("nothing" if values[when] is None else values[when] for when in ("old", "new"))
    return {"create": new, "delete": old}.get(op, "%s to %s" % (old, new))


def counted(number: int, word: str) -> str:
    return "%d %s%s" % (number, word, "" if number == 1 else "s")


# -- the summary ------------------------------------------------------------------------------------------------------


def not_proven(report: dict) -> list:
    """What this report cannot say for sure, in words: it stands beside the verdict."""
    found = grouped(report["verdict"]["classes"]["not_proven"] + report["verdict"]["classes"]["unverified"])
    for device in report["devices"]:
        unchecked = sum("unchecked" in (row["allowed"], row["exempt"]) for row in device["coverage"])
        if unchecked:
            found.append("%s: whether %s allowed or exempt could not be checked" % (device["name"], "1 pattern is" if unchecked == 1 else "%d patterns are" % unchecked))
        may = sum(not one["certain"] for one in device["conflicts"])
        if may:
            found.append("%s: %s may block, depending on what could not be read" % (device["name"], counted(may, "rule")))
    for kind, word in (("devices", "device"), ("hosts", "probe host")):
        names = report["left_out"][kind]
        if names:
            found.append("%s not looked at: %s" % (counted(len(names), word), _some(names)))
    return found


def grouped(texts: list) -> list:
    """Lines "name: text" with one line for all names that share a text."""
    names: dict = {}
    for text in texts:
        name, colon, rest = text.partition(": ")
        names.setdefault((colon, rest), []).append(name)
    return [_some(found) + colon + rest for (colon, rest), found in names.items()]


def risks(report: dict, devices: list, unproven: list) -> list:
    """``[{"id", "title", "level", "count", "lines", "more", "none"}]``: the cards of the summary. ``devices``: in the order of the page."""
    planned = report["mode"] == "audit"
    opens, losses = [line for one in devices for line in _opens(one, planned)], [line for one in devices for line in _losses(one)]
    blocks = ["%s: %s %s %s" % (device["name"], one["where"], "blocks" if one["certain"] else "may block", _some(one["hosts"]))
              for device in devices for one in device["conflicts"]]
    manual = ["%s: %s" % (one["name"], text) for one in devices for text in one["manual"]]
    said = ["%s beside the verdict" % counted(len(unproven), "statement")] if unproven else []
    return [
        _card("opens", "What would open" if planned else "What opened", "warn", (opens, "device"), "No access rule changes."),
        _card("losses", "What loses inspection", "warn", (losses, "control"), "No device reports that inspection is lost."),
        _card("blocks", "What still blocks", "bad", (blocks, "rule"), "No rule that still blocks was found."),
        dict(_card("unproven", "What is not proven", "warn", (said, ""), "Nothing is left unproven."), count=len(unproven) or ""),
        _card("manual", "Manual steps", "warn", (manual, "step"), "No manual steps are left."),
    ]


def _card(name: str, title: str, level: str, told: tuple, none: str) -> dict:
    lines, word = told
    return {"id": name, "title": title, "level": level if lines else "good", "count": counted(len(lines), word) if lines else "",
            "lines": lines[:_LINES], "more": max(0, len(lines) - _LINES), "none": none}


def _opens(device: dict, planned: bool) -> list:
    """For whom a device allows what, when it is changed."""
    if device["state"] not in (DRIFT, CHANGED) or not device["coverage_summary"]:
        return []
    allowed = device["coverage_summary"]["allowed"]
    return ["%s: %s %s allowed" % (device["name"], counted(allowed, "pattern"), "would be" if planned else "are" if allowed != 1 else "is")]


def _losses(device: dict) -> list:
    return ["%s: %s (%s), for %s" % (device["name"], one["control"], one["rule"], counted(len(one["hosts"]), "pattern")) for one in device["losses"]]


def _some(names: list) -> str:
    return ", ".join(names[:_NAMES]) + (" and %d more" % (len(names) - _NAMES) if len(names) > _NAMES else "")
