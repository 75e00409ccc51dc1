# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a column of a rule does to what is claimed of ZIA: every column that is known, and one that the vendor adds next year."""
from __future__ import annotations

import functools

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.zia import columns as schemas
from tests.products.zia.rig import ZiaRig
from tests.products.zia.twin.policy import COLUMNS
from tests.products.zia.twin.site import DECRYPT, DO_NOT_DECRYPT

URL, SSL, APP, FIREWALL, DNS = "urlFilteringRules", "sslInspectionRules", "webApplicationRules/AI_ML", "firewallFilteringRules", "firewallDnsRules"
SCHEMAS = {URL: schemas.URL, SSL: schemas.SSL, APP: schemas.APP, FIREWALL: schemas.FIREWALL, DNS: schemas.DNS}
#: What rules name.
NAMED = {"urlCategories": schemas.CATEGORY, "ipDestinationGroups": schemas.DESTINATIONS, "networkServices": schemas.SERVICE}
DENIES = {URL: {"action": "BLOCK", "protocols": ["ANY_RULE"]}, SSL: {"action": DECRYPT}, FIREWALL: {"action": "BLOCK_DROP"}, DNS: {"action": "BLOCK"},
          APP: {"actions": ["DENY_AI_ML_WEB_USE"], "applications": ["CHATGPT_AI"]}}
ALLOWS = {URL: {"action": "ALLOW", "protocols": ["ANY_RULE"]}, SSL: {"action": DO_NOT_DECRYPT}, FIREWALL: {"action": "ALLOW"}, DNS: {"action": "ALLOW"},
          APP: {"actions": ["ALLOW_AI_ML_WEB_USE"], "applications": ["CHATGPT_AI"]}}
#: Rules of ours have a place in these tables.
OURS = {URL: "ChatGPT allow", SSL: "ChatGPT no decrypt"}
NEXT_YEAR = {"column_of_next_year": ["x"]}


def facts(kind: str) -> dict:
    return COLUMNS[kind.partition("/")[0]]


def limiting(kind: str) -> list:
    """Columns that limit a rule, each with a value, and that do not say what it is about."""
    return [(column, fact["limit"]) for column, fact in facts(kind)["match"].items() if not fact.get("judged")] + list(NEXT_YEAR.items())


@pytest.fixture
def make(open_rig):
    return functools.partial(open_rig, ZiaRig)


def order(rig, kind: str) -> list:
    return [rule["name"] for rule in sorted(rig.twin.state.running["rules"][kind], key=lambda rule: (rule["order"] < 1, rule["order"]))]


def word(result: dict, kind: str, pattern: str = ".chatgpt.com") -> str:
    row = next(row for row in result["coverage"] if row["pattern"] == pattern)
    return row["exempt" if kind == SSL else "allowed"]


@pytest.mark.parametrize("kind", [*SCHEMAS, *NAMED])
def test_every_column_is_declared_with_what_is_no_restriction(kind):
    """Of words that are everything together, none may be missing."""
    schema, known = {**SCHEMAS, **NAMED}[kind], facts(kind)
    assert set(known["match"]) == set(schema.limits) and set(known["others"]) <= schema.others
    for column, fact in known["match"].items():
        assert schema.restricts(column, fact["limit"]), column
        assert not any(schema.restricts(column, value) for value in [*fact.get("none", ()), [], None, "", 0]), column
        shortest = min([value for value in fact.get("none", ()) if isinstance(value, list) and len(value) > 1], key=len, default=[])
        assert all(schema.restricts(column, [word for word in shortest if word != missing]) for missing in shortest), column


@pytest.mark.parametrize("kind,column,value", [(kind, *row) for kind in SCHEMAS for row in limiting(kind)])
def test_a_rule_that_blocks_and_is_limited_keeps_its_place_and_is_named(make, kind, column, value):
    rig = make()
    rig.given(kind, "quarantine", **DENIES[kind], **{column: value})
    result = rig.run(check=True)
    conflict, = (one for one in result["conflicts"] if "quarantine" in one["where"])
    assert not conflict["certain"] and not conflict["remedy"] and column in conflict["text"]
    assert word(result, kind) == "unchecked"


@pytest.mark.parametrize("kind", OURS)
def test_ours_passes_none_of_them(make, kind):
    rig = make()
    for number, (column, value) in enumerate(limiting(kind)):
        rig.given(kind, "quarantine %d" % number, **DENIES[kind], **{column: value})
    assert rig.run()["audience_widened"] == []
    assert order(rig, kind).index(OURS[kind]) == number + (3 if kind == SSL else 1) + 1 and not rig.run()["changed"]


@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_rule_that_opens_and_is_limited_opens_nothing_for_sure(make, kind):
    """Below each of them stands a rule that shuts everything. One that counted would hide it."""
    rig = make()
    rig.by_hand("POST", "urlCategories", {"configuredName": "Company", "superCategory": "USER_DEFINED", "type": "URL_CATEGORY", "customCategory": True,
                                          "dbCategorizedUrls": ["foreign.example"]})
    named = {"urlCategories": [rig.twin.find("urlCategories", "Company")["id"]]} if kind in OURS else {}
    rig.given(kind, "shuts", **DENIES[kind])
    for number, (column, value) in enumerate(limiting(kind)):
        rig.given(kind, "opens %d" % number, **ALLOWS[kind], **named, **{column: value})
    options = {{URL: "category_name", SSL: "exempt_category_name"}[kind]: "Company"} if kind in OURS else {}
    result = rig.run(check=True, adapter=rig.adapter(**options))
    assert word(result, kind) == ("unchecked" if kind == DNS else "no") and any("shuts" in one["where"] for one in result["conflicts"])
    # The same rule without a limit counts.
    rig.given(kind, "opens", **ALLOWS[kind], **named)
    result = rig.run(check=True, adapter=rig.adapter(**options))
    assert word(result, kind) == "yes" and not any("shuts" in one["where"] for one in result["conflicts"])


@pytest.mark.parametrize("kind", SCHEMAS)
@pytest.mark.parametrize("which", [0, -1])
def test_everything_written_out_is_no_limit(make, kind, which):
    """One rule with every such column at once is judged as the rule without any of them."""
    written = {column: fact["none"][which] for column, fact in facts(kind)["match"].items() if fact.get("none")}
    told = []
    for columns in ({}, written):
        rig = make()
        rig.given(kind, "shuts", **dict(DENIES[kind], **columns))
        result = rig.run()
        told.append([(one["where"], one["certain"], bool(one["remedy"]), one["text"]) for one in result["conflicts"]] + result["coverage"])
        if kind in OURS:
            assert order(rig, kind).index(OURS[kind]) < order(rig, kind).index("shuts") and word(result, kind) == "yes"
        assert rig.decide("member", "chatgpt.com")[0] == ("allow" if kind in OURS else "block")
    assert told[0] == told[1]
    if kind not in OURS:
        assert told[0][0][1:3] == ((False, False) if kind == DNS else (True, True))


@pytest.mark.parametrize("kind,changes", [
    (URL, {"action": "ICAP_RESPONSE"}), (SSL, {"action": {"type": "SHRUG"}}), (FIREWALL, {"action": "EVAL_NWAPP"}), (FIREWALL, {"action": "BYPASS_IPS"}),
    (DNS, {"action": "REDIR_REQ"}), (DNS, {"action": "REDIR_ZPA"}), (APP, {"actions": ["AI_ML_CONDITIONAL_ACCESS"]}), (APP, {"actions": ["DENY_AI_ML_CHAT"]}),
    (APP, {"actions": ["ALLOW_AI_ML_WEB_USE", "DENY_AI_ML_UPLOAD"]})])
def test_what_an_action_does_that_nobody_knows_is_not_claimed(make, kind, changes):
    rig = make()
    rig.given(kind, "shrug", **DENIES[kind])
    next(rule for rule in rig.twin.state.config["rules"][kind] if rule["name"] == "shrug").update(changes)
    rig.twin.publish()
    result = rig.run(check=True)
    conflict, = (one for one in result["conflicts"] if "shrug" in one["where"])
    assert not conflict["certain"] and not conflict["remedy"] and "its action is not understood" in conflict["text"] and word(result, kind) == "unchecked"
