# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import tempfile
from pathlib import Path

import panos.firewall
from panos.objects import CustomUrlCategory
from panos.policies import DecryptionRule, Rulebase, SecurityRule

from tests.bench.products import Meter, beside, ours, policies
from tests.contract.panos import PanosRig


def main() -> None:
    for label, policy in policies():
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
            rig, peer = PanosRig(Path(folder), (11, 1, 4), tls=True), PanosRig(Path(other), (11, 1, 4), tls=True)
            with rig.twin, peer.twin:
                def is_write(request):
                    form = request.form
                    return form.get("type") == "commit" or (form.get("type") == "config" and form.get("action") not in ("get", "show")) or \
                        "<request>" in form.get("cmd", "") or "<validate>" in form.get("cmd", "")
                times = ours("PAN-OS, " + label, rig, policy, Meter(rig.twin, is_write))
                lists = {"chatgpt-allow": policy.allow, "chatgpt-exempt": policy.exempt}

                def bulk():
                    device = panos.firewall.Firewall("127.0.0.1", "alice", peer.twin.admins["alice"], port=peer.twin.port)
                    held = {category.name: category for category in CustomUrlCategory.refreshall(device, add=False)}
                    base = Rulebase()
                    device.add(base)
                    changed = False
                    for name, patterns in lists.items():
                        wanted = [entry for pattern in patterns for entry in sorted(peer.natives(str(pattern)))]
                        if name not in held or set(held[name].url_value) != set(wanted):
                            device.add(CustomUrlCategory(name, url_value=wanted, type="URL List")).apply()
                            changed = True
                    if "chatgpt-allow" not in [rule.name for rule in SecurityRule.refreshall(base, add=False)]:
                        rule = base.add(SecurityRule("chatgpt-allow", fromzone=["trust"], tozone=["untrust"], source_user=["example\\ai-users"],
                                                     application=["any"], service=["service-https"], category=["chatgpt-allow"], action="allow"))
                        rule.apply()
                        rule.move("before", "Block AI")
                        spare = base.add(DecryptionRule("chatgpt-no-decrypt", source_zones=["trust"], destination_zones=["untrust"], source_addresses=["any"],
                                                        destination_addresses=["any"], source_users=["example\\ai-users"], services=["any"],
                                                        url_categories=["chatgpt-exempt"], action="no-decrypt", decryption_type="ssl-forward-proxy"))
                        spare.apply()
                        spare.move("before", "Decrypt the rest")
                        changed = True
                    if changed:
                        device.commit(sync=True)
                beside("PAN-OS, " + label, "pan-os-python", bulk, Meter(peer.twin, is_write), times, 1)
                assert peer.decide("member", "chatgpt.com")[0] == rig.decide("member", "chatgpt.com")[0]
