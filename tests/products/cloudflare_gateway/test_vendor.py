# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's own Python client against the twin: the same objects, and what our module wrote. Its types come from the vendor's description of the API,
and with strict validation it refuses an answer that does not fit them."""
from __future__ import annotations

import pytest

from tests.contract.rig import MEDIA
from tests.products.cloudflare_gateway.rig import CloudflareGatewayRig
from tests.products.cloudflare_gateway.twin import CloudflareGateway

cloudflare = pytest.importorskip("cloudflare", reason="cloudflare is not installed")


def client_of(twin, token=None):
    return cloudflare.Cloudflare(api_token=token or twin.token, base_url=twin.url + "/client/v4", max_retries=0, _strict_response_validation=True)


@pytest.fixture
def both():
    with CloudflareGateway() as twin:
        with client_of(twin) as client:
            yield twin, client.zero_trust.gateway, {"account_id": twin.account}


def test_a_list_is_made_read_changed_and_deleted(both):
    twin, gateway, account = both
    made = gateway.lists.create(name="ChatGPT", type="DOMAIN", description="ours", items=[{"value": "chatgpt.com"}, {"value": "openai.com"}], **account)
    assert (made.name, made.type, made.count) == ("ChatGPT", "DOMAIN", 2)
    assert {row.name for row in gateway.lists.list(**account)} == {"AI sites", "ChatGPT"}
    changed = gateway.lists.edit(made.id, append=[{"value": "oaistatic.com", "description": "CHG1"}], remove=["openai.com"], **account)
    assert changed.count == 2
    assert {(item.value, item.description) for item in gateway.lists.items.list(made.id, **account)} == {("chatgpt.com", None), ("oaistatic.com", "CHG1")}
    gateway.lists.update(made.id, name="ChatGPT allow", **account)
    read = gateway.lists.get(made.id, **account)
    assert (read.name, read.count, read.description) == ("ChatGPT allow", 2, "")
    gateway.lists.delete(made.id, **account)
    with pytest.raises(cloudflare.NotFoundError):
        gateway.lists.get(made.id, **account)


def test_items_come_in_pages_as_the_client_asks_for_them(both):
    twin, gateway, account = both
    twin.knobs.page = 3
    key = twin.add_list("Long", ["h%d.example.com" % number for number in range(10)])
    assert len(list(gateway.lists.items.list(key, **account))) == 10
    assert [request.query.get("page") for request in twin.log] == [None, "2", "3", "4", "5"]


def test_rules_open_what_was_blocked_for_the_group_alone(both):
    twin, gateway, account = both
    assert twin.decide("member", "chatgpt.com") == ("block", "tunnel")
    names = gateway.lists.create(name="ChatGPT", type="DOMAIN", items=[{"value": "chatgpt.com"}], **account).id
    who = {"identity": 'any(identity.groups.name[*] in {"AI users"})', "enabled": True}
    gateway.rules.create(action="off", name="chatgpt", filters=["http"], precedence=10, traffic="any(http.conn.domains[*] in $%s)" % names, **who, **account)
    gateway.rules.create(action="allow", name="chatgpt", filters=["l4"], precedence=11, traffic="any(net.sni.domains[*] in $%s)" % names, **who, **account)
    assert twin.decide("member", "chatgpt.com")[0] == "block"
    dns = gateway.rules.create(action="allow", name="chatgpt", filters=["dns"], precedence=12, traffic="any(dns.domains[*] in $%s)" % names, **who, **account)
    assert twin.decide("member", "chatgpt.com") == ("allow", "tunnel") and twin.decide("stranger", "chatgpt.com")[0] == "block"
    # A PUT replaces the rule: what it leaves out is gone, enabled among it.
    read = gateway.rules.update(dns.id, action="allow", name="chatgpt", filters=["dns"], precedence=12, traffic=dns.traffic, **account)
    assert (read.enabled, read.identity, read.version) == (False, "", 2) and twin.decide("member", "chatgpt.com")[0] == "block"
    with pytest.raises(cloudflare.BadRequestError):
        gateway.lists.delete(names, **account)
    for rule in list(gateway.rules.list(**account)):
        if rule.name == "chatgpt":
            gateway.rules.delete(rule.id, **account)
    gateway.lists.delete(names, **account)
    with pytest.raises(StopIteration):
        twin.values("ChatGPT")


@pytest.mark.parametrize("changes", [
    {"action": "quarantine"}, {"filters": ["dns", "l4"]}, {"precedence": 1500}, {"traffic": "dns.domains[*] in {"},
    {"traffic": "any(dns.domains[*] in $nothing)"},
    {"action": "off", "filters": ["http"], "traffic": 'http.request.host == "a.example"'}, {"filters": ["l4"], "schedule": {"mon": "08:00-17:00"}}])
def test_refusals_come_through_as_the_client_reads_them(both, changes):
    twin, gateway, account = both
    site = twin.snapshot()
    with pytest.raises(cloudflare.BadRequestError):
        gateway.rules.create(**dict({"action": "block", "name": "x", "filters": ["dns"], "precedence": 7, "traffic": ""}, **changes), **account)
    assert twin.snapshot() == site


def test_what_rules_are_about_and_the_account_itself(both):
    _twin, gateway, account = both
    found = {part.name for row in gateway.categories.list(**account) for part in [row] + (row.subcategories or [])}
    assert {"Technology", "Artificial Intelligence"} <= found
    assert "ChatGPT" in {row.name for row in gateway.app_types.list(**account)}
    settings = gateway.configurations.get(**account).settings
    assert settings.tls_decrypt.enabled is True and settings.antivirus.enabled_download_phase is True


def test_posture_checks_by_name(both):
    twin, _gateway, account = both
    assert [(row.id, row.name) for row in client_of(twin).zero_trust.devices.posture.list(**account)] == [(twin.compliant, "Disk is encrypted")]


def test_a_wrong_token_and_one_that_only_reads(both):
    twin, _gateway, account = both
    with pytest.raises(cloudflare.PermissionDeniedError):
        list(client_of(twin, "wrong").zero_trust.gateway.lists.list(**account))
    reader = client_of(twin, twin.reader).zero_trust.gateway
    assert [row.name for row in reader.lists.list(**account)] == ["AI sites"]
    with pytest.raises(cloudflare.PermissionDeniedError):
        reader.lists.create(name="x", type="DOMAIN", **account)


def test_the_lists_and_rules_that_our_module_made(both, tmp_path):
    twin, gateway, account = both
    rig = CloudflareGatewayRig(tmp_path)
    rig.twin, rig.media = twin, MEDIA
    rig.run()
    lists = {row.name: row.id for row in gateway.lists.list(**account)}
    assert {item.value for item in gateway.lists.items.list(lists["ChatGPT allow"], **account)} == {"chatgpt.com", "openai.com"}
    assert {item.value for item in gateway.lists.items.list(lists["ChatGPT allow hosts"], **account)} == {"js.stripe.com"}
    rules = {(rule.filters[0], rule.name): rule for rule in gateway.rules.list(**account) if rule.name.startswith("ChatGPT")}
    assert set(rules) == {("http", "ChatGPT do not inspect"), ("l4", "ChatGPT allow"), ("l4", "ChatGPT voice"), ("dns", "ChatGPT allow")}
    assert all(rule.enabled and rule.identity == 'any(identity.groups.name[*] == "AI users")' for rule in rules.values())
    assert rules["http", "ChatGPT do not inspect"].action == "off" and lists["ChatGPT exempt"] in rules["http", "ChatGPT do not inspect"].traffic
    assert "203.0.113.0/28" in rules["l4", "ChatGPT voice"].traffic
    # The vendor's client takes one away, and ours notices.
    gateway.lists.edit(lists["ChatGPT allow"], remove=["openai.com"], **account)
    assert [change["name"] for change in rig.run()["changes"]] == ["ChatGPT allow"]
