# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib

from ansible.errors import AnsibleActionFail
from ansible.utils.display import Display

from ansible_collections.netaccess.chatgpt.plugins.action import reachability_info
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import plain
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import gate, outcome, placeholders, proof, record
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change.variables import Variables
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.core import trust_as_template
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.hosts import errand
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import symptoms, verdicts

#: Options of reachability_info whose variable is not verify_<option>, or that have a different default here.
_NAMES = {"path": "netaccess_path"}
_DEFAULTS = {"wait": 30, "wait_interval": 5, "timeout": 10, "deadline": 60, "consecutive": 1, "features": [], "levels": ["required", "optional"],
             "evidence": False, "signatures": []}
_OPTIONS = ("probes", "proxy", "proxy_user", "proxy_password", "source_address", "ca_path", "resolve", "path", "pac_url", "resolver", *_DEFAULTS)
#: The default checks: everything, or for a symptom what it depends on.
_PROBES = "{{ lookup('netaccess.chatgpt.endpoints', features=%r) }}"


class ActionModule(reachability_info.ActionModule):
    """Probes from a host, its own or a delegated one, with the variables of that host, and judges the results. It never fails."""

    def run(self, tmp=None, task_vars=None):
        super(reachability_info.ActionModule, self).run(tmp, task_vars)
        _spec, args = self.validate_argument_spec(argument_spec=dict(
            phase=dict(type="str", choices=["baseline", "after"], required=True),
            stage=dict(type="dict", default={}),
            reverted=dict(type="bool", default=False),
        ))
        device = task_vars["inventory_hostname"]
        host = self._task.delegate_to or device
        values = Variables(self._templar, task_vars, host)
        # A host whose variables cannot be read, such as a placeholder, is not probed.
        known = record.guarded(lambda: self._known(values, task_vars, args, host))
        expect, baseline = known.get("expect", proof.OPEN), known.get("baseline")
        self._reverted, self._before = args["reverted"], (baseline or {}).get("checks") or []
        waits = args["phase"] == "after" and (expect == proof.OPEN or args["reverted"])
        result = record.guarded(lambda: self._looked(values, task_vars, baseline, waits)) if "expect" in known else known
        result = dict(record.recorded(result), changed=False)
        if args["phase"] == "after" and host == device:
            self._say(host, expect, result, baseline, bool(values.get("verify_whole_table", False)))
            why = proof.problem(host, expect, result, baseline)
            result.update({"problem": why} if why else {})
        if result.get("recorded"):
            Display().display("%s: not probed: %s" % (host, " ".join(str(result.get("msg")).split())))
        if values.get("verify_report_dir"):
            record.write(values.get("verify_report_dir"), host, "-before.json" if args["phase"] == "baseline" else "-after.json", result)
        return result

    def _known(self, values: Variables, task_vars: dict, args: dict, host: str) -> dict:
        """{"expect", "baseline"}: what the host has to see, and the result that a later one is compared with, or None."""
        # First: what else refers to it would name another variable.
        values.get(placeholders.ADDRESS)
        baseline = outcome.baseline(values, self._of_device(values, task_vars), host) if args["phase"] == "after" else None
        return {"expect": outcome.expected(values, plain(args["stage"])), "baseline": baseline}

    def _of_device(self, values: Variables, task_vars):
        """The variables of the device in front of the host; those of the task's host if it names no device."""
        device = (values.get("netaccess_path") or {}).get("device")
        return task_vars["hostvars"].raw_get(device) if device in task_vars["hostvars"] else Variables(self._templar, task_vars)

    def _looked(self, values: Variables, task_vars, baseline: dict | None, waits: bool) -> dict:
        options = dict(_DEFAULTS, **values.given({option: [_NAMES.get(option, "verify_%s" % option)] for option in _OPTIONS}))
        if "probes" not in options:
            asked = symptoms.features(values.get("diagnose_symptom") or "")
            options["probes"] = plain(self._templar.template(trust_as_template(_PROBES % asked)))
        # The result of the last change of the device in front of this host: it may take a while until it is in force everywhere.
        arrival = outcome.arrival(values, task_vars, self._reverted)
        options["wait"] = 0 if not waits else arrival if self._reverted else max(float(options["wait"]), arrival)
        self._task.args = dict(options, **({"baseline": baseline} if baseline else {}))
        with self._way(values) as self._errand:
            return self.judged(task_vars)

    def _way(self, values: Variables) -> contextlib.AbstractContextManager:
        """How to probe: with the module or, if Ansible's modules cannot run on the host, with the probe kit."""
        said, is_windows = values.get("verify_by"), getattr(self._connection._shell, "_IS_WINDOWS", False)
        if said not in (None, *gate.OF_HOSTS["verify_by"]):
            raise AnsibleActionFail("verify_by is %r; it must be %s" % (said, " or ".join(gate.OF_HOSTS["verify_by"])))
        if said == "module" or said is None and not is_windows:
            return contextlib.nullcontext()
        return errand.Errand(self, values.given({option: ["probe_host_%s" % option] for option in errand.OPTIONS}))

    def _seen(self, args: dict, task_vars) -> dict:
        return self._errand.look(args) if self._errand else super()._seen(args, task_vars)

    def _may_pass_yet(self, result: dict) -> bool:
        """After a rollback nothing has to be open: more time can help while a result differs from the baseline."""
        if not self._reverted:
            return super()._may_pass_yet(result)
        found = verdicts.compare(self._before, result["checks"])
        return bool(found["fixed"] or found["regressed"])

    @staticmethod
    def _say(host: str, expect: str, result: dict, baseline: dict | None, whole: bool) -> None:
        """Prints the table; for a host outside the audience a blocked feature is as expected."""
        if "checks" in result and (expect == proof.OPEN or whole):
            Display().display(verdicts.table({host: result}, {host: baseline or {}}, brief=not whole).rstrip())
