# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The products with an API as the lab knows them: ``DEVICE`` in ``tests/products/<product>/device.py``."""
from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path

import tests.products


def _writes(request) -> bool:
    """As most products have it: whatever is no GET and neither signs in nor out."""
    return request.method not in ("GET", "HEAD") and not any(word in request.path.lower() for word in ("session", "token", "login", "logout", "oauth"))


@dataclass(frozen=True)
class Device:
    """``title``: the product's name in results. ``make()``: its twin, over HTTPS. ``variables(twin)``: the inventory variables of a device but for its
    secrets; ``secrets(twin)``: those as variables, and ``environment(twin)``: the same as the vendor's customary environment variables.
    ``page``: the block page, as status, headers and body. ``writes(request)``: whether a Request to the twin changes something. ``person(twin, plan)``, where
    the product has no API that writes: somebody carries out ``rendered`` and copies the pages again; the result is the variables that say so.
    """

    title: str
    make: object
    variables: object
    secrets: object
    environment: object
    page: tuple
    writes: object = _writes
    person: object = None


def devices() -> dict:
    """Product: Device, of all that have one."""
    found = {}
    for product in sorted(module.name for module in pkgutil.iter_modules(tests.products.__path__) if module.ispkg):
        if (Path(tests.products.__path__[0]) / product / "device.py").exists():
            found[product] = importlib.import_module("tests.products.%s.device" % product).DEVICE
    return found


def written() -> dict:
    """Those with an API that writes."""
    return {name: device for name, device in devices().items() if device.person is None}
