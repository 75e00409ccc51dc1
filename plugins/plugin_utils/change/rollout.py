# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollout by audience, for products with one tenant: the stages, and which of them a device has completed. Pure."""
from __future__ import annotations


class RolloutError(ValueError):
    """Invalid stages, or a device that matches none of them. The message names the remedy."""


def stages(rollout, begin: str | None = None) -> list:
    """``[{"name", "audience", "number", "of", "reached": [names up to here], "last"}]`` in their order, from the stage named ``begin`` on.

    ``rollout``: ``[{"name", "audience"}]``; the last one may lack an audience, which then is that of the device. :raises RolloutError:
    """
    if not isinstance(rollout, list) or not rollout:
        raise RolloutError("rollout: it must be a list of stages, each with name and audience")
    found: list = []
    for number, one in enumerate(rollout, 1):
        last = number == len(rollout)
        if not isinstance(one, dict) or set(one) - {"name", "audience"} or not one.get("name") or not (one.get("audience") or last):
            raise RolloutError("rollout, number %d: each stage needs name and audience; only the last one may omit the audience" % number)
        reached = [stage["name"] for stage in found] + [str(one["name"])]
        found.append({"name": reached[-1], "number": number, "of": len(rollout), "reached": reached, "last": last,
                      **({"audience": one["audience"]} if one.get("audience") else {})})
    names = [stage["name"] for stage in found]
    if len(set(names)) != len(names):
        raise RolloutError("rollout: two stages have the same name")
    if begin is not None and begin not in names:
        raise RolloutError("rollout_stage: no stage is named %s; the stages are: %s" % (begin, ", ".join(names)))
    return found[names.index(begin):] if begin is not None else found


def remaining(found: list, plans: list, ours: bool) -> list:
    """The stages that are still to be carried out, none when the device complies with the last.

    ``plans``: for each stage the changes that a check run with its audience has; ``ours``: whether the device holds anything of ours. A device that does is
    at the stage that it differs least from, so that nobody who has access loses it to an earlier stage. :raises RolloutError: two stages are as near.
    """
    if not ours:
        return found
    far = [sum(map(_differences, changes)) for changes in plans]
    if 0 in far:
        return found[len(far) - far[::-1].index(0):]
    nearest = [number for number, distance in enumerate(far) if distance == min(far)]
    if len(nearest) > 1:
        raise RolloutError("the device has objects of this collection but matches none of the stages %s, so a stage could remove access from users. "
                           "Set rollout_stage to the stage to continue with" % ", ".join(found[number]["name"] for number in nearest))
    return found[nearest[0]:]


def _differences(change: dict) -> int:
    members = sum(len(part["added"]) + len(part["removed"]) for part in change.get("members", {}).values())
    return 1 + len(change.get("fields", {})) + members + ("place" in change)
