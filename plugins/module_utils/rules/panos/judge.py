# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a State of a PAN-OS site means for a policy: conflicts, losses, tenant controls, coverage. Reads nothing and writes nothing."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage, TenantControl
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos import controls, model, urls
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.model import Audience, Context, Rule, Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.places import Site, opens, split
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.reader import Reader
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import (
    WORKSPACE_HEADER, Findings, coverage, texts, together,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    MAY, Hits, Layer, crossed, crossing,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import switched_off

#: The rulebases that are asked whether a connection gets through.
_OPENING = ("authentication", "security")


class Assessor(Site):
    """One assessment. ``product`` begins the ids of its conflicts; ``off`` switches a rule off, in the column ``disabled`` of its fields."""

    product: str = "panos"
    off: object = "yes"

    def __init__(self, settings: Settings, context: Context, policy: Policy, state: State):
        super().__init__(settings, context, policy, state)
        around = {base: context.above(base) + self.local[base] + context.below(base) for base in self.local}
        self._rules = dict(around, authentication=context.besides() + context.others("authentication"))
        self._found = Findings(product=self.product, protected=settings.protected)
        self._exempt = Index(policy.exempt)

    def assess(self) -> Assessment:
        found = self._found
        found.resolve_borrowed(self.state.objects.values())
        answers = [self._for(audience) for audience in self.audiences()]
        found.coverage = [self._coverage(pattern, answers) for pattern in self.policy.allow]
        self._named()
        if self.settings.category_name:
            found.manual += ["voice (%s): with category_name no rule is created; allow it for these users" % media for media in self.policy.media]
        unchecked = [ref.name for ref, obj in self.state.objects.items() if ref.kind == model.DECRYPTION and obj.ours and not obj.fields.get("profile")]
        if unchecked:
            found.warnings.append("%s has no decryption profile, so only the client checks the server certificates of these undecrypted sessions: set "
                                  "decryption_profile" % ", ".join(unchecked))
        if self.settings.exclusion_depth:
            found.audience_widened.append("the SSL decryption exclusion list applies to all users and all rules of this device")
        return found

    def _for(self, audience: Audience) -> dict:
        """What becomes of the allowed and of the exempt patterns for these people: {rulebase: (Layer, Answer)}."""
        allow, exempt = self.reader(audience, self.policy.allow), self.reader(audience, self.policy.exempt)
        answers = {base: self._asked(allow, base, "deny") for base in _OPENING}
        answers["decryption"] = self._asked(exempt, "decryption", "decrypt")
        self._losses(allow, exempt)
        layer = allow.layer("security", self.theirs("security"))
        if not self.settings.rules:
            self._crossed(layer, layer.shutting(allow.wanted), "these hosts", allow)
        for media in self.policy.media:
            self._crossed(layer, [rule for rule in layer.rules if allow.drops(rule, media)], "voice")
        return answers

    def _asked(self, reader: Reader, base: str, effect: str) -> tuple:
        layer = reader.layer(base, self._rules[base])
        return layer, layer.ask(reader.wanted, lambda rule, hits: self._conflict(reader, layer, rule, hits, effect))

    # -- conflicts

    def _conflict(self, reader: Reader, layer: Layer, rule: Rule, hits: Hits, effect: str) -> None:
        if rule.ref is None and not rule.where:
            # One that cannot be read, or that is evaluated last.
            return
        ref, obj = rule.ref or Ref("rule of %s" % rule.where, rule.name), self.state.objects.get(rule.ref)
        hosts = [one for one in hits.sure or hits.may if effect == "deny" or not self._excluded(one)]
        text, way = rule.native.get("action", ""), "everything else that this rule %s" % ("denies" if effect == "deny" else "decrypts")
        remedy: tuple = ()
        if rule.profile:
            text, way = self._by_profile(reader, rule)
        elif "authentication-enforcement" in rule.native:
            text, way = "redirects users who are not signed in to a sign-in page (%s)" % rule.native["authentication-enforcement"], "except these hosts from it"
        elif obj is not None and not obj.ours:
            remedy = switched_off(ref, "disabled", obj.fields["disabled"], self.off, obj.fields.get("description"))
        hidden = [] if hits.sure else reader.told_elsewhere(rule)
        doubts = [*layer.doubts(rule), *("only the device knows what %s contains; position.before puts the new rule above this one" % name for name in hidden)]
        way = way if obj is not None else "it is defined in %s; change it there" % rule.where
        self._found.conflict(ref, effect, str(ref), text, texts(hosts), bool(hits.sure), remedy, way, rule.name, doubts)

    def _by_profile(self, reader: Reader, rule: Rule) -> tuple:
        """What an allow rule blocks by its URL filtering profile, and the remedy, in words."""
        name = rule.profiles.get("url-filtering")
        names = ", ".join(sorted(reader.blockers(name)))
        if name is None:
            unknown = ", ".join(rule.native["profile-setting/group"])
            return "allow, with security profiles that are not understood (%s)" % unknown, "check what they block"
        text = "allow, with URL filtering profile %s that blocks %s" % (name, names or "a predefined category")
        return text, "remove these hosts from the category %s, or assign the rule another profile" % names if names else \
            "set a category that holds these hosts to alert in the profile"

    def _excluded(self, pattern: Pattern) -> bool:
        depth = self.settings.exclusion_depth
        entries = [self.state.objects.get(Ref(model.EXCLUSION, entry)) for entry in urls.exclusions(pattern, depth)] if depth else []
        return bool(entries) and all(entry is not None and entry.fields.get("exclude") == "yes" for entry in entries)

    # -- what is lost, and who else is reached

    def _losses(self, allow: Reader, exempt: Reader) -> None:
        """What the exemption removes, and what a rule of ours without the profile of the site's own would."""
        rules = self.context.above("decryption") + self.theirs("decryption") + self.context.below("decryption")
        answer = exempt.layer("decryption", rules).ask(exempt.wanted)
        hosts = frozenset(answer.shut) | {one for one, rule in answer.doubted.items() if not rule.unseen}
        makes = not self.settings.rules and not self.settings.category_name
        passing = {reader: self.passing(reader) for reader in (exempt, allow)}
        carried = self.carried(allow, passing[allow])
        for control, what in controls.switched_off(exempt, passing[exempt], self.theirs("security"), hosts):
            self._found.lose(control, what, texts(hosts))
        # Below a rule of this scope that has another URL filtering profile, ours keeps its place.
        before = [rule for rule in passing[allow] if rule.ref is None or self.settings.tenant_control == "override"]
        kept = {"url-filtering": carried, "saas-security": self.inserting(passing[allow])}
        for kind, words in controls.INSERTS.items():
            passed = {rule.profiles.get(kind) for rule in (before if kind == "url-filtering" else passing[allow])} - {kept.get(kind)}
            for profile in self._profiles_of(kind, passing):
                for header in controls.headers(allow, profile, kind):
                    hosts_of = header.hosts(hosts), header.hosts(allow.wanted) if makes else frozenset()
                    self._header(header, "%s %s" % (words, profile), *hosts_of, profile in passed)
        for profile in self._profiles_of("url-filtering", passing):
            pages = controls.pages(exempt, profile, hosts)
            if pages:
                self._found.warnings.append("pages that URL filtering profile %s blocks (%s) are not visible in undecrypted "
                                            "traffic" % (profile, ", ".join(pages)))

    @staticmethod
    def _profiles_of(kind: str, passing: dict) -> list:
        return list(dict.fromkeys(rule.profiles.get(kind) for found in passing.values() for rule in found))

    def _header(self, header: controls.Header, profile: str, exempt: frozenset, allowed: frozenset, passed: bool) -> None:
        """A header that the site inserts: for exempt hosts it needs decryption, for all of them a rule with that profile."""
        rule = "HTTP header insertion %s of %s" % (header.name, profile)
        control, lost = TenantControl(rule, tuple(sorted(exempt | allowed, key=str))), exempt | (allowed if passed else frozenset())
        if WORKSPACE_HEADER in header.headers:
            self._found.tenant_controls += [control] if control.hosts and control not in self._found.tenant_controls else []
        elif lost:
            self._found.lose("headers", rule, texts(lost))

    def _crossed(self, layer: Layer, shutting: list, what: str, reader: Reader | None = None) -> None:
        if self.settings.category_name:
            return
        _above, below = split(layer, shutting, reader)
        level = layer.level if reader is None else lambda rule: reader.rank(layer, rule)
        named = [rule for rule in below if rule.name in self.settings.before and layer.level(rule) == MAY]
        kept = {rule.name for rule in below}.union(self.settings.never_above, self.settings.after)
        passed = [rule.name for rule in named] + [rule.name for rule in crossed(shutting, level) if rule.name not in kept]
        self._found.audience_widened += [crossing(name, what) for name in dict.fromkeys(passed)]

    def _named(self) -> None:
        """What is to be said of rules that the task names."""
        found, named = self._found, self.named_rules()
        if not self.settings.category_name:
            found.manual += ["voice (%s): rule %s denies or is disabled, so no voice rule is created for it" % (media, rule.name)
                             for media in self.policy.media for rule in named if not opens(rule)]
        for rule in named:
            limits = self.narrower(rule)
            found.audience_widened += ["rule %s is limited by %s, but the rules created for its users are "
                                       "not" % (rule.name, ", ".join(limits))] if limits else []
        mine = {rule.profiles.get("url-filtering") for rule in named} - {None}
        for rule in self._rules["security"]:
            name = rule.profiles.get("url-filtering")
            if rule.enabled and name in mine and rule.name not in self.settings.rules:
                found.audience_widened.append("the URL filtering profile %s is also used by rule %s" % (name, rule.name))

    # -- what is in force

    def _coverage(self, pattern: Pattern, answers: list) -> Coverage:
        """``answers``: for each audience, as ``_for`` says."""
        allowed, notes = self._word(pattern, [one[base] for one in answers for base in _OPENING], "block")
        allowed_by = next((one["security"][1].open[pattern].name for one in answers if pattern in one["security"][1].open), None)
        exempt, exempt_by, covering = "not wanted", None, self._exempt.covering(pattern)
        if covering is not None and (self._excluded(pattern) or self._excluded(covering)):
            exempt, exempt_by = "yes", "decryption exclusion list"
            notes += [] if pattern.kind == "exact" else ["narrowed: subdomains of at most %d levels" % self.settings.exclusion_depth]
        elif covering is not None:
            spared = [one["decryption"] for one in answers]
            exempt, more = self._word(covering, spared, "decrypt")
            notes += more
            sparing = [answer.open[covering].name for _layer, answer in spared if covering in answer.open]
            exempt_by = None if exempt == "no" else next(iter(sparing), "no decryption rule")
        if not self.settings.scan_conflicts:
            allowed, exempt = ("unchecked" if value == "yes" else value for value in (allowed, exempt))
        return coverage(pattern, allowed, exempt, allowed_by, exempt_by, dict.fromkeys(notes))

    @staticmethod
    def _word(pattern: Pattern, asked: list, does: str) -> tuple:
        """(what coverage says of a pattern that rulebases are asked about, why)"""
        notes = []
        for layer, answer in asked:
            shut, doubted = answer.shut.get(pattern), answer.doubted.get(pattern)
            if shut is not None:
                notes.append("%s %ss it" % (shut.name, does))
            elif doubted is not None and doubted.unseen:
                notes.append("%s are not judged" % doubted.name)
            elif doubted is not None:
                notes.append("%s may %s it%s" % (doubted.name, does, "".join("; " + doubt for doubt in layer.doubts(doubted))))
            elif answer.word(pattern) != "yes":
                notes.append("no rule certainly matches it")
        return together(answer.word(pattern) for _layer, answer in asked), notes
