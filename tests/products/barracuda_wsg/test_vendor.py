# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of Barracuda and Python's own XML-RPC client: no client of the vendor exists, and the product speaks plain XML-RPC."""
from __future__ import annotations

import xmlrpc.client

import pytest

from tests.products.barracuda_wsg.twin import BarracudaWsg


def test_a_stock_client_reads_globals_and_is_refused_lists():
    with BarracudaWsg() as twin:
        client = xmlrpc.client.ServerProxy("%s/cgi-mod/api.cgi?password=%s" % (twin.url, twin.password))
        assert client.config.get({"type": "global", "path": "", "variable": "system_timezone"}) == "Europe/Berlin"
        for method, wanted in (("get", {"type": "global", "path": "", "variable": "exceptions"}), ("get", {"type": "global", "path": "", "variable": "x"}),
                               ("set", {"type": "global", "path": "", "system_timezone": "UTC"})):
            with pytest.raises(xmlrpc.client.Fault):
                getattr(client.config, method)(wanted)
        wrong = xmlrpc.client.ServerProxy("%s/cgi-mod/api.cgi?password=wrong" % twin.url)
        with pytest.raises(xmlrpc.client.Fault, match="password"):
            wrong.config.get({"type": "global", "path": "", "variable": "system_timezone"})
