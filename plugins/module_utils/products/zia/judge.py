# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules a ZIA tenant needs and where they stand, and what a State of it means for a policy. Reads nothing and writes nothing.

Precedence: Cloud App Control, then URL Filtering, each from the top, first match; an exact host in any custom category beats a wildcard
in another one (help pages "About Cloud App Control", "About URL Filtering"; community thread 5926).
"""
from __future__ import annotations

from typing import Callable, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage, TenantControl
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import EXACT, Index, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Media, Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia import voice
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia.model import (
    APP_RULE, CATEGORY, COLUMNS, FIREWALL_RULE, RULE_PATHS, SSL_RULE, URL_RULE, Settings, Site, entry_pattern, render,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.audience import named
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import Findings, coverage, texts
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    MAY, NO, SURE, Hits, crossed, crossing, first_match, held, placed, refuse_unknown, sides,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK, switched_off

#: Words in the names of built-in categories that hold none of the wanted hosts; which category a host is in, only the vendor knows.
_UNRELATED = ("ADULT", "GAMBLING", "MALWARE", "PHISHING", "SPYWARE", "BOTNET", "HEALTH", "WEAPONS", "DRUGS", "RELIGION", "SPORTS", "TRAVEL",
              "GLOBAL_INT")
OPENAI_APPS = frozenset(("CHATGPT_AI", "DALL_E"))
_SHUT = ("DENY_", "BLOCK_", "CAUTION_", "ISOLATE_")
#: Columns that keep a rule to some devices, times or addresses.
_NARROWER = ("devices", "deviceGroups", "timeWindows", "deviceTrustLevels", "sourceIpGroups", "platforms", "srcIps", "srcIpGroups")


class _Site:
    """What both classes below look at."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        self._settings, self._site, self._policy, self._state = settings, site, policy, state
        self._audience = dict(settings.audience)

    def _enabled(self, kind: str) -> list:
        rules = [self._state.objects[ref] for ref in self._state.rules.get(RULE_PATHS[kind], ())]
        return [rule for rule in rules if rule.fields["state"] == "ENABLED"]

    def _others(self, kind: str) -> list:
        """The enabled rules of the site."""
        return [rule for rule in self._enabled(kind) if not rule.ours]

    def _people(self, rule: Object) -> int:
        level = min(named(self._audience.get(column) or (), rule.fields.get(column) or (), column == "locations") for column in COLUMNS)
        return min(level, MAY) if any(rule.native.get(field) for field in _NARROWER) else level

    def _hits(self, rule: Object, wanted: Iterable[Pattern]) -> Hits:
        """By its categories, or a firewall rule by the names that it has."""
        if rule.ref.kind == FIREWALL_RULE:
            return self._destinations(rule, wanted)
        names = rule.fields.get("urlCategories") or []
        if not names:
            return Hits(frozenset(wanted))
        sure, may = set(), set()
        for name in names:
            category = self._state.objects.get(Ref(CATEGORY, name))
            if category is not None:
                found = _matched(set().union(*category.members.values()), wanted)
                sure |= found.sure
                may |= found.may
            elif not any(word in name for word in _UNRELATED):
                may |= set(wanted)
        return Hits(frozenset(sure), frozenset(may - sure))

    def _destinations(self, rule: Object, wanted: Iterable[Pattern]) -> Hits:
        """A rule without any destination is about every one."""
        native = rule.native
        if not voice.serves(native, self._site, "tcp", (443,)):
            return Hits()
        if not any(native.get(field) for field in ("destAddresses", "destIpGroups", "destIpCategories", "destCountries")):
            return Hits(frozenset(wanted))
        return _matched(self._site.destination_names(native), wanted)

    @staticmethod
    def _decrypts(rule: Object) -> bool:
        return rule.fields.get("action") in ("DECRYPT", "BLOCK")


def _matched(entries: Iterable[str], wanted: Iterable[Pattern]) -> Hits:
    return held(map(entry_pattern, entries), wanted)


class Places(_Site):
    """The rules that have to be there, each with what it has to stand above and below."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        """:raises AccessError: for a rule that was named and is not there."""
        super().__init__(settings, site, policy, state)
        if state.rules:
            refuse_unknown(settings.before + settings.after + settings.never_above, {ref.name for refs in state.rules.values() for ref in refs}, "the tenant")

    def url_rule(self) -> Wanted:
        fields = dict(self._columns(), description=MARK, action="ALLOW", protocols=sorted(self._settings.protocols),
                      urlCategories=[self._settings.allow.name], state="ENABLED")
        shutting = [rule for rule in self._others(URL_RULE) if rule.fields.get("action") not in ("ALLOW", "ICAP_RESPONSE")
                    and any(self._hits(rule, self._policy.allow))]
        return self._placed(Object(Ref(URL_RULE, self._settings.prefix + " allow"), fields), *sides(shutting, self._people))

    def ssl_rule(self) -> Wanted:
        fields = dict(self._columns(), description=MARK, action="DO_NOT_DECRYPT", bypassOtherPolicies=False,
                      serverCertificates=self._settings.server_certificates, minTLSVersion="SERVER_TLS_1_2",
                      urlCategories=[self._settings.exempt.name], state="ENABLED")
        above = [rule for rule in self._others(SSL_RULE) if self._people(rule) != NO and (
            rule.native.get("defaultRule") or (self._decrypts(rule) and any(self._hits(rule, self._policy.exempt))))]
        return self._placed(Object(Ref(SSL_RULE, self._settings.prefix + " no decrypt"), fields), above)

    def media_rule(self, media: Media) -> Wanted:
        dropping = [rule for rule in self._others(FIREWALL_RULE) if voice.drops(rule, media, self._site)]
        # Where a rule that must not be passed stands below one that drops these packets, there is no place for ours.
        return self._placed(voice.wanted(self._settings.prefix, self._columns(), media), *sides(dropping, self._people), floor=-1)

    def companions(self, patterns: Iterable[Pattern]) -> frozenset:
        """Hosts in a wanted wildcard that some category of the site names itself: there ours has to name them too, or it is not asked."""
        index, found = Index(patterns), set()
        for ref, category in self._state.objects.items():
            if ref.kind == CATEGORY and not category.ours:
                for entry in set().union(*category.members.values()):
                    pattern = entry_pattern(entry)
                    cover = index.covering(pattern) if pattern is not None else None
                    if cover is not None and entry not in render(cover):
                        found.add(entry)
        return frozenset(found)

    def _columns(self) -> dict:
        return {column: sorted(self._audience.get(column) or ()) for column in COLUMNS}

    def _placed(self, obj: Object, above: Iterable[Object], below: Iterable[Object] = (), floor: int | None = None) -> Wanted:
        kind, settings = obj.ref.kind, self._settings
        stays = [rule.ref for rule in below] + [Ref(kind, name) for name in settings.after + settings.never_above]
        return placed(obj, RULE_PATHS[kind], self._state.rules.get(RULE_PATHS[kind], ()), [rule.ref for rule in above], stays,
                      [Ref(kind, name) for name in settings.before], floor)


class Assessor(_Site):
    """What a State means: conflicts, losses, tenant controls, coverage."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, state: State):
        super().__init__(settings, site, policy, state)
        self._found = Findings(product="zia", protected=settings.protected)
        self._exempt = Index(policy.exempt)

    def assess(self) -> Assessment:
        found, wanted = self._found, self._policy.allow
        found.resolve(ref for ref, obj in self._state.objects.items() if obj.borrowed)
        shut = self._apps()
        shut.update(self._denylists())
        by_url, opened = self._walk(URL_RULE, wanted, self._shuts_url, "deny", "everything else that this rule blocks")
        by_name, _passed = self._walk(FIREWALL_RULE, wanted, self._drops_by_name, "deny", "everything else that this rule drops")
        shut = {**by_name, **by_url, **shut}
        bumped, spared = self._walk(SSL_RULE, self._policy.exempt, self._decrypts, "decrypt", "everything else that this rule decrypts")
        if not self._settings.category_name:
            self._crossed(URL_RULE, lambda rule: self._shuts_url(rule) and any(self._hits(rule, wanted)), "these hosts")
        for media in self._policy.media:
            self._crossed(FIREWALL_RULE, lambda rule, media=media: voice.drops(rule, media, self._site), "voice")
        self._losses()
        found.coverage = [self._coverage(pattern, shut, opened, bumped, spared) for pattern in wanted]
        if self._site.no_firewall == "licence":
            found.manual += ["voice (%s): this tenant has no Cloud Firewall; open it where its packets leave the network" % one for one in self._policy.media]
        elif self._site.no_firewall:
            found.manual.append("this role may not see Cloud Firewall: whether a rule there drops these hosts is not known, and a rule of ours for voice, if "
                                "there is one, stays as it is")
        return found

    # -- what stands in the way

    @staticmethod
    def _shuts_url(rule: Object) -> bool:
        return rule.fields.get("action") in ("BLOCK", "CAUTION", "ISOLATE")

    def _drops_by_name(self, rule: Object) -> bool:
        """One that drops whatever nobody allowed is about every site, and no conflict of ours."""
        return voice.blocks(rule) and bool(self._site.destination_names(rule.native))

    def _walk(self, kind: str, wanted: Iterable[Pattern], bad: Callable[[Object], bool], effect: str, opens: str) -> tuple:
        """({pattern: name of the rule in its way}, {pattern: name of the rule that decides well}) by first match."""
        def reach(rule: Object, _left: set) -> Hits:
            by_application = kind == SSL_RULE and rule.native.get("cloudApplications")
            return self._hits(rule, wanted).capped(min(self._people(rule), MAY if by_application else SURE))

        def told(rule: Object, hits: Hits) -> None:
            what = self._site.destination_names(rule.native) if kind == FIREWALL_RULE else rule.fields["urlCategories"]
            self._conflict("deny" if rule.fields.get("action") == "BLOCK" else effect, rule,
                           "%s %s" % (rule.fields["action"], ", ".join(sorted(what)) or "everything"), hits.sure or hits.may, bool(hits.sure), opens)

        verdict = first_match(self._enabled(kind), wanted, reach, lambda rule, hits: hits if bad(rule) else Hits(), told)
        return tuple({pattern: rule.ref.name for pattern, rule in one.items()} for one in (verdict.shut, verdict.passed))

    def _apps(self) -> dict:
        """{pattern: rule} for the hosts that Cloud App Control, which is asked first, shuts."""
        shut: dict = {}
        own = [pattern for pattern in self._policy.allow if any(word in pattern.name for word in ("openai", "chatgpt", "oai"))]
        for rule in self._enabled(APP_RULE):
            apps = set(rule.fields.get("applications") or ())
            people = self._people(rule)
            if people == NO or (apps and not apps & OPENAI_APPS):
                continue
            denied = [action for action in rule.fields.get("actions") or () if action.startswith(_SHUT)]
            if denied:
                whole = any(action.endswith("_WEB_USE") for action in denied)
                if whole:
                    shut.update({pattern: rule.ref.name for pattern in own if pattern not in shut})
                self._conflict("deny", rule, "%s for %s" % (", ".join(denied), ", ".join(sorted(apps)) or "every application"), own,
                               people == SURE and whole, "everything else that this rule denies")
            if people == SURE:
                return shut
        return shut

    def _denylists(self) -> dict:
        denied = _matched(self._site.denied, self._policy.allow).sure
        shut = {pattern: "the denylist" for pattern in self._policy.allow if pattern in denied}
        self._found.conflict(Ref("denylist", "tenant"), "deny", "denylist of the tenant (advanced security or malicious URLs)", "denied URLs", shut, True,
                             opens="take these hosts out of the list; it is asked before any rule")
        return shut

    def _conflict(self, effect: str, rule: Object, text: str, hosts: Iterable[Pattern], certain: bool, opens: str) -> None:
        remedy: tuple = ()
        if rule.native.get("defaultRule") or rule.native.get("predefined") or rule.native.get("accessControl") == "READ_ONLY":
            opens = "the API cannot change this rule"
        elif not rule.ours:
            remedy = switched_off(rule.ref, "state", "ENABLED", "DISABLED", rule.fields["description"])
        self._found.conflict(rule.ref, effect, str(rule.ref), text, texts(hosts), certain, remedy, opens, rule.ref.name)

    # -- who else is reached, and what is lost

    def _crossed(self, kind: str, shuts: Callable[[Object], bool], what: str) -> None:
        shutting = [rule for rule in self._others(kind) if shuts(rule)]
        self._found.audience_widened += [crossing(rule.ref.name, what) for rule in crossed(shutting, self._people)
                                         if rule.ref.name not in self._settings.never_above + self._settings.after]

    def _losses(self) -> None:
        exempt = self._policy.exempt
        hosts = tuple(str(pattern) for pattern in exempt)
        decrypted = any(rule.fields.get("action") == "DECRYPT" and self._people(rule) != NO and any(self._hits(rule, exempt))
                        for rule in self._others(SSL_RULE))
        if not hosts or not decrypted:
            return
        # What the service looks into is not in these rules: every scan of content ends with the decryption.
        for control in ("av", "sandbox", "dlp", "file_control"):
            self._found.lose(control, "the tenant's policies for decrypted traffic", hosts)
        if self._site.prompts:
            self._found.lose("prompt_logging", "advanced settings: capture of ChatGPT prompts", hosts)
        for rule in self._enabled(APP_RULE):
            if rule.native.get("tenancyProfileIds"):
                self._found.tenant_controls.append(TenantControl(str(rule.ref), tuple(exempt)))
        for rule in self._enabled(URL_RULE):
            if rule.native.get("httpHeaderActionProfiles"):
                self._found.lose("headers", str(rule.ref), hosts)

    # -- what is in force

    def _coverage(self, pattern: Pattern, shut: dict, opened: dict, bumped: dict, spared: dict) -> Coverage:
        notes = []
        if pattern.kind != EXACT:
            notes.append("narrowed: at most five levels of subdomains")
        if pattern.kind == "subdomains":
            notes.append("widened: %s itself too" % pattern.name)
        allowed = "yes" if self._holds(self._settings.allow, pattern) and pattern not in shut and (pattern in opened or self._settings.category_name) else "no"
        if pattern in shut:
            notes.append("%s blocks it" % shut[pattern])
        exempt, by = "not wanted", None
        covering = self._exempt.covering(pattern)
        if covering is not None:
            exempt = "yes" if covering in spared and covering not in bumped else "no"
            by = spared.get(covering) if exempt == "yes" else None
            notes += ["%s decrypts it" % bumped[covering]] if covering in bumped else []
        if allowed == "yes" and not self._settings.scan_conflicts:
            allowed = "unchecked"
        return coverage(pattern, allowed, exempt, opened.get(pattern), by, notes)

    def _holds(self, ref: Ref, pattern: Pattern) -> bool:
        obj = self._state.objects.get(ref)
        return obj is not None and all(any(entry in members for members in obj.members.values()) for entry in render(pattern))
