# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The products with an API: requests, connections, processes and time of our modules and of the vendors' clients, against the same twins.

The peers reach the same entries and rules; they take no lock, validate nothing, look for no conflict and read nothing back.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalogue import Selection, load, policy_config
from tests.contract.fortios import FortiosRig
from tests.contract.panos import PanosRig
from tests.contract.zia import ZiaRig
from tests.twins.zia.site import DO_NOT_DECRYPT

ROOT = Path(__file__).resolve().parent.parent.parent
ROW = "%-46s %-52s %s"


def policies() -> list:
    """(label, Policy): the shipped default without voice, which the peers do not make, and 1,000 patterns of which 20 are exempt (a group of wildcard
    FQDNs is made one by one)."""
    default = policy_config(load(), Selection(media=False))
    many = ["*.host%d.example.com" % number for number in range(1000)]
    return [("%d patterns" % len(default["allow"]), Policy.from_config(default)),
            ("1,000 patterns", Policy.from_config({"allow": many, "exempt": many[:20]}))]


class Meter:
    """What a twin saw while something ran."""

    def __init__(self, twin, is_write):
        self._twin, self._is_write = twin, is_write

    def run(self, action, processes: int) -> tuple:
        """(text, seconds)"""
        self._twin.log.clear()
        connections, began = self._twin.connections, time.perf_counter()
        action()
        seconds = time.perf_counter() - began
        writes = sum(1 for request in self._twin.log if self._is_write(request))
        return "%d read, %d write, %d connection%s, %d process%s, %.2f s" % (
            len(self._twin.log) - writes, writes, self._twin.connections - connections, "s" * (self._twin.connections - connections != 1), processes,
            "es" * (processes != 1), seconds), seconds


def ours(name: str, rig, policy, meter: Meter) -> dict:
    times = {}
    for label, state, check in (("check mode", "merged", True), ("converge", "merged", False), ("re-run", "merged", False)):
        text, times[label] = meter.run(lambda check=check, state=state: rig.run(state, policy, check), 1)
        print(ROW % ("%s: ours, %s" % (name, label), text, ""))
    return times


def panos() -> None:
    import panos.firewall
    from panos.objects import CustomUrlCategory
    from panos.policies import DecryptionRule, Rulebase, SecurityRule
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


def beside(name: str, peer: str, action, meter: Meter, times: dict, processes: int, words=("converge", "re-run")) -> None:
    for word in words:
        text, seconds = meter.run(action, processes)
        print(ROW % ("%s: %s, %s" % (name, peer, word), text, "ours takes %.1f of its time" % (times[word] / seconds)))


def fortios() -> None:
    for label, policy in policies():
        with tempfile.TemporaryDirectory() as folder:
            rig = FortiosRig(Path(folder))
            with rig.twin:
                def is_write(request):
                    return request.method != "GET" and "/cmdb/" in request.path
                ours("FortiOS, " + label, rig, policy, Meter(rig.twin, is_write))
        fortios_playbooks("FortiOS as playbooks, " + label, policy)


def fortios_playbooks(name: str, policy) -> None:
    """Ours and the vendor's modules, both by ansible-playbook over HTTPS: one task for the list, and one task for each wildcard FQDN."""
    if not (ROOT / ".build" / "peers" / "stamp").exists():
        print(ROW % (name, "fortinet.fortios is not there", ""))
        return
    rows = sorted({entry for pattern in policy.allow for entry in FortiosRig.natives(None, str(pattern))})
    exempt = sorted({entry for pattern in policy.exempt for entry in FortiosRig.natives(None, str(pattern))})
    entries = [{"id": number, "url": url, "type": "wildcard", "action": "exempt", "exempt": "fortiguard", "status": "enable"}
               for number, url in enumerate(rows, 1)]

    def custom(url, text):
        return {"fortinet.fortios.fortios_firewall_wildcard_fqdn_custom": {
            "access_token": "{{ token }}", "vdom": "root", "state": "present", "firewall_wildcard_fqdn_custom": {"name": text, "wildcard_fqdn": url}}}
    bulk = [{"fortinet.fortios.fortios_webfilter_urlfilter": {
        "access_token": "{{ token }}", "vdom": "root", "state": "present", "webfilter_urlfilter": {"id": 9, "name": "chatgpt", "entries": entries}}}]
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        play = {"ours": [{"netaccess.chatgpt.fortios_access": {
            "host": "127.0.0.1", "port": "{{ port }}", "access_token": "{{ token }}", "validate_certs": False, "config": policy.to_config(),
            "audience": {"policies": ["members"]}, "journal": str(folder / "journals")}, "vars": {"ansible_connection": "local"}}],
            "fortinet.fortios, the list alone": bulk,
            "fortinet.fortios, list, %d FQDNs" % len(exempt): bulk + [dict(custom("{{ item }}", "{{ item | replace('*', 'any') }}"), loop=exempt)]}
        ours_took: dict = {}
        for which, tasks in play.items():
            rig = FortiosRig(folder, tls=True)
            with rig.twin:
                meter = Meter(rig.twin, lambda request: request.method != "GET" and "/cmdb/" in request.path)
                path = folder / "play.yml"
                path.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
                count = 1 + len(exempt) * ("FQDNs" in which)
                for word, flags in (("check mode", ["--check"]), ("converge", []), ("re-run", [])):
                    shown, seconds = meter.run(lambda flags=flags: ansible(path, rig.twin, flags), count)
                    took = ours_took.setdefault(word, seconds)
                    print(ROW % ("%s: %s, %s" % (name, which, word), shown, "" if which == "ours" else "ours takes %.1f of its time" % (took / seconds)))


def ansible(play: Path, twin, flags: list) -> None:
    variables = {"ansible_connection": "httpapi", "ansible_network_os": "fortinet.fortios.fortios", "ansible_host": "127.0.0.1",
                 "ansible_httpapi_port": twin.port, "ansible_httpapi_use_ssl": True, "ansible_httpapi_validate_certs": False,
                 "ansible_python_interpreter": sys.executable, "token": twin.token, "port": twin.port}
    paths = "%s:%s" % (ROOT / ".build" / "collections", ROOT / ".build" / "peers")
    subprocess.run([str(Path(sys.executable).parent / "ansible-playbook"), "-i", "fgt,", str(play), "-e", json.dumps(variables), *flags],
                   env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=paths), capture_output=True, check=True)


def zia() -> None:
    from zscaler.oneapi_client import LegacyZIAClient
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


def main() -> None:
    for row in (panos, fortios, zia):
        row()


if __name__ == "__main__":
    main()
