# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts witnesses: hosts that share a resolver are one witness for findings about a name, those that share a proxy for findings about the proxy. Pure.

A host whose hosts file resolves a name is not a witness for any resolver.
"""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import INTERCEPTED

#: What a finding is about: a name, an explicit proxy, something else on the path, or the host itself.
NAME, PROXY, PATH, ITSELF = "name", "proxy", "path", "host"
#: The number of witnesses that must see it, if there are that many.
ENOUGH = 2


def pinned(check: dict) -> bool:
    """Whether the hosts file resolved the name."""
    return "hosts_file" in (check.get("flags") or ())


def by_itself(check: dict) -> bool:
    """Whether a check fails at the address in the hosts file: nothing answers there, or something else does."""
    return pinned(check) and (check["layer"] in ("host", "tcp") or check["layer"] == "tls" and check["interception"] not in INTERCEPTED)


def question(*checks: dict | None) -> str:
    """What a check, before and now, is about."""
    layers = {check.get("layer") for check in checks if check}
    by_file = {pinned(check) for check in checks if check}
    if "host" in layers or len(by_file) > 1 or "dns" in layers and True in by_file:
        # The address is from a hosts file, or the file changed in the meantime.
        return ITSELF
    if "dns" in layers:
        return NAME
    return PROXY if "proxy" in layers and any(check.get("proxy") for check in checks if check) else PATH


def asked_through(result: dict, about: str) -> set:
    """The resolvers, or the explicit proxies, that a host's checks used; a host that leaves names to its proxy uses that one. Empty if unknown."""
    checks = result.get("checks") or []
    proxies = {check["proxy"] for check in checks if check.get("proxy")}
    resolvers = {resolver for check in checks for resolver in check.get("resolvers") or []}
    return resolvers or proxies if about == NAME else proxies


def groups(results: dict, about: str) -> list:
    """[(names of hosts that are one witness, what they share)], for ``results`` of hosts. Hosts for which this is unknown are one witness as well."""
    if about not in (NAME, PROXY):
        return [({name}, set()) for name in results]
    found: list = []
    for name, result in results.items():
        names, shared = {name}, asked_through(result, about)
        for other in [one for one in found if one[1] & shared or not (one[1] or shared)]:
            found.remove(other)
            names, shared = names | other[0], shared | other[1]
        found.append((names, shared))
    return found


def deaf(results: dict, names: set) -> dict:
    """{host: those of ``names`` that its hosts file resolves}, for hosts that used no resolver for any of them."""
    found = {}
    for name, result in results.items():
        own, others = ({check["host"] for check in result["checks"] if pinned(check) is by_file and check["host"] in names} for by_file in (True, False))
        if own and not others:
            found[name] = sorted(own)
    return found


def enough(seen: dict, results: dict, unable: dict | None = None) -> bool:
    """Whether enough witnesses saw it: two, or the only one. ``seen``: {host: what its findings are about}; a witness of several hosts counts if two of them
    saw it. ``unable``: hosts that are ``deaf``, for findings about a name."""
    for about in {PATH}.union(*seen.values()) - {ITSELF}:
        able = {name: result for name, result in results.items() if about != NAME or name not in (unable or {})}
        saying = {name for name, questions in seen.items() if questions & {about, PATH}}
        all_ = groups(able, about)
        saw = [names for names, _shared in all_ if len(names & saying) >= min(ENOUGH, len(names))]
        if 0 < min(ENOUGH, len(all_)) <= len(saw):
            return True
    return False


def basis(names: list, results: dict, about: str) -> str | None:
    """What makes several hosts one witness, in words; None if nothing does, or if there is only one host."""
    parts = []
    for together, shared in groups({name: results[name] for name in names}, about):
        if len(together) > 1:
            what = ("share %s" % ", ".join(sorted(shared))) if shared else "are not known to use different ones"
            parts.append("%s %s" % (", ".join(sorted(together)), what))
    return "for findings about the %s they count as one witness: %s" % (about, "; ".join(parts)) if parts else None


def remarks(seen: dict, unable: dict) -> list:
    """Messages for names that hosts files resolve, with what to do about it. ``seen`` and ``unable`` as for ``enough``."""
    texts = {name: "this host says nothing about the resolver, because its hosts file overrides %s" % ", ".join(own) for name, own in unable.items()}
    for name in seen:
        if ITSELF in seen[name]:
            texts.setdefault(name, "this host says nothing about the network, because its hosts file overrides, or did override, what changed")
    return ["%s: %s; remove the name from that file, and probe again" % item for item in sorted(texts.items())]
