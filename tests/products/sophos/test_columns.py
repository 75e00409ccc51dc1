# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every column of what a Sophos Firewall is judged by: none that limits a rule is taken for one that is not there."""
from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.sophos import columns as declared
from tests.contract.rig import FIRST
from tests.products.sophos.decision import COLUMNS, OFF
from tests.products.sophos.rig import SophosRig
from tests.products.sophos.twin import app_policy, firewall_rule, group, limit, put, tls_rule, web_policy, web_rule

NEXT_YEAR = {"name": "ColumnOfNextYear", "any": ["Disable"], "example": "Enable"}
SCHEMAS = {"FirewallRule": "FIREWALL_RULE", "SSLTLSInspectionRule": "TLS_RULE", "WebFilterPolicy": "WEB_POLICY", "WebFilterPolicy rule": "WEB_RULE",
           "WebFilterException": "WEB_EXCEPTION", "ApplicationFilterPolicy": "APPLICATION_POLICY", "ApplicationFilterPolicy rule": "APPLICATION_RULE",
           "UserActivity": "USER_ACTIVITY", "WebFilterCategory": "WEB_CATEGORY", "FQDNHost": "FQDN_HOST",
           "URLGroup": "URL_GROUP", "Services": "SERVICE"}


@pytest.fixture
def site(tmp_path):
    """Makes a rig with its twin at hand."""
    rigs = []

    def build(**options):
        rig = SophosRig(tmp_path, **options)
        rigs.append(rig.twin.at_hand())
        rigs[-1].__enter__()
        return rig
    yield build
    for one in rigs:
        one.__exit__(None, None, None)


def limits(kind: str, *without: str) -> list:
    """The columns of a kind that limit it, but for some, and one that no release has."""
    return [one for one in COLUMNS[kind].values() if one["role"] == "match" and one["name"] not in without] + [NEXT_YEAR]


def each(kind: str, *without: str):
    return pytest.mark.parametrize("column", limits(kind, *without), ids=lambda one: one["name"])


def each_open(kind: str, *without: str):
    """Values that limit nothing."""
    pairs = [(one["name"], value) for one in limits(kind, *without) for value in [*one["any"], ""]]
    return pytest.mark.parametrize("column,value", pairs, ids=str)


def words(result: dict, key: str = "allowed") -> set:
    return {row[key] for row in result["coverage"]} - {"not wanted"}


def judged(result: dict) -> list:
    return [[(row["pattern"], row["allowed"], row["exempt"]) for row in result["coverage"]],
            [(one["id"], one["certain"], one["hosts"], bool(one["remedy"])) for one in result["conflicts"]]]


def uncertain(result: dict, where: str, *says: str) -> None:
    """There is a conflict, and it is not certain, has no remedy and names the column."""
    conflict, = [one for one in result["conflicts"] if where in one["where"]]
    assert not conflict["certain"] and conflict["remedy"] == [], conflict
    assert all(text in conflict["text"] for text in says), conflict


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_column_is_declared_with_its_role(kind):
    schema, found = getattr(declared, SCHEMAS[kind]), COLUMNS[kind]
    assert {name for name, one in found.items() if one["role"] == "match"} == set(schema.limits)
    assert {name for name, one in found.items() if one["role"] != "match"} == set(schema.others)
    assert set(schema.unset) == (set() if kind == "ApplicationFilterPolicy rule" else set(OFF))
    for name, words_of_none in schema.limits.items():
        assert {*words_of_none, *schema.unset} == {*found[name]["any"], *schema.unset}, name
    assert all(schema.restricts(name, one["example"]) for name, one in found.items() if one["role"] == "match")


# -- firewall rules ---------------------------------------------------------------------------------------------------

#: Of a rule with one of these columns it is known that it is not about the traffic of the audience, from LAN to WAN.
EXCLUDES = ("IPFamily", "PolicyType", "SourceZones/Zone", "DestinationZones/Zone")
#: They say whose traffic a rule takes; the audience of a web policy is whoever that is.
OF_THE_AUDIENCE = ("SourceZones/Zone", "SourceNetworks/Network", "MatchIdentity")


def dropping(rig, column: str | None = None, *texts: str) -> dict:
    rule = firewall_rule("Nothing out", "Drop")
    if column:
        limit(rule, column, *texts)
    rig.twin.tables["FirewallRule"].insert(0, rule)
    return rig.run(check=True)


def test_a_drop_of_everything_is_certain_and_opens_when_it_is_disabled(site):
    rig = site()
    result = dropping(rig)
    assert words(result) == {"no"} and [(one["where"], one["certain"]) for one in result["conflicts"]] == [("firewall rule Nothing out", True)]
    assert words(rig.run(unblock=(result["conflicts"][0]["id"],))) == {"yes"} and rig.decide("member", "chatgpt.com")[0] == "allow"


@each("FirewallRule", *EXCLUDES)
def test_a_drop_that_a_column_limits_is_not_certain(site, column):
    result = dropping(site(), column["name"], column["example"])
    assert words(result) == {"unchecked"}
    uncertain(result, "Nothing out", column["name"])
    assert any(column["name"] in row["note"] for row in result["coverage"])


@pytest.mark.parametrize("column,texts", [("IPFamily", ["IPv5"]), ("PolicyType", ["Other"]), ("Status", ["Paused"]), ("Action", ["Quarantine"]),
                                          ("Action", ["Drop", "Accept"])], ids=str)
def test_a_word_that_nobody_knows_is_not_certain(site, column, texts):
    result = dropping(site(), column, *texts)
    assert words(result) == {"unchecked"}
    uncertain(result, "Nothing out")


@pytest.mark.parametrize("column,text", [("SourceZones/Zone", "DMZ"), ("DestinationZones/Zone", "VPN"), ("PolicyType", "HTTPBased"), ("Status", "Disable"),
                                         ("Services/Service", "DNS")])
def test_a_drop_of_other_traffic_is_in_nobodys_way(site, column, text):
    rig = site()
    plain = judged(rig.run(check=True))
    assert judged(dropping(rig, column, text)) == plain and words(rig.run()) == {"yes"} and rig.decide("member", "chatgpt.com") == ("allow", "tunnel")


@pytest.mark.parametrize("column,texts,word", [("SourceZones/Zone", ["LAN", "DMZ"], "no"), ("Services/Service", ["DNS", "HTTPS"], "no"),
                                               ("Services/Service", ["Web"], "no"), ("Services/Service", ["Web", "None like it"], "no"),
                                               ("Services/Service", ["Loop"], "unchecked"), ("Services/Service", ["Odd"], "unchecked")], ids=str)
def test_zones_and_services_are_followed_to_the_end(site, column, texts, word):
    rig = site()
    rig.twin.tables["ServiceGroup"] += [ET.fromstring("<ServiceGroup><Name>%s</Name><ServiceList><Service>%s</Service></ServiceList></ServiceGroup>" % pair)
                                        for pair in (("Web", "HTTPS"), ("Loop", "Loop"))]
    rig.twin.tables["Services"].append(ET.fromstring("<Services><Name>Odd</Name><Type>IP</Type></Services>"))
    assert words(dropping(rig, column, *texts)) == {word}


def test_a_drop_for_other_zones_is_not_certain_where_the_audience_has_none(site):
    rig = site()
    for rule in rig.twin.tables["FirewallRule"]:
        rule.find("NetworkPolicy").remove(rule.find("NetworkPolicy/SourceZones"))
    result = dropping(rig, "SourceZones/Zone", "DMZ")
    assert words(result) == {"unchecked"}
    uncertain(result, "Nothing out", "SourceZones/Zone")


def test_what_limits_nothing_changes_nothing_of_a_drop(site):
    rig = site()
    plain = judged(dropping(rig))
    for column in limits("FirewallRule"):
        for value in [*column["any"], ""]:
            rig.twin.tables["FirewallRule"].pop(0)
            assert judged(dropping(rig, column["name"], value)) == plain, (column, value)


# Without an accepting rule for IPv4 the audience has IPv6 alone.
@each("FirewallRule", "IPFamily", *OF_THE_AUDIENCE, *(name for name in COLUMNS["FirewallRule"] if name.startswith("HTTPBasedPolicy/")))
def test_an_accepting_rule_that_a_column_limits_gives_no_yes(site, column):
    rig = site()
    for rule in rig.twin.tables["FirewallRule"]:
        limit(rule, column["name"], column["example"])
    assert "yes" not in words(rig.run())


@pytest.mark.parametrize("column,text", [("WebFilterInternetScheme", "Enable"), ("ApplicationControlInternetScheme", "Enable"),
                                         ("ApplicationControl", "Not there"), ("Status", "Paused")])
def test_what_an_accepting_rule_does_besides_may_block(site, column, text):
    rig = site()
    for rule in rig.twin.tables["FirewallRule"]:
        limit(rule, column, text)
    assert "yes" not in words(rig.run())


@pytest.mark.parametrize("policy,word", [("Guests", "unchecked"), ("Built in", "unchecked"), ("None", "yes")])
def test_another_accepting_rule_above_takes_the_traffic(site, policy, word):
    rig = site()
    rig.twin.tables["FirewallRule"].insert(0, firewall_rule("Before", WebFilter=policy))
    result = rig.run()
    assert words(result) == {word}
    if word != "yes":
        uncertain(result, "Before", "web policy %s" % policy)
        assert "other policies apply" in [one for one in result["conflicts"] if "Before" in one["where"]][0]["opens"]


def test_another_policy_opens_only_what_is_understood_of_it(site):
    rig = site()
    rig.twin.tables["FirewallRule"].insert(0, firewall_rule("Before", WebFilter="Open"))
    rig.twin.tables["WebFilterPolicy"].append(web_policy("Open"))
    assert words(rig.run(check=True)) == {"yes"}
    limit(rig.twin.node("WebFilterPolicy", "Open"), "ColumnOfNextYear", "Enable")
    assert words(rig.run(check=True)) == {"unchecked"}


def test_a_family_of_addresses_that_another_policy_decides_gives_no_yes(site):
    rig = site()
    put(rig.twin.node("FirewallRule", "LAN to WAN v6").find("NetworkPolicy"), "WebFilter", "Guests")
    assert words(rig.run()) == {"unchecked"}


@pytest.mark.parametrize("column,text", [("Status", "Disable"), ("Action", "Drop")])
def test_a_named_firewall_rule_that_takes_nothing_gives_no_yes(site, column, text):
    rig = site()
    limit(rig.twin.node("FirewallRule", "LAN to WAN"), column, text)
    assert "yes" not in words(rig.run(adapter=rig.adapter(web_policies=(), firewall_rules=("LAN to WAN",)), check=True))


def test_a_sign_in_page_may_meet_everybody(site):
    rig = site()
    for rule in rig.twin.tables["FirewallRule"]:
        limit(rule, "ShowCaptivePortal", "Enable")
    assert words(rig.run(check=True)) == {"yes"} and words(rig.run(adapter=rig.adapter(users=(), everyone=True), check=True)) == {"unchecked"}


# -- rules of web policies --------------------------------------------------------------------------------------------


def allowing(rig, **changes) -> dict:
    """A group that the site allows, in place of a rule of ours: {what a run says, the site's rule}."""
    rig.twin.tables["WebFilterURLGroup"].append(group("Allowed by us"))
    rule = ET.fromstring(web_rule("Allow", [("URLGroup", "Allowed by us")]))
    for column, texts in changes.items():
        limit(rule, column, *texts)
    rig.rules().insert(0, rule)
    return rig.run(adapter=rig.adapter(category_name="Allowed by us"))


@each("WebFilterPolicy rule", "CategoryList/Category/ID", "CategoryList/Category/type")
def test_a_deny_that_a_column_limits_stays_above_ours(site, column):
    rig = site()
    rule = ET.fromstring(web_rule("Deny", [("URLGroup", "AI sites")]))
    limit(rule, column["name"], column["example"])
    rig.rules().insert(0, rule)
    result = rig.run()
    assert rig.rules()[0].find("CategoryList/Category/ID").text == "AI sites" and words(result) <= {"unchecked", "yes"}
    assert {row["pattern"]: row["allowed"] for row in result["coverage"]}[".chatgpt.com"] == "unchecked"
    uncertain(result, "Deny AI sites", column["name"])


@each("WebFilterPolicy rule", "CategoryList/Category/ID", "CategoryList/Category/type")
def test_an_allow_that_a_column_limits_gives_no_yes(site, column):
    rows = allowing(site(), **{column["name"]: [column["example"]]})["coverage"]
    assert [row["allowed"] for row in rows[:2]] == ["no", "no"]


@each_open("WebFilterPolicy rule", "CategoryList/Category/ID", "CategoryList/Category/type")
def test_what_limits_nothing_changes_nothing_of_an_allow(site, column, value):
    assert words(allowing(site(), **{column: [value]})) == {"yes"}


@pytest.mark.parametrize("column,text", [("HTTPSAction", "Sing"), ("PolicyRuleEnabled", "2"), ("FollowHTTPAction", "7")])
def test_an_unknown_action_may_block(site, column, text):
    rig = site()
    rule = ET.fromstring(web_rule("Deny", [("URLGroup", "AI sites")]))
    limit(rule, column, text)
    if column == "HTTPSAction":
        limit(rule, "FollowHTTPAction", "0")
    rig.rules().insert(0, rule)
    result = rig.run(check=True)
    assert result["coverage"][0]["allowed"] == "unchecked"
    uncertain(result, "AI sites")


@pytest.mark.parametrize("kind", ["FileType", "DynamicCategory", "SomethingNew"])
def test_kinds_that_say_nothing_of_hosts_may_be_about_any(site, kind):
    rig = site()
    rig.rules().insert(0, ET.fromstring(web_rule("Deny", [(kind, "Audio Files")], ["Staff"])))
    result = rig.run(check=True)
    assert words(result) == {"unchecked"}
    uncertain(result, "Audio Files", "CategoryList/Category")


def test_a_rule_about_types_of_files_is_not_passed(site):
    rig = site()
    rig.rules().insert(0, ET.fromstring(web_rule("Deny", [("FileType", "Audio Files")])))
    result = rig.run()
    assert rig.rules()[0].find("CategoryList/Category/type").text == "FileType" and words(result) == {"unchecked"}


@pytest.mark.parametrize("column,text,word", [("DownloadFileSizeRestriction", "100", "unchecked"), ("ColumnOfNextYear", "Enable", "unchecked"),
                                              ("DefaultAction", "Ask", "unchecked"), ("QuotaLimit", "90", "yes"), ("ColumnOfNextYear", "0", "yes")])
def test_columns_of_a_web_policy(site, column, text, word):
    rig = site()
    limit(rig.twin.node("WebFilterPolicy", "Company"), column, text)
    if column == "DefaultAction":
        rows = allowing(rig, **{"UserList/User": ["Interns"]})["coverage"]
        assert {row["allowed"] for row in rows} <= {"no", word}
    else:
        assert words(rig.run(check=True)) == {word}


# -- objects that rules name ------------------------------------------------------------------------------------------


def denied(rig, kind: str, name: str) -> list:
    """The hosts that are in conflict when a part of the audience is denied this."""
    rig.rules().insert(0, ET.fromstring(web_rule("Deny", [(kind, name)], ["Staff"])))
    return [host for one in rig.run(check=True)["conflicts"] for host in one["hosts"]]


def node(entity: str, name: str, *columns: tuple):
    made = ET.fromstring("<%s><Name>%s</Name></%s>" % (entity, name, entity))
    for column, text in columns:
        limit(made, column, text)
    return made


@each("WebFilterCategory", "DomainList/Domain")
def test_a_category_with_more_than_domains_may_hold_any_host(site, column):
    rig = site()
    known = ("DomainList/Domain", "elsewhere.test")
    rig.twin.tables["WebFilterCategory"] += [node("WebFilterCategory", "Plain", known),
                                             node("WebFilterCategory", "More", known, (column["name"], column["example"]))]
    assert denied(rig, "WebCategory", "Plain") == [] and len(denied(rig, "WebCategory", "More")) == 3


@pytest.mark.parametrize("kind,name", [("URLGroup", "Gone"), ("WebCategory", "Gone"), ("UserActivity", "Gone"), ("UserActivity", "Instant Messenger"),
                                       ("UserActivity", "Loop"), ("UserActivity", "More"), ("URLGroup", "More")])
def test_what_is_not_there_or_not_understood_may_hold_any_host(site, kind, name):
    rig = site()
    inner = (("CategoryList/Category/ID", "Feed"), ("CategoryList/Category/type", "URLGroup"))
    rig.twin.tables["WebFilterURLGroup"] += [group("Feed", ["elsewhere.test"]), node("WebFilterURLGroup", "More", ("ColumnOfNextYear", "Enable"))]
    rig.twin.tables["UserActivity"] += [node("UserActivity", "Loop", ("CategoryList/Category/ID", "Loop"), ("CategoryList/Category/type", "User Activity")),
                                        node("UserActivity", "More", *inner, ("ColumnOfNextYear", "Enable")), node("UserActivity", "Plain", *inner)]
    assert denied(rig, "UserActivity", "Plain") == [] and len(denied(rig, kind, name)) == 3


@pytest.mark.parametrize("entry,hosts", [("com", 3), ("*.com", 3), ("org", 0), ("192.0.2.1", 0), ("chatgpt.com/g", 3), ("elsewhere.test", 0),
                                         ("*.chatgpt.com", 1)])
def test_entries_that_are_no_names(site, entry, hosts):
    rig = site()
    rig.twin.tables["WebFilterURLGroup"].append(group("Feed", [entry]))
    assert len(denied(rig, "URLGroup", "Feed")) == hosts


@pytest.mark.parametrize("name,guessed", [("Phishing &amp; Fraud", True), ("Malware feed", False)])
def test_a_built_in_category_is_guessed_by_its_name_and_that_is_said(site, name, guessed):
    rig = site()
    feed = node("WebFilterCategory", "Malware feed", ("ConfigureCategory", "External"), ("URLList/URL", "http://feed.test/list"))
    rig.twin.tables["WebFilterCategory"].append(feed)
    assert bool(denied(rig, "WebCategory", name.replace("&amp;", "&"))) is not guessed
    assert rig.run(check=True)["diagnosis"]["taken_for_unrelated"] == ["Phishing & Fraud"]


@pytest.mark.parametrize("host,certain,hosts", [
    ((("FQDN", "*.openai.com"),), True, 1), ((("FQDN", "*.openai.com"), ("ColumnOfNextYear", "Enable")), False, 3), ((), False, 3),
    ((("FQDN", "*.com"),), False, 3), ((("FQDN", "elsewhere.test"),), None, 0)], ids=str)
def test_hosts_that_a_drop_names(site, host, certain, hosts):
    rig = site()
    rig.twin.tables["FQDNHost"].append(node("FQDNHost", "Elsewhere", *host))
    conflicts = dropping(rig, "DestinationNetworks/Network", "Elsewhere")["conflicts"]
    assert [(one["certain"], len(one["hosts"])) for one in conflicts] == ([] if certain is None else [(certain, hosts)])


# -- application control ----------------------------------------------------------------------------------------------


def controlled(rig, rules, default: str) -> dict:
    rig.twin.tables["ApplicationFilterPolicy"].append(app_policy("Control", rules, default))
    for rule in rig.twin.tables["FirewallRule"]:
        limit(rule, "ApplicationControl", "Control")
    return rig.run(check=True)


@each("ApplicationFilterPolicy rule")
def test_application_control_is_named_and_gives_no_yes_when_it_may_deny(site, column):
    result = controlled(site(), [("Deny", {column["name"]: column["example"]})], "Allow")
    assert words(result) == {"unchecked"} and "application control Control" in result["coverage"][0]["note"]
    conflicts = [one for one in result["conflicts"] if "LAN to WAN" in one["where"]]
    assert len(conflicts) == 2 and not any(one["certain"] or one["remedy"] for one in conflicts) and column["name"] in conflicts[0]["text"]


@each("ApplicationFilterPolicy rule")
def test_an_allow_of_some_applications_gives_no_yes(site, column):
    assert words(controlled(site(), [("Allow", {column["name"]: column["example"]})], "Deny")) == {"unchecked"}


@pytest.mark.parametrize("rules,default,word", [
    ((), "Allow", "yes"), ((), "Deny", "unchecked"), ((), "Ask", "unchecked"), ([("Deny", {})], "Allow", "unchecked"), ([("Sing", {})], "Allow", "unchecked"),
    ([("Allow", {}), ("Deny", {})], "Deny", "yes"), ([("Allow", {"CategoryList/Category": "SelectALL"})], "Deny", "yes")], ids=str)
def test_what_application_control_says(site, rules, default, word):
    assert words(controlled(site(), rules, default)) == {word}


def test_a_column_of_an_application_filter_policy_that_nobody_knows(site):
    rig = site()
    assert words(controlled(rig, (), "Allow")) == {"yes"}
    limit(rig.twin.node("ApplicationFilterPolicy", "Control"), "ColumnOfNextYear", "Enable")
    assert words(rig.run(check=True)) == {"unchecked"}


# -- TLS inspection ---------------------------------------------------------------------------------------------------


def inspected(rig, action: str, column: str | None = None, *texts: str, at: int = 1) -> dict:
    rule = tls_rule("Looked at", action)
    if column:
        limit(rule, column, *texts)
    rig.twin.tables["SSLTLSInspectionRule"].insert(at, rule)
    return rig.run(check=True)


@pytest.mark.parametrize("action,held,exempt", [
    ("Do not decrypt", True, ("yes", "URL group Local TLS exclusion list")), ("Decrypt", True, ("no", None)), ("Do not decrypt", False, ("no", None))])
def test_only_what_our_list_holds_and_nothing_decrypts_is_exempt(site, action, held, exempt):
    """A rule of the site that leaves everything alone is no exemption of ours."""
    rig = site()
    if held:
        rig.run()
    rig.twin.tables["SSLTLSInspectionRule"].insert(0, tls_rule("First", action))
    adapter = rig.adapter()
    row = adapter.assess(FIRST, adapter.read()).coverage[0]
    assert (row.exempt, row.exempt_by) == exempt


@each("SSLTLSInspectionRule", "SourceZones/Zone", "DestinationZones/Zone", "Websites/Activity/Name")
def test_a_rule_that_decrypts_and_that_a_column_limits_is_not_certain(site, column):
    result = inspected(site(exempt="people"), "Decrypt", column["name"], column["example"])
    assert words(result, "exempt") <= {"unchecked", "no"}
    uncertain(result, "Looked at", column["name"].replace("/Type", ""))


@each("SSLTLSInspectionRule", "Websites/Activity/Name", "Websites/Activity/Type")
def test_a_rule_that_leaves_alone_other_people_zones_or_networks_exempts_nobody(site, column):
    rig = site(exempt="people")
    limit(rig.twin.node("SSLTLSInspectionRule", "AI undecrypted"), column["name"], column["example"])
    result = rig.run(accept_wider_audience=True)
    assert words(result, "exempt") == {"no"} and result["conflicts"] == [], "what decrypts stands where it should"
    if column["name"] in ("Identity/Members", "SourceZones/Zone", "DestinationZones/Zone"):
        assert rig.decide("member", "chatgpt.com") == ("allow", "decrypt")


@each_open("SSLTLSInspectionRule", "Websites/Activity/Name", "Websites/Activity/Type", "Identity/Members")
def test_what_limits_nothing_changes_nothing_of_a_rule_that_leaves_alone(site, column, value):
    rig = site(exempt="people")
    limit(rig.twin.node("SSLTLSInspectionRule", "AI undecrypted"), column, value)
    assert words(rig.run(), "exempt") == {"yes"} and rig.decide("member", "chatgpt.com") == ("allow", "tunnel")


def test_any_among_others_is_everybody_and_is_said(site):
    rig = site(exempt="people")
    limit(rig.twin.node("SSLTLSInspectionRule", "AI undecrypted"), "Identity/Members", "Any", "AI users")
    result = rig.run(accept_wider_audience=True)
    assert words(result, "exempt") == {"yes"} and "AI undecrypted" in result["audience_widened"][0]


@pytest.mark.parametrize("column,text", [("DecryptAction", "Sing"), ("Enable", "Maybe")])
def test_a_rule_of_inspection_that_nobody_understands(site, column, text):
    rig = site(exempt="people")
    result = inspected(rig, "Decrypt", column, text)
    assert words(result, "exempt") == {"unchecked"}
    uncertain(result, "Looked at")
    rig.twin.tables["SSLTLSInspectionRule"].pop(1)
    limit(rig.twin.node("SSLTLSInspectionRule", "AI undecrypted"), column, text)
    assert "yes" not in words(rig.run(), "exempt")


def test_a_rule_of_inspection_that_denies_blocks(site):
    rig = site()
    result = inspected(rig, "Deny")
    assert [row["allowed"] for row in result["coverage"]] == ["yes", "yes", "no"], "the list of the device stands above it"
    assert [(one["where"], one["effect"], one["certain"]) for one in result["conflicts"]] == [("TLS inspection rule Looked at", "deny", True)]
    rig.twin.tables["SSLTLSInspectionRule"].insert(0, rig.twin.tables["SSLTLSInspectionRule"].pop(1))
    assert words(rig.run()) == {"no"} and rig.decide("member", "chatgpt.com")[0] == "block"


def test_a_decryption_profile_may_refuse(site):
    result = inspected(site(), "Decrypt", "DecryptionProfile", "Strict compliance")
    assert [row["allowed"] for row in result["coverage"]] == ["yes", "yes", "unchecked"]
    uncertain(result, "Looked at", "DecryptionProfile: Strict compliance")


@pytest.mark.parametrize("tag", ["SSLTLSEngine", "SSLTLSInspection"])
def test_inspection_that_is_off_for_the_whole_device(site, tag):
    rig = site(exempt="people")
    inspected(rig, "Deny")
    put(rig.twin.tables["SSLTLSInspectionSettings"][0], tag, "Disabled")
    result = rig.run()
    assert result["conflicts"] == [] and result["losses"] == [] and result["diagnosis"]["tls_inspection"] == "off"
    assert words(result) == {"yes"} and words(result, "exempt") == {"unchecked"} and rig.decide("member", "chatgpt.com") == ("allow", "tunnel")
    assert "TLS inspection is disabled for the whole device" in result["coverage"][0]["note"]


def test_the_devices_rule_for_applications_is_not_the_one_for_its_list(site):
    rig = site(shows_default_lists=False)
    rules = rig.twin.tables["SSLTLSInspectionRule"]
    rules.insert(1, tls_rule("Exclusions by application", "Do not decrypt", default="Yes"))
    assert words(rig.run(check=True), "exempt") == {"yes"}
    rules[0].find("Enable").text = "No"
    result = rig.run(check=True)
    assert words(result, "exempt") == {"no"} and any("cannot create such a rule" in line for line in result["manual"])


def test_the_devices_own_rule_that_shows_other_lists_alone_exempts_nothing(site):
    rig = site()
    shown = rig.twin.tables["SSLTLSInspectionRule"][0].find("Websites")
    shown.remove(shown[0])
    assert words(rig.run(check=True), "exempt") == {"no"}


# -- web exceptions ---------------------------------------------------------------------------------------------------


def exception(name: str, check: str, regex: str | None, **more: str):
    made = node("WebFilterException", name, ("Enabled", "on"), (check, "on"), ("CertValidation", "off"))
    for column, text in dict({"EnableURLRegex": "yes", "DomainList/URLRegex": regex} if regex else {"EnableURLRegex": "no"}, **more).items():
        limit(made, column, text)
    return made


@pytest.mark.parametrize("regex,word", [(r"^([A-Za-z0-9.-]*\.)?chatgpt\.com/", "unchecked"), (r"chat", "unchecked"), (None, "unchecked"),
                                        (r"^([A-Za-z0-9.-]*\.)?windowsupdate\.com\.?/", "no")])
def test_an_exception_of_the_site_gives_no_yes_and_makes_a_block_uncertain(site, regex, word):
    rig = site()
    rig.rules().insert(0, ET.fromstring(web_rule("Deny", [("URLGroup", "AI sites")])))
    rig.twin.tables["WebFilterException"].append(exception("Theirs", "PolicyCheck", regex, EnableDstIP="yes"))
    rig.twin.tables["WebFilterURLGroup"].append(group("Allowed by us"))
    result = rig.run(adapter=rig.adapter(category_name="Allowed by us"), check=True)
    assert result["coverage"][0]["allowed"] == word
    assert [bool(one["remedy"]) for one in result["conflicts"] if ".chatgpt.com" in one["hosts"]][0] is (word == "no")


@pytest.mark.parametrize("regex,word", [(r"^([A-Za-z0-9.-]*\.)?stripe\.com/", "unchecked"), (r"^[A-Za-z0-9.-]+\.stripe\.com/", "unchecked"),
                                        (r"^stripe\.com/", "no")])
def test_an_expression_in_the_vendors_form_is_read(site, regex, word):
    rig = site()
    rig.twin.tables["WebFilterURLGroup"] += [group("Feed", ["stripe.com"]), group("Allowed by us")]
    rig.rules().insert(0, ET.fromstring(web_rule("Deny", [("URLGroup", "Feed")])))
    rig.twin.tables["WebFilterException"].append(exception("Theirs", "PolicyCheck", regex))
    assert rig.run(adapter=rig.adapter(category_name="Allowed by us"), check=True)["coverage"][2]["allowed"] == word


def test_an_exception_of_the_site_may_keep_hosts_from_decryption(site):
    rig = site(exempt="people")
    rig.twin.tables["WebFilterException"].append(exception("Theirs", "HttpsDecrypt", r"^chatgpt\.com/"))
    result = inspected(rig, "Decrypt")
    assert [row["exempt"] for row in result["coverage"][:2]] == ["unchecked", "no"]
    uncertain(result, "Looked at", "web exception")


@each("WebFilterException", "EnableURLRegex", "EnableSrcIP", "DomainList/URLRegex", "DomainList/SrcIp", "EnableDstIP", "EnableWebCat")
def test_an_exception_of_ours_that_a_column_limits_gives_no_yes(site, column):
    rig = site(exempt="exception")
    assert words(rig.run(), "exempt") == {"yes"}
    limit(rig.twin.node("WebFilterException", "ChatGPT"), column["name"], column["example"])
    assert words(rig.run(), "exempt") == {"unchecked"}


def test_an_exception_of_ours_for_other_addresses_gives_no_yes(site):
    rig = site(exempt="exception")
    rig.run()
    result = rig.run(adapter=rig.adapter(exempt_sources=()), accept_wider_audience=True)
    assert words(result, "exempt") == {"unchecked"}


# -- losses -----------------------------------------------------------------------------------------------------------


def test_scans_of_decrypted_traffic_are_lost(site):
    rig = site()
    for column, text in (("IntrusionPrevention", "LAN TO WAN"), ("ZeroDayProtection", "Enable"), ("ApplicationControl", "Control")):
        limit(rig.twin.node("FirewallRule", "LAN to WAN"), column, text)
    assert {one["control"] for one in rig.run(check=True)["losses"]} == {"app_control", "av", "ips", "sandbox"}
