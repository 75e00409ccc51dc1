# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from tests.lab.device import Device
from tests.products.cloudflare_gateway.twin import CloudflareGateway

# The redirect to a block page of the account's own team domain; a name that DNS or the network shuts has no page.
PAGE = (307, {"Content-Type": "text/html", "Location": "https://example.cloudflareaccess.com/cdn-cgi/gateway/blocked?cf_user_email=someone%40example.com"}, b"")
DEVICE = Device(
    "Cloudflare Gateway", lambda: CloudflareGateway(tls=True, site="http"),
    lambda twin: {"access_cloudflare_gateway_api_url": twin.url, "access_cloudflare_gateway_account_id": twin.account,
                  "access_audience": {"groups": ["AI users"]}},
    secrets=lambda twin: {"access_cloudflare_gateway_api_token": twin.token},
    environment=lambda twin: {"CLOUDFLARE_API_TOKEN": twin.token}, page=PAGE)
