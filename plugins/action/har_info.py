# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import clean
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import CatalogueError, load, plain
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.har import judge as har, reader, redact
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import signatures


class ActionModule(ActionBase):
    """Runs on the controller and reads the file once, entry by entry."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _spec, args = self.validate_argument_spec(argument_spec=dict(
            path=dict(type="path", required=True),
            redacted=dict(type="path"),
            overlays=dict(type="list", elements="raw", default=[]),
            signatures=dict(type="list", elements="dict", default=[]),
        ))
        source, target = Path(args["path"]), Path(args["redacted"]) if args["redacted"] else None
        if target and target.resolve() == source.resolve():
            raise AnsibleActionFail("har_info: redacted must not be the same file as path, which is never changed")
        try:
            judge, log = har.Judge(load(plain(args["overlays"])), signatures.load(plain(args["signatures"]))), reader.Reader(source)
            copy = redact.Copy(target, redact.Redactor(load(), signatures.load()), foresee=bool(self._task.check_mode)) if target else None
            changed = read(log, judge, copy)
        except (CatalogueError, reader.HarError, signatures.SignatureError) as error:
            raise AnsibleActionFail("har_info: %s" % error) from error
        except OSError as error:
            raise AnsibleActionFail("har_info: %s cannot be written: %s" % (target, error.strerror)) from error
        return dict(clean(judge.result(log.head)), changed=changed, redacted=str(target) if target else None)


def read(source, judge: har.Judge, copy: redact.Copy | None) -> bool:
    """Every entry once; a copy is kept only if the whole file could be read. Returns whether the copy changed."""
    try:
        for entry in source:
            judge.add(entry)
            if copy:
                copy.add(entry)
        return copy.keep(source.head) if copy else False
    except BaseException:
        if copy:
            copy.drop()
        raise
