# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import tempfile
from pathlib import Path

import cloudflare

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index
from tests.bench.products import Meter, beside, ours, policies
from tests.products.cloudflare_gateway.rig import CloudflareGatewayRig


def main() -> None:
    warm_up()
    for label, policy in policies():
        with tempfile.TemporaryDirectory() as folder:
            rig, peer = CloudflareGatewayRig(Path(folder)), CloudflareGatewayRig(Path(folder))
            with rig.twin, peer.twin:
                def is_write(request):
                    return request.method != "GET"
                times = ours("Cloudflare Gateway, " + label, rig, policy, Meter(rig.twin, is_write))
                beside("Cloudflare Gateway, " + label, "cloudflare", lambda: converge(peer.twin, policy), Meter(peer.twin, is_write), times, 1)


def warm_up() -> None:
    """The vendor's client loads its many types when they are first needed."""
    with tempfile.TemporaryDirectory() as folder, CloudflareGatewayRig(Path(folder)).twin as twin:
        converge(twin, policies()[0][1])


def converge(twin, policy) -> None:
    """The same lists and rules by the vendor's client: what is there is compared by name and by items, what is not is made."""
    account, who = {"account_id": twin.account}, 'any(identity.groups.name[*] in {"AI users"})'
    with cloudflare.Cloudflare(api_token=twin.token, base_url=twin.url + "/client/v4", max_retries=0) as client:
        gateway = client.zero_trust.gateway
        held, ids = {row.name: row for row in gateway.lists.list(**account)}, {}
        for role, patterns in (("allow", policy.allow), ("exempt", policy.exempt)):
            for name, exact in ((role, False), (role + " hosts", True)):
                index = Index(pattern for pattern in patterns if pattern.kind != "exact")
                wanted = {pattern.name for pattern in patterns if (pattern.kind == "exact") is exact and not (exact and index.covering(pattern))}
                if not wanted:
                    continue
                if name not in held:
                    ids[name] = gateway.lists.create(name=name, type="DOMAIN", items=[{"value": value} for value in sorted(wanted)], **account).id
                    continue
                ids[name] = held[name].id
                have = {item.value for item in gateway.lists.items.list(ids[name], per_page=1000, **account)}
                if have != wanted:
                    gateway.lists.edit(ids[name], append=[{"value": value} for value in sorted(wanted - have)], remove=sorted(have - wanted), **account)
        rules = {(rule.filters[0], rule.name) for rule in gateway.rules.list(**account)}
        for precedence, (layer, action, role, domains, host) in enumerate((
                ("http", "off", "exempt", "http.conn.domains", "http.conn.hostname"), ("l4", "allow", "allow", "net.sni.domains", "net.sni.host"),
                ("dns", "allow", "allow", "dns.domains", "dns.fqdn")), 10):
            parts = ["any(%s[*] in $%s)" % (domains, ids[role])] if role in ids else []
            parts += ["%s in $%s" % (host, ids[role + " hosts"])] if role + " hosts" in ids else []
            if (layer, "chatgpt") not in rules:
                gateway.rules.create(action=action, name="chatgpt", enabled=True, filters=[layer], precedence=precedence, traffic=" or ".join(parts),
                                     identity=who, **account)
