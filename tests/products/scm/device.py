# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from tests.lab.device import Device
from tests.products.scm.rig import CLIENT
from tests.products.scm.twin import Scm

PAGE = (302, {"Location": "https://gw-1.example.gpcloudservice.com:6080/php/urlblock.php?vsys=1&cat=1&title=AI&rulename=Block"}, b"")
DEVICE = Device(
    "Prisma Access", lambda: Scm(tls=True),
    lambda twin: {"access_scm_api_url": twin.url, "access_scm_token_url": twin.url, "access_scm_client_id": CLIENT, "access_scm_tsg_id": "1234567890",
                  "access_scm_folder": "Mobile Users", "access_audience": {"users": ["example\\ai-users"]}},
    secrets=lambda twin: {"access_scm_client_secret": twin.clients[CLIENT]},
    environment=lambda twin: {"SCM_CLIENT_SECRET": twin.clients[CLIENT]}, page=PAGE)
