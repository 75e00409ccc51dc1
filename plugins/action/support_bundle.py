# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import plain
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.har import reader
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report import bundle


class ActionModule(ActionBase):
    """Runs on the controller, where the results of all hosts are."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _spec, args = self.validate_argument_spec(argument_spec=dict(
            dest=dict(type="path", required=True),
            diagnosis=dict(type="dict", required=True),
            hosts=dict(type="dict", default={}),
            control=dict(type="dict", default={}),
            status=dict(type="dict", default={}),
            hars=dict(type="list", elements="path", default=[]),
            case=dict(type="str"),
            steps=dict(type="list", elements="str", default=[]),
        ))
        args, target = plain(args), Path(args["dest"])
        if not {"text", "message"} <= set(args["diagnosis"]):
            raise AnsibleActionFail("support_bundle: diagnosis must be the result of the filter netaccess.chatgpt.diagnose")
        case = {"id": args["case"], "steps": args["steps"], "hars": args["hars"], "version": bundle.collection_version(),
                "taken": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")}
        content = bundle.parts(args["diagnosis"], args["hosts"], args["control"], args["status"], case)
        try:
            changed = bundle.write(target, content, args["hars"], bool(self._task.check_mode))
        except reader.HarError as error:
            raise AnsibleActionFail("support_bundle: %s" % error) from error
        except OSError as error:
            raise AnsibleActionFail("support_bundle: %s cannot be written: %s" % (target, error.strerror)) from error
        return dict(changed=changed, dest=str(target), content=sorted(content) + ["har/%d.har" % number for number in range(1, len(args["hars"]) + 1)])
