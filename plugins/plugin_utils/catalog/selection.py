# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the lookups and of catalog_info as a Selection. Controller only."""
from __future__ import annotations

import difflib
from typing import Iterable, Mapping

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import (
    Catalogue, CatalogueError, Selection, load, plain,
)

OPTIONS = (
    "version", "features", "exclude_features", "clients", "levels", "tenancies", "query", "exempt_level", "exclude_exempt",
    "withhold_shared", "widen_challenges", "media", "media_max_age_days",
)


#: Of OPTIONS those that select. Each selects everything if it is left out.
_SELECTING = ("features", "clients", "levels", "tenancies")


def never_all(options: Mapping) -> None:
    """Whether a list that was meant to limit what is opened is empty, such as one from a variable. :raises CatalogueError: names it."""
    for name in _SELECTING:
        if options.get(name) == []:
            raise CatalogueError("%s is an empty list, which would select everything: name what to select, or leave the option out" % name)


def given(names: Iterable[str], options: Iterable[str]) -> None:
    """Whether a lookup was called only with its own options: Ansible ignores others. :raises CatalogueError: names those that are not in ``options``."""
    for name in sorted(set(names) - set(options)):
        near = next(iter(difflib.get_close_matches(name, options, 1)), None)
        raise CatalogueError("%s is not an option%s" % (name, ": did you mean %s?" % near if near else ""))


def selection(options: dict) -> Selection:
    """A Selection of the OPTIONS in ``options``; a date that YAML parsed as a date is a version too."""
    values = plain({name: options[name] for name in OPTIONS if options.get(name) is not None})
    if "version" in values:
        values["version"] = str(values["version"])
    return Selection(**values)


def catalogue(options: dict) -> Catalogue:
    """The catalogue under the overlays named in ``options``. :raises CatalogueError:"""
    return load(options.get("overlays") or [])
