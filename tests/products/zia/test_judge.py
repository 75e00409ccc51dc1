# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites of which ZIA's adapter must not claim more than it knows: lists, applications, destinations, layers."""
from __future__ import annotations

import functools

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import Failed
from tests.contract.rig import MEMBER
from tests.products.server import Fault as Weather, Reply
from tests.products.zia.rig import ZiaRig
from tests.products.zia.test_columns import APP, DNS, FIREWALL, SSL, URL, order
from tests.products.zia.twin.site import BYPASS, DECRYPT, DO_NOT_DECRYPT

ALL = {".chatgpt.com", "*.openai.com", "js.stripe.com"}


@pytest.fixture
def make(open_rig):
    return functools.partial(open_rig, ZiaRig)


@pytest.fixture
def rig(make):
    return make()


def words(result: dict, column: str = "allowed") -> dict:
    return {row["pattern"]: row[column] for row in result["coverage"]}


def told(result: dict, name: str) -> dict:
    conflict, = (one for one in result["conflicts"] if name in one["where"])
    return conflict


def category(rig, name="Words", **content) -> list:
    rig.by_hand("POST", "urlCategories", dict({"configuredName": name, "superCategory": "USER_DEFINED", "type": "URL_CATEGORY", "customCategory": True},
                                              **content))
    return [rig.twin.find("urlCategories", name)["id"]]


def block(rig, name="block", order=1, **columns) -> None:
    rig.given(URL, name, order, **dict({"action": "BLOCK", "protocols": ["ANY_RULE"]}, **columns))


# -- lists of URLs


@pytest.mark.parametrize("content,column", [
    ({"keywords": ["chatgpt"]}, "keywords"), ({"keywordsRetainingParentCategory": ["chatgpt"]}, "keywordsRetainingParentCategory"),
    ({"urlType": "REGEX", "regexPatterns": ["chat.*"]}, "regexPatterns"), ({"ipRanges": ["203.0.113.0/24"]}, "ipRanges"), ({"type": "TLD_CATEGORY"}, "type")])
def test_a_category_that_holds_more_than_names_may_hold_any_host(rig, content, column):
    block(rig, urlCategories=category(rig, **content))
    rig.given(SSL, "decrypt", action=DECRYPT, urlCategories=[rig.twin.find("urlCategories", "Words")["id"]])
    result = rig.run(check=True, adapter=rig.adapter(never_above=("block", "decrypt")))
    assert set(words(result).values()) == {"unchecked"} and set(words(result, "exempt").values()) == {"unchecked", "not wanted"}
    for name in ("block", "decrypt"):
        conflict = told(result, name)
        assert not conflict["certain"] and not conflict["remedy"] and "column %s of URL category Words is not understood" % column in conflict["text"]
    # Ours passes it: it is about the whole audience, whatever else it holds.
    rig.run()
    assert order(rig, URL).index("ChatGPT allow") < order(rig, URL).index("block") and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_a_built_in_category_holds_what_the_tenant_has_added_to_it(rig):
    rig.by_hand("PUT", "urlCategories/MALWARE_SITE?action=ADD_TO_LIST", {"dbCategorizedUrls": ["ab.chatgpt.com", "js.stripe.com"]})
    result = rig.run(adapter=rig.adapter(never_above=("Stop threats",)))
    assert words(result) == {".chatgpt.com": "unchecked", "*.openai.com": "yes", "js.stripe.com": "no"}
    assert rig.decide(MEMBER, "ab.chatgpt.com")[0] == "block" and rig.decide(MEMBER, "js.stripe.com")[0] == "block"
    rig.run()
    assert rig.decide(MEMBER, "ab.chatgpt.com") == ("allow", "tunnel"), "named in ours too, and above"


@pytest.mark.parametrize("entry,word", [
    ("chatgpt.com/backend-api", "unchecked"), (".chatgpt.com:443", "no"), (".chatgpt.com/", "no"), (".chatgpt.com:8443", "yes"), ("claude.ai/chat", "yes")])
def test_an_entry_with_a_path_or_a_port(rig, entry, word):
    block(rig, urlCategories=category(rig, dbCategorizedUrls=[entry]))
    assert words(rig.run(check=True, adapter=rig.adapter(never_above=("block",))))[".chatgpt.com"] == word


@pytest.mark.parametrize("entry,word", [
    (".chatgpt.com", "no"), ("ab.chatgpt.com", "unchecked"), ("chatgpt.com/backend-api", "unchecked"), ("claude.ai", "yes")])
def test_a_denylist_that_blocks_a_host_or_a_part_of_it(rig, entry, word):
    rig.by_hand("PUT", "security/advanced", {"blacklistUrls": [entry]})
    result = rig.run(check=True)
    assert words(result) == {".chatgpt.com": word, "*.openai.com": "yes", "js.stripe.com": "yes"}
    assert [one["certain"] for one in result["conflicts"]] == {"no": [True], "unchecked": [False], "yes": []}[word]


def test_two_lists_of_categories_have_to_match_both(rig):
    feed, other = category(rig, "Feed", dbCategorizedUrls=[".chatgpt.com"]), category(rig, "Other", dbCategorizedUrls=["claude.ai"])
    block(rig, "neither", urlCategories=feed, urlCategories2=other)
    block(rig, "perhaps", urlCategories=feed, urlCategories2=["AI_ML_APPS"])
    block(rig, "both", urlCategories=feed, urlCategories2=feed)
    result = rig.run(check=True, adapter=rig.adapter(never_above=("neither", "perhaps", "both")))
    assert told(result, "both")["certain"] and {one["where"] for one in result["conflicts"]} == {"URL filtering rule both"}
    rig._change_rule(URL, "both", state="DISABLED")
    result = rig.run(check=True, adapter=rig.adapter(never_above=("neither", "perhaps")))
    assert words(result)[".chatgpt.com"] == "unchecked" and {one["where"] for one in result["conflicts"]} == {"URL filtering rule perhaps"}


@pytest.mark.parametrize("protocols,effect", [(["HTTPS_RULE", "HTTP_RULE"], "no"), (["FTP_RULE", "HTTP_RULE"], "yes"), (["WEBSOCKETSSL_RULE"], "unchecked"),
                                              (["PROTOCOL_OF_NEXT_YEAR"], "unchecked")])
def test_by_which_protocols_a_rule_blocks(rig, protocols, effect):
    block(rig)
    next(rule for rule in rig.twin.state.config["rules"][URL] if rule["name"] == "block")["protocols"] = protocols
    rig.twin.publish()
    assert set(words(rig.run(check=True, adapter=rig.adapter(never_above=("block",)))).values()) == {effect}


@pytest.mark.parametrize("protocols", [["FTP_RULE"], ["HTTPS_RULE"]])
def test_a_rule_that_lets_some_protocols_through_does_not_hide_a_block(rig, protocols):
    company = category(rig, "Company", dbCategorizedUrls=["foreign.example"])
    block(rig)
    rig.given(URL, "some", action="ALLOW", protocols=protocols, urlCategories=company)
    assert set(words(rig.run(check=True, adapter=rig.adapter(category_name="Company"))).values()) == {"no"}


def test_a_rule_without_a_place_in_the_order_is_not_certain(rig):
    rig.given(FIREWALL, "lost", 0, action="BLOCK_DROP")
    result = rig.run(check=True)
    assert "it has no position in the order" in told(result, "lost")["text"] and set(words(result).values()) == {"unchecked"}


# -- SSL inspection


def test_an_ssl_rule_that_blocks_a_part_of_the_audience_keeps_its_word_and_is_named(rig):
    rig.given(SSL, "quarantine", action={"type": "BLOCK"}, groups=[{"id": 102}])
    result = rig.run()
    conflict = told(result, "quarantine")
    assert (conflict["effect"], conflict["certain"], conflict["remedy"]) == ("deny", False, []) and set(words(result).values()) == {"unchecked"}
    assert order(rig, SSL).index("quarantine") < order(rig, SSL).index("ChatGPT no decrypt") and rig.decide(MEMBER, "chatgpt.com")[0] == "block"


def test_an_ssl_rule_that_blocks_a_part_of_the_audience_and_would_be_passed_has_to_be_accepted(rig):
    rig.given(SSL, "quarantine", 5, action={"type": "BLOCK"}, groups=[{"id": 102}])
    with pytest.raises(Failed, match="quarantine blocks a part of the audience"):
        rig.run()


def test_an_ssl_rule_that_blocks_everyone(rig):
    rig.given(SSL, "shut", action={"type": "BLOCK"}, urlCategories=category(rig, dbCategorizedUrls=["js.stripe.com"]))
    result = rig.run()
    assert words(result)["js.stripe.com"] == "no" and told(result, "shut")["certain"] and rig.decide(MEMBER, "js.stripe.com")[0] == "block"


def test_what_the_operator_names_is_passed_and_told(rig):
    rig.given(SSL, "inspect phones", action=DECRYPT, platforms=["SCAN_IOS"])
    result = rig.run(adapter=rig.adapter(before=("inspect phones",)))
    assert order(rig, SSL).index("ChatGPT no decrypt") < order(rig, SSL).index("inspect phones")
    assert set(words(result, "exempt").values()) == {"yes", "not wanted"}
    block(rig, "quarantine", groups=[{"id": 102}])
    with pytest.raises(Failed, match="quarantine blocks a part of the audience"):
        rig.run(adapter=rig.adapter(before=("quarantine",)))


@pytest.mark.parametrize("one_click,exempt", [({}, "no"), ({"urlCategories": ["ANY"]}, "no"), ({"cloudApplications": ["YOUTUBE"]}, "no")])
def test_a_rule_of_the_vendor_without_a_criterion_exempts_nothing(rig, one_click, exempt):
    category(rig, "Company", dbCategorizedUrls=["foreign.example"])
    rig.given(SSL, "UCaaS One Click", action=BYPASS, **one_click)
    next(rule for rule in rig.twin.state.config["rules"][SSL] if rule["name"] == "UCaaS One Click")["predefined"] = True
    rig.twin.publish()
    result = rig.run(adapter=rig.adapter(exempt_category_name="Company"))
    assert words(result, "exempt") == {".chatgpt.com": exempt, "*.openai.com": exempt, "js.stripe.com": "not wanted"}


@pytest.mark.parametrize("column", ["blockUndecrypt", "blockSslTrafficWithNoSniEnabled"])
def test_a_rule_that_decrypts_and_may_block_is_named(rig, column):
    rig._change_rule(SSL, "Inspect all", action=dict(DECRYPT, decryptSubActions=dict(DECRYPT["decryptSubActions"], **{column: True})))
    result = rig.run()
    assert words(result) == {".chatgpt.com": "yes", "*.openai.com": "yes", "js.stripe.com": "unchecked"}
    assert not told(result, "Inspect all")["remedy"]


# -- Cloud App Control


def deny(rig, name, apps, order=1, **columns) -> None:
    rig.given(APP, name, order, **dict({"actions": ["DENY_AI_ML_WEB_USE"], "applications": apps}, **columns))


@pytest.mark.parametrize("app", ["CHATGPT_AI", "DALL_E", "OPENAI", "PLAYGROUND_BY_OPENAI", "OPENAI_SIGN_IN", "AZURE_GPT"])
def test_every_application_of_openai_and_every_unknown_one(rig, app):
    deny(rig, "deny", [app])
    result = rig.run()
    conflict = told(result, "deny")
    assert conflict["certain"] == (app in ("CHATGPT_AI", "OPENAI")) == bool(conflict["remedy"])
    assert words(result) == {".chatgpt.com": "no" if app == "CHATGPT_AI" else "unchecked", "*.openai.com": "unchecked", "js.stripe.com": "yes"}


@pytest.mark.parametrize("app", ["CHATGPT_AI", "DALL_E", "OPENAI", "PLAYGROUND_BY_OPENAI"])
def test_an_application_that_a_rule_lets_through_is_not_denied_below(rig, app):
    deny(rig, "deny", [app])
    deny(rig, "allow", [app], actions=["ALLOW_AI_ML_WEB_USE"])
    result = rig.run()
    assert result["conflicts"] == [] and set(words(result).values()) == {"yes"}


def test_an_application_of_somebody_else_is_no_matter(rig):
    deny(rig, "deny", ["CLAUDE_AI"])
    result = rig.run()
    assert result["conflicts"] == [] and set(words(result).values()) == {"yes"}


def test_each_application_is_asked_by_itself(rig):
    deny(rig, "rest", [])
    deny(rig, "for us", ["CHATGPT_AI"], actions=["ALLOW_AI_ML_WEB_USE"])
    result = rig.run()
    # ChatGPT is let through; which of these hosts another application of OpenAI holds, nobody says.
    assert told(result, "rest")["certain"] and words(result) == {".chatgpt.com": "unchecked", "*.openai.com": "unchecked", "js.stripe.com": "yes"}
    assert rig.decide(MEMBER, "api.openai.com")[0] == "block"
    deny(rig, "for us all", ["DALL_E", "OPENAI", "PLAYGROUND_BY_OPENAI"], 2, actions=["ALLOW_AI_ML_WEB_USE"])
    result = rig.run()
    assert not told(result, "rest")["certain"] and words(result)["*.openai.com"] == "unchecked", "one of next year is still shut"


@pytest.mark.parametrize("narrow", [{"groups": [{"id": 102}]}, {"cloudAppRiskProfile": {"id": 7}, "apps": []}, {"timeQuota": 60}])
def test_a_narrow_allow_does_not_hide_the_deny_behind_it(rig, narrow):
    deny(rig, "deny", ["CHATGPT_AI"])
    deny(rig, "allow", **dict({"apps": ["CHATGPT_AI"], "actions": ["ALLOW_AI_ML_WEB_USE"]}, **narrow))
    result = rig.run()
    assert told(result, "deny")["certain"] and words(result)[".chatgpt.com"] == "no"


# -- Cloud Firewall


def destinations(rig, name="chats", **content) -> list:
    rig.by_hand("POST", "ipDestinationGroups", dict({"name": name, "type": "DSTN_FQDN"}, **content))
    return [{"id": rig.twin.find("ipDestinationGroups", name)["id"]}]


@pytest.mark.parametrize("columns", [
    lambda rig: {"nwApplications": ["OPENAI"]}, lambda rig: {"nwApplicationGroups": [{"id": 7}]}, lambda rig: {"appServiceGroups": [{"id": 1}]},
    lambda rig: {"destCountries": ["COUNTRY_US"]}, lambda rig: {"destIpCategories": ["GENERAL_AI_ML"]}, lambda rig: {"destAddresses": ["104.18.0.0/16"]},
    lambda rig: {"destAddresses": ["chatgpt.com", "104.18.32.47"]}, lambda rig: {"destIpGroups": [{"id": 4711}]},
    lambda rig: {"destIpGroups": destinations(rig, type="DSTN_OTHER", countries=["COUNTRY_US"])},
    lambda rig: {"destIpGroups": destinations(rig, type="DSTN_DOMAIN", addresses=["claude.ai"])},
    # Whether both have to hold, or one, is not published.
    lambda rig: {"destAddresses": ["*.chatgpt.com", "chatgpt.com"], "destIpCategories": ["HEALTH"]},
    lambda rig: {"destAddresses": ["claude.ai"], "destCountries": ["COUNTRY_US"]}, lambda rig: {"nwServiceGroups": [{"id": 7}]}])
def test_a_firewall_rule_that_may_drop_a_host_is_named(rig, columns):
    columns = columns(rig)
    rig.given(FIREWALL, "drop", action="BLOCK_DROP")
    next(rule for rule in rig.twin.state.config["rules"][FIREWALL] if rule["name"] == "drop").update(columns)
    rig.twin.publish()
    result = rig.run(check=True)
    assert not told(result, "drop")["certain"] and not told(result, "drop")["remedy"] and words(result)[".chatgpt.com"] == "unchecked"


@pytest.mark.parametrize("columns", [
    {"appServiceGroups": [{"id": 1, "name": "OFFICE365"}]}, {"nwApplications": ["YOUTUBE"]}, {"nwServiceGroups": [{"id": 7}]}, {"appServices": [{"id": 7}]}])
def test_a_firewall_rule_that_lets_something_through_does_not_hide_a_later_drop(rig, columns):
    rig.given(FIREWALL, "drop", action="BLOCK_DROP", destAddresses=["chatgpt.com", "*.chatgpt.com"])
    rig.given(FIREWALL, "allow", action="ALLOW", **columns)
    result = rig.run()
    assert told(result, "drop")["certain"] and words(result) == {".chatgpt.com": "no", "*.openai.com": "yes", "js.stripe.com": "yes"}


@pytest.mark.parametrize("service,word", [
    ({"tag": "TCP_ANY", "destTcpPorts": []}, "no"), ({"tag": "UDP_ANY", "destUdpPorts": []}, "yes"), ({"tag": "ICMP_ANY"}, "yes"), ({}, "unchecked"),
    ({"tag": "HTTPS", "srcTcpPorts": [], "destTcpPorts": [{"start": 443}]}, "no"), ({"tag": "QUIC", "destUdpPorts": [{"start": 443}]}, "yes"),
    ({"srcTcpPorts": [{"start": 50000}], "destTcpPorts": [{"start": 443}]}, "unchecked"), ({"destTcpPorts": [{"start": 80}], "ports": [443]}, "unchecked"),
    ({"destTcpPorts": [{"start": 400, "end": 500}], "column_of_next_year": ["x"]}, "unchecked")])
def test_which_services_a_firewall_rule_drops(rig, service, word):
    rig.by_hand("POST", "networkServices", dict({"name": "one", "type": "STANDARD", "creatorContext": "ZIA", "isNameL10nTag": True}, **service))
    rig.given(FIREWALL, "drop", action="BLOCK_DROP", nwServices=[{"id": rig.twin.find("networkServices", "one")["id"]}])
    assert set(words(rig.run(check=True)).values()) == {word}


def test_a_group_as_it_is_read_is_understood(rig):
    names = ["chatgpt.com", "*.chatgpt.com"]
    read = {"addresses": names, "ipAddresses": names, "creatorContext": "ZIA", "ipCategories": [], "countries": [], "urlCategories": []}
    rig.given(FIREWALL, "drop", action="BLOCK_DROP", destIpGroups=destinations(rig, **read))
    assert told(rig.run(check=True), "drop")["certain"]


def test_the_default_rule_of_the_firewall_counts(rig):
    for rule in rig.twin.state.config["rules"][FIREWALL]:
        rule["action"] = "BLOCK_DROP"
    rig.twin.publish()
    result = rig.run()
    assert set(words(result).values()) == {"no"} and rig.decide(MEMBER, "chatgpt.com")[0] == "block"
    assert told(result, "Default Firewall")["opens"] == "the API cannot change this rule"
    rig.by_hand("POST", "networkServices", {"name": "web", "type": "CUSTOM", "destTcpPorts": [{"start": 80}, {"start": 443}]})
    rig.given(FIREWALL, "web", action="ALLOW", nwServices=[{"id": rig.twin.find("networkServices", "web")["id"]}])
    result = rig.run()
    assert set(words(result).values()) == {"yes"} and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel") and result["conflicts"] == []


# -- DNS control


@pytest.mark.parametrize("columns,hosts", [
    (lambda rig: {"destAddresses": ["chatgpt.com"]}, {".chatgpt.com"}), (lambda rig: {"destIpCategories": ["AI_ML_APPS"]}, ALL),
    (lambda rig: {"destIpGroups": destinations(rig, addresses=["js.stripe.com"])}, {"js.stripe.com"}), (lambda rig: {}, ALL),
    (lambda rig: {"destAddresses": ["8.8.8.8"]}, ALL), (lambda rig: {"destAddresses": ["10.0.0.53"]}, ALL),
    (lambda rig: {"destAddresses": ["claude.ai"], "applicationGroups": [{"id": 7}]}, ALL), (lambda rig: {"destAddresses": ["claude.ai"]}, set()),
    (lambda rig: {"destIpCategories": ["MALWARE_SITE"], "resCategories": ["MALWARE_SITE"]}, set()),
    (lambda rig: {"action": "REDIR_RES", "redirectIp": "192.0.2.1", "destAddresses": ["js.stripe.com"]}, {"js.stripe.com"})])
def test_a_dns_rule_is_named_and_never_certain(rig, columns, hosts):
    rig.given(DNS, "no names", **dict({"action": "BLOCK"}, **columns(rig)))
    result = rig.run()
    assert {pattern for pattern, word in words(result).items() if word == "unchecked"} == hosts and set(words(result).values()) <= {"yes", "unchecked"}
    assert [(one["where"], one["certain"], one["remedy"], set(one["hosts"])) for one in result["conflicts"]] == (
        [("DNS rule no names", False, [], hosts)] if hosts else [])
    assert all("it is unknown whether the audience uses this DNS service" in one["text"] for one in result["conflicts"])


def test_dns_control_is_asked_from_the_top(rig):
    rig.given(DNS, "no names", action="BLOCK")
    rig.given(DNS, "names", action="ALLOW")
    result = rig.run(check=True)
    assert result["conflicts"] == [] and set(words(result).values()) == {"yes"}


def test_the_rule_of_dns_control_for_other_traffic_is_about_no_name(rig):
    rig.twin.state.config["rules"][DNS].append({"id": 901, "name": "Unknown DNS Traffic", "order": -3, "rank": 7, "state": "ENABLED", "action": "BLOCK",
                                                "protocols": ["ANY_RULE"], "defaultRule": True})
    rig.twin.publish()
    result = rig.run(check=True)
    assert result["conflicts"] == [] and set(words(result).values()) == {"yes"}


@pytest.mark.parametrize("code,word", [("SCOPE_LIMITED", "unchecked"), ("NOT_SUBSCRIBED", "yes")])
@pytest.mark.parametrize("table,layer", [(DNS, "DNS control"), (FIREWALL, "Cloud Firewall")])
def test_a_layer_that_the_role_may_not_see_is_named_and_one_that_is_not_licensed_is_none(rig, table, layer, code, word):
    refusal = Reply.of_json({"code": code, "message": code}, 403)
    rig.twin.faults.append(Weather("status", reply=refusal, times=10 ** 6, when=lambda request: table in request.path))
    result = rig.run()
    assert set(words(result).values()) == {word} and result["changed"]
    assert all(("this role cannot read it: %s" % layer in row["note"]) == (word == "unchecked") for row in result["coverage"])


def test_without_the_scan_the_layers_that_were_not_read_are_named(rig):
    result = rig.run(adapter=rig.adapter(scan_conflicts=False))
    assert set(words(result).values()) == {"unchecked"} and all("not read: Cloud App Control" in row["note"] for row in result["coverage"])
    assert not any(DNS in request.path for request in rig.twin.log)


# -- headers


def test_a_rule_that_adds_headers_is_not_passed(rig):
    rig.given(URL, "with headers", 3, action="ALLOW", protocols=["ANY_RULE"], httpHeaderActionProfiles=[{"id": 5}])
    result = rig.run()
    assert order(rig, URL).index("with headers") < order(rig, URL).index("ChatGPT allow") and told(result, "Block AI")
    assert {(loss["control"], loss["rule"]) for loss in result["losses"] if loss["control"] == "headers"} == {("headers", "URL filtering rule with headers")}
    result = rig.run(adapter=rig.adapter(before=("with headers",)))
    assert order(rig, URL).index("ChatGPT allow") < order(rig, URL).index("Block AI")
    assert any("with headers inserts headers and would no longer apply to these hosts" in text for text in result["warnings"])


def test_left_alone_is_left_alone(rig):
    """A rule that exempts for everybody counts, whoever wrote it."""
    company = category(rig, "Company", dbCategorizedUrls=["foreign.example"])
    rig.given(SSL, "company", action=DO_NOT_DECRYPT, urlCategories=company)
    result = rig.run(adapter=rig.adapter(exempt_category_name="Company"))
    assert words(result, "exempt") == {".chatgpt.com": "yes", "*.openai.com": "yes", "js.stripe.com": "not wanted"}
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


# -- what is told, and what is not


def test_a_conflict_tells_what_its_rule_names_and_denies(rig):
    destinations(rig, "others", addresses=["claude.ai"])
    rig.given(FIREWALL, "drop", action="BLOCK_DROP", destIpGroups=destinations(rig, addresses=["chatgpt.com", "*.chatgpt.com"]))
    rig.given(FIREWALL, "by country", 2, action="BLOCK_DROP", destIpCategories=["ANY"], destIpGroups=destinations(rig, "far away", countries=["COUNTRY_US"]))
    deny(rig, "deny", ["CHATGPT_AI"], actions=["ALLOW_AI_ML_CHAT", "DENY_AI_ML_WEB_USE"])
    result = rig.run(check=True)
    assert told(result, "drop")["text"] == "BLOCK_DROP *.chatgpt.com, chatgpt.com"
    assert told(result, "deny")["text"].startswith("DENY_AI_ML_WEB_USE for CHATGPT_AI")
    assert told(result, "by country")["text"] == "BLOCK_DROP far away" and not told(result, "by country")["certain"]


def test_a_rule_of_ours_that_somebody_turned_round_is_shown_and_left_to_the_next_run(rig):
    rig.run()
    rig._change_rule(URL, "ChatGPT allow", action="BLOCK")
    conflict = told(rig.run("gathered"), "ChatGPT allow")
    assert conflict["certain"] and not conflict["remedy"]
    assert rig.run()["conflicts"] == []


@pytest.mark.parametrize("kind,option,columns", [
    (URL, "category_name", {"action": "BLOCK", "protocols": ["ANY_RULE"]}), (SSL, "exempt_category_name", {"action": {"type": "BLOCK"}})])
def test_where_no_rule_of_ours_is_made_nothing_is_passed(rig, kind, option, columns):
    category(rig, "Company", dbCategorizedUrls=["foreign.example"])
    rig.given(kind, "quarantine", 5 if kind == SSL else 3, groups=[{"id": 102}], **columns)
    assert rig.run(check=True, adapter=rig.adapter(**{option: "Company"}))["audience_widened"] == []


def test_without_decryption_an_exemption_loses_nothing(rig):
    assert {loss["control"] for loss in rig.run(check=True)["losses"]} >= {"av", "dlp"}
    for rule in rig.twin.state.config["rules"][SSL]:
        rule["action"] = {"type": "BLOCK"} if rule["name"] == "Inspect all" else DO_NOT_DECRYPT
    rig.twin.publish()
    assert rig.run(check=True)["losses"] == []


def test_a_rule_about_other_hosts_adds_its_headers_as_before(rig):
    rig.given(URL, "with headers", action="ALLOW", protocols=["ANY_RULE"], urlCategories=category(rig, dbCategorizedUrls=["claude.ai"]),
              httpHeaderActionProfiles=[{"id": 5}])
    assert "headers" not in {loss["control"] for loss in rig.run(check=True)["losses"]}


def test_the_rule_that_decrypts_a_host_is_named(rig):
    rig.given(SSL, "decrypt", action=DECRYPT)
    result = rig.run(check=True, adapter=rig.adapter(never_above=("decrypt",)))
    assert {(row["exempt"], "decrypt decrypts it" in row["note"]) for row in result["coverage"]} == {("no", True), ("not wanted", False)}
