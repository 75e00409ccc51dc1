# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules a ZIA tenant needs and where they stand, and what a State of it means for a policy. Reads nothing and writes nothing.

Precedence: Cloud App Control, then URL Filtering, each from the top, first match; an exact host in any custom category beats a wildcard
in another one (help pages "About Cloud App Control", "About URL Filtering"; community thread 5926).
"""
from __future__ import annotations

import hashlib

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import (
    Assessment, Conflict, Coverage, Loss, TenantControl,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import UPDATE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import EXACT, Index
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia import voice
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia.model import (
    APP_RULE, CATEGORY, COLUMNS, DISABLED, FIREWALL_RULE, MARK, RULE_PATHS, SSL_RULE, URL_RULE, Site, entry_pattern,
    render,
)

#: Words in the names of built-in categories that hold none of the wanted hosts; which category a host is in, only the vendor knows.
_UNRELATED = ("ADULT", "GAMBLING", "MALWARE", "PHISHING", "SPYWARE", "BOTNET", "HEALTH", "WEAPONS", "DRUGS", "RELIGION", "SPORTS", "TRAVEL",
              "GLOBAL_INT")
OPENAI_APPS = frozenset(("CHATGPT_AI", "DALL_E"))
_SHUT = ("DENY_", "BLOCK_", "CAUTION_", "ISOLATE_")
#: Columns that keep a rule to some devices, times or addresses.
_NARROWER = ("devices", "deviceGroups", "timeWindows", "deviceTrustLevels", "sourceIpGroups", "platforms", "srcIps", "srcIpGroups")
SURE, MAY, NO = 2, 1, 0


class _Site:
    """What both classes below look at."""

    def __init__(self, settings, site: Site, policy, state: State):
        self._settings, self._site, self._policy, self._state = settings, site, policy, state
        self._audience = dict(settings.audience)

    def _order(self, kind: str) -> list:
        return [self._state.objects[ref] for ref in self._state.rules.get(RULE_PATHS[kind], ())]

    def _people(self, rule: Object) -> int:
        """SURE: the rule is about the whole audience; MAY: about a part; NO: about none of it."""
        level = SURE
        for column in COLUMNS:
            theirs, ours = set(rule.fields.get(column) or ()), set(self._audience.get(column) or ())
            if not theirs or (ours and ours <= theirs):
                continue
            if column == "locations" and ours and not ours & theirs:
                return NO
            level = MAY
        narrowed = any(rule.native.get(field) for field in _NARROWER)
        return min(level, MAY) if narrowed else level

    def _hits(self, rule: Object, wanted) -> tuple:
        """(patterns that the rule is about for sure, patterns that it may be about), by its categories, or a firewall rule by the names that it has."""
        if rule.ref.kind == FIREWALL_RULE:
            return self._destinations(rule, wanted)
        names = rule.fields.get("urlCategories") or []
        if not names:
            return frozenset(wanted), frozenset()
        sure, may = set(), set()
        for name in names:
            category = self._state.objects.get(Ref(CATEGORY, name))
            if category is not None:
                held, part = self._held(category, wanted)
                sure |= held
                may |= part
            elif not any(word in name for word in _UNRELATED):
                may |= set(wanted)
        return frozenset(sure), frozenset(may - sure)

    def _destinations(self, rule: Object, wanted) -> tuple:
        """A rule without any destination is about every one."""
        native = rule.native
        if not voice.serves(native, self._site, "tcp", (443,)):
            return frozenset(), frozenset()
        if not any(native.get(field) for field in ("destAddresses", "destIpGroups", "destIpCategories", "destCountries")):
            return frozenset(wanted), frozenset()
        names = self._site.destination_names(native)
        # A name and everything below it, which the tables of the firewall say in two entries.
        sure, may = self._matched(names | {".%s" % name for name in names if "*.%s" % name in names}, wanted)
        return frozenset(sure), frozenset(may)

    def _held(self, category: Object, wanted) -> tuple:
        return self._matched(set().union(*category.members.values()), wanted)

    @staticmethod
    def _matched(entries, wanted) -> tuple:
        patterns = [entry_pattern(entry) for entry in entries]
        index, ours = Index([p for p in patterns if p is not None]), Index(wanted)
        sure = {pattern for pattern in wanted if index.covering(pattern) is not None}
        part = {ours.covering(pattern) for pattern in patterns if pattern is not None} - {None}
        return sure, part - sure


class Places(_Site):
    """The rules that have to be there, each with what it has to stand above and below."""

    def __init__(self, settings, site: Site, policy, state: State):
        """:raises AccessError: for a rule that was named and is not there; one that must not be passed would be."""
        super().__init__(settings, site, policy, state)
        known = {ref.name for refs in state.rules.values() for ref in refs}
        missing = [name for name in settings.before + settings.after + settings.never_above if name not in known]
        if missing and state.rules:
            raise AccessError(REFUSED, "position: the tenant has no rule named %s" % ", ".join(missing))

    def url_rule(self) -> Wanted:
        fields = dict(self._columns(), **{
            "action": "ALLOW", "protocols": sorted(self._settings.protocols), "urlCategories": [self._settings.allow.name], "state": "ENABLED"})
        above, below, passed = set(), set(), False
        for rule in self._order(URL_RULE):
            if rule.ours or rule.fields["state"] != "ENABLED" or rule.fields.get("action") in ("ALLOW", "ICAP_RESPONSE"):
                continue
            people = self._people(rule)
            if people == NO or not any(self._hits(rule, self._policy.allow)):
                continue
            if people == SURE:
                above.add(rule.ref)
                passed = True
            elif not passed:
                # A rule for a part of the audience keeps its word over ours.
                below.add(rule.ref)
        return self._placed(Ref(URL_RULE, self._settings.prefix + " allow"), fields, above, below)

    def ssl_rule(self) -> Wanted:
        fields = dict(self._columns(), **{
            "action": "DO_NOT_DECRYPT", "bypassOtherPolicies": False, "serverCertificates": self._settings.server_certificates,
            "minTLSVersion": "SERVER_TLS_1_2", "urlCategories": [self._settings.exempt.name], "state": "ENABLED"})
        above = {rule.ref for rule in self._order(SSL_RULE) if not rule.ours and rule.fields["state"] == "ENABLED"
                 and (rule.fields.get("action") in ("DECRYPT", "BLOCK") or rule.native.get("defaultRule"))
                 and self._people(rule) != NO and (rule.native.get("defaultRule") or any(self._hits(rule, self._policy.exempt)))}
        return self._placed(Ref(SSL_RULE, self._settings.prefix + " no decrypt"), fields, above, set())

    def media_rule(self, one) -> Wanted:
        order = self._state.rules.get(RULE_PATHS[FIREWALL_RULE], ())
        fixed = {Ref(FIREWALL_RULE, name) for name in self._settings.after + self._settings.never_above}
        above = {Ref(FIREWALL_RULE, name) for name in self._settings.before}
        columns = {column: sorted(self._audience.get(column) or ()) for column in COLUMNS}
        return voice.placed(voice.wanted(self._settings.prefix, columns, one), one, self._order(FIREWALL_RULE), self._people, self._site,
                            frozenset(other for other in above if other in order), frozenset(other for other in fixed if other in order))

    def companions(self, patterns) -> frozenset:
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
        return dict({column: sorted(self._audience.get(column) or ()) for column in COLUMNS}, description=MARK)

    def _placed(self, ref: Ref, fields: dict, above: set, below: set) -> Wanted:
        order = self._state.rules.get(RULE_PATHS[ref.kind], ())
        below |= {Ref(ref.kind, name) for name in self._settings.after + self._settings.never_above}
        floor = max([order.index(other) for other in below if other in order], default=-1)
        above = {other for other in above if order.index(other) > floor} | {Ref(ref.kind, name) for name in self._settings.before}
        return Wanted(Object(ref, fields), RULE_PATHS[ref.kind], frozenset(other for other in above if other in order), frozenset(below))


class Assessor(_Site):
    """What a State means: conflicts, losses, tenant controls, coverage."""

    def __init__(self, settings, site: Site, policy, state: State):
        super().__init__(settings, site, policy, state)
        self._found = Assessment()
        self._exempt = Index(policy.exempt)

    def assess(self) -> Assessment:
        found, wanted = self._found, set(self._policy.allow)
        found.resolved = {_conflict_id(ref): ref for ref, obj in self._state.objects.items() if obj.borrowed}
        shut = self._apps()
        shut.update(self._denylists())
        more, opened = self._walk(URL_RULE, wanted, self._shuts_url, "deny", "everything else that this rule blocks")
        shut.update({pattern: rule for pattern, rule in more.items() if pattern not in shut})
        more, _passed = self._walk(FIREWALL_RULE, wanted, self._drops_by_name, "deny", "everything else that this rule drops")
        shut.update({pattern: rule for pattern, rule in more.items() if pattern not in shut})
        bumped, spared = self._walk(SSL_RULE, set(self._policy.exempt), self._decrypts, "decrypt", "everything else that this rule decrypts")
        if not self._settings.category_name:
            self._crossed(URL_RULE, lambda rule: self._shuts_url(rule) and any(self._hits(rule, self._policy.allow)), "these hosts")
        for one in self._policy.media:
            self._crossed(FIREWALL_RULE, lambda rule, one=one: voice.drops(rule, one, self._site), "voice")
        self._losses()
        found.coverage = [self._coverage(pattern, shut, opened, bumped, spared) for pattern in self._policy.allow]
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

    @staticmethod
    def _decrypts(rule: Object) -> bool:
        return rule.fields.get("action") in ("DECRYPT", "BLOCK")

    def _walk(self, kind: str, wanted: set, bad, effect: str, opens: str) -> tuple:
        """({pattern: rule in its way}, {pattern: rule that decides well}) by first match."""
        shut: dict = {}
        good: dict = {}
        open_ = set(wanted)
        for rule in self._order(kind):
            people = self._people(rule)
            if rule.fields["state"] != "ENABLED" or people == NO or not open_:
                continue
            sure, may = (hits & open_ for hits in self._hits(rule, wanted))
            if kind == SSL_RULE and rule.native.get("cloudApplications"):
                sure, may = frozenset(), sure | may
            if people == MAY:
                sure, may = frozenset(), sure | may
            if bad(rule) and (sure | may):
                for pattern in sure | may:
                    shut.setdefault(pattern, rule.ref.name)
                real = "deny" if rule.fields.get("action") == "BLOCK" else effect
                what = self._site.destination_names(rule.native) if kind == FIREWALL_RULE else rule.fields["urlCategories"]
                self._conflict(real, rule, "%s %s" % (rule.fields["action"], ", ".join(sorted(what)) or "everything"), sure or may, bool(sure), opens)
            elif sure:
                good.update({pattern: rule.ref.name for pattern in sure})
            open_ -= sure
        return shut, good

    def _apps(self) -> dict:
        """{pattern: rule} for the hosts that Cloud App Control, which is asked first, shuts."""
        shut: dict = {}
        own = [pattern for pattern in self._policy.allow if any(word in pattern.name for word in ("openai", "chatgpt", "oai"))]
        for rule in self._order(APP_RULE):
            apps = set(rule.fields.get("applications") or ())
            people = self._people(rule)
            if rule.fields["state"] != "ENABLED" or people == NO or (apps and not apps & OPENAI_APPS):
                continue
            denied = [action for action in rule.fields.get("actions") or () if action.startswith(_SHUT)]
            if denied:
                certain = people == SURE and any(action.endswith("_WEB_USE") for action in denied)
                if any(action.endswith("_WEB_USE") for action in denied):
                    shut.update({pattern: rule.ref.name for pattern in own if pattern not in shut})
                self._conflict("deny", rule, "%s for %s" % (", ".join(denied), ", ".join(sorted(apps)) or "every application"), own, certain,
                               "everything else that this rule denies")
            if people == SURE:
                return shut
        return shut

    def _denylists(self) -> dict:
        shut = {}
        index = Index([pattern for pattern in map(entry_pattern, self._site.denied) if pattern is not None])
        for pattern in self._policy.allow:
            if index.covering(pattern) is not None:
                shut[pattern] = "the denylist"
        if shut:
            self._found.conflicts.append(Conflict(
                _conflict_id(Ref("denylist", "tenant")), "deny", "denylist of the tenant (advanced security or malicious URLs)", "denied URLs",
                tuple(str(p) for p in shut), True, (), "take these hosts out of the list; it is asked before any rule"))
        return shut

    def _conflict(self, effect: str, rule: Object, text: str, hosts, certain: bool, opens: str) -> None:
        identity = _conflict_id(rule.ref)
        if not hosts or any(conflict.id == identity for conflict in self._found.conflicts):
            return
        remedy: tuple = ()
        if rule.ref.name in self._settings.protected:
            opens = "protected"
        elif rule.native.get("defaultRule") or rule.native.get("predefined") or rule.native.get("accessControl") == "READ_ONLY":
            opens = "the API cannot change this rule"
        elif not rule.ours:
            old = rule.fields["description"]
            remedy = (Change(rule.ref, UPDATE, {"state": ("ENABLED", "DISABLED"), "description": (old, " ".join(part for part in (old, DISABLED) if part))}),)
        self._found.conflicts.append(Conflict(
            identity, effect, str(rule.ref), text, tuple(str(p) for p in sorted(hosts, key=str)), certain, remedy, opens))

    # -- who else is reached, and what is lost

    def _crossed(self, kind: str, shuts, what: str) -> None:
        """Rules that shut a part of the audience out and would stand below ours."""
        passed = False
        for rule in self._order(kind):
            if rule.ours or rule.fields["state"] != "ENABLED" or not shuts(rule):
                continue
            people = self._people(rule)
            passed = passed or people == SURE
            if passed and people == MAY and rule.ref.name not in self._settings.never_above + self._settings.after:
                self._found.audience_widened.append("%s shuts out a part of the audience and would no longer be asked for %s; name it in "
                                                    "position.never_above, or narrow the audience" % (rule.ref.name, what))

    def _losses(self) -> None:
        exempt = self._policy.exempt
        hosts = tuple(str(pattern) for pattern in exempt)
        decrypted = any(not rule.ours and rule.fields["state"] == "ENABLED" and rule.fields.get("action") == "DECRYPT" and self._people(rule) != NO
                        and any(self._hits(rule, exempt)) for rule in self._order(SSL_RULE))
        if not hosts or not decrypted:
            return
        # What the service looks into is not in these rules: every scan of content ends with the decryption.
        for control in ("av", "sandbox", "dlp", "file_control"):
            self._found.losses.append(Loss(control, "the tenant's policies for decrypted traffic", hosts))
        if self._site.prompts:
            self._found.losses.append(Loss("prompt_logging", "advanced settings: capture of ChatGPT prompts", hosts))
        for rule in self._order(APP_RULE):
            if rule.native.get("tenancyProfileIds") and rule.fields["state"] == "ENABLED":
                self._found.tenant_controls.append(TenantControl(str(rule.ref), tuple(exempt)))
        for rule in self._order(URL_RULE):
            if rule.native.get("httpHeaderActionProfiles") and rule.fields["state"] == "ENABLED":
                self._found.losses.append(Loss("headers", str(rule.ref), hosts))

    # -- what is in force

    def _coverage(self, pattern, shut: dict, opened: dict, bumped: dict, spared: dict) -> Coverage:
        notes = []
        if pattern.kind != EXACT:
            notes.append("narrowed: at most five levels of subdomains")
        if pattern.kind == "subdomains":
            notes.append("widened: %s itself too" % pattern.name)
        held = self._holds(self._settings.allow, pattern)
        allowed = "yes" if held and pattern not in shut and (pattern in opened or self._settings.category_name) else "no"
        if pattern in shut:
            notes.append("%s blocks it" % shut[pattern])
        exempt, by = "not wanted", None
        if self._exempt.covering(pattern) is not None:
            covering = self._exempt.covering(pattern)
            exempt = "yes" if covering in spared and covering not in bumped else "no"
            by = spared.get(covering) if exempt == "yes" else None
            notes += ["%s decrypts it" % bumped[covering]] if covering in bumped else []
        if not self._settings.scan_conflicts:
            allowed = "unchecked" if allowed == "yes" else allowed
        return Coverage(str(pattern), allowed, exempt, opened.get(pattern) if allowed != "no" else None, by, "; ".join(notes))

    def _holds(self, ref: Ref, pattern) -> bool:
        obj = self._state.objects.get(ref)
        return obj is not None and all(any(entry in members for members in obj.members.values()) for entry in render(pattern))


def _conflict_id(ref: Ref) -> str:
    """Short and stable: from the rule's kind and name."""
    return "zia-%s" % hashlib.sha256(str(ref).encode("utf-8")).hexdigest()[:10]
