# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one page for people. It loads nothing: style and script are embedded, and its policy names them by their hash. Pure."""
from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path

import jinja2
from markupsafe import Markup

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import counted
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report import grouping, trend
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.plan import (
    BY_HAND, DONE, NOT_DONE, PLANNED, UNKNOWN, doubts, force, losses, pending, share, unchecked, unseen,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.verdict import (
    CLASSES, DRIFT, MANUAL, NO_RESULT, WORST, drifting, not_set_up, said, some,
)

_FOLDER = Path(__file__).parent
#: The heading for a verdict, by mode and exit code.
_HEADINGS = {"audit": {0: "Compliant", 2: "Drift", 1: "Action required"}, "change": {0: "Change in place", 2: "Drift", 1: "Action required"}}
#: States of an exemption in words, the most urgent first. In each, what is to be reviewed next comes first.
_REGISTER = {"overdue": "past its review date", "unregistered": "not in the register", "current": "in the register", "not_exempt": "not exempt anywhere"}
#: Who took part in a change. An audit and a check run carry out nothing, so they name the implementer.
PEOPLE = {"audit": (("requester", "requested by"), ("approver", "approved by"), ("implementer", "implementer")),
          "change": (("requester", "requested by"), ("approver", "approved by"), ("implementer", "carried out by"))}
#: The heading above the changes of a device.
_TENSES = {PLANNED: "What the plan would do", DONE: "What was changed", BY_HAND: "What is to be done by hand", NOT_DONE: "What is not in force",
           UNKNOWN: "What may have been changed"}
#: Lines of a card in the summary; the sections below have all lines.
_LINES = 6
_UNDONE = "not in force: "
#: Names at the beginning of a line beside the verdict; the findings have all of them.
_NAMES = 3


def render(report: dict, digest: str) -> str:
    """``digest``: SHA-256 of report.json, which a signature on paper refers to."""
    # Devices that need an operator come first.
    devices = sorted(report["devices"], key=lambda one: (WORST.index(one["state"]), not one["conflicts"], one["name"]))
    script, style, paper = _text("page.js"), _text("page.css"), _paper(report["title"], digest)
    unproven = not_proven(report)
    return _page().render(
        report=dict(report, devices=devices), register=report["register"] and grouping.register(_urgent(report["register"])), digest=digest,
        heading=_heading(report, unproven), not_proven=unproven, risks=risks(report, devices, unproven),
        plots=trend.plots(report["trend"]) if len(report["trend"]) > 1 else [], size=trend,
        found=_found(report), register_states=_REGISTER, tenses=_TENSES, seen=functools.partial(seen, report),
        pending=pending, force=force, unchecked=unchecked, doubts=doubts, people=PEOPLE[report["mode"]], not_set_up=not_set_up(devices),
        # Embedded unchanged, since the hash is that of the text.
        script=Markup(script), style=Markup(style), paper=Markup(paper), script_hash=_hash(script), style_hashes=[_hash(style), _hash(paper)])


def _heading(report: dict, unproven: list) -> str:
    code = report["verdict"]["code"]
    if not code and any(device["state"] == MANUAL for device in report["devices"]):
        return "Manual steps required"
    if code == 2 and drifting(report["devices"]) == not_set_up(report["devices"]):
        return "Not set up yet"
    return _HEADINGS[report["mode"]][code] + (", not all of it proven" if unproven and not code else "")


def _found(report: dict) -> list:
    """``[{"id", "level", "words", "count", "lines"}]`` of each class of the verdict that holds something, the worst first."""
    words, classes = said(report["devices"]), report["verdict"]["classes"]
    return [{"id": name, "level": {1: "bad", 2: "warn"}.get(code, "soft"), "words": words[name][:1].upper() + words[name][1:], "count": len(classes[name]),
             "lines": grouping.findings(report, report["verdict"], name)} for name, code, _words in CLASSES if classes[name]]


def _urgent(rows: list | None) -> list | None:
    return rows and sorted(rows, key=lambda row: (list(_REGISTER).index(row["state"]), row["review_by"] or "", row["pattern"]))


@functools.cache
def _page() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined,
                                     loader=jinja2.FileSystemLoader(_FOLDER))
    environment.filters.update(counted=counted, when=_when, times=_times, share=share, by_outcome=grouping.checks, by_cover=grouping.coverage,
                               objects=grouping.objects, exempt_on=grouping.devices)
    return environment.get_template("report.html.j2")


@functools.cache
def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The form in which a Content Security Policy names what may run."""
    return "'sha256-%s'" % base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _paper(title: str, digest: str) -> str:
    """The header of each printed page. Only literal text can be there."""
    return ('@page { size: A4; margin: 18mm 13mm 15mm; @top-left { content: "%s"; font: 8pt sans-serif; width: 60%%; overflow: hidden; white-space: nowrap } '
            '@top-right { content: "report.json %s"; font: 8pt monospace } '
            '@bottom-right { content: "page " counter(page) " of " counter(pages); font: 8pt sans-serif } }' % (_css(title), digest[:16]))


def window(one: dict) -> str:
    """A change window in one line."""
    spans = ["%s (%s)" % ("; ".join(one["windows"]), one["timezone"])] * bool(one["windows"])
    return "; ".join(spans + ["frozen %s" % ", ".join(one["freeze"])] * bool(one["freeze"]) + [one["state"]])


def _css(text: str) -> str:
    """Text escaped for a CSS string, whatever it contains."""
    return "".join(c if c.isascii() and (c.isalnum() or c in " .,:-") else "\\%x " % ord(c) for c in text)


def _when(time: str) -> str:
    """2026-11-24T08:00:00Z in a readable form."""
    return time.replace("T", " ").replace(":00Z", " UTC").replace("Z", " UTC")


def seen(report: dict, host: dict) -> dict:
    """``{"level", "words"}``: what a host saw, compared with what it should see. A host outside the audience should have no access."""
    if host["reached"] and not host["judged"]:
        return {"level": "warn", "words": "not probed after the change"}
    if not host["judged"] or host["expect"] == "open":
        level = {"pass": "good", "fail": "bad", "error": "bad", "unreachable": "bad"}.get(host["verdict"], "warn")
        return {"level": level, "words": host["verdict"] or "unknown"}
    told = {name: any(text.startswith(host["name"] + ": ") for text in report["verdict"]["classes"][name]) for name in ("regressed", "not_proven")}
    if told["regressed"]:
        return {"level": "bad", "words": "sees a change since the baseline"}
    if told["not_proven"]:
        return {"level": "warn", "words": "not compared"}
    compared = any(check["before"] for check in host["checks"]) or (host["baseline"] or {}).get("seen")
    return {"level": "good", "words": "sees what it saw before" if compared else "no access seen"}


def _times(checks: list) -> str:
    """The duration of a host's checks. They run concurrently, so their sum is not the time that anyone waited."""
    measured = [check for check in checks if check["duration_ms"] is not None]
    if not measured:
        return "not measured"
    slowest = max(measured, key=lambda check: check["duration_ms"])
    return "%d of %s measured, the slowest %.1f s (%s)" % (len(measured), counted(len(checks), "check"), slowest["duration_ms"] / 1000, slowest["host"])


# -- the summary ------------------------------------------------------------------------------------------------------


def not_proven(report: dict) -> list:
    """What this report cannot say for sure, in words, for display beside the verdict."""
    found = grouping.named(report["verdict"]["classes"]["not_proven"] + report["verdict"]["classes"]["unverified"], _NAMES)
    unseen_by = ["%s: not shown by any probe: %s" % (host["name"], ", ".join(features)) for host in report["hosts"] if (features := _unseen(host))]
    found += grouping.named(unseen_by, _NAMES)
    found += ["this run includes no device, so it shows nothing"] * (not report["devices"])
    waiting = [device["name"] for device in report["devices"] if device["state"] == MANUAL]
    found += ["%s: nothing is proven until the manual steps are done" % some(waiting)] * bool(waiting)
    silent, stopped = [], []
    for device in report["devices"]:
        if device["state"] in NO_RESULT:
            (silent if not device["coverage_summary"] or device["tense"] == UNKNOWN else stopped).append(device["name"])
    found += ["the present state of %s is not known" % some(silent)] * bool(silent)
    found += ["%s: the state shown was read before the run stopped" % some(stopped)] * bool(stopped)
    unlooked = [device for device in report["devices"] if device["state"] == DRIFT and unseen(device)]
    found += grouping.named(["%s: %s" % (device["name"], unseen(device)) for device in unlooked], _NAMES)
    for device in report["devices"]:
        unsure = unchecked(device)
        if unsure:
            they = "1 pattern is" if unsure == 1 else "%d patterns are" % unsure
            found.append("%s: whether %s allowed or exempt could not be checked" % (device["name"], they))
        may = sum(not one["certain"] for one in device["conflicts"])
        if may:
            found.append("%s: %s may block, depending on what could not be read" % (device["name"], counted(may, "rule")))
    for kind, word in (("devices", "device"), ("hosts", "probe host")):
        names = report["left_out"][kind]
        if names:
            found.append("%s left out by --limit: %s" % (counted(len(names), word), some(names)))
    return found


def _unseen(host: dict) -> list:
    """Features of a host that should have access for which it is unknown whether they work."""
    counts = host["judged"] and host["expect"] == "open"
    return [name.replace("_", " ") for name, said in sorted(host["features"].items()) if counts and said in ("unverified", "skipped")]


def risks(report: dict, devices: list, unproven: list) -> list:
    """``[{"id", "title", "level", "count", "lines", "more", "none"}]``: the cards of the summary. ``devices``: in the order of the page."""
    told = {name: [line for device in devices for line in lines(device)] for name, lines in (
        ("opens", _opens), ("losses", _losses), ("blocks", _blocks), ("manual", _manual))}
    now = open_now(devices)
    said = ["listed at the top, next to the verdict"] if unproven else []
    cards = [
        *[_card("access", "What is open now", _devices(now), now, "No pattern of the policy is allowed.")] * (report["mode"] == "audit"),
        _card("opens", "What would open" if report["mode"] == "audit" else "What opened", _devices(told["opens"]), told["opens"], "No access rule changes."),
        _card("losses", "What loses inspection", _devices(told["losses"]), told["losses"], "No inspection is lost."),
        _card("blocks", "What still blocks", counted(len(told["blocks"]), "rule"), told["blocks"], "No rule that still blocks was found."),
        _card("unproven", "What is not proven", counted(len(unproven), "statement"), said, "Nothing is left unproven."),
        _card("manual", "Manual steps", counted(len(told["manual"]), "step"), told["manual"], "No manual steps are left."),
    ]
    silent = [device["name"] for device in devices if not device["coverage_summary"] or device["tense"] == UNKNOWN]
    unread = [device["name"] for device in devices if unchecked(device)]
    unknown = ["%s: the present state is not known" % some(silent)] * bool(silent)
    unknown += ["not known: this run includes no device"] * (not devices)
    doubts_of = dict.fromkeys(("access", "opens", "losses", "blocks"), unknown + ["%s: not known for all patterns" % some(unread)] * bool(unread))
    for card in cards:
        if doubt := dict(doubts_of, manual=unknown).get(card["id"]):
            card.update(count=card["count"] if card["lines"] else "Not known", level="bad" if card["level"] == "bad" else "warn", lines=card["lines"] + doubt)
    return cards


def _card(name: str, title: str, count: str, lines: list, none: str) -> dict:
    level = "bad" if name == "blocks" else "warn"
    return {"id": name, "title": title, "level": level if lines else "good", "count": count if lines else "Nothing", "lines": lines[:_LINES],
            "more": max(0, len(lines) - _LINES), "none": none}


def _devices(lines: list) -> str:
    return counted(len({name for name, _colon, text in (line.partition(": ") for line in lines) if not text.lower().startswith(_UNDONE)}), "device")


def _whom(device: dict) -> str:
    return ", for %s" % device["audience"]["text"] if device["audience"] else ""


def open_now(devices: list) -> list:
    """What devices let through when the report is written, by their configuration, and for whom."""
    return [line for device in devices for line in _access(device)]


def _access(device: dict) -> list:
    if not device["coverage_summary"]:
        return []
    allowed, exempt = (share(device, part, True) for part in ("allowed", "exempt"))
    ports = ["%s: %s%s" % (device["name"], text, _whom(device)) for text in device["ports_open"]]
    return ["%s: patterns allowed: %s, exempt from inspection: %s%s" % (device["name"], allowed, exempt, _whom(device))] + ports


def _opens(device: dict) -> list:
    """What a device allows once it is changed, and for whom."""
    before, after = device["coverage_before"], device["coverage_summary"]
    if not device["changes"] or not after:
        return []
    if device["tense"] == BY_HAND:
        return ["%s: %sit waits for manual steps%s" % (device["name"], _UNDONE, _whom(device))]
    unsure = sum(row["allowed"] == "unchecked" for row in device["coverage"])
    known = before["allowed"] if before else None
    from_ = "" if known is None else ", as before" if known == after["allowed"] else ", %d of them before" % known
    from_ += ", and of %d it is not known" % unsure if unsure else ""
    verb = {DONE: "allowed", UNKNOWN: "may be allowed now"}.get(device["tense"], "would be allowed")
    ports = ["%s: %s%s" % (device["name"], text, _whom(device)) for text in device["opens"]]
    widened = ["%s: %sreaches more than the audience: %s" % (device["name"], _force(device), text) for text in device["audience_widened"]]
    return ports + ["%s: %s%s %s%s%s" % (device["name"], _force(device), counted(after["allowed"], "pattern"), verb, from_, _whom(device))] + widened


def _losses(device: dict) -> list:
    before, exempt = device["coverage_before"], (device["coverage_summary"] or {}).get("exempt")
    planned = device["changes"] and device["tense"] == PLANNED
    now = " (now: %s)" % (before["exempt"] if before else "not known") if planned else ""
    decrypted = ["%s %s decrypted%s%s" % (counted(exempt, "pattern"), "would not be" if planned else "not", now, _whom(device))] if exempt else []
    return ["%s: %s%s" % (device["name"], _force(device), text) for text in decrypted + losses(device["losses"], device["audience"])]


def _force(device: dict) -> str:
    """What goes before a statement about the changes of a device that were refused or rolled back, or whose outcome is not known."""
    if not device["changes"]:
        return ""
    return {NOT_DONE: _UNDONE, UNKNOWN: "not known whether in force: "}.get(device["tense"], "")


def _blocks(device: dict) -> list:
    return ["%s: %s" % (device["name"], one["words"]) for one in device["conflicts"]]


def _manual(device: dict) -> list:
    return ["%s: %s" % (device["name"], text) for text in device["manual"]]
