# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import tempfile
from pathlib import Path

from sophosfirewall_python.firewallapi import SophosFirewall, SophosFirewallZeroRecords

from tests.bench.products import Meter, beside, ours, policies
from tests.products.sophos.decision import LOCAL
from tests.products.sophos.rig import USER, SophosRig


def main() -> None:
    for label, policy in policies():
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
            rig, peer = SophosRig(Path(folder), tls=True), SophosRig(Path(other), tls=True)
            with rig.twin, peer.twin:
                def is_write(request):
                    return "<Set" in request.form.get("reqxml", "") or "<Remove" in request.form.get("reqxml", "")
                times = ours("Sophos, " + label, rig, policy, Meter(rig.twin, is_write))
                lists = {"ChatGPT allow": policy.allow, LOCAL: policy.exempt}

                def calls():
                    client = SophosFirewall(USER, peer.twin.admins[USER], "127.0.0.1", peer.twin.port, verify=False)
                    for name, patterns in lists.items():
                        wanted = {pattern.name for pattern in patterns}
                        try:
                            held = client.get_urlgroup(name)["Response"]["WebFilterURLGroup"]["URLlist"]["URL"]
                        except SophosFirewallZeroRecords:
                            client.create_urlgroup(name, sorted(wanted))
                            continue
                        missing = wanted - set([held] if isinstance(held, str) else held)
                        if missing:
                            client.update_urlgroup(name, sorted(missing), action="add")
                    rules = client.get_webfilterpolicy("Company")["Response"]["WebFilterPolicy"]["RuleList"]["Rule"]
                    if not any(rule["CategoryList"]["Category"] == {"ID": "ChatGPT allow", "type": "URLGroup"} for rule in rules):
                        # It puts the rule at the end of the list, where it opens nothing: the client has no word for a place.
                        client.update_webfilterpolicy("Company", rules=[{
                            "categories": [{"id": "ChatGPT allow", "type": "URLGroup"}], "http_action": "Allow", "https_action": "Allow",
                            "user_list": ["AI users"]}])
                beside("Sophos, " + label, "sophosfirewall-python", calls, Meter(peer.twin, is_write), times, 1)
