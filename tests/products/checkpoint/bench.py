# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import tempfile
from pathlib import Path

from cpapi import APIClient, APIClientArgs

from tests.bench.products import Meter, beside, ours, policies
from tests.products.checkpoint.device import writes
from tests.products.checkpoint.rig import CheckpointRig
from tests.products.checkpoint.twin import Checkpoint


def main() -> None:
    for label, policy in policies():
        with tempfile.TemporaryDirectory() as folder:
            rig, peer = CheckpointRig(Path(folder), tls=True), Checkpoint(tls=True)
            with rig.twin, peer:
                times = ours("Check Point, " + label, rig, policy, Meter(rig.twin, writes))

                def calls():
                    with APIClient(APIClientArgs(server="127.0.0.1", port=peer.port, unsafe=True, sync_frequency=0)) as client:
                        client.login("netaccess", peer.admins["netaccess"])
                        changed = False
                        for name, patterns in (("ChatGPT exempt", policy.exempt), ("ChatGPT allow", policy.allow)):
                            entries = sorted({entry for pattern in patterns for entry in rig.natives(str(pattern))})
                            if not client.api_call("show-application-site", {"name": name}).success:
                                client.api_call("add-application-site", {"name": name, "primary-category": "Custom_Application_Site", "url-list": entries})
                                changed = True
                        if changed:
                            https = {"layer": "Outbound", "position": "top", "name": "ChatGPT exempt", "action": "Bypass", "source": "AI users"}
                            client.api_call("add-https-rule", dict(https, **{"site-category": "ChatGPT exempt"}))
                            client.api_call("add-access-rule", {"layer": "Network", "position": "top", "name": "ChatGPT allow", "action": "Accept",
                                                                "source": "AI users", "service": "ChatGPT allow"})
                            client.api_call("publish")
                            client.api_call("install-policy", {"policy-package": "Standard", "access": True})
                beside("Check Point, " + label, "cp-mgmt-api-sdk", calls, Meter(peer, writes), times, 1)
