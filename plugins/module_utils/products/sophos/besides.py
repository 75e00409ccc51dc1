# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else an assessment of a Sophos Firewall tells: whom the exemption reaches too, which controls it disables, and the manual steps. Pure."""
from __future__ import annotations

import xml.etree.ElementTree as ET

from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos import model as xml
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.api import text_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.columns import TLS_RULE, columns_of, listed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.hosts import kind_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.layers import inspection, naming
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.model import FIREWALL, POLICIES, TLS_RULES, Settings, Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import Findings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import ALLOW, PASS_ON

#: Columns of a firewall rule for what looks into decrypted traffic, and the control's word.
_CONTROLS = {"ScanVirus": "av", "ZeroDayProtection": "sandbox", "IntrusionPrevention": "ips", "ApplicationControl": "app_control"}
_OFF = ("", "Disable", "None")
#: Columns of a web policy that keep users in the site's own tenants, by headers in decrypted requests to the hosts where they sign in.
_TENANTS = {"GoogAppDomainListEnabled": ("Google domains", ("accounts.google.com",)),
            "Office365Enabled": ("Microsoft 365 tenants", ("login.microsoftonline.com", "login.microsoft.com", "login.windows.net"))}


def tell(found: Findings, settings: Settings, site: Site, policy: Policy) -> None:
    """Add to ``audience_widened``, ``losses`` and ``manual``."""
    policies = site.named_policies()
    using = site.users_of(policies)
    found.audience_widened += _widened(settings, site, policy, policies, using)
    _losses(found, site, policy, policies, using)
    if policy.exempt and settings.exempt_by != "exception":
        found.manual += _of_inspection(settings, site, using)
    found.manual += _manual(site, policies, using)
    found.manual += ["voice (%s): web policies cover HTTP only. Create a service with these ports, hosts with these addresses, and one firewall rule "
                     "for IPv4 and one for IPv6 that accept them for the audience" % one for one in policy.media]


def _of_policy(rule: ET.Element) -> str:
    """The web policy that a firewall rule uses."""
    return xml.of_rule(rule, "WebFilter")


def _widened(settings: Settings, site: Site, policy: Policy, policies: list, using: list) -> list:
    found = []
    # Whether the audience is everyone whose traffic this firewall allows.
    everybody = settings.everyone and all(_of_policy(rule) in policies for rule in site.accepting())
    if policy.exempt and not everybody:
        if settings.exempt_by == "exception" and not settings.exempt_sources:
            found.append("web exception %s exempts these hosts from decryption for everybody behind this firewall; limit it with "
                         "exempt_sources" % settings.prefix)
        elif settings.exempt_by != "exception":
            found += ["URL group %s exempts these hosts from decryption for everybody behind this firewall (rule %s); use exempt_group with a rule "
                      "for these users, or exempt_sources" % (settings.exempt_group, text_of(rule, "Name"))
                      for rule in naming(site, settings) if not _for_audience(settings, rule)]
    for one in policies:
        chosen = [rule for rule in using if _of_policy(rule) == one and xml.firewall_name(rule) in settings.firewall_rules]
        others = [xml.firewall_name(rule) for rule in using if _of_policy(rule) == one and rule not in chosen]
        if chosen and others and one not in settings.web_policies and not settings.users:
            found.append("firewall rule %s also uses web policy %s" % (", ".join(others), one))
    return found


def _for_audience(settings: Settings, rule: ET.Element) -> bool:
    """Whether a rule of TLS inspection is about nobody but the audience."""
    people = listed(columns_of(TLS_RULE, rule), "Identity/Members")
    return bool(people) and (settings.everyone or set(people) <= set(settings.users))


def _losses(found: Findings, site: Site, policy: Policy, policies: list, using: list) -> None:
    hosts = tuple(str(pattern) for pattern in policy.exempt)
    by_rules = site.inspects and any(inspection(rule) not in (ALLOW, PASS_ON) and text_of(rule, "DecryptAction") != "Deny" for rule in site.tables[TLS_RULES])
    decrypted = [rule for rule in using if xml.of_rule(rule, "DecryptHTTPS") not in _OFF or (
        by_rules and xml.of_rule(rule, "ProxyMode").lower() in ("", "disable", "false"))]
    for rule in decrypted if hosts else ():
        for column, control in _CONTROLS.items():
            if xml.of_rule(rule, column) not in _OFF:
                found.lose(control, "firewall rule %s" % xml.firewall_name(rule), hosts)
    for one in policies if hosts and (by_rules or decrypted) else ():
        node = site.node(POLICIES, one)
        rules = [rule for rule in ([] if node is None else node.findall("RuleList/Rule")) if text_of(rule, "PolicyRuleEnabled", "1") != "0"]
        if any(kind_of(kind) == "filetype" for rule in rules for kind, _name in xml.categories(rule)):
            found.lose("file_control", "web policy %s" % one, hosts)
        if any(text_of(rule, "CCLRuleEnabled", "0") != "0" for rule in rules):
            found.lose("dlp", "content filters of web policy %s" % one, hosts)
        for column, (words, signs_in) in _TENANTS.items() if node is not None else ():
            held = tuple(str(pattern) for pattern in policy.exempt if any(map(pattern.matches, signs_in)))
            if held and text_of(node, column, "0") not in ("0", *_OFF):
                found.lose("headers", "%s of web policy %s" % (words, one), held)


def _of_inspection(settings: Settings, site: Site, using: list) -> list:
    """An exception holds with both engines; an exclusion list with the DPI engine only."""
    found = []
    proxied = [xml.firewall_name(rule) for rule in using if xml.of_rule(rule, "ProxyMode").lower() not in ("", "disable", "false")]
    if proxied:
        found.append("firewall rule %s uses the web proxy, which ignores TLS inspection rules: set exempt_by to exception, or switch the rule to the DPI engine"
                     % ", ".join(proxied))
    if not naming(site, settings):
        found.append("no TLS inspection rule leaves URL group %s undecrypted: create one with the action Don't decrypt above the first rule that "
                     "decrypts (the API of this product cannot create such a rule)" % settings.exempt_group)
    return found


def _manual(site: Site, policies: list, using: list) -> list:
    found, used = [], {_of_policy(rule) for rule in using}
    for policy in policies:
        node = site.node(POLICIES, policy)
        if site.tables[FIREWALL] and policy not in used:
            found.append("no enabled firewall rule uses web policy %s, so it has no effect: select it in the rules of these users" % policy)
        if node is not None and text_of(node, "EnableReporting") == "Disable":
            found.append("web policy %s has reporting disabled: enable it, so that visits are logged" % policy)
    families = {xml.family(rule) for rule in using}
    ipv6 = [xml.firewall_name(rule) for rule in site.accepting() if xml.family(rule) == "IPv6"]
    if policies and ipv6 and families == {"IPv4"}:
        found.append("IPv6: %s allows traffic by another web policy or none; use the same web policy there" % ", ".join(ipv6))
    return found
