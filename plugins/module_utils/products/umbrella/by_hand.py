# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only an administrator can do with our lists in the dashboard. Reads nothing and writes nothing."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.model import DNS, KINDS, RULES, WEB, Ours, Settings, Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import Findings


class ByHand:
    """``ours``: our lists in the State that is assessed."""

    def __init__(self, settings: Settings, site: Site, policy: Policy, ours: Ours):
        self._settings, self._site, self._policy, self._ours = settings, site, policy, ours

    def tell(self, found: Findings) -> None:
        """Add the steps that are left to ``manual``."""
        found.manual += self._site.unread
        if not self._policy.allow:
            return
        if self._settings.secure:
            self._rules(found)
        else:
            self._policies(found)
        for one in self._policy.media:
            found.manual.append("voice (%s): DNS and web policies do not cover it; open it in the firewall policy of the tunnels, or on the firewall "
                                "at the network edge" % one)

    def _policies(self, found: Findings) -> None:
        ours, layers = self._ours, self._settings.layers
        if DNS in layers and not ours.everywhere(DNS):
            found.manual.append(
                "once: add the destination list %s as an allow list to %s, and to no other policy (Policies > DNS Policies > Destination Lists). "
                "Until then it has no effect, and the API does not show whether it was done" % (ours.shown(DNS), self._places(DNS, "DNS policy")))
        if WEB not in layers:
            return
        found.manual.append(
            "once: in %s create a rule with the action Allow, the identities of the audience, and the destination list %s; put it above the rules "
            "that block or warn for these hosts and below the rules against threats (Policies > Web Policies). Until then the list has no effect, and "
            "the API does not show whether it was done" % (self._places(WEB, "ruleset"), ours.shown(WEB)))
        domains = sorted({pattern.name for pattern in self._policy.exempt})
        if domains:
            found.manual.append(
                "TLS exemption: add these domains to the selective decryption list of %s (Policies > Selective Decryption Lists; no API can do this): %s"
                % (self._places(WEB, "ruleset"), ", ".join(domains)))

    def _rules(self, found: Findings) -> None:
        names, rules = self._settings.policies(RULES), self._site.rules
        missing = names if rules is None else rules.missing(self._ours.number)
        if missing:
            found.manual.append(
                "once: add the destination list %s to the destinations of the access rule %s (Secure > Access Policy), which must be above the rules "
                "that block or warn for these hosts and below the rules against threats. Until then the list has no effect" % (
                    self._ours.shown(WEB), ", ".join(missing)))

    def _places(self, layer: str, word: str) -> str:
        names = self._settings.policies(layer)
        if not names:
            return "every %s" % word if self._settings.everyone else "each %s of the audience" % word
        return "the %s %s" % (word, ", ".join(names)) if len(names) == 1 else "each %s of %s" % (word, ", ".join(names))

    def removal(self, found: Findings) -> None:
        """The same where our entries go."""
        for layer, name in sorted(self._settings.names.items()):
            if self._site.row(Ref(KINDS[layer], name)) is not None:
                found.manual.append("the destination list %s stays, empty if this collection created it: it allows nothing. To delete it, first "
                                    "remove it from the policies that use it" % self._ours.shown(layer))
        tables = self._site.decryption
        unread = [why for what, why in tables.unread.items() if what not in ("profiles", "settings")] if tables is not None else []
        if unread:
            found.manual += [*unread, "remove the entries of do not decrypt lists whose comment begins with %s, if an earlier run added some" % tables.mark]
        if not self._settings.spares:
            found.manual.append("remove the domains of this collection from the %s" % (
                "do not decrypt list, if they were added by hand" if self._settings.secure else
                "selective decryption list (Policies > Selective Decryption Lists)"))
