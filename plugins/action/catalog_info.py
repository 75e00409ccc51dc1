# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import (
    CatalogueError, in_version, resolve_version,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.selection import catalogue


class ActionModule(ActionBase):
    """Runs on the controller: the catalogue is data of the collection."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        _spec, args = self.validate_argument_spec(argument_spec=dict(
            version=dict(type="str", default="union"),
            compare_to=dict(type="str"),
            overlays=dict(type="list", elements="raw", default=[]),
        ))
        try:
            known = catalogue(args)
            version = resolve_version(known, args["version"])
            result = dict(
                changed=False, version=version, versions=known.versions, companions=known.companions,
                **{section: _listed(getattr(known, section), version) for section in ("entries", "extras", "media")},
            )
            if args["compare_to"]:
                result["difference"] = _difference(known, version, resolve_version(known, args["compare_to"]))
        except CatalogueError as error:
            raise AnsibleActionFail("catalog_info: %s" % error) from error
        return result


def _listed(section, version) -> list:
    return [item for item in section if in_version(item, version, datetime.date.today())]


def _difference(known, version, other) -> dict:
    mine, theirs = ([e["pattern"] for e in _listed(known.entries, v)] for v in (version, other))
    return {
        "added": [p for p in mine if p not in theirs],
        "removed": [p for p in theirs if p not in mine],
        "unchanged": [p for p in mine if p in theirs],
    }
