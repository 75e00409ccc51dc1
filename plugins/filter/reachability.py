# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters: results as a table, before against after, conflicts as lines, whether now is the time."""
from __future__ import annotations

import datetime
from pathlib import Path

from ansible.errors import AnsibleFilterError

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import plain
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import (
    preflight, rollout as stages_of, window as change_window,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report import register as exemption_register
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import isolation, kit, signatures, verdicts


def reachability_compare(before, after) -> dict:
    """Lists fixed, still_failing, regressed, unchanged_ok and unverified of two results of reachability_info."""
    before, after = plain(before), plain(after)
    if not isinstance(after, dict) or "checks" not in after:
        raise AnsibleFilterError("reachability_compare: the second value must be a result of reachability_info")
    return verdicts.compare((before or {}).get("checks", []), after["checks"])


def verdict_table(results, before=None, width=120, brief=False) -> str:
    """A readable table of results of reachability_info by host name, with the verdicts before beside them."""
    results = plain(results)
    if not isinstance(results, dict):
        raise AnsibleFilterError("verdict_table: give a dictionary of host name to result of reachability_info")
    return verdicts.table(results, plain(before) if before else None, int(width), bool(brief))


def conflict_line(conflict) -> str:
    """One conflict of an access module as a sentence with the id for the option unblock."""
    conflict = plain(conflict)
    verb = {"deny": "denies", "decrypt": "decrypts", "cookies": "strips cookies from", "rewrite": "may rewrite"}.get(conflict["effect"], conflict["effect"])
    hosts = conflict["hosts"]
    shown = ", ".join(hosts[:3]) + (" and %d more" % (len(hosts) - 3) if len(hosts) > 3 else "")
    way = "unblock: %s" % conflict["id"] if conflict.get("remedy") else "only a person can resolve it"
    return "conflict: %s (%s) %s%s %s; %s" % (conflict["where"], conflict["text"], "" if conflict["certain"] else "possibly ", verb, shown, way)


def reachability_aggregate(results, expect=None, devices=()) -> dict:
    """What all hosts say together; a host without a result was not reached and is no pass, and a device without a host behind it is named."""
    results = plain(results)
    if not isinstance(results, dict):
        raise AnsibleFilterError("reachability_aggregate: give a dictionary of host name to result of reachability_info")
    return verdicts.aggregate(results, plain(expect or {}), plain(list(devices)))


def reachability_proof(results, baselines=None, expect=None, status=None) -> dict:
    """What the hosts behind one device say of a change, and whether it did harm."""
    results = plain(results)
    if not isinstance(results, dict):
        raise AnsibleFilterError("reachability_proof: give a dictionary of host name to result of reachability_info")
    return verdicts.proof(results, plain(baselines or {}), plain(expect or {}), plain(status or {}))


def diagnose(hosts, control=None, status=None) -> dict:
    """Where a fault is, who does it and what to change, from what hosts, a vantage outside and the service say."""
    hosts = plain(hosts)
    if not isinstance(hosts, dict):
        raise AnsibleFilterError("diagnose: give a dictionary of host name to result of reachability_info")
    return isolation.diagnose(hosts, plain(control or {}), plain(status or {}))


def import_probe(paths, rules=()) -> dict:
    """Results of reachability_info by label, from the files that the probe kit wrote, judged with ``rules`` of the site as well."""
    if not isinstance(paths, (list, tuple)):
        raise AnsibleFilterError("import_probe: give a list of files that netaccess-probe wrote")
    found: dict = {}
    for path in plain(list(paths)):
        try:
            label, result = kit.read(Path(str(path)).expanduser(), signatures.load(plain(list(rules))))
        except (kit.KitError, signatures.SignatureError) as error:
            raise AnsibleFilterError("import_probe: %s" % error) from error
        found[label if label not in found else "%s, %s" % (label, path)] = result
    return found


def preflight_verdict(devices, hosts=None, register=None, require_register=False, status=None, kept_apart=None) -> dict:
    """Whether a change may begin, from check runs on the devices and a look from the hosts."""
    devices = plain(devices)
    if not isinstance(devices, dict):
        raise AnsibleFilterError("preflight_verdict: give a dictionary of device name to result of an access module in check mode")
    if require_register and not register:
        raise AnsibleFilterError("preflight_verdict: require_register is set and no register is named: set audit_register to the file")
    try:
        lines = exemption_register.read(Path(str(register)).expanduser()) if register else None
    except exemption_register.RegisterError as error:
        raise AnsibleFilterError("preflight_verdict: %s" % error) from error
    today = datetime.datetime.now(datetime.timezone.utc).date()
    return preflight.judge(devices, plain(hosts or {}), lines, today, bool(require_register), plain(status or {}), str(kept_apart or ""))


def window_state(window, needs=0, now=None) -> dict:
    """Whether now is in a change window with that many seconds left, and when the next one opens."""
    if not isinstance(window, dict):
        raise AnsibleFilterError("window_state: give a dictionary with timezone, windows and freeze")
    try:
        at = datetime.datetime.fromisoformat(str(now).replace("Z", "+00:00")) if now else datetime.datetime.now(datetime.timezone.utc)
        return change_window.state(plain(window), at if at.tzinfo else at.replace(tzinfo=datetime.timezone.utc), float(needs))
    except (change_window.WindowError, ValueError) as error:
        raise AnsibleFilterError("window_state: %s" % error) from error


def rollout_stages(rollout, begin=None, plans=None, ours=False) -> list:
    """The stages of a rollout; with the plans of check runs those that a device has still before it."""
    try:
        found = stages_of.stages(plain(rollout), None if begin is None else str(begin))
        return found if plans is None or begin is not None else stages_of.remaining(found, plain(plans), bool(ours))
    except stages_of.RolloutError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters of the collection."""

    def filters(self):
        return {"reachability_compare": reachability_compare, "verdict_table": verdict_table, "conflict_line": conflict_line,
                "reachability_aggregate": reachability_aggregate, "reachability_proof": reachability_proof, "diagnose": diagnose,
                "import_probe": import_probe, "window_state": window_state, "preflight_verdict": preflight_verdict, "rollout_stages": rollout_stages}
