# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An administrator has made the policies for the audience, and puts our lists into their categories when they exist, as ``manual`` says."""
from __future__ import annotations

from tests.lab.device import Device
from tests.products.netskope.twin import Netskope

PAGE = (403, {"Content-Type": "text/html", "Server": "Netskope"}, b"<html><head><title>Netskope - Access is blocked</title></head>"
        b"<body><p>ChatGPT is not allowed here.</p></body></html>")


def variables(twin) -> dict:
    return {"access_netskope_host": "127.0.0.1", "access_netskope_port": twin.port, "access_audience": {"groups": ["AI users"]}}


DEVICE = Device(
    "Netskope", lambda: Netskope(tls=True, watchful=True), variables, lambda twin: {"access_netskope_token": twin.token},
    lambda twin: {"NETSKOPE_API_TOKEN": twin.token}, PAGE)
