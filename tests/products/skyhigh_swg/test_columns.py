# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can stand in an export: what is not understood of a rule keeps it from being sure, whatever it is; what limits nothing does not."""
from __future__ import annotations

import functools

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg import columns as declared
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.rules import READ
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import UNKNOWN
from tests.contract.rig import MEMBER
from tests.products.skyhigh_swg.rig import ALLOW, EXEMPT, FACTS, PROPERTIES, SkyhighRig, columns, limited
from tests.products.skyhigh_swg.twin import condition, criterion, rule, rule_group

SCHEMAS = {"ruleGroup": declared.RULE_SET, "rule": declared.RULE, "list": declared.LIST}
GIVEN = "propertyInstance/parameters/"
HERE = criterion("url.host", "matches", "*chatgpt.com")


@pytest.fixture
def make(open_rig):
    return functools.partial(open_rig, SkyhighRig)


def found(rig, *groups, **options) -> tuple:
    """(coverage of .chatgpt.com, its note, {rule: conflict}) of a gateway with these rule sets on top of ours."""
    for group in groups:
        rig.twin.insert(group, above=EXEMPT if any(one.get("name") == EXEMPT for one in rig.twin.rules) else "HTTPS Scanning")
    result = rig.run(**options)
    row, = (row for row in result["coverage"] if row["pattern"] == ".chatgpt.com")
    return (row["allowed"], row["exempt"]), row["note"], {one["where"]: one for one in result["conflicts"] if ".chatgpt.com" in one["hosts"]}


def doubted(rig, named: dict, groups: list) -> None:
    """Each of the ``named`` {rule: what its text names} is in the way, perhaps; nothing is claimed, and nothing that only may be so is offered to go."""
    words, note, conflicts = found(rig, *groups)
    assert words == ("unchecked", "unchecked")
    for name, what in named.items():
        where, = (where for where in conflicts if where.startswith("rule %s of" % name))
        conflict = conflicts[where]
        assert not conflict["certain"] and not conflict["remedy"] and what in conflict["text"], conflict
        assert where in note, where


# -- what is declared


def test_every_column_is_declared_with_its_role():
    schemas = (*SCHEMAS.values(), declared.CRITERION)
    assert {facts["column"] for facts in FACTS["structure"]} == {column for schema in schemas for column in (*schema.limits, *schema.others)}
    for facts in FACTS["structure"]:
        schema = SCHEMAS.get(facts["column"].partition("@")[0].partition("/")[0], declared.CRITERION)
        limits = facts["column"] in schema.limits
        assert limits or facts["column"] in schema.others, facts
        # A profile or an action that is not read may shut traffic, so that it may be declared as a limit.
        assert limits if facts["role"] == "match" else not limits or facts["role"] in ("profile", "action"), facts
        assert set(schema.limits.get(facts["column"], ())) == set(facts.get("unrestricted", ())), facts
        assert "restricting" not in facts or schema.restricts(facts["column"], facts["restricting"]), facts


def test_every_property_operator_and_action_is_declared():
    names = {name for names in declared.PROPERTIES.values() for name in names}
    assert names == {name for names in FACTS["properties"].values() for name in names}
    for facts in FACTS["operators"]:
        plain, negated = declared.OPERATORS[facts["operator"].replace(" ", "")]
        assert bool(plain) == facts["compared"] and (not plain or negated == facts["negating"]), facts
    for facts in FACTS["actions"]:
        assert declared.ACTIONS.get(facts["action"].replace(" ", "").lower(), UNKNOWN) == facts["effect"], facts


# -- what is not understood


def narrowed(action: str) -> dict:
    """{name: a rule about chatgpt.com that is narrowed by a property nobody reads}"""
    read = {name.lower() for name in FACTS["read"]}
    return {prop: rule(prop, action, HERE, criterion(prop, "equals", "x", prefix="AND")) for prop in PROPERTIES if prop not in read}


def test_a_block_that_is_narrowed_by_any_property_is_doubt(make):
    rules = narrowed("block.11376")
    doubted(make(), {name: "" if name in READ else "not understood" for name in rules}, [rule_group("Odd", rules.values(), cycles="request")])


@pytest.mark.parametrize("action", ["stopcycle", "stopruleset"])
def test_nothing_is_claimed_of_what_lets_pass_under_any_property(make, action):
    rig = make(wired=False)
    words, _note, _conflicts = found(rig, rule_group("Odd", narrowed(action).values(), cycles="request"))
    assert words == (("unchecked", "unchecked") if action == "stopcycle" else ("no", "no"))


OPERATORS = [facts["operator"].replace(" ", "") for facts in FACTS["operators"] if not facts["compared"]] + ["resembles"]


def test_a_comparison_that_is_not_understood_is_doubt(make):
    """Also of operators that are, of a property that they do not belong to, and of the words behind other prefixes."""
    rules = {name: rule(name, "block.1", criterion("url.host", name, "chatgpt.com")) for name in OPERATORS + ["atleastoneinlist", "contains"]}
    rules["prefix"] = rule("prefix", "block.1", HERE.replace("com.scur.operator.matches", "com.other.matches"))
    rules["module"] = rule("module", "block.1", HERE.replace("com.scur.engine.system.url.host", "com.other.url.host"))
    doubted(make(), dict.fromkeys(rules, ""), [rule_group("Odd", rules.values(), cycles="request")])


def test_a_comparison_that_is_not_understood_is_doubt_even_with_the_whole_of_a_host(make):
    rig = make()
    rules = [rule(name, "block.1", criterion("url.host", name, "js.stripe.com")) for name in OPERATORS + ["atleastoneinlist", "contains"]]
    rig.twin.insert(rule_group("Odd", rules, cycles="request"), above=EXEMPT)
    result = rig.run()
    assert {row["pattern"]: row["allowed"] for row in result["coverage"]}["js.stripe.com"] == "unchecked"
    assert len(result["conflicts"]) == len(rules) and not any(conflict["certain"] for conflict in result["conflicts"])


@pytest.mark.parametrize("operator", ["noneinlist", "doesnotmatchinlist", "isnotinlist"])
def test_what_turns_a_comparison_round_is_not_overlooked(make, operator):
    rig = make()
    feed = rig.twin.add_list("Feed", "string" if operator == "isnotinlist" else "regex", ["elsewhere.example"])
    words, _note, _conflicts = found(rig, rule_group("Else", [rule("No", "block.1", criterion("url.host", operator, listed=feed))], cycles="request"))
    assert words == (("unchecked", "unchecked") if operator == "noneinlist" else ("no", "no"))


def test_a_column_that_limits_a_criterion_is_doubt(make):
    rig, odd = make(), columns("conditionExpression@", "propertyInstance@", "parameter@", "parameter/")
    rules = {column: rule(column, "block.1", limited(HERE, column, value)) for column, value in odd}
    # A list of the system is none that the conflict would be about.
    domains = criterion("url.host.belongstodomains", "equals", "true", listed=rig.twin.add_list("Names", "string", ["chatgpt.com"], system=True))
    rules.update({column: rule(column, "block.1", limited(domains, column, value)) for column, value in columns(GIVEN)})
    rules["new element"] = rule("new element", "block.1", limited(HERE, "columnOfNextYear/value", "x"))
    doubted(rig, dict.fromkeys(rules, ""), [rule_group("Odd", rules.values(), cycles="request")])


def test_a_column_that_limits_a_rule_or_its_condition_is_doubt(make):
    plain = rule("%s", "block.1", HERE)
    always = rule("%s", "block.1")
    rules = {name: limited(text % name, column, "x") for name, text, column in (
        ("attribute", plain, "rule@column_of_next_year"), ("element", plain, "rule/columnOfNextYear"), ("action", plain, "actionContainer@column_of_next_year"),
        ("condition", plain, "condition@column_of_next_year"), ("always", always, "condition@column_of_next_year"), ("beside", plain, "condition/others"),
        ("below", plain, "condition/expressions/setExpression"))}
    rules["empty"] = rule("empty", "block.1").replace('always="true"', 'always="false"')
    rules["both"] = rule("both", "block.1", HERE).replace('always="false"', 'always="true"')
    named = dict.fromkeys(rules, "not understood")
    doubted(make(), {**named, "attribute": "rule@column_of_next_year", "condition": "condition@column_of_next_year"},
            [rule_group("Odd", rules.values(), cycles="request")])


def test_a_column_that_limits_a_rule_set_is_doubt_of_all_that_is_in_it(make):
    groups, named = [], {}
    for column, value in [*columns("ruleGroup@"), ("ruleGroup/columnOfNextYear", "x")]:
        name = column.partition("ruleGroup")[2]
        named.update({"in " + name: column, "below " + name: column})
        groups.append(limited(rule_group(name, [rule("in " + name, "block.1", HERE)], [rule_group("Below", [rule("below " + name, "block.1", HERE)])],
                                         cycles="request"), column, value))
    doubted(make(), named, groups)


@pytest.mark.parametrize("column", [facts["column"] for facts in FACTS["structure"]
                                    if facts["column"].startswith("list") and facts["role"] == "match"] + ["list@column_of_next_year"])
def test_a_list_that_may_hold_more_than_was_read_is_doubt(make, column):
    """A list that the gateway fetches by itself; also where the entries that were read are about something else."""
    rig = make()
    for held in (["*chatgpt.com"], ["elsewhere.example"]):
        feed = rig.twin.add_list(held[0], "regex", held)
        if column == "list/setup":
            rig.twin.lists[feed].append(rig.twin.lists[feed].makeelement("setup", {"from": "afar"}))
        else:
            rig.twin.lists[feed].set(column.partition("@")[2], "true")
        rig.twin.insert(rule_group(held[0], [rule("No", "block.1", criterion("url.host", "matchesinlist", listed=feed))], cycles="request"), above=EXEMPT)
    words, note, conflicts = found(rig)
    assert words == ("unchecked", "unchecked") and not [one for one in conflicts.values() if one["certain"] or one["remedy"]]
    assert "list elsewhere.example cannot be read completely" in note and rig.decide(MEMBER, "chatgpt.com")[0] == "not known"


# -- what a rule does


@pytest.mark.parametrize("identity", ["tarpit", "remove", "blockpage", "stopcycles", "blocking.5"])
def test_an_action_that_is_not_known_may_do_anything(make, identity):
    doubted(make(), {"Odd one": "action %s is not known" % identity.partition(".")[0]},
            [rule_group("Odd", [rule("Odd one", identity, HERE)], cycles="request")])


def test_an_action_that_is_not_known_opens_nothing_and_makes_what_follows_doubt(make):
    rig = make()
    words, _note, conflicts = found(rig, rule_group("Odd", [rule("Odd one", "tarpit", HERE), rule("Later", "block.1", HERE)], cycles="request"))
    assert words == ("unchecked", "unchecked") and not conflicts["rule Later of rule set Odd"]["certain"]
    assert found(make(wired=False), rule_group("Odd", [rule("Odd one", "tarpit", HERE)], cycles="request"))[0][0] == "unchecked"


@pytest.mark.parametrize("rule_of", ["no action", "a list of rules elsewhere", "a rule set by reference"])
def test_what_is_no_rule_or_says_nothing_may_do_anything(make, rule_of):
    text = rule_group("Odd", [rule("Odd one", "block.1", HERE)], cycles="request")
    if rule_of == "no action":
        text = text.replace('<actionContainer actionId="com.scur.mainaction.block.1"/>', "")
    elif rule_of.startswith("a list"):
        text = rule_group("Odd", ['<ruleReference id="7"/>'], cycles="request")
    else:
        text = rule_group("Odd", [], ['<ruleGroupReference id="7"/>'], cycles="request")
    words, _note, conflicts = found(make(), text)
    conflict, = conflicts.values()
    assert words == ("unchecked", "unchecked") and not conflict["certain"] and "is not known" in conflict["text"]


def test_an_export_without_rules_may_hold_any(make):
    rig = make()
    rig.twin.insert(rule_group("Hidden", [rule("No", "block.1", HERE)]), above=EXEMPT)
    plain = rig.twin._export
    rig.twin._export = lambda group: plain(group) if group.get("name") != "Hidden" else rig.twin._xml("<libraryContent><libraryObject/></libraryContent>")
    words, note, _conflicts = found(rig)
    assert words == ("unchecked", "unchecked") and "rule set Hidden" in note


EVENTS = ['<enableEngineActionContainer engineId="com.scur.engine.nexthopproxy"/>',
          '<executeActionContainer><procedureValue procedureId="com.scur.procedure.http.generateresponse"/></executeActionContainer>',
          '<setActionContainer propertyId="com.scur.engine.system.url.host"/>', '<eventOfNextYear/>']


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("action", ["continue", "stopcycle"])
def test_an_event_that_is_not_known_may_do_anything(make, event, action):
    text = rule("Odd one", action, HERE).replace("<immediateActionContainers>", "<immediateActionContainers>" + event)
    doubted(make(), {"Odd one": "event "}, [rule_group("Odd", [text], cycles="request")])


def test_an_event_that_only_scans_or_remembers_does_nothing(make):
    events = ['<enableEngineActionContainer engineId="com.scur.engine.%s" configurationId="7"/>' % name
              for name in ("antimalware", "cache", "compositeopener", "dlp")]
    events += ['<setActionContainer propertyId="4711"><expressions/></setActionContainer>',
               '<executeActionContainer><procedureValue procedureId="com.scur.procedure.header.add"/></executeActionContainer>']
    text = rule("Looks", "continue", HERE).replace("<immediateActionContainers>", "<immediateActionContainers>" + "".join(events))
    assert found(make(), rule_group("Looks", [text], cycles="request"))[::2] == (("yes", "yes"), {})


@pytest.mark.parametrize("name", ["url.host.belongstodomains", "url.hostbelongstodomains"])
def test_both_names_of_a_property_are_read(make, name):
    rig = make()
    one = criterion(name, "equals", "true", listed=rig.twin.add_list("Feed", "string", ["chatgpt.com"]))
    assert found(rig, rule_group("Plain", [rule("No", "block.1", one)], cycles="request"))[0] == ("no", "no")


# -- what limits nothing


UNRESTRICTED = [(facts["column"], value) for facts in FACTS["structure"] for value in facts.get("unrestricted", ()) if not facts["column"].startswith("list")
                and value != "always"]


@pytest.mark.parametrize("column, value", UNRESTRICTED)
def test_a_value_that_limits_nothing_leaves_a_rule_sure(make, column, value):
    rig, one = make(), HERE
    if column.startswith(GIVEN):
        one = criterion("url.host.belongstodomains", "equals", "true", listed=rig.twin.add_list("Feed", "string", ["chatgpt.com"]))
    inside = not column.startswith("rule")
    group = rule_group("Plain", [rule("No", "block.1", limited(one, column, value) if inside else one)], cycles="request")
    words, _note, conflicts = found(rig, group if inside else limited(group, column, value))
    assert words == ("no", "no") and [conflict["certain"] for conflict in conflicts.values()] == [True]


def test_a_list_that_is_whole_is_read(make):
    rig = make()
    feed = rig.twin.add_list("Feed", "regex", ["*chatgpt.com"])
    words, _note, conflicts = found(rig, rule_group("Plain", [rule("No", "block.1", criterion("url.host", "matchesinlist", listed=feed))], cycles="request"))
    assert words == ("no", "no") and conflicts["list of the site Feed"]["certain"] and conflicts["list of the site Feed"]["remedy"]


# -- layers: cycles, checks, and what is asked once more behind TLS


@pytest.mark.parametrize("cycles, exempt, plain", [("response", "unchecked", "no"), ("embedded", "yes", "unchecked"), ("", "yes", "yes")])
def test_a_block_in_another_cycle_is_seen(make, cycles, exempt, plain):
    """Nobody knows whether the response cycle is passed where nothing is decrypted, nor whether anything is embedded."""
    rig = make()
    both = [criterion("url.host", "matches", "*chatgpt.com"), criterion("url.host", "equals", "js.stripe.com", prefix="OR")]
    rig.twin.insert(rule_group("Late", [rule("No", "block.1", *both)], cycles=cycles), above="URL Filtering")
    result = rig.run()
    assert [row["allowed"] for row in result["coverage"] if row["pattern"] in (".chatgpt.com", "js.stripe.com")] == [exempt, plain]
    certain = {one["certain"] for one in result["conflicts"]}
    assert certain == ({True} if cycles == "response" else {False} if cycles else set())


@pytest.mark.parametrize("one, word", [
    (criterion("antimalware.infected", "equals", "true"), "yes"), (criterion("antimalware.infected", "doesnotequal", "true"), "no"),
    (criterion("mediatype.ensuredtypes", "atleastoneinlist", listed="com.scur.type.mediatype.1"), "unchecked"),
    (criterion("antimalware.proactive.probability", "greaterthan", "80"), "unchecked")])
def test_what_scans_replies(make, one, word):
    """What is infected is about no host. Of a tunnel nobody sees the content."""
    rig = make()
    rig.twin.insert(rule_group("Scan", [rule("Found", "block.1", one)], cycles="response"), above="URL Filtering")
    rows = {row["pattern"]: row["allowed"] for row in rig.run()["coverage"]}
    assert rows["js.stripe.com"] == word
    assert rows[".chatgpt.com"] == ("unchecked" if "operator.g" in one or "doesnot" in one else "yes")


def test_a_block_at_the_check_of_a_certificate_is_seen(make):
    rig = make()
    check = condition(criterion("command.name", "equals", "CERTVERIFY"))
    blocks = rule("Untrusted", "block.1", criterion("ssl.server.certificatechain.foundknownca", "equals", "false"))
    rig.twin.insert(rule_group("Verify", [blocks], when=check, cycles="request"), above=ALLOW)
    rows = {row["pattern"]: (row["allowed"], row["note"]) for row in rig.run()["coverage"]}
    assert rows["js.stripe.com"][0] == "unchecked" and "the certificate" in rows["js.stripe.com"][1] and rows[".chatgpt.com"][0] == "yes"


@pytest.mark.parametrize("entries, word", [
    (["http*://js.stripe.com/v3/*"], "unchecked"), (["*.stripe.com/pay*"], "unchecked"), (["*torrent*"], "unchecked"), (["regex(.*)"], "unchecked"),
    (["http://js.stripe.com/*"], "yes"), (["js.stripe.com/*"], "yes"), (["http*://elsewhere.example/*"], "yes")])
def test_a_part_of_urls_is_a_part_of_a_host(make, entries, word):
    """Above the rule that decrypts there is no URL yet; below it there is."""
    rig = make()
    feed = rig.twin.add_list("Paths", "regex", entries)
    rig.twin.insert(rule_group("Paths", [rule("No", "block.1", criterion("url", "matchesinlist", listed=feed))], cycles="response"), above=EXEMPT)
    assert {row["pattern"]: row["allowed"] for row in rig.run()["coverage"]}["js.stripe.com"] == word


@pytest.mark.parametrize("kind, entry, words", [
    ("regex", "*ads*", ("unchecked", "yes")), ("regex", "chat?pt.com", ("unchecked", "yes")), ("regex", "ab.chatgpt.*", ("unchecked", "yes")),
    ("regex", "*.chatgpt.*", ("unchecked", "yes")), ("regex", "*.org", ("yes", "yes")), ("regex", "?s.stripe.com", ("yes", "no")),
    # Nobody knows whether capitals match.
    ("string", "JS.Stripe.com", ("yes", "unchecked")), ("regex", "*ChatGPT.com", ("unchecked", "yes"))])
def test_a_list_that_is_about_a_part_of_the_hosts_is_doubt(make, kind, entry, words):
    rig = make()
    feed = rig.twin.add_list("Feed", kind, [entry])
    operator = "matchesinlist" if kind == "regex" else "isinlist"
    rig.twin.insert(rule_group("Feed", [rule("No", "block.1", criterion("url.host", operator, listed=feed))], cycles="request"), above=EXEMPT)
    rows = {row["pattern"]: row["allowed"] for row in rig.run()["coverage"]}
    assert (rows[".chatgpt.com"], rows["js.stripe.com"]) == words


def test_a_remedy_leaves_alone_what_is_about_any_domain_and_what_is_not_certain(make):
    rig = make()
    feed = rig.twin.add_list("Feed", "regex", ["*chatgpt.com", "*doubleclick*", "api.openai.com"])
    rig.twin.insert(rule_group("Feed", [rule("No", "block.1", criterion("url.host", "matchesinlist", listed=feed))], cycles="request"), above=EXEMPT)
    conflict, = (one for one in rig.run(check=True)["conflicts"] if one["certain"])
    assert conflict["opens"].endswith(": *chatgpt.com")


def test_urls_are_compared_with_their_paths_where_they_are_known(make):
    rig = make()
    feed = rig.twin.add_list("Paths", "regex", ["http*://js.stripe.com/v3/*", "*/backend/*"])
    rig.twin.insert(rule_group("Paths", [rule("No", "block.1", criterion("url", "matchesinlist", listed=feed))], cycles="request"), above=EXEMPT)
    rows = {row["pattern"]: row["allowed"] for row in rig.run()["coverage"]}
    assert rows["js.stripe.com"] == "unchecked"


# -- people and authentication


def test_a_block_for_some_people_is_doubt(make):
    rules = {"Group": rule("Group", "block.1", criterion("authentication.usergroups", "contains", "Contractors")),
             "Address": rule("Address", "block.1", criterion("client.ip", "isinlist", listed="com.scur.type.ip.7")),
             "Case": rule("Case", "block.1", criterion("authentication.usergroups", "contains", "ai USERS"))}
    doubted(make(), dict.fromkeys(rules, ""), [rule_group("People", rules.values(), cycles="request")])


@pytest.mark.parametrize("narrow, words", [("", ("yes", "yes")), ("rule", ("unchecked", "unchecked")), ("rule set", ("unchecked", "unchecked"))])
def test_groups_are_known_where_everybody_was_asked(make, narrow, words):
    """Where only some are asked for who they are, by their address say, a rule for a group may not apply."""
    rig = make()
    some = criterion("client.ip", "equals", "192.0.2.77")
    ask = criterion("authentication.isauthenticated", "equals", "false")
    rules = [rule("Ask", "authenticate", ask, *([some.replace("<conditionExpression", '<conditionExpression prefix="AND"')] if narrow == "rule" else []))]
    rig.twin.rules = rig.twin.rules[1:]
    rig.twin.insert(rule_group("Authentication", rules, when=condition(some) if narrow == "rule set" else "", cycles="request"), above=EXEMPT)
    assert found(rig)[0] == words


def test_a_title_alone_signs_nobody_in(make):
    rig = make()
    rig.twin.rules[0].find("rules").clear()
    assert found(rig)[0] == ("unchecked", "unchecked")


@pytest.mark.parametrize("criteria", [
    [criterion("client.ip", "equals", "192.0.2.20")], [criterion("authentication.usergroups", "contains", "Staff")],
    [criterion("mood", "equals", "x")], [criterion("authentication.usergroups", "doesnotcontain", "Contractors")]])
def test_a_rule_on_our_list_that_may_let_others_pass_is_told(make, criteria):
    rig = make()
    ours = criterion("url.host", "matchesinlist", listed=rig.twin.id_of(ALLOW))
    joined = [one.replace("<conditionExpression", '<conditionExpression prefix="AND"') for one in criteria]
    rig.twin.insert(rule_group("Ours too", [rule("Ours too", "stopcycle", ours, *joined)], cycles="request"), above="Global Block")
    assert any("Ours too" in text for text in rig.run(check=True, accept_wider_audience=True)["audience_widened"])


def test_a_workspace_header_that_ours_would_pass_is_told_whatever_is_exempt(make):
    rig = make()
    header = rule("Workspace", "continue", criterion("url.host", "matches", "js.stripe.com"), header="ChatGPT-Allowed-Workspace-Id")
    rig.twin.insert(rule_group("Tenancy", [header], cycles="request"), above="Global Block")
    with pytest.raises(Failed, match="Workspace of rule set Tenancy"):
        rig.run()
    assert any("move it above that rule" in line for line in rig.run(tenant_control="override", check=True)["manual"])
    rig.twin.rules.remove(next(group for group in rig.twin.rules if group.get("name") == "Tenancy"))
    rig.twin.insert(rule_group("Tenancy", [header], cycles="request"), above=EXEMPT)
    assert rig.run()["changed"], "above ours it is met"


def test_a_rule_set_about_our_list_is_ours(make):
    rig = make(wired=False)
    rig.twin.add_list(ALLOW)
    here = condition(criterion("url.host", "matchesinlist", listed=rig.twin.id_of(ALLOW)))
    rig.twin.insert(rule_group("Chat", [rule("Pass", "stopcycle", criterion("authentication.usergroups", "contains", "AI users"))], when=here,
                               cycles="request"), above="Global Block")
    result = rig.run()
    assert result["diagnosis"]["referred_by"][ALLOW] == ["rule Pass of rule set Chat"] and result["audience_widened"] == []
    assert {row["pattern"]: row["allowed"] for row in result["coverage"]}["js.stripe.com"] == "yes"
