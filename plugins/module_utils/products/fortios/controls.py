# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change on FortiOS takes along: who else is reached, controls that exempt traffic does not meet, tenant controls. No IO."""
from __future__ import annotations

from typing import Iterable, Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import TenantControl
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, Index, Pattern, covers, parse_if
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.model import Settings, Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.policies import is_on
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.ratings import foreign
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import WORKSPACE_HEADER, Findings

#: Exempt traffic meets no security profile.
_CONTROLS = {"av-profile": "av", "dlp-profile": "dlp", "dlp-sensor": "dlp", "file-filter-profile": "file_control", "casb-profile": "casb",
             "ips-sensor": "ips", "application-list": "app_control", "icap-profile": "icap"}
#: What a URL filter row of action exempt skips besides the category, and the controls that are lost by it. ``pass`` ends the inspection.
_FLAGS = {"av": ("av",), "dlp": ("dlp",), "all": ("av", "dlp"), "pass": ("app_control", "av", "dlp", "file_control", "ips")}
#: Actions of a header that put nothing into a request.
_HARMLESS = ("remove-from-request", "remove-from-response", "add-to-response", "monitor-request", "monitor-response")


def conflicts(settings: Settings, site: Site, policy: Policy, found: Findings) -> None:
    """Add what filters cookies of decrypted hosts, and what the site rates otherwise."""
    exempt = Index(policy.exempt)
    decrypted = [pattern for pattern in policy.allow if exempt.covering(pattern) is None]
    for name in site.named_web_profiles():
        if "cookiefilter" in str(site.web_profiles[name].get("options") or "").split() and "activex-java-cookie" not in settings.url_filter_exempt:
            where = "web filter profile %s" % name
            found.conflict(Ref("cookies", where), "cookies", where, "options cookiefilter", decrypted, True,
                           opens="add activex-java-cookie to url_filter_exempt")
    for host, category in sorted(foreign(site, policy.exempt).items()):
        where = "rating override %s" % host
        found.conflict(Ref("rating", where), "decrypt", where, "an existing rating puts it into category %s" % category, [host], True,
                       opens="remove that rating, or exempt the category")


def widened(settings: Settings, site: Site, policy: Policy, tables: dict) -> Iterator[str]:
    """Who else uses the profiles and URL filters that are changed, and what else an exemption reaches, in words."""
    proxied = site.by_address()
    if proxied and policy.exempt and site.inspecting_profiles():
        yield ("in proxy mode (%s) an exemption by wildcard FQDN matches by address: other sites at the same addresses are not decrypted either"
               % ", ".join(proxied))
    named = {site.policy_name(policy) for policy in site.named_policies()}
    for kind, profiles in (("webfilter-profile", site.named_web_profiles()), ("ssl-ssh-profile", site.inspecting_profiles())):
        for policy in site.policies:
            used, name = site.profile_of(policy, kind), site.policy_name(policy)
            if named and used in profiles and name not in named and policy.get("status") != "disable" and not (
                    kind == "ssl-ssh-profile" and settings.clone_builtin):
                yield "policy %s also uses the %s %s" % (name, kind.replace("-", " "), used)
    shared = {name for name in tables.values() if name and name != settings.prefix}
    for name, profile in site.web_profiles.items():
        table = site.table_of(profile)
        if table is not None and table["name"] in shared and name not in tables:
            yield "the web filter profile %s also uses the URL filter %s" % (name, table["name"])


def losses(settings: Settings, site: Site, policy: Policy, found: Findings) -> None:
    """Add what the exemption, and rows that exempt from more than the category, disable."""
    hosts, inspecting = tuple(str(pattern) for pattern in policy.exempt), site.inspecting_profiles()
    for one in site.audience_policies():
        if not hosts or site.profile_of(one, "ssl-ssh-profile") not in inspecting:
            continue
        for column, control in _CONTROLS.items():
            used = site.profile_of(one, column)
            if used:
                found.lose(control, "%s %s of policy %s" % (column, used, site.policy_name(one)), hosts)
    for one in site.audience_policies() if hosts else ():
        used = one.get("webproxy-profile")
        if used and used not in site.proxy_profiles:
            found.lose("headers", "web proxy profile %s of policy %s, which was not read" % (used, site.policy_name(one)), hosts)
    for control in sorted({control for flag in settings.url_filter_exempt for control in _FLAGS.get(flag, ())}):
        found.lose(control, "url_filter_exempt", tuple(str(pattern) for pattern in policy.allow))


def tenant_controls(site: Site, policy: Policy, tables: dict) -> Iterator[TenantControl]:
    """What keeps people in their workspace, and needs the decryption: web proxy profiles that add the header, and inline CASB."""
    hosts = tuple(pattern for pattern in policy.exempt if pattern.matches("chatgpt.com") or pattern.matches("x.chatgpt.com"))
    proxied = site.proxy_policies if site.redirecting() else []
    using = [("policy %s" % site.policy_name(one), one.get("webproxy-profile")) for one in site.audience_policies()]
    using += [("proxy policy %s" % site.policy_name(one), one.get("webproxy-profile")) for one in proxied if one.get("status") != "disable"]
    for table in (table for table in site.tables if table["name"] in tables.values()):
        using += [("the URL filter %s" % table["name"], row.get("web-proxy-profile")) for row in table.get("entries") or [] if row.get("status") != "disable"]
    for where, used in using:
        if hosts and used and any(_adds(header) for header in site.proxy_profiles.get(used, {}).get("headers") or []):
            yield TenantControl("web proxy profile %s of %s" % (used, where), hosts)
    for one in site.audience_policies():
        used = site.profile_of(one, "casb-profile")
        for application, patterns in casb(site, used, policy.exempt):
            if any(is_on(application.get(column)) for column in ("tenant-control", "domain-control", "advanced-tenant-control")):
                yield TenantControl("%s of the CASB profile %s of policy %s" % (application.get("name"), used, site.policy_name(one)), patterns)


def _adds(header: dict) -> bool:
    return str(header.get("name") or "").lower() == WORKSPACE_HEADER and header.get("action") not in _HARMLESS


def casb(site: Site, name: str, patterns: Iterable[Pattern]) -> list[tuple]:
    """(application, its patterns) of a CASB profile, where it is enabled; one whose domains are not known may be about any."""
    wanted, found = tuple(patterns), []
    for application in site.casb_profiles.get(name, {}).get("saas-application") or []:
        rows = site.casb_applications.get(application.get("name"), {}).get("domains") or []
        names = [parse_if(str(row.get("domain")).lower().lstrip("*.")) for row in rows]
        domains = [Pattern(one.name, DOMAIN) for one in names if one is not None]
        theirs = Index(domains)
        hosts = tuple(pattern for pattern in wanted if len(domains) < max(len(rows), 1) or theirs.covering(pattern) or any(
            covers(pattern, one) for one in domains))
        if hosts and application.get("status") != "disable":
            found.append((application, hosts))
    return found
