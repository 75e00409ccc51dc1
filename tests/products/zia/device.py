# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from tests.lab.device import Device
from tests.products.zia.twin import Zia

CLIENT = "netaccess-client"
PAGE = (403, {"Content-Type": "text/html", "Server": "Zscaler/6.2"}, b"<html><head><title>Internet Security by Zscaler</title></head><body><h1>Sorry, you "
        b"don't have permission to visit this site.</h1></body></html>")
DEVICE = Device(
    # What a dead process has left signed in runs out soon, since an activation waits for it.
    "Zscaler Internet Access", lambda: Zia(tls=True, limits=False, session_seconds=8),
    lambda twin: {"access_zia_api_url": twin.url, "access_zia_token_url": twin.url, "access_zia_client_id": CLIENT,
                  "access_audience": {"groups": ["AI users"]}},
    secrets=lambda twin: {"access_zia_client_secret": twin.clients[CLIENT]},
    environment=lambda twin: {"ZSCALER_CLIENT_SECRET": twin.clients[CLIENT]}, page=PAGE)
