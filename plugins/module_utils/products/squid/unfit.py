# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Existing configurations in which the managed lines would mean something else. Pure."""
from __future__ import annotations

import os
from typing import Collection

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.acls import Judge, Who
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.config import Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.files import NAMES, Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.globs import matches, name_matches
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import SURE


def refuse_unfit(site: Site, settings: Settings, lists: Collection[str]) -> None:
    """``lists``: the paths of the managed lists. :raises AccessError: refused."""
    if settings.names_somebody:
        _refuse_include(site, settings)
        _refuse_last_rule(site, settings)
        _refuse_shared(site, settings, lists)


def _refuse_include(site: Site, settings: Settings) -> None:
    """Where and how Squid reads the drop-in."""
    path = settings.drop_in
    if len(site.positions) > 1:
        raise AccessError(REFUSED, "%s each include %s: keep only one of them" % (" and ".join(site.included), path))
    folder, name = os.path.realpath(os.path.dirname(path)), os.path.basename(path)
    for where, pattern in site.includes:
        if not matches(path, pattern) and name_matches(name, os.path.basename(pattern)) and os.path.realpath(os.path.dirname(pattern)) == folder:
            other = os.path.join(os.path.dirname(pattern), name)
            # drop_in is made a path without "..".
            advice = "set drop_in to %s" % other if os.path.normpath(other) == other else "include %s instead" % os.path.join(
                os.path.dirname(path), os.path.basename(pattern))
            raise AccessError(REFUSED, "%s includes the folder of %s by another path: %s" % (where, path, advice))
    if site.quoted:
        raise AccessError(REFUSED, "%s includes %s where configuration_includes_quoted_values is on, so Squid would not read the lists of this "
                                   "collection: turn it off above that line" % (site.included[0], path))


def _refuse_last_rule(site: Site, settings: Settings) -> None:
    """What no rule matches gets the opposite of the last action."""
    last, judge = site.before("http_access")[-1:], Judge(site, Who())
    if last and last[0].args[:1] == ("deny",) and not site.after("http_access") and (
            judge.people(last[0].args[1:]) != SURE or judge.names_destination(last[0].args[1:])):
        raise AccessError(REFUSED, "%s %s is the last rule, so Squid allows requests that no rule matches; with the rules of this collection last "
                                   "it would deny them. Add a final rule for all below the include of "
                                   "%s" % (last[0].where, last[0].text, settings.drop_in))


def copied(site: Site, settings: Settings) -> list[str]:
    """In words: what others define by a name of ours, for example in a copy of the drop-in."""
    names = sorted(settings.prefix + name for name in NAMES)
    return ["%s defines the ACL %s, a name that this collection uses" % (site.acls[name].where[0], site.acls[name].name) for name in names
            if name in site.acls and site.acls[name].where]


def _refuse_shared(site: Site, settings: Settings, lists: Collection[str]) -> None:
    """An existing ACL with the name of a managed one would merge with it and allow more. So would managed lists that another drop-in uses."""
    for text in copied(site, settings)[:1]:
        raise AccessError(REFUSED, "%s, so its values would be added to the managed rules. Rename it, or do not include that file" % text)
    paths = {'"%s"' % path for path in lists}
    using = [directive for directive in site.named("acl") if not paths.isdisjoint(directive.args)]
    if using:
        raise AccessError(REFUSED, "%s uses a list in %s: set a separate list_dir for each drop-in" % (using[0].where, settings.list_dir))
