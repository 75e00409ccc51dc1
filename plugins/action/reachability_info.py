# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils import classify, signatures, verdicts
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalogue import plain


class ActionModule(ActionBase):
    """Hands the probes to the host and judges what comes back: tables never travel to hosts."""

    TRANSFERS_FILES = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        args = dict(self._task.args)
        baseline = args.pop("baseline", None) or {}
        own = args.pop("signatures", None) or []
        try:
            table = signatures.load(plain(own))
        except signatures.SignatureError as error:
            raise AnsibleActionFail("reachability_info: %s" % error) from error
        result = self._execute_module("netaccess.chatgpt.reachability_info", module_args=args, task_vars=task_vars)
        if result.get("failed") or "observations" not in result:
            return result
        result = plain(result)
        checks = classify.classify(plain(args["probes"]), result.pop("observations"), result["roots"]["date"], table, datetime.date.today())
        if baseline:
            verdicts.apply_baseline(checks, plain(baseline).get("checks", []))
        result.update(checks=checks, summary=classify.summarise(checks))
        return result
