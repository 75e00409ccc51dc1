# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is checked before a run touches anything: its window, its change ID, what happens when something goes wrong. Pure."""
from __future__ import annotations

import datetime
from pathlib import PurePosixPath
from typing import Any, Callable, Iterable, Mapping

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change import device, proof
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.change.window import WindowError
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import path

_SETTINGS = ("change", "change_window", "on_failure", "access_state", "access_comment", "access_require_change")


def settings(get: Callable[[str], Any]) -> dict:
    """What the variables of one host say; ``get(variable)`` gives None for one that is not set."""
    return {name: get(name) for name in _SETTINGS}


def mapped(devices: list, behind: dict, required: bool) -> list:
    """Errors in the mapping of probe hosts to devices. ``behind``: {device: [hosts]}; ``required``: each device needs a host that proves its change."""
    found = ["no host of the group netaccess_devices is in this run: check the inventory and --limit"] * (not devices)
    if required:
        found += ["%s: require_proof is set, but no probe host is mapped to this device: set netaccess_path.device on one" % name
                  for name in devices if not behind.get(name)]
    return found


def strays(behind: dict, known: Iterable[str]) -> list:
    """Hosts that name an unknown device in ``netaccess_path``. ``known``: every device of the inventory."""
    known = set(known)
    return ["%s: netaccess_path.device is %s, which is not in the group netaccess_devices" % (", ".join(hosts), name)
            for name, hosts in sorted(behind.items()) if name not in known]


#: Variables of probe hosts, and their valid values; a path has a check of its own.
OF_HOSTS = {"netaccess_path": None, "verify_expect": (proof.OPEN, proof.UNCHANGED), "verify_by": ("kit", "module")}


def misread(hosts: dict) -> list:
    """Invalid variables of probe hosts: a host without a known place or way to probe proves nothing. ``hosts``: {host: {name of OF_HOSTS: value}}."""
    found = []
    for name, said in sorted(hosts.items()):
        found += ["%s: %s is %r; it must be %s" % (name, variable, said[variable], " or ".join(values)) for variable, values in OF_HOSTS.items()
                  if values and said[variable] not in (None, *values)]
        try:
            if said["netaccess_path"] is not None:
                path.check(said["netaccess_path"])
        except path.PathError as error:
            found.append("%s: netaccess_%s" % (name, error))
    return found


#: Settings that a run reads once, so that they have no effect in the variables of devices alone.
ONCE = ("audit_baseline_max_age", "audit_plans_valid_for", "audit_register", "audit_signing_key", "audit_strict", "netaccess_max_failures",
        "netaccess_report_dir", "require_proof", "require_register")
#: Guards for which an empty value would mean that there is none.
NEVER_EMPTY = ("audit_register", "audit_strict", "change_window", "netaccess_plans", "rollout")


def unread(said: dict, run: Mapping, extra: Iterable[str]) -> list:
    """Settings of ONCE that the variables of devices or hosts have and those of the run do not, and batches that Ansible will not make.

    ``said``: {device or host: its variables}, ``run``: those that the run reads, both as they are written; ``extra``: names of extra variables. Ansible
    resolves ``serial`` without the variables of any host.
    """
    found: dict = {}
    for name, values in said.items():
        for setting in (*ONCE, "netaccess_serial"):
            read = setting in extra if setting == "netaccess_serial" else values.get(setting) == run.get(setting)
            if values.get(setting) is not None and not read:
                found.setdefault(setting, []).append(name)
    return ["%s: %s has no effect here, because it is read once for the whole run: set it with -e%s" % (
        ", ".join(names), setting, "" if setting == "netaccess_serial" else ", or in group_vars/all") for setting, names in found.items()]


def empty(said: dict) -> list:
    """Guards that are set and have no value, a sentence each. ``said``: {device or host: {name of NEVER_EMPTY: value}} of those that are set."""
    found: dict = {}
    for name, values in said.items():
        for guard in (guard for guard, value in values.items() if value is None):
            found.setdefault(guard, []).append(name)
    return ["%s: %s is set but has no value: give it one, or delete the line" % (", ".join(names), guard) for guard, names in found.items()]


def plans_ended(about: dict | None, now: datetime.datetime) -> str | None:
    """Why reviewed plans are too old to be carried out; None if they are still valid, or have no end. ``about``: as in plans.json of a report."""
    if not about or not about.get("valid_until"):
        return None
    try:
        until = datetime.datetime.fromisoformat(str(about["valid_until"]).replace("Z", "+00:00"))
        over = until <= now
    except (TypeError, ValueError):
        return "netaccess_plans_about.valid_until is %r, which is not a time, so it is unknown whether the plans are still valid. Nothing was changed" % (
            about["valid_until"],)
    return "the plans of %s expired at %s: run the audit again and have the new plans reviewed. Nothing was changed" % (
        about.get("generated") or "an earlier audit", about["valid_until"]) if over else None


#: {variable that marks a job of a service: the variables of folders that the service removes after the job}.
_JOBS = {"GITHUB_ACTIONS": ("GITHUB_WORKSPACE", "RUNNER_TEMP"), "GITLAB_CI": ("CI_BUILDS_DIR", "CI_PROJECT_DIR"), "AWX_HOST": ("AWX_PRIVATE_DATA_DIR",)}
#: File systems that end with a container or with the machine.
_FLEETING = ("overlay", "ramfs", "tmpfs")


def fleeting(journals: dict, environ: Mapping[str, str], mounts: dict) -> list:
    """Journals that are lost when the job that writes them ends, a sentence each: no rollback would be possible. Only in a job of a known service.

    ``journals``: {device: absolute path of its journals on this controller}; ``mounts``: {mount point: type of its file system}.
    """
    jobs = [mark for mark in _JOBS if environ.get(mark)]
    removed = [name for mark in jobs for name in _JOBS[mark] if environ.get(name)]
    found: dict = {}
    for device, path in journals.items() if jobs else ():
        inside = [name for name in removed if _within(path, environ[name])]
        point = max((point for point in mounts if _within(path, point)), key=len, default=None)
        if inside:
            found.setdefault("%s is in %s, which the service removes after the job" % (path, inside[0]), []).append(device)
        elif mounts.get(point) in _FLEETING:
            found.setdefault("%s is on %s, which ends with the job's container" % (path, mounts[point]), []).append(device)
    return ["%s: the journal would be lost: %s. Set access_journal to a folder that outlives the job" % (", ".join(names), why) for why, names in found.items()]


def _within(path: str, folder: str) -> bool:
    return PurePosixPath(path).is_relative_to(folder)


def judge(devices: dict, run: dict, check: bool, now: datetime.datetime) -> dict:
    """``{"refused": [why the run must not begin], "said": [what to print about its window]}``.

    ``devices``: {name: settings}; ``run``: those of the run as a whole. A run begins for all of its devices or for none. A check run changes nothing, so it
    needs neither window nor number.
    """
    asked, refused, said = devices or {"": run}, {}, {}
    for name, one in asked.items():
        reasons, text = _one(one, check, now)
        for why in reasons:
            refused.setdefault(why, []).append(name)
        said.update({text: name} if text else {})
    # A reason that applies to some devices only names them.
    return {"refused": [why if len(names) == len(asked) else "%s: %s" % (", ".join(names), why) for why, names in refused.items()], "said": list(said)}


def _one(one: dict, check: bool, now: datetime.datetime) -> tuple:
    """([why a run must not begin], what to print about the window or None) by the settings of one device."""
    change, policy, text = one["change"] or {}, one["on_failure"], None
    reasons = ["on_failure is %r; it must be one of %s" % (policy, ", ".join(proof.POLICIES))] * (policy not in (None, *proof.POLICIES))
    odd = device.odd(change)
    if check or odd:
        return reasons + [odd] * bool(odd), None
    if (one["access_state"] or "merged") in device.WRITES:
        reasons.append(device.refused(change, one["access_comment"], one["access_require_change"] is not False))
    try:
        why, text = device.closed(one["change_window"], change, 0, now)
    except WindowError as error:
        why = "change_window: %s" % error
    return [one for one in reasons + [why] if one], text
