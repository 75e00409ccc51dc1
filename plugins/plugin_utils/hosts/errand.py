# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings the probe kit to a host and its answer back, over Ansible's connection. No module runs there, so Ansible needs no Python on the host."""
from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import clean
from ansible_collections.netaccess.chatgpt.plugins.module_utils.kit.answer import unpacked
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.options import ARGUMENTS
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.hosts import kitfile, posix, windows

#: How the kit gets to a host; a host sets them as variables probe_host_<option>.
OPTIONS = dict(
    python=dict(type="list", elements="str"),
    python_zip=dict(type="str"),
    python_checksum=dict(type="str"),
    folder=dict(type="str"),
    keep=dict(type="bool", default=False),
)
#: What the module returns; other keys in a host's answer are dropped.
_ANSWER = ("observations", "connections", "threads", "host", "roots", "failed", "msg")


class Errand:
    """Brings the kit to the host of ``action``, runs it as often as requested, and leaves nothing behind.

    :raises AnsibleActionFail: for invalid options, and for a host that gives no answer, with the reason.
    """

    def __init__(self, action: ActionBase, given: dict):
        self._action, self._options, self._folder, self._pythons = action, _checked(OPTIONS, given, "probe_host_"), None, None
        self._windows = bool(getattr(action._connection._shell, "_IS_WINDOWS", False))
        self._shell = windows if self._windows else posix
        self._sum = _sha256(self._options)
        if self._windows and action._connection.become:
            raise AnsibleActionFail("the probe kit runs as the account that Ansible logs in with: become is not supported on Windows")

    def __enter__(self) -> Errand:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._folder is None:
            return
        if self._options["keep"]:
            Display().display("the probe kit was left in %s" % self._folder)
            return
        try:
            done = self._do(self._shell.remove(self._folder))
        except AnsibleError as error:
            done = {"rc": 1, "stderr": str(error)}
        if done["rc"]:
            # The results count all the same.
            Display().warning("the folder %s of the probe kit is still there: %s" % (self._folder, _last(done)))

    def look(self, args: dict) -> dict:
        """What the module reachability_info returns for these options."""
        # This path is on the host.
        asked = _checked(dict(ARGUMENTS, ca_path=dict(type="str")), args, "")
        if self._folder is None:
            self._arrive()
        done = self._ask(asked)
        if posix.NO_PYTHON in done["stdout"] and self._windows and self._options["python_zip"]:
            self._bring_python()
            done = self._ask(asked)
        if posix.NO_PYTHON in done["stdout"]:
            raise AnsibleActionFail("none of %s is Python 3.8 or newer; set probe_host_python%s" % (
                ", ".join(self._pythons), ", or probe_host_python_zip" if self._windows else ""))
        try:
            said = unpacked(done["stdout"])
        except ValueError as error:
            raise AnsibleActionFail("the probe kit returned %s (exit code %s): %s" % (error, done["rc"], _last(done))) from None
        return {key: said[key] for key in _ANSWER if key in said}

    def _arrive(self) -> None:
        done = self._do(self._shell.make(self._options["folder"]))
        found = re.search("^%s(.+?)\r*$" % posix.FOLDER, done["stdout"], re.M)
        if not found:
            raise AnsibleActionFail("no folder could be created for the probe kit: %s" % _last(done))
        self._folder = found.group(1)
        self._kit = self._put(kitfile.NAME, kitfile.build())
        self._pythons = self._options["python"] or list(self._shell.PYTHONS)

    def _ask(self, asked: dict) -> dict:
        question = self._put("question.json", json.dumps(asked).encode("ascii"))
        # The account that runs the kit may differ from the one that copied the files.
        self._action._fixup_perms2((self._folder, self._kit, question), execute=False)
        environment = "" if self._windows else self._action._compute_environment_string()
        return self._do(self._shell.run(self._pythons, self._kit, question, environment), sudoable=True)

    def _bring_python(self) -> None:
        """Windows has no Python; the operator provides one."""
        source = self._options["python_zip"]
        package, home = (self._shell.join(self._folder, name) for name in ("python.zip", "python"))
        url = source if _is_url(source) else None
        if not url:
            self._action._transfer_file(str(Path(source).expanduser()), package)
        done = self._do(windows.unpack(package, home, url, self._sum))
        if done["rc"]:
            raise AnsibleActionFail("probe_host_python_zip: %s could not be unpacked: %s" % (source, _last(done)))
        self._pythons = [self._shell.join(home, "python.exe")]

    def _put(self, name: str, data: bytes) -> str:
        return self._action._transfer_data(self._shell.join(self._folder, name), data)

    def _do(self, command: str, sudoable: bool = False) -> dict:
        return self._action._low_level_execute_command(command, sudoable=sudoable)


def _checked(spec: dict, given: dict, prefix: str) -> dict:
    found = ArgumentSpecValidator(spec).validate(given)
    if found.error_messages:
        raise AnsibleActionFail("%s%s" % (prefix, "; ".join(found.error_messages)))
    return found.validated_parameters


def _is_url(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def _sha256(options: dict) -> str | None:
    """The checksum that the package must have; for a file on the controller it is read here."""
    source, said = options["python_zip"], (options["python_checksum"] or "").lower()
    if not source:
        return None
    if said and not re.fullmatch("sha256:[0-9a-f]{64}", said):
        raise AnsibleActionFail("probe_host_python_checksum: it must have the form sha256:<64 hexadecimal digits>")
    if _is_url(source):
        if not said:
            raise AnsibleActionFail("probe_host_python_zip: a URL requires probe_host_python_checksum, because the download is executed on the host")
        return said.partition(":")[2]
    try:
        found = hashlib.sha256(Path(source).expanduser().read_bytes()).hexdigest()
    except OSError as error:
        raise AnsibleActionFail("probe_host_python_zip: %s cannot be read: %s" % (source, error.strerror)) from None
    if said and said.partition(":")[2] != found:
        raise AnsibleActionFail("probe_host_python_zip: the checksum of %s does not match" % source)
    return found


def _last(done: dict) -> str:
    """The last output of a command. With a terminal, the error stream only has SSH's closing message, and everything else is in the other stream."""
    said = (line.strip() for text in (done.get("stdout"), done.get("stderr")) for line in (text or "").splitlines())
    lines = [line for line in said if line and not re.fullmatch("(Shared c|C)onnection to .* closed.", line)]
    return clean(lines[-1][:300]) if lines else "no output"
