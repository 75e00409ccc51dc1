# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy as files that products fetch themselves (pull model). Pure; equal input gives equal files.

A feed only names hosts: the rule that uses it says who may reach them, and on which port. What a format cannot express
exactly is in its header. If no source says that a product accepts comments, the header is a separate file beside the feed.
"""
from __future__ import annotations

import json
import re
from dataclasses import dataclass

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import canonical_digest
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import clean
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, EXACT, SUBDOMAINS, collapse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios import model as fortios
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos import urls as panos
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import files as squid

_LISTS = ("allow", "exempt")
_TITLES = {"allow": "hosts to allow", "exempt": "hosts to exempt from TLS inspection"}
#: Squid warns about an empty list; no host can have this name (RFC 2606).
_NOBODY = "netaccess.invalid"
_ROUTE = r"(?:DIRECT|(?:PROXY|HTTP|HTTPS|SOCKS|SOCKS4|SOCKS5) [A-Za-z0-9.-]+:[0-9]{1,5}|(?:PROXY|HTTP|HTTPS|SOCKS|SOCKS4|SOCKS5) \[[0-9A-Fa-f:]+\]:[0-9]{1,5})"
_ROUTES = re.compile(r"%s(?:; ?%s)*\Z" % (_ROUTE, _ROUTE))


class FeedError(ValueError):
    """An unknown format, or an option that a format needs. The message names it."""


@dataclass(frozen=True)
class About:
    """The source of the policy. ``newest``: date of the newest list in the catalogue; ``selection``: the options that made the policy; ``generated``: a
    time, only if it is passed in; ``wanted``/``others``: routes of the PAC file."""

    version: str
    newest: str
    selection: tuple = ()
    generated: str | None = None
    wanted: str | None = None
    others: str | None = None


def render(policy: Policy, formats, about: About) -> dict:
    """{file name: text} of all ``formats``. An empty list is an empty file, so that a device forgets what it fetched before. :raises FeedError:"""
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown or not formats:
        raise FeedError("formats: %s; the formats are: %s" % (", ".join(unknown) or "none is set", ", ".join(FORMATS)))
    files: dict = {}
    for name in FORMATS:
        if name in formats:
            files.update(FORMATS[name](policy, about))
    return files


def _header(policy: Policy, about: About, title: str, product: str, notes=()) -> list:
    selection = ", ".join("%s=%s" % (key, json.dumps(value, sort_keys=True)) for key, value in about.selection)
    lines = ["netaccess.chatgpt %s: %s, for %s" % (about.version, title, product),
             "Catalogue: %s, newest list %s" % (policy.version or "a custom policy", about.newest),
             "Selection: %s" % (selection or "the default, or not specified"),
             "Policy: SHA-256 %s" % canonical_digest(policy.to_config())]
    lines += ["Generated: %s" % about.generated] if about.generated else []
    # Programs that read the feed may know other line breaks than an editor, and the rest of such a line would not be a comment.
    return [" ".join(clean(line).split()) for line in lines] + list(notes)


def _commented(mark: str, header: list, body: list) -> str:
    return "".join("%s\n" % line for line in ["%s %s" % (mark, line) for line in header] + body)


def _bare(name: str, header: list, body: list) -> dict:
    """A feed without comments, and its header as a file beside it."""
    return {"%s.txt" % name: _commented("", [], body), "%s.about.txt" % name: "".join("%s\n" % line for line in header)}


def _entries(patterns, form) -> list:
    return list(dict.fromkeys(entry for pattern in patterns for entry in form(pattern)))


def _addresses(policy: Policy) -> list:
    return list(dict.fromkeys(one for media in policy.media for one in media.destinations))


def _media_notes(policy: Policy) -> list:
    """An address list contains no ports: the rule has to."""
    return ["Widened: addresses only, because the format has no ports. Restrict the rule that uses it to %s" % " and ".join(sorted(
        {"%s %s" % (media.protocol.upper(), ", ".join(str(port) for port in media.ports)) for media in policy.media}))] if policy.media else []


def _panos(policy: Policy, about: About) -> dict:
    """External dynamic lists. Every entry ends with a slash: without it, ``x.com`` would match ``x.com.evil.test`` too."""
    files: dict = {}
    for word in _LISTS:
        header = _header(policy, about, _TITLES[word], "PAN-OS, external dynamic list of type URL", ["Exact: nothing is widened or narrowed"])
        files.update(_bare("panos-url-%s" % word, header, _entries(getattr(policy, word), panos.render)))
    header = _header(policy, about, "voice addresses", "PAN-OS, external dynamic list of type IP", _media_notes(policy))
    return dict(files, **_bare("panos-ip-media", header, _addresses(policy)))


def _fortigate(policy: Policy, about: About) -> dict:
    """External resources. Wildcards as in a URL filter, which uses the same rows of the catalogue."""
    files: dict = {}
    for word in _LISTS:
        notes = _fortigate_notes(getattr(policy, word))
        header = _header(policy, about, _TITLES[word], "FortiGate, threat feed of type category (web filter, SSL exemption)", notes)
        files.update(_bare("fortigate-category-%s" % word, header, _entries(getattr(policy, word), fortios.render)))
    header = _header(policy, about, _TITLES["allow"], "FortiGate, threat feed of type domain (DNS filter)", _fortigate_notes(policy.allow))
    files.update(_bare("fortigate-domain-allow", header, _entries(policy.allow, fortios.render)))
    header = _header(policy, about, "voice addresses", "FortiGate, threat feed of type address", _media_notes(policy))
    return dict(files, **_bare("fortigate-address-media", header, _addresses(policy)))


def _fortigate_notes(patterns) -> list:
    exact = [str(pattern) for pattern in patterns if pattern.kind == EXACT]
    below = [str(pattern) for pattern in patterns if pattern.kind == SUBDOMAINS]
    notes = ["Possibly widened: no source says whether an exact name also covers its subdomains: %s" % ", ".join(exact)] if exact else []
    if below:
        notes.append("Possibly widened: sources disagree whether these also cover the name without the star: %s" % ", ".join(below))
    return notes


def _squid(policy: Policy, about: About) -> dict:
    """Two files for each list: what matches, and the exceptions that the rule has to negate."""
    files: dict = {}
    for word in _LISTS:
        hosts = frozenset(str(pattern) for pattern in getattr(policy, word)) or frozenset([_NOBODY])
        domains, exceptions = squid.render_list({"hosts": hosts}, marked=False)
        notes = ["Exact with both files: acl A dstdomain \"squid-%s.txt\", acl B dstdomain \"squid-%s-except.txt\", and A !B in the rule" % (word, word)]
        header = _commented("#", _header(policy, about, _TITLES[word], "Squid, dstdomain or ssl::server_name", notes), [])
        files["squid-%s.txt" % word], files["squid-%s-except.txt" % word] = header + domains, header + exceptions
    return files


def _cpl(policy: Policy, about: About) -> dict:
    """Conditions for the local policy of a ProxySG; ``*`` is no wildcard there. The rules are up to the operator, since they say who."""
    notes = ["Exact: nothing is widened or narrowed", "Conditions only: they have no effect until one of your rules uses them, for example",
             "  <Proxy> client.address=10.0.0.0/8 condition=netaccess_chatgpt_allow url.port=443 ALLOW",
             "  <SSL-Intercept> condition=netaccess_chatgpt_exempt ssl.forward_proxy(no)",
             "Not confirmed: whether url.host.exact and url.host.suffix are accepted in an <SSL-Intercept> layer"]
    body = []
    for word in _LISTS:
        name = "netaccess_chatgpt_%s" % word
        entries = _entries(getattr(policy, word), _cpl_entry) or ["url.host.exact=%s" % _NOBODY]
        body += ["", "define condition %s" % name, *("  %s" % entry for entry in entries), "end condition %s" % name]
    return {"symantec-local.cpl": _commented(";", _header(policy, about, "conditions", "Symantec ProxySG and Edge SWG, local policy (CPL)", notes), body)}


def _cpl_entry(pattern) -> tuple:
    return ({EXACT: "url.host.exact=%s", SUBDOMAINS: "url.host.suffix=.%s", DOMAIN: "url.domain=%s"}[pattern.kind] % pattern.name,)


#: Names are compared label by label, so that a name that only ends in the same letters does not count as a subdomain.
_PAC = """\
var netaccessExact = %s;
var netaccessBelow = %s;
function netaccessWanted(host) {
  var has = Object.prototype.hasOwnProperty;
  host = host.toLowerCase().replace(/\\.$/, "");
  if (has.call(netaccessExact, host)) { return true; }
  for (var dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) {
    if (has.call(netaccessBelow, host.substring(dot + 1))) { return true; }
  }
  return false;
}
function FindProxyForURL(url, host) {
  return netaccessWanted(host) ? %s : %s;
}
"""


def _pac(policy: Policy, about: About) -> dict:
    """A proxy auto-configuration file: one route for the hosts to allow, another for all others."""
    for option, route in (("pac_wanted", about.wanted), ("pac_others", about.others)):
        if not route or not _ROUTES.match(route) or not all(1 <= int(port) <= 65535 for port in re.findall(r":([0-9]+)(?=;|\Z)", route)):
            raise FeedError("%s: the format pac needs a route such as DIRECT or PROXY proxy.example.com:8080 (separate several with ;), not %r" % (
                option, route))
    patterns = collapse(policy.allow)
    exact = {pattern.name: 1 for pattern in patterns if pattern.kind != SUBDOMAINS}
    below = {pattern.name: 1 for pattern in patterns if pattern.kind != EXACT}
    header = _header(policy, about, "the route of " + _TITLES["allow"], "browsers and systems, proxy auto-configuration",
                     ["Widened: by name only, for every port and scheme. It sets the route only; it neither allows traffic nor exempts it from inspection"])
    parts = [json.dumps(part, indent=1, sort_keys=True) for part in (exact, below)] + [json.dumps(about.wanted), json.dumps(about.others)]
    return {"proxy.pac": _commented("//", header, []) + _PAC % tuple(parts)}


def _plain(policy: Policy, about: About) -> dict:
    """The patterns unchanged: x, *.x (subdomains) and .x (both)."""
    notes = ["Exact: x is this name, *.x its subdomains, .x both"]
    headers = {word: _header(policy, about, _TITLES[word], "any reader", notes) for word in _LISTS}
    return {"plain-%s.txt" % word: _commented("#", headers[word], [str(one) for one in getattr(policy, word)]) for word in _LISTS}


def _json(policy: Policy, about: About) -> dict:
    data = {"collection": "netaccess.chatgpt %s" % about.version, "newest_list": about.newest, "selection": dict(about.selection),
            "policy_sha256": canonical_digest(policy.to_config()), "policy": policy.to_config()}
    if about.generated:
        data["generated"] = about.generated
    return {"chatgpt.json": json.dumps(data, indent=1, sort_keys=True) + "\n"}


FORMATS = {"panos": _panos, "fortigate": _fortigate, "squid": _squid, "cpl": _cpl, "pac": _pac, "plain": _plain, "json": _json}
