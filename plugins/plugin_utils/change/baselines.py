# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts saw, when that was last proven, of the sites that must not change: an audit has nothing else to compare with.

A change leaves it for each host whose look after it was compared with the one before, an audit for each one that it compared. Runs on the controller.
"""
from __future__ import annotations

import datetime
import json
import os
from pathlib import Path
from typing import Mapping

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import others_may_write, write_atomically
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import verdicts
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.summary import applies
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import PASS

#: Its name in the folder of a report, and its format: {"format", "hosts": {host: {"seen", "device", "checks"}}}.
FILE, FORMAT = "baselines.json", 1
#: Days for which a result serves as a baseline.
MAX_AGE = 90.0
_NEEDED = ("id", "ip_version", "host", "role", "state", "interception")
_KEPT = (*_NEEDED, "answer")


class BaselineError(ValueError):
    """An invalid file, or one that others may have written. The message names it."""


def read(path: Path) -> dict:
    """{host: {"seen", "device", "checks"}}; empty where there is no file. :raises BaselineError:"""
    try:
        with open(path, encoding="utf-8") as handle:
            alien = others_may_write(os.fstat(handle.fileno()))
            data = json.load(handle)
        hosts = data["hosts"] if data["format"] == FORMAT else None
        for one in hosts.values():
            _time(one["seen"])
            one["device"], [[check[name] for name in _NEEDED] for check in one["checks"]]
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BaselineError("%s cannot be read: %s" % (path, error.strerror)) from error
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise BaselineError("%s holds no baselines" % path) from error
    if alien:
        raise BaselineError("%s %s" % (path, alien))
    return hosts


def compare(look: Mapping, kept: Mapping | None, now: datetime.datetime, max_age: float = MAX_AGE, why: str | None = None) -> dict:
    """The result of a host in an audit (``look``), compared with an earlier one. Its ``baseline`` says when that was seen, or why there is none.

    ``max_age``: in days; ``why``: why nothing could be read at all.
    """
    if not look.get("checks"):
        return dict(look)
    why = why or _unfit(look, kept, now, max_age)
    if why:
        return dict(look, baseline={"seen": None, "why": why})
    checks = [dict(check) for check in look["checks"]]
    verdicts.apply_baseline(checks, kept["checks"])
    return dict(look, checks=checks, summary=verdicts.not_as_before(look["summary"], checks), baseline={"seen": kept["seen"], "why": None})


def _unfit(look: Mapping, kept: Mapping | None, now: datetime.datetime, max_age: float) -> str | None:
    if not kept:
        return "it has no baseline of this host; a proven change or an audit writes one"
    if kept["device"] != _device(look):
        return "the baseline of %s was taken behind %s" % (kept["seen"], kept["device"] or "no device")
    age = now - _time(kept["seen"])
    if age < datetime.timedelta(0):
        return "the baseline of %s is in the future: check the clock of the controller" % kept["seen"]
    return "the baseline of %s is older than %g days" % (kept["seen"], max_age) if age > datetime.timedelta(days=max_age) else None


def renewed(kept: Mapping, hosts: Mapping, now: str) -> dict:
    """``kept``, in which the results that are proven now replace older ones. ``hosts``: as ``outcome.Fleet.hosts`` has them."""
    found = dict(kept)
    for name, looks in hosts.items():
        look = looks["after"]
        asked = [check for check in look.get("checks") or [] if applies(check)]
        stay = [check for check in asked if check["role"] != "wanted"]
        # Where nothing answers, such as behind a proxy that is down, what is blocked is not the device's doing.
        heard = any(check.get("state") == "open" or check.get("answer") for check in asked)
        if heard and stay and all(check["verdict"] == PASS for check in stay):
            found[name] = {"seen": now, "device": _device(look), "checks": [{key: check.get(key) for key in _KEPT} for check in stay]}
    return found


def write(path: Path, hosts: Mapping) -> None:
    """Readable by its owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(str(path), json.dumps({"format": FORMAT, "hosts": hosts}, indent=1, sort_keys=True) + "\n")


def _device(look: Mapping) -> str | None:
    return (look.get("path") or {}).get("device")


def _time(text: str) -> datetime.datetime:
    found = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if found.tzinfo is None:
        raise ValueError("without a zone")
    return found
