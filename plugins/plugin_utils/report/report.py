# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One report of a run over a fleet: the results of every device and host, the verdict, and the forms that people and pipelines read. Pure.

The same input gives the same bytes; nothing depends on the clock or the machine.
"""
from __future__ import annotations

import csv
import hashlib
import io
import json
import unicodedata
from xml.etree import ElementTree

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import counted
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report import page, plan, register as exemptions, trend
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.markdown import as_markdown
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.verdict import (
    DRIFT, MANUAL, NO_RESULT, UNREACHABLE, said, state_of, tense_of, verdict,
)

FORMAT = 1
_KEPT = ("coverage", "coverage_summary", "coverage_before", "conflicts", "losses", "audience_widened", "manual", "stale", "pending", "plan_digest", "journal",
         "requests", "activation", "release", "plan_options")
_CHECK = ("id", "host", "role", "kind", "ip_version", "features", "verdict", "layer", "failure", "interception", "message", "duration_ms")

#: Of a line of coverage.csv, behind its pattern.
_COLUMNS = ("allowed_now", "exempt_now", "allowed", "allowed_by", "exempt", "exempt_by", "note")
_PRESENT = ("allowed_now", "exempt_now")
#: What goes before the message of a host that was not probed after the change.
_BEFORE = "before the change: "
#: What the register says of the pattern: {its name there: the column}.
_REGISTER = {"state": "register", "owner": "owner", "review_by": "review_by", "risk_id": "risk_id"}


class ReportError(ValueError):
    """Invalid input. The message names it."""


def build(devices: dict, hosts: dict, about: dict) -> dict:
    """The whole report as data (report.schema.json).

    ``devices``: {name: result of an access module, or None}; ``hosts``: {name: {"before", "after"} with results of reachability_info, or None}; ``about``:
    ``{"title", "generated", "mode", "collection", "catalogue", "change", "register", "strict", "today", "left_out", "started", "ended",
    "inventories", "asked", "made_by"}``; see ``register.compared`` for ``register``, ``verdict`` for ``strict``, ``plan.taken_over`` for ``inventories`` and
    ``asked``.
    """
    found = {
        **{name: about[name] for name in ("title", "generated", "mode", "collection")}, "format": FORMAT,
        **{name: about.get(name) for name in ("change", "started", "ended", "made_by")}, "window": about.get("window") or [],
        "catalogue": dict(about["catalogue"], version=_versions(devices)),
        "plans_valid_until": about["plans_valid_until"], "devices": [_device(name, result, about) for name, result in sorted(devices.items())],
        "hosts": [_host(name, looks) for name, looks in sorted(hosts.items())],
        "left_out": left_out(devices, hosts, about.get("left_out")),
    }
    found["commands"] = plan.commands(found["devices"], about)
    for device in found["devices"]:
        device["proof"] = [_seen(host) for host in found["hosts"] if (host["path"] or {}).get("device") == device["name"]]
    found["register"] = exemptions.compared(about.get("register"), found["devices"], about["today"])
    found["verdict"] = verdict(found, about.get("strict") or [])
    found["trend"] = [trend.point(found)]
    return found


def left_out(devices: dict, hosts: dict, said: dict | None) -> dict:
    """What --limit left out of the report. ``said``: what it left out of the run; hosts that were probed in the place of their device are in the report."""
    return {kind: sorted(set((said or {}).get(kind) or []) - set(seen)) for kind, seen in (("devices", devices), ("hosts", hosts))}


def _versions(devices: dict) -> str:
    """The catalogue versions of the devices' policies; devices may differ."""
    found = {str(one["policy_version"]) for one in devices.values() if isinstance(one, dict) and one.get("policy_version")}
    return ", ".join(sorted(found)) or "not said"


def _device(name: str, result, about: dict) -> dict:
    result, mode = result if isinstance(result, dict) else {}, about["mode"]
    state, failure = state_of(result, mode), result.get("failure") or {}
    tense = tense_of(result, mode)
    changes, whom = plan.changes(result, tense), plan.audience(result)
    found = {key: result.get(key) for key in _KEPT}
    journal = result.get("journal") or ((about.get("journals") or {}).get(name) if tense == plan.PLANNED else None)
    undo = plan.undo_command(name, journal, plan.taken_over(about.get("inventories"), about.get("asked")))
    found.update(
        name=name, state=state, summary=str(result.get("summary") or ""), product=plan.titles().get(result.get("product")), tense=tense,
        error=str(result.get("msg") or "no result") if state in NO_RESULT else None, failure=failure.get("class"),
        audience=whom, opens=plan.opens(result, tense), changes=changes, groups=plan.groups(changes, tense), until=plan.until(changes),
        rollback=plan.rollback(result, changes, undo) if tense in (plan.PLANNED, plan.DONE, plan.UNKNOWN) else None,
        # Of entries of others, only the name is shown.
        foreign=sorted(str(one.get("entry") or one.get("name")) if isinstance(one, dict) else str(one) for one in result.get("foreign") or []))
    found["coverage"] = _rows(result, tense)
    recorded = result.get("changes_on_record")
    found.update(ports_open=plan.open_ports(result, changes), changes_on_record=None if recorded is None else [plan.recorded(one) for one in recorded])
    for key in ("conflicts", "losses", "audience_widened", "manual", "stale"):
        found[key] = found[key] or []
    found["losses"] = [dict(one, text=plan.loss(one, whom)) for one in found["losses"]]
    found["conflicts"] = [dict(one, words=plan.conflict(one)) for one in found["conflicts"]]
    return found


def _rows(result: dict, tense: str) -> list:
    """The coverage of a result. ``allowed`` and ``exempt`` say what holds once its changes are made, ``allowed_now`` and ``exempt_now`` what holds when the
    report is written; None where that is not known."""
    when = "%s" if tense == plan.DONE or not result.get("changes") else "%s_before"
    rows = []
    for row in result.get("coverage") or []:
        now = {"%s_now" % key: None if tense == plan.UNKNOWN else row.get(when % key) for key in ("allowed", "exempt")}
        rows.append(dict({key: value for key, value in row.items() if not key.endswith("_before")}, **now))
    return rows


def _seen(host: dict) -> dict:
    """What a host behind a device saw, in numbers: wanted checks that its message counts, before and now, and checks of other sites that are unchanged."""
    wanted = [check for check in host["checks"] if check["counts"]]
    others = [check for check in host["checks"] if check["role"] == "negative"]
    before = [check["before"] for check in wanted if check["before"]]
    return {"host": host["name"], "expect": host["expect"], "judged": host["judged"], "path_proven": bool((host["path"] or {}).get("proven")),
            "verdict": host["verdict"], "message": host["message"],
            "before": {"pass": before.count("pass"), "of": len(before)} if before else None,
            "now": {"pass": sum(check["verdict"] == "pass" for check in wanted), "of": len(wanted)},
            "others": {"as_before": sum(check["verdict"] == "pass" and not check["regressed"] for check in others), "of": len(others)}}


def _host(name: str, looks) -> dict:
    before, after = ((looks or {}).get(key) or {} for key in ("before", "after"))
    # A result from before the change never replaces one after it; it is shown, and not judged.
    now = after if after.get("checks") is not None else before if before.get("checks") is not None else {}
    old = {(check["id"], check.get("ip_version")): check["verdict"] for check in before.get("checks") or []} if now is after else {}
    judged, summary = now is after and bool(now), now.get("summary") or {}
    checks, counted = [], {tuple(one) for one in summary.get("counted") or []}
    for check in now.get("checks") or []:
        row = {key: check.get(key) for key in _CHECK}
        row["product"] = (check.get("blocked_by") or {}).get("product") or check.get("inspected_by")
        row["by_choice"] = "by_choice" in (check.get("flags") or [])
        row["regressed"] = "regressed" in (check.get("flags") or [])
        row["counts"] = (check["id"], check.get("ip_version")) in counted
        row["before"] = old.get((check["id"], check.get("ip_version")))
        checks.append(row)
    return {"name": name, "reached": bool(now), "expect": (looks or {}).get("expect") or "open", "verdict": summary.get("verdict") if now else UNREACHABLE,
            "judged": judged, "message": _BEFORE * (bool(now) and not judged) + (summary.get("message") or "no result"),
            "features": summary.get("features") or {},
            "left_inspected": sorted({name for row in checks if row["by_choice"] for name in row["features"] or []}),
            "exemption": summary.get("exemption"), "path": now.get("path"), "baseline": now.get("baseline"), "notes": now.get("notes") or [], "checks": checks}


# -- forms ----------------------------------------------------------------------------------------------------------


def as_json(report: dict) -> str:
    return json.dumps(report, indent=1, sort_keys=True) + "\n"


def as_verdict(report: dict) -> str:
    return json.dumps(dict(report["verdict"], generated=report["generated"], change=report["change"]), indent=1, sort_keys=True) + "\n"


def as_plans(report: dict) -> str:
    """``netaccess_plans`` for the change that follows: the digest of the plan of each device, also without changes; and what the plans are about."""
    plans = {one["name"]: one for one in report["devices"] if one["plan_digest"]}
    about = {"generated": report["generated"], "valid_until": report["plans_valid_until"], "catalogue": report["catalogue"],
             "options": {name: one["plan_options"] for name, one in plans.items()}, "left_out": report["left_out"]["devices"]}
    return json.dumps({"netaccess_plans": {name: one["plan_digest"] for name, one in plans.items()}, "netaccess_plans_about": about},
                      indent=1, sort_keys=True) + "\n"


def as_csv(report: dict) -> str:
    """A line for each pattern of each device, for spreadsheets; cells that look like formulas are quoted. ``allowed_now`` and ``exempt_now`` are what holds
    when the report is written, the other columns what holds once the changes of the device are made."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    registered = {(device["name"], row["pattern"]): row for row in report["register"] or [] for device in row["devices"]}
    writer.writerow(["device", "generated", "state", "audience", "pattern", *_COLUMNS, *_REGISTER.values()])
    for device in report["devices"]:
        for row in device["coverage"] or [dict.fromkeys(("allowed_now", "exempt_now", "allowed", "exempt"), "not known")]:
            nobody = "not known" if device["state"] in NO_RESULT else "not set"
            cells = [device["name"], report["generated"], device["state"], (device["audience"] or {}).get("text") or nobody,
                     *(row.get(key) or ("not known" if key in _PRESENT else "") for key in ("pattern", *_COLUMNS)),
                     *(registered.get((device["name"], row.get("pattern")), {}).get(key) or "" for key in _REGISTER)]
            writer.writerow(["'" + cell if _formula(cell) else cell for cell in map(str, cells)])
    return out.getvalue()


def _formula(cell: str) -> bool:
    """Whether a spreadsheet may read a cell as a formula: some ignore blanks and invisible characters, and some read a full-width = as the usual one."""
    seen = "".join(c for c in unicodedata.normalize("NFKC", cell) if not unicodedata.category(c).startswith(("C", "Z")))
    return seen[:1] in tuple("=+-@") or cell[:1] in tuple("\t\r\n")


def as_junit(report: dict) -> str:
    """A case for each device and each feature of each host, as CI systems show them, and one for each class of the verdict. A case fails if, and only if,
    the code is not 0."""
    suites = ElementTree.Element("testsuites", name=report["title"])
    classes, said_by = report["verdict"]["classes"], list(said(report["devices"]).items())
    verdict_suite = ElementTree.SubElement(suites, "testsuite", name="verdict", tests=str(len(said_by)))
    for name, words in said_by:
        case = ElementTree.SubElement(verdict_suite, "testcase", classname="verdict", name=name)
        if name in report["verdict"]["deciding"]:
            ElementTree.SubElement(case, "failure", message="%s: %s" % (words, "; ".join(classes[name][:5])))
        elif classes[name]:
            # Neither green nor red: it decides nothing, and it is there.
            ElementTree.SubElement(case, "skipped", message="%s: %s" % (words, "; ".join(classes[name][:5])))
    devices = ElementTree.SubElement(suites, "testsuite", name="devices", tests=str(len(report["devices"])))
    for device in report["devices"]:
        case = ElementTree.SubElement(devices, "testcase", classname="device", name=device["name"])
        if device["state"] in NO_RESULT:
            ElementTree.SubElement(case, "error", message=device["error"])
        elif device["state"] == DRIFT or device["conflicts"]:
            ElementTree.SubElement(case, "failure", message=device["summary"] if device["state"] == DRIFT else counted(len(device["conflicts"]), "conflict"))
        elif doubts := ["manual steps"] * (device["state"] == MANUAL) + plan.doubts(device):
            ElementTree.SubElement(case, "skipped", message="; ".join(doubts))
    # A host's check fails if its class decides; a host outside the audience should not have access.
    deciding = {text.partition(": ")[0] for name in report["verdict"]["deciding"] for text in classes[name]}
    for host in report["hosts"]:
        suite = ElementTree.SubElement(suites, "testsuite", name=host["name"], tests=str(max(1, len(host["features"]))))
        if not host["reached"]:
            ElementTree.SubElement(ElementTree.SubElement(suite, "testcase", classname=host["name"], name="reached"), "error", message=host["message"])
        for feature, result in sorted(host["features"].items()):
            case = ElementTree.SubElement(suite, "testcase", classname=host["name"], name=feature)
            if not host["judged"]:
                ElementTree.SubElement(case, "skipped", message="not probed after the change")
            elif result in ("skipped", "unverified") or (result != "pass" and host["name"] not in deciding):
                ElementTree.SubElement(case, "skipped", message=result)
            elif result != "pass":
                why = [check["message"] for check in host["checks"] if check["verdict"] == result and feature in (check["features"] or [])]
                ElementTree.SubElement(case, "failure", message="; ".join(why[:3]))
    for element in suites.iter():
        element.attrib = {name: _xml(value) for name, value in element.attrib.items()}
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n%s\n' % ElementTree.tostring(suites, encoding="unicode")


def _xml(text) -> str:
    """Without the characters that XML 1.0 does not allow."""
    return "".join(c for c in str(text) if c in "\t\n" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000")


def as_html(report: dict) -> str:
    """A self-contained page for people: no font, picture or script from elsewhere."""
    return page.render(report, hashlib.sha256(as_json(report).encode("utf-8")).hexdigest())


FORMS = {"report.json": as_json, "verdict.json": as_verdict, "plans.json": as_plans, "report.html": as_html, "coverage.csv": as_csv, "report.md": as_markdown,
         "report.junit.xml": as_junit}


def files(report: dict) -> dict:
    """{name: text} of every form, and SHA256SUMS over them as sha256sum reads it."""
    found = {name: form(report) for name, form in FORMS.items()}
    found["SHA256SUMS"] = "".join("%s  %s\n" % (hashlib.sha256(text.encode("utf-8")).hexdigest(), name) for name, text in sorted(found.items()))
    return found
