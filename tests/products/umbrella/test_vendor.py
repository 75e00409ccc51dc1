# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's SDK (package secureaccess) against the twin of Umbrella. It is made for Secure Access, whose tokens and destination lists have the same shapes,
and checks each answer against the vendor's own schema; it makes lists of the web bundle only."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.decryption import PROFILE, SPARED_LIST
from tests.products.umbrella.rig import KEY, MARKED, SecureAccessRig, UmbrellaRig, WritingRig

secure_access = pytest.importorskip("secure_access", reason="secureaccess is not installed")
exceptions = pytest.importorskip("secure_access.exceptions")


@pytest.fixture
def rig(tmp_path):
    made = UmbrellaRig(tmp_path)
    with made.twin:
        yield made


def apis(twin):
    """(lists, destinations) with a token that the client fetched itself."""
    basic = secure_access.Configuration(host=twin.url, username=KEY, password=twin.keys[KEY][0])
    token = secure_access.TokenApi(secure_access.ApiClient(basic)).create_auth_token(grant_type="client_credentials")
    client = secure_access.ApiClient(secure_access.Configuration(host=twin.url, access_token=token.access_token))
    return secure_access.DestinationListsApi(client), secure_access.DestinationsApi(client)


def names(destinations, number) -> set:
    return {item.destination for item in destinations.get_destinations(number, page=1, limit=100).data}


def test_the_client_makes_reads_changes_and_removes_a_list(rig):
    lists, destinations = apis(rig.twin)
    made = lists.create_destination_list({"access": "allow", "isGlobal": False, "bundleTypeId": 2, "name": "Theirs",
                                          "destinations": [{"destination": "openai.com", "type": "domain", "comment": "one"}]}).data
    assert rig.twin.named("Theirs")["bundleTypeId"] == 2 and names(destinations, made.id) == {"openai.com"}
    destinations.create_destinations(made.id, [{"destination": "chatgpt.com", "comment": "two"}, {"destination": "sora.com"}])
    held = {item.destination: item for item in destinations.get_destinations(made.id).data}
    assert set(held) == {"openai.com", "chatgpt.com", "sora.com"} and held["chatgpt.com"].comment == "two"
    destinations.delete_destinations(made.id, [int(held["sora.com"].id)])
    assert names(destinations, made.id) == {"openai.com", "chatgpt.com"}
    lists.update_destination_lists(made.id, {"name": "Renamed"})
    assert {row.name for row in lists.get_destination_lists(page=1, limit=100).data} >= {"Renamed", "Global Allow List"}
    lists.delete_destination_list(made.id)
    with pytest.raises(KeyError):
        rig.twin.named("Renamed")


def test_the_client_reads_what_our_module_wrote(rig):
    rig.run(adapter=rig.adapter(comment="CHG0012345"))
    lists, destinations = apis(rig.twin)
    rows = {row.name: row for row in lists.get_destination_lists().data}
    for name, bundle in zip(MARKED, (1, 2)):
        assert (rows[name].access, rows[name].bundle_type_id, rows[name].is_global) == ("allow", bundle, False)
        items = destinations.get_destinations(rows[name].id).data
        assert {item.destination for item in items} == {"chatgpt.com", "openai.com", "js.stripe.com"}
        assert {item.comment for item in items} == {"netaccess.chatgpt CHG0012345"} and rows[name].meta.destination_count == 3


def test_our_module_keeps_what_the_client_adds_and_replaces_it_when_told(rig):
    rig.run()
    lists, destinations = apis(rig.twin)
    number = next(row.id for row in lists.get_destination_lists().data if row.name == MARKED[1])
    destinations.create_destinations(number, [{"destination": "by-hand.example"}])
    assert {entry["entry"] for entry in rig.run()["foreign"]} == {"by-hand.example"}
    rig.run("replaced")
    assert "by-hand.example" not in names(destinations, number)


def test_the_client_reads_the_rules_of_secure_access_and_what_our_module_wrote_there(tmp_path):
    rig = SecureAccessRig(tmp_path)
    with rig.twin:
        rig.run()
        lists, destinations = apis(rig.twin)
        rules = secure_access.AccessRulesApi(lists.api_client)
        table = rules.list_rules(offset=0, limit=100)
        assert [row.rule_name for row in table.result] == ["Bad sites", "AI users", "Block AI", "Default"] and table.count == 4
        conditions = {one.attribute_name.value: one.attribute_value.actual_instance
                      for one in rules.get_rule(table.result[1].rule_id).rule_conditions}
        number, = conditions["umbrella.destination.destination_list_ids"]
        assert {row.id: row.access for row in lists.get_destination_lists().data}[number] == "none"
        assert names(destinations, number) == {"chatgpt.com", "openai.com", "js.stripe.com"}
        with pytest.raises(exceptions.BadRequestException):
            lists.create_destination_list({"access": "none", "isGlobal": True, "bundleTypeId": 2, "name": "Theirs"})


def test_the_client_reads_and_updates_what_is_not_decrypted_beside_our_module(tmp_path):
    rig = WritingRig(tmp_path)
    with rig.twin:
        rig.run()
        lists, destinations = apis(rig.twin)
        spared, profiles = secure_access.DoNotDecryptListsApi(lists.api_client), secure_access.SecurityProfilesApi(lists.api_client)
        rows = {row.name: row for row in spared.list_do_not_decrypt_lists().actual_instance}
        named = {row.name: row.setting_group_bypass_inspection_group_id for row in profiles.get_security_profiles(page=1, limit=100).actual_instance}
        assert rows["System provided"].is_default and named["AI profile"] == rows["AI exempt"].id
        settings = secure_access.AccessRulesApi(lists.api_client).get_rule(rig.twin.rule("AI users")["ruleId"]).rule_settings
        assert [(one.setting_name.value, one.setting_value.actual_instance) for one in settings] == [
            ("umbrella.posture.webProfileId", rig.twin.profile("AI profile")["id"])]
        defaults = secure_access.RuleSettingsAndDefaultsApi(lists.api_client).get_policy_settings()
        assert {one.setting_name.value: one.setting_value.actual_instance for one in defaults} == rig.twin.state.settings
        assert names(destinations, rows["AI exempt"].exceptiondomainlist_id) == {"chatgpt.com", "openai.com"}
        made = spared.update_do_not_decrypt_list(rows["AI exempt"].id, secure_access.DoNotDecryptListUpdate(
            name="AI exempt", addDestinations=[{"destination": "sora.com", "comment": "by hand"}], removeDestinations=[{"destination": "openai.com"}]))
        assert made.total_domains == 2 and rig.run()["changed"]
        assert set(rig.twin.spares("AI exempt")) == {"chatgpt.com", "openai.com", "sora.com"}
        with pytest.raises(exceptions.ApiException):
            profiles.delete_security_profile(rig.twin.profile("AI profile")["id"])


@pytest.mark.parametrize("model,schema", [("ListSecurityProfilesResponseInner", PROFILE), ("DoNotDecryptListData", SPARED_LIST)], ids=["profile", "list"])
def test_the_client_has_the_columns_that_are_declared(model, schema):
    assert {field.alias or name for name, field in getattr(secure_access, model).model_fields.items()} == schema.others


def test_a_wrong_secret_and_a_key_that_only_reads_are_refused_as_the_client_expects(rig):
    with pytest.raises(exceptions.UnauthorizedException):
        basic = secure_access.Configuration(host=rig.twin.url, username=KEY, password="wrong")
        secure_access.TokenApi(secure_access.ApiClient(basic)).create_auth_token(grant_type="client_credentials")
    rig.twin.keys[KEY][1] = {"policies.destinationLists:read"}
    lists, destinations = apis(rig.twin)
    assert lists.get_destination_lists().data
    with pytest.raises(exceptions.ForbiddenException):
        destinations.create_destinations(1001, [{"destination": "openai.com"}])
