# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import panos.firewall
from panos.objects import CustomUrlCategory
from panos.policies import DecryptionRule, Rulebase, SecurityRule

from tests.bench.products import Meter, beside, ours, policies
from tests.products.panos.rig import PanosRig


def main() -> None:
    for label, policy in policies():
        with contextlib.ExitStack() as up:
            rig, peer, careful = (PanosRig(Path(up.enter_context(tempfile.TemporaryDirectory())), (11, 1, 4), tls=True) for _number in range(3))
            for each in (rig, peer, careful):
                up.enter_context(each.twin)
            times = ours("PAN-OS, " + label, rig, policy, Meter(rig.twin, is_write))
            beside("PAN-OS, " + label, "pan-os-python", lambda: bulk(peer, policy), Meter(peer.twin, is_write), times, 1)
            beside("PAN-OS, " + label, "as careful as ours", lambda: bulk(careful, policy, True), Meter(careful.twin, is_write), times, 1)
            assert len({each.decide("member", "chatgpt.com") for each in (rig, peer, careful)}) == 1


def is_write(request) -> bool:
    form = request.form
    return form.get("type") == "commit" or (form.get("type") == "config" and form.get("action") not in ("get", "show")) or \
        "<request>" in form.get("cmd", "") or "<validate>" in form.get("cmd", "")


def bulk(peer, policy, careful: bool = False) -> None:
    """The same objects and one commit. ``careful``: with what ours does besides - the release, HA, Panorama, edits that wait, the lock and a second look
    under it, the validation, and reading back."""
    device = panos.firewall.Firewall("127.0.0.1", "alice", peer.twin.admins["alice"], port=peer.twin.port)
    base = Rulebase()
    device.add(base)

    def look() -> tuple:
        held = {category.name: category for category in CustomUrlCategory.refreshall(device, add=False)}
        return held, [rule.name for rule in SecurityRule.refreshall(base, add=False)], [rule.name for rule in DecryptionRule.refreshall(base, add=False)]

    def waiting() -> None:
        device.op("<show><config><list><changes></changes></list></config></show>", cmd_xml=False)
    if careful:
        device.refresh_system_info()
        waiting()
    held, rules, spared = look()
    lists = {"chatgpt-allow": policy.allow, "chatgpt-exempt": policy.exempt}
    wanted = {name: [entry for pattern in patterns for entry in sorted(peer.natives(str(pattern)))] for name, patterns in lists.items()}
    missing = [name for name in lists if name not in held or set(held[name].url_value) != set(wanted[name])]
    if not missing and "chatgpt-allow" in rules and "chatgpt-no-decrypt" in spared:
        return
    if careful:
        device.op("<show><high-availability><state></state></high-availability></show>", cmd_xml=False)
        device.op("<show><panorama-status></panorama-status></show>", cmd_xml=False)
        device.add_config_lock("bench", scope="vsys1")
        waiting()
        look()
    for name in missing:
        device.add(CustomUrlCategory(name, url_value=wanted[name], type="URL List")).apply()
    rule = base.add(SecurityRule("chatgpt-allow", fromzone=["trust"], tozone=["untrust"], source_user=["example\\ai-users"], application=["any"],
                                 service=["service-https"], category=["chatgpt-allow"], action="allow"))
    rule.apply()
    rule.move("before", "Block AI")
    spare = base.add(DecryptionRule("chatgpt-no-decrypt", source_zones=["trust"], destination_zones=["untrust"], source_addresses=["any"],
                                    destination_addresses=["any"], source_users=["example\\ai-users"], services=["any"],
                                    url_categories=["chatgpt-exempt"], action="no-decrypt", decryption_type="ssl-forward-proxy"))
    spare.apply()
    spare.move("before", "Decrypt the rest")
    if careful:
        device.syncjob(device.op("<validate><full></full></validate>", cmd_xml=False))
    device.commit(sync=True)
    if careful:
        waiting()
        look()
        device.remove_config_lock(scope="vsys1", exceptions=False)
