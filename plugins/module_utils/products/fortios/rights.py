# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the access profile of a token may write."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Permissions

#: Groups of an access profile that a change writes to (access groups in the OpenAPI description of 6.4.14).
_GROUPS = {"utmgrp": "web and DNS filters", "fwgrp": "policies, addresses and SSL inspection"}


def permissions(state: dict) -> Permissions:
    """By the answer of the monitor path ``web-ui/state`` (an exchange recorded on a FortiGate 61F, with a token that may only read)."""
    admin = state.get("admin")
    profile = admin.get("profile") if isinstance(admin, dict) else None
    if not isinstance(profile, dict) or not set(_GROUPS) <= set(profile):
        return Permissions(None, "the device does not report the access profile of the token")
    rights = {group: _right(profile, group) for group in _GROUPS}
    lacking = ["%s (%s)" % (_GROUPS[group], group) for group, right in rights.items() if right is False]
    if lacking:
        return Permissions(False, "the access profile %s may not write %s" % (profile.get("name"), " and ".join(lacking)))
    unknown = [group for group, right in rights.items() if right is None]
    if unknown:
        return Permissions(None, "the access profile %s has separate permissions for parts of %s" % (profile.get("name"), ", ".join(unknown)))
    return Permissions(True, "the access profile %s may write" % profile.get("name"))


def _right(profile: dict, group: str):
    """Whether a group may be written; None when it is given part by part and the parts differ."""
    word = profile[group]
    if word != "custom":
        return word == "read-write"
    parts = profile.get("%s-permission" % group)
    words = {str(value) for value in parts.values()} if isinstance(parts, dict) else set()
    return True if words == {"read-write"} else False if words and "read-write" not in words else None
