# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime
import re
import time

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import clean, duration
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import idle
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.options import OptionError, refuse_short, refuse_users
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import plain
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import (
    advice, classify, path, signatures, verdicts,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.summary import summarise
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import ERROR, FAIL

_NO_PYTHON = ("Python was not found on this host (%s): set ansible_python_interpreter for it, or probe with the kit (verify_by: kit), which looks for other "
              "Pythons")
#: Options that are not sent to the host.
_OURS = ("baseline", "path", "signatures", "features", "levels", "wait", "wait_interval", "evidence")


def _may_pass(result: dict) -> bool:
    """Whether the change may be temporary. A host that was seen open once, or not inspected once, is so, however often it is probed."""
    moved = [set(check["flags"]) for check in result.get("checks", []) if "regressed" in check["flags"]]
    return bool(moved) and not any(flags & {"newly_open", "no_longer_inspected"} for flags in moved)


def _lacks(interpreter: str, result: dict) -> bool:
    """Whether the shell of a host, or sudo, did not find the interpreter that Ansible chose for it."""
    said = "%s\n%s" % (result.get("module_stderr", ""), result.get("module_stdout", ""))
    return bool(interpreter) and bool(re.search(re.escape(interpreter) + ": (No such file or directory|not found|command not found)", said))


class ActionModule(ActionBase):
    """Sends the probes to the host and judges the result: tables are never sent to hosts."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        return self.judged(task_vars)

    def judged(self, task_vars) -> dict:
        """The results with the arguments of the task, and their verdict."""
        _spec, ours = self.validate_argument_spec(argument_spec=dict(
            dict.fromkeys(set(self._task.args) - set(_OURS), dict(type="raw")),
            baseline=dict(type="dict"),
            path=dict(type="dict"),
            signatures=dict(type="list", elements="dict", default=[]),
            features=dict(type="list", elements="str", default=[]),
            levels=dict(type="list", elements="str", choices=["required", "optional", "telemetry"], default=["required", "optional"]),
            wait=dict(type="float", default=0),
            wait_interval=dict(type="float", default=5),
            evidence=dict(type="bool", default=False),
        ))
        args = {name: value for name, value in self._task.args.items() if name not in _OURS}
        try:
            refuse_users(args)
            refuse_short(plain(args))
            table = signatures.load(plain(ours["signatures"]))
            if ours["path"]:
                path.check(plain(ours["path"]))
        except (OptionError, path.PathError, signatures.SignatureError) as error:
            raise AnsibleActionFail("reachability_info: %s" % error) from error
        return self._until_it_passes(args, dict(ours, table=table), task_vars)

    def _until_it_passes(self, args: dict, ours: dict, task_vars) -> dict:
        """Probe, and probe again on new connections while something that has to pass fails and there is time."""
        host, began = (task_vars or {}).get("inventory_hostname", "the host"), time.monotonic()
        waits = idle.announced(plain(args["probes"]), float(args.get("deadline") or 60))
        if waits:
            Display().display("%s: a probe run %s" % (host, waits))
        again = bool(waits)
        while True:
            result = self._look(args, ours, task_vars)
            left = ours["wait"] - (time.monotonic() - began)
            if not again and _may_pass(result):
                again = True
                Display().display("%s: something changed, maybe only for a moment. Probing again in %s" % (host, duration(ours["wait_interval"])))
                time.sleep(ours["wait_interval"])
                continue
            if left <= 0 or "checks" not in result or not self._may_pass_yet(result):
                return result
            pause = min(ours["wait_interval"], left)
            Display().display("%s: %s. Probing again in %s, for up to %s" % (
                host, result["summary"]["message"], duration(pause), duration(left)))
            time.sleep(pause)

    def _look(self, args: dict, ours: dict, task_vars) -> dict:
        result = plain(self._seen(args, task_vars))
        if result.get("failed") or "observations" not in result:
            return clean(result)
        observations = result.pop("observations")
        checks = classify.classify(plain(args["probes"]), observations, result["roots"]["date"], ours["table"], datetime.date.today())
        if result.get("host"):
            result["host"]["clock_skew_s"] = advice.clock_skew(result["host"], observations)
        if ours["baseline"]:
            verdicts.apply_baseline(checks, plain(ours["baseline"]).get("checks", []))
        result["summary"] = summarise(checks, ours["features"], ours["levels"])
        if ours["path"]:
            result["path"] = path.judge(plain(ours["path"]), checks, (plain(ours["baseline"]) or {}).get("checks", []))
            if not result["path"]["proven"]:
                result["summary"] = dict(path.unproven(result["summary"]), message="%s. %s" % (result["summary"]["message"], result["path"]["message"]))
        for check in checks:
            seen = check.pop("observations")
            if ours["evidence"]:
                check["observations"] = seen
        return clean(dict(result, checks=checks, notes=advice.notes(result.get("host"), checks)))

    def _seen(self, args: dict, task_vars) -> dict:
        """The host's observations, without a verdict."""
        result = self._execute_module("netaccess.chatgpt.reachability_info", module_args=dict(args), task_vars=task_vars)
        interpreter = str(self._used_interpreter or "").lstrip("!#")
        if result.get("failed") and _lacks(interpreter, result):
            result["msg"] = _NO_PYTHON % interpreter
        return result

    def _may_pass_yet(self, result: dict) -> bool:
        """Whether more time can help: something fails, and no host that must stay blocked is open."""
        return result["summary"]["verdict"] in (FAIL, ERROR) and not any("regressed" in check["flags"] for check in result["checks"])
