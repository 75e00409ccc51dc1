# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a change may begin, by check runs on the devices and probes from the hosts, before anything is written. Pure."""
from __future__ import annotations

import datetime
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import counted
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.summary import applies, reason, why_not_probed

OK, WARN, STOP = "ok", "warn", "stop"


def judge(devices: dict, hosts: dict, register: list | None, today: datetime.date, required: bool = True, status: dict | None = None,
          kept_apart: str = "", behind: dict | None = None, refused: Iterable[str] = ()) -> dict:
    """``{"rows": [{"subject", "verdict", "message"}], "stops": {device: reason}, "message"}``; a verdict is ok, warn or stop, stops come first.

    ``devices``: {name: result of an access module in check mode, or None}; ``hosts``: {name: result of reachability_info, or None}; ``register``: lines of the
    register of exemptions, or None; a pattern that is exempt without one is a stop where they are ``required``, else a warning; ``status``: a result of
    service_status_info; ``kept_apart``: what prevents concurrent runs where a device has no lock, in words; ``behind``: {device: hosts that name it in
    netaccess_path}, by default what their results say; ``refused``: why a real run would not begin now, which does not stop a check run.
    """
    rows = [_row("the run", WARN, "a real run would be refused now: %s" % why) for why in refused]
    for name, result in sorted(devices.items()):
        _device(name, result or {}, kept_apart, rows)
        if register is not None:
            _registered(name, result or {}, register, today, STOP if required else WARN, rows)
        _watched(name, hosts, (behind or {}).get(name, []), rows)
    for name, result in sorted(hosts.items()):
        if not (result or {}).get("checks"):
            why = why_not_probed(result)
            rows.append(_row(name, WARN, "not probed, and cannot prove the change: %s" % why if why else "not reached, and cannot prove the change"))
            continue
        path = result.get("path")
        if path and not path.get("proven"):
            rows.append(_row(name, WARN, "not proven to be behind %s%s" % (path["device"], ": " + path["message"] if path.get("message") else "")))
        if not path and (result.get("summary") or {}).get("verdict") in ("fail", "error"):
            rows.append(_row(name, WARN, "not mapped to a device, and has problems with the service as well: %s" % result["summary"].get("message")))
    if status:
        ill = status.get("state") in ("degraded", "outage", "maintenance")
        rows.append(_row("the service", WARN if ill else OK, str(status.get("message") or status.get("state"))))
    stops: dict = {}
    for row in rows:
        if row["verdict"] == STOP:
            stops.setdefault(row["subject"], []).append(row["message"])
    stops = {subject: "; ".join(messages) for subject, messages in stops.items()}
    rows.sort(key=lambda row: [STOP, WARN, OK].index(row["verdict"]))
    return {"rows": rows, "stops": stops, "message": _message(devices, rows, stops)}


def lines(found: dict) -> list:
    """The result of ``judge`` as text: its message, then one line for all devices and hosts with the same one."""
    subjects: dict = {}
    for row in found["rows"]:
        subjects.setdefault((row["verdict"], row["message"]), []).append(row["subject"])
    # Why a device is stopped has a line of its own.
    head = found["message"].removesuffix("".join("; %s: %s" % item for item in sorted(found["stops"].items())))
    return [head] + ["%s: %s: %s" % (verdict, ", ".join(names), message) for (verdict, message), names in subjects.items()]


def _row(subject: str, verdict: str, message: str) -> dict:
    return {"subject": subject, "verdict": verdict, "message": message}


def _device(name: str, result: dict, kept_apart: str, rows: list) -> None:
    if result.get("unreachable") or result.get("failed") or not result:
        rows.append(_row(name, STOP, str(result.get("msg") or "no result")))
        return
    rows += [_row(name, STOP, "a real run would stop: %s" % why) for why in result.get("would_stop") or []]
    rights = result.get("permissions") or {}
    if rights.get("write") is False:
        rows.append(_row(name, STOP, "a real run would be refused: %s" % rights["why"]))
    if result.get("held_by"):
        rows.append(_row(name, WARN, "locked by %s; a real run waits for the lock, up to its timeout" % ", ".join(result["held_by"])))
    if result.get("unfinished"):
        rows.append(_row(name, WARN, "a run was interrupted, or is still running: %s" % ", ".join(result["unfinished"])))
    if result.get("unproven"):
        rows.append(_row(name, WARN, "changes of an earlier run are not proven yet, so this run is compared with the baselines from before them: "
                                     "%s" % ", ".join(one["journal"] for one in result["unproven"])))
    if result.get("pending") in ("ours", "both"):
        rows.append(_row(name, WARN, "an earlier run left pending changes; this run activates them"))
    certain = [one for one in result.get("conflicts") or [] if one.get("certain", True)]
    if certain:
        rows.append(_row(name, WARN, "still blocked after the change, by %s: %s" % (
            counted(len(certain), "conflict"), ", ".join(str(one["where"]) for one in certain[:3]))))
    if result.get("changed") and not result.get("exclusive"):
        rows.append(_row(name, OK, "concurrent runs are excluded by %s" % kept_apart) if kept_apart else _row(
            name, WARN, "this product has no configuration lock: run one job at a time, then say so in netaccess_kept_apart_by"))
    cost = result.get("reversal")
    back = ""
    if result.get("changed") and cost:
        back = "; rollback takes %s and %s" % (counted(cost["writes"], "write"), counted(cost["activations"], "activation"))
    back += " (%s)" % result["limits"] if back and result.get("limits") else ""
    unsaid = "; the write permission of the account is unknown%s" % (": %s" % rights["why"] if rights.get("why") else "")\
        if rights and rights.get("write") is None else ""
    release = "%s; " % result["release"] if result.get("release") else ""
    rows.append(_row(name, OK, "%s%s%s%s" % (release, result.get("summary") or "nothing to do", back, unsaid)))


def _registered(name: str, result: dict, register: list, today: datetime.date, verdict: str, rows: list) -> None:
    lines = {line["pattern"]: line for line in register}
    exempt = [row["pattern"] for row in result.get("coverage") or [] if row["exempt"] != "not wanted"]
    missing = [pattern for pattern in exempt if pattern not in lines]
    if missing:
        more = " and %d more" % (len(missing) - 5) if len(missing) > 5 else ""
        rows.append(_row(name, verdict, "the register has no entry for the exemption of %s%s" % (", ".join(missing[:5]), more)))
    for pattern in exempt:
        if pattern in lines and datetime.date.fromisoformat(lines[pattern]["review_by"]) < today:
            rows.append(_row(name, WARN, "the review of the exemption of %s was due on %s" % (pattern, lines[pattern]["review_by"])))


def _watched(name: str, hosts: dict, behind: list, rows: list) -> None:
    """A device without a probe host, or whose probe hosts reach nothing even now."""
    looks = {host: result for host, result in hosts.items() if ((result or {}).get("path") or {}).get("device") == name and result.get("checks")}
    if not looks:
        why = "none of its probe hosts was reached (%s)" % ", ".join(behind) if behind else "no probe host is mapped to it (netaccess_path.device)"
        rows.append(_row(name, WARN, "%s, so the change will not be proven" % why))
        return
    # What is skipped, such as QUIC beside an explicit proxy, reaches nothing.
    controls = {host: [check for check in result["checks"] if check["role"] == "control" and applies(check)] for host, result in sorted(looks.items())}
    blind = [host for host, checks in controls.items() if checks and all(check["state"] != "open" for check in checks)]
    if blind:
        said = "%s cannot reach even a control host%s" % (", ".join(blind), reason([one for host in blind for one in controls[host]]))
        stops = len(blind) == len(looks)
        rows.append(_row(name, STOP if stops else WARN, said + ": fix the connection of the probe hosts first" * stops))


def _message(devices: dict, rows: list, stops: dict) -> str:
    # As many as ``lines`` shows.
    warned = len({row["message"] for row in rows if row["verdict"] == WARN})
    parts = ["%d of %s may be changed" % (len(devices) - len(stops), counted(len(devices), "device"))]
    parts += [counted(warned, "warning")] * bool(warned)
    return "; ".join(parts + ["%s: %s" % item for item in sorted(stops.items())])
