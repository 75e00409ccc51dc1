# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run left in the variables of its devices and hosts, and what that means for each of them.

=======================  ======================================================================================================
Variable                 Registered by the playbooks
=======================  ======================================================================================================
``access_preview``       of a device: the check run before the change
``access_result``        of a device: the change
``verify_looks``         of a device: results of the hosts behind it, after its change
``verify_proof``         of a device: the verdict about these
``access_back``          of a device: the rollback; ``verify_looks_back`` and ``verify_proof_back`` are about that
``verify_baselines``     of a device: results before the change, of hosts behind it that a limit leaves out of the run
``verify_baseline``      of a host: its result before the change
``verify_result``        of a host: its result after the change
=======================  ======================================================================================================
"""
from __future__ import annotations

from typing import Any, Iterable, Mapping

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import PLAN_CHANGED
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import plain
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import names, placeholders, proof
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change.record import outcome
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change.variables import JOURNALS, resolved
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.core import AnsibleValueOmittedError, defined, omitted
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import PASS, UNVERIFIED

DEVICES, HOSTS = "netaccess_devices", "netaccess_vantages"


class Fleet:
    """The devices and hosts of a run, with the present values of their variables.

    ``task_vars``: the variables of a task. ``within``: those in the run; by default what ``--limit`` leaves of the play.
    """

    def __init__(self, task_vars: Mapping, within: Iterable[str] | None = None):
        self._all, self._known, self._asked = task_vars["hostvars"], {}, {}
        groups, within = task_vars["groups"], set(within or task_vars["ansible_play_hosts_all"])
        self.devices = [name for name in groups.get(DEVICES, []) if name in within]
        self.every_device, self.every_host = list(groups.get(DEVICES, [])), list(groups.get(HOSTS, []))
        self._within = within

    def registered(self, name: str, variable: str) -> dict:
        """A result that a task of this collection registered; empty where it did not run, or was skipped. Registered results hold no templates."""
        found = self._raw(name).get(variable) or {}
        return {} if found.get("skipped") else found

    def variable(self, name: str, variable: str, default: Any = None) -> Any:
        """A variable of the inventory. One that is set to ``omit`` is not set."""
        return self._values(name, [variable]).get(variable, default)

    def _values(self, name: str, variables: Iterable[str], empty: bool = False) -> dict:
        """{variable: its value} of those that are set, also to nothing if ``empty``."""
        if name not in self._asked:
            self._asked[name] = self._all[name]
        found = {}
        for variable in variables:
            try:
                value = resolved(name, variable, lambda variable=variable: defined(self._asked[name].get(variable)))
            except AnsibleValueOmittedError:
                continue
            if not omitted(value) and (empty or value is not None):
                found[variable] = value
        return found

    def written(self) -> dict:
        """{host: its variables, with templates as they are written} of the devices in the run, and of all probe hosts."""
        return {host: self._raw(host) for host in [*self.devices, *self.every_host]}

    def names(self) -> set:
        """The names of all variables of ``written``."""
        return {name for values in self.written().values() for name in values}

    def given(self, names: Iterable[str]) -> dict:
        """{host: {name: value}} of those of ``names`` that the variables of ``written`` set, also to nothing."""
        return {host: self._values(host, [name for name in names if name in values], empty=True) for host, values in self.written().items()}

    def unfilled(self) -> str | None:
        """Why nothing may be done in this run: placeholders in what is in it, and in the hosts behind its devices. Other parts of a new site may wait."""
        behind = self.behind()
        hosts = [*self.devices, *(host for host in self.every_host if host in self._within or any(host in behind.get(name, []) for name in self.devices))]
        values, known = {host: self._raw(host) for host in hosts}, sorted(names.KNOWN | {placeholders.ADDRESS})
        return placeholders.refused(values, known) or placeholders.unset(values, known)

    def _raw(self, name: str) -> Mapping:
        """Its variables, with templates as they are written."""
        if name not in self._known:
            self._known[name] = self._all.raw_get(name)
        return self._known[name]

    def behind(self) -> dict:
        """{device: [hosts that name it in netaccess_path]}"""
        found: dict = {}
        for host in self.every_host:
            path = self.variable(host, "netaccess_path")
            if isinstance(path, dict) and path.get("device"):
                found.setdefault(path["device"], []).append(host)
        return found

    def stops(self) -> dict:
        """{device: why it was not begun}, as the batches of the run said."""
        return {name: why for device in self.devices for name, why in (self.registered(device, "netaccess_batch").get("stops") or {}).items()}

    def hosts(self, audit: bool = False) -> dict:
        """{host: {"before", "after", "expect"}} of each host that is in the run, or that was probed from the play of its device. An audit probes once."""
        found = {host: {"before": self.registered(host, "verify_baseline"), "after": self.registered(host, "verify_result")}
                 for host in self.every_host if host in self._within}
        for device in self.devices:
            for when, look in [("before", look) for look in self._looks(device, "verify_baselines")] + [
                    ("after", look) for look in self._looks(device, "verify_looks_back") or self._looks(device, "verify_looks")]:
                one = found.setdefault(look["item"], {"before": {}, "after": {}})
                one[when] = one[when] or look
        for host, look in found.items():
            if audit:
                look.update(before={}, after=look["after"] or look["before"])
            look.update({when: outcome(plain(seen)) for when, seen in look.items()}, expect=self.variable(host, "verify_expect", proof.OPEN))
        return found

    def left_out(self) -> dict:
        """What ``--limit`` leaves out of the inventory."""
        return {"devices": [name for name in self.every_device if name not in self.devices],
                "hosts": [name for name in self.every_host if name not in self._within]}

    def _looks(self, device: str, variable: str) -> list:
        return self.registered(device, variable).get("results") or []

    def device(self, name: str, stops: Mapping, audit: bool) -> dict:
        """The result of a device, with what became of it after its module returned it; ``stops``: {device: why it was not begun}."""
        preview, result = (outcome(plain(self.registered(name, variable))) for variable in ("access_preview", "access_result"))
        if audit:
            return preview or result
        if name in stops:
            # If the preflight stopped the device because its plan is not the reviewed one, pipelines need that class.
            changed_plan = (preview.get("failure") or {}).get("class") == PLAN_CHANGED
            return dict(_not_begun(stops[name]), **({"failure": {"class": PLAN_CHANGED}} if changed_plan else {}))
        found = self.proof(name)
        if found.get("take_back"):
            back = self.registered(name, "access_back")
            # What was not rolled back is still there, and the last lines say how to undo it.
            after = self.registered(name, "verify_proof_back")
            return dict(result, failed=True, changed=bool(result.get("changed")) and _unanswered(back),
                        rolled_back=_went_back(back), restored=after.get("verdict") == PASS,
                        # The manual steps of the change itself are not those of its rollback.
                        manual=(result if _unanswered(back) else back).get("manual") or [],
                        msg=_back(found, back, after, bool(result.get("unproven")) and not result.get("changed")))
        # A rollout that stopped has failed, whatever its earlier stages achieved.
        why = found["message"] if found.get("broken") else stage_over(self.registered(name, "netaccess_stage"))
        if why:
            return dict(result, failed=True, msg=why)
        return result or _not_begun("the run ended before")

    def proof(self, name: str) -> dict:
        """What the hosts behind a device proved about its change; empty if none was probed. ``broken``: the task that judges failed."""
        found = self.registered(name, "verify_proof")
        if not found.get("failed"):
            return found
        return {"verdict": UNVERIFIED, "broken": True, "take_back": bool(self.registered(name, "access_back")),
                "message": "the results of the probe hosts were not evaluated: %s" % found.get("msg")}

    def trouble(self, name: str, stops: Mapping, audit: bool) -> str | None:
        """Why a device counts as failed: it was stopped, its change failed, or its hosts do not prove it. None for one that does not."""
        result = self.device(name, stops, audit)
        if result.get("failed") or result.get("unreachable"):
            return "not begun: " * (result.get("begun") is False) + str(result.get("msg") or "no result")
        found = self.proof(name)
        return found["message"] if found and found["verdict"] != PASS else None


def stage_over(stage: Mapping) -> str | None:
    """Why no stage of a rollout begins after one. ``stage``: what was decided about that, empty before the first."""
    if stage.get("failed"):
        return "no decision about the next stage of its rollout: %s" % stage.get("msg")
    return stage.get("over")


def _not_begun(why: str) -> dict:
    """The result of a device that this run did not reach. The result of its check run belongs to another phase."""
    return {"failed": True, "begun": False, "changed": False, "msg": why}


def _unanswered(back: Mapping) -> bool:
    """Whether a task did not do its work."""
    return not back or any(back.get(word) for word in ("recorded", "failed", "unreachable"))


def _went_back(back: Mapping) -> bool | None:
    """Whether a rollback undid something; None if that is unknown, since its task gave no answer. A failure with a class says what it left."""
    if not _unanswered(back):
        return bool(back.get("changed"))
    untouched = bool(back.get("failure")) and not back.get("changed")
    return False if not back or untouched else None


def _back(found: Mapping, back: Mapping, after: Mapping, earlier: bool) -> str:
    """The result of a rollback, and whether every host sees what it saw before. ``earlier``: the change was made by an earlier run."""
    if _unanswered(back):
        outcome = "NOT rolled back" if _went_back(back) is False else "NOT known whether rolled back"
        return "%s: %s. The reason for the rollback: %s" % (outcome, back.get("msg") or "no result", found["message"])
    done = "no rollback was needed" if not back.get("changed") else "rolled back an unproven change of an earlier run" if earlier else "rolled back"
    return "%s: %s. %s" % (done, found["message"], as_before(after))


def as_before(after: Mapping) -> str:
    """What hosts see after a rollback. ``after``: as ``verdicts.proof`` has it; empty if no host was probed."""
    if after.get("verdict") == PASS:
        return "The previous behaviour is restored"
    if after.get("moved"):
        return "The previous behaviour is NOT restored: %s" % after["message"]
    return "Not proven that the previous behaviour is restored: %s" % (after.get("message") or "no probe host reported")


def unwell(look: Mapping) -> str | None:
    """Why the result of a host after a change counts as a failure; None if it does not. ``look``: as ``Fleet.hosts`` has it."""
    if look["after"].get("checks") is None:
        return "not probed after the change: %s" % (look["after"].get("msg") or "no result")
    return look["after"].get("problem")


def expected(host_values, stage: Mapping, reverted: bool = False) -> str:
    """What a host has to see, by its own variables."""
    audience = (host_values.get("netaccess_path") or {}).get("audience", "")
    return proof.expectation(host_values.get("verify_expect", proof.OPEN), audience, stage, reverted)


#: What of a check is needed to compare a later result with it, to show it beside that, and to prove what blocks.
_COMPARED = ("id", "ip_version", "host", "role", "state", "answer", "interception", "verdict", "flags", "egress", "blocked_by", "issuer", "inspected_by")


def unproven(device_values) -> list:
    """The changes of a device that nothing had proven when this run began, as its access module returns them, the newest first."""
    return next((found for found in ((device_values.get(name) or {}).get("unproven") for name in ("access_result", "access_preview")) if found), [])


def way_back(device_values) -> tuple[str | None, list]:
    """(the journal of what this run did on a device, or None; those of earlier unproven changes, which are rolled back after it).

    A run that gave no answer is known to its journal alone, if it did anything: then it is the folder, where the mark of the run tells which.
    """
    result, waiting = device_values.get("access_result") or {}, [one["journal"] for one in unproven(device_values)]
    if any(result.get(word) for word in ("recorded", "failed", "unreachable")):
        journal = device_values.get("access_journal") or JOURNALS
    else:
        journal = result.get("journal") or (device_values.get("netaccess_stage") or {}).get("journal") or next(iter(waiting), None)
    return journal, [path for path in waiting if path != journal]


def baseline(host_values, device_values, host: str) -> dict | None:
    """The result that a later one is compared with: that before the oldest unproven change, else that of this run."""
    kept = [one["baseline"][host] for one in unproven(device_values) if host in one["baseline"]]
    # The journal has the baseline of what was rolled back, also in a run that changed nothing.
    kept += [look for look in [((device_values.get("access_back") or {}).get("baseline") or {}).get(host)] if look]
    return kept[-1] if kept else before(host_values, device_values, host)


def before(host_values, device_values, host: str) -> dict | None:
    """The result before the change: the host's own, or one from the play of its device; None without one."""
    own = host_values.get("verify_baseline") or {}
    if own.get("checks"):
        return own
    looks = (device_values.get("verify_baselines") or {}).get("results") or []
    return next((look for look in looks if look["item"] == host and look.get("checks")), None)


def kept(looks: Mapping) -> dict:
    """What the journal keeps of results before a change, by host, until it is proven."""
    return {host: {"checks": [{name: check.get(name) for name in _COMPARED} for check in look["checks"]]} for host, look in looks.items() if look}


def arrival(host_values, task_vars: Mapping, reverted: bool = False) -> float:
    """Seconds until the last change of the device in front of a host, or its rollback, is in force everywhere; 0 where nothing was changed."""
    device = (host_values.get("netaccess_path") or {}).get("device")
    result = task_vars["hostvars"].raw_get(device).get("access_back" if reverted else "access_result") or {} if device in task_vars["hostvars"] else {}
    return float(result.get("propagation") or 0) if result.get("changed") else 0.0
