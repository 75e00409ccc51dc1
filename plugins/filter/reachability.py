# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters: results as a table, before against after, and what several hosts say together."""
from __future__ import annotations

from pathlib import Path

from ansible.errors import AnsibleFilterError

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import plain
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import isolation, kit, signatures, verdicts


def reachability_compare(before, after) -> dict:
    """Lists fixed, still_failing, regressed, unchanged_ok and unverified of two results of reachability_info."""
    before, after = plain(before), plain(after)
    if not isinstance(after, dict) or "checks" not in after:
        raise AnsibleFilterError("reachability_compare: after must be a result of reachability_info")
    return verdicts.compare((before or {}).get("checks", []), after["checks"])


def verdict_table(results, before=None, width=100, brief=False) -> str:
    """A readable table of results of reachability_info by host name, with the verdicts before beside them."""
    results = plain(results)
    if not isinstance(results, dict):
        raise AnsibleFilterError("verdict_table: pass a dictionary of results of reachability_info by host name")
    return verdicts.table(results, plain(before) if before else None, int(width), bool(brief))


def reachability_aggregate(results, expect=None, devices=()) -> dict:
    """What all hosts say together; a host without a result was not reached and does not pass, and a device without a host behind it is named."""
    results = plain(results)
    if not isinstance(results, dict):
        raise AnsibleFilterError("reachability_aggregate: pass a dictionary of results of reachability_info by host name")
    return verdicts.aggregate(results, plain(expect or {}), plain(list(devices)))


def reachability_proof(results, baselines=None, expect=None, status=None) -> dict:
    """Decide from the probe hosts of one device whether a change did harm."""
    results = plain(results)
    if not isinstance(results, dict):
        raise AnsibleFilterError("reachability_proof: pass a dictionary of results of reachability_info by host name")
    return verdicts.proof(results, plain(baselines or {}), plain(expect or {}), plain(status or {}))


def diagnose(hosts, control=None, status=None, symptom=None) -> dict:
    """Where a fault is, who does it and what to change, from what hosts, a vantage outside and the service say."""
    hosts = plain(hosts)
    if not isinstance(hosts, dict):
        raise AnsibleFilterError("diagnose: pass a dictionary of results of reachability_info by host name")
    return isolation.diagnose(hosts, plain(control or {}), plain(status or {}), symptom=plain(symptom) if symptom else None)


def import_probe(paths, rules=()) -> dict:
    """Results of reachability_info by label, from the files that the probe kit wrote, judged with ``rules`` of the site as well."""
    if not isinstance(paths, (list, tuple)):
        raise AnsibleFilterError("import_probe: pass a list of files that netaccess-probe wrote")
    found: dict = {}
    for path in plain(list(paths)):
        try:
            label, result = kit.read(Path(str(path)).expanduser(), signatures.load(plain(list(rules))))
        except (kit.KitError, signatures.SignatureError) as error:
            raise AnsibleFilterError("import_probe: %s" % error) from error
        found[label if label not in found else "%s, %s" % (label, path)] = result
    return found


class FilterModule:
    """The filters of the collection."""

    def filters(self):
        return {"reachability_compare": reachability_compare, "verdict_table": verdict_table,
                "reachability_aggregate": reachability_aggregate, "reachability_proof": reachability_proof, "diagnose": diagnose,
                "import_probe": import_probe}
