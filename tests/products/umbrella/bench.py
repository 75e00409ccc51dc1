# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import tempfile
from pathlib import Path

import secure_access

from tests.bench.products import Meter, beside, ours, policies
from tests.products.umbrella.rig import KEY, UmbrellaRig

LIMIT, BATCH = 100, 500


def main() -> None:
    for label, policy in policies():
        with tempfile.TemporaryDirectory() as folder:
            rig, peer = UmbrellaRig(Path(folder)), UmbrellaRig(Path(folder))
            with rig.twin, peer.twin:
                def is_write(request):
                    return request.method in ("POST", "PATCH", "DELETE") and not request.path.startswith("/auth")
                times = ours("Umbrella, " + label, rig, policy, Meter(rig.twin, is_write))
                wanted = {entry for pattern in policy.allow for entry in peer.natives(str(pattern))}

                def calls():
                    basic = secure_access.Configuration(host=peer.twin.url, username=KEY, password=peer.twin.keys[KEY][0])
                    token = secure_access.TokenApi(secure_access.ApiClient(basic)).create_auth_token(grant_type="client_credentials").access_token
                    client = secure_access.ApiClient(secure_access.Configuration(host=peer.twin.url, access_token=token))
                    lists, destinations = secure_access.DestinationListsApi(client), secure_access.DestinationsApi(client)
                    held = {row.name: row.id for row in lists.get_destination_lists(limit=LIMIT).data}
                    # The client makes lists of the web bundle only; two of these are as much work.
                    for name in ("ChatGPT one", "ChatGPT two"):
                        number = held.get(name)
                        if number is None:
                            number = lists.create_destination_list({"access": "allow", "isGlobal": False, "bundleTypeId": 2, "name": name}).data.id
                        there, page = set(), 1
                        while len(there) == LIMIT * (page - 1):
                            there |= {item.destination for item in destinations.get_destinations(number, page=page, limit=LIMIT).data}
                            page += 1
                        missing = sorted(wanted - there)
                        for at in range(0, len(missing), BATCH):
                            destinations.create_destinations(number, [{"destination": one} for one in missing[at:at + BATCH]])
                beside("Umbrella, " + label, "secureaccess (SDK)", calls, Meter(peer.twin, is_write), times, 1)
