# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import datetime
import getpass
import json
import os
import socket
import subprocess
import tempfile
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.release import __version__ as ansible_version
from ansible.utils.display import Display

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import write_atomically
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import CatalogueError, load, plain
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report import report, trend
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.bundle import collection_version
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.register import (
    RegisterError, read as read_register,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.verdict import CLASSES

#: Files of a report. The verdict, the checksums and their signature are about the others: they are removed first and written last.
_NAMES = ["SHA256SUMS.sig", "SHA256SUMS", "verdict.json", *sorted(set(report.FORMS) - {"verdict.json"})]
_TIME = "%Y-%m-%dT%H:%M:%SZ"
#: Where an earlier report is kept after a run has begun and before it has written its own; and the class in the verdict.json of such a run.
_ASIDE, INTERRUPTED = "previous", "interrupted"
#: Hours that a reviewed plan is valid: a week.
_PLANS_VALID_FOR = 168.0
#: Seconds for signing. An agent may ask its owner to touch a key.
_SIGNING = 60
#: What is in a report, or in its commands, as it is given.
_GIVEN = ("change", "started", "ended", "window", "inventories", "asked", "left_out", "dest", "journals")
#: Classes that decide nothing by default.
_STRICT = [name for name, code, _words in CLASSES if not code]


class ActionModule(ActionBase):
    """Runs on the controller. Writes the report also in check mode: an audit is a check run, and the report is its result."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _spec, args = self.validate_argument_spec(argument_spec=dict(
            dest=dict(type="path", required=True),
            devices=dict(type="dict", default={}),
            hosts=dict(type="dict", default={}),
            baselines=dict(type="dict", default={}),
            expect=dict(type="dict", default={}),
            mode=dict(type="str", choices=["audit", "change"], default="change"),
            title=dict(type="str"),
            change=dict(type="dict"),
            generated=dict(type="str"),
            register=dict(type="path"),
            strict=dict(type="list", elements="str", default=[], choices=_STRICT),
            signing_key=dict(type="path"),
            plans_valid_for=dict(type="float", default=_PLANS_VALID_FOR),
        ))
        args = plain(args)
        hosts = {name: {"before": args["baselines"].get(name), "after": after, "expect": args["expect"].get(name)} for name, after in args["hosts"].items()}
        found = make(args["devices"], hosts, args)
        changed = write(found, args["dest"], args["signing_key"])
        return dict(changed=changed, dest=args["dest"], files=sorted([*report.FORMS, "SHA256SUMS"]), verdict=found["verdict"], msg=found["verdict"]["message"])


def make(devices: dict, hosts: dict, args: dict) -> dict:
    """The report as data; see report.build. ``args``: the module's options that describe it. :raises AnsibleActionFail:"""
    try:
        return report.build(devices, hosts, _about(args))
    except (CatalogueError, RegisterError, report.ReportError) as error:
        raise AnsibleActionFail("report: %s" % error) from error


def write(found: dict, dest: str, signing_key: str | None) -> bool:
    """Every form of the report into the folder ``dest``. Returns whether a file changed.

    :raises AnsibleActionFail: if it cannot be written; also if it was written and could not be signed.
    """
    folder, unsigned = Path(dest).expanduser(), None
    texts = report.files(_continued(found, folder))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        changed = any(not (folder / name).exists() or (folder / name).read_bytes() != text.encode("utf-8") for name, text in texts.items())
        with tempfile.TemporaryDirectory(prefix=".report-", dir=folder) as beside:
            for name, text in texts.items():
                write_atomically(str(Path(beside) / name), text)
            if signing_key:
                unsigned = _unsigned(Path(beside) / "SHA256SUMS", str(Path(signing_key).expanduser()))
            # The new files are complete. No part of an older report may be beside a new one, least of all its signature: it is removed first.
            _clear(folder)
            for name in [name for name in reversed(_NAMES) if (Path(beside) / name).exists()]:
                os.replace(Path(beside) / name, folder / name)
        if (folder / _ASIDE).is_dir():
            _clear(folder / _ASIDE)
            with contextlib.suppress(OSError):
                (folder / _ASIDE).rmdir()
    except OSError as error:
        raise _unwritable(error, dest) from error
    if unsigned:
        raise AnsibleActionFail("report: signing_key: %s. The report in %s is complete but not signed" % (unsigned, dest))
    return changed


def _unwritable(error: OSError, dest: str) -> AnsibleActionFail:
    return AnsibleActionFail("report: %s cannot be written: %s. Set the folder of the report (netaccess_report_dir, or audit_dest of an audit) to one that "
                             "this user may write to" % (error.filename or dest, error.strerror))


def _continued(found: dict, folder: Path) -> dict:
    """The report with the trend of the one that it replaces, which may have been set aside. If that cannot be read, the trend starts again."""
    path = next((path for path in (folder / "report.json", folder / _ASIDE / "report.json") if path.exists()), None)
    if path is None:
        return found
    try:
        return trend.continued(found, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        Display().warning("report: the trend begins again, since the earlier report %s cannot be read: %s" % (path, error))
        return found


def begin(dest: str, change: dict | None = None) -> None:
    """Sets an earlier report in the folder aside when a run begins, so that it is not mistaken for that of a run which is killed. :raises
    AnsibleActionFail:"""
    folder, now = Path(dest).expanduser(), datetime.datetime.now(datetime.timezone.utc).strftime(_TIME)
    mark = {"code": 1, "deciding": [INTERRUPTED], "classes": {name: [] for name, _code, _words in CLASSES}, "generated": now, "change": change,
            "message": "the run that started at %s has not written its report: it is still running, or it was interrupted. "
                       "If it was interrupted, run the same command again; it names what was left on a device, and finishes and proves it" % now}
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        there = [name for name in _NAMES if (folder / name).exists()]
        # An interrupted run leaves only its mark.
        if set(there) - {"verdict.json"}:
            (folder / _ASIDE).mkdir(mode=0o700, exist_ok=True)
            _clear(folder / _ASIDE)
            for name in there:
                os.replace(folder / name, folder / _ASIDE / name)
        write_atomically(str(folder / "verdict.json"), json.dumps(mark, indent=1, sort_keys=True) + "\n")
    except OSError as error:
        raise _unwritable(error, dest) from error


def _clear(folder: Path) -> None:
    for name in _NAMES:
        (folder / name).unlink(missing_ok=True)


def place(left_out: dict, dest: str) -> str:
    """The folder for a report: a report of a part of the inventory does not replace one of all of it. ``left_out``: what the report lacks."""
    try:
        there = json.loads((Path(dest).expanduser() / "report.json").read_text(encoding="utf-8"))
        whole = not any(there["left_out"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return dest
    return dest.rstrip("/") + "-part" if whole and any(left_out.values()) else dest


def plans(found: dict) -> dict:
    """The content of plans.json as variables: the digest of each device's plan, and what the plans are about."""
    return json.loads(report.as_plans(found))


def unforgiven(found: dict, strict: list) -> list:
    """[(device or host, why it counts as failed)] by the classes that decide because ``strict`` names them."""
    words = {name: text for name, _code, text in CLASSES if name in strict}
    return [(text.partition(": ")[0], "%s: %s" % (words[name], text)) for name in words for text in found["verdict"]["classes"][name]]


def check(args: dict) -> None:
    """Checks the settings of a report before there is anything to report. :raises AnsibleActionFail:"""
    try:
        _settings(args)
    except (RegisterError, report.ReportError) as error:
        raise AnsibleActionFail("report: %s. Nothing was changed" % error) from None


def _settings(args: dict) -> tuple:
    """(the time of the report, hours that its plans are valid, the lines of the register or None). :raises ReportError, RegisterError:"""
    now, register, strict = datetime.datetime.now(datetime.timezone.utc), args.get("register"), args.get("strict") or []
    try:
        now = datetime.datetime.fromisoformat(args["generated"].replace("Z", "+00:00")) if args.get("generated") else now
    except ValueError as error:
        raise report.ReportError("generated: %s" % error) from error
    wrong = sorted(set(strict) - set(_STRICT)) if isinstance(strict, list) else [strict]
    if wrong:
        raise report.ReportError("strict: %s is not a class that can be made strict; use any of %s" % (wrong[0], ", ".join(_STRICT)))
    try:
        valid = float(args.get("plans_valid_for") or _PLANS_VALID_FOR)
    except (TypeError, ValueError) as error:
        raise report.ReportError("plans_valid_for: %s is not a number of hours" % args["plans_valid_for"]) from error
    return now, valid, read_register(Path(register).expanduser()) if register else None


def _about(args: dict) -> dict:
    now, valid, register = _settings(args)
    versions = load().version_names()
    newest = max(versions)
    age = (now.date() - datetime.date.fromisoformat(newest)).days
    return {"title": args.get("title") or ("ChatGPT on the network: audit" if args["mode"] == "audit" else "ChatGPT on the network: change"),
            "generated": now.strftime(_TIME), "plans_valid_until": (now + datetime.timedelta(hours=valid)).strftime(_TIME), "mode": args["mode"],
            "collection": collection_version(), "catalogue": {"newest": newest, "age_days": age}, "today": now.date(), "made_by": _made_by(),
            "strict": args.get("strict") or [], "register": register, **{name: args.get(name) for name in _GIVEN}}


def _made_by() -> str:
    """The user and host that wrote the report. The command line is left out: it may hold secrets."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "user %d" % os.getuid()
    return "%s on %s, with ansible-core %s" % (user, socket.gethostname(), ansible_version)


def _unsigned(path: Path, key: str) -> str | None:
    """Writes a detached signature beside the checksums. Returns, in words, why there is none."""
    signature = Path(str(path) + ".sig")
    try:
        # Without a terminal it cannot ask for a passphrase, which nobody would enter.
        done = subprocess.run(["ssh-keygen", "-Y", "sign", "-f", key, "-n", "netaccess.chatgpt", str(path)], capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=_SIGNING, start_new_session=True, env=dict(os.environ, SSH_ASKPASS_REQUIRE="never"))
    except FileNotFoundError:
        return "ssh-keygen is not installed on this controller"
    except OSError as error:
        return "ssh-keygen cannot be run: %s" % error.strerror
    except subprocess.TimeoutExpired:
        signature.unlink(missing_ok=True)
        return "ssh-keygen did not sign with %s within %d s: does the key belong to an agent, or to a security key that waits for a touch?" % (key, _SIGNING)
    if done.returncode == 0 and signature.exists():
        return None
    signature.unlink(missing_ok=True)
    return " ".join(done.stderr.split())[:300] or "ssh-keygen did not sign and reported no reason (exit code %d)" % done.returncode
