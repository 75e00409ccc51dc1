# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from tests.lab.device import Device
from tests.products.panos.twin import Panos

PAGE = (503, {"Content-Type": "text/html"}, b"<html><head><title>Web Page Blocked</title></head><body bgcolor=\"#e7e8e9\"><div id=\"content\"><h1>Web Page "
        b"Blocked</h1><p>Access to the web page you were trying to visit has been blocked in accordance with company policy. Please contact your system "
        b"administrator if you believe this is in error.</p></div></body></html>")


def writes(request) -> bool:
    return request.form.get("type") == "commit" or request.form.get("action") in ("set", "edit", "delete", "move", "multi-config")


DEVICE = Device(
    "PAN-OS", lambda: Panos(tls=True, release=(11, 1, 4)),
    lambda twin: {"access_panos_host": "127.0.0.1", "access_panos_port": twin.port, "access_panos_username": "netaccess",
                  "access_audience": {"from_zones": ["trust"], "to_zones": ["untrust"], "users": ["example\\ai-users"]}},
    secrets=lambda twin: {"access_panos_password": twin.admins["netaccess"]},
    environment=lambda twin: {"PANOS_PASSWORD": twin.admins["netaccess"]}, page=PAGE, writes=writes)
