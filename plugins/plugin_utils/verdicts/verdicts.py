# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before and after: what was fixed, what still fails, and what changed since the baseline. Pure."""
from __future__ import annotations

import textwrap

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import counted
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import refusals, witnesses
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.summary import silent, unanswered, why_not_probed
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import (
    ERROR, FAIL, NOT, PASS, RANK, SKIPPED, TRUSTED, UNTRUSTED, UNVERIFIED,
)

_OPENED = "newly open"
_SHUT = "newly blocked"
_INSPECTION_LOST = "no longer inspected"
_INSPECTION_NEW = "newly inspected"
_MOVED, _UNCLEAR, _NEW = "moved", "unclear", "new"
#: These prove neither harm nor its absence.
_NOT_COMPARED = {_MOVED: "a different answer than in the baseline", _UNCLEAR: "its state in the baseline or now is unknown",
                 _NEW: "it is not in the baseline"}


def _key(check: dict) -> tuple:
    return check["id"], check.get("ip_version")


def _does_not_apply(check: dict) -> bool:
    """Whether a check was not made because it does not apply to the host, for example IPv6 without an IPv6 address."""
    return check["verdict"] == SKIPPED and not unanswered(check)


def apply_baseline(checks: list, baseline: list) -> None:
    """Compares the negative and control hosts in ``checks`` with ``baseline``; adds the flag ``regressed`` or ``not_compared``."""
    before = {_key(check): check for check in baseline}
    for check in checks:
        old = before.get(_key(check))
        if check["role"] == "wanted" or not before or check["verdict"] == FAIL or _does_not_apply(check):
            continue
        change = _difference(old, check) if old else _NEW
        if change is None:
            check["verdict"] = PASS
        elif change in _NOT_COMPARED:
            # Missing credentials have their own message.
            verdict, text = SKIPPED if unanswered(check) else UNVERIFIED, _NOT_COMPARED[change]
            check.update(verdict=verdict, message="%s: %s" % (check["host"], text), flags=check["flags"] + ["not_compared"])
        else:
            check.update(verdict=FAIL, failure="not_as_before", message="%s: %s since the baseline" % (check["host"], change))
            check["flags"] = check["flags"] + ["regressed", change.replace(" ", "_")]


def not_as_before(summary: dict, checks: list) -> dict:
    """``summary`` of a result after ``apply_baseline`` for its ``checks``."""
    moved = [check["message"] for check in checks if "regressed" in check["flags"]]
    return dict(summary, verdict=FAIL, message=". ".join([summary["message"], "; ".join(moved)])) if moved else summary


def _difference(old: dict, new: dict) -> str | None:
    states = (old["state"], new["state"])
    if set(states) == {"open", "shut"}:
        return _OPENED if new["state"] == "open" else _SHUT
    if states == ("shut", "unknown") and _reached(new):
        return _OPENED
    inspected = [check["interception"] in (TRUSTED, UNTRUSTED) for check in (old, new)]
    if inspected[0] != inspected[1] and old["interception"] and new["interception"]:
        return _INSPECTION_LOST if inspected[0] else _INSPECTION_NEW
    if "unknown" not in states:
        return None
    if not (old.get("answer") and new.get("answer")):
        return _UNCLEAR
    return None if old["answer"] == new["answer"] else _MOVED


def _reached(check: dict) -> bool:
    """Whether the response is neither a refusal nor a proxy error. A refusal may be the same block in another form."""
    status = (check.get("answer") or "").partition(" ")[0]
    return status.isdigit() and not refusals.refuses(int(status)) and not str(check.get("failure")).startswith("proxy_")


def compare(before: list, after: list) -> dict:
    """Lists of checks: ``fixed``, ``still_failing``, ``regressed``, ``unchanged_ok``, ``unverified``."""
    old = {_key(check): check for check in before}
    found: dict = {"fixed": [], "still_failing": [], "regressed": [], "unchanged_ok": [], "unverified": []}
    for check in after:
        was = old.get(_key(check))
        if "regressed" in check["flags"]:
            word = "regressed"
        elif unanswered(check) and was is not None and was["verdict"] == PASS:
            word = "regressed"
        elif check["verdict"] == FAIL:
            word = "regressed" if was is not None and was["verdict"] == PASS else "still_failing"
        elif check["verdict"] == PASS:
            word = "fixed" if was is not None and was["verdict"] == FAIL else "unchanged_ok"
        else:
            word = "unverified"
        found[word].append({"id": check["id"], "host": check["host"], "role": check["role"], "message": check["message"],
                            "ip_version": check.get("ip_version")})
    return found


_MARKS = {PASS: "ok", FAIL: "FAIL", SKIPPED: "skipped", UNVERIFIED: "unproven"}


def table(results: dict, before: dict | None = None, width: int = 100, brief: bool = False) -> str:
    """A table for people, one row for each check, failures first: host, check, verdict now (and before), and the reason. ``brief``: checks that pass are only
    counted, and checks with the same result share a row, which lists their hosts.

    Nothing is cut off: text that does not fit next to the other columns goes below them.
    """
    rows, well = [], 0
    for name, result in results.items():
        old = {_key(check): check for check in ((before or {}).get(name) or {}).get("checks", [])}
        for check in sorted(result.get("checks", []), key=lambda c: (c["verdict"] != FAIL, c["role"] == "wanted", c["host"])):
            was = old.get(_key(check))
            if brief and check["verdict"] in (PASS, SKIPPED) and not unanswered(check):
                well += 1
                continue
            rows.append((name, check["host"], _kind(check), _cell(check) if was is None else "%s > %s" % (_cell(was), _cell(check)),
                         check["message"].partition(": ")[2]))
    rows = _shared_rows(rows) if brief else rows
    head = ("FROM", "HOST", "KIND", "BEFORE > NOW" if before else "VERDICT", "WHY")
    sizes = [min(max(len(row[i]) for row in [head] + rows), limit) for i, limit in enumerate((16, 34, 10, 18))]
    lines = [line for row in ([head] if rows or not brief else []) + rows for line in _lines(row, sizes, width)]
    who = "%s: " % next(iter(results)) if len(results) == 1 else ""
    others = "the other " if rows else "all " * (well > 1)
    text = "%s%s%s %s" % (who, others, counted(well, "check"), "is as expected" if well == 1 else "are as expected")
    return "\n".join(lines + [text] * brief) + "\n"


def _shared_rows(rows: list) -> list:
    """``rows`` with one row for all hosts with the same result."""
    found: dict = {}
    for name, host, kind, verdict, why in rows:
        found.setdefault((name, kind, verdict, why), []).append(host)
    return [(name, hosts[0], kind, verdict, why) if len(hosts) == 1 else
            (name, "%d hosts" % len(hosts), kind, verdict, "%s: %s" % (", ".join(hosts), why))
            for (name, kind, verdict, why), hosts in found.items()]


def _kind(check: dict) -> str:
    kind = check["role"] if check["role"] != "wanted" else check["kind"]
    return kind + (" v6" if check.get("ip_version") == 6 else "")


def _cell(check: dict) -> str:
    if "by_choice" in check["flags"]:
        return "by policy"
    if check["role"] == "wanted" or check["verdict"] == FAIL:
        return _MARKS.get(check["verdict"], check["verdict"])
    return check["state"]


def _lines(row, sizes, width) -> list:
    """The lines of a row. A long name moves the other cells to the right; the last cell goes below if there is no room next to them."""
    text = "  ".join(cell.ljust(size) for cell, size in zip(row, sizes)).rstrip()
    beside = "%s  %s" % ("  ".join(cell.ljust(size) for cell, size in zip(row, sizes)), row[-1])
    if len(beside.rstrip()) <= width:
        return [beside.rstrip()]
    return [text] + textwrap.wrap(row[-1], width, initial_indent="    ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def proof(results: dict, baselines: dict, expect: dict, status: dict | None = None) -> dict:
    """What the hosts behind one device show about a change: ``{"verdict", "moved": {host: [what]}, "shut": {host: what}, "harm", "explained", "basis",
    "message"}``.

    ``verdict``: fail, unverified or pass; a host that did not answer, or has no baseline, proves nothing. ``harm``: something changed for a host that must be
    unchanged; or something is newly open or newly blocked for two of the other hosts that answered, or for the only one; or every host that answered before
    is silent now. Hosts that share a resolver or a proxy count as one for findings about it (``witnesses``), and ``basis`` says so. Something that is still
    blocked is not harm. Nor is what an incident of the service explains (``status``, a result of service_status_info): that is in ``explained``,
    {host: [what]}, but does not pass.
    """
    moved, shut, unproven, explained, about, names = {}, {}, [], {}, {}, set()
    answered = [name for name, result in results.items() if (result or {}).get("checks")]
    for name, result in sorted(results.items()):
        if name not in answered:
            unproven.append("%s (%s)" % (name, why_not_probed(result) or "no answer"))
            continue
        found = compare((baselines.get(name) or {}).get("checks", []), result["checks"])
        outside = expect.get(name, "open") == "unchanged"
        checks = {_key(check): check for check in result["checks"]}
        regressed = [(one["message"], _the_service(checks[_key(one)], status)) for one in found["regressed"]]
        lines = [text for text, why in regressed if not why] + [one["message"] for one in (found["fixed"] if outside else [])]
        old = {_key(check): check for check in (baselines.get(name) or {}).get("checks", [])}
        unexplained = [one for one, (_text, why) in zip(found["regressed"], regressed) if not why]
        asked = [(one["host"], witnesses.question(old.get(_key(one)), checks[_key(one)])) for one in unexplained]
        about[name] = {word for _host, word in asked}
        names |= {host for host, word in asked if word == witnesses.NAME}
        if any(why for _text, why in regressed):
            explained[name] = ["%s (%s)" % item for item in regressed if item[1]]
        if lines:
            moved[name] = lines
        elif name in explained:
            continue
        elif not outside and result["summary"]["verdict"] in (FAIL, ERROR):
            shut[name] = result["summary"]["message"]
        elif not outside and result["summary"]["verdict"] != PASS:
            unproven.append(name)
        elif not old:
            unproven.append("%s (no baseline)" % name)
        elif outside and _cannot_tell(old, result["checks"]):
            unproven.append(name)
    insiders = [name for name in answered if expect.get(name, "open") == "open"]
    silent = not answered and any((baselines.get(name) or {}).get("checks") for name in results)
    saw = {name: about[name] for name in insiders if name in moved}
    looks = {name: results[name] for name in insiders}
    unable = witnesses.deaf(looks, names)
    harm = silent or bool(set(moved) - set(insiders)) or bool(saw) and witnesses.enough(saw, looks, unable)
    basis = [witnesses.basis([name for name in saw if word in saw[name]], results, word) for word in (witnesses.NAME, witnesses.PROXY)]
    basis = [text for text in basis if text] + witnesses.remarks(saw, unable)
    verdict = FAIL if harm or moved or shut or explained else UNVERIFIED if unproven or not results else PASS
    return {"verdict": verdict, "moved": moved, "shut": shut, "harm": harm, "explained": explained,
            "basis": basis, "message": ". ".join([_proof_message(results, moved, shut, unproven, explained, silent), *basis])}


def _cannot_tell(before: dict, checks: list) -> bool:
    """Whether a change may be undetected: a check that is not in the baseline, or one with another verdict that does not count as a change."""
    return any(_unclear(before.get(_key(check)), check) for check in checks if not _does_not_apply(check))


def _unclear(was: dict | None, check: dict) -> bool:
    if was is None or "not_compared" in check["flags"]:
        return True
    # The states of the others were compared.
    return check["role"] == "wanted" and check["verdict"] != was["verdict"]


def _the_service(check: dict, status: dict | None) -> str | None:
    """The incident that explains why a check fails now, if one does.

    An incident explains only failures of the origin itself: it answered with its own certificate, and the service reports an incident for a feature of the
    check. Something newly open, cut off below that, decrypted, or answered by a product on the path is never explained.
    """
    seen = check["role"] == "wanted" and check["verdict"] == FAIL and "regressed" not in check["flags"]
    if not seen or check.get("layer") not in ("http", "application") or check.get("blocked_by") or check.get("interception") != NOT:
        return None
    ill = {feature: word for feature, word in ((status or {}).get("features") or {}).items() if word in ("degraded", "outage", "maintenance")}
    hit = sorted(set(check.get("features") or []) & set(ill))
    return "the service reports %s of %s" % (ill[hit[0]], hit[0]) if hit else None


def _proof_message(results: dict, moved: dict, shut: dict, unproven: list, explained: dict, silent: bool) -> str:
    parts = ["every probe host behind it answered before the change, and none does now"] * silent
    for name, lines in moved.items():
        lines = list(dict.fromkeys(lines))
        more = " and %d more" % (len(lines) - 3) if len(lines) > 3 else ""
        parts.append("%s: changed since the baseline: %s%s" % (name, "; ".join(lines[:3]), more))
    parts += ["%s: %s" % item for item in shut.items()]
    parts += ["%s: fails, but not because of this change: %s" % (name, "; ".join(lines[:3])) for name, lines in explained.items()]
    parts += ["not proven by: %s" % ", ".join(unproven)] if unproven else []
    return ". ".join(parts) or ("proven by %s" % ", ".join(sorted(results)) if results else "no probe host is mapped to it, so nothing is proven")


def aggregate(results: dict, expect: dict, devices=()) -> dict:
    """The combined result of all hosts. ``results``: {host: result of reachability_info, or None for no result}; ``expect``: {host:
    "open" | "unchanged"}, "open" where it has none; ``devices`` that should have a host behind them.

    ``{"verdict", "hosts": {host: verdict | "unreachable"}, "unreachable": [...], "features": {feature: {verdict: [hosts]}}, "devices": {device:
    {"hosts", "proven"}}, "message"}``. A host that was not reached proves nothing and does not pass; if none was, the verdict is unverified.
    """
    hosts, features = {}, {}
    for name, result in sorted(results.items()):
        summary = (result or {}).get("summary")
        hosts[name] = summary["verdict"] if summary else "unreachable"
        for feature, verdict in ((summary or {}).get("features") or {}).items():
            features.setdefault(feature, {}).setdefault(verdict, []).append(name)
    behind: dict = {device: {"hosts": [], "proven": []} for device in devices}
    for name, result in sorted(results.items()):
        said = (result or {}).get("path")
        if said:
            one = behind.setdefault(said["device"], {"hosts": [], "proven": []})
            one["hosts"].append(name)
            one["proven"] += [name] * said["proven"]
    missing = [name for name, verdict in hosts.items() if verdict == "unreachable"]
    judged = {name: verdict for name, verdict in hosts.items() if verdict != "unreachable" and expect.get(name, "open") == "open"}
    verdict = min(judged.values(), key=RANK.index, default=UNVERIFIED)
    return {"verdict": verdict, "hosts": hosts, "unreachable": missing, "features": features, "devices": behind,
            "message": _together(judged, {name: results[name] for name in missing}, [device for device, one in behind.items() if not one["hosts"]])}


def _together(judged: dict, missing: dict, alone: list) -> str:
    good = [name for name, verdict in judged.items() if verdict == PASS]
    parts = ["%d of %s pass" % (len(good), counted(len(judged), "host"))] if judged else ["no probe host has a result"]
    bad = ["%s: %s" % (name, verdict) for name, verdict in judged.items() if verdict != PASS]
    if bad:
        parts.append(", ".join(bad[:5]) + (" and %d more" % (len(bad) - 5) if len(bad) > 5 else ""))
    parts += silent(missing)
    if alone:
        parts.append("no probe host is mapped to %s (netaccess_path), so nothing is known of it" % ", ".join(alone))
    return "; ".join(parts)
