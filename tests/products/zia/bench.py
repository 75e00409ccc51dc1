# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import tempfile
from pathlib import Path

from zscaler.oneapi_client import LegacyZIAClient

from tests.bench.products import Meter, beside, ours, policies
from tests.products.zia.rig import ZiaRig
from tests.products.zia.twin.site import DO_NOT_DECRYPT


def main() -> None:
    for label, policy in policies():
        with tempfile.TemporaryDirectory() as folder:
            rig, peer = ZiaRig(Path(folder)), ZiaRig(Path(folder))
            with rig.twin, peer.twin:
                def is_write(request):
                    return request.method in ("POST", "PUT", "DELETE") and "authenticatedSession" not in request.path
                times = ours("ZIA, " + label, rig, policy, Meter(rig.twin, is_write))
                lists = {"allow": policy.allow, "exempt": policy.exempt}

                def calls():
                    os.environ["ZIA_OVERRIDE_URL"] = peer.twin.url
                    with LegacyZIAClient({"username": "netaccess@example.com", "password": peer.twin.admins["netaccess@example.com"],
                                          "api_key": peer.twin.api_key, "cloud": "zscaler"}) as client:
                        held = {row.configured_name: row for row in client.zia.url_categories.list_categories(query_params={"custom_only": True})[0]}
                        changed = False
                        for name, patterns in lists.items():
                            wanted = sorted({entry for pattern in patterns for entry in peer.natives(str(pattern))})
                            if name not in held:
                                client.zia.url_categories.add_url_category(configured_name=name, super_category="USER_DEFINED", urls=wanted)
                                changed = True
                        if "ChatGPT allow" not in [rule.name for rule in client.zia.url_filtering.list_rules()[0]]:
                            ids = {row.configured_name: row.id for row in client.zia.url_categories.list_categories(query_params={"custom_only": True})[0]}
                            group = next(one.id for one in client.zia.user_management.list_groups()[0] if one.name == "AI users")
                            client.zia.url_filtering.add_rule(name="ChatGPT allow", rank=7, order=2, enabled=True, action="ALLOW", protocols=["HTTPS_RULE"],
                                                              url_categories=[ids["allow"]], groups=[group])
                            client.zia.ssl_inspection_rules.add_rule(name="ChatGPT no decrypt", rank=7, order=4, enabled=True, action=DO_NOT_DECRYPT,
                                                                     url_categories=[ids["exempt"]], groups=[group])
                            changed = True
                        if changed:
                            client.zia.activate.activate()
                beside("ZIA, " + label, "zscaler-sdk-python", calls, Meter(peer.twin, is_write), times, 1)
