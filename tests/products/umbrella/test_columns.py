# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each condition that an access rule of Secure Access can have, known or not: what is not understood is neither in the way for sure, nor out of it.

The same of what says whether the traffic that a rule lets pass is decrypted.
"""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.api import Api
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.decryption import PROFILE, RULE_SETTINGS, SPARED_LIST
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.rules import SCHEMA
from tests.contract.rig import MEMBER
from tests.products.umbrella.rig import SecureAccessRig, WritingRig
from tests.products.umbrella.twin import WEB

FACTS = yaml.safe_load((Path(__file__).parent / "columns.yml").read_text())


def condition(name, value, operator="INTERSECT") -> dict:
    return {"attributeName": name, "attributeValue": value, "attributeOperator": operator}


LIMITED = [
    *(condition(name, value) for name, value in FACTS["conditions"].items()), condition("umbrella.posture.column_of_next_year", [7]),
    condition("umbrella.source.identity_ids", [301], "NOT IN"), condition("umbrella.destination.destination_list_ids", [7], "NOT IN"),
    condition("umbrella.destination.all", False, "="), condition("umbrella.source.all", False, "=")]


def ids(one) -> str:
    return "%(attributeName)s %(attributeOperator)s %(attributeValue)s" % one


@pytest.fixture
def secure(open_rig):
    rig = open_rig(SecureAccessRig)
    rig.run()
    return rig


def words(result) -> dict:
    return {row["pattern"]: row["allowed"] for row in result["coverage"]}


def test_every_condition_is_declared():
    assert set(SCHEMA.limits) == {*FACTS["everything"], *FACTS["conditions"], "umbrella.destination.destination_list_ids"}


@pytest.mark.parametrize("limited", LIMITED, ids=ids)
def test_a_rule_above_that_is_not_understood_may_block(secure, limited):
    secure.twin.add_rule("Early", "block", None, [secure.twin.named("Unused")["id"]], at=0, more=[limited])
    result = secure.run(check=True)
    assert words(result)["*.openai.com"] == "unchecked" and "the access rule Early may block it" in str(result["coverage"])
    assert result["conflicts"] and not any(one["certain"] or one["remedy"] for one in result["conflicts"])


@pytest.mark.parametrize("limited", LIMITED, ids=ids)
def test_a_rule_above_that_is_not_understood_opens_nothing(secure, limited):
    secure.block_early()
    secure.twin.add_rule("Earlier", "allow", None, [secure.twin.named("Threats")["id"]], at=0, more=[limited])
    assert words(secure.run(check=True, accept_wider_audience=True))[".chatgpt.com"] == "no"


@pytest.mark.parametrize("limited", [one for one in LIMITED if not one["attributeName"].startswith("umbrella.source") or "NOT" in one["attributeOperator"]],
                         ids=ids)
def test_a_rule_of_the_audience_that_is_not_understood_may_not_open(secure, limited):
    secure.twin.rule("AI users")["more"] = [limited]
    assert set(words(secure.run(check=True)).values()) == {"unchecked"}


@pytest.mark.parametrize("action", ["quarantine", "ask"])
def test_an_action_that_is_not_known_may_block(secure, action):
    secure.twin.add_rule("Early", action, None, [secure.twin.named("Unused")["id"]], at=0)
    result = secure.run(check=True)
    assert words(result)["*.openai.com"] == "unchecked" and "its action is not understood" in str(result["conflicts"])


@pytest.mark.parametrize("people,word,certain", [(None, "no", True), (["member"], "unchecked", False)])
def test_a_rule_above_that_blocks_everything(secure, people, word, certain):
    secure.twin.add_rule("Early", "block", people, at=0)
    result = secure.run(check=True)
    conflict, = result["conflicts"]
    assert set(words(result).values()) == {word} and (conflict["where"], conflict["certain"]) == ("access rule Early", certain)


@pytest.mark.parametrize("state", [None, "scheduled"])
def test_a_rule_above_whose_state_is_not_known_may_block(secure, state):
    secure.twin.add_rule("Early", "block", None, at=0)["ruleIsEnabled"] = state
    result = secure.run(check=True)
    assert set(words(result).values()) == {"unchecked"} and "ruleIsEnabled" in str(result["conflicts"])
    secure.twin.rule("Early")["ruleIsEnabled"] = False
    assert set(words(secure.run(check=True)).values()) == {"yes"}


@pytest.mark.parametrize("name,word", [("Early", "unchecked"), ("AI users", "unchecked"), (None, "yes")])
def test_a_rule_with_a_part_of_next_year_may_be_limited_by_it(secure, monkeypatch, name, word):
    secure.twin.add_rule("Early", "block" if name == "Early" else "allow", None, [secure.twin.add_list("More", "none", WEB, ["openai.com"])["id"]], at=0)
    rule_of = Api.rule
    monkeypatch.setattr(Api, "rule", lambda self, number: dict(
        rule_of(self, number), ruleAccess="internet", **({"ruleOfNextYear": 7} if name and number == secure.twin.rule(name)["ruleId"] else {})))
    found = words(secure.run(check=True, accept_wider_audience=True))
    assert found[".chatgpt.com" if name == "AI users" else "*.openai.com"] == word


def test_a_rule_above_that_blocks_by_a_list_is_certain(secure):
    listed = secure.twin.add_list("More", "none", WEB, ["openai.com"])["id"]
    secure.twin.add_rule("Early", "block", None, [listed], at=0)
    assert words(secure.run(check=True))["*.openai.com"] == "no"


def test_without_a_named_rule_nothing_is_known(secure):
    adapter = secure.adapter()
    adapter._settings = replace(adapter._settings, audience=())
    assert set(words(secure.run(check=True, adapter=adapter, accept_wider_audience=True)).values()) == {"unchecked"}


# -- what is decrypted


def exempt(result) -> set:
    return {row["exempt"] for row in result["coverage"] if row["exempt"] != "not wanted"}


@pytest.mark.parametrize("schema,table", [(PROFILE, "security_profile"), (SPARED_LIST, "do_not_decrypt_list"), (RULE_SETTINGS, "rule_settings")],
                         ids=["profile", "list", "settings"])
def test_every_column_of_what_is_decrypted_is_declared(schema, table):
    assert schema.others == set(FACTS[table])


def odd(twin, where: str) -> None:
    """A column, or a setting, of next year."""
    what = {"rule": twin.rule("AI users")["settings"], "profile": twin.profile("AI profile")["more"], "list": twin.spared("AI exempt")["more"]}
    what[where]["column_of_next_year"] = 7


@pytest.mark.parametrize("where", ["rule", "profile", "list"])
def test_what_is_not_understood_exempts_nothing_for_sure_and_decrypts_nothing_for_sure(secure, where):
    odd(secure.twin, where)
    result = secure.run(check=True)
    assert exempt(result) == {"unchecked"} and secure.decide(MEMBER, "chatgpt.com") == ("allow", "nobody knows")
    assert where == "list" or "column_of_next_year" in str([result["coverage"], result["manual"]])
    secure.twin.profile("AI profile")["list"] = None
    assert exempt(secure.run(check=True)) == ({"no"} if where == "list" else {"unchecked"})


def test_the_list_of_the_vendor_that_is_not_understood_may_leave_it_to_ips(secure):
    twin = secure.twin
    twin.state.settings["sse.globalIPSEnabled"] = True
    twin.put_items(twin.spared("System provided")["behind"], ["chatgpt.com", "openai.com"])
    assert exempt(secure.run(check=True)) == {"yes"}
    twin.spared("System provided")["more"]["column_of_next_year"] = 7
    assert exempt(secure.run(check=True)) == {"unchecked"}


@pytest.mark.parametrize("where", ["rule", "profile"])
def test_nothing_is_written_by_way_of_what_is_not_understood(open_rig, where):
    rig = open_rig(WritingRig)
    odd(rig.twin, where)
    result = rig.run()
    assert result["changed"] and rig.twin.spares("AI exempt") == {} and exempt(result) == {"unchecked"}


@pytest.mark.parametrize("where,table", [("rule", "rule_settings"), ("profile", "security_profile"), ("list", "do_not_decrypt_list")])
def test_other_values_of_what_is_understood_change_nothing(secure, where, table):
    deciding = ("umbrella.posture.webProfileId", "settingGroupBypassInspectionGroupId", "id", "name", "isDefault", "exceptiondomainlistId",
                "exceptionapplicationlistId", "decryptExceptionCategories")
    twin, more = secure.twin, {column: value for column, value in FACTS[table].items() if column not in deciding}
    {"rule": twin.rule("AI users")["settings"], "profile": twin.profile("AI profile")["more"], "list": twin.spared("AI exempt")["more"]}[where].update(more)
    assert exempt(secure.run(check=True)) == {"yes"}
