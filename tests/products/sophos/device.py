# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from tests.lab.device import Device
from tests.products.sophos.twin import Sophos

USER, LIST = "netaccess", "Not decrypted for AI users"
PAGE = (307, {"Location": "https://fw.example.com:8090/ips/block/webcat?cat=77&pl=1&lu=0&url=aHR0cHM6Ly9jaGF0Z3B0LmNvbS8="}, b"")


def make() -> Sophos:
    """With a list that is left undecrypted for the audience alone: the device's own is about everybody, which the stranger of the lab would see."""
    twin = Sophos(tls=True)
    twin.leave_undecrypted(LIST, ["AI users"])
    return twin


def writes(request) -> bool:
    return any(word in request.form.get("reqxml", "") for word in ("<Set", "<Remove"))


DEVICE = Device(
    "Sophos Firewall", make,
    lambda twin: {"access_sophos_host": "127.0.0.1", "access_sophos_port": twin.port, "access_sophos_username": USER, "access_sophos_exempt_group": LIST,
                  "access_audience": {"web_policies": ["Company"], "users": ["AI users"]}},
    secrets=lambda twin: {"access_sophos_password": twin.admins[USER]},
    environment=lambda twin: {"SOPHOS_PASSWORD": twin.admins[USER]}, page=PAGE, writes=writes)
