# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many witnesses there are of what hosts saw: those that share a resolver, or a proxy, are one where the name, or the proxy, is the question. Pure."""
from __future__ import annotations

#: What a finding is about: a name, an explicit proxy, or something else on the way.
NAME, PROXY, PATH = "name", "proxy", "path"
#: So many have to see it, where there are so many.
ENOUGH = 2


def question(*checks: dict | None) -> str:
    """What the same check, before and now, is about."""
    layers = {check.get("layer") for check in checks if check}
    if "dns" in layers:
        return NAME
    return PROXY if "proxy" in layers and any(check.get("proxy") for check in checks if check) else PATH


def asked_through(result: dict, about: str) -> set:
    """The resolvers, or the explicit proxies, that a host's checks went by; a host that leaves names to its proxy asks that. Empty when it is not known."""
    checks = result.get("checks") or []
    proxies = {check["proxy"] for check in checks if check.get("proxy")}
    resolvers = {resolver for check in checks for resolver in check.get("resolvers") or []}
    return resolvers or proxies if about == NAME else proxies


def groups(results: dict, about: str) -> list:
    """[(names of hosts that are one witness, what they share)], for ``results`` of hosts. Those of which it is not known are one as well: nothing shows that
    they are more."""
    if about == PATH:
        return [({name}, set()) for name in results]
    found: list = []
    for name, result in results.items():
        names, shared = {name}, asked_through(result, about)
        for other in [one for one in found if one[1] & shared or not (one[1] or shared)]:
            found.remove(other)
            names, shared = names | other[0], shared | other[1]
        found.append((names, shared))
    return found


def enough(seen: dict, results: dict) -> bool:
    """Whether what was seen is seen by enough of those who could: two witnesses, or the only one. ``seen``: {host: what its findings are about}; a witness of
    several hosts has seen it when two of them have."""
    for about in {PATH}.union(*seen.values()):
        saying = {name for name, questions in seen.items() if questions & {about, PATH}}
        all_ = groups(results, about)
        saw = [names for names, _shared in all_ if len(names & saying) >= min(ENOUGH, len(names))]
        if 0 < min(ENOUGH, len(all_)) <= len(saw):
            return True
    return False


def basis(names: list, results: dict, about: str) -> str | None:
    """What makes several hosts one witness, in words; None when they are not, or there is but one."""
    if about == PATH or len(names) < ENOUGH:
        return None
    parts = []
    for together, shared in groups({name: results[name] for name in names}, about):
        if len(together) > 1:
            what = ("share %s" % ", ".join(sorted(shared))) if shared else "are not known to use different ones"
            parts.append("%s %s" % (", ".join(sorted(together)), what))
    return "where the %s matters they count as one witness: %s" % (about, "; ".join(parts)) if parts else None
