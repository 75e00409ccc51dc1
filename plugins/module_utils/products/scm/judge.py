# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The places of our rules in Strata Cloud Manager, and what its configuration means for a policy: as on PAN-OS, see ``rules/panos``. No IO.

A rule here names a group of security profiles, never single ones, so that ours has a group of its own: the profiles of the rule that these connections would
take, without a URL access profile that may be what blocks them.
"""
from __future__ import annotations

from dataclasses import replace

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.scm.model import OF_THE_RULE, PROFILES, RESTRICTIONS, SECURITY, properties_of
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos import judge, places

#: Begins the columns of security profiles.
_PROFILE = "profile-setting/profiles/"
#: The group that a rule made by hand is offered; ours has it below an Internet rule, whose controls no group can name.
_SHIPPED = "best-practice"


class Assessor(judge.Assessor):
    """One assessment."""

    product, off = "scm", True


class Places(places.Places):
    """The rules that have to be there, in the properties of the API."""

    def wanted(self, policy: Policy) -> list[Wanted]:
        """The decryption rule, our profile group, the security rule, and the services and rules for voice."""
        found = self.decryption_rules(True) if policy.exempt else []
        found.append(self.security_rule())
        found += [item for media in policy.media for item in self.media_rules(media)]
        return [one for item in found for one in self._native(item)]

    def _native(self, item: Wanted) -> list[Wanted]:
        fields = {path: value for path, value in item.object.fields.items() if not path.startswith(_PROFILE)}
        profiles = {path[len(_PROFILE):].replace("-", "_"): value for path, value in item.object.fields.items()
                    if path.startswith(_PROFILE) and path != RESTRICTIONS}
        group = []
        if any(OF_THE_RULE in names for names in profiles.values()):
            fields["profile-setting/group"] = [_SHIPPED]
        elif profiles:
            fields["profile-setting/group"] = [self.settings.group.name]
            group = [Wanted(Object(self.settings.group, dict(dict.fromkeys(PROFILES, []), **profiles)))]
        if item.object.ref.kind == SECURITY:
            fields["policy_type"] = "Security"
        return group + [replace(item, object=replace(item.object, fields=properties_of(fields)))]
