# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How rules of ZIA are read, without a server: whom and what they are about, and what they do."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK
from tests.products.zia.test_assessor import ALLOW, CHAT, EXEMPT, OURS, PART, block, category, deny, drop, judged, ssl

HOST = "api.openai.com"


def row(pattern=CHAT, categories=(), **more):
    """The coverage of one pattern that is allowed and exempt."""
    policy = Policy.from_config({"allow": [pattern], "exempt": [pattern]})
    held = dict(ALLOW, dbCategorizedUrls=[".chatgpt.com", ".openai.com"])
    found, = judged(policy, (held, EXEMPT, *categories), **more).coverage
    return found


# -- effects


@pytest.mark.parametrize("kind,action,word", [
    ("url", "ALLOW", "yes"), ("url", "BLOCK", "no"), ("url", "CAUTION", "no"), ("url", "ISOLATE", "no"), ("url", "ICAP_RESPONSE", "unchecked"),
    ("firewall", "ALLOW", "yes"), ("firewall", "BLOCK_DROP", "no"), ("firewall", "BLOCK_RESET", "no"), ("firewall", "BLOCK_ICMP", "no"),
    ("firewall", "EVAL_NWAPP", "unchecked"), ("dns", "ALLOW", "yes"), ("dns", "BLOCK", "unchecked"), ("dns", "REDIR_REQ", "unchecked"),
    ("ssl", "DO_NOT_DECRYPT", "yes"), ("ssl", "DECRYPT", "yes"), ("ssl", "BLOCK", "no"), ("ssl", "SHRUG", "unchecked")])
def test_what_an_action_does(kind, action, word):
    one = {"url": block(action=action), "firewall": drop(action=action), "dns": drop(action=action), "ssl": ssl("x", action)}[kind]
    assert row(**{kind: [one]}).allowed == word


@pytest.mark.parametrize("action,known", [("BLOCK", True), ("BLOCK_WITH_RESPONSE", True), ("REDIR_RES", True), ("REDIR_REQ", False)])
def test_what_dns_control_does_with_a_question(action, known):
    conflict, = judged(dns=[drop(action=action)]).conflicts
    assert ("its action is not understood" in conflict.text) is not known


@pytest.mark.parametrize("action,exempt,allowed", [
    ({"type": "DO_NOT_DECRYPT"}, "yes", "yes"), ({"type": "DECRYPT"}, "no", "yes"), ({"type": "BLOCK"}, "no", "no"),
    ({"type": "SHRUG"}, "unchecked", "unchecked"),
    ({"type": "DECRYPT", "decryptSubActions": {"blockUndecrypt": True}}, "no", "unchecked"),
    ({"type": "DECRYPT", "decryptSubActions": {"blockSslTrafficWithNoSniEnabled": True}}, "no", "unchecked"),
    ({"type": "DO_NOT_DECRYPT", "doNotDecryptSubActions": {"blockSslTrafficWithNoSniEnabled": True}}, "yes", "unchecked"),
    ({"type": "BLOCK", "decryptSubActions": {"blockUndecrypt": True}}, "no", "no")])
def test_what_ssl_inspection_does(action, exempt, allowed):
    found = row(ssl=[ssl("x", action)])
    assert (found.exempt, found.allowed) == (exempt, allowed)


WHOLE = "_AI_ML_WEB_USE"


@pytest.mark.parametrize("actions,word", [
    (["DENY" + WHOLE], "no"), (["BLOCK" + WHOLE], "no"), (["CAUTION" + WHOLE], "no"), (["ISOLATE" + WHOLE], "no"), (["ALLOW" + WHOLE], "yes"),
    (["ALLOW" + WHOLE, "DENY_AI_ML_UPLOAD"], "unchecked"), (["DENY_AI_ML_UPLOAD"], "unchecked"), (["ALLOW_AI_ML_UPLOAD"], "unchecked"), ([], "unchecked"),
    (["SHRUG" + WHOLE], "unchecked"), (["ALLOW" + WHOLE, "DENY" + WHOLE], "no")])
def test_what_cloud_app_control_does(actions, word):
    assert row(app=[deny("CHATGPT_AI", actions=actions)]).allowed == word


# -- URL filtering


OTHERS = ["HTTP_RULE", "FTP_RULE", "FOHTTP_RULE", "HTTP_PROXY", "WEBSOCKET_RULE", "DOHTTPS_RULE", "TCP_RULE", "UDP_RULE", "SMRULEF_ZPA_BROKERS_RULE"]
WEB = ["HTTPS_RULE", "SSL_RULE", "TUNNELSSL_RULE", "WEBSOCKETSSL_RULE"]


@pytest.mark.parametrize("protocols,word", [
    *(([one], "yes") for one in OTHERS), (OTHERS, "yes"), (["ANY_RULE"], "no"), (["HTTPS_RULE"], "no"), (["HTTPS_RULE", "FTP_RULE"], "no"),
    (["SSL_RULE"], "unchecked"),
    (["FTP_RULE", "SSL_RULE"], "unchecked"), (["OF_NEXT_YEAR"], "unchecked"), ([], "no")])
def test_by_which_protocols_a_rule_blocks(protocols, word):
    assert row(url=[block(protocols=protocols)]).allowed == word


@pytest.mark.parametrize("missing", [None, *WEB])
def test_who_lets_pass_has_to_let_all_protocols_pass(missing):
    opens = dict(block("opens", protocols=[one for one in WEB if one != missing]), action="ALLOW")
    assert row(url=[opens, block()]).allowed == ("no" if missing else "yes")


@pytest.mark.parametrize("content,word", [
    ({"dbCategorizedUrls": [".chatgpt.com"]}, "no"), ({"urls": [".chatgpt.com"]}, "no"), ({"urls": ["chatgpt.com"]}, "unchecked"),
    ({"urls": [".chatgpt.com/x"]}, "unchecked"),
    ({"urls": [".chatgpt.com:443/"]}, "no"), ({"urls": [".chatgpt.com:8443"]}, "yes"), ({"urls": ["claude.ai"]}, "yes"),
    ({"urls": ["claude.ai/x", "ab.chatgpt.com"]}, "unchecked"),
    ({"urls": ["claude.ai"], "keywords": ["x"]}, "unchecked"), ({"urls": [".chatgpt.com"], "keywords": ["x"]}, "no"), ({"urls": []}, "yes"),
    # Ours, and retired.
    ({"urls": [], "description": MARK}, "yes"), ({"urls": [], "description": MARK, "keywords": ["x"]}, "yes"),
    ({"customCategory": False, "urls": ["claude.ai"]}, "unchecked"), ({"customCategory": False, "urls": [".chatgpt.com"]}, "no"),
    ({"customCategory": False, "dbCategorizedUrls": [".chatgpt.com"]}, "no"), (None, "unchecked")])
def test_what_a_category_holds(content, word):
    one = None if content is None else {"id": "CUSTOM_09", "configuredName": "Words", "customCategory": True, **content}
    assert row(url=[block("x", "CUSTOM_09")], categories=[] if one is None else [one]).allowed == word
    assert row(url=[block("x", urlCategories2=["CUSTOM_09"])], categories=[] if one is None else [one]).allowed == word


@pytest.mark.parametrize("name", [
    "ADULT_THEMES", "ALCOHOL_TOBACCO", "BOTNET", "COPYRIGHT_INFRINGEMENT", "CULT", "FINE_DINING", "DRUGS", "GAMBLING", "GAMES_X", "HEALTH",
    "JOB_SEARCH",
    "LINGERIE_BIKINI", "MALWARE_SITE", "MARIJUANA", "MILITANCY", "NUDITY", "P2P_COMMUNICATION", "PHISHING", "POLITICS", "PORNOGRAPHY", "PROFANITY",
    "REAL_ESTATE",
    "RELIGION", "SEXUALITY", "SPORTS", "SPYWARE_OR_ADWARE", "TASTELESS", "TRAVEL", "VEHICLES", "VIOLENCE", "WEAPONS"])
def test_a_built_in_category_that_holds_none_of_the_hosts(name):
    one = {"id": name, "customCategory": False}
    assert row(url=[block("x", name)], categories=[one]).allowed == "yes"
    # What it has beside the tenant's own entries, only its name tells.
    assert row(url=[block("x", name)], categories=[dict(one, keywords=["x"])]).allowed == "unchecked"


def test_a_category_holds_what_a_plan_puts_into_it():
    def later(state):
        state.objects[Ref("URL category", "Words")].members["urls"] = frozenset([".chatgpt.com"])
    for change, word in ((lambda state: None, "yes"), (later, "no")):
        assert row(url=[block("x", "WORDS")], categories=[category("claude.ai")], later=change).allowed == word


def test_two_lists_of_categories_have_to_match_both():
    lists = [category(".chatgpt.com", name="One"), category("claude.ai", name="Two"), category("ab.chatgpt.com", name="Part")]
    for second, word in (("ONE", "no"), ("TWO", "yes"), ("PART", "unchecked"), ("ANY", "no")):
        assert row(url=[block("x", "ONE", urlCategories2=[second] if second != "ANY" else [])], categories=lists).allowed == word
    assert row(url=[block("x", "TWO", "ONE")], categories=lists).allowed == "no" and row(url=[block("x", "ANY")]).allowed == "no"


# -- SSL inspection


@pytest.mark.parametrize("columns,word", [
    ({}, "no"), ({"urlCategories": ["CUSTOM_02"]}, "no"), ({"urlCategories": ["TWO"]}, "unchecked"), ({"cloudApplications": ["CHATGPT_AI"]}, "unchecked"),
    ({"cloudApplications": ["CLAUDE_AI"]}, "unchecked"), ({"cloudApplications": ["CLAUDE_AI", "OF_NEXT_YEAR"]}, "unchecked"),
    ({"cloudApplications": ["CLAUDE_AI"], "urlCategories": ["CUSTOM_02"]}, "unchecked")])
def test_what_a_rule_that_decrypts_is_about(columns, word):
    """Without another one nothing is known of what it is not about."""
    found = judged(ssl=[ssl("x", "DECRYPT", **columns)], categories=(ALLOW, EXEMPT, category("claude.ai", name="Two")))
    assert found.coverage[0].exempt == word
    assert bool(found.conflicts) is (columns not in ({"urlCategories": ["TWO"]}, {"cloudApplications": ["CLAUDE_AI"]}))


# -- Cloud Firewall


GROUPS = [{"id": 7, "name": "chats", "addresses": ["chatgpt.com", "*.chatgpt.com"]}, {"id": 8, "name": "others", "addresses": ["claude.ai"]},
          {"id": 9, "name": "far", "countries": ["COUNTRY_US"]}, {"id": 10, "name": "both", "ipAddresses": ["chatgpt.com", "*.chatgpt.com"], "addresses": []}]
NAMES = ["chatgpt.com", "*.chatgpt.com"]


@pytest.mark.parametrize("columns,word", [
    ({}, "no"), ({"destAddresses": NAMES}, "no"), ({"destAddresses": [".chatgpt.com", "chatgpt.com"]}, "no"),
    ({"destAddresses": ["chatgpt.com"]}, "unchecked"),
    ({"destAddresses": [".chatgpt.com"]}, "unchecked"),
    ({"destAddresses": ["claude.ai"]}, "yes"), ({"destAddresses": ["104.18.0.0/16"]}, "unchecked"), ({"destAddresses": ["10.0.0.0/8"]}, "yes"),
    ({"destAddresses": ["104.18.0.0/16", "192.168.0.0/16"]}, "unchecked"), ({"destAddresses": ["no address!"]}, "unchecked"),
    ({"destAddresses": ["10.0.0.1-10.0.0.9"]}, "yes"),
    ({"destAddresses": [*NAMES, "104.18.0.0/16"]}, "no"), ({"destIpGroups": [7]}, "no"), ({"destIpGroups": [8]}, "yes"), ({"destIpGroups": [8, 7]}, "no"),
    ({"destIpGroups": [9]}, "unchecked"), ({"destIpGroups": [10]}, "no"), ({"destIpGroups": [4711]}, "unchecked"),
    ({"destIpCategories": ["AI_ML_APPS"]}, "unchecked"),
    ({"destIpCategories": ["HEALTH"]}, "yes"), ({"destIpCategories": ["ANY"]}, "no"), ({"destCountries": ["COUNTRY_US"]}, "unchecked"),
    ({"destIpv6Groups": [{"id": 1}]}, "unchecked"), ({"destAddresses": ["claude.ai"], "destCountries": ["COUNTRY_US"]}, "unchecked"),
    # Whether both have to hold, or one, is not published.
    ({"destAddresses": NAMES, "destIpCategories": ["HEALTH"]}, "unchecked"), ({"destAddresses": NAMES, "destIpGroups": [7]}, "no"),
    ({"destAddresses": NAMES, "destIpGroups": [8]}, "unchecked")])
def test_where_a_firewall_rule_drops(columns, word):
    if "destIpGroups" in columns:
        columns = dict(columns, destIpGroups=[{"id": number} for number in columns["destIpGroups"]])
    one = dict(drop(), **columns)
    assert row(firewall=[one], tables={"ipDestinationGroups": GROUPS}).allowed == word


@pytest.mark.parametrize("services,columns,word", [
    ([{"destTcpPorts": [{"start": 443}]}], {}, "no"), ([{"destTcpPorts": [{"start": 400, "end": 500}]}], {}, "no"),
    ([{"destTcpPorts": [{"start": 80}]}], {}, "yes"),
    ([{"destTcpPorts": [{"start": 444, "end": 500}]}], {}, "yes"), ([{"destTcpPorts": [{"start": 400, "end": 442}]}], {}, "yes"),
    ([{"destUdpPorts": [{"start": 443}]}], {}, "yes"),
    ([{}], {}, "unchecked"), ([{"srcTcpPorts": [{"start": 1}], "destTcpPorts": [{"start": 443}]}], {}, "unchecked"), ([None], {}, "unchecked"),
    ([{"destTcpPorts": [{"start": 80}]}, {"destTcpPorts": [{"start": 443}]}], {}, "no"),
    ([{"destTcpPorts": [{"start": 80}]}], {"nwServiceGroups": [{"id": 1}]}, "unchecked"),
    ([{"destTcpPorts": [{"start": 80}]}], {"appServices": [{"id": 1}]}, "unchecked"), ([], {"nwServiceGroups": [{"id": 1}]}, "unchecked")])
def test_which_services_a_firewall_rule_drops(services, columns, word):
    rows = [{"id": number, "name": "one %d" % number, **one} for number, one in enumerate(services) if one is not None]
    named = {"nwServices": [{"id": number} for number in range(len(services))]} if services else {}
    assert row(firewall=[drop(**named, **columns)], tables={"networkServices": rows}).allowed == word


# -- DNS control


@pytest.mark.parametrize("columns,word", [
    ({}, "unchecked"), ({"destAddresses": ["claude.ai"]}, "yes"), ({"destAddresses": ["8.8.8.8"]}, "unchecked"),
    ({"destAddresses": ["10.0.0.53"]}, "unchecked"),
    ({"destAddresses": ["claude.ai", "10.0.0.53"]}, "unchecked"), ({"resCategories": ["HEALTH"]}, "yes"), ({"destIpCategories": ["HEALTH"]}, "yes"),
    ({"destAddresses": ["claude.ai"], "applicationGroups": [{"id": 7}]}, "unchecked"), ({"destAddresses": ["claude.ai"], "applications": ["X"]}, "unchecked"),
    ({"state": "DISABLED"}, "yes"), ({"defaultRule": True, "order": -1}, "unchecked"), ({"defaultRule": True, "order": -3}, "yes"),
    ({"order": -3}, "unchecked")])
def test_which_names_dns_control_blocks(columns, word):
    assert row(dns=[dict(drop(action="BLOCK"), **columns)]).allowed == word


# -- people and places


def who(**columns):
    return {column: [{"id": name, "name": name} for name in names] for column, names in columns.items()}


@pytest.mark.parametrize("audience,columns,word", [
    ({}, {}, "no"), ({"groups": ["A"]}, {}, "no"), ({}, {"groups": ["A"]}, "unchecked"), ({"groups": ["A"]}, {"groups": ["A", "B"]}, "no"),
    ({"groups": ["A", "B"]}, {"groups": ["A"]}, "unchecked"), ({"groups": ["A"]}, {"groups": ["B"]}, "unchecked"),
    ({"groups": ["A"]}, {"users": ["A"]}, "unchecked"),
    ({"groups": ["A"], "users": ["u"]}, {"groups": ["A"]}, "unchecked"), ({"groups": ["A"]}, {"groups": ["A"], "users": ["u"]}, "unchecked"),
    ({"groups": ["A"], "users": ["u"]}, {"groups": ["A"], "users": ["u"]}, "no"), ({"groups": ["A"]}, {"groups": ["A"], "locations": ["L"]}, "unchecked"),
    ({"groups": ["A"], "locations": ["L"]}, {"groups": ["A"], "locations": ["L"]}, "no"), ({"locations": ["L"]}, {"locations": ["M"]}, "yes"),
    ({"locations": ["L"]}, {}, "no"), ({}, {"locations": ["M"]}, "unchecked"), ({"locations": ["L"]}, {"locations": ["L", "M"]}, "no"),
    ({"locations": ["L", "N"]}, {"locations": ["L"]}, "unchecked"), ({"locations": ["L"]}, {"locations": ["M"], "locationGroups": ["G"]}, "unchecked"),
    ({"locations": ["L"], "location_groups": ["G"]}, {"locations": ["M"]}, "unchecked"), ({"location_groups": ["G"]}, {"locationGroups": ["G"]}, "no")])
def test_whom_a_rule_is_about(audience, columns, word):
    # That the tenant knows these names is looked up elsewhere.
    named = {"name": "names", "state": "DISABLED",
             **who(**{{"location_groups": "locationGroups"}.get(column, column): names for column, names in audience.items()})}
    found = row(url=[block(**who(**columns)), dict(block(), **named)],
                options={"audience": tuple((column, tuple(names)) for column, names in audience.items())})
    assert found.allowed == word


@pytest.mark.parametrize("columns,word,why", [
    ({"order": 0}, "unchecked", "it has no position in the order"), ({"order": -1, "defaultRule": True}, "no", ""),
    ({"predefined": True}, "unchecked", "its criteria are not listed"),
    ({"predefined": True, "urlCategories": ["CUSTOM_02"]}, "no", ""), ({"predefined": True, "defaultRule": True, "order": -1}, "no", ""),
    ({"state": "DISABLED"}, "yes", None),
    (PART, "unchecked", "it applies to groups: Staff"), (OURS, "no", ""),
    ({"urlCategories": ["AI_ML_APPS"]}, "unchecked", "it is unknown which hosts URL category AI_ML_APPS contains"),
    ({"urlCategories": ["ANY"], "urlCategories2": None, "order": 0}, "unchecked", "it has no position in the order")])
def test_what_keeps_a_rule_from_being_sure(columns, word, why):
    found = judged(url=[dict(block(), **columns)])
    assert found.coverage[0].allowed == word and [one.text.partition("; ")[2] for one in found.conflicts] == ([] if why is None else [why])


def test_our_rules_are_no_rules_of_the_site():
    """Whatever somebody made of them; and what inserts headers is told of those that let pass alone."""
    adds = {"httpHeaderActionProfiles": [{"id": 5}]}
    for one, told in ((dict(block("x", **adds), action="ALLOW"), 1), (dict(block("x", **adds), action="ALLOW", description=MARK), 0), (block("x", **adds), 0),
                      (dict(block("x"), action="ALLOW"), 0),
                      (dict(block("x", "TWO", **adds), action="ALLOW"), 0)):
        found = judged(url=[one], options={"before": ("x",)}, categories=(ALLOW, EXEMPT, category("claude.ai", name="Two")))
        assert len(found.warnings) == told
    part = block("Below", description=MARK, **PART)
    assert judged(url=[block("All"), part]).audience_widened == []
