# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every column of the public schemas, and one that no schema has: what limits a rule, and is not read, keeps it from being sure."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios import columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.fortios.objects import flat
from tests.products.fortios.facts import FACTS, UNKNOWN, limits, others, put
from tests.products.fortios.rig import FortiosRig

SCHEMAS = {"firewall policy": columns.POLICY, "firewall proxy-policy": columns.PROXY_POLICY, "webfilter urlfilter row": columns.URL_ROW,
           "dnsfilter domain-filter row": columns.DNS_ROW, "application list entry": columns.APPLICATION_ENTRY, "firewall addrgrp": columns.GROUP,
           "firewall.service custom": columns.SERVICE, "webfilter profile": columns.WEB_PROFILE, "dnsfilter profile": columns.DNS_PROFILE,
           "application list": columns.APPLICATION_LIST, "firewall.service group": columns.GROUP, "casb profile application": columns.CASB_APPLICATION}
#: Columns of a policy that say who is concerned.
PEOPLE = set("""
    srcintf dstintf srcaddr srcaddr-negate srcaddr6 srcaddr6-negate src-vendor-mac internet-service-src internet-service-src-name
    internet-service-src-group internet-service-src-custom internet-service-src-custom-group internet-service-src-fortiguard internet-service-src-negate
    network-service-src-dynamic internet-service6-src internet-service6-src-name internet-service6-src-group internet-service6-src-custom
    internet-service6-src-custom-group internet-service6-src-fortiguard internet-service6-src-negate groups users fsso-groups scim scim-users scim-groups
    saml-server ntlm-enabled-browsers sgt sgt-check vlan-filter ztna-status ztna-device-ownership ztna-ems-tag ztna-ems-tag-secondary ztna-ems-tag-negate
    ztna-tags-match-logic ztna-geo-tag""".split())
ALL = [{"name": "all"}]
NEW = {"example": [{"name": "x"}], "free": ["", [], "disable", 0]}


def unread(kind):
    """(column, value that limits) of what the collection does not read."""
    return [(column, fact["example"]) for column, fact in {**limits(kind), UNKNOWN: NEW}.items()
            if not fact.get("read") and fact["example"] not in fact["free"]]


def free(kind):
    """(column, value that limits nothing)"""
    return [(column, value) for column, fact in {**limits(kind), UNKNOWN: NEW}.items() for value in fact["free"]]


def ids(value):
    return value if isinstance(value, str) and value in {**limits("firewall policy"), UNKNOWN: 1} else None


@pytest.fixture
def make(tmp_path):
    """Makes a rig that is asked without a wire, with objects that nobody can tell."""
    opened = []

    def build(**options):
        rig = FortiosRig(tmp_path, **options)
        running = rig.twin.at_hand()
        running.__enter__()
        opened.append(running)
        rig.odd_objects()
        return rig
    yield build
    for running in opened:
        running.__exit__(None, None, None)


@pytest.fixture
def rig(make):
    return make()


@pytest.fixture
def shared(make):
    return make(site="rows")


def words(result) -> list:
    return [row["allowed"] for row in result["coverage"]]


def uncertain(result, where) -> str:
    """The text of the conflict there, which is not certain and has no remedy."""
    conflict, = [one for one in result["conflicts"] if where in one["where"]]
    assert not conflict["certain"] and not conflict["remedy"]
    return conflict["text"]


@pytest.mark.parametrize("kind", FACTS)
def test_every_column_is_declared_in_its_role(kind):
    schema = SCHEMAS[kind]
    assert set(limits(kind)) - set(schema.limits) == set() and others(kind) - schema.others == set()
    assert not schema.others & set(schema.limits) and schema.negations <= set(schema.limits)
    assert {column for column in limits(kind) if column.endswith("-negate") or column == "exclusion"} <= schema.negations


@pytest.mark.parametrize("kind", FACTS)
def test_each_value_is_declared(kind):
    """A list that is everything together is a restriction where one of it is missing."""
    assert not SCHEMAS[kind].restricts(UNKNOWN, "disable")
    for column, fact in limits(kind).items():
        restricting = [[one for one in value if one != missing] for value in fact["free"] if isinstance(value, list) and len(value) > 1 for missing in value]
        # That subdomains are left out, which is said by "disable", is read from the row itself.
        restricting += [one for one in (fact["example"],) if one not in fact["free"] and column != "include-subdomains"]
        assert [value for value in restricting if not SCHEMAS[kind].restricts(column, flat({column: value})[column])] == [], column
        assert [value for value in fact["free"] if SCHEMAS[kind].restricts(column, flat({column: value})[column])] == [], column


def test_which_columns_are_about_people_and_times():
    assert set(columns.WHO) == PEOPLE and set(columns.IDENTITY) == {"groups", "users", "fsso-groups"}
    assert set(columns.WHEN) == {column for column in columns.POLICY.limits if column.startswith(("schedule", "policy-expiry"))}


# -- policies -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column, value", unread("firewall policy"), ids=ids)
def test_a_deny_above_that_a_column_limits_is_not_certain(rig, column, value):
    rig.deny(**{column: value})
    result = rig.run(check=True)
    assert words(result) == ["unchecked"] * 3 and column in uncertain(result, "policy Deny all")


@pytest.mark.parametrize("column, value", free("firewall policy"), ids=ids)
def test_a_deny_above_with_a_value_that_limits_nothing_is_certain(rig, column, value):
    rig.deny(**{column: value})
    result = rig.run(check=True)
    assert words(result) == ["no"] * 3 and [one["certain"] for one in result["conflicts"]] == [True]


@pytest.mark.parametrize("column, value", unread("firewall policy"), ids=ids)
def test_a_policy_of_the_audience_that_a_column_limits_otherwise_than_by_people_is_no_coverage(rig, column, value):
    rig.twin.row("firewall/policy", "members")[column] = value
    # Who its people are is the audience; at what times and where to is not.
    assert words(rig.run(check=True)) == (["yes"] if column in PEOPLE else ["unchecked"]) * 3


@pytest.mark.parametrize("column, value", unread("firewall policy"), ids=ids)
def test_a_policy_above_that_lets_a_part_through_hides_no_deny(rig, column, value):
    rig.deny("No web")
    rig.deny("Guests", action="accept", **{column: value})
    result = rig.run(check=True)
    assert words(result) == ["no"] * 3 and [one["where"] for one in result["conflicts"]] == ["policy No web"]


@pytest.mark.parametrize("column, value", unread("firewall proxy-policy"), ids=ids)
def test_a_rule_of_the_transparent_proxy_that_a_column_limits_is_not_certain(rig, column, value):
    rig.twin.row("firewall/policy", "members")["http-policy-redirect"] = "enable"
    rule = {"policyid": 1, "name": "web", "status": "enable", "proxy": "transparent-web", "srcaddr": ALL, "dstaddr": ALL, "action": "accept"}
    rig.twin.rows("firewall/proxy-policy").append(rule)
    assert words(rig.run(check=True)) == ["yes"] * 3
    rig.twin.rows("firewall/proxy-policy").insert(0, dict(rule, **{"policyid": 2, "name": "odd", "action": "deny", column: value}))
    result = rig.run(check=True)
    assert words(result) == ["unchecked"] * 3 and column in uncertain(result, "proxy policy odd")


# -- filters ------------------------------------------------------------------------------------------------------


def block(rig, **more) -> dict:
    """A row of the site at the top."""
    row = dict({"id": 500, "url": "*chatgpt.com", "type": "wildcard", "action": "block", "status": "enable", "exempt": "fortiguard"}, **more)
    rig.twin.row("webfilter/urlfilter", "members-urls")["entries"].insert(0, row)
    rig.twin.touch("webfilter/urlfilter")
    return row


@pytest.mark.parametrize("column, value", unread("webfilter urlfilter row"))
def test_a_row_that_a_column_limits_keeps_its_word_and_is_not_certain(shared, column, value):
    block(shared, **{column: value})
    result = shared.run()
    assert words(result)[0] == "unchecked" and column in uncertain(result, "URL filter row members-urls: wildcard")
    assert shared.twin.row("webfilter/urlfilter", "members-urls")["entries"][0]["id"] == 500
    assert not shared.run()["changed"]


@pytest.mark.parametrize("column, value", unread("webfilter urlfilter row"))
def test_a_row_that_exempts_for_a_part_is_no_coverage(shared, column, value):
    block(shared, url="*", action="exempt", **{column: value})
    assert "yes" not in words(shared.run("gathered"))[:2]


@pytest.mark.parametrize("column, value", [one for one in free("webfilter urlfilter row") if one[0] not in ("url", "type")])
def test_a_row_with_a_value_that_limits_nothing_is_passed(shared, column, value):
    block(shared, **{column: value})
    result = shared.run()
    assert words(result) == ["yes"] * 3 and result["conflicts"] == []
    assert shared.twin.row("webfilter/urlfilter", "members-urls")["entries"][-1]["id"] != 500 and shared.decide("member", "chatgpt.com")[0] == "allow"


SHUTTING = [(kind, column, value) for kind in ("webfilter profile", "dnsfilter profile", "application list") for column, value in unread(kind)]
CONTENT = ("web.bword-table", "web.content-header-list", "antiphish.status", "post-action")


@pytest.mark.parametrize("kind, column, value", SHUTTING)
def test_what_may_block_by_a_profile_is_unchecked(rig, kind, column, value):
    table, name = kind.replace(" ", "/", 1), "members"
    if kind == "application list":
        rig.twin.rows("application/list").append({"name": "members", "entries": []})
        rig.twin.row("firewall/policy", "members")["application-list"] = "members"
    put(rig.twin.row(table, name), column, value)
    result = rig.run(check=True)
    # Exempt traffic shows no content.
    assert words(result) == (["yes", "yes", "unchecked"] if column in CONTENT else ["unchecked"] * 3)
    assert column in uncertain(result, "members")


@pytest.mark.parametrize("kind, column, value", [(kind, column, value) for kind in ("webfilter profile", "dnsfilter profile", "application list")
                                                 for column, value in free(kind)])
def test_what_blocks_nothing_by_a_profile_is_covered(rig, kind, column, value):
    table = kind.replace(" ", "/", 1)
    rig.twin.rows("application/list").append({"name": "members", "entries": []})
    rig.twin.row("firewall/policy", "members")["application-list"] = "members"
    put(rig.twin.row(table, "members"), column, value)
    result = rig.run(check=True)
    assert words(result) == ["yes"] * 3 and result["conflicts"] == []


@pytest.mark.parametrize("column, value", unread("application list entry"))
def test_an_entry_of_application_control_by_any_column_is_unchecked(rig, column, value):
    rig.twin.rows("application/list").append({"name": "apps", "entries": [{"id": 3, "action": "block", column: value}]})
    rig.twin.row("firewall/policy", "members")["application-list"] = "apps"
    result = rig.run(check=True)
    assert words(result) == ["unchecked"] * 3 and column in uncertain(result, "application list apps, entry 3")
