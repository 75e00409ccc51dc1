# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from tests.lab.device import Device
from tests.products.barracuda_wsg.rig import copied
from tests.products.barracuda_wsg.twin import BarracudaWsg

PAGE = (200, {"Content-Type": "text/html", "Server": "BarracudaHTTP 4.0"}, b"<html><body><p>Redirecting you to Barracuda Web Filter.</p></body></html>")


def person(twin, plan) -> dict:
    for line in plan:
        twin.fill_in(**line["request"])
    pages = copied(twin)
    return {"access_barracuda_wsg_pages": {
        "category": list(pages.category), "exceptions": [{"audience": who, "action": action} for who, action in pages.exceptions],
        "blocked_applications": list(pages.blocked_applications), "inspected_domains": list(pages.inspected_domains), "inspected_categories": []}}


DEVICE = Device(
    "Barracuda", lambda: BarracudaWsg(tls=True),
    lambda twin: {"access_barracuda_wsg_host": "127.0.0.1", "access_barracuda_wsg_port": twin.port, "access_audience": {"groups": ["AI users"]},
                  "access_barracuda_wsg_settings": ["system_timezone"]},
    secrets=lambda twin: {"access_barracuda_wsg_password": twin.password}, environment=lambda twin: {"BARRACUDA_WSG_PASSWORD": twin.password},
    page=PAGE, person=person)
