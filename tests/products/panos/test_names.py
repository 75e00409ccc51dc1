# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What names in PAN-OS rules stand for: entries of URL lists, groups in groups, lists that only the device knows, profiles, the rules that are asked last."""
from __future__ import annotations

import functools

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import parse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos import urls
from tests.contract.rig import MEMBER
from tests.products.panos.rig import PanosRig
from tests.products.panos.twin.policy import url_matches
from tests.products.panos.twin.site import rule

WANTED = {".chatgpt.com": ("chatgpt.com", "ab.chatgpt.com", "a.b.chatgpt.com"), "*.openai.com": ("api.openai.com", "a.b.openai.com"),
          "js.stripe.com": ("js.stripe.com",)}
WHERE = {"from": ["trust", "guest"], "to": "untrust"}
URL_LIST = "<type>URL List</type>"


@pytest.fixture
def make(open_rig):
    return functools.partial(open_rig, PanosRig, release=(11, 1, 4))


@pytest.fixture
def rig(make):
    return make()


def at_top(rig, body, base="security"):
    rig.by_hand("set", "/rulebase/%s/rules" % base, body)
    rig.by_hand("move", "/rulebase/%s/rules/entry[@name='%s']" % (base, body.split('"')[1]), where="top")


def names(result):
    return {one["where"].rpartition(" rule ")[2]: one for one in result["conflicts"]}


def words(result):
    return {row["pattern"]: row["allowed"] for row in result["coverage"]}


# -- entries of URL lists


@pytest.mark.parametrize("entry, sure, may", [
    ("js.stripe.com/", {"js.stripe.com"}, set()), ("JS.Stripe.com/", {"js.stripe.com"}, set()), ("*.openai.com/", {"*.openai.com"}, set()),
    ("*.chatgpt.com/", set(), {".chatgpt.com"}), ("ab.chatgpt.com/", set(), {".chatgpt.com"}), ("chatgpt.com/backend-anon", set(), {".chatgpt.com"}),
    ("chatgpt.com/*", set(), {".chatgpt.com"}), ("^.openai.com/", set(), {"*.openai.com"}), ("^.stripe.com/", {"js.stripe.com"}, set()),
    ("*.com/", set(WANTED), set()), ("^.com/", set(), {".chatgpt.com"}), ("*", set(WANTED), set()), ("*/", set(WANTED), set()),
    ("api.^.com/", set(), {"*.openai.com", ".chatgpt.com"}), ("js.*.com/", {"js.stripe.com"}, {"*.openai.com", ".chatgpt.com"}),
    ("^.^/", set(), {".chatgpt.com"}), ("*.net/", set(), set()), ("^.example.com/", set(), set()), ("evilopenai.com/", set(), set()),
    # Not understood: a scheme, a port, a wildcard inside a token.
    ("https://js.stripe.com/", set(), {"js.stripe.com"}), ("js.stripe.com:443/", set(), {"js.stripe.com"}), ("j*.stripe.com/", set(), {"js.stripe.com"}),
    # No form of an entry.
    (".com", set(), set(WANTED)), (".chatgpt.com/", set(), {".chatgpt.com"}), ("chatgpt.com./", set(), {".chatgpt.com"}),
    ("//js.stripe.com/", set(), {"js.stripe.com"}), ("http*://js.stripe.com/", set(), {"js.stripe.com"}), ("js.stripe.com#x", set(), {"js.stripe.com"}),
    (".example.com/", set(), set()), ("//claude.ai/", set(), set()),
    # An open end.
    ("js.stripe", set(), {"js.stripe.com"}), ("api.openai", set(), {"*.openai.com"}), ("facebook.com", set(), set()), ("192.0.2.1", set(), set()),
    ("*.openai.com/path", set(), {"*.openai.com"}), ("*.stripe.com/x", set(), {"js.stripe.com"})])
def test_an_entry_is_about_the_patterns_that_the_device_would_match(entry, sure, may):
    found = urls.hits([entry], list(map(parse, WANTED)))
    assert ({str(one) for one in found.sure}, {str(one) for one in found.may}) == (sure, may)
    for pattern, hosts in WANTED.items():
        matched = [url_matches(entry, host + "/", False) for host in hosts]
        assert all(matched) or pattern not in sure
        assert not any(matched) or pattern in sure | may


def test_entries_together_cover_what_none_of_them_does():
    for entries in (["chatgpt.com/", "*.chatgpt.com/"], ["^.com/", "*.chatgpt.com/"], ["^.^/", "*.^.com/"]):
        assert parse(".chatgpt.com") in urls.hits(entries, [parse(".chatgpt.com")]).sure


def test_of_patterns_inside_each_other_an_entry_is_about_both():
    wide, narrow = parse(".chatgpt.com"), parse("*.b.chatgpt.com")
    assert urls.hits(["a.b.chatgpt.com/"], [wide, narrow]).may == {wide, narrow}


# -- groups, filters, lists


OBJECTS = [
    ("/application-group/entry[@name='AI apps']", "<members><member>openai-chatgpt</member></members>"),
    ("/application-group/entry[@name='Blocked apps']", "<members><member>dns</member><member>AI apps</member></members>"),
    ("/application-group/entry[@name='Loop']", "<members><member>Loop</member></members>"),
    ("/application-group/entry[@name='Old protocols']", "<members><member>ftp</member><member>ssh</member></members>"),
    ("/application-filter/entry[@name='GenAI']", "<tagging><tag><member>Generative AI</member></tag></tagging>"),
    ("/address/entry[@name='portal']", "<fqdn>ab.chatgpt.com</fqdn>"), ("/address/entry[@name='news']", "<fqdn>news.example</fqdn>"),
    ("/address/entry[@name='server']", "<ip-netmask>10.1.2.3/32</ip-netmask>"),
    ("/address/entry[@name='odd']", "<ip-wildcard>10.0.0.0/0.255.0.0</ip-wildcard>"),
    ("/address-group/entry[@name='Inner']", "<static><member>portal</member></static>"),
    ("/address-group/entry[@name='Sites']", "<static><member>news</member><member>Inner</member></static>"),
    ("/address-group/entry[@name='Own']", "<static><member>server</member></static>"),
    ("/address-group/entry[@name='Tagged']", "<dynamic><filter>'ai'</filter></dynamic>"),
    ("/external-list/entry[@name='Feed']", "<type><url><url>https://feed.example/ai</url></url></type>"),
    ("/external-list/entry[@name='Addresses']", "<type><ip><url>https://feed.example/ip</url></ip></type>"),
    ("/profiles/custom-url-category/entry[@name='By match']", "<list><member>artificial-intelligence</member></list><type>Category Match</type>"),
    ("/profiles/custom-url-category/entry[@name='Both']",
     "<list><member>artificial-intelligence</member><member>gambling</member></list><type>Category Match</type>"),
    ("/profiles/custom-url-category/entry[@name='Caret']", "<list><member>^.openai.com/</member></list>" + URL_LIST),
    ("/profiles/custom-url-category/entry[@name='Wide']", "<list><member>*.com/</member></list>" + URL_LIST),
    ("/service/entry[@name='tls']", "<protocol><tcp><port>443</port></tcp></protocol>"),
    ("/service/entry[@name='narrow']", "<protocol><tcp><port>443</port><source-port>5000</source-port></tcp></protocol>"),
    ("/service-group/entry[@name='Web ports']", "<members><member>tls</member></members>"),
    ("/service-group/entry[@name='Narrow ports']", "<members><member>narrow</member></members>")]


@pytest.fixture
def furnished(rig):
    for path, element in OBJECTS:
        rig.by_hand("set", path, element)
    return rig


ALL = tuple(WANTED)


@pytest.mark.parametrize("columns, hosts, certain", [
    ({"application": "Blocked apps"}, ALL, False), ({"application": "GenAI"}, ALL, False), ({"application": "Loop"}, ALL, False),
    ({"application": "stripe-base"}, ALL, False), ({"application": ["ssl"]}, ALL, False), ({"application": "Old protocols"}, (), False),
    ({"application": ["dns", "facebook-base", "quic"]}, (), False),
    ({"destination": "Sites"}, (".chatgpt.com",), False), ({"destination": "Tagged"}, ALL, False), ({"destination": "Addresses"}, ALL, False),
    ({"destination": "US"}, ALL, False), ({"destination": "odd"}, ALL, False), ({"destination": "203.0.114.0/24"}, ALL, False),
    ({"destination": "Own"}, (), False), ({"destination": "news"}, (), False),
    ({"destination": ["0.0.0.0/1", "128.0.0.0/1", "::/0"]}, ALL, True),
    ({"category": "Feed"}, ALL, False), ({"category": "By match"}, ALL, False), ({"category": "Both"}, (), False),
    ({"category": "Caret"}, ("*.openai.com",), False), ({"category": "Wide"}, ALL, True),
    ({"service": "Web ports"}, ALL, True), ({"service": "Narrow ports"}, ALL, False), ({"service": "service-http"}, (), False)], ids=str)
def test_a_deny_is_found_through_all_that_its_names_stand_for(furnished, columns, hosts, certain):
    at_top(furnished, rule("Deny", "deny", **dict(dict(WHERE, application="any"), **columns)))
    result = furnished.run(check=True, adapter=furnished.adapter(never_above=("Deny",)))
    found = names(result).get("Deny")
    assert set(found["hosts"] if found else ()) == set(hosts)
    assert found is None or (found["certain"], bool(found["remedy"])) == (certain, certain)
    shut = {pattern for pattern, word in words(result).items() if word != "yes"}
    assert shut >= set(hosts)


@pytest.mark.parametrize("columns, host", [
    ({"application": "Blocked apps"}, "chatgpt.com"), ({"destination": "Sites"}, "ab.chatgpt.com"), ({"category": "By match"}, "chatgpt.com"),
    ({"category": "Caret"}, "api.openai.com"), ({"category": "Wide"}, "api.openai.com")], ids=str)
def test_the_device_blocks_by_these_and_ours_passes_them_where_it_may(furnished, columns, host):
    at_top(furnished, rule("Deny", "deny", **dict(dict(WHERE, application="any"), **columns)))
    kept = furnished.run(adapter=furnished.adapter(never_above=("Deny",)))
    assert furnished.decide(MEMBER, host)[0] == "block" and set(words(kept).values()) != {"yes"}
    furnished.run()
    assert furnished.decide(MEMBER, host) == ("allow", "tunnel")


def test_a_quarantine_is_not_passed_for_the_sake_of_a_deny_that_may_be_about_other_hosts(rig):
    at_top(rig, rule("Quarantine", "deny", application="any", **dict(WHERE, source="192.0.2.10")))
    at_top(rig, rule("Deny", "deny", application="any", category="artificial-intelligence", **WHERE))
    rig.run()
    order = [entry.get("name") for entry in rig.twin.candidate.find(".//security/rules")]
    assert order[:3] == ["Deny", "Quarantine", "Stop threats"] and order.index("chatgpt-allow") < order.index("Block AI")


def test_a_deny_by_a_predefined_category_is_passed(rig):
    at_top(rig, rule("Deny", "deny", application="any", category="artificial-intelligence", **WHERE))
    assert set(words(rig.run()).values()) == {"yes"} and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


@pytest.mark.parametrize("columns", [
    {"application": "GenAI"}, {"application": "Filtered apps"}, {"category": "Feed"}, {"category": "Nested"}, {"destination": "US"}, {"destination": "Tagged"},
    {"destination": "Addresses"}, {"destination": "203.0.114.0/24"}], ids=str)
def test_a_deny_of_which_only_the_device_knows_the_hosts_is_not_passed_unless_it_is_named(furnished, columns):
    furnished.by_hand("set", "/application-group/entry[@name='Filtered apps']", "<members><member>GenAI</member></members>")
    furnished.by_hand("set", "/profiles/custom-url-category/entry[@name='Nested']", "<list><member>Feed</member></list><type>Category Match</type>")
    at_top(furnished, rule("Deny", "deny", **dict(dict(WHERE, application="any"), **columns)))
    result = furnished.run(check=True)
    assert set(words(result).values()) == {"unchecked"}
    assert [(one["where"], one["certain"], one["remedy"]) for one in result["conflicts"] if one["effect"] == "deny"] == [("security rule Deny", False, [])]
    named = furnished.run(adapter=furnished.adapter(before=("Deny",)))
    assert set(words(named).values()) == {"yes"} and furnished.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_a_quarantine_that_the_task_names_is_passed_and_said(rig):
    at_top(rig, rule("Quarantine", "deny", application="any", **dict(WHERE, source="192.0.2.10")))
    with pytest.raises(Failed, match="Quarantine blocks a part of the audience"):
        rig.run(adapter=rig.adapter(before=("Quarantine",)))
    rig.run(adapter=rig.adapter(before=("Quarantine",)), accept_wider_audience=True)
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_what_only_the_device_knows_is_named(furnished):
    at_top(furnished, rule("Deny", "deny", application="GenAI", **WHERE))
    conflict = names(furnished.run(check=True, adapter=furnished.adapter(never_above=("Deny",))))["Deny"]
    assert "only the device knows what GenAI contains" in conflict["text"]


# -- profiles


@pytest.mark.parametrize("element, word", [
    ("<block><member>Feed</member></block>", "unchecked"), ("<block><member>By match</member></block>", "unchecked"),
    ("<local-inline-cat>yes</local-inline-cat>", "unchecked"), ("<cloud-inline-cat>no</cloud-inline-cat>", "yes"),
    ("<column-of-next-year>yes</column-of-next-year>", "unchecked"),
    ("<mlav-engine-urlbased-enabled><entry name='Phishing'><mlav-policy-action>block</mlav-policy-action></entry></mlav-engine-urlbased-enabled>", "unchecked"),
    ("<mlav-engine-urlbased-enabled><entry name='Phishing'><mlav-policy-action>alert</mlav-policy-action></entry></mlav-engine-urlbased-enabled>", "yes"),
    ("<credential-enforcement><block><member>artificial-intelligence</member></block><mode><ip-user/></mode></credential-enforcement>", "unchecked"),
    ("<credential-enforcement><block><member>artificial-intelligence</member></block><mode><disabled/></mode></credential-enforcement>", "yes"),
    ("<credential-enforcement><block><member>gambling</member></block><mode><ip-user/></mode></credential-enforcement>", "yes")])
def test_what_a_url_filtering_profile_may_block_is_a_doubt(make, element, word):
    rig = make(site="profile", new_columns=frozenset(("column-of-next-year",)))
    for path, inside in OBJECTS:
        rig.by_hand("set", path, inside)
    rig.by_hand("edit", "/profiles/custom-url-category/entry[@name='AI sites']/list", "<list><member>claude.ai/</member></list>")
    rig.by_hand("set", "/profiles/url-filtering/entry[@name='Corporate']", element)
    result = rig.run(check=True, adapter=rig.adapter(rules=("Web",), audience=()))
    assert set(words(result).values()) == {word}
    assert not any(one["certain"] for one in result["conflicts"])


@pytest.mark.parametrize("profiles", [
    "<profiles><url-filtering><member>default</member></url-filtering></profiles>", "<group><member>Standard</member></group>",
    "<profiles><ai-security><member>strict</member></ai-security></profiles>"])
def test_a_profile_group_or_profile_that_was_not_read_may_block_anything(rig, profiles):
    at_top(rig, rule("Open", "allow", "<profile-setting>%s</profile-setting>" % profiles, application="any", **WHERE))
    rig.twin.candidate.find(".//profile-group").clear()
    result = rig.run(check=True, adapter=rig.adapter(category_name="AI sites"))
    assert set(words(result).values()) == {"unchecked"} and not names(result)["Open"]["certain"]


# -- other rulebases


@pytest.mark.parametrize("path, element, word", [
    ("/rulebase/pbf/rules/entry[@name='hole']", "<action><discard/></action>", "unchecked"),
    ("/rulebase/pbf/rules/entry[@name='hole']", "<action><discard/></action><disabled>yes</disabled>", "yes"),
    ("/rulebase/pbf/rules/entry[@name='other line']", "<action><forward><egress-interface>ethernet1/2</egress-interface></forward></action>", "yes"),
    ("/rulebase/dos/rules/entry[@name='no']", "<action><deny/></action>", "unchecked"),
    ("/rulebase/dos/rules/entry[@name='no']", "<action><deny/></action><disabled>yes</disabled>", "yes"),
    ("/rulebase/dos/rules/entry[@name='floods']", "<action><protect/></action>", "yes"),
    ("/rulebase/application-override/rules/entry[@name='own']", "<protocol>tcp</protocol><port>443</port>", "unchecked"),
    ("/rulebase/application-override/rules/entry[@name='own']", "<protocol>tcp</protocol><port>8443</port>", "yes")])
def test_rulebases_that_are_not_judged_are_named(rig, path, element, word):
    rig.by_hand("set", path, element)
    result = rig.run(check=True)
    assert set(words(result).values()) == {word}
    assert word == "yes" or all("are not judged" in row["note"] for row in result["coverage"])


@pytest.mark.parametrize("action, word", [(None, "no"), ("deny", "no"), ("allow", "yes")])
def test_what_no_rule_decides_is_decided_by_the_rule_that_is_asked_last(rig, action, word):
    for name in ("Block AI", "Web"):
        rig.by_hand("delete", "/rulebase/security/rules/entry[@name='%s']" % name)
    if action:
        rig.by_hand("set", "/rulebase/default-security-rules/rules/entry[@name='interzone-default']", "<action>%s</action>" % action)
    result = rig.run(check=True, adapter=rig.adapter(category_name="AI sites"))
    assert set(words(result).values()) == {word} and result["conflicts"] == []
    assert rig.decide(MEMBER, "chatgpt.com")[0] == ("allow" if word == "yes" else "block")


@pytest.mark.parametrize("columns, level", [
    ({"rule-type": "interzone"}, "certain"), ({"rule-type": "intrazone"}, None), ({"source": "192.0.2.0/24"}, "certain"), ({"source": "Offices"}, "certain"),
    ({"source": "192.0.2.128/25"}, "doubt"), ({"source": "198.51.100.0/24"}, None), ({"source": "198.51.100.0/24", "negate-source": "yes"}, "certain"),
    ({"source": "192.0.2.0/24", "negate-source": "yes"}, None), ({"source": "elsewhere.example", "negate-source": "yes"}, "doubt"),
    ({"source": "Tagged"}, "doubt"), ({"from": ["trust", "untrust", "guest"]}, "certain")], ids=str)
def test_how_far_a_deny_is_about_the_people(rig, columns, level):
    for path, element in OBJECTS + [("/address/entry[@name='office']", "<ip-netmask>192.0.2.0/25</ip-netmask>"),
                                    ("/address/entry[@name='annexe']", "<ip-range>192.0.2.128-192.0.2.255</ip-range>"),
                                    ("/address-group/entry[@name='Offices']", "<static><member>office</member><member>annexe</member></static>"),
                                    ("/address/entry[@name='elsewhere.example']", "<fqdn>elsewhere.example</fqdn>")]:
        rig.by_hand("set", path, element)
    more = "".join("<%s>%s</%s>" % (tag, columns[tag], tag) for tag in ("rule-type", "negate-source") if tag in columns)
    lists = {tag: value for tag, value in columns.items() if tag in ("source", "from")}
    at_top(rig, rule("Deny", "deny", more, **dict(dict(WHERE, application="any"), **lists)))
    adapter = rig.adapter(never_above=("Deny",), audience=())
    settings = adapter._settings
    adapter._settings = type(settings)(audience=type(settings.audience)(from_zones=("trust",), to_zones=("untrust",), sources=("192.0.2.0/24",)),
                                       never_above=("Deny",))
    found = names(rig.run(check=True, adapter=adapter)).get("Deny")
    assert (None if found is None else "certain" if found["certain"] else "doubt") == level
