# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from tests.lab.device import Device
from tests.products.skyhigh_swg.rig import wire
from tests.products.skyhigh_swg.twin import SkyhighGateway

PAGE = (403, {"Content-Type": "text/html"}, b"<html><head><title>McAfee Web Gateway - Notification - Blocked by URL filtering</title></head><body><img src=\""
        b"/mwg-internal/de5fs23hu73ds/files/default/images/head.jpg\"/><p>The requested URL was blocked by the URL Filter database module of McAfee Web "
        b"Gateway.</p></body></html>")


def imported() -> SkyhighGateway:
    """A gateway on which the rule sets were imported once. What a dead process has left signed in runs out soon, since the lab waits for it."""
    twin = SkyhighGateway(tls=True, session_seconds=8)
    wire(twin)
    return twin


def writes(request) -> bool:
    """A list is put; what is posted signs in and out, reads, or brings into force what was put."""
    return request.method == "PUT"


DEVICE = Device(
    "Skyhigh Web Gateway", imported,
    lambda twin: {"access_skyhigh_swg_host": "127.0.0.1", "access_skyhigh_swg_port": twin.port, "access_skyhigh_swg_username": "netaccess",
                  "access_audience": {"groups": ["AI users"]}},
    secrets=lambda twin: {"access_skyhigh_swg_password": twin.admins["netaccess"]},
    environment=lambda twin: {"SKYHIGH_PASSWORD": twin.admins["netaccess"]}, page=PAGE, writes=writes)
