# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where our rule stands in a web policy, and what a State of a Sophos Firewall means for a policy. Reads nothing and writes nothing.

Precedence (help pages "Web policies", "Exceptions", "SSL/TLS inspection rules"): firewall rules from the top, the first match says which web
policy is asked; its rules from the top, first match, then its default action. Application control is asked besides.
"""
from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import UPDATE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import (
    EXACT, SUBDOMAINS, Index, Pattern, names_above, parse_if,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos import model as xml
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.api import text_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos.model import (
    ACTIVITIES, ALWAYS, CATEGORIES, EVERYTHING, EXCEPTION, EXCLUSION, FIREWALL, FIREWALL_RULE, FQDNS, FQDN_GROUPS,
    GROUP, GROUPS, LOCAL_LIST, MAX_TEXT, POLICIES, RULE, TLS_RULES, Settings, Site, entry_pattern,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.audience import named
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import Findings, coverage, texts
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    MAY, SURE, Hits, crossed, first_match, held, placed, sides,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import disabled, switched_off

#: Words in the names of built-in categories that hold none of the wanted hosts; which category a host is in, only the vendor knows.
_UNRELATED = ("Adult", "Alcohol", "Anonymizer", "Criminal", "Command", "Drug", "Extreme", "Gambl", "Hack", "Hunting", "Intolerance", "Malware", "Marijuana",
              "Nudity", "P2P", "Phishing", "Porn", "Sex", "Spam", "Spyware", "Tobacco", "Torrent", "Violence", "Weapon")
_SHUTS = ("Deny", "Warn", "Quota")


class _Rules:
    """What both classes below look at."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        self._settings, self._site, self._policy, self._state = settings, site, policy, state
        self._policies = site.named_policies()

    def _order(self, policy: str) -> list:
        """The enabled rules of a web policy."""
        rules = [self._state.objects[ref] for ref in self._state.rules.get(xml.rulebase(policy), ()) if ref in self._state.objects]
        return [rule for rule in rules if rule.fields["enabled"] == "1"]

    def _shutting(self, policy: str) -> list:
        """The enabled rules of the site that shut a wanted host."""
        return [rule for rule in self._order(policy) if not rule.ours and _shut(rule) and any(self._hits(rule, self._policy.allow))]

    def _people(self, rule: Object) -> int:
        """MAY, too, for a rule that holds at times. Who is in which group the API does not say."""
        return min(named(self._settings.users, rule.fields["users"]), SURE if rule.fields["schedule"] == ALWAYS else MAY)

    def _hits(self, rule: Object, wanted: Iterable[Pattern]) -> Hits:
        if rule.ours:
            return self._in_group(self._settings.allow, wanted)
        about = xml.categories(rule.native["xml"])
        if not about or ("WebCategory", EVERYTHING) in about:
            return Hits(frozenset(wanted))
        return self._about(about, wanted)

    def _about(self, about: list, wanted: Iterable[Pattern]) -> Hits:
        sure, may = set(), set()
        for kind, name in about:
            if kind == "URLGroup":
                found = self._in_group(name, wanted)
            elif kind == "WebCategory":
                found = self._in_category(name, wanted)
            elif kind == "UserActivity":
                activity = self._site.node(ACTIVITIES, name)
                inner = [] if activity is None else [pair for pair in xml.categories(activity) if pair[0] != "UserActivity"]
                found = self._about(inner, wanted) if inner else Hits(may=frozenset(wanted))
            else:
                # Types of files and dynamic categories say nothing about hosts.
                found = Hits()
            sure |= found.sure
            may |= found.may
        return Hits(frozenset(sure), frozenset(may - sure))

    def _in_group(self, name: str, wanted: Iterable[Pattern]) -> Hits:
        obj = self._state.objects.get(Ref(GROUP, name))
        return held(map(entry_pattern, obj.members["urls"] if obj is not None else ()), wanted)

    def _in_category(self, name: str, wanted: Iterable[Pattern]) -> Hits:
        """A category of the site says its domains and words; of a built-in one only its name is known."""
        node = self._site.node(CATEGORIES, name)
        domains = [(one.text or "").strip().lower() for one in ([] if node is None else node.findall("DomainList/Domain"))]
        words = [(one.text or "").strip().lower() for one in ([] if node is None else node.findall("KeywordList/Keyword"))]
        if domains or words:
            found = held(map(entry_pattern, domains), wanted)
            by_word = frozenset(pattern for pattern in wanted if any(word and word in pattern.name for word in words))
            return Hits(found.sure, (found.may | by_word) - found.sure)
        return Hits() if any(word.lower() in name.lower() for word in _UNRELATED) else Hits(may=frozenset(wanted))


def _shut(rule: Object) -> bool:
    return xml.decided(rule.fields) in _SHUTS


class Places(_Rules):
    """The rule that each named web policy needs, as low as works: above the first rule that shuts a wanted host for the whole audience."""

    def rules(self) -> list:
        return [self._rule(policy) for policy in self._policies]

    def _rule(self, policy: str) -> Wanted:
        fields = {"users": sorted(self._settings.users), "http": "Allow", "https": "Allow", "follow": "1", "schedule": ALWAYS, "enabled": "1"}
        above, below = ([rule.ref for rule in side] for side in sides(self._shutting(policy), self._people))
        ref = Ref(RULE, "%s: %s" % (policy, self._settings.allow))
        return placed(Object(ref, fields), xml.rulebase(policy), self._state.rules.get(xml.rulebase(policy), ()), above, below)


class Assessor(_Rules):
    """What a State means: conflicts, losses, who else is reached, coverage."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        super().__init__(settings, site, policy, state)
        self._found = Findings(product="sophos", protected=settings.protected)
        self._exempt = Index(policy.exempt)
        self._using = site.users_of(self._policies)
        #: {pattern: firewall rule} that drops it for somebody, or for another service.
        self._doubted: dict = {}

    def assess(self) -> Assessment:
        found = self._found
        found.resolve(ref for ref, obj in self._state.objects.items() if obj.borrowed)
        shut, opened = self._firewall(), {}
        for policy in self._policies:
            closed, opened[policy] = self._walk(policy)
            shut = {**closed, **shut}
        why = self._inspected() if self._policy.exempt else {}
        self._widened()
        self._losses()
        self._manual()
        found.coverage = [self._coverage(pattern, shut, opened, why) for pattern in self._policy.allow]
        return found

    # -- what stands in the way

    def _walk(self, policy: str) -> tuple:
        """({pattern: rule in its way}, {pattern: what lets it through}) of a web policy, by first match."""
        def reach(rule: Object, _left: set) -> Hits:
            return self._hits(rule, self._policy.allow).capped(self._people(rule))

        # What a built-in category may hold is no conflict once ours stands above; below, it is one.
        verdict = first_match(self._order(policy), self._policy.allow, reach, lambda rule, hits: hits if _shut(rule) else Hits(), self._rule_conflict)
        shut = {pattern: str(rule.ref) for pattern, rule in verdict.shut.items()}
        opened = {pattern: str(rule.ref) for pattern, rule in verdict.passed.items()}
        node = self._site.node(POLICIES, policy)
        if node is not None and text_of(node, "DefaultAction") == "Deny":
            shut = {**dict.fromkeys(verdict.left, "the default action of %s" % policy), **shut}
        else:
            opened.update(dict.fromkeys(verdict.left, "the default action of web policy %s" % policy))
        return shut, opened

    def _rule_conflict(self, rule: Object, hits: Hits) -> None:
        fields = {"enabled": (rule.fields["enabled"], "0"), "disabled by us": (False, True)}
        self._conflict("deny", rule.ref, xml.decided(rule.fields), hits.sure or hits.may, bool(hits.sure),
                       () if rule.ours else (Change(rule.ref, UPDATE, fields),), "everything else that this rule shuts")

    def _firewall(self) -> dict:
        """{pattern: rule} for firewall rules that drop wanted hosts by name before a rule that uses a named web policy, in each family."""
        shut: dict = {}
        for family in sorted({xml.family(rule) for rule in self._using}):
            rules = [rule for rule in self._site.tables[FIREWALL] if xml.family(rule) == family]
            last = max(rules.index(rule) for rule in self._using if xml.family(rule) == family)
            for rule in rules[:last]:
                shut.update(self._dropped(rule))
        return shut

    def _dropped(self, rule: ET.Element) -> dict:
        ref = Ref(FIREWALL_RULE, xml.firewall_name(rule))
        obj = self._state.objects[ref]
        if obj.fields["status"] != "Enable" or xml.of_rule(rule, "Action") not in ("Drop", "Reject"):
            return {}
        fqdns = [pattern for name in xml.listed(rule, "DestinationNetworks/Network") for pattern in self._fqdns(name)]
        hit = held(fqdns, self._policy.allow).all
        certain = named(self._settings.users, xml.listed(rule, "Identity/Member")) == SURE and not any(
            xml.listed(rule, path) for path in ("SourceNetworks/Network", "Services/Service"))
        description = obj.fields["description"]
        remedy: tuple = ()
        opens = "everything else that this rule drops"
        if text_of(rule, "Section", "Local") != "Local":
            opens = "it comes from Sophos Central: change it there"
        elif len(disabled(description)) > MAX_TEXT:
            opens = "its description has no room for our mark"
        else:
            remedy = switched_off(ref, "status", "Enable", "Disable", description)
        self._conflict("deny", ref, "%s %s" % (xml.of_rule(rule, "Action"), ", ".join(sorted(str(one) for one in fqdns))), hit, certain, remedy, opens)
        if not certain:
            self._doubted.update(dict.fromkeys(hit, ref))
        return dict.fromkeys(hit, ref) if certain else {}

    def _fqdns(self, name: str) -> list:
        """The patterns of an FQDN host, or of a group of them; a host names its groups, and a group its hosts."""
        found = [text_of(node, "FQDN").lower() for node in self._site.tables[FQDNS]
                 if text_of(node, "Name") == name or name in [(one.text or "").strip() for one in node.findall("FQDNHostGroupList/FQDNHostGroup")]]
        group = self._site.node(FQDN_GROUPS, name)
        members = [] if group is None else [(one.text or "").strip() for one in group.findall("FQDNHostList/FQDNHost")]
        found += [text_of(node, "FQDN").lower() for node in self._site.tables[FQDNS] if text_of(node, "Name") in members]
        return [pattern for pattern in map(parse_if, found) if pattern is not None]

    def _conflict(self, effect: str, ref: Ref, text: str, hosts: Iterable[Pattern], certain: bool, remedy: tuple, opens: str) -> None:
        self._found.conflict(ref, effect, str(ref), text, texts(hosts), certain, remedy, opens, ref.name)

    # -- inspection

    def _inspected(self) -> dict:
        """{pattern: why it is decrypted all the same}. An exception holds with both engines; an exclusion list with the DPI engine only."""
        if self._settings.exempt_by == "exception":
            return {}
        why = {}
        proxied = [xml.firewall_name(rule) for rule in self._using if xml.of_rule(rule, "ProxyMode") == "Enable"]
        if proxied:
            self._found.manual.append("firewall rule %s uses the web proxy, which asks no TLS inspection rule: set exempt_by to exception, or switch it to "
                                      "the DPI engine" % ", ".join(proxied))
            why.update({pattern: "the web proxy of firewall rule %s decrypts it" % proxied[0] for pattern in self._policy.exempt})
        naming = self._naming()
        if not naming:
            self._found.manual.append("no rule of TLS inspection leaves URL group %s undecrypted: make one with the action Don't decrypt, above the first rule "
                                      "that decrypts (the API of this product cannot create such a rule)" % self._settings.exempt_group)
            return dict({pattern: "no rule leaves %s undecrypted" % self._settings.exempt_group for pattern in self._policy.exempt}, **why)
        for rule in self._site.tables[TLS_RULES]:
            if rule in naming:
                break
            if text_of(rule, "Enable", "Yes").lower() in ("yes", "t") and text_of(rule, "DecryptAction") in ("Decrypt", "Deny"):
                self._decrypted(rule, why)
        return why

    def _naming(self) -> list:
        """Enabled rules that leave the list undecrypted. The device's own rule for its own list need not say so (what it shows is not confirmed)."""
        wanted, found = self._settings.exempt_group.lower(), []
        for rule in self._site.tables[TLS_RULES]:
            lists = [text_of(one, "Name").lower() for one in rule.findall("Websites/Activity")]
            own = wanted == LOCAL_LIST.lower() and text_of(rule, "IsDefault") == "Yes"
            if text_of(rule, "Enable", "Yes").lower() in ("yes", "t") and text_of(rule, "DecryptAction") == "Do not decrypt" and (wanted in lists or own):
                found.append(rule)
        return found

    def _decrypted(self, rule: ET.Element, why: dict) -> None:
        about = [({"URL Group": "URLGroup", "Web Category": "WebCategory"}.get(text_of(one, "Type"), ""), text_of(one, "Name"))
                 for one in rule.findall("Websites/Activity")]
        hits = self._about(about, self._policy.exempt) if about else Hits(frozenset(self._policy.exempt))
        narrow = any(xml.listed(rule, path) for path in ("SourceNetworks/Network", "Identity/Members", "SourceZones/Zone", "DestinationNetworks/Network"))
        ref = Ref("TLS inspection rule", text_of(rule, "Name"))
        self._conflict("deny" if text_of(rule, "DecryptAction") == "Deny" else "decrypt", ref, text_of(rule, "DecryptAction"), hits.sure or hits.may,
                       bool(hits.sure) and not narrow, (), "move the rule that does not decrypt above it")
        why.update(dict.fromkeys(hits.all, "%s decrypts it" % ref))

    # -- who else is reached, and what is lost

    def _widened(self) -> None:
        found, settings = self._found.audience_widened, self._settings
        if self._policy.exempt and not self._all():
            if settings.exempt_by == "exception" and not settings.exempt_sources:
                found.append("web exception %s leaves these hosts undecrypted for everybody behind this firewall; limit it with exempt_sources"
                             % settings.prefix)
            elif settings.exempt_by != "exception":
                wide = [text_of(rule, "Name") for rule in self._naming() if not self._for_audience(rule)]
                found += ["URL group %s leaves these hosts undecrypted for everybody behind this firewall (rule %s); use exempt_group with a rule for these "
                          "people, or exempt_sources" % (settings.exempt_group, name) for name in wide]
        for policy in self._policies:
            named = [rule for rule in self._using if of_policy(rule) == policy and xml.firewall_name(rule) in settings.firewall_rules]
            others = [xml.firewall_name(rule) for rule in self._using if of_policy(rule) == policy and rule not in named]
            if named and others and policy not in settings.web_policies and not settings.users:
                found.append("firewall rule %s uses web policy %s too" % (", ".join(others), policy))
            if not settings.category_name:
                self._crossed(policy)

    def _all(self) -> bool:
        """Whether the audience is everybody whose traffic this firewall lets out."""
        return self._settings.everyone and all(of_policy(rule) in self._policies for rule in self._site.accepting())

    def _for_audience(self, rule: ET.Element) -> bool:
        """Whether a rule of TLS inspection is about nobody but the audience."""
        people = xml.listed(rule, "Identity/Members")
        return bool(people) and (self._settings.everyone or set(people) <= set(self._settings.users))

    def _crossed(self, policy: str) -> None:
        """Rules that shut a part of the audience out and stand below ours."""
        self._found.audience_widened += ["%s shuts out a part of the audience and is no longer asked for these hosts; move it above the rules for "
                                         "everybody, or narrow the audience" % rule.ref for rule in crossed(self._shutting(policy), self._people)]

    def _losses(self) -> None:
        hosts = tuple(str(pattern) for pattern in self._policy.exempt)
        decrypting = any(text_of(rule, "DecryptAction") == "Decrypt" and text_of(rule, "Enable", "Yes").lower() in ("yes", "t")
                         for rule in self._site.tables[TLS_RULES])
        for rule in self._using if hosts else ():
            where = "firewall rule %s" % xml.firewall_name(rule)
            if xml.of_rule(rule, "DecryptHTTPS") != "Enable" and (xml.of_rule(rule, "ProxyMode") == "Enable" or not decrypting):
                continue
            found = [control for column, control in (("ScanVirus", "av"), ("ZeroDayProtection", "sandbox")) if xml.of_rule(rule, column) == "Enable"]
            for control in found:
                self._found.lose(control, where, hosts)
        for policy in self._policies if hosts and decrypting else ():
            node = self._site.node(POLICIES, policy)
            rules = [one for one in ([] if node is None else node.findall("RuleList/Rule")) if text_of(one, "PolicyRuleEnabled", "1") == "1"]
            if any(kind == "FileType" for one in rules for kind, _name in xml.categories(one)):
                self._found.lose("file_control", "web policy %s" % policy, hosts)
            if any(text_of(one, "CCLRuleEnabled") == "1" for one in rules):
                self._found.lose("dlp", "content filters of web policy %s" % policy, hosts)

    def _manual(self) -> None:
        manual, using = self._found.manual, {of_policy(rule) for rule in self._using}
        for policy in self._policies:
            node = self._site.node(POLICIES, policy)
            if self._site.tables[FIREWALL] and policy not in using:
                manual.append("no enabled firewall rule uses web policy %s, so it decides nothing: choose it in the rules of these people" % policy)
            if node is not None and text_of(node, "EnableReporting") == "Disable":
                manual.append("web policy %s reports nothing: enable reporting in it, so that visits are logged" % policy)
        families = {xml.family(rule) for rule in self._using}
        ipv6 = [xml.firewall_name(rule) for rule in self._site.accepting() if xml.family(rule) == "IPv6"]
        if self._policies and ipv6 and families == {"IPv4"}:
            manual.append("IPv6: %s lets traffic out by another web policy or none; use the named one there too" % ", ".join(ipv6))
        for one in self._policy.media:
            manual.append("voice (%s): web policies are about HTTP only. Make a service of these ports, hosts of these addresses, and a firewall rule for IPv4 "
                          "and one for IPv6 that accepts them for the audience" % one)

    # -- what is in force

    def _coverage(self, pattern: Pattern, shut: dict, opened: dict, why: dict) -> Coverage:
        notes = []
        if pattern.kind == EXACT:
            notes.append("widened: every subdomain of it too")
        elif pattern.kind == SUBDOMAINS:
            notes.append("widened: %s itself too" % pattern.name)
        if notes and self._settings.exempt_by == "exception" and self._exempt.covering(pattern) is not None:
            notes[0] += " (the exemption is exact)"
        held = self._holds(Ref(GROUP, self._settings.list), pattern)
        allowed = "yes" if held and pattern not in shut and all(pattern in found for found in opened.values()) else "no"
        if pattern in shut:
            notes.append("%s blocks it" % shut[pattern])
        if allowed == "yes" and pattern in self._doubted:
            allowed = "unchecked"
            notes.append("%s drops it for somebody, or for another service" % self._doubted[pattern])
        if allowed == "yes" and not (self._settings.scan_conflicts and self._policies):
            allowed = "unchecked"
        exempt, by = self._exemption(pattern, why)
        cover = self._exempt.covering(pattern)
        notes += [why[cover]] if cover in why else []
        if cover is None and self._settings.exempt_by != "exception" and self._listed().intersection(names_above(pattern.name)):
            notes.append("widened: an entry above it leaves it undecrypted too")
        return coverage(pattern, allowed, exempt, "URL group %s" % self._settings.list, by, notes)

    def _exemption(self, pattern: Pattern, why: dict) -> tuple:
        cover = self._exempt.covering(pattern)
        if cover is None:
            return "not wanted", None
        if self._settings.exempt_by == "exception":
            ref = Ref(EXCEPTION, self._settings.prefix)
            obj = self._state.objects.get(ref)
            held = obj is not None and obj.fields["enabled"] == "on" and "decryption" in obj.fields["skips"] and xml.regex(cover) in obj.members["urls"]
            return ("yes", str(ref)) if held else ("no", None)
        held = bool(self._listed().intersection(names_above(cover.name)))
        return ("yes", "URL group %s" % self._settings.exempt_group) if held and cover not in why else ("no", None)

    def _listed(self) -> frozenset:
        """What the exclusion list holds: entries of others as they were read, and ours."""
        group = self._site.group_like(self._settings.exempt_group)
        record = self._site.node(GROUPS, self._settings.record)
        ours = next((obj.members["urls"] for ref, obj in self._state.objects.items() if ref.kind == EXCLUSION), frozenset())
        mine = xml.entries(record) if record is not None and xml.is_ours(record) else frozenset()
        others = frozenset() if group is None else xml.entries(group) - mine
        return ours | others

    def _holds(self, ref: Ref, pattern: Pattern) -> bool:
        obj = self._state.objects.get(ref)
        return obj is not None and bool(obj.members["urls"].intersection(names_above(pattern.name)))


def of_policy(rule: ET.Element) -> str:
    """The web policy that a firewall rule uses."""
    return xml.of_rule(rule, "WebFilter")
