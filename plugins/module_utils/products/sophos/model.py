# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Sophos Firewall holds, by name; its objects as flat fields, and back as whole elements. No IO.

An update replaces the whole object, so every element that is sent was read first and only the parts that change are touched.
"""
from __future__ import annotations

import copy
import hashlib
import re
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from typing import Collection, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import (
    DOMAIN, EXACT, SUBDOMAINS, Pattern, names_above, parse_if,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.api import child, text_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.columns import ALWAYS, EVERYTHING
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules import marks

#: Behind the description of a web policy: rules of it have no description, so the ids of those that we disabled are there.
_DISABLED_RULES = re.compile(r"\s*\[disabled by netaccess\.chatgpt: ([0-9a-f ]+)\]")
_FOR = ", entries of ours in: "

GROUP, EXCLUSION, EXCEPTION, RULE, FIREWALL_RULE = "URL group", "TLS exclusion", "web exception", "web policy rule", "firewall rule"
GROUPS, POLICIES, EXCEPTIONS, FIREWALL, TLS_RULES = "WebFilterURLGroup", "WebFilterPolicy", "WebFilterException", "FirewallRule", "SSLTLSInspectionRule"
CATEGORIES, ACTIVITIES, FQDNS, FQDN_GROUPS = "WebFilterCategory", "UserActivity", "FQDNHost", "FQDNHostGroup"
SERVICES, SERVICE_GROUPS, APPLICATIONS, TLS_SETTINGS = "Services", "ServiceGroup", "ApplicationFilterPolicy", "SSLTLSInspectionSettings"
BASE = (GROUPS, POLICIES, EXCEPTIONS, FIREWALL, TLS_RULES)
SCAN = (CATEGORIES, ACTIVITIES, FQDNS, FQDN_GROUPS, SERVICES, SERVICE_GROUPS, APPLICATIONS, TLS_SETTINGS)
LOCAL_LIST = "Local TLS exclusion list"
MAX_TEXT, MAX_ENTRIES, MAX_RULES = 255, 10000, 1024
#: Column of a rule of a web policy and the element that holds it.
_RULE_COLUMNS = {"http": "HTTPAction", "https": "HTTPSAction", "follow": "FollowHTTPAction", "schedule": "Schedule", "enabled": "PolicyRuleEnabled"}
_RULE_DEFAULTS = {"http": "", "https": "", "follow": "0", "schedule": ALWAYS, "enabled": "1"}
#: Of an exception. "on" skips the check (attribute texts of the API reference), so all but the first stay off.
_SKIPS = {"decryption": "HttpsDecrypt", "malware scan": "VirusScan", "policy check": "PolicyCheck", "zero-day protection": "ZeroDayProtection",
          "certificate check": "CertValidation"}
_MATCHES = {"urls": ("URLRegex", "EnableURLRegex"), "sources": ("SrcIp", "EnableSrcIP")}


# -- entries ---------------------------------------------------------------------------------------------------------


def render(pattern: Pattern) -> tuple[str, ...]:
    """The entry of a URL group, which always holds the subdomains too (help page "Exceptions"), and the expression of an exception."""
    return pattern.name, regex(pattern)


def regex(pattern: Pattern) -> str:
    """Matched against host and path without a scheme; anchored, and with the slash that ends the host (help page "Exceptions")."""
    front = {EXACT: "", SUBDOMAINS: r"[A-Za-z0-9._-]+\.", DOMAIN: r"([A-Za-z0-9._-]*\.)?"}[pattern.kind]
    return "^%s%s/" % (front, pattern.name.replace(".", r"\."))


def names(patterns: Iterable[Pattern]) -> frozenset[str]:
    """Entries for patterns: a name below another one would say nothing more."""
    found = {pattern.name for pattern in patterns}
    return frozenset(name for name in found if not found.intersection(names_above(name)[1:]))


def entry_pattern(entry: str) -> Pattern | None:
    """The Pattern of a URL group entry or a category domain, which holds its subdomains too; None for what is no name."""
    found = parse_if(entry)
    return Pattern(found.name, DOMAIN) if found is not None and found.kind == EXACT else found


def short_id(name: str) -> str:
    """Ten hexadecimal digits that stand for a name where room is short."""
    return hashlib.sha256(name.encode("utf-8")).hexdigest()[:10]


# -- groups ----------------------------------------------------------------------------------------------------------


def is_ours(node: ET.Element) -> bool:
    """Whether our marker begins the description of an object."""
    return marks.is_ours(text_of(node, "Description") or text_of(node, "Desc"))


def _list_of(group):
    """The list of a group; the vendor's collection has met both spellings."""
    found = group.find("URLlist")
    return found if found is not None else group.find("URLList")


def entries(group: ET.Element) -> frozenset[str]:
    """The entries of a URL group, in lower case."""
    found = _list_of(group)
    return frozenset((one.text or "").strip().lower() for one in (found if found is not None else ()) if (one.text or "").strip())


def group_node(name: str, native: ET.Element | None, wanted: Collection[str],
               description: str | None = None) -> ET.Element:
    """A group with exactly the entries ``wanted``; those that were there keep their place. :raises AccessError: for too many."""
    if len(wanted) > MAX_ENTRIES:
        raise AccessError(REFUSED, "URL group %s would hold %d entries; the maximum is %d" % (name, len(wanted), MAX_ENTRIES))
    if native is None:
        node = ET.Element(GROUPS, {"transactionid": ""})
        child(node, "Name", name)
        child(node, "Description", "")
        child(node, "URLlist")
    else:
        node = copy.deepcopy(native)
    if description is not None:
        _put(node, "Description", description)
    held = _list_of(node)
    if held is None:
        held = child(node, "URLlist")
    kept = [one for one in held if (one.text or "").strip().lower() in wanted]
    for one in list(held):
        held.remove(one)
    held.text = None
    held.extend(kept)
    have = {(one.text or "").strip().lower() for one in kept}
    for entry in sorted(set(wanted) - have):
        child(held, "URL", entry)
    return node


def record_text(target: str) -> str:
    """Description of the group that remembers which entries of another administrator's list are ours."""
    return marks.MARK + _FOR + target


def recorded_in(description: str) -> str | None:
    """The group that the description of our record names, or None."""
    found = description.partition(_FOR)[2]
    return found or None


def _put(node, tag: str, value: str) -> None:
    found = node.find(tag)
    if found is None:
        found = child(node, tag)
    for inner in list(found):
        found.remove(inner)
    found.text = value


# -- rules of a web policy -------------------------------------------------------------------------------------------


def categories(rule: ET.Element) -> list[tuple[str, str]]:
    """[(type, name)]; none means all web traffic."""
    found = [(text_of(one, "type") or text_of(one, "Type"), text_of(one, "ID")) for one in rule.findall("CategoryList/Category")]
    return [one for one in found if one[1]]


def rule_fields(rule: ET.Element) -> dict:
    """Users as an empty list mean everyone: no list, an empty one, or the word."""
    users = sorted({(one.text or "").strip() for one in rule.findall("UserList/User")} - {""})
    fields = {column: text_of(rule, tag, _RULE_DEFAULTS[column]) for column, tag in _RULE_COLUMNS.items()}
    return dict(fields, users=[] if [one.lower() for one in users] == ["anybody"] else users)


def rulebase(policy: str) -> str:
    """The rulebase of a web policy in a State."""
    return "web policy %s" % policy


def rule_name(policy: str, rule: ET.Element, allow: str, taken: Counter) -> str:
    """Rules have no names: the policy, what the rule does with what for whom, and a number for the second of its kind. Ours is the one about our group.

    ``taken``: how many rules before it have a name, with or without such a number; this one is counted too.
    """
    about = categories(rule)
    if about == [("URLGroup", allow)]:
        return _counted("%s: %s" % (policy, allow), taken)
    fields = rule_fields(rule)
    name = "%s: %s %s" % (policy, decided(fields), ", ".join(one for _kind, one in about) or EVERYTHING)
    name += " for %s" % ", ".join(fields["users"]) if fields["users"] else ""
    count = taken[name]
    return _counted("%s #%d" % (name, count + 1) if count else name, taken)


def _counted(label: str, taken: Counter) -> str:
    taken[label] += 1
    # What is before a number sign may be the name of another rule, and the number its own.
    taken.update(label[:found.start()] for found in re.finditer(" #", label))
    return label


def decided(fields: dict) -> str:
    """The action for HTTPS; empty where that cannot be reported."""
    return {"1": fields["http"], "0": fields["https"]}.get(fields["follow"], "")


def rule_node(native: ET.Element | None, fields: dict, allow: str) -> ET.Element:
    """A rule as it is sent: what was read with ``fields`` put in, or a new one about our group in the form of the vendor's SDK."""
    if native is None:
        node = ET.Element("Rule")
        category = child(child(node, "CategoryList"), "Category")
        child(category, "ID", allow)
        child(category, "type", "URLGroup")
    else:
        node = copy.deepcopy(native)
    for column, tag in _RULE_COLUMNS.items():
        if column in fields and (native is None or fields[column] != text_of(node, tag, _RULE_DEFAULTS[column])):
            _put(node, tag, fields[column])
    if native is None:
        child(node, "CCLRuleEnabled", "0")
    if native is None or fields["users"] != rule_fields(native)["users"]:
        found = node.find("UserList")
        if found is not None:
            node.remove(found)
        users = child(node, "UserList") if fields["users"] else None
        for user in fields["users"]:
            child(users, "User", user)
    return node


def marked(policy: ET.Element) -> set[str]:
    """Ids of the rules of a web policy that we disabled."""
    found = _DISABLED_RULES.search(text_of(policy, "Description"))
    return set(found[1].split()) if found else set()


def policy_node(native: ET.Element, rules: list[ET.Element], ids: Collection[str]) -> ET.Element:
    """A web policy with these rules, in this order. :raises AccessError: when a rule or a mark finds no room."""
    if len(rules) > MAX_RULES:
        raise AccessError(REFUSED, "web policy %s would have %d rules; the maximum is %d" % (text_of(native, "Name"), len(rules), MAX_RULES))
    node = copy.deepcopy(native)
    said = _DISABLED_RULES.sub("", text_of(node, "Description"))
    if ids:
        said = ("%s [disabled by netaccess.chatgpt: %s]" % (said, " ".join(sorted(ids)))).strip()
        if len(said) > MAX_TEXT:
            raise AccessError(REFUSED, "the description of web policy %s has no room to record which rules were disabled: shorten it" % text_of(node, "Name"))
    if said != text_of(node, "Description"):
        _put(node, "Description", said)
    held = node.find("RuleList")
    if held is None:
        held = child(node, "RuleList")
    for one in list(held):
        held.remove(one)
    held.extend(rules)
    return node


# -- exceptions and firewall rules -----------------------------------------------------------------------------------


def exception_fields(node: ET.Element) -> tuple[dict, dict]:
    """(fields, members) of an exception. What it skips is said in words: the API's ``on`` means that the check is left out."""
    skips = sorted(word for word, tag in _SKIPS.items() if text_of(node, tag).lower() == "on")
    fields = {"description": text_of(node, "Desc"), "enabled": text_of(node, "Enabled", "on"), "skips": skips}
    # A kind of match that is disabled says nothing, whatever its list holds.
    members = {path: frozenset((one.text or "").strip() for one in node.findall("DomainList/" + tag)) if text_of(node, switch, "yes") == "yes" else frozenset()
               for path, (tag, switch) in _MATCHES.items()}
    fields["other matches"] = any(text_of(node, tag) == "yes" for tag in ("EnableDstIP", "EnableWebCat"))
    return fields, members


def exception_node(name: str, native: ET.Element | None, fields: dict, members: dict) -> ET.Element:
    """A web exception with these fields and members; what else was read of it stays."""
    node = copy.deepcopy(native) if native is not None else ET.Element(EXCEPTIONS, {"transactionid": ""})
    if native is None:
        child(node, "Name", name)
    _put(node, "Desc", fields["description"])
    _put(node, "Enabled", fields["enabled"])
    for word, tag in _SKIPS.items():
        _put(node, tag, "on" if word in fields["skips"] else "off")
    for path, (_tag, switch) in _MATCHES.items():
        _put(node, switch, "yes" if members.get(path) else "no")
    for tag in ("EnableDstIP", "EnableWebCat"):
        if node.find(tag) is None or not fields["other matches"]:
            _put(node, tag, "no")
    held = node.find("DomainList")
    if held is None:
        held = child(node, "DomainList")
    for one in list(held):
        if one.tag in [tag for tag, _switch in _MATCHES.values()]:
            held.remove(one)
    for path, (tag, _switch) in _MATCHES.items():
        for entry in sorted(members.get(path, ())):
            child(held, tag, entry)
    return node


def firewall_node(native: ET.Element, fields: dict, above: str | None) -> ET.Element:
    """An existing firewall rule with another status. One that is sent without its place moves (measured on 22.0), so it always has one."""
    node = copy.deepcopy(native)
    _put(node, "Status", fields["status"])
    _put(node, "Description", fields["description"])
    if node.find("Position") is None:
        child(node, "Position", "After" if above else "Top")
        if above:
            child(child(node, "After"), "Name", above)
    return node


def family(rule: ET.Element) -> str:
    """IPv4 or IPv6."""
    return text_of(rule, "IPFamily", "IPv4")


def firewall_name(rule: ET.Element) -> str:
    """A name may be in both families."""
    name = text_of(rule, "Name")
    return name if family(rule) == "IPv4" else "%s (%s)" % (name, family(rule))


def of_rule(rule: ET.Element, path: str) -> str:
    """A column of a firewall rule, whatever its type of policy."""
    return text_of(rule, "NetworkPolicy/" + path) or text_of(rule, "UserPolicy/" + path)


@dataclass(frozen=True)
class Settings:
    """What the task says of this product; names as in the module's options. ``wants``: something is to be there; a run that only looks or removes does not
    stop at names that are gone."""

    web_policies: tuple[str, ...] = ()
    firewall_rules: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    everyone: bool = False
    prefix: str = "ChatGPT"
    category_name: str | None = None
    exempt_by: str = "url_group"
    exempt_group: str = LOCAL_LIST
    exempt_sources: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    scan_conflicts: bool = True
    wants: bool = True

    @property
    def allow(self) -> str:
        """Our own URL group; the one that a rule of ours is about."""
        return self.prefix + " allow"

    @property
    def list(self) -> str:
        """The URL group that holds the allowed hosts."""
        return self.category_name or self.allow

    @property
    def record(self) -> str:
        """Our URL group that remembers which entries of ``exempt_group`` are ours."""
        return self.prefix + " exempt"


class Site:
    """The elements as read, by entity. Filled by the adapter."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self.tables: dict = {entity: [] for entity in BASE + SCAN}
        self.scanned = False
        #: {entity: (the table that was gone through, {name: element})}
        self._named: dict = {}

    def node(self, entity: str, name: str) -> ET.Element | None:
        """The object of an entity by its name, or None."""
        table, known = self.tables[entity], self._named.get(entity)
        if known is None or known[0] is not table:
            found: dict = {}
            for one in table:
                found.setdefault(text_of(one, "Name"), one)
            known = self._named[entity] = table, found
        return known[1].get(name)

    def group_like(self, name: str) -> ET.Element | None:
        """A group whatever its case: how the web admin writes the name of the local list and how the API does is not confirmed to be the same."""
        exact = self.node(GROUPS, name)
        return exact if exact is not None else next((one for one in self.tables[GROUPS] if text_of(one, "Name").lower() == name.lower()), None)

    def named_policies(self) -> list[str]:
        """Names of the web policies of the audience. :raises AccessError: refused, for one that is not there or a firewall rule without one."""
        settings, found = self._settings, list(self._settings.web_policies)
        rules = {firewall_name(rule): rule for rule in self.tables[FIREWALL]}
        missing = [name for name in settings.firewall_rules if name not in rules]
        if missing and rules and settings.wants:
            raise AccessError(REFUSED, "audience.firewall_rules: no firewall rule is named %s; the rules are: %s"
                              % (", ".join(missing), ", ".join(sorted(rules))))
        for name in settings.firewall_rules:
            used = of_rule(rules[name], "WebFilter") if name in rules else ""
            if name in rules and used in ("", "None") and settings.wants:
                raise AccessError(REFUSED, "audience.firewall_rules: %s uses no web policy, so nothing can be opened for its users" % name)
            found.append(used)
        known = [text_of(policy, "Name") for policy in self.tables[POLICIES]]
        lost = [name for name in found if name not in known and name not in settings.web_policies]
        if lost and known and settings.wants:
            raise AccessError(REFUSED, "audience.firewall_rules: web policy %s is built in and cannot be changed; select a custom one in the rule"
                              % ", ".join(lost))
        absent = [name for name in settings.web_policies if name not in known]
        if absent and known and settings.wants:
            raise AccessError(REFUSED, "audience.web_policies: no web policy is named %s; the policies are: %s" % (", ".join(absent), ", ".join(sorted(known))))
        return list(dict.fromkeys(name for name in found if name in known))

    def users_of(self, policies: Collection[str]) -> list[ET.Element]:
        """Enabled firewall rules that accept and use one of these web policies, in their order."""
        return [rule for rule in self.accepting() if of_rule(rule, "WebFilter") in policies]

    @property
    def inspects(self) -> bool:
        """Whether TLS inspection is on for the device: unless its settings were read and say that it is not."""
        return not any(text_of(node, tag) == "Disabled" for node in self.tables[TLS_SETTINGS] for tag in ("SSLTLSEngine", "SSLTLSInspection"))

    def accepting(self) -> list[ET.Element]:
        """The enabled firewall rules that accept, in their order."""
        return [rule for rule in self.tables[FIREWALL] if text_of(rule, "Status", "Enable") == "Enable" and of_rule(rule, "Action") == "Accept"]
