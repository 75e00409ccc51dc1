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

from tests.lab.gateway import Gateway
from tests.lab.lab import SOURCES, Internet, explicit, inventory
from tests.lab.pki import Authority
from tests.twins.fortios import FortiOS
from tests.twins.panos import Panos
from tests.twins.zia import Zia

PEOPLE = {SOURCES["branch1"]: "member", SOURCES["branch2"]: "member", SOURCES["stranger"]: "stranger"}
#: Product: its name in results, how to make its twin, the device's inventory variables, and the page it shows.
PRODUCTS = {
    "fortios": ("FortiGate", lambda: FortiOS(tls=True), lambda twin: {
        "access_product": "fortios", "access_fortios_host": "127.0.0.1", "access_fortios_port": twin.port, "access_fortios_access_token": twin.token,
        "access_audience": {"policies": ["members"]}},
        (403, {"Content-Type": "text/html"}, b"<html><head><title>Web Filter Violation</title></head><body><h1>FortiGuard Intrusion Prevention - Access "
         b"Blocked</h1><p>You have tried to access a web page which is in violation of your internet usage policy. Powered By FortiGuard.</p></body></html>")),
    "panos": ("PAN-OS", lambda: Panos(tls=True, release=(11, 1, 4)), lambda twin: {
        "access_product": "panos", "access_panos_host": "127.0.0.1", "access_panos_port": twin.port, "access_panos_username": "netaccess",
        "access_panos_password": twin.admins["netaccess"],
        "access_audience": {"from_zones": ["trust"], "to_zones": ["untrust"], "users": ["example\\ai-users"]}},
        (503, {"Content-Type": "text/html"}, b"<html><head><title>Web Page Blocked</title></head><body bgcolor=\"#e7e8e9\"><div id=\"content\"><h1>Web Page "
         b"Blocked</h1><p>Access to the web page you were trying to visit has been blocked in accordance with company policy. Please contact your system "
         b"administrator if you believe this is in error.</p></div></body></html>")),
    "zia": ("Zscaler Internet Access", lambda: Zia(tls=True, limits=False), lambda twin: {
        "access_product": "zia", "access_zia_api_url": twin.url, "access_zia_username": "netaccess@example.com", "access_zia_api_key": twin.api_key,
        "access_zia_password": twin.admins["netaccess@example.com"], "access_audience": {"groups": ["AI users"]}},
        (403, {"Content-Type": "text/html", "Server": "Zscaler/6.2"}, b"<html><head><title>Internet Security by Zscaler</title></head><body><h1>Sorry, you "
         b"don't have permission to visit this site.</h1></body></html>")),
}


class TwinLab:
    """Everything up on entry, everything gone on exit. ``device``: the twin."""

    def __init__(self, product: str):
        self.product, self._make, self._variables, self._page = PRODUCTS[product]
        self.folder = Path(tempfile.mkdtemp(prefix="netaccess-lab-"))
        self._up = contextlib.ExitStack()

    def __enter__(self) -> TwinLab:
        with contextlib.ExitStack() as up:
            up.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self.internet = up.enter_context(Internet(self.folder / "internet"))
            self.device = up.enter_context(self._make())
            self.gateway = up.enter_context(Gateway(
                self.folder / "gateway", lambda source, name, port: self.device.decide(PEOPLE[source], name, port), self.internet.provider,
                self.internet.public, Authority("Example Inspection CA", "Example Company"), self._page))
            self.trust = self.gateway.root
            variables = dict(self._variables(self.device), access_ca_path=self.device.ca_file(self.folder))
            self.inventory = self.folder / "inventory.yml"
            vantages = explicit(self.gateway.port, self.internet.provider)
            self.inventory.write_text(yaml.safe_dump(inventory(self.folder, self.internet.public, variables, vantages), sort_keys=False))
            self._up = up.pop_all()
        return self

    def __exit__(self, *exc) -> None:
        self._up.__exit__(*exc)
