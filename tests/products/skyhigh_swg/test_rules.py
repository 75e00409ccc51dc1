# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the export of a rule set is read, element by element: what is not understood is said, and nothing else is."""
from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg import rules as reader
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.rules import READ, Criterion, Rule, flat, readable, rule_set
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import ALLOW, DENY, MAY, NO, PASS_ON, SURE, UNKNOWN
from tests.products.skyhigh_swg.twin import condition, criterion, rule, rule_group

HOST = criterion("url.host", "equals", "chatgpt.com")
ENGINE, PROCEDURE = '<enableEngineActionContainer engineId="com.scur.engine.%s" configurationId="7"/>', (
    '<executeActionContainer><procedureValue procedureId="com.scur.procedure.%s"/></executeActionContainer>')


def read(text):
    return rule_set(ET.fromstring(text), "", itertools.count(1))


def one(text, **changes):
    """The Rule of a rule set with one rule."""
    found, = read(rule_group("Set", [text], **changes)).rules
    return found


def compared(text):
    return reader.criterion(ET.fromstring(text))


def tokens(text):
    """Of a condition, with ``0``, ``1``, ... for its criteria."""
    count, found = itertools.count(), one(rule("x", "block.1").replace(condition(), text)).condition
    return " ".join(str(next(count)) if isinstance(token, Criterion) else token for token in found)


# -- conditions


def joined(*words):
    """A condition of criteria with prefixes; brackets around them: ``(and``, ``or)``."""
    return condition(*(criterion("url.host", "equals", "x%d" % number, prefix=word.strip("()"), opening=word.count("("), closing=word.count(")"))
                       for number, word in enumerate(words)))


@pytest.mark.parametrize("words,expected", [
    ([""], "0"), (["", "AND"], "0 and 1"), (["", "OR"], "0 or 1"), (["", "and not"], "0 and not 1"), (["NOT", ""], "not 0 and 1"), (["AND", "OR"], "0 or 1"),
    (["AND NOT", ""], "not 0 and 1"), (["", "not"], "0 and not 1"), (["(", "OR)", "AND"], "( 0 or 1 ) and 2")])
def test_how_criteria_are_joined(words, expected):
    text = joined(*words)
    assert tokens(text) == expected
    if "(" not in str(words):
        assert tokens(text.replace(' openingBracketCount="0"', "").replace(' closingBracketCount="0"', "")) == expected


COLUMN = "column %s is not understood"


@pytest.mark.parametrize("text,doubt", [
    (condition(HOST, criterion("url.host", "equals", "b", prefix="XOR")), ""),
    (condition(HOST).replace('openingBracketCount="0"', 'openingBracketCount="x"'), ""),
    (condition(HOST).replace('closingBracketCount="0"', 'closingBracketCount="-1"'), ""),
    (condition(HOST).replace('always="false"', 'always="true"'), COLUMN % "condition"),
    (condition().replace('always="true"', 'always="false"'), COLUMN % "condition"),
    (condition(HOST).replace(' always="false"', ' odd="x" always="false"'), COLUMN % "condition@odd"), (condition(HOST) * 2, COLUMN % "condition"),
    (condition(HOST).replace("</expressions>", "</expressions><more>x</more>"), COLUMN % "condition/more"),
    (condition(HOST).replace("</expressions>", "<setExpression/></expressions>"), COLUMN % "condition")])
def test_a_condition_that_is_not_understood_holds_perhaps(text, doubt):
    found = one(rule("x", "block.1").replace(condition(), text.replace("chatgpt.com", "a")))
    part, = found.criteria
    assert not part.prop and not part.whole and part.doubt.startswith(doubt or "column conditionExpression@prefix or its brackets")
    assert found.doubts == (part.doubt,) and found.condition == [part] and found.effect == DENY


def test_a_condition_that_always_holds_or_is_not_there_is_none():
    for text in (condition(), ""):
        found = one(rule("x", "block.1").replace(condition(), text))
        assert found.condition == [] and found.cap == SURE and found.columns.unread() == ()
    found = one(rule("x", "block.1", HOST))
    assert found.cap == SURE and found.columns.unread() == () and found.lists == frozenset()
    assert one(rule("x", "block.1", criterion("url.host", "isinlist", listed="7")),
               when=condition(criterion("url.host", "isinlist", listed="8"))).lists == {"7", "8"}
    odd = condition(criterion("url.host", "isinlist", listed="7")).replace('always="false"', 'always="true"')
    assert one(rule("x", "block.1").replace(condition(), odd + odd.replace('"7"', '"9"'))).lists == {"7", "9"}


# -- criteria


GIVEN = '<parameters><entry><parameter valueTyp="3"><value><listValue id="7"/></value></parameter></entry></parameters>'


@pytest.mark.parametrize("text,expected", [
    (HOST, ("url.host", "equals", False, "chatgpt.com", "", "", (), "", True)),
    (criterion("url.host", "doesnotmatch", "x"), ("url.host", "matches", True, "x", "", "", (), "", True)),
    (criterion("url.host", "isinlist", listed="7"), ("url.host", "isinlist", False, None, "7", "", ("7",), "", True)),
    (criterion("authentication.isauthenticated", "equals", "false"), ("authentication.isauthenticated", "equals", False, "false", "", "", (), "", True)),
    (criterion("url.host.belongstodomains", "equals", "true", listed="7"), ("url.host.belongstodomains", "equals", False, "true", "", "7", ("7",), "", True)),
    (criterion("url.hostbelongstodomains", "equals", "true", listed="7"), ("url.host.belongstodomains", "equals", False, "true", "", "7", ("7",), "", True)),
    (HOST.replace("com.scur.engine.system.", "COM.SCUR.engine.other."), ("url.host", "equals", False, "chatgpt.com", "", "", (), "", True)),
    (HOST.replace("com.scur.engine.system.", "com.other."), ("com.other.url.host", "equals", False, "chatgpt.com", "", "", (),
                                                             "property com.other.url.host is not understood", True)),
    (HOST.replace(' propertyId="com.scur.engine.system.url.host"', ""),
     ("", "equals", False, "chatgpt.com", "", "", (), "property (none) is not understood", True)),
    (criterion("client.ip", "equals", "x"), ("client.ip", "equals", False, "x", "", "", (),
                                             "property com.scur.engine.system.client.ip, which tells of people, is not understood", True)),
    (criterion("client.ipx", "equals", "x"),
     ("client.ipx", "equals", False, "x", "", "", (), "property com.scur.engine.system.client.ipx is not understood", True)),
    (criterion("url.host", "isinlist", listed="7").replace(' id="7"', ""), ("url.host", "isinlist", False, None, "", "", ("",), "", True)),
    (criterion("tunnel.x", "equals", "x"), ("tunnel.x", "equals", False, "x", "", "", (),
                                            "property com.scur.engine.system.tunnel.x, which tells of the protocol, is not understood", True)),
    (criterion("mood", "equals", "x"), ("mood", "equals", False, "x", "", "", (), "property com.scur.engine.system.mood is not understood", True)),
    (criterion("url.host", "resembles", "x"), ("url.host", "", False, "x", "", "", (), "operator resembles is not understood", False)),
    (criterion("url.host", "lessthan", "x"), ("url.host", "", False, "x", "", "", (), "operator lessthan is not understood", False)),
    (HOST.replace(' operatorId="com.scur.operator.equals"', ""),
     ("url.host", "", False, "chatgpt.com", "", "", (), "operator (none) is not understood", False)),
    (HOST.replace("com.scur.operator.equals", "com.other.equals"),
     ("url.host", "", False, "chatgpt.com", "", "", (), "operator com.other.equals is not understood", False)),
    (HOST.replace("com.scur.operator.equals", "com.other.operator.equals"), ("url.host", "", False, "chatgpt.com", "", "", (),
                                                                             "operator com.other.operator.equals is not understood", False)),
    (HOST.replace("</propertyInstance>", GIVEN + "</propertyInstance>"), ("url.host", "equals", False, "chatgpt.com", "", "", ("7",),
                                                                          COLUMN % "propertyInstance/parameters/entry/parameter/value/listValue@id", False)),
    (HOST.replace("<conditionExpression ", '<conditionExpression odd="x" '),
     ("url.host", "equals", False, "chatgpt.com", "", "", (), COLUMN % "conditionExpression@odd", False)),
    (HOST.replace("</value>", '<listValue id="7"/></value>'),
     ("url.host", "equals", False, "chatgpt.com", "7", "", ("7",), COLUMN % "parameter/value", False)),
    (HOST.replace("<propertyInstance ", '<propertyInstance configurationId="3" '), ("url.host", "equals", False, "chatgpt.com", "", "", (),
                                                                                    COLUMN % "propertyInstance@configurationId", False)),
    (criterion("mood", "resembles", "x"),
     ("mood", "", False, "x", "", "", (), "property com.scur.engine.system.mood is not understood, operator resembles is not understood", False))])
def test_how_a_criterion_is_read(text, expected):
    found = compared(text)
    assert (found.prop, found.operator, found.negated, found.literal, found.listed, found.given, found.lists, found.doubt, found.whole) == expected


@pytest.mark.parametrize("name,said", [
    ("authentication.authenticate", True), ("antimalware.infected", True), ("body.size", False), ("dlp.classification.x", False),
    ("mediatype.fromheader", False), ("url.categories", None), ("authentication.usergroups", None)])
def test_whose_settings_change_nothing(name, said):
    """``said``: whether the property itself is understood."""
    found = compared(criterion(name, "equals", "x").replace("<propertyInstance ", '<propertyInstance configurationId="3" '))
    assert ("configurationId" in found.doubt) is (said is None) and found.whole is (said is not None) and (not found.doubt) is bool(said)


def test_which_properties_are_read():
    assert set(READ) == {
        "url.host", "url.host.belongstodomains", "url", "url.port", "command.name", "authentication.isauthenticated", "authentication.authenticate",
        "authentication.usergroups", "antimalware.infected", "ssl.server.certificate.selfsigned"}


# -- rules


def test_what_a_rule_says():
    found = read(rule_group("Set", [rule("A", "block.7", HOST, header="X-Company"), rule("B", "stopcycle", enabled=False),
                                    rule("C", "continue", engine="com.scur.engine.ssl")]))
    assert [(one.label, one.position, one.enabled, one.action, one.effect, one.decrypts, one.unknown) for one in found.rules] == [
        ("rule A of rule set Set", 1, True, "block", DENY, NO, ()), ("rule B of rule set Set", 2, False, "stopcycle", ALLOW, NO, ()),
        ("rule C of rule set Set", 3, True, "continue", PASS_ON, SURE, ())]
    assert [one.name for one in found.walk()] == ["A", "C"] and "X-Company" in found.rules[0].words and len(found.rules[0].criteria) == 1
    assert Rule("", "Set", 1).label == "rule set Set"
    assert {"y", "z"} <= set(one(rule("x", "block.1").replace("</rule>", '<x><stringValue/><odd one="y">z</odd></x></rule>')).words.split())


@pytest.mark.parametrize("state,enabled,sure", [("true", True, True), ("false", False, True), ("scheduled", True, False), ("", True, False)])
def test_a_state_that_is_not_known_is_not_sure(state, enabled, sure):
    found = one(rule("x", "stopcycle").replace('enabled="true"', 'enabled="%s"' % state))
    assert (found.enabled, found.cap) == (enabled, SURE if sure else MAY)
    made = read(rule_group("Set", [rule("x", "stopcycle")]).replace('enabled="true"', 'enabled="%s"' % state, 1))
    assert (made.enabled, made.rules[0].cap) == (enabled, SURE if sure else MAY)


@pytest.mark.parametrize("value,taking,sure", [("true", True, True), ("false", False, True), ("sometimes", True, False)])
def test_a_cycle_that_a_rule_set_takes_part_in_perhaps(value, taking, sure):
    made = read(rule_group("Set", [rule("x", "stopcycle")]).replace('cycleRequest="true"', 'cycleRequest="%s"' % value))
    assert (made.request, made.rules[0].cap) == (taking, SURE if sure else MAY)


@pytest.mark.parametrize("action,effect,unknown", [
    ("block.1", DENY, ()), ("stopruleset", PASS_ON, ()), ("redirect.4", DENY, ()), ("tarpit.1", UNKNOWN, ("action tarpit is not known",)),
    ("", UNKNOWN, ("action (none) is not known",))])
def test_what_an_action_does(action, effect, unknown):
    text = rule("x", action).replace('<actionContainer actionId="com.scur.mainaction."/>', "")
    assert (one(text).effect, one(text).unknown) == (effect, unknown)
    nameless = one(text.replace(' actionId="com.scur.mainaction.%s"' % action, ""))
    assert (nameless.effect, nameless.unknown) == (UNKNOWN, ("action (none) is not known",))
    # An event that is not known may do anything, but open what is shut.
    odd = one(text.replace("<immediateActionContainers>", '<immediateActionContainers><eventOfNextYear/>'))
    assert odd.effect == (DENY if effect == DENY else UNKNOWN) and odd.unknown == (*unknown, "event eventOfNextYear is not known") and odd.decrypts == MAY


@pytest.mark.parametrize("event,engines,strange", [
    ("", (), ()), (ENGINE % "antimalware", ("com.scur.engine.antimalware",), ()), (ENGINE % "SSL.x", ("com.scur.engine.SSL.x",), ()),
    (ENGINE % "nexthopproxy", ("com.scur.engine.nexthopproxy",), ("event com.scur.engine.nexthopproxy",)), (PROCEDURE % "header.add", (), ()),
    (PROCEDURE % "ssl.x", (), ("event com.scur.procedure.ssl.x",)), ('<setActionContainer propertyId="4711"/>', (), ()),
    ('<setActionContainer propertyId="url.host"/>', (), ("event url.host",)), ('<otherContainer propertyId="4711"/>', (), ("event 4711",)),
    ("<next/>", (), ("event next",)),
    ('<next other="x"/>', (), ("event next",)), ('<executeActionContainer other="com.scur.procedure.header.add"/>', (), ("event executeActionContainer",))])
def test_what_else_a_rule_does(event, engines, strange):
    found = one(rule("x", "continue").replace("<immediateActionContainers>", "<immediateActionContainers>" + event))
    assert (found.engines, found.strange) == (engines, strange)


def test_what_of_a_rule_or_around_it_is_not_understood():
    assert one(rule("x", "block.1").replace("<rule ", '<rule odd="x" ')).columns.unread() == ("rule@odd",)
    found = one(rule("x", "block.1").replace("<rule ", '<rule odd="x" '))
    assert found.cap == MAY and found.doubts == ()
    odd = condition(criterion("mood", "equals", "x"))
    inner = rule_group("Inner", [rule("x", "block.1", HOST)])
    top = read(rule_group("Outer", [], [inner], when=odd).replace("<ruleGroup ", '<ruleGroup odd="x" ', 1))
    found, = top.children[0].walk()
    assert found.columns.unread() == ("ruleGroup@odd",) and found.cap == MAY and found.doubts == ("property com.scur.engine.system.mood is not understood",)


def test_what_a_rule_set_says():
    inner = rule_group("Inner", [rule("B", "block.1")], cycles="embedded")
    top = read(rule_group("Outer", [rule("A", "block.1")], [inner, rule_group("Off", [rule("C", "block.1")], enabled=False)], cycles="request response"))
    assert [one.name for one in top.walk()] == ["A", "B"] and top.request and not top.children[0].request
    assert (top.cycles, top.children[0].cycles) == ({"request", "response"}, {"embedded object"}) and not top.children[1].enabled and top.enabled
    plain = rule_group("Set", [], when="<condition/>").replace(' name="Set"', "").replace(' cycleRequest="true"', "").replace(' enabled="true"', "")
    found = rule_set(ET.fromstring(plain), "Its title", itertools.count(1))
    assert found.title == "Its title" and found.request and found.enabled
    odd = read(rule_group("Set", ['<ruleReference id="7"/>', rule("A", "block.1")], ['<ruleGroupReference id="7"/>', inner]))
    assert [(one.label, one.effect, one.position) for one in odd.walk()] == [
        ("rule ruleReference of rule set Set", UNKNOWN, 1), ("rule A of rule set Set", DENY, 2), ("rule ruleGroupReference of rule set Set", UNKNOWN, 3),
        ("rule B of rule set Inner", DENY, 4)]
    assert all(one.columns.unread() == () for one in odd.walk())


# -- elements


def test_what_stands_below_an_element_twice_is_told():
    text = '<a x="1">t<b y="2"/><b y="3"/><c><d z="4"/></c><e> </e></a>'
    assert flat(ET.fromstring(text), "a", leave=("c",)) == {"a@x": "1", "a": "t", "a/b@y": "2", "a/b@y more than once": "3", "a/c": True}


@pytest.mark.parametrize("text,expected", [
    ('<list id="1" name="x"><description>d</description><content><listEntry/></content></list>', True), ('<list id="1" feature="f"/>', False),
    ('<list id="1" structuralList="false"/>', True), ('<list id="1" structuralList="true"/>', False), ("<list><setup/></list>", False),
    ("<list><odd>x</odd></list>", False)])
def test_whether_a_list_is_all_that_is_in_it(text, expected):
    assert readable(ET.fromstring(text)) is expected
