# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Beside the vendor's SDK, which creates and deploys lists in a form that its own changelog calls wrong: these two requests are made by its transport."""
from __future__ import annotations

import tempfile
from pathlib import Path

from tests.bench.products import Meter, beside, ours, policies
from tests.products.netskope.rig import NetskopeRig
from tests.products.netskope.test_vendor import client_of, rows
from tests.products.netskope.twin import BASE


def is_write(request) -> bool:
    return request.method != "GET"


def main() -> None:
    for label, policy in policies():
        with tempfile.TemporaryDirectory() as folder:
            rig, peer = NetskopeRig(Path(folder)), NetskopeRig(Path(folder))
            with rig.twin, peer.twin:
                times = ours("Netskope, " + label, rig, policy, Meter(rig.twin, is_write))

                def calls():
                    with client_of(peer.twin) as client:
                        held, changed = rows(client), False
                        for name, patterns in (("ChatGPT allow", policy.allow), ("ChatGPT exempt", policy.exempt)):
                            if name not in held:
                                urls = sorted({entry for pattern in patterns for entry in peer.natives(str(pattern))})
                                client._transport.request("POST", BASE, json={"name": name, "data": {"urls": urls, "type": "exact"}})
                                changed = True
                        if changed:
                            client._transport.request("POST", BASE + "/deploy")
                beside("Netskope, " + label, "netskope-py-sdk", calls, Meter(peer.twin, is_write), times, 1)
