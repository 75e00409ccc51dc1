# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a State of Management Center and of its devices means for a policy. Reads nothing and writes nothing.

Precedence: in a layer the first rule that matches, and a later layer over an earlier one (basic CPL model); what begins with force_ is never taken back by an
allow (CPL guide). Our section is taken to be the last file; where a device shows it, what follows it there counts.
"""
from __future__ import annotations

from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import (
    Assessment, Conflict, Coverage, TenantControl,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, EXACT, Index, Pattern, covers, names_above
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg import cpl
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.cpl import ALLOW, EXEMPT
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.model import (
    ENTRY, LIST, LISTS, URLS, URL_LIST, Settings, Site, list_urls, url_pattern,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.audience import networks
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import (
    WORKSPACE_HEADER, Findings, conflict_id, coverage, texts,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    MAY, NO, SURE, Hits, hits_of, opposite, walk,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import switched_off

#: Words in the names of vendor categories that hold none of the wanted hosts; which category a host is in, only the vendor knows.
_UNRELATED = ("adult", "gambling", "malicious", "malware", "phishing", "spam", "botnet", "suspicious", "porn", "weapon", "drug", "violence", "piracy", "scam",
              "proxy avoidance", "hacking", "peer-to-peer")
_DENY = ("deny", "force_deny", "exception(", "force_exception(")
_PEOPLE = ("group", "user", "client.address")
#: Properties that hand decrypted content to a scanner (CPL guide).
_SCANS = {"response.icap_service(": "av", "request.icap_service(": "dlp"}
_CERTIFICATE = "server.certificate.hostname"


class Assessor:
    """What a State means: conflicts, losses, tenant controls, coverage."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State, predicted: bool):
        """``predicted``: the state is the one after a plan, with whatever installs it."""
        self._settings, self._site, self._policy, self._state, self._predicted = settings, site, policy, state, predicted
        self._found = Findings(product="symantec", protected=settings.protected)
        self._known = ("unchecked", "")
        self._shut: dict = {}
        self._bumped: dict = {}
        self._by_entry: dict = {}
        self._allow, self._exempt = Index(policy.allow), Index(policy.exempt)
        self._parents = {name for pattern in policy.allow for name in names_above(pattern.name)}
        #: Whether our section is predicted to be another one than that in Management Center.
        self._changed = site.objects().get(settings.policy) != state.objects.get(settings.policy)

    def assess(self) -> Assessment:
        found = self._found
        if self._settings.scan_conflicts:
            for where, text in self._site.texts():
                self._evaluate(where, cpl.read(text))
            self._lists()
        self._widened()
        self._known = self._in_force()
        found.coverage = [self._coverage(pattern) for pattern in self._policy.allow]
        self._manual()
        return found

    # -- the site's rules

    def _evaluate(self, where: str, site: cpl.Policy) -> None:
        ours = "condition=%s" % cpl.condition_name(self._settings.prefix, ALLOW)
        spares = "condition=%s" % cpl.condition_name(self._settings.prefix, EXEMPT)
        passed = decrypts = False
        for layer in site.layers:
            if layer.kind in ("proxy", "ssl"):
                # What <SSL> denies, no ALLOW in <Proxy> brings back.
                self._proxy_layer(where, site, layer, passed or layer.kind == "ssl")
                passed = passed or any(ours in rule.text for rule in layer.rules)
        passed = False
        for layer in site.layers:
            if layer.kind == "ssl-intercept":
                decrypts = self._ssl_layer(where, site, layer, passed) or decrypts
                passed = passed or any(spares in rule.text for rule in layer.rules)
        if decrypts:
            self._losses(where, site)

    def _proxy_layer(self, where: str, site: cpl.Policy, layer: cpl.Layer, after: bool) -> None:
        def decides(rule: cpl.Rule) -> bool:
            asked = layer.kind != "ssl" or any(test.name.startswith(_CERTIFICATE) for test in rule.tests)
            return asked and not self._is_ours(rule) and any(action.startswith(_DENY) or action in ("allow", "allow()") for action in rule.actions)

        for rule, hits in walk(filter(decides, layer.rules), self._policy.allow, lambda rule, left: self._reach(site, rule, left)):
            deny = [action for action in rule.actions if action.startswith(_DENY)]
            final = any(action.startswith("force_") for action in deny)
            if deny and (final or after):
                text = "%s: %s" % ("it is final" if final or layer.kind == "ssl" else "it stands behind ours", rule.text)
                self._conflict("deny", where, site, rule, text, hits)
            elif deny and self._people(rule) == MAY:
                self._found.audience_widened.append("%s: \"%s\" shuts out a part of the audience, and a later ALLOW takes that back for the wanted hosts; "
                                                    "narrow the audience" % (where, rule.text))

    def _ssl_layer(self, where: str, site: cpl.Policy, layer: cpl.Layer, after: bool) -> bool:
        """Whether a rule of the site decrypts an exempt host."""
        def intercepts(rule: cpl.Rule) -> list:
            return [action for action in rule.actions if action.startswith("ssl.forward_proxy(")]

        decrypts = False
        rules = [rule for rule in layer.rules if intercepts(rule) and not self._is_ours(rule)]
        for rule, hits in walk(rules, self._policy.exempt, lambda rule, left: self._reach(site, rule, left)):
            if intercepts(rule)[-1] != "ssl.forward_proxy(no)":
                decrypts = True
                if after:
                    self._conflict("decrypt", where, site, rule, "it stands behind ours: %s" % rule.text, hits)
        return decrypts

    def _is_ours(self, rule: cpl.Rule) -> bool:
        """Ours need no judging: each wanted pattern against each line of our own definition is the square of the list."""
        names = {cpl.condition_name(self._settings.prefix, part) for part in (ALLOW, EXEMPT)}
        return any(test.name == "condition" and names & set(test.values) for test in rule.tests)

    def _reach(self, site: cpl.Policy, rule: cpl.Rule, wanted: Iterable[Pattern]) -> Hits:
        people = self._people(rule)
        if people == NO:
            return Hits()
        tests = [test for test in rule.tests if test.name not in _PEOPLE]
        return hits_of({pattern: min([self._hit(site, test, pattern) for test in tests], default=SURE) for pattern in wanted}).capped(people)

    def _people(self, rule: cpl.Rule) -> int:
        return min([self._person(test) for test in rule.tests if test.name in _PEOPLE], default=SURE)

    def _person(self, test: cpl.Test) -> int:
        if test.negated:
            return MAY
        if test.name == "client.address":
            return networks(self._settings.clients, test.values)
        ours = {name.lower() for name in (self._settings.groups if test.name == "group" else self._settings.users)}
        return SURE if ours and ours <= {value.lower() for value in test.values} else MAY

    def _hit(self, site: cpl.Policy, test: cpl.Test, pattern: Pattern) -> int:
        level = max([self._value(site, test, value, pattern) for value in test.values], default=MAY)
        return opposite(level) if test.negated else level

    def _value(self, site: cpl.Policy, test: cpl.Test, value: str, pattern: Pattern) -> int:
        if test.name == "condition" and value.lower() in site.conditions:
            return self._definition(site, site.conditions[value.lower()], pattern)
        if test.name in ("category", _CERTIFICATE + ".category"):
            if value.lower() in site.categories:
                return self._definition(site, site.categories[value.lower()], pattern)
            return NO if any(word in value.lower() for word in _UNRELATED) else MAY
        if test.name == "url.port":
            return SURE if value == "443" else NO
        host = cpl.host_pattern(test, value)
        if host is None:
            return MAY
        level = _meets(host, pattern)
        return MAY if level == SURE and "/" in value.strip("/") else level

    def _definition(self, site: cpl.Policy, lines: list, pattern: Pattern) -> int:
        return max([min([self._hit(site, test, pattern) for test in line], default=SURE) for line in lines], default=NO)

    def _conflict(self, effect: str, where: str, site: cpl.Policy, rule: cpl.Rule, text: str, hits: Hits) -> None:
        hosts = set(hits.sure or hits.may)
        if effect == "deny":
            # An entry of a list on Management Center is a conflict of its own, which can be taken out of the way.
            held = {pattern: obj.ref for pattern in hosts for obj in self._entries() if self._enters(site, rule, obj, pattern)}
            self._by_entry.update({ref: pattern for pattern, ref in held.items()})
            hosts -= set(held)
        shut = self._shut if effect == "deny" else self._bumped
        shut.update({pattern: where for pattern in hosts})
        self._found.conflict("%s %s" % (layer_name(effect), rule.text), effect, where, text, texts(hosts), bool(hits.sure),
                             opens="a person has to change or move this rule")

    def _enters(self, site: cpl.Policy, rule: cpl.Rule, obj: Object, pattern: Pattern) -> bool:
        """Whether a rule decides on a pattern by the very entry of a list."""
        entry = url_pattern(obj.native["url"])
        if entry is None or _meets(entry, pattern) == NO:
            return False
        lines = [line for test in rule.tests if test.name in ("condition", "category") for value in test.values
                 for line in site.conditions.get(value.lower(), site.categories.get(value.lower(), []))]
        return any(cpl.host_pattern(test, value) == entry for line in lines for test in line for value in test.values)

    def _entries(self) -> list:
        return [obj for ref, obj in self._state.objects.items() if ref.kind == ENTRY]

    # -- lists on Management Center

    def _lists(self) -> None:
        for obj in self._entries():
            hosts = self._wanted_by(url_pattern(obj.native["url"]))
            if obj.native["was ours"]:
                self._found.resolve([obj.ref])
            if not hosts or not obj.fields["enabled"]:
                continue
            # Where the devices can be asked, a list that no rule denies by is none of our business.
            certain = obj.ref in self._by_entry or (obj.native["was ours"] and bool(self._site.current))
            if certain or not self._site.current:
                self._entry_conflict(obj, hosts, certain)
        if self._site.current:
            return
        for row in self._site.of_type(*LISTS):
            if row["contentType"] == URL_LIST:
                continue
            hosts = {pattern for url in list_urls(row["contentType"], self._site.body(row["uuid"])) for pattern in self._wanted_by(url_pattern(url))}
            if hosts:
                where = "%s %s" % (row["contentType"], row["name"])
                self._found.conflicts.append(Conflict(
                    id=conflict_id("symantec", where), effect="deny", where=where, hosts=texts(hosts), certain=False,
                    text="it holds a wanted host; whether a rule denies by it cannot be read", opens="take these hosts out of it if a rule denies by it"))

    def _wanted_by(self, entry: Pattern | None) -> list:
        """The wanted patterns that an entry of a list meets. Most of a long list meets none, which is found out without looking at each."""
        if entry is None or (entry.name not in self._parents and self._allow.covering(entry) is None):
            return []
        return [pattern for pattern in self._policy.allow if _meets(entry, pattern) != NO]

    def _entry_conflict(self, obj: Object, hosts: list, certain: bool) -> None:
        name = obj.native["list"]
        text = "a rule denies by it, and it is final" if certain else "it holds a wanted host; whether a rule denies by it cannot be read"
        if certain:
            self._shut.update({pattern: "URL list %s" % name for pattern in hosts})
        self._found.conflict(
            obj.ref, "deny", "URL list %s" % name, "%s: %s" % (obj.native["url"], text), texts(hosts), certain,
            switched_off(obj.ref, "enabled", True, False, obj.fields["description"]),
            "whatever else this list is used for, once the policies that use it are installed", name)

    # -- what is lost, and who else is reached

    def _losses(self, where: str, site: cpl.Policy) -> None:
        hosts = texts(self._policy.exempt)
        for layer in site.layers:
            for rule in layer.rules:
                for scan, control in _SCANS.items():
                    if any(action.startswith(scan) and not action.endswith("(no)") for action in rule.actions):
                        self._found.lose(control, "%s: %s" % (where, rule.text), hosts)
        source = dict(self._site.texts())[where]
        if WORKSPACE_HEADER in source.lower():
            self._found.tenant_controls.append(TenantControl("the policy that %s runs" % where, tuple(self._policy.exempt)))

    def _widened(self) -> None:
        settings = self._settings
        if self._policy.exempt and (settings.groups or settings.users) and not settings.full and EXEMPT not in settings.lists:
            who = "everybody at %s" % ", ".join(settings.clients) if settings.clients else "everybody"
            self._found.audience_widened.append("the exemption from inspection reaches %s: groups and users are not confirmed in <SSL-Intercept>; "
                                                "name clients alone, or set ssl_layer to full where the release takes them" % who)

        for name in sorted(set(settings.lists.values())):
            if settings.groups or settings.users or settings.clients:
                self._found.audience_widened.append("the URL list %s is for whomever the rules of the site that use it are for" % name)

    # -- what is in force

    def _in_force(self) -> tuple:
        """("yes" or "no" or "unchecked", why not yes)."""
        settings, site = self._settings, self._site
        if settings.mode == "upe":
            return "unchecked", "what Cloud SWG runs cannot be read"
        if not site.current:
            return "unchecked", "in Management Center; whether a device runs it cannot be read without consoles"
        if self._predicted and settings.installs:
            return "yes", ""
        waiting = site.waiting() if not self._changed else list(site.current)
        return ("no", "waits for installation on %s" % ", ".join(waiting)) if waiting else ("yes", "")

    def _coverage(self, pattern: Pattern) -> Coverage:
        known, why = self._known
        exempt, notes = self._exempt.covering(pattern), []
        allowed = self._held(ALLOW, pattern) and pattern not in self._shut
        if pattern in self._shut:
            notes.append("%s denies it" % self._shut[pattern])
        spared = exempt is not None and self._held(EXEMPT, exempt) and exempt not in self._bumped
        if exempt is not None and exempt in self._bumped:
            notes.append("%s decrypts it" % self._bumped[exempt])
        if exempt is not None and (EXEMPT in self._settings.lists or not self._settings.full) and exempt.kind != DOMAIN:
            notes.append("widened: undecrypted are %s" % ("its subdomains too" if exempt.kind == EXACT else "%s itself too" % exempt.name))
        if (allowed or spared) and why:
            notes.append(why)
        if not self._settings.scan_conflicts and known == "yes":
            known = "unchecked"
            notes.append("the site's own rules were not looked at")
        words, names = {}, {}
        for part, one in ((ALLOW, allowed), (EXEMPT, spared)):
            # What a rule does with a list of the site cannot be read.
            listed = self._settings.lists.get(part)
            words[part] = "no" if not one else "unchecked" if listed else known
            names[part] = None if words[part] == "no" else "URL list %s" % listed if listed else "policy %s" % self._settings.prefix
        if ALLOW in self._settings.lists and pattern.kind != DOMAIN:
            notes.append("widened: a list holds %s" % ("its subdomains too" if pattern.kind == EXACT else "%s itself too" % pattern.name))
        if exempt is None:
            words[EXEMPT] = "not wanted"
        return coverage(pattern, words[ALLOW], words[EXEMPT], names[ALLOW], names[EXEMPT], notes)

    def _held(self, part: str, pattern: Pattern) -> bool:
        if part in self._settings.lists:
            held = self._state.objects.get(Ref(LIST, self._settings.lists[part]))
            return held is not None and pattern.name in held.members[URLS]
        obj = self._state.objects.get(self._settings.policy)
        return obj is not None and str(pattern) in obj.members.get(part, ()) and bool(obj.fields.get("%s rule" % part))

    # -- what only a person can do

    def _manual(self) -> None:
        settings, site, manual = self._settings, self._site, self._found.manual
        if not self._policy.allow:
            return
        seen = [console for console, text in site.current.items() if cpl.read_section(text, settings.prefix).in_force]
        if settings.lists:
            verbs = {ALLOW: "has to allow", EXEMPT: "must not intercept"}
            manual += ["a rule of the site %s the hosts of the URL list %s; install the policies that use it" % (verbs[part], name)
                       for part, name in settings.lists.items()]
        if len(settings.lists) < 2 and (not seen or len(seen) < len(site.current)):
            manual.append("once: in Management Center, assign the policy %s to the devices as the policy file that is evaluated last" % settings.prefix)
        if len(settings.lists) < 2 and not settings.installs and (not site.current or self._changed or site.waiting()):
            manual.append("install the policy %s on the devices in Management Center: its API for that is not published, and this task does not ask for it" %
                          settings.prefix)
        if settings.mode == "upe":
            manual.append("in Management Center, give the section %s the enforcement domain Universal, so that Cloud SWG gets it too" % settings.prefix)
        if self._policy.exempt:
            manual.append("server certificates of undecrypted connections are checked only where the site's own <SSL> layer does so")
        manual += ["voice (%s): a web proxy forwards no UDP; open it where its packets leave the network" % one for one in self._policy.media]


def layer_name(effect: str) -> str:
    """The layer in which rules have this effect."""
    return "SSL-Intercept" if effect == "decrypt" else "Proxy"


def _meets(entry: Pattern, pattern: Pattern) -> int:
    """SURE: the entry holds the whole pattern; MAY: a part of it."""
    return SURE if covers(entry, pattern) else MAY if covers(pattern, entry) else NO
