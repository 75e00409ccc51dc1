# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime
import os
import re
import uuid
from pathlib import Path

from ansible import context
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible.utils.vars import load_extra_vars

from ansible_collections.netaccess.chatgpt.plugins.action import report, service_status_info
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import lacking, plain
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import (
    baselines, gate, names, outcome, preflight, proof, record, summary, window,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change.variables import JOURNALS, Variables
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.plan import taken_over
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.register import RegisterError, read as read_register
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.report import left_out
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import verdicts
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import PASS

_STATUS = ("url", "path", "proxy", "ca_path")


def mounts(table: Path = Path("/proc/self/mounts")) -> dict:
    """{mount point: type of its file system} of this controller; none if the system does not report them. A later mount hides an earlier one.

    The table writes a blank, a tab, a line feed and a backslash in octal (getmntent(3)).
    """
    try:
        lines = [line.split() for line in table.read_text(encoding="utf-8", errors="surrogateescape").splitlines()]
    except OSError:
        return {}
    return {re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), fields[1]): fields[2] for fields in lines if len(fields) > 2}


def _now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class ActionModule(ActionBase):
    """The decisions of a change, one step for each. They read what the run left in variables and return what comes next; they change no device."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        steps = {"begin": self._begin, "gate": self._gate, "preflight": self._preflight, "batch": self._batch, "prove": self._prove, "stage": self._stage,
                 "together": self._together, "conclude": self._conclude, "say": self._say}
        _spec, args = self.validate_argument_spec(argument_spec=dict(
            step=dict(type="str", choices=list(steps), required=True),
            stage=dict(type="dict", default={}),
            looks=dict(type="list", elements="dict", default=[]),
            reverted=dict(type="bool", default=False),
            mode=dict(type="str", choices=["audit", "change"]),
            dest=dict(type="path"),
            within=dict(type="list", elements="str"),
            text=dict(type="str"),
        ))
        self._args, self._task_vars = plain(args), task_vars
        self._name, self._vars, self._fleet = task_vars["inventory_hostname"], Variables(self._templar, task_vars), outcome.Fleet(task_vars, args["within"])
        self._check = bool(self._task.check_mode)
        return dict(steps[args["step"]](), changed=False)

    def _gate(self) -> dict:
        """Check the settings before the change, and whether the run may begin. All journals of this run share the mark."""
        self._begin()
        found = self._asked(self._check)
        behind, here = self._fleet.behind(), set(self._task_vars["ansible_play_hosts_all"])
        refused = found["refused"] + gate.mapped(self._fleet.devices, behind, bool(self._vars.get("require_proof", False)))
        refused += gate.strays(behind, self._fleet.every_device)
        refused += gate.misread({host: {name: self._fleet.variable(host, name) for name in gate.OF_HOSTS} for host in self._fleet.every_host})
        refused += [] if self._check else gate.fleeting(self._journals(), os.environ, mounts())
        refused += names.wrong({name: value for name in names.TYPES if (value := self._vars.get(name)) is not None})
        refused += names.unknown(self._fleet.names(), self._vars.get("netaccess_other_variables", []))
        if refused:
            raise AnsibleActionFail("%s. Nothing was changed" % "; ".join(refused))
        for text in found["said"]:
            Display().display(text)
        left_out = {name: [host for host in hosts if host not in here] for name, hosts in behind.items()}
        return {"started": _now(), "mark": str(uuid.uuid4()), "behind": behind, "left_out": left_out}

    def _journals(self) -> dict:
        """{device: the folder of its journals}, for devices whose module runs on this controller."""
        here = [name for name in self._fleet.devices if str(self._fleet.variable(name, "ansible_connection")).rpartition(".")[2] == "local"]
        return {name: str(Path(str(self._fleet.variable(name, "access_journal", JOURNALS))).expanduser().resolve()) for name in here}

    def _asked(self, check: bool) -> dict:
        """What the settings of the run and of its devices say about whether it may begin now; see ``gate.judge``."""
        devices = {name: gate.settings(lambda variable, name=name: self._fleet.variable(name, variable)) for name in self._fleet.devices}
        return gate.judge(devices, gate.settings(self._vars.get), check, datetime.datetime.now(datetime.timezone.utc))

    def _begin(self) -> dict:
        """From here on the folder has this run's report or none. Settings that make a report impossible stop the run before it changes anything."""
        without = lacking() or self._fleet.unfilled()
        refused = [without] if without else gate.unread(self._fleet.written(), self._task_vars, load_extra_vars(self._loader))
        refused += gate.empty(self._fleet.given(gate.NEVER_EMPTY))
        if refused:
            raise AnsibleActionFail("%s. Nothing was changed" % "; ".join(refused))
        dest = self._args["dest"]
        if dest:
            report.begin(report.place(self._fleet.left_out(), dest), self._vars.get("change"))
        report.check(self._about("audit"))
        return {"started": _now()}

    def _preflight(self) -> dict:
        """Whether a change may begin, from check runs on the devices and probes from the hosts."""
        path, required = self._vars.get("audit_register"), bool(self._vars.get("require_register", False))
        if required and not path:
            raise AnsibleActionFail("require_register is set, but audit_register is not: set it to the register of exemptions")
        try:
            register = read_register(Path(str(path)).expanduser()) if path else None
        except RegisterError as error:
            raise AnsibleActionFail("audit_register: %s" % error) from error
        refused = self._asked(False)["refused"]
        previews = {name: record.outcome(plain(self._fleet.registered(name, "access_preview"))) for name in self._fleet.devices}
        looks = {host: look["before"] for host, look in self._fleet.hosts().items()}
        found = preflight.judge(previews, looks, register, datetime.date.today(), required, self._service(),
                                str(self._vars.get("netaccess_kept_apart_by") or ""), self._vars.get("netaccess_run", {}).get("behind"), refused)
        Display().display("\n".join(preflight.lines(found)))
        return found

    def _service(self) -> dict:
        """The service's own status. If it is unknown, it explains nothing."""
        given = self._vars.given({option: ["netaccess_status_%s" % option] for option in _STATUS})
        found = record.guarded(lambda: service_status_info.look(given))
        return {"state": "unknown", "message": "the status page of the service cannot be read: %s" % found["msg"]} if found.get("failed") else found

    def _batch(self) -> dict:
        """{device: why it is not started}: those that the preflight stopped, and all of them after too many devices failed."""
        stops = dict((self._vars.get("netaccess_preflight_verdict") or {}).get("stops") or {})
        begun = [name for name in self._fleet.devices if name in stops or self._fleet.registered(name, "access_result")]
        failed = [name for name in begun if self._fleet.trouble(name, stops, False)]
        if len(failed) > int(self._vars.get("netaccess_max_failures", 0)):
            stops.update({name: "more devices failed or were stopped than netaccess_max_failures allows" for name in self._fleet.devices if name not in begun})
        return {"stops": stops}

    def _prove(self) -> dict:
        """What the hosts behind a device prove about its change, and whether it is rolled back."""
        policy, (journal, _older) = self._vars.get("on_failure", proof.REVERT_IF_REGRESSED), outcome.way_back(self._vars)
        found = record.guarded(self._proven)
        if found.get("failed"):
            # The effect of the change is unknown, so it is treated as harm.
            found = {"verdict": "unverified", "harm": True, "moved": {}, "expectations": {},
                     "message": "the results of the probe hosts cannot be evaluated: %s" % found["msg"]}
        said = outcome.as_before(found) if self._args["reverted"] else found["message"]
        Display().display("%s: %s" % (self._name, said))
        # Results are compared with those before the oldest unproven change: all unproven changes are proven together, or rolled back.
        return dict(found, said=said, take_back=proof.taken_back(found, policy, journal), proven=bool(journal) and found["verdict"] == PASS)

    def _proven(self) -> dict:
        looks = {look["item"]: record.outcome(look) for look in self._args["looks"]}
        expectations, baselines = {}, {}
        for host in looks:
            values = Variables(self._templar, self._task_vars, host)
            expectations[host] = outcome.expected(values, self._args["stage"], self._args["reverted"])
            baselines[host] = outcome.baseline(values, self._vars, host) or {}
        found = verdicts.proof(looks, baselines, expectations)
        if found["harm"]:
            # The service may have an incident. The status page is read only if that could explain the result.
            found = verdicts.proof(looks, baselines, expectations, self._service())
        return dict(found, expectations=expectations)

    def _stage(self) -> dict:
        """Whether the next stage of a rollout begins, and the journal for a rollback of the last stage that wrote."""
        result, found, before = self._vars.get("access_result") or {}, self._fleet.proof(self._name), self._vars.get("netaccess_stage") or {}
        journal = result.get("journal") or before.get("journal")
        over = outcome.stage_over(before)
        if over:
            # No later stage was started, so the result is about the previous one.
            return {"over": over, "journal": journal}
        if result.get("recorded") or result.get("failed"):
            return {"over": str(result.get("msg")), "journal": journal}
        over = proof.stage_over(found, found.get("expectations") or {}, self._args["stage"], self._name)
        return {"over": over, "journal": journal}

    def _together(self) -> dict:
        """The combined result of the hosts of this play."""
        hosts = self._task_vars["ansible_play_batch"]
        results = {host: record.outcome(plain(self._fleet.registered(host, "verify_result"))) for host in hosts}
        expect = {host: self._fleet.variable(host, "verify_expect", proof.OPEN) for host in hosts}
        found = verdicts.aggregate(results, expect, self._task_vars["groups"].get(outcome.DEVICES, []))
        if all(word == "unreachable" for word in found["hosts"].values()):
            raise AnsibleActionFail(found["message"])
        Display().display(found["message"])
        # Ansible gives the key unreachable of a result a special meaning.
        return {("not_reached" if key == "unreachable" else key): value for key, value in found.items()}

    def _compared(self, hosts: dict, dest: str | None, audit: bool) -> dict:
        """The results of the hosts; those of an audit judged by the stored baselines. What is proven now is stored for later audits."""
        named = self._vars.get("netaccess_baselines") or (dest and str(Path(dest) / baselines.FILE))
        if not named:
            return hosts
        path, now, why = Path(named).expanduser(), datetime.datetime.now(datetime.timezone.utc), None
        try:
            kept = baselines.read(path)
        except baselines.BaselineError as error:
            kept, why = {}, str(error)
            Display().warning("netaccess_baselines: %s" % why)
        if audit:
            max_age = float(self._vars.get("audit_baseline_max_age", baselines.MAX_AGE))
            hosts = {name: dict(looks, after=baselines.compare(looks["after"], kept.get(name), now, max_age, why)) for name, looks in hosts.items()}
        renewed = baselines.renewed(kept, hosts, _now())
        if renewed != kept:
            try:
                baselines.write(path, renewed)
            except OSError as error:
                Display().warning("netaccess_baselines: %s cannot be written: %s" % (path, error.strerror))
        return hosts

    def _about(self, mode: str) -> dict:
        """The report's settings, from the variables."""
        found = self._vars.given({"change": ["change"], "register": ["audit_register"], "strict": ["audit_strict"], "signing_key": ["audit_signing_key"],
                                  "plans_valid_for": ["audit_plans_valid_for"], "title": ["audit_title"]})
        if isinstance(found.get("strict"), str):
            # Split like a list that is passed with -e.
            found["strict"] = [name.strip() for name in found["strict"].split(",")]
        began = (self._vars.get("netaccess_run") or self._vars.get("audit_begun") or {}).get("started")
        now = datetime.datetime.fromisoformat(began.replace("Z", "+00:00")) if began else datetime.datetime.now(datetime.timezone.utc)
        windows, folders = (self._of_each(variable) for variable in ("change_window", "access_journal"))
        return dict(found, mode=mode, left_out=self._fleet.left_out(), started=began, ended=_now(), window=window.described(windows, now),
                    journals={name: str(folder or JOURNALS) for name, folder in folders.items() if not isinstance(folder, AnsibleError)},
                    inventories=self._task_vars.get("ansible_inventory_sources"), asked=record.asked(context.CLIARGS))

    def _of_each(self, variable: str) -> dict:
        """{device: its value, or the error where it cannot be read}: a report is made of what is known, also after a change."""
        found: dict = {}
        for name in self._fleet.devices:
            try:
                found[name] = self._fleet.variable(name, variable)
            except AnsibleError as error:
                found[name] = error
        return found

    def _conclude(self) -> dict:
        """The verdict of the run, the report if a folder is named, and which hosts count as failed."""
        stops = self._fleet.stops()
        audit = self._args["mode"] == "audit" or (self._check and self._args["mode"] is None)
        devices = {name: self._fleet.device(name, stops, audit) for name in self._fleet.devices}
        dest = self._args["dest"] or self._vars.get("netaccess_report_dir")
        hosts = self._compared(self._fleet.hosts(audit), dest, audit)
        args, unwritten = self._about("audit" if audit else "change"), None
        dest = dest and report.place(left_out(devices, hosts, args["left_out"]), dest)
        try:
            found = report.make(devices, hosts, dict(args, dest=dest))
        except AnsibleActionFail as error:
            # What changed, and how to undo it, is printed in any case. A register may have gone since the run began.
            found, dest, unwritten = report.make(devices, hosts, dict(args, register=None, dest=None)), None, error
        if dest:
            try:
                report.write(found, dest, args.get("signing_key"))
            except AnsibleActionFail as error:
                dest, unwritten = None, error
        verdict = found["verdict"]
        troubles = {name: self._fleet.trouble(name, stops, audit) for name in self._fleet.devices}
        troubles.update({host: outcome.unwell(look) for host, look in hosts.items() if not audit})
        proofs = {name: self._fleet.proof(name) for name in devices}
        troubles = {name: why for name, why in troubles.items() if why}
        said = summary.lines(devices, proofs, verdict, dest=dest, audit=audit, unwell={name: troubles[name] for name in hosts if name in troubles},
                             where=taken_over(args["inventories"], args["asked"]), about=found)
        if not audit:
            for name, why in report.unforgiven(found, args.get("strict") or []):
                troubles.setdefault(name if name in self._task_vars["ansible_play_hosts_all"] else self._name, why)
        if unwritten or not troubles or self._args["mode"] == "audit":
            # The last step of a change prints it, after everything that failed. An audit has no such step.
            Display().display("\n".join(said))
        if unwritten:
            raise unwritten
        # A notification shows the summary. AWX and ansible-rulebook use the verdict, and carry out only the plans of this audit.
        text = "\n".join(said)
        handed = dict({"netaccess_verdict": dict(verdict, summary=text)}, **(report.plans(found) if audit else {}))
        stats = {"data": handed, "per_host": False, "aggregate": True}
        return {"verdict": verdict, "troubles": troubles, "summary": text, "dest": dest, "handed": handed, "ansible_stats": stats}

    def _say(self) -> dict:
        """Prints a text, by default the last lines of a run in which something failed. Unlike a debug task it also prints with display_ok_hosts = false."""
        text = self._args["text"] or self._vars.get("netaccess_outcome", {}).get("summary") or ""
        Display().display(text)
        return {"summary": text}
