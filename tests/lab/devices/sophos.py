# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from tests.lab.devices import Device
from tests.twins.sophos import Sophos

USER = "netaccess"
PAGE = (307, {"Location": "https://fw.example.com:8090/ips/block/webcat?cat=77&pl=1&lu=0&url=aHR0cHM6Ly9jaGF0Z3B0LmNvbS8="}, b"")
DEVICE = Device(
    "Sophos Firewall", lambda: Sophos(tls=True),
    # The device's own exclusion list is about everybody behind it, which has to be accepted.
    lambda twin: {"access_sophos_host": "127.0.0.1", "access_sophos_port": twin.port, "access_sophos_username": USER, "access_accept_wider_audience": True,
                  "access_audience": {"web_policies": ["Company"], "users": ["AI users"]}},
    lambda twin: {"access_sophos_password": twin.admins[USER]},
    lambda twin: {"SOPHOS_PASSWORD": twin.admins[USER]}, PAGE)
