# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The columns of rules, sites and services: argument_spec of check_point.mgmt 6.9.0 and the vendor's API reference up to v2.1. Pure."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import port_level
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Schema

SITE, HTTPS, ACCESS = "application site", "HTTPS rule", "access rule"
ANY, TARGETS = "Any", "Policy Targets"
#: Objects of every domain that stand for any destination. guess: "Internet" is all that leaves by an external interface, as the hosts of OpenAI do.
ANYWHERE = (ANY, "Internet")
#: Commands that tell what such an object holds.
LOOKUPS = {"application-site": "show-application-site", "application-site-group": "show-application-site-group", "service-group": "show-service-group",
           "service-tcp": "show-service-tcp", "group": "show-group"}
#: Columns that only such an answer has.
TOLD = frozenset(("members", "url-list", "user-defined", "match-by-protocol-signature"))
#: Of a row, what is no policy: identity, statistics, logs, presentation. ``comments`` becomes "description".
META = frozenset(("uid", "name", "type", "domain", "meta-info", "rule-number", "hits", "icon", "color", "read-only", "layer", "available-actions", "tags",
                  "comments", "package", "track", "custom-fields", "user-check"))
NEGATIONS = ("source-negate", "destination-negate", "service-negate")
_LIMITS = {"source": (ANY,), "destination": (ANY,), "service": (ANY,), "install-on": (TARGETS,), **dict.fromkeys(NEGATIONS, ())}
_OTHERS = frozenset(("action", "enabled", "description"))
SCHEMAS = {
    ACCESS: Schema({**_LIMITS, "content": (ANY,), "content-direction": ("any",), "content-negate": (), "time": (ANY,), "vpn": (ANY,), "service-resource": (),
                    "action-settings": ({"enable-identity-captive-portal": False},)}, _OTHERS | {"inline-layer"}, frozenset((*NEGATIONS, "content-negate"))),
    # The blades inspect what is decrypted; which they are does not limit the rule.
    HTTPS: Schema({**_LIMITS, "site-category": (ANY,), "site-category-negate": ()}, _OTHERS | {"blade", "certificate"},
                  frozenset((*NEGATIONS, "site-category-negate")))}
#: Of an application site, a column does not limit but adds.
SITE_SCHEMA = Schema({"application-signature": ()}, frozenset((
    *META, "url-list", "urls-defined-as-regular-expression", "primary-category", "primary-category-id", "additional-categories", "additional-categories-ids",
    "description", "groups", "application-id", "risk", "user-defined")))
#: Columns of a TCP service. A resource, a signature or a source port limits it to a part of the connections to its port.
SERVICE_SCHEMA = Schema({"match-by-protocol-signature": (), "source-port": (), "enable-tcp-resource": ()}, frozenset((
    *META, "port", "protocol", "groups", "match-for-any", "keep-connections-open-after-policy-installation", "session-timeout", "use-default-session-timeout",
    "sync-connections-on-cluster", "use-delayed-sync", "delayed-sync-value", "aggressive-aging", "override-default-settings", "accept-replies")))
#: {blade: what the exemption takes from it}. A word that is not here may stand for each.
BLADES = {"Anti Virus": "av", "Anti Bot": "anti_spyware", "IPS": "ips", "Threat Emulation": "sandbox", "DLP": "dlp", "Data Loss Prevention": "dlp",
          "Data Awareness": "file_control", "Content Awareness": "file_control", "Application Control": "app_control", "Url Filtering": "app_control"}
#: What a lock is called that does not keep us from writing; the word for another session's is not documented.
FREE = (None, "unlocked", "locked by current session")


def web_port(row: dict) -> int:
    """How far the port of a TCP service is that of HTTPS."""
    return port_level(str(row.get("port", "?")).split(","), (443,))


def sent(change: Change) -> dict:
    """The columns of a change as they are sent: a list of one word for no restriction is that word."""
    return {{"description": "comments"}.get(column, column): new[0] if new in ([ANY], [TARGETS]) else new for column, (_old, new) in change.fields.items()}
