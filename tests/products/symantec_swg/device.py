# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from tests.lab.device import Device
from tests.products.symantec_swg.twin import SymantecSwg

PAGE = (403, {"Content-Type": "text/html"}, b"<html><head><title>Access Denied</title></head><body><h1>Access Denied (content_filter_denied)</h1><p>Your "
        b"request was denied because of its content categorization.</p><a href=\"http://notify.bluecoat.com/help\">More</a></body></html>")
DEVICE = Device(
    "Symantec Cloud SWG", lambda: SymantecSwg(tls=True),
    lambda twin: {"access_symantec_swg_host": "127.0.0.1", "access_symantec_swg_port": twin.port, "access_symantec_swg_consoles": [twin.url],
                  "access_symantec_swg_console_username": twin.console[0], "access_symantec_swg_install": {"path": twin.knobs.install},
                  "access_audience": {"clients": ["10.1.0.0/24"]}},
    secrets=lambda twin: {"access_symantec_swg_token": next(iter(twin.tokens)), "access_symantec_swg_console_password": twin.console[1]},
    environment=lambda twin: {"SYMANTEC_MC_TOKEN": next(iter(twin.tokens)), "SYMANTEC_CONSOLE_PASSWORD": twin.console[1]}, page=PAGE)
