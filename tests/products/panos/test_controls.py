# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls of a PAN-OS site that a rule of ours or an exemption would take away: headers, pages, scans, App-ID."""
from __future__ import annotations

import functools

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from tests.contract.rig import FIRST, MEMBER
from tests.products.panos.rig import PanosRig
from tests.products.panos.twin.site import rule

WORKSPACE = "ChatGPT-Allowed-Workspace-Id"
WHERE = {"from": ["trust", "guest"], "to": "untrust"}
#: Nothing is exempt.
OPEN = Policy.from_config({"allow": [str(pattern) for pattern in FIRST.allow], "exempt": []})


@pytest.fixture
def make(open_rig):
    return functools.partial(open_rig, PanosRig, release=(11, 1, 4))


@pytest.fixture
def rig(make):
    return make()


def insert_header(rig, header=WORKSPACE, domain="*.chatgpt.com", profile="Corporate"):
    rig.by_hand("set", "/profiles/url-filtering/entry[@name='%s']" % profile,
                "<http-header-insertion><entry name='tenant'><type><entry name='Custom'><headers><entry name='h'><header>%s</header><value>x</value></entry>"
                "</headers><domains><member>%s</member></domains></entry></type></entry></http-header-insertion>" % (header, domain))


def url_profile(rig):
    return rig.twin.candidate.findtext(".//security/rules/entry[@name='chatgpt-allow']/profile-setting/profiles/url-filtering/member")


def order(rig):
    return [entry.get("name") for entry in rig.twin.candidate.find(".//security/rules")]


def test_a_header_is_tenant_control_though_nothing_is_exempt_and_our_rule_keeps_it(rig):
    insert_header(rig)
    with pytest.raises(Failed, match="tenant_control"):
        rig.run(policy=OPEN)
    rig.run(policy=OPEN, tenant_control="keep")
    assert url_profile(rig) == "Corporate" and order(rig).index("chatgpt-allow") < order(rig).index("Block AI")
    assert rig.twin.page(MEMBER, "ab.chatgpt.com") == ("allow", {WORKSPACE})
    assert not rig.run(policy=OPEN, tenant_control="keep")["changed"]


@pytest.mark.parametrize("domain, kept", [("*.chatgpt.com", True), ("^.chatgpt.com", True), ("*.com", True), ("google.com", False)])
def test_the_profile_is_carried_for_a_header_about_a_wanted_host_alone(rig, domain, kept):
    insert_header(rig, domain=domain)
    rig.run(policy=OPEN, tenant_control="keep")
    assert url_profile(rig) == ("Corporate" if kept else None)


def test_without_the_profile_our_rule_stays_below_the_one_that_has_it(rig):
    """The task names a profile group of its own."""
    rig.by_hand("set", "/profile-group/entry[@name='Light']", "<virus><member>default</member></virus>")
    insert_header(rig)
    result = rig.run(policy=OPEN, tenant_control="keep", adapter=rig.adapter(profile_group="Light"))
    assert order(rig).index("Web") < order(rig).index("chatgpt-allow") and {row["allowed"] for row in result["coverage"]} <= {"no", "unchecked"}
    rig.run(policy=OPEN, tenant_control="override", comment="CHG1", adapter=rig.adapter(profile_group="Light", tenant_control="override"))
    assert order(rig).index("chatgpt-allow") < order(rig).index("Block AI") and rig.twin.page(MEMBER, "ab.chatgpt.com") == ("allow", set())


def test_of_two_profiles_the_first_is_carried_and_the_rule_of_the_other_is_not_passed(rig):
    insert_header(rig)
    insert_header(rig, profile="Managers")
    rig.by_hand("set", "/rulebase/security/rules", rule(
        "Managers", "allow", "<profile-setting><profiles><url-filtering><member>Managers</member></url-filtering></profiles></profile-setting>",
        application="any", **dict(WHERE, **{"source-user": "example\\alice"})))
    rig.by_hand("move", "/rulebase/security/rules/entry[@name='Managers']", where="before", dst="Web")
    rig.run(policy=OPEN, tenant_control="keep")
    assert url_profile(rig) == "Managers" and order(rig).index("chatgpt-allow") > order(rig).index("Web")


def test_pages_that_an_existing_rule_blocks_stay_blocked(rig):
    rig.by_hand("set", "/profiles/custom-url-category/entry[@name='Anonymous']", "<list><member>chatgpt.com/backend-anon</member></list><type>URL List</type>")
    rig.by_hand("set", "/profiles/url-filtering/entry[@name='Corporate']", "<block><member>Anonymous</member></block>")
    result = rig.run(policy=OPEN)
    assert url_profile(rig) == "Corporate" and {row["pattern"]: row["allowed"] for row in result["coverage"]}[".chatgpt.com"] == "unchecked"
    assert rig.twin.page(MEMBER, "chatgpt.com", "/backend-anon/") == ("block", set()) and rig.twin.page(MEMBER, "chatgpt.com", "/chat") == ("allow", set())
    # Without decryption nobody sees a page.
    assert any("are not visible in undecrypted traffic" in line for line in rig.run(check=True)["warnings"])


def test_another_header_that_a_rule_of_ours_would_take_away_is_a_loss(rig):
    rig.by_hand("set", "/profile-group/entry[@name='Light']", "<virus><member>default</member></virus>")
    insert_header(rig, header="X-Restrict")
    assert not any(loss["control"] == "headers" for loss in rig.run(check=True, policy=OPEN)["losses"])
    with pytest.raises(Failed, match="refuse_losses.*HTTP header insertion tenant"):
        rig.run(policy=OPEN, refuse_losses=("headers",), adapter=rig.adapter(profile_group="Light", tenant_control="override"))


@pytest.mark.parametrize("kind, control", [
    ("vulnerability", "ips"), ("spyware", "anti_spyware"), ("virus", "av"), ("wildfire-analysis", "sandbox"), ("file-blocking", "file_control"),
    ("data-filtering", "dlp")])
def test_an_exempt_session_loses_the_scans_of_its_rule(rig, kind, control):
    rig.by_hand("set", "/profile-group/entry[@name='Standard']/%s" % kind, "<member>strict</member>")
    assert any(loss["control"] == control for loss in rig.run(check=True)["losses"])
    assert not any(loss["control"] == control for loss in rig.run(check=True, policy=OPEN)["losses"])
    with pytest.raises(Failed, match="refuse_losses"):
        rig.run(refuse_losses=(control,))


def test_an_exempt_session_is_told_by_its_name_alone(rig):
    assert not any(loss["control"] == "app_control" for loss in rig.run(check=True)["losses"])
    rig.by_hand("set", "/rulebase/security/rules", rule("No uploads", "deny", application="openai-chatgpt", **WHERE))
    loss, = (loss for loss in rig.run(check=True)["losses"] if loss["control"] == "app_control")
    assert "No uploads" in loss["rule"] and ".chatgpt.com" in loss["hosts"]
    with pytest.raises(Failed, match="refuse_losses"):
        rig.run(refuse_losses=("app_control",))
