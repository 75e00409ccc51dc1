# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from tests.lab.device import Device
from tests.products.fortios.twin import FortiOS

PAGE = (403, {"Content-Type": "text/html"}, b"<html><head><title>Web Filter Violation</title></head><body><h1>FortiGuard Intrusion Prevention - Access "
        b"Blocked</h1><p>You have tried to access a web page which is in violation of your internet usage policy. Powered By FortiGuard.</p></body></html>")
DEVICE = Device(
    "FortiGate", lambda: FortiOS(tls=True),
    lambda twin: {"access_fortios_host": "127.0.0.1", "access_fortios_port": twin.port, "access_audience": {"policies": ["members"]}},
    secrets=lambda twin: {"access_fortios_access_token": twin.token},
    environment=lambda twin: {"FORTIOS_ACCESS_TOKEN": twin.token}, page=PAGE)
