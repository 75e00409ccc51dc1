# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rules a PAN-OS site needs for a policy, and where they stand. Reads nothing and writes nothing."""
from __future__ import annotations

from typing import Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref, State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Media, Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos import controls, model
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.model import Audience, Context, Rule, Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.names import Names
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.reader import Reader
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import (
    DENY, Layer, lowest, placed, refuse_unknown, sides,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK

#: What of a rule an Audience says, and what is about hosts.
_SAID = ("from", "to", "source", "source-user", "negate-source", "destination", "negate-destination", "category", "application", "service")


def categories_of(context: Context, state: State) -> dict:
    """{name: columns} of all custom URL categories as ``state`` has them, those of shared and of parents included."""
    found = context.categories()
    found.update({ref.name: dict(obj.fields, list=sorted(obj.members["list"])) for ref, obj in state.objects.items() if ref.kind == model.CATEGORY})
    return found


def opens(rule: Rule) -> bool:
    """Whether a named rule allows its people; one that denies or is disabled says nothing of who may speak."""
    return rule.enabled and rule.allows


def split(layer: Layer, shutting: list, reader: Reader | None) -> tuple:
    """(rules that ours precedes, rules that keep their precedence over it). ``reader``: for denies of hosts; without it each of them is certain."""
    if reader is None:
        return sides(shutting, layer.level)
    return sides(shutting, lambda rule: reader.rank(layer, rule), lambda rule: bool(layer.reach(rule, reader.wanted).sure))


class Site:
    """What a policy is held against: the audience, what names mean, the site's own rules."""

    def __init__(self, settings: Settings, context: Context, policy: Policy, state: State):
        self.settings, self.context, self.policy, self.state = settings, context, policy, state
        self._categories = categories_of(context, state)
        self.local = {base: context.local(state, base) for base in ("security", "decryption")}

    def reader(self, audience: Audience, wanted: Iterable[Pattern]) -> Reader:
        """How rules read for these people and hosts."""
        links = {ref.name.rpartition(": ")[0]: obj.fields["action"] for ref, obj in self.state.objects.items() if ref.kind == model.LINK}
        return Reader(Names(self.context, frozenset(wanted), self._categories), audience, self.settings.allow.name, links)

    def theirs(self, base: str) -> list[Rule]:
        """The rules of this scope that are not ours."""
        return [rule for rule in self.local[base] if not self.state.objects[rule.ref].ours]

    def named_rules(self) -> list[Rule]:
        """The rules whose people get access. :raises AccessError: for one that is not there."""
        known = {rule.name: rule for rule in self.local["security"]}
        missing = [name for name in self.settings.rules if name not in known]
        if missing:
            raise AccessError(REFUSED, "audience.rules: %s has no security rule named %s; the rules are: %s" % (
                self.settings.scope, ", ".join(missing), ", ".join(sorted(known)) or "none"))
        return [known[name] for name in self.settings.rules]

    def audiences(self) -> list[Audience]:
        """For whom: the audience of the task, or the people of each named rule."""
        if not self.settings.rules:
            return [self.settings.audience]
        columns = {"from_zones": "from", "to_zones": "to", "sources": "source", "users": "source-user"}
        turned = [rule.name for rule in self.named_rules() if "yes" in (rule.native.get("negate-source"), rule.native.get("negate-user"))]
        if turned:
            raise AccessError(REFUSED, "audience.rules: %s applies to everyone except the sources or users it lists; choose a rule that "
                                       "lists those who get access" % ", ".join(turned))
        return [Audience(**{field: tuple(rule.values(column)) if rule.values(column) != ["any"] else () for field, column in columns.items()})
                for rule in self.named_rules()]

    def narrower(self, rule: Rule) -> tuple:
        """The columns that limit whom a named rule is for, or when, and that an Audience cannot say."""
        columns = Columns(self.context.schemas["security"], rule.native)
        for column in _SAID:
            columns.get(column)
        return columns.unread()

    def passing(self, reader: Reader) -> list[Rule]:
        """The site's own allow rules that take these connections once nothing blocks them."""
        return controls.passing(reader, self.theirs("security") + self.context.after("security"))

    def carried(self, reader: Reader, passing: list[Rule]) -> str | None:
        """The URL filtering profile of our rule: that with which the site controls these hosts, unless the task names a profile group."""
        if self.settings.profile_group:
            group = self.context.find("profile-group", self.settings.profile_group)
            return next(iter((group or {}).get("url-filtering") or ()), None)
        if self.settings.tenant_control == "override":
            return None
        return next((rule.profiles["url-filtering"] for rule in controls.kept_by(reader, passing)), None)

    def inserting(self, passing: list[Rule]) -> str | None:
        """The HTTP header profile of our rule: that of the task's profile group, or of the rule that these connections would take."""
        if self.settings.profile_group:
            return next(iter((self.context.find("profile-group", self.settings.profile_group) or {}).get("saas-security") or ()), None)
        return passing[0].profiles.get("saas-security") if passing else None


class Places(Site):
    """The rules that have to be there, each with what it has to be above and below."""

    def __init__(self, settings: Settings, context: Context, policy: Policy, state: State):
        """:raises AccessError: for a zone or rule that was named and is not there."""
        super().__init__(settings, context, policy, state)
        if state.rules:
            self._known_names()

    def _known_names(self) -> None:
        settings, zones = self.settings, self.context.names("zone")
        missing = [zone for zone in settings.audience.from_zones + settings.audience.to_zones if zone not in zones + ["any", "multicast"]]
        if zones and missing:
            raise AccessError(REFUSED, "audience: %s has no zone %s; the zones are: %s" % (settings.scope, ", ".join(missing), ", ".join(sorted(zones))))
        known = {ref.name for refs in self.state.rules.values() for ref in refs} | {
            rule.name for base in self.local for rule in self.context.above(base)}
        refuse_unknown(settings.before + settings.after + settings.never_above, known, settings.scope)

    def security_rule(self) -> Wanted:
        reader = self.reader(self.settings.audience, self.policy.allow)
        passing = self.passing(reader)
        carried, layer = self.carried(reader, passing), reader.layer("security", self.theirs("security"))
        fields = dict(self._columns(self.settings.audience), **{
            "destination": ["any"], "application": sorted(self.settings.application), "service": ["service-https"],
            "category": [self.settings.allow.name], "action": "allow", "log-end": "yes"})
        fields.update(self._profiles(passing, carried))
        above, below = self._bounds(layer, layer.shutting(reader.wanted), reader)
        # Where another profile has a control over these hosts, ours must not be asked before it.
        others = controls.kept_by(reader, passing) if self.settings.tenant_control != "override" else []
        kept = [rule.ref for rule in others if rule.ref and rule.profiles["url-filtering"] != carried]
        return self._placed(self.settings.open_rule, fields, (above, below + kept), passing)

    def media_rules(self, media: Media) -> list:
        """Voice: no name is visible in its packets, so the published addresses are the destination. One rule for each audience; for a named rule with
        its security profiles, below it."""
        ref = Ref(model.SERVICE, "%s-%s" % (self.settings.prefix, media.id))
        wanted = [Wanted(Object(ref, {"description": MARK, "protocol/%s/port" % media.protocol: ",".join(str(port) for port in media.ports)}))]
        named = self.named_rules() if self.settings.rules else [None]
        for name, audience, rule in zip(self._names(ref.name), self.audiences(), named):
            if rule is not None and not opens(rule):
                continue
            reader = self.reader(audience, self.policy.allow)
            like = [rule] if rule is not None else self.passing(reader)
            fields = dict(self._columns(audience), **{
                "destination": sorted(media.destinations), "application": ["any"], "service": [ref.name], "category": ["any"], "action": "allow",
                "log-end": "yes"})
            if rule is not None:
                fields.update(self._profiles(like, None))
            theirs = self.theirs("security")
            above, below = self._bounds(reader.layer("security", theirs), [other for other in theirs if reader.drops(other, media)])
            wanted.append(self._placed(Ref(model.SECURITY, name), fields, (above, below + ([rule.ref] if rule is not None else [])), like))
        return wanted

    def _names(self, name: str) -> list:
        """The name of a rule, or of the rules beside the named ones."""
        return [("%s: %s" % (name, rule))[:63] for rule in self.settings.rules] or [name]

    def decryption_rules(self, logs: bool) -> list:
        wanted = []
        for name, audience in zip(self._names(self.settings.prefix + "-no-decrypt"), self.audiences()):
            reader = self.reader(audience, self.policy.exempt)
            layer = reader.layer("decryption", self.theirs("decryption"))
            shutting = layer.shutting(reader.wanted)
            # Ours is above a rule that decrypts any of the audience, and below one with an unknown action.
            decrypting = [rule for rule in shutting if layer.effect(rule) == DENY]
            fields = dict(self._columns(audience), **{
                "destination": ["any"], "service": ["any"], "category": [self.settings.exempt.name], "action": "no-decrypt", "type/ssl-forward-proxy": ""})
            profile = self.settings.decryption_profile or next((r.native["profile"] for r in decrypting if r.native.get("profile")), None)
            if profile:
                fields["profile"] = profile
            if logs:
                fields.update({"log-success": "yes", "log-fail": "yes"})
            bounds = [rule.ref for rule in decrypting], [rule.ref for rule in shutting if layer.effect(rule) != DENY] + self._fixed(model.DECRYPTION)
            wanted.append(self._placed(Ref(model.DECRYPTION, name), fields, bounds, [], "decryption", logs))
        return wanted

    def url_profiles(self) -> list:
        """Names of the URL filtering profiles of the named rules. :raises AccessError: for one that is not made in this scope."""
        found = []
        for rule in self.named_rules():
            name = rule.profiles.get("url-filtering")
            if name is None or name in found:
                continue
            if name not in self.context.own_profiles():
                raise AccessError(REFUSED, "the URL filtering profile %s of rule %s is not defined in %s (it is predefined, shared or inherited): "
                                           "choose a rule with its own profile, or use method new_rule" % (name, rule.name, self.settings.scope))
            found.append(name)
        return found

    def _columns(self, audience: Audience) -> dict:
        columns = zip(("from", "to", "source", "source-user"), (audience.from_zones, audience.to_zones, audience.sources, audience.users))
        fields = {name: sorted(values) or ["any"] for name, values in columns}
        fields["description"] = MARK
        if self.settings.tags:
            fields["tag"] = sorted(self.settings.tags)
        return fields

    def _profiles(self, like: list, carried: str | None) -> dict:
        """The security profiles of the rule that these connections would take. Its URL filtering may be what blocks them, so that it is only ``carried``."""
        if self.settings.profile_group:
            return {"profile-setting/group": [self.settings.profile_group]}
        found = dict(like[0].profiles if like else {}, **{"url-filtering": carried})
        return {"profile-setting/profiles/%s" % kind: [name] for kind, name in sorted(found.items()) if name}

    def _placed(self, ref: Ref, fields: dict, bounds: tuple, like: list, base: str = "security", logs: bool = True) -> Wanted:
        log_setting = self.settings.log_setting or (like[0].native.get("log-setting") if like else None)
        if log_setting and logs:
            fields["log-setting"] = log_setting
        order = self.state.rules.get(base, ())
        above, below = bounds
        # Rules of ours find their own place.
        there = frozenset(order)
        floor = lowest(order, [other for other in below if other in there and not self.state.objects[other].ours])
        return placed(Object(ref, fields), base, order, above, below, [Ref(ref.kind, name) for name in self.settings.before], floor)

    def _fixed(self, kind: str) -> list:
        return [Ref(kind, name) for name in self.settings.after + self.settings.never_above]

    def _bounds(self, layer: Layer, shutting: list, reader: Reader | None = None) -> tuple:
        """(rules that ours has to be above, rules that it has to stay below)"""
        above, below = split(layer, shutting, reader)
        # Of a rule that the task names in position.before the operator knows better.
        kept = [rule.ref for rule in below if rule.name not in self.settings.before]
        return [rule.ref for rule in above], kept + self._fixed(model.SECURITY)
