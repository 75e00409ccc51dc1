# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import clean
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import plain
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import service_status


_URL, _TIMEOUT = "https://status.openai.com", 10


class ActionModule(ActionBase):
    """Runs on the controller. A page that is missing or not understood is a result, not an error."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _spec, args = self.validate_argument_spec(argument_spec=dict(
            url=dict(type="str", default=_URL),
            path=dict(type="path"),
            timeout=dict(type="float", default=_TIMEOUT),
            proxy=dict(type="str"),
            ca_path=dict(type="path"),
            components=dict(type="list", elements="dict", default=[]),
        ))
        return look(plain(args))


def look(args: dict) -> dict:
    """The service's own status, with the options of the module. :raises AnsibleActionFail: for invalid options."""
    try:
        rules = service_status.rules(args.get("components") or [])
        data, problem = _read(args)
    except service_status.StatusError as error:
        raise AnsibleActionFail("service_status_info: %s" % error) from error
    result = service_status.judge(data, rules)
    if problem is None and result["source"] == "none":
        problem = "the answer has no known format"
    result["message"] = service_status.sentence(result) + (": %s" % problem if problem else "")
    fetched = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return dict(clean(result), changed=False, fetched=fetched)


def _read(args: dict) -> tuple:
    if args.get("path"):
        try:
            return service_status.parse(Path(args["path"]).expanduser().read_bytes())
        except OSError as error:
            raise AnsibleActionFail("service_status_info: %s cannot be read: %s" % (args["path"], error.strerror)) from error
    base, timeout, verify, proxy = args.get("url", _URL).rstrip("/"), args.get("timeout", _TIMEOUT), args.get("ca_path") or True, args.get("proxy")
    data, problem = service_status.fetch(base + "/api/v2/summary.json", timeout, verify, proxy)
    if data is None or service_status.judge(data, [])["source"] == "none":
        native, _second = service_status.fetch("%s/proxy/%s" % (base, base.partition("://")[2]), timeout, verify, proxy)
        data = native if native is not None else data
    return data, problem if data is None else None
