# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the probe kit, evaluated like the results of the module. Controller only."""
from __future__ import annotations

import datetime
import json
from pathlib import Path

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import clean
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import advice, classify, signatures
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.summary import summarise

FORMAT = 1
_KEYS = {"format", "label", "taken", "probes", "observations", "roots"}


class KitError(ValueError):
    """A file that the kit did not write."""


def read(path: Path, table: dict | None = None) -> tuple:
    """(label, result as reachability_info returns it); ``table`` of signatures. :raises KitError: names the file and what is wrong with it."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise KitError("%s cannot be read: %s" % (path, error.strerror)) from error
    except (RecursionError, UnicodeDecodeError, ValueError) as error:
        raise KitError("%s is not JSON" % path) from error
    if not isinstance(body, dict) or not _KEYS <= set(body):
        raise KitError("%s was not written by netaccess-probe" % path)
    if body["format"] != FORMAT:
        raise KitError("%s has format %s, but this release reads format %d: use the kit of the same release" % (path, body["format"], FORMAT))
    try:
        checks = classify.classify(body["probes"], body["observations"], body["roots"]["date"], table or signatures.load(), datetime.date.today())
        host = body.get("host")
        if host:
            host = dict(host, clock_skew_s=advice.clock_skew(host, body["observations"]))
        notes = advice.notes(host, checks)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise KitError("%s is damaged (%s)" % (path, error)) from error
    for check in checks:
        check.pop("observations")
    return clean(str(body["label"])), clean({"checks": checks, "summary": summarise(checks), "roots": body["roots"], "taken": body["taken"], "host": host,
                                             "notes": notes})
