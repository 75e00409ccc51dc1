# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every column of a PAN-OS rule: the plugin knows it, and a rule that is limited by it is never taken for one about everybody and every host."""
from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos import columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.model import Audience
from tests.products.panos.columns import KNOWN, NEW, body, furnish
from tests.products.panos.rig import PanosRig

SCHEMAS = {
    "security rule": columns.SECURITY, "decryption rule": columns.DECRYPTION, "authentication rule": columns.AUTHENTICATION,
    "url-filtering profile": columns.URL_PROFILE, "custom-url-category": columns.CATEGORY, "application-group": columns.APPLICATION_GROUP,
    "address": columns.ADDRESS, "address-group": columns.ADDRESS_GROUP, "service": columns.SERVICE, "service-group": columns.SERVICE_GROUP}
#: Columns that are read. Of all others a conflict says that they are not understood.
READ = {"from", "source", "source-user", "negate-source", "target/devices", "target/devices/vsys", "target/negate", "target/tags"}


def limited(kind: str) -> list:
    """(column, its limiting value) of a kind of rule, and of one that nobody knows."""
    return [pytest.param(one, id=one["column"]) for one in KNOWN[kind] + [NEW] if "limiting" in one]


def unlimited(kind: str) -> list:
    """(column, a value that is no restriction) of a kind of rule."""
    return [pytest.param(one, value, id="%s=%s" % (one["column"], value)) for one in KNOWN[kind] + [NEW] for value in one.get("none", ())]


class Site:
    """A firewall that is set up once; each test begins with it as it was then."""

    def __init__(self, folder):
        self.rig = PanosRig(folder, (11, 1, 4))
        furnish(self.rig)
        self.rig.by_hand("set", "/profiles/custom-url-category/entry[@name='Company']", "<list><member>company.example/</member></list><type>URL List</type>")
        self._kept = self.rig.twin.save()

    def check(self, base: str, rule: str, **options) -> dict:
        """What a check run says with ``rule`` on top of a rulebase."""
        self.rig.twin.restore(self._kept)
        self._kept = self.rig.twin.save()
        self.rig.by_hand("set", "/rulebase/%s/rules" % base, rule)
        self.rig.by_hand("move", "/rulebase/%s/rules/entry[@name='Limited']" % base, where="top")
        people = Audience(from_zones=("trust", "guest"), to_zones=("untrust",), users=("example\\ai-users",))
        adapter = self.rig.adapter()
        adapter._settings = replace(adapter._settings, audience=people, **options)
        return self.rig.run(check=True, adapter=adapter, accept_wider_audience=True)

    def ruled_by_it(self, base: str, rule: str) -> dict:
        """The same where no rule of ours is made."""
        names = {"category_name": "Company", "exempt_category_name": "Company"}
        return self.check(base, rule, **names)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("panos"))
    with made.rig.twin.at_hand():
        yield made


def words(result: dict, which: str = "allowed") -> set:
    return {row[which] for row in result["coverage"]} - {"not wanted"}


def conflict(result: dict) -> dict | None:
    return next((one for one in result["conflicts"] if one["where"].endswith(" Limited")), None)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_each_column_is_declared_with_its_role(kind):
    schema = SCHEMAS[kind]
    assert [one["column"] for one in KNOWN[kind] if one["column"] not in (schema.limits if one["role"] == "match" else schema.others)] == []
    assert schema.negations == {column for column in schema.limits if column.rpartition("/")[2].startswith("negate")}


@pytest.mark.parametrize("kind", SCHEMAS)
def test_each_column_is_declared_with_what_is_no_restriction(kind):
    """A list that is everything together is a restriction where one of it is missing."""
    for one in (one for one in KNOWN[kind] if one["role"] == "match"):
        column, free = one["column"], one.get("none", [])
        limiting = [[word for word in value if word != missing] for value in free if isinstance(value, list) and len(value) > 1 for missing in value]
        if "limiting" in one:
            limiting.append(one["limiting"] if one["shape"] == "text" else [one["limiting"]])
        assert [value for value in limiting if not SCHEMAS[kind].restricts(column, value)] == [], column
        assert [value for value in free if SCHEMAS[kind].restricts(column, value)] == [], column


@pytest.mark.parametrize("column", limited("security rule"))
def test_a_deny_that_is_limited_is_not_passed_and_is_no_certain_conflict(site, column):
    about = column.get("about", "people")
    result = site.check("security", body("security", "deny", column), never_above=("Limited",) if about == "hosts" else ())
    if about == "nobody":
        assert conflict(result) is None and words(result) == {"yes"}
        return
    found = conflict(result)
    assert found is not None and not found["certain"] and not found["remedy"] and words(result) <= {"unchecked", "no"}
    assert about == "hosts" or column["column"] in READ or "column %s is not understood" % column["column"] in found["text"]


@pytest.mark.parametrize("column", limited("security rule"))
def test_an_allow_that_is_limited_opens_nothing_for_sure(site, column):
    assert "yes" not in words(site.ruled_by_it("security", body("security", "allow", column)))


@pytest.mark.parametrize("column, value", unlimited("security rule"))
def test_a_value_that_is_no_restriction_leaves_a_security_rule_as_it_is(site, column, value):
    result = site.check("security", body("security", "deny", column, value), never_above=("Limited",))
    found = conflict(result)
    assert found["certain"] and found["remedy"] and words(result) == {"no"}
    assert words(site.ruled_by_it("security", body("security", "allow", column, value))) == {"yes"}


@pytest.mark.parametrize("column", limited("decryption rule"))
def test_a_rule_that_decrypts_or_spares_only_some_is_not_certain(site, column):
    spared = site.ruled_by_it("decryption", body("decryption", "no-decrypt", column))
    assert "yes" not in words(spared, "exempt")
    result = site.check("decryption", body("decryption", "decrypt", column), never_above=("Limited",))
    if column.get("about") == "nobody":
        assert conflict(result) is None and words(result, "exempt") == {"yes"}
        return
    found = conflict(result)
    assert found is not None and not found["certain"] and not found["remedy"] and words(result, "exempt") == {"unchecked"}


@pytest.mark.parametrize("column, value", unlimited("decryption rule"))
def test_a_value_that_is_no_restriction_leaves_a_decryption_rule_as_it_is(site, column, value):
    assert words(site.ruled_by_it("decryption", body("decryption", "no-decrypt", column, value)), "exempt") == {"yes"}
    result = site.check("decryption", body("decryption", "decrypt", column, value), never_above=("Limited",))
    assert conflict(result)["certain"] and words(result, "exempt") == {"no"}


@pytest.mark.parametrize("column", limited("authentication rule"))
def test_an_authentication_rule_is_a_doubt_whatever_limits_it(site, column):
    result = site.check("authentication", body("authentication", "", column))
    if column.get("about") == "nobody":
        assert conflict(result) is None and words(result) == {"yes"}
        return
    assert words(result) == {"unchecked"} and not conflict(result)["certain"] and "users who are not signed in" in conflict(result)["text"]


def test_an_action_that_nobody_knows_is_a_doubt(site):
    rule = body("security", "deny").replace("<action>deny</action>", "<action>quarantine</action>")
    site.rig.twin.knobs.new_columns |= {"action"}
    result = site.check("security", rule)
    assert words(result) == {"unchecked"} and "its action is not understood" in conflict(result)["text"]
    assert "yes" not in words(site.ruled_by_it("security", rule))
