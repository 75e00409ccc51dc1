# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import PLAN_CHANGED
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import duration
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import plain
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import device, gate, outcome, placeholders, record, rollout
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change.variables import JOURNALS, PRODUCTS, Variables, options_of
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change.window import WindowError
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.core import trust_as_template, warned

_MODULE = "netaccess.chatgpt.%s_access"
_GROUP = "group/netaccess.chatgpt.all"
_POLICY = trust_as_template("{{ lookup('netaccess.chatgpt.policy') }}")
_UNREVIEWED = ("netaccess_plans has no reviewed plan for this device: the audit did not read it, or left it out. Nothing was changed. Run the audit again "
               "and have its plan reviewed, or leave the device out with --limit")

_NO_JOURNAL = ("netaccess_journal is not set: give the journal that the run printed, or the folder of the journals to undo the newest change of the device: "
               "-e netaccess_journal=PATH -l %s. Nothing was changed")


class ActionModule(ActionBase):
    """Runs the access module of the device's product with the device's variables."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _spec, self._args = self.validate_argument_spec(argument_spec=dict(
            state=dict(type="str"),
            journal=dict(type="path"),
            series=dict(type="str"),
            stage=dict(type="dict", default={}),
            rollout=dict(type="bool", default=False),
            quiet=dict(type="bool", default=False),
            record=dict(type="bool", default=False),
            prove=dict(type="bool", default=False),
            own=dict(type="bool", default=False),
        ))
        self._args, self._writing = plain(self._args), False
        self._name, self._vars, self._task_vars = task_vars["inventory_hostname"], Variables(self._templar, task_vars), task_vars
        self._older: list = []
        if self._args["journal"] == "":
            # The playbook rollback asks for one; without one the module would take the newest of its default folder.
            raise AnsibleActionFail(_NO_JOURNAL % self._name)
        if not self._args["record"]:
            return self._work(task_vars)
        result = record.guarded(lambda: self._work(task_vars))
        if self._writing and (result.get(record.UNREACHABLE) or result.get(record.FAILED)) and not result.get("failure"):
            # Only its journal and the hosts behind the device know what it left.
            said, folder = str(result.get("msg")).rstrip("."), self._vars.get("access_journal", JOURNALS)
            result = {record.UNREACHABLE: True, "msg": "it ended without an answer: %s. If it wrote anything, the journal is in %s, and the next run "
                                                       "on %s lists it" % (said, folder, self._name)}
        if result.get("failed") or result.get("unreachable"):
            Display().display("%s: FAILED: %s" % (self._name, result.get("msg")))
        return record.recorded(result, self._args["quiet"])

    # -- what is to be done

    def _work(self, task_vars) -> dict:
        self._vars.get(placeholders.ADDRESS)
        plans, state = self._vars.get("netaccess_plans"), self._state()
        ended = gate.plans_ended(self._vars.get("netaccess_plans_about"), datetime.datetime.now(datetime.timezone.utc))
        if self._bound(state, self._args["stage"]) and ended:
            return self._kept({"failed": True, "msg": ended, "failure": {"class": PLAN_CHANGED, "applied": [], "undone": [], "journal": None}})
        if self._bound(state, self._args["stage"]) and not (plans.get(self._name) or self._vars.get("access_expected_plan")):
            return self._kept({"failed": True, "msg": _UNREVIEWED,
                               "failure": {"class": PLAN_CHANGED, "applied": [], "undone": [], "journal": None}})
        return self._stages(task_vars) if self._args["rollout"] else self._device(state, task_vars)

    def _device(self, state: str, task_vars) -> dict:
        if state in device.WRITES and not self._task.check_mode:
            self._gate()
        if self._args["own"]:
            # The change of this run, and earlier unproven ones.
            self._args["journal"], self._older = outcome.way_back(self._vars)
        nothing = self._args["own"] and self._args["journal"] is None
        result = {"changed": False, "summary": "this run wrote nothing"} if nothing else self._module(self._options(state), task_vars)
        if state == "reverted":
            # A rollout has a journal for each stage; a check run has rolled back nothing, so the earlier stages are unknown.
            older = list(self._older)
            while not (result.get("failed") or self._task.check_mode) and (result.get("earlier") or older):
                self._tell(result)
                following = result["earlier"][0] if result.get("earlier") else older[0]
                older = [path for path in older if path != following]
                back = self._module(dict(self._options(state), journal=following), task_vars)
                baseline = back.get("baseline") or result.get("baseline")
                result = dict(back, changed=bool(result.get("changed") or back.get("changed")), **({"baseline": baseline} if baseline else {}))
            result["behind"] = self._witnesses(result.get("baseline") or {})
        if not result.get("failed") and not result.get("unreachable"):
            self._tell(result)
        return self._kept(result)

    def _witnesses(self, baseline: dict) -> list:
        """The hosts behind the device that can confirm a rollback. It needs none: a fault on one is no reason to stop it."""
        try:
            behind = outcome.Fleet(self._task_vars).behind().get(self._name, []) if baseline else []
        except AnsibleError as error:
            Display().warning("%s: cannot check with probe hosts that the previous behaviour is restored: %s" % (self._name, error))
            behind = []
        return [host for host in behind if host in baseline]

    def _state(self) -> str:
        return self._args["state"] or self._vars.get("access_state", "merged")

    def _bound(self, state: str, stage: dict) -> bool:
        """Whether a reviewed plan binds this run. A rollback follows its journal, not a plan; an early stage is part of the plan."""
        return self._vars.get("netaccess_plans") is not None and state not in ("reverted", "proven") and not stage

    def _stages(self, task_vars) -> dict:
        """Which stages of its rollout are left for the device: what it holds of ours, and what a check run of each stage would change."""
        wanted = self._vars.get("rollout")
        try:
            asked = rollout.stages(wanted)
            held = self._module(self._options("gathered"), task_vars)
            plans = [held]
            for stage in asked:
                # The last stage is the whole plan, which is the reviewed one.
                plans.append(self._module(self._options(self._state(), {} if stage["last"] else stage), task_vars))
            failed = next((one for one in plans if one.get("failed") or one.get("unreachable")), None)
            if failed:
                return failed
            begin = self._vars.get("rollout_stage")
            found = rollout.stages(wanted, begin)
            changes = [one["changes"] for one in plans[1:]]
            return {"changed": False, "stages": found if begin is not None else rollout.remaining(found, changes, bool(held["gathered"]))}
        except rollout.RolloutError as error:
            raise AnsibleActionFail(str(error)) from error

    def _gate(self) -> None:
        """:raises AnsibleActionFail: if nothing may be written now."""
        get, change = self._vars.get, self._vars.get("change", {})
        why = device.odd(change) or device.refused(change, get("access_comment"), bool(get("access_require_change", True)))
        unset = {"change_window": None} if self._vars.empty("change_window") else {}
        why = why or "; ".join(gate.empty({self._name: unset}))
        if why:
            raise AnsibleActionFail("%s. Nothing was changed" % why)
        try:
            # As reported by the preflight, or by an earlier run of the role in the same play.
            arrival = max(float((get(name) or {}).get("propagation") or 0) for name in ("access_preview", "access_result"))
            needs = device.needed(float(get("access_timeout", 600)), arrival, float(get("access_proof_time", 120)))
            closed, said = device.closed(get("change_window"), change, needs, datetime.datetime.now(datetime.timezone.utc))
        except (WindowError, ValueError) as error:
            raise AnsibleActionFail("change_window: %s" % error) from error
        if closed:
            raise AnsibleActionFail("%s. Nothing was changed" % closed)
        text = "%s: starting the change; it waits up to %s for locks and activation. After an interruption, run the same command again" % (
            self._name, duration(float(get("access_timeout", 600))))
        Display().display("\n".join([text] + ["%s: %s" % (self._name, said)] * bool(said)))

    # -- the module

    def _options(self, state: str, stage: dict | None = None) -> dict:
        """The module's options: the variables; the values of this task, the change and a reviewed plan override them."""
        get, product = self._vars.get, self._vars.get("access_product")
        if product not in PRODUCTS:
            raise AnsibleActionFail("access_product is %s; it must be one of %s" % (product or "not set", ", ".join(PRODUCTS)))
        # The last stage of a rollout is the final state.
        stage = self._args["stage"] if stage is None else stage
        people = stage or (get("rollout") or [{}])[-1]
        options = self._vars.given(options_of(product))
        options.update(state=state, **self._policy(state))
        options.update({key: self._args[key] for key in ("journal", "series") if self._args[key]})
        comment = device.record(get("change", {}), people.get("name"))
        options.update({key: value for key, value in (("comment", comment), ("audience", people.get("audience"))) if value})
        if stage:
            options["stage"] = stage["name"]
        if get("rollout") and not stage:
            options["plan_context"] = {"rollout": get("rollout")}
        if self._args["prove"] and state in device.WRITES:
            options["baseline"] = self._before()
        if self._bound(state, stage) and "expected_plan" not in options:
            options["expected_plan"] = get("netaccess_plans").get(self._name)
        return dict(self._defaults(_MODULE % product), **options)

    def _policy(self, state: str) -> dict:
        """The policy. A rollback uses the journal: a broken catalogue must not stop it."""
        try:
            return {"config": self._vars.get("access_policy") or plain(self._templar.template(_POLICY))}
        except AnsibleError as error:
            if state != "reverted":
                raise
            Display().warning("%s: rolled back without the policy: %s" % (self._name, error))
            return {}

    def _before(self) -> dict:
        """What the hosts behind the device saw before the change: its journal keeps it until the change is proven."""
        hosts = (self._vars.get("netaccess_run") or {}).get("behind", {}).get(self._name, [])
        return outcome.kept({host: outcome.before(Variables(self._templar, self._task_vars, host), self._vars, host) for host in hosts})

    def _defaults(self, module: str) -> dict:
        """The module_defaults of the play for this module: Ansible applies them only to tasks that name it."""
        found: dict = {}
        for defaults in self._task.module_defaults or []:
            for name in (_GROUP, module):
                found.update(self._templar.template(defaults.get(name) or {}))
        return plain(found)

    def _module(self, options: dict, task_vars) -> dict:
        product = self._vars.get("access_product")
        self._writing = options["state"] in device.WRITES and not self._task.check_mode
        result = self._execute_module(module_name=_MODULE % product, module_args=options, task_vars=task_vars)
        if result.get("warnings"):
            result["warnings"] = [warned(one) for one in result["warnings"]]
        return plain(result)

    # -- messages

    def _tell(self, result: dict) -> None:
        if self._args["quiet"]:
            return
        stage, check = self._args["stage"], bool(self._task.check_mode)
        # In the check run of a playbook, the preflight reports once for all devices that they have no lock; an audit writes nothing.
        warned = check and self._args["record"]
        name = self._name + (", stage %(number)s of %(of)s: %(name)s" % stage if stage else "")
        kept_apart = self._vars.get("netaccess_kept_apart_by")
        Display().display("\n".join(device.lines(name, result, check, kept_apart, self._state() == "reverted", warned)))

    def _kept(self, result: dict) -> dict:
        folder = self._vars.get("access_report_dir")
        if folder and self._state() != "proven":
            record.write(folder, self._name, "-access.json", result)
            for name, text in ((result.get("diagnosis") or {}).get("rule_sets") or {}).items():
                record.write(folder, self._name, "-%s.xml" % name, text)
        return result
