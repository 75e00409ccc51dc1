# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab with a twin in place of Squid: the same hosts behind a gateway that enforces what the twin of a product decides."""
from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

import yaml

from tests.lab.device import devices
from tests.lab.gateway import Gateway
from tests.lab.lab import SOURCES, VANTAGES, Internet, explicit, inventory
from tests.lab.pki import Authority

PEOPLE = {SOURCES["branch1"]: "member", SOURCES["branch2"]: "member", SOURCES["stranger"]: "stranger"}


def variables_of(product: str, twin, folder: Path) -> dict:
    """What the inventory says of the device that this twin is."""
    known = devices()[product]
    return dict(known.variables(twin), **known.secrets(twin), access_product=product, access_ca_path=twin.ca_file(folder))


class TwinLab:
    """Everything up on entry, everything gone on exit. ``device``: the twin; ``few``, ``vantages``: as for Lab."""

    def __init__(self, product: str, few: bool = False, vantages: tuple = VANTAGES):
        self._known, self._vantages = devices()[product], vantages
        self._name, self._few, self.product, self.person = product, few, self._known.title, self._known.person
        self.folder = Path(tempfile.mkdtemp(prefix="netaccess-lab-"))
        self._up = contextlib.ExitStack()

    def __enter__(self) -> TwinLab:
        with contextlib.ExitStack() as up:
            up.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self.internet = up.enter_context(Internet(self.folder / "internet"))
            self.device = up.enter_context(self._known.make())
            self.gateway = up.enter_context(Gateway(
                self.folder / "gateway", lambda source, name, port: self.device.decide(PEOPLE[source], name, port), self.internet.provider,
                self.internet.public, Authority("Example Inspection CA", "Example Company"), self._known.page))
            self.trust = self.gateway.root
            variables = variables_of(self._name, self.device, self.folder)
            self.inventory = self.folder / "inventory.yml"
            vantages = explicit(self.gateway.port, self.internet.provider, self._vantages)
            self.inventory.write_text(yaml.safe_dump(inventory(self.folder, self.internet.public, variables, vantages, self._few), sort_keys=False))
            self._up = up.pop_all()
        return self

    def __exit__(self, *exc) -> None:
        self._up.__exit__(*exc)
