# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules a PAN-OS site needs and where they stand, and what a State of it means for a policy. Reads nothing and writes nothing."""
from __future__ import annotations

from typing import Callable, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment, Coverage, TenantControl
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Media, Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos import elements as xml
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.panos.model import (
    Audience, Context, Judge, Rule, Settings,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import (
    WORKSPACE_HEADER, Findings, coverage, texts,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    NO, Hits, crossed, crossing, held, lowest, placed, refuse_unknown, sides,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK, switched_off

#: Security profile kind: what it needs decrypted traffic for.
_CONTROLS = {"virus": "av", "wildfire-analysis": "sandbox", "file-blocking": "file_control", "data-filtering": "dlp"}
LINK = "url profile entry"


def categories_of(context: Context, state: State) -> dict:
    """{name: entries} of all custom URL categories as ``state`` has them, those of shared and of parents included."""
    found = {}
    for node in reversed(context.nodes[1:]):
        for entry in node.findall("profiles/custom-url-category/entry"):
            found[entry.get("name")] = [member.text or "" for member in entry.findall("list/member")]
    found.update({ref.name: obj.members["list"] for ref, obj in state.objects.items() if ref.kind == xml.CATEGORY})
    return found


def local_rules(state: State, base: str, ours: bool = True) -> list:
    found = [(ref, state.objects[ref]) for ref in state.rules.get(base, ())]
    return [Rule(ref.name, obj.fields, ref) for ref, obj in found if ours or not obj.ours]


def opens(rule: Rule) -> bool:
    """Whether a named rule lets its people through; one that denies or is disabled says nothing of who may speak."""
    return rule.enabled and rule.fields.get("action", "allow") == "allow"


class _Site:
    """What both classes below look at: the policy, the audience columns and the site's own rules."""

    def __init__(self, settings: Settings, context: Context, policy: Policy, state: State):
        self._settings, self._context, self._policy, self._state = settings, context, policy, state
        self._categories = categories_of(context, state)

    def _judge(self, audience: Audience, wanted: Iterable[Pattern]) -> Judge:
        links = {ref.name.rpartition(": ")[0]: obj.fields["action"] for ref, obj in self._state.objects.items() if ref.kind == LINK}
        return Judge(self._context, audience, wanted, self._categories, self._settings.allow.name, links)

    def _named_rules(self) -> list:
        known = {rule.name: rule for rule in local_rules(self._state, "security")}
        missing = [name for name in self._settings.rules if name not in known]
        if missing:
            raise AccessError(REFUSED, "audience.rules: %s has no security rule named %s; there are: %s" % (
                self._settings.scope, ", ".join(missing), ", ".join(sorted(known)) or "none"))
        return [known[name] for name in self._settings.rules]

    def _audiences(self) -> list:
        if not self._settings.rules:
            return [self._settings.audience]
        columns = {"from_zones": "from", "to_zones": "to", "sources": "source", "users": "source-user"}
        return [Audience(**{field: tuple(rule.values(column)) if rule.values(column) != ["any"] else () for field, column in columns.items()})
                for rule in self._named_rules()]

    def _template(self, judge: Judge) -> Rule | None:
        """The site's own allow rule that takes these connections once nothing blocks them."""
        for rule in local_rules(self._state, "security", ours=False):
            if rule.enabled and rule.fields.get("action", "allow") == "allow" and judge.people(rule) != NO and any(judge.hosts(rule)):
                return rule
        return None


class Places(_Site):
    """The rules that have to be there, each with what it has to stand above and below."""

    def __init__(self, settings: Settings, context: Context, policy: Policy, state: State, above: dict):
        """:raises AccessError: for a zone or rule that was named and is not there."""
        super().__init__(settings, context, policy, state)
        self._allow = self._judge(settings.audience, policy.allow)
        if state.rules:
            self._known_names(above)

    def _known_names(self, above: dict) -> None:
        settings, zones = self._settings, self._context.names("zone")
        missing = [zone for zone in settings.audience.from_zones + settings.audience.to_zones if zone not in zones + ["any", "multicast"]]
        if zones and missing:
            raise AccessError(REFUSED, "audience: %s has no zone %s; there are: %s" % (settings.scope, ", ".join(missing), ", ".join(sorted(zones))))
        known = {ref.name for refs in self._state.rules.values() for ref in refs} | {rule.name for rules in above.values() for rule in rules}
        refuse_unknown(settings.before + settings.after + settings.never_above, known, settings.scope)

    def security_rule(self) -> Wanted:
        template = self._template(self._allow)
        fields = dict(self._columns(self._settings.audience), **{
            "destination": ["any"], "application": sorted(self._settings.application), "service": ["service-https"],
            "category": [self._settings.allow.name], "action": "allow", "log-end": "yes"})
        fields.update(self._profiles(template))
        return self._placed(self._settings.open_rule, fields, self._blocking(self._allow), template)

    def media_rules(self, media: Media) -> list:
        """Voice: no name is visible in its packets, so the published addresses are the destination. One rule for each audience; for a named rule with
        its security profiles, below it."""
        ref = Ref(xml.SERVICE, "%s-%s" % (self._settings.prefix, media.id))
        wanted = [Wanted(Object(ref, {"description": MARK, "protocol/%s/port" % media.protocol: ",".join(str(port) for port in media.ports)}))]
        named = self._named_rules() if self._settings.rules else [None]
        for name, audience, rule in zip(self._names(ref.name), self._audiences(), named):
            if rule is not None and not opens(rule):
                continue
            judge = self._judge(audience, self._policy.allow)
            template = rule or self._template(judge)
            fields = dict(self._columns(audience), **{
                "destination": sorted(media.destinations), "application": ["any"], "service": [ref.name], "category": ["any"], "action": "allow",
                "log-end": "yes"})
            if rule is not None:
                fields.update(self._profiles(rule))
            above, below = self._blocking(judge, lambda other, judge=judge: judge.drops(other, media))
            wanted.append(self._placed(Ref(xml.SECURITY, name), fields, (above, below + ([rule.ref] if rule is not None else [])), template))
        return wanted

    def _names(self, name: str) -> list:
        """The name of a rule, or of the rules beside the named ones."""
        return [("%s: %s" % (name, rule))[:63] for rule in self._settings.rules] or [name]

    def decryption_rules(self, logs: bool) -> list:
        wanted = []
        for name, audience in zip(self._names(self._settings.prefix + "-no-decrypt"), self._audiences()):
            judge = self._judge(audience, self._policy.exempt)
            decrypting = [rule for rule in local_rules(self._state, "decryption", ours=False) if any(judge.decrypts(rule, judge.reach(rule)))]
            fields = dict(self._columns(audience), **{
                "destination": ["any"], "service": ["any"], "category": [self._settings.exempt.name], "action": "no-decrypt", "type/ssl-forward-proxy": ""})
            profile = self._settings.decryption_profile or next((r.fields["profile"] for r in decrypting if r.fields.get("profile")), None)
            if profile:
                fields["profile"] = profile
            if logs:
                fields.update({"log-success": "yes", "log-fail": "yes"})
            bounds = [rule.ref for rule in decrypting], self._fixed(xml.DECRYPTION)
            wanted.append(self._placed(Ref(xml.DECRYPTION, name), fields, bounds, None, "decryption", logs))
        return wanted

    def url_profiles(self) -> list:
        """Names of the URL filtering profiles of the named rules. :raises AccessError: for one that is not made in this scope."""
        found = []
        for rule in self._named_rules():
            name = self._allow.profiles(rule).get("url-filtering")
            if name is None or name in found:
                continue
            if not any(entry.get("name") == name for entry in self._context.nodes[0].findall("profiles/url-filtering/entry")):
                raise AccessError(REFUSED, "the URL filtering profile %s of rule %s is not made in %s (it is predefined, shared or of a parent): name a rule "
                                  "with a profile of its own, or use method new_rule" % (name, rule.name, self._settings.scope))
            found.append(name)
        return found

    def _columns(self, audience: Audience) -> dict:
        columns = zip(("from", "to", "source", "source-user"), (audience.from_zones, audience.to_zones, audience.sources, audience.users))
        fields = {name: sorted(values) or ["any"] for name, values in columns}
        fields["description"] = MARK
        if self._settings.tags:
            fields["tag"] = sorted(self._settings.tags)
        return fields

    def _profiles(self, template: Rule | None) -> dict:
        """The security profiles of the rule that these connections would take, without its URL filtering, which may be what blocks them."""
        if self._settings.profile_group:
            return {"profile-setting/group": [self._settings.profile_group]}
        found = self._allow.profiles(template) if template else {}
        return {"profile-setting/profiles/%s" % kind: [name] for kind, name in sorted(found.items()) if kind != "url-filtering"}

    def _placed(self, ref: Ref, fields: dict, bounds: tuple, template: Rule | None, base: str = "security", logs: bool = True) -> Wanted:
        log_setting = self._settings.log_setting or (template.fields.get("log-setting") if template else None)
        if log_setting and logs:
            fields["log-setting"] = log_setting
        order = self._state.rules.get(base, ())
        above, below = bounds
        # Rules of ours find their own place.
        floor = lowest(order, [other for other in below if other in order and not self._state.objects[other].ours])
        return placed(Object(ref, fields), base, order, above, below, [Ref(ref.kind, name) for name in self._settings.before], floor)

    def _fixed(self, kind: str) -> list:
        return [Ref(kind, name) for name in self._settings.after + self._settings.never_above]

    def _blocking(self, judge: Judge, blocks: Callable[[Rule], bool] | None = None) -> tuple:
        """(rules that ours has to stand above, rules that it has to stay below)"""
        shutting = [rule for rule in local_rules(self._state, "security", ours=False) if (blocks(rule) if blocks else any(judge.blocked(rule)))]
        above, below = ([rule.ref for rule in side] for side in sides(shutting, judge.people))
        return above, below + self._fixed(xml.SECURITY)


class Assessor(_Site):
    """What a State means: conflicts, losses, tenant controls, coverage."""

    def __init__(self, settings: Settings, context: Context, policy: Policy, state: State, above: dict, below: dict):
        super().__init__(settings, context, policy, state)
        self._rules = {base: above[kind] + local_rules(state, base) + below[kind]
                       for kind, base in ((xml.SECURITY, "security"), (xml.DECRYPTION, "decryption"))}
        self._found = Findings(product="panos", protected=settings.protected)
        self._exempt = Index(policy.exempt)

    def assess(self) -> Assessment:
        found = self._found
        found.resolve(ref for ref, obj in self._state.objects.items() if ref.kind in (xml.SECURITY, xml.DECRYPTION) and obj.borrowed)
        verdicts = [self._for(audience) for audience in self._audiences()]
        found.coverage = [self._coverage(pattern, verdicts) for pattern in self._policy.allow]
        self._shared_profiles()
        if self._settings.category_name:
            found.manual += ["voice (%s): with category_name no rule is made; allow it for these people" % media for media in self._policy.media]
        if not self._settings.category_name:
            shut = [rule.name for rule in self._named_rules() if not opens(rule)]
            found.manual += ["voice (%s): rule %s denies or is disabled, so nothing is opened beside it" % (media, name)
                             for media in self._policy.media for name in shut]
        unchecked = [ref.name for ref, obj in self._state.objects.items() if ref.kind == xml.DECRYPTION and obj.ours and not obj.fields.get("profile")]
        if unchecked:
            found.warnings.append("%s has no decryption profile, so nobody checks the server certificates of these undecrypted sessions but the client: set "
                                  "decryption_profile" % ", ".join(unchecked))
        if self._settings.exclusion_depth:
            found.audience_widened.append("the SSL decryption exclusion list is for everybody on this device, and for all rules")
        return found

    def _for(self, audience: Audience) -> tuple:
        """What becomes of the allowed and of the exempt patterns for these people: two Verdicts."""
        allow, exempt = self._judge(audience, self._policy.allow), self._judge(audience, self._policy.exempt)
        opened = allow.ask(self._rules["security"], allow.shuts, lambda rule, hits: self._denied(allow, rule, hits))
        spared = exempt.ask(self._rules["decryption"], exempt.decrypts, lambda rule, hits: self._conflict(
            "decrypt", rule, rule.fields.get("action", ""), [p for p in hits.sure or hits.may if not self._excluded(p)], bool(hits.sure),
            "everything else that this rule decrypts"))
        self._losses(exempt)
        if not self._settings.rules:
            self._crossed(allow, lambda rule: any(allow.blocked(rule)), "these hosts")
        for media in self._policy.media:
            self._crossed(allow, lambda rule, media=media: allow.drops(rule, media), "voice")
        return opened, spared

    # -- what stands in the way

    def _denied(self, judge: Judge, rule: Rule, hits: Hits) -> None:
        hosts, certain = hits.sure or hits.may, bool(hits.sure)
        if not opens(rule):
            self._conflict("deny", rule, rule.fields["action"], hosts, certain, "everything else that this rule denies")
            return
        profile = judge.url_profile(rule)
        names = ", ".join(sorted(judge.blockers(profile)))
        text = "allow, with URL filtering profile %s that blocks %s" % (profile.get("name"), names or "a predefined category")
        way = "take these hosts out of the category %s, or give the rule another profile" % names if names else \
            "set a category that holds these hosts to alert in the profile"
        self._conflict("deny", rule, text, hosts, certain, way, fixable=False)

    def _excluded(self, pattern: Pattern) -> bool:
        depth = self._settings.exclusion_depth
        return bool(depth) and all(Ref(xml.EXCLUSION, entry) in self._state.objects for entry in xml.exclusions(pattern, depth))

    def _conflict(self, effect: str, rule: Rule, text: str, hosts: Iterable[Pattern], certain: bool, way: str, fixable: bool = True) -> None:
        ref, obj = rule.ref or Ref("rule of %s" % rule.where, rule.name), self._state.objects.get(rule.ref)
        remedy: tuple = ()
        if obj is None:
            way = "it is made in %s; change it there" % rule.where
        elif fixable and not obj.ours:
            remedy = switched_off(ref, "disabled", obj.fields["disabled"], "yes", obj.fields.get("description"))
        self._found.conflict(ref, effect, str(ref), text, texts(hosts), certain, remedy, way, rule.name)

    # -- what is lost, and who else is reached

    def _losses(self, judge: Judge) -> None:
        own = [rule for rule in self._rules["decryption"] if not (rule.ref and self._state.objects[rule.ref].ours)]
        hosts = set(judge.ask(own, judge.decrypts).shut)
        template = self._template(judge)
        if not hosts or template is None:
            return
        for kind, name in sorted(judge.profiles(template).items()):
            if kind in _CONTROLS:
                self._found.lose(_CONTROLS[kind], "%s profile %s of %s" % (kind, name, template.name), texts(hosts))
        profile = judge.url_profile(template)
        for entry in profile.findall("http-header-insertion/entry") if profile is not None else []:
            self._header(entry, profile.get("name"), hosts)

    def _header(self, entry, profile: str, hosts: set) -> None:
        headers = [(node.text or "").strip() for node in entry.iter("header")]
        domains = [xml.host_pattern((node.text or "").rstrip("/") + "/")[0] for part in entry.iter("domains") for node in part.findall("member")]
        hit = tuple(sorted(held(domains, hosts).all, key=str))
        rule = "HTTP header insertion %s of URL filtering profile %s" % (entry.get("name"), profile)
        if not hit:
            return
        if any(header.lower() == WORKSPACE_HEADER for header in headers):
            self._found.tenant_controls.append(TenantControl(rule, hit))
        else:
            self._found.lose("headers", rule, texts(hit))

    def _crossed(self, judge: Judge, shuts: Callable[[Rule], bool], what: str) -> None:
        shutting = [rule for rule in local_rules(self._state, "security", ours=False) if shuts(rule)] if not self._settings.category_name else []
        self._found.audience_widened += [crossing(rule.name, what) for rule in crossed(shutting, judge.people)
                                         if rule.name not in self._settings.never_above + self._settings.after]

    def _shared_profiles(self) -> None:
        if not self._settings.rules:
            return
        judge = self._judge(Audience(), self._policy.allow)
        mine = {judge.profiles(rule).get("url-filtering") for rule in self._named_rules()} - {None}
        for rule in self._rules["security"]:
            name = judge.profiles(rule).get("url-filtering")
            if rule.enabled and name in mine and rule.name not in self._settings.rules:
                self._found.audience_widened.append("the URL filtering profile %s is also used by rule %s" % (name, rule.name))

    # -- what is in force

    def _coverage(self, pattern: Pattern, verdicts: list) -> Coverage:
        """``verdicts``: for each audience, as ``_for`` says."""
        allowed, allowed_by, notes = "yes", None, []
        for opened, _spared in verdicts:
            rule, shut = opened.passed.get(pattern), opened.shut.get(pattern)
            allowed_by = allowed_by or (rule.name if rule else None)
            if rule is None or shut:
                allowed = "no"
                notes += ["%s blocks it" % shut.name] if shut else []
        exempt, exempt_by = "not wanted", None
        if self._exempt.covering(pattern) is not None:
            exempt, exempt_by, more = self._exemption(pattern, verdicts)
            notes += more
        if not self._settings.scan_conflicts:
            allowed, exempt = ("unchecked" if value == "yes" else value for value in (allowed, exempt))
        return coverage(pattern, allowed, exempt, allowed_by, exempt_by, dict.fromkeys(notes))

    def _exemption(self, pattern: Pattern, verdicts: list) -> tuple:
        """(word of coverage, by which rule, notes)"""
        if self._excluded(pattern):
            depth = self._settings.exclusion_depth
            note = [] if pattern.kind == "exact" else ["narrowed: subdomains of at most %d levels" % depth]
            return "yes", "decryption exclusion list", note
        covering = self._exempt.covering(pattern)
        bumped = next((spared.shut[covering] for _opened, spared in verdicts if covering in spared.shut and not self._excluded(covering)), None)
        if bumped is not None:
            return "no", None, ["%s decrypts it" % bumped.name]
        sparing = [spared.passed[covering] for _opened, spared in verdicts if covering in spared.passed]
        return "yes", next((rule.name for rule in sparing if rule.fields.get("action", "no-decrypt") == "no-decrypt"), "no decryption rule"), []
