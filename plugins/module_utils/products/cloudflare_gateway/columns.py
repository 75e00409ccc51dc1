# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The columns of a Gateway rule, and the selectors of its expressions by what they speak of. Pure data.

Source of the columns: docs/resources/zero_trust_gateway_policy.md of terraform-provider-cloudflare, 10 July 2026; ``set_headers``, ``delete_headers``,
``not_sharable`` and the action audit_ssh occur in other answers. Source of the selectors: the pages of the vendor on DNS, network and HTTP policies and
their partials, July 2026; those of resolver policies are taken from DNS policies, since their page was not found.
"""
from __future__ import annotations

from typing import Any, Mapping

from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Schema

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _below(parent: str, names: str) -> list:
    return [parent + "." + name for name in names.split()]


RULE = Schema(
    limits=dict.fromkeys([
        "filters", "traffic", "identity", "device_posture", "schedule", "expiration", *_below("schedule", "time_zone " + " ".join(_DAYS)),
        *_below("expiration", "expires_at duration expired"),
        # What the vendor says of the rule itself: it is gone, or it is set up wrongly.
        "deleted_at", "warning_status",
        *_below("rule_settings", "allow_child_bypass bypass_parent_rule ignore_cname_category_matches ip_categories ip_indicator_feeds")], ()),
    others=frozenset([
        "action", "name", "account_id", "description", "enabled", "precedence", "created_at", "id", "read_only", "sharable", "not_sharable",
        "source_account", "updated_at", "version", "rule_settings",
        # untrusted_cert ends requests to servers with a bad certificate; the wanted hosts have good ones.
        *_below("rule_settings", "add_headers set_headers delete_headers audit_ssh biso_admin_controls block_page block_page_enabled block_reason "
                "check_session dns_resolvers egress insecure_disable_dnssec_validation l4override notification_settings override_host override_ips "
                "quarantine redirect "
                "resolve_dns_internally resolve_dns_through_cloudflare untrusted_cert forensic_copy payload_log"),
        *_below("rule_settings.audit_ssh", "command_logging"), *_below("rule_settings.block_page", "target_uri include_context"),
        *_below("rule_settings.biso_admin_controls", "copy dcp dd dk download dp du keyboard paste printing upload version wm_id"),
        *_below("rule_settings.check_session", "duration enforce"), *_below("rule_settings.dns_resolvers", "ipv4 ipv6"),
        *_below("rule_settings.dns_resolvers.ipv4", "ip port route_through_private_network vnet_id"),
        *_below("rule_settings.dns_resolvers.ipv6", "ip port route_through_private_network vnet_id"),
        *_below("rule_settings.egress", "ipv4 ipv4_fallback ipv6"), *_below("rule_settings.l4override", "ip port"),
        *_below("rule_settings.notification_settings", "enabled include_context msg support_url"), *_below("rule_settings.quarantine", "file_types"),
        *_below("rule_settings.redirect", "target_uri include_context preserve_path_and_query"),
        *_below("rule_settings.resolve_dns_internally", "fallback view_id"), *_below("rule_settings.untrusted_cert", "action"),
        *_below("rule_settings.forensic_copy", "enabled"), *_below("rule_settings.payload_log", "enabled")]))
#: Columns whose value is a table with keys of the site, not columns.
_TABLES = frozenset(_below("rule_settings", "add_headers set_headers delete_headers"))


def flat(native: Mapping[str, Any], parent: str = "") -> dict:
    """A rule with nested columns as ``parent.child``. A schedule that names all of the week is none."""
    found: dict = {}
    for name, value in native.items():
        name = parent + name
        if name == "schedule" and isinstance(value, dict) and all(value.get(day) == "00:00-24:00" for day in _DAYS):
            value = {day: part for day, part in value.items() if day not in _DAYS + ("time_zone",)}
        if isinstance(value, dict) and name not in _TABLES:
            found.update(flat(value, name + "."))
        else:
            found[name] = value
    return found


#: What a selector speaks of: names, categories, applications and addresses of the destination; a part of the people; a part of the requests to a host.
HOST, PEOPLE, REQUESTS, ANSWER = "host", "people", "requests", "answer"


def _kinds(**names: str) -> dict:
    return {name: kind for kind, text in names.items() for name in text.split()}


_DNS = _kinds(
    host="app.ids app.type.ids dns.content_category dns.domains dns.fqdn dns.indicator_feed dns.security_category",
    people="dns.resolver_ip dns.doh_subdomain dns.location dns.src.geo.continent dns.src.geo.country dns.src_ip dns.src_internal_ip",
    requests="dns.query_rtype dns.categories_in_request_context_matches")
#: {layer: {selector, without ``[*]``: what it speaks of}}. An ANSWER is known after the resolution, so a DNS rule about one is asked later than others.
SELECTORS = {
    "dns": dict(_DNS, **_kinds(answer="dns.authoritative_ns_ips dns.response.cname dns.response.mx dns.response.ptr dns.response.txt dns.resolved_ips "
                                      "dns.dst.geo.continent dns.dst.geo.country")),
    "dns_resolver": _DNS,
    "l4": _kinds(
        host="access.target access.private_app app.ids app.type.ids net.fqdn.content_category net.dst.geo.continent net.dst.geo.country net.dst.ip "
             "net.dst.port net.fqdn.security_category net.sni.host net.sni.domains net.offramp.type net.protocol",
        people="proxy.endpoint net.src.geo.continent net.src.geo.country net.src.internal_src_ip net.src.ip net.src.port net.onramp.type net.vnet_id",
        requests="net.protocol.detection"),
    "http": _kinds(
        host="access.target access.private_app app.statuses app.ids app.type.ids app.hosts_ids app.supports_ids http.request.uri.content_category "
             "http.conn.content_category http.dst_ip.geo.continent http.dst_ip.geo.country http.conn.dst_ip http.request.domains http.conn.domains "
             "http.request.host http.conn.hostname http.request.uri.security_category http.conn.security_category net.offramp.type",
        people="proxy.endpoint http.src_ip.geo.continent http.src_ip.geo.country http.conn.internal_src_ip http.conn.src_ip http.conn.vnet_id net.onramp.type",
        requests="http.request.uri app.controls app.operations http.body_phase http.download.file.size http.upload.file.size http.download.file.types "
                 "http.upload.file.types http.download.file.type http.upload.file.type http.download.mime http.upload.mime dlp.profiles http.request.method "
                 "http.response.status_code http.request.uri.path http.request.uri.path_and_query http.request.uri.query pkg.ecosystem pkg.name pkg.version "
                 "pkg.namespace pkg.purl"),
}
_CONTINENTS = frozenset(("AF", "AN", "AS", "EU", "NA", "OC", "SA", "T1"))
#: Selectors with a closed list of values, of which everything has one: all of them together are no restriction.
CLOSED = {
    **dict.fromkeys(("dns.src.geo.continent", "net.src.geo.continent", "net.dst.geo.continent", "http.src_ip.geo.continent", "http.dst_ip.geo.continent"),
                    _CONTINENTS),
    "http.request.method": frozenset(("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE")),
    "net.onramp.type": frozenset(("device_client", "mesh", "cloudflare_wan", "clientless_rdp", "proxy_endpoint", "browser_isolation", "mcp_portal")),
}
