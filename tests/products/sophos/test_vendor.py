# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sophosfirewall-python, the vendor's own client, against the twin: it makes, reads, changes and deletes what our module uses, and reads what that wrote."""
from __future__ import annotations

import pytest

firewallapi = pytest.importorskip("sophosfirewall_python.firewallapi", reason="sophosfirewall-python is not installed")

from tests.contract.rig import MEMBER, STRANGER  # noqa: E402
from tests.products.sophos.rig import USER, SophosRig  # noqa: E402
from tests.products.sophos.decision import every, get  # noqa: E402
from tests.products.sophos.twin import Sophos  # noqa: E402

# The client is told not to check certificates.
pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
GROUP, POLICY, EXCEPTION = "WebFilterURLGroup", "WebFilterPolicy", "WebFilterException"


@pytest.fixture
def twin():
    with Sophos(tls=True) as running:
        yield running


def login(twin, password=None):
    return firewallapi.SophosFirewall(USER, password or twin.admins[USER], "127.0.0.1", twin.port, verify=False)


@pytest.fixture
def client(twin):
    return login(twin)


def test_sign_in(twin, client):
    assert client.login()["Response"]["Login"]["status"] == "Authentication Successful"
    with pytest.raises(firewallapi.SophosFirewallAuthFailure):
        login(twin, "wrong").login()


def test_an_api_that_is_closed_is_reported_as_such(twin, client):
    twin.knobs.admitted = "192.0.2.0/24"
    with pytest.raises(firewallapi.SophosFirewallAPIError, match="not allowed from the requester"):
        client.login()


def test_group_create_read_change_delete(twin, client):
    assert client.create_urlgroup("Mine", ["chatgpt.com", "openai.com"])["Response"][GROUP]["Status"]["@code"] == "200"
    assert client.get_urlgroup("Mine")["Response"][GROUP]["URLlist"]["URL"] == ["chatgpt.com", "openai.com"]
    client.update_urlgroup("Mine", ["oaistatic.com"], action="add")
    client.update_urlgroup("Mine", ["openai.com"], action="remove")
    assert set(every(twin.node(GROUP, "Mine"), "URLlist/URL")) == {"chatgpt.com", "oaistatic.com"}
    assert client.remove(GROUP, "Mine")["Response"][GROUP]["Status"]["@code"] == "200"
    with pytest.raises(firewallapi.SophosFirewallZeroRecords):
        client.get_urlgroup("Mine")


def test_what_is_refused_is_an_error_of_the_client(client):
    with pytest.raises(firewallapi.SophosFirewallAPIError):
        client.create_urlgroup("Mine", ["*.chatgpt.com"])
    with pytest.raises(firewallapi.SophosFirewallAPIError, match="510"):
        client.remove(GROUP, "AI sites")


def test_policy_create_read_change_delete(twin, client):
    rule = {"categories": [{"id": "AI sites", "type": "URLGroup"}], "http_action": "Allow", "https_action": "Allow", "user_list": ["AI users", "Staff"]}
    client.create_webfilterpolicy("Mine", "Deny", rules=[rule])
    read = client.get_webfilterpolicy("Mine")["Response"][POLICY]
    assert read["RuleList"]["Rule"]["UserList"]["User"] == ["AI users", "Staff"] and read["DefaultAction"] == "Deny"
    client.update_webfilterpolicy("Mine", default_action="Allow", rules=[dict(rule, http_action="Deny", https_action="Deny", user_list=["Staff"])])
    assert [get(one, "HTTPSAction") for one in twin.rules_of("Mine")] == ["Allow", "Deny"]
    client.remove(POLICY, "Mine")
    assert [get(one, "Name") for one in twin.tables[POLICY]] == ["Company", "Guests"]


def test_exception_by_the_clients_raw_xml(twin, client):
    text = ("<WebFilterException><Name>{{ name }}</Name><Enabled>on</Enabled><HttpsDecrypt>on</HttpsDecrypt><PolicyCheck>off</PolicyCheck>%s"
            "<EnableURLRegex>yes</EnableURLRegex><DomainList><URLRegex>^chatgpt\\.com/</URLRegex></DomainList></WebFilterException>")
    with pytest.raises(firewallapi.SophosFirewallAPIError, match="501"):
        client.submit_xml(text % "", {"name": "Mine"})
    client.submit_xml(text % "<CertValidation>off</CertValidation>", {"name": "Mine"})
    assert twin.decide("member", "chatgpt.com")[1] == "tunnel" and twin.decide("member", "ws.chatgpt.com")[1] == "decrypt"
    client.update(EXCEPTION, {"HttpsDecrypt": "off"}, name="Mine")
    assert twin.decide("member", "chatgpt.com")[1] == "decrypt"
    client.remove(EXCEPTION, "Mine")
    assert twin.tables[EXCEPTION] == []


def test_a_rule_of_inspection_cannot_be_made(client):
    with pytest.raises(firewallapi.SophosFirewallAPIError, match="501"):
        client.submit_xml("<SSLTLSInspectionRule><Name>Mine</Name><Enable>Yes</Enable><DecryptAction>Do not decrypt</DecryptAction></SSLTLSInspectionRule>")


def test_firewall_rules_keep_their_place(twin, client):
    assert [rule["Position"] for rule in client.get_rule()["Response"]["FirewallRule"]] == ["Top", "Top"]
    client.create_rule({"rulename": "Second", "position": "After", "after_rulename": "LAN to WAN", "status": "Enable", "action": "Accept", "log": "Enable",
                        "src_zones": ["LAN"], "dst_zones": ["WAN"]})
    read = client.get_rule("Second")["Response"]["FirewallRule"]
    assert (read["Position"], read["After"]["Name"]) == ("After", "LAN to WAN")
    assert [get(rule, "Name") for rule in twin.tables["FirewallRule"]] == ["LAN to WAN", "Second", "LAN to WAN v6"]


def test_it_reads_what_our_module_wrote_and_may_add_to_it(tmp_path):
    rig = SophosRig(tmp_path, tls=True)
    with rig.twin:
        rig.run()
        client = login(rig.twin)
        assert set(client.get_urlgroup("ChatGPT allow")["Response"][GROUP]["URLlist"]["URL"]) == {"chatgpt.com", "openai.com", "js.stripe.com"}
        rules = client.get_webfilterpolicy("Company")["Response"][POLICY]["RuleList"]["Rule"]
        ours, = [rule for rule in rules if rule["CategoryList"]["Category"] == {"ID": "ChatGPT allow", "type": "URLGroup"}]
        assert (ours["HTTPSAction"], ours["UserList"]["User"], ours["PolicyRuleEnabled"]) == ("Allow", "AI users", "1")
        assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel") and rig.decide(STRANGER, "chatgpt.com")[0] == "block"
        client.update_urlgroup("ChatGPT allow", ["foreign.example"], action="add")
        # It sends no description, which takes our mark away: then the group is somebody else's, and ours are still in it.
        assert get(rig.twin.node(GROUP, "ChatGPT allow"), "Description") == ""
        assert not rig.run()["changed"] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")
        rig.run("deleted")
        assert "ChatGPT allow" in [get(one, "Name") for one in rig.twin.tables[GROUP]] and rig.decide(MEMBER, "chatgpt.com")[0] == "block"
