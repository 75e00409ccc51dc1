# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The columns of PAN-OS rules and of the objects that they name, as flat paths: nested entries are the path above them, without the word entry.

Source: specs of PaloAltoNetworks/pan-os-codegen (9920a6f1 of 2026-07-21), from which the vendor makes its Terraform provider. HIP profiles of a rule before
10.0, application filters, regions: pan-os-python 1.13.1. SaaS lists: two unrelated public programs that read Panorama. ``negate-user`` is in the schema of
Strata Cloud Manager; its name in XML is inferred.
"""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Schema

#: Written out, these are everything.
_ALL_ADDRESSES = (frozenset(("0.0.0.0/0", "::/0")),)
_ALL_USERS = (frozenset(("known-user", "unknown", "pre-logon")),)
#: Of every column, also of one that a release adds.
_UNSET = ("any",)
_NOTES = ("description", "disable-override", "tag")

_RULE = {
    "from": (), "to": (), "source": _ALL_ADDRESSES, "destination": _ALL_ADDRESSES, "source-user": _ALL_USERS, "category": (), "service": (),
    "source-hip": (), "destination-hip": (), "hip-profiles": (), "negate-source": ("no",), "negate-destination": ("no",), "negate-user": ("no",),
    "target": (), "target/devices": (), "target/devices/vsys": (), "target/tags": (), "target/negate": ("no",)}
_RULE_NOTES = ("action", "disabled", "description", "tag", "group-tag", "uuid", "log-setting")
_NEGATIONS = frozenset(("negate-source", "negate-destination", "negate-user", "target/negate"))
#: What a security profile looks for is in the content, not in the name of a host. URL filtering is read, that of a profile group too.
_PROFILES = tuple("profile-setting/profiles/" + kind for kind in (
    "data-filtering", "file-blocking", "gtp", "sctp", "spyware", "url-filtering", "virus", "vulnerability", "wildfire-analysis"))

SECURITY = Schema(
    limits=dict(_RULE, **{
        "application": (), "rule-type": ("universal",), "schedule": (), "source-imei": (), "source-imsi": (), "source-nw-slice": (),
        "saas-user-list": (), "saas-tenant-list": ()}),
    others=frozenset(_RULE_NOTES + _PROFILES + (
        "profile-setting", "profile-setting/group", "profile-setting/profiles", "log-start", "log-end", "icmp-unreachable", "disable-inspect", "option",
        "option/disable-server-response-inspection", "qos", "qos/marking", "qos/marking/follow-c2s-flow", "qos/marking/ip-dscp", "qos/marking/ip-precedence")),
    negations=_NEGATIONS, unset=_UNSET)

DECRYPTION = Schema(
    limits=_RULE,
    others=frozenset(_RULE_NOTES + (
        "type", "type/ssl-forward-proxy", "type/ssh-proxy", "type/ssl-inbound-inspection", "type/ssl-inbound-inspection/certificates", "profile",
        "packet-broker-profile", "forwarding-profile", "log-success", "log-fail")),
    negations=_NEGATIONS, unset=_UNSET)

AUTHENTICATION = Schema(
    limits=_RULE, others=frozenset(_RULE_NOTES + ("authentication-enforcement", "timeout", "log-authentication-timeout")),
    negations=_NEGATIONS, unset=_UNSET)

URL_PROFILE = Schema(
    limits={
        "allow": (), "alert": (), "block": (), "continue": (), "override": (), "redirect": (), "credential-enforcement/block": (),
        "credential-enforcement/continue": (), "cloud-inline-cat": ("no",), "local-inline-cat": ("no",), "mlav-engine-urlbased-enabled/mlav-policy-action": ()},
    others=frozenset((
        "description", "disable-override", "enable-container-page", "log-container-page-only", "log-http-hdr-referer", "log-http-hdr-user-agent",
        # A search engine is asked for its strict mode; none of the wanted hosts is one.
        "log-http-hdr-xff", "safe-search-enforcement", "mlav-category-exception", "mlav-engine-urlbased-enabled",
        "credential-enforcement", "credential-enforcement/alert", "credential-enforcement/allow", "credential-enforcement/log-severity",
        "credential-enforcement/mode", "credential-enforcement/mode/disabled", "credential-enforcement/mode/domain-credentials",
        "credential-enforcement/mode/group-mapping", "credential-enforcement/mode/ip-user",
        "http-header-insertion", "http-header-insertion/disable-override", "http-header-insertion/type", "http-header-insertion/type/headers",
        "http-header-insertion/type/headers/header", "http-header-insertion/type/headers/value", "http-header-insertion/type/headers/log",
        "http-header-insertion/type/domains")),
    unset=_UNSET)

CATEGORY = Schema(limits={"list": (), "type": ("URL List",)}, others=frozenset(_NOTES))
APPLICATION_GROUP = Schema(limits={"members": ()}, others=frozenset(_NOTES))
ADDRESS = Schema(limits={"fqdn": (), "ip-netmask": (), "ip-range": (), "ip-wildcard": ()}, others=frozenset(_NOTES))
ADDRESS_GROUP = Schema(limits={"static": (), "dynamic": (), "dynamic/filter": ()}, others=frozenset(_NOTES))
SERVICE = Schema(
    limits={"protocol": (), "protocol/tcp": (), "protocol/tcp/port": (), "protocol/tcp/source-port": (), "protocol/udp": (), "protocol/udp/port": (),
            "protocol/udp/source-port": ()},
    others=frozenset(_NOTES + ("protocol/tcp/override/no", "protocol/udp/override/no", "protocol/tcp/override/yes", "protocol/udp/override/yes",
                               "protocol/tcp/override/yes/halfclose-timeout",
                               "protocol/tcp/override/yes/timeout", "protocol/tcp/override/yes/timewait-timeout", "protocol/udp/override/yes/timeout")))
SERVICE_GROUP = Schema(limits={"members": ()}, others=frozenset(_NOTES))
#: Objects that rules name, by their place in a configuration.
OBJECTS = {"profiles/url-filtering": URL_PROFILE, "application-group": APPLICATION_GROUP, "address": ADDRESS, "address-group": ADDRESS_GROUP,
           "service": SERVICE, "service-group": SERVICE_GROUP}
