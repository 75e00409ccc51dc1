# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of a Sophos Firewall: envelopes, whole objects, traps and first match."""
from __future__ import annotations

import xml.etree.ElementTree as ET
from urllib.parse import urlencode

import pytest

from tests.products.server import Request
from tests.products.sophos.decision import LOCAL, every, get
from tests.products.sophos.twin import PATH, Sophos, app_policy, firewall_rule, limit, tls_rule, web_rule


@pytest.fixture
def twin():
    return Sophos()


def ask(twin, inner, password=None):
    request = ET.Element("Request")
    login = ET.SubElement(request, "Login")
    ET.SubElement(login, "Username").text = "netaccess"
    ET.SubElement(login, "Password").text = password or twin.admins["netaccess"]
    request.extend(ET.fromstring("<all>%s</all>" % inner))
    reply = twin.answer(Request("POST", PATH, {}, headers={}, body=urlencode({"reqxml": ET.tostring(request, encoding="unicode")}).encode()))
    assert reply.status == 200
    return ET.fromstring(reply.body)


def codes(answer, entity):
    return [status.get("code") for status in answer.findall(entity + "/Status")]


def test_every_failure_comes_with_200(twin):
    failed = ask(twin, "<Get><FirewallRule/></Get>", "wrong")
    assert get(failed, "Login/status") == "Authentication Failure" and len(failed) == 1
    assert get(ask(twin, "<Get><SecurityPolicy/></Get>"), "Status") == "Input request module is Invalid"
    reply = twin.answer(Request("POST", PATH, {}, headers={}, body=b"reqxml=<Request>&"))
    assert b'code="529"' in reply.body
    none = ask(twin, "<Get><WebFilterException/></Get>").find("WebFilterException/Status")
    assert none.text == "No. of records Zero." and none.get("code") is None


def test_an_update_takes_away_what_it_leaves_out(twin):
    assert codes(ask(twin, "<Set operation='update'><WebFilterURLGroup><Name>AI sites</Name></WebFilterURLGroup></Set>"), "WebFilterURLGroup") == ["200"]
    node = twin.node("WebFilterURLGroup", "AI sites")
    assert every(node, "URLlist/URL") == [] and get(node, "Description") == ""
    short = "<WebFilterPolicy><Name>Company</Name><DefaultAction>Allow</DefaultAction></WebFilterPolicy>"
    assert codes(ask(twin, "<Set operation='update'>%s</Set>" % short), "WebFilterPolicy") == ["501"]


def test_objects_of_one_request_are_answered_one_by_one(twin):
    answer = ask(twin, "<Set operation='add'><WebFilterURLGroup><Name>a</Name></WebFilterURLGroup><WebFilterURLGroup><Name>AI sites</Name></WebFilterURLGroup>"
                       "<WebFilterURLGroup><Name>b</Name><URLlist><URL>*.x.com</URL></URLlist></WebFilterURLGroup></Set>")
    assert codes(answer, "WebFilterURLGroup") == ["200", "502", "501"]
    answer = ask(twin, "<Remove><WebFilterURLGroup><Name>a</Name><Name>AI sites</Name><Name>%s</Name><Name>none</Name></WebFilterURLGroup></Remove>" % LOCAL)
    assert codes(answer, "WebFilterURLGroup") == ["200", "510", "528", "526"]


def test_a_firewall_rule_without_a_place_moves(twin):
    shown = ask(twin, "<Get><FirewallRule/></Get>").findall("FirewallRule")[0]
    shown.remove(shown.find("Position"))
    ask(twin, "<Set operation='update'>%s</Set>" % ET.tostring(shown, encoding="unicode"))
    assert [get(one, "Name") for one in twin.tables["FirewallRule"]] == ["LAN to WAN v6", "LAN to WAN"]


def test_an_exception_says_on_where_it_skips(twin):
    text = ("<WebFilterException><Name>x</Name><Enabled>on</Enabled><HttpsDecrypt>off</HttpsDecrypt><PolicyCheck>on</PolicyCheck><CertValidation>off"
            "</CertValidation><EnableURLRegex>yes</EnableURLRegex><EnableSrcIP>yes</EnableSrcIP><DomainList><URLRegex>^chatgpt\\.com/</URLRegex>"
            "<SrcIp>192.0.2.0/28</SrcIp></DomainList></WebFilterException>")
    assert codes(ask(twin, "<Set operation='add'>%s</Set>" % text), "WebFilterException") == ["200"]
    assert twin.decide("member", "chatgpt.com") == ("allow", "decrypt") and twin.decide("stranger", "chatgpt.com")[0] == "block"
    nothing = text.replace("<EnableURLRegex>yes", "<EnableURLRegex>no").replace("<EnableSrcIP>yes", "<EnableSrcIP>no")
    assert codes(ask(twin, "<Set operation='update'>%s</Set>" % nothing), "WebFilterException") == ["501"]


@pytest.mark.parametrize("host,expected", [("chatgpt.com", "block"), ("ws.chatgpt.com", "block"), ("evilchatgpt.com", "allow"), ("phish.test", "block"),
                                           ("example.com", "allow"), ("chatgpt.com.evil.test", "allow")])
def test_first_match_of_a_policy(twin, host, expected):
    assert twin.decide("member", host)[0] == expected


def test_first_match_goes_by_user_and_an_inspection_rule_too(twin):
    twin.node("WebFilterPolicy", "Company").find("RuleList").insert(0, ET.fromstring(web_rule("Allow", [("URLGroup", "AI sites")], ["AI users"])))
    assert twin.decide("member", "chatgpt.com") == ("allow", "decrypt") and twin.decide("stranger", "chatgpt.com")[0] == "block"
    twin.tables["SSLTLSInspectionRule"].insert(1, tls_rule("r", "Do not decrypt", [("AI sites", "URL Group")], ["AI users"]))
    assert twin.decide("member", "chatgpt.com")[1] == "tunnel" and twin.decide("stranger", "chatgpt.com")[1] == "decrypt"
    assert twin.decide("stranger", "www.bank.test") == ("allow", "tunnel")


def test_a_rule_of_inspection_cannot_be_added_unless_the_firmware_can(twin):
    text = "<Set operation='add'><SSLTLSInspectionRule><Name>x</Name></SSLTLSInspectionRule></Set>"
    assert codes(ask(twin, text), "SSLTLSInspectionRule") == ["501"]
    twin.knobs.tls_rule_add = True
    assert codes(ask(twin, text), "SSLTLSInspectionRule") == ["200"]


@pytest.mark.parametrize("kind,column,text", [
    ("FirewallRule", "ColumnOfNextYear", "Enable"), ("FirewallRule", "SourceSecurityHeartbeat", "Enable"), ("FirewallRule", "Schedule", "Work hours"),
    ("FirewallRule", "SourceNetworks/Network", "Lab"), ("FirewallRule", "DestinationNetworks/Network", "Lab"), ("FirewallRule", "Services/Service", "Lab"),
    ("FirewallRule", "Action", "Quarantine"), ("FirewallRule", "Status", "Paused"), ("FirewallRule", "ApplicationControl", "Lab"),
    ("FirewallRule", "WebFilter", "Built in"), ("FirewallRule", "WebFilterInternetScheme", "Enable"),
    ("web rule", "ColumnOfNextYear", "Enable"), ("web rule", "CCLRuleEnabled", "1"), ("web rule", "HTTPAction", "Sing"),
    ("web rule", "CategoryList/Category/type", "FileType"), ("web rule", "CategoryList/Category/ID", "Gone"),
    ("tls rule", "ColumnOfNextYear", "Enable"), ("tls rule", "DecryptAction", "Sing"), ("tls rule", "SourceNetworks/Network", "Lab"),
    ("tls rule", "DecryptionProfile", "Strict"), ("policy", "ColumnOfNextYear", "Enable"), ("policy", "DefaultAction", "Ask")])
def test_what_is_not_modelled_is_refused(twin, kind, column, text):
    web = ET.fromstring(web_rule("Allow", [("URLGroup", "AI sites")], ["AI users"]))
    tls = tls_rule("First", "Do not decrypt")
    if kind != "policy":
        twin.node("WebFilterPolicy", "Company").find("RuleList").insert(0, web)
    twin.tables["SSLTLSInspectionRule"].insert(1, tls)
    host = "elsewhere.test" if kind == "policy" else "chatgpt.com"
    assert twin.decide("member", host) == ("allow", "tunnel")
    limit({"FirewallRule": twin.node("FirewallRule", "LAN to WAN"), "web rule": web, "tls rule": tls}.get(kind, twin.node("WebFilterPolicy", "Company")),
          column, text)
    with pytest.raises(NotImplementedError, match="does not model"):
        twin.decide("member", host)


def test_what_makes_no_difference_is_not_refused(twin):
    rule = tls_rule("First", "Decrypt")
    limit(rule, "ColumnOfNextYear", "Enable")
    twin.tables["SSLTLSInspectionRule"].insert(1, rule)
    assert twin.decide("member", "example.com") == ("allow", "decrypt")


@pytest.mark.parametrize("column,text", [("SourceZones/Zone", "DMZ"), ("DestinationZones/Zone", "VPN"), ("IPFamily", "IPv6"), ("PolicyType", "HTTPBased"),
                                         ("Status", "Disable"), ("Identity/Member", "Interns"), ("SourceNetworks/Network", "192.0.2.99"),
                                         ("Services/Service", "DNS")])
def test_exclusions_of_a_rule_are_evaluated_first(twin, column, text):
    rule = firewall_rule("First", "Drop")
    for name, value in (("ColumnOfNextYear", "Enable"), (column, text)):
        limit(rule, name, value)
    twin.tables["FirewallRule"].insert(0, rule)
    assert twin.decide("member", "example.com")[0] == "allow"


@pytest.mark.parametrize("rules,default,verdict", [
    ((), "Allow", "allow"), ((), "Deny", "block"), ([("Deny", {})], "Allow", "block"), ([("Allow", {})], "Deny", "allow"),
    ([("Deny", {"CategoryList/Category": "P2P"})], "Allow", None), ([("Sing", {})], "Allow", None)], ids=str)
def test_application_control(twin, rules, default, verdict):
    twin.tables["ApplicationFilterPolicy"].append(app_policy("Control", rules, default))
    limit(twin.node("FirewallRule", "LAN to WAN"), "ApplicationControl", "Control")
    if verdict is not None:
        assert twin.decide("member", "example.com")[0] == verdict
        return
    with pytest.raises(NotImplementedError, match="application control|ApplicationFilterPolicy"):
        twin.decide("member", "example.com")


def test_inspection_that_denies_and_inspection_that_is_off(twin):
    twin.tables["SSLTLSInspectionRule"].insert(0, tls_rule("No", "Deny"))
    assert twin.decide("member", "example.com")[0] == "block"
    limit(twin.tables["SSLTLSInspectionSettings"][0], "SSLTLSInspection", "Disabled")
    assert twin.decide("member", "example.com") == ("allow", "tunnel")
