# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FortiOS: an exemption that matches by name in proxy mode too: a local category, and the hosts that are rated into it. No IO.

In proxy mode wildcard FQDNs are exempt by address (ta-387569), a category by name. A local category concerns no web filter until a profile
gives it an action (administration guide 7.2, 526649 and 122974), so it allows nobody. What no source says is whether the rating of
a domain holds for its subdomains; that is taken to be so and said.
"""
from __future__ import annotations

from typing import Callable, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.adapter import Step, Wanted
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import CREATE, DELETE, Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.api import key
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.model import Site, is_ours
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK

LOCAL, RATING = "local category", "rating override"
PATHS = {LOCAL: "webfilter/ftgd-local-cat", RATING: "webfilter/ftgd-local-rating"}
#: Numbers of local categories (fortinet.fortios, ftgd-local-cat).
FIRST, LAST = 140, 191


def parse(site: Site, prefix: str, add: Callable[..., Ref]) -> None:
    """Hand our category and our ratings to ``add(kind, name, fields, ours=...)``."""
    number = site.local_categories.get(prefix)
    if number is not None:
        # Such a category has no comment: it is ours when nobody else rated anything into it.
        add(LOCAL, prefix, ours=all(is_ours(row) for row in site.ratings.values() if number in _numbers(row)))
    for url, row in site.ratings.items():
        if is_ours(row):
            add(RATING, url, {"rating": site.local_name(row["rating"]), "status": row.get("status") or "enable"})


def _numbers(row: dict) -> list:
    return [int(part) for part in str(row.get("rating") or "").split() if part.isdigit()]


def wanted(prefix: str, patterns: Iterable[Pattern], site: Site) -> list[Wanted]:
    """The category and a rating for each host or domain; one of the site's own stays, which is a conflict."""
    names = sorted({pattern.name for pattern in patterns})
    return [Wanted(Object(Ref(LOCAL, prefix)))] + [
        Wanted(Object(Ref(RATING, name), {"rating": prefix, "status": "enable"})) for name in names if name not in site.ratings or is_ours(site.ratings[name])]


def foreign(site: Site, patterns: Iterable[Pattern]) -> dict[str, object]:
    """{host: number of its category} of wanted hosts that the site itself rated."""
    return {pattern.name: site.ratings[pattern.name]["rating"] for pattern in patterns
            if pattern.name in site.ratings and not is_ours(site.ratings[pattern.name])}


def number(site: Site, prefix: str) -> int:
    """Of our category, or the one that it gets. :raises AccessError: refused, when the VDOM has as many as it can."""
    taken = set(site.local_categories.values())
    found = site.local_categories.get(prefix) or next((one for one in range(FIRST, LAST + 1) if one not in taken), None)
    if found is None:
        raise AccessError(REFUSED, "all local categories (%d to %d) are in use: remove one, or set exempt_by to wildcard_fqdn" % (FIRST, LAST))
    return found


def step(site: Site, prefix: str, change: Change) -> Step:
    """The Step of one Change of a kind of this file."""
    kind, name = change.ref.kind, change.ref.name
    new = {field: value for field, (_old, value) in change.fields.items()}
    path, where = PATHS[kind], "%s/%s" % (PATHS[kind], key(name))
    if "rating" in new:
        new.update({"rating": str(number(site, prefix)), "comment": MARK})
    if change.op == DELETE:
        request = {"method": "DELETE", "path": where, "body": None}
    elif change.op == CREATE:
        request = {"method": "POST", "path": path, "body": {"desc": name, "id": number(site, prefix)} if kind == LOCAL else dict(new, url=name)}
    else:
        request = {"method": "PUT", "path": where, "body": new}
    return Step("%s %s" % (change.op, change.ref), dict(request, guard=None, parameters={}))
