# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is decrypted in Secure Access: which list a rule's exemption stands in, what is claimed of it, what goes into it and out again, whom else it reaches."""
from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import AccessError, Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella import adapter as product
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.decryption import LIST, WEB_PROFILE, Decryption, Sparing
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.umbrella.model import BLOCKED
from tests.contract.rig import FIRST, LATER, MEMBER, STRANGER, Fault, Killed
from tests.products.server import Fault as Weather, Reply
from tests.products.umbrella.rig import KEY, SecureAccessRig, WritingRig
from tests.products.umbrella.test_adapter import task
from tests.products.umbrella.twin import PROFILES, RULES, SETTINGS, SPARED, WEB

OURS = "netaccess.chatgpt (ChatGPT web)"
SCOPES = {PROFILES: "policies.securityProfiles:read", SPARED: "policies.donotdecryptlists:read", SETTINGS: "policies.settings:read"}


@pytest.fixture
def make(tmp_path):
    """Makes rigs of which the wire is no matter."""
    with contextlib.ExitStack() as stack:
        def build(kind=WritingRig, **options):
            made = kind(tmp_path, **options)
            stack.enter_context(made.twin.at_hand())
            return made
        yield build


@pytest.fixture
def secure(make):
    """A person has written the do not decrypt list."""
    return make(SecureAccessRig)


@pytest.fixture
def rig(make):
    """We write it."""
    return make()


def exempt(result) -> dict:
    return {row["pattern"]: row["exempt"] for row in result["coverage"] if row["exempt"] != "not wanted"}


def words(result) -> set:
    return set(exempt(result).values())


def notes(result) -> str:
    return " | ".join(row["note"] for row in result["coverage"])


def by_hand(result) -> list:
    return [line for line in result["manual"] if line.startswith("TLS exemption")]


def puts(rig) -> list:
    return [request.json for request in rig.twin.log if request.method == "PUT"]


def share(rig, **settings):
    """Of the members' rule: make it use another profile, or follow the default one."""
    rig.twin.rule("AI users")["settings"] = settings and {"umbrella.posture.webProfileId": settings["profile"]}


# -- reading ------------------------------------------------------------------------------------------------------


def test_what_a_person_wrote_is_seen_and_leaves_nothing_to_do(secure):
    result = secure.run()
    assert words(result) == {"yes"} and by_hand(result) == [] and puts(secure) == []
    by, = {row["exempt_by"] for row in result["coverage"] if row["exempt"] == "yes"}
    assert by == "the do not decrypt list AI exempt of the security profile AI profile"


def test_the_table_of_profiles_is_read_in_pages(secure):
    for number in range(120):
        secure.twin.add_profile("Profile %d" % number, None)
    profile = secure.twin.add_profile("The last one", secure.twin.spared("AI exempt")["id"])["id"]
    share(secure, profile=profile)
    assert words(secure.run()) == {"yes"} and len([one for one in secure.twin.log if one.path == PROFILES]) == 2


@pytest.mark.parametrize("path", sorted(SCOPES))
@pytest.mark.parametrize("status", [403, 404, 405])
def test_what_is_not_offered_or_not_allowed_makes_the_exemption_unchecked_and_nothing_else(rig, path, status):
    if status == 403:
        rig.twin.keys[KEY][1].discard(SCOPES[path])
    else:
        rig.twin.knobs.not_offered[path] = status
    share(rig)
    result = rig.run(accept_wider_audience=True)
    assert words(result) == {"unchecked"} and {row["allowed"] for row in result["coverage"]} == {"yes"} and puts(rig) == []
    line = by_hand(result)[0]
    assert "chatgpt.com, openai.com" in line and (SCOPES[path] in line if status == 403 else "does not have them" in line)
    rig.twin.log.clear()
    assert not rig.run(accept_wider_audience=True)["changed"]


def test_without_rules_nothing_is_known_of_exemptions_either(rig):
    rig.twin.keys[KEY][1].discard("policies.rules:read")
    result = rig.run()
    assert words(result) == {"unchecked"} and puts(rig) == [] and "could not write them" in by_hand(result)[0]


def test_a_task_that_does_not_scan_reads_none_of_it_and_claims_nothing(secure):
    result = secure.run(adapter=secure.adapter(scan_conflicts=False))
    asked = {request.path for request in secure.twin.log}
    assert not [path for path in asked if path.startswith(tuple(SCOPES))] and words(result) == {"unchecked"} and len(by_hand(result)) == 1


def test_a_task_that_writes_reads_what_it_has_to_know_whether_it_scans_or_not(rig):
    share(rig)
    with pytest.raises(Failed, match="the do not decrypt list Company also applies to the users of the access rule Default"):
        rig.run(adapter=rig.adapter(scan_conflicts=False))
    assert puts(rig) == []


@pytest.mark.parametrize("entry,word", [
    ("openai.com", "yes"), ("com", "yes"), ("api.openai.com", "no"), ("evilopenai.com", "no"), ("https://openai.com/x", "unchecked"), ("203.0.113.7", "no")])
def test_entries_hold_as_in_any_destination_list(secure, entry, word):
    row = secure.twin.spared("AI exempt")
    secure.twin.state.lists[row["behind"]]["items"] = []
    secure.twin.put_items(row["behind"], ["chatgpt.com", entry])
    found = exempt(secure.run())
    assert (found[".chatgpt.com"], found["*.openai.com"]) == ("yes", "unchecked" if entry == "api.openai.com" else word)


@pytest.mark.parametrize("change", [{"categories": [426]}, {"applications": 12}])
def test_a_category_or_an_application_may_hold_what_no_domain_holds(secure, change):
    row = secure.twin.spared("AI exempt")
    secure.twin.state.lists[row["behind"]]["items"] = []
    assert words(secure.run()) == {"no"}
    row.update(change)
    assert words(secure.run()) == {"unchecked"}


def test_entries_that_may_not_be_read_make_it_unchecked(rig):
    rig.twin.put_items(rig.twin._behind(rig.twin.spared("AI exempt"))["id"], ["chatgpt.com"])
    behind = "/%d/destinations" % rig.twin.spared("AI exempt")["behind"]
    rig.twin.faults.append(Weather("status", times=10 ** 3, when=lambda request: request.path.endswith(behind), reply=Reply.of_json({"error": "no"}, 404)))
    assert words(rig.run()) == {"unchecked"} and puts(rig) == []
    with pytest.raises(Failed, match="refuses GET .*%s" % behind):
        rig.run("deleted", adapter=rig.adapter(whole=True, removing=True, exempt_by="profile"))
    for exempt_by in ("auto", "manual"):
        result = rig.run("deleted", adapter=rig.adapter(whole=True, removing=True, exempt_by=exempt_by))
        assert "entries of the do not decrypt list AI exempt were not read" in result["manual"]


# -- from a rule to its list --------------------------------------------------------------------------------------


@pytest.fixture
def tables():
    found = Decryption("ChatGPT web")
    found.profiles, found.lists, found.settings = {"7": {"id": 7, "name": "P", LIST: 9}}, {9: {"id": 9, "name": "L"}}, {WEB_PROFILE: 7}
    return found


def rule(*values) -> dict:
    return {"ruleName": "R", "ruleSettings": [{"settingName": WEB_PROFILE, "settingValue": value} for value in values]}


@pytest.mark.parametrize("values", [(), (7,), ("7",)], ids=str)
def test_a_profile_is_named_by_a_number_or_a_text_or_by_default(tables, values):
    assert str(tables.place(rule(*values))) == "the do not decrypt list L of the security profile P"


@pytest.mark.parametrize("told", [{"ruleName": "R"}, {"ruleName": "R", "ruleSettings": None}, rule(7, 7), rule(8), rule(None), rule(True)], ids=str)
def test_a_rule_that_does_not_tell_its_profile_is_not_known(tables, told):
    place = tables.place(told)
    assert place.row is None and not place.none and place.why


def test_a_profile_that_does_not_speak_of_lists_is_not_known(tables):
    tables.profiles["7"].pop(LIST)
    assert tables.place(rule()).row is None and not tables.place(rule()).none
    tables.profiles["7"][LIST] = None
    assert tables.place(rule()).none


@pytest.mark.parametrize("missing", ["decryptExceptionCategories", "exceptionapplicationlistId"])
def test_a_list_that_does_not_speak_of_categories_or_applications_may_have_some(tables, missing):
    row, wanted = {"id": 9, "name": "L", "decryptExceptionCategories": [], "exceptionapplicationlistId": None}, frozenset(FIRST.exempt)
    tables.items[9] = []
    assert not Sparing(tables, State()).held(row, wanted).all
    row.pop(missing)
    assert Sparing(tables, State()).held(row, wanted).may == wanted


def test_a_rule_without_a_profile_follows_the_default_one(secure):
    share(secure)
    result = secure.run()
    assert words(result) == {"no"} and "the do not decrypt list Company of the security profile Company profile does not hold it" in notes(result)
    secure.twin.state.settings["umbrella.posture.webProfileId"] = secure.twin.profile("AI profile")["id"]
    assert words(secure.run()) == {"yes"}


@pytest.mark.parametrize("settings", [{}, {"umbrella.posture.webProfileId": 999999}, {"umbrella.posture.webProfileId": None}], ids=["none", "other", "null"])
def test_a_default_that_is_not_told_is_not_guessed(secure, settings):
    share(secure)
    secure.twin.state.settings = dict(settings, **{"sse.globalIPSEnabled": False})
    result = secure.run()
    assert words(result) == {"unchecked"} and "was not read" in notes(result)


def test_a_profile_without_a_list_exempts_nothing_and_one_that_does_not_tell_may(secure):
    secure.twin.profile("AI profile")["list"] = None
    result = secure.run()
    assert words(result) == {"no"} and "the security profile AI profile has no do not decrypt list" in by_hand(result)[0]
    secure.twin.profile("AI profile")["list"] = 999999
    assert words(secure.run()) == {"unchecked"}


@pytest.mark.parametrize("people,action,word", [
    (None, "allow", "no"), (None, "warn", "no"), (["member"], "allow", "unchecked"), (["stranger"], "warn", "unchecked")])
def test_a_rule_that_is_asked_before_decides_by_its_own_profile(secure, people, action, word):
    early = secure.twin.add_rule("Early", action, people, at=0)
    result = secure.run(accept_wider_audience=True)
    assert words(result) == {word} and ("access rule Early may have it decrypted" in notes(result)) == (word == "unchecked")
    early["settings"] = {"umbrella.posture.webProfileId": secure.twin.profile("AI profile")["id"]}
    assert words(secure.run(accept_wider_audience=True)) == {"yes"}


def test_a_rule_before_whose_list_was_not_read_may_decide(secure):
    secure.twin.add_rule("Early", "allow", None, [999999], at=0)
    result = secure.run()
    assert words(result) == {"unchecked"} and "access rule Early may have it decrypted" in notes(result)
    secure.twin.rule("Early")["ruleAction"] = "block"
    result = secure.run()
    assert {row["allowed"] for row in result["coverage"]} == {"unchecked"} and "the access rule Early may block it" in notes(result)


def test_of_many_rules_that_may_decide_a_few_are_named(secure):
    for number in range(5):
        secure.twin.add_rule("Early %d" % number, "allow", ["member"], at=0)
    note = next(row["note"] for row in secure.run(accept_wider_audience=True)["coverage"] if row["exempt"] == "unchecked")
    assert note.count("may have it decrypted") == 3 and note.endswith("and 2 more reasons")


def test_a_rule_before_that_lets_other_hosts_pass_decides_nothing(secure):
    secure.twin.add_rule("Early", "allow", ["member"], [secure.twin.add_list("Partners", "none", WEB, ["partner.example"])["id"]], at=0)
    secure.twin.add_rule("Earlier", "allow", ["stranger"], [secure.twin.add_list("More", "none", WEB, ["openai.com"])["id"]], at=0)
    assert exempt(secure.run()) == {".chatgpt.com": "yes", "*.openai.com": "unchecked"}
    assert exempt(secure.run(adapter=secure.adapter(whole=True))) == {".chatgpt.com": "yes", "*.openai.com": "unchecked"}


def test_a_rule_that_blocks_decrypts_nothing_and_one_below_is_not_asked(secure):
    secure.twin.add_rule("Early", "block", ["member"], at=0)
    secure.twin.add_rule("Late", "allow", None)
    assert words(secure.run(accept_wider_audience=True)) == {"yes"}
    secure.twin.rule("Early")["people"] = None
    result = secure.run(accept_wider_audience=True)
    assert words(result) == {"unchecked"} and "the access rule Early blocks it" in notes(result)


def test_a_rule_of_the_audience_that_only_may_decide_leaves_it_to_those_below(secure):
    secure.twin.rule("AI users")["more"] = [{"attributeName": "umbrella.destination.port", "attributeValue": "443", "attributeOperator": "="}]
    result = secure.run()
    assert words(result) == {"unchecked"} and "no access rule that was read certainly matches it" in notes(result)


def test_every_rule_of_the_audience_has_to_exempt(secure):
    secure.twin.add_rule("More users", "allow", ["stranger"], [secure.list()["id"]], at=1)
    adapter = secure.adapter()
    adapter._settings = adapter._spared._settings = replace(adapter._settings, audience=(("rules", ("AI users", "More users")),))
    assert words(secure.run(adapter=adapter)) == {"no"}


# -- IPS ----------------------------------------------------------------------------------------------------------


def test_ips_decrypts_by_itself_and_goes_by_the_list_of_the_vendor(rig):
    rig.twin.state.settings["sse.globalIPSEnabled"] = True
    result = rig.run()
    assert words(result) == {"unchecked"} and "IPS may decrypt it" in notes(result) and rig.decide(MEMBER, "chatgpt.com") == ("allow", "decrypt")
    line, = by_hand(result)
    assert "the vendor-provided do not decrypt list System provided for the whole organisation" in line and line.endswith(": chatgpt.com, openai.com")
    assert list(rig.twin.spares("System provided")) == ["update.example"]
    rig.twin.put_items(rig.twin.spared("System provided")["behind"], ["chatgpt.com", "openai.com"])
    result = rig.run()
    assert words(result) == {"yes"} and by_hand(result) == [] and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


@pytest.mark.parametrize("value", [None, "off"])
def test_ips_that_is_not_known_to_be_off_may_decrypt(secure, value):
    secure.twin.state.settings["sse.globalIPSEnabled"] = value
    assert words(secure.run()) == {"unchecked"}


def test_which_of_two_lists_the_vendor_provides_is_not_guessed(secure):
    secure.twin.state.settings["sse.globalIPSEnabled"] = True
    secure.twin.put_items(secure.twin.spared("System provided")["behind"], ["chatgpt.com", "openai.com"])
    assert words(secure.run()) == {"yes"}
    secure.twin.add_spared("Another", ["x.example"], isDefault=True)
    assert words(secure.run()) == {"unchecked"}


# -- writing ------------------------------------------------------------------------------------------------------


def test_entries_go_in_one_by_one_and_out_again_and_nothing_else_is_written(rig):
    rig.twin.put_items(rig.twin._behind(rig.twin.spared("AI exempt"))["id"], ["bank.example"], "by HR")
    rig.twin.spared("AI exempt")["categories"] = [7]
    site = rig.snapshot()
    result = rig.run(adapter=rig.adapter(comment="CHG1"))
    assert rig.twin.spares("AI exempt") == {"bank.example": "by HR", "chatgpt.com": OURS + " CHG1", "openai.com": OURS + " CHG1"}
    assert puts(rig) == [{"name": "AI exempt", "addDestinations": [{"destination": name, "comment": OURS + " CHG1"} for name in ("chatgpt.com", "openai.com")]}]
    assert {(change["kind"], change["op"]) for change in result["changes"]} == {
        ("web destination list", "create"), ("entries of do not decrypt list", "create")}
    assert words(result) == {"yes"} and by_hand(result) == [] and result["audience_widened"] == []
    rig.twin.log.clear()
    rig.run("reverted", journal=result["journal"])
    assert rig.snapshot() == site and puts(rig) == [
        {"name": "AI exempt", "removeDestinations": [{"destination": name, "comment": OURS + " CHG1"} for name in ("chatgpt.com", "openai.com")]}]
    assert not [request for request in rig.twin.log if request.method != "GET" and request.path.startswith((PROFILES, RULES, SETTINGS))]


def test_an_entry_of_ours_goes_with_the_comment_that_it_has(make):
    rig = make(comment_to_remove=True)
    site = rig.snapshot()
    rig.run(adapter=rig.adapter(comment="CHG1"))
    rig.run("deleted", adapter=rig.adapter(comment="CHG2"))
    assert rig.snapshot() == site


def test_a_list_that_has_no_domains_yet_gets_its_first_ones(rig):
    assert rig.twin.spared("AI exempt")["behind"] is None
    rig.run()
    assert set(rig.twin.spares("AI exempt")) == {"chatgpt.com", "openai.com"} and not rig.run()["changed"]


def test_what_others_have_in_it_is_not_repeated_and_stays(rig):
    rig.twin.put_items(rig.twin._behind(rig.twin.spared("AI exempt"))["id"], ["openai.com"], "by HR")
    rig.run()
    assert rig.twin.spares("AI exempt") == {"openai.com": "by HR", "chatgpt.com": OURS}
    rig.run("replaced", LATER)
    rig.run("deleted")
    assert rig.twin.spares("AI exempt") == {"openai.com": "by HR"}


def test_ours_stays_where_somebody_adds_a_wider_one_later(rig):
    rig.run()
    rig.twin.put_items(rig.twin.spared("AI exempt")["behind"], ["com"], "by HR")
    assert not rig.run("replaced", adapter=rig.adapter(whole=True))["changed"] and set(rig.twin.spares("AI exempt")) == {"chatgpt.com", "openai.com", "com"}


def test_what_is_no_longer_exempt_is_stale_and_goes_with_replaced(rig):
    rig.run()
    kept = Policy(FIRST.allow, LATER.exempt, retired=LATER.retired)
    assert [one["object"] for one in rig.run(policy=kept)["stale"]] == []
    assert set(rig.twin.spares("AI exempt")) == {"chatgpt.com", "openai.com"}
    rig.run("replaced", kept)
    assert set(rig.twin.spares("AI exempt")) == {"chatgpt.com"}


def test_entries_follow_the_rule_to_another_profile(rig):
    rig.run()
    share(rig, profile=rig.twin.add_profile("New profile", rig.twin.add_spared("New list", [])["id"])["id"])
    rig.run()
    assert set(rig.twin.spares("New list")) == set(rig.twin.spares("AI exempt")) == {"chatgpt.com", "openai.com"}
    rig.run("replaced", adapter=rig.adapter(whole=True))
    assert set(rig.twin.spares("New list")) == {"chatgpt.com", "openai.com"} and rig.twin.spares("AI exempt") == {}
    rig.run("deleted", adapter=rig.adapter(exempt_by="manual", whole=True, removing=True))
    assert rig.twin.spares("New list") == {}


def test_a_task_that_leaves_it_to_a_person_again_keeps_ours_until_it_replaces(rig):
    rig.run()
    adapter = rig.adapter(exempt_by="manual")
    assert not rig.run(adapter=adapter)["changed"] and set(rig.twin.spares("AI exempt")) == {"chatgpt.com", "openai.com"}
    rig.run("replaced", adapter=rig.adapter(exempt_by="manual", whole=True))
    assert rig.twin.spares("AI exempt") == {}


def test_two_tasks_share_a_list_and_take_out_their_own(rig):
    other = {"names": {"web": "Pilot"}, "audience": (("rules", ("Pilots",)),)}
    rig.twin.add_rule("Pilots", "allow", ["pilot"], at=1, profile=rig.twin.profile("AI profile")["id"])
    wide = {"accept_wider_audience": True}
    rig.run(**wide)
    policy = Policy.from_config({"allow": ["chatgpt.com", "sora.com"], "exempt": ["chatgpt.com", "sora.com"]})
    rig.run(policy=policy, adapter=rig.adapter(**other), **wide)
    assert rig.twin.spares("AI exempt") == {"chatgpt.com": OURS, "openai.com": OURS, "sora.com": "netaccess.chatgpt (Pilot)"}
    rig.run("deleted")
    assert set(rig.twin.spares("AI exempt")) == {"sora.com"}
    rig.run(policy=policy, adapter=rig.adapter(**other), **wide)
    assert set(rig.twin.spares("AI exempt")) == {"sora.com", "chatgpt.com"}, "what the first one took is missed and made good"


def test_a_list_that_a_person_renames_is_still_the_same(rig):
    site = rig.snapshot()
    journal = rig.run()["journal"]
    rig.twin.spared("AI exempt")["name"] = "Exempt"
    assert not rig.run()["changed"]
    rig.run("reverted", journal=journal)
    rig.twin.spared("Exempt")["name"] = "AI exempt"
    assert rig.snapshot() == site


def test_a_name_that_somebody_gave_meanwhile_is_not_taken_back(rig):
    adapter = rig.adapter()
    send = adapter.send

    def renamed(request):
        if request["method"] == "PUT":
            rig.twin.spared("AI exempt" if "addDestinations" in request["body"] else "Exempt")["name"] = "Exempt"
        return send(request)
    adapter.send = renamed
    with pytest.raises(Failed, match="AI exempt was renamed to Exempt") as failed:
        rig.run(adapter=adapter)
    assert failed.value.result["failure"]["class"] == "conflict" and puts(rig) == [] and rig.twin.spares("Exempt") == {}
    assert rig.list()["items"] == [], "the allowlist went back"


def test_a_service_that_keeps_no_comments_is_found_out_and_what_was_written_goes_back(make):
    rig = make(keeps_comments=False)
    site = rig.snapshot()
    with pytest.raises(Failed, match="does not store comments .* old state was restored"):
        rig.run()
    assert rig.snapshot() == site and len(puts(rig)) == 2


def test_an_entry_that_somebody_else_adds_at_the_same_time_stays_theirs(make):
    rig = make(duplicates="ignore")
    adapter = rig.adapter()
    send = adapter.send

    def meanwhile(request):
        if request["method"] == "PUT" and "addDestinations" in request["body"]:
            rig.twin.put_items(rig.twin._behind(rig.twin.spared("AI exempt"))["id"], ["openai.com"], "by HR")
        return send(request)
    adapter.send = meanwhile
    with pytest.raises(Failed):
        rig.run(adapter=adapter)
    assert rig.twin.spares("AI exempt") == {"openai.com": "by HR"}
    assert rig.run()["changed"] and rig.twin.spares("AI exempt") == {"openai.com": "by HR", "chatgpt.com": OURS}


def test_an_entry_that_is_accepted_and_dropped_is_told_and_the_rest_taken_back(make):
    rig = make(lag=5)
    answer = rig.twin.answer

    def swallows(request):
        rig.twin.knobs.swallowed = ("sora.com",) if request.path.startswith(SPARED) else ()
        return answer(request)
    rig.twin.answer = swallows
    site = rig.snapshot()
    policy = Policy.from_config({"allow": ["chatgpt.com", ".openai.com", "*.sora.com"], "exempt": ["chatgpt.com", "*.sora.com"]})
    with pytest.raises(Failed, match="do not decrypt list AI exempt and dropped 1 of them: sora.com"):
        rig.run(policy=policy)
    rig.settle()
    assert rig.snapshot() == site


def test_many_names_go_in_batches(rig):
    names = [".h%d.example.com" % number for number in range(1200)]
    policy = Policy.from_config({"allow": names, "exempt": names})
    rig.run(policy=policy)
    assert [len(body["addDestinations"]) for body in puts(rig)] == [500, 500, 200] and not rig.run(policy=policy)["changed"]
    rig.run("deleted")
    assert [len(body["removeDestinations"]) for body in puts(rig)[3:]] == [500, 500, 200] and rig.twin.spares("AI exempt") == {}


@pytest.mark.parametrize("left", [0, 1])
def test_a_run_that_dies_at_a_write_is_finished_and_can_be_taken_back(rig, left):
    site = rig.snapshot()
    with pytest.raises(Killed):
        rig.run(fault=Fault("kill", left))
    assert rig.snapshot() != site
    rig.run("reverted")
    assert rig.snapshot() == site
    with pytest.raises(Killed):
        rig.run(fault=Fault("kill", left))
    rig.run()
    assert rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel") and not rig.run()["changed"]


def test_a_key_that_may_not_write_there_is_told_and_the_allowlist_goes_back(rig):
    rig.twin.keys[KEY][1].discard("policies.donotdecryptlists:write")
    site = rig.snapshot()
    with pytest.raises(Failed, match="Give the key policies.donotdecryptlists:write, or set exempt_by: manual.*old state was restored") as failed:
        rig.run()
    assert failed.value.result["failure"]["class"] == "auth" and rig.snapshot() == site


def test_what_is_ours_is_gathered_whether_a_rule_is_named_or_not(rig):
    rig.run()
    adapter = rig.adapter()
    adapter._settings = adapter._spared._settings = replace(adapter._settings, audience=(), exempt_by="manual")
    found = [one for one in rig.run("gathered", adapter=adapter)["gathered"] if one["kind"] != "web destination list"]
    assert [one["members"]["destinations"] for one in found] == [["chatgpt.com", "openai.com"]]


@pytest.mark.parametrize("state", ["deleted", "reverted", "replaced"])
def test_what_cannot_be_read_is_not_reported_as_gone(rig, state):
    journal = rig.run()["journal"]
    rig.twin.keys[KEY][1].discard("policies.donotdecryptlists:read")
    site = rig.snapshot()
    with pytest.raises(Failed, match="lacks the scope"):
        rig.run(state, adapter=rig.adapter(whole=True, removing=state == "deleted", exempt_by="profile"), **(
            {"journal": journal} if state == "reverted" else {}))
    assert rig.snapshot() == site
    for exempt_by in ("auto", "manual"):
        manual = rig.run("deleted", adapter=rig.adapter(exempt_by=exempt_by, whole=True, removing=True))["manual"]
        assert any(SCOPES[SPARED] in line for line in manual) and any("comment begins with " + OURS in line for line in manual)


@pytest.mark.parametrize("exempt_by", ["auto", "manual"])
@pytest.mark.parametrize("status", [403, 404])
def test_a_rollback_of_entries_that_cannot_be_read_is_refused(rig, exempt_by, status):
    journal, behind = rig.run()["journal"], "/%d/destinations" % rig.twin.spared("AI exempt")["behind"]
    site = rig.snapshot()
    if status == 403:
        rig.twin.keys[KEY][1].discard("policies.donotdecryptlists:read")
    else:
        rig.twin.faults.append(Weather("status", times=10 ** 3, when=lambda request: request.path.endswith(behind), reply=Reply.of_json({"error": "no"}, 404)))
    with pytest.raises(Failed, match="nothing was rolled back.*entries of do not decrypt list .*not read"):
        rig.run("reverted", journal=journal, adapter=rig.adapter(exempt_by=exempt_by, whole=True))
    assert rig.snapshot() == site


def test_a_rollback_of_a_change_that_wrote_no_such_entries_needs_no_scope_for_them(rig):
    rig.twin.keys[KEY][1].discard("policies.donotdecryptlists:read")
    site = rig.snapshot()
    journal = rig.run()["journal"]
    assert rig.list()["items"]
    rig.run("reverted", journal=journal, adapter=rig.adapter(whole=True))
    assert rig.snapshot() == site


def test_what_this_run_wrote_and_cannot_read_any_more_is_not_confirmed(rig):
    adapter = rig.adapter()
    send = adapter.send

    def sent(request):
        reply = send(request)
        if request["method"] == "PUT":
            rig.twin.keys[KEY][1].discard("policies.donotdecryptlists:read")
        return reply
    adapter.send = sent
    with pytest.raises(Failed, match="lacks the scope.*The rollback failed as well"):
        rig.run(adapter=adapter)


@pytest.mark.parametrize("listed", [True, False])
def test_lists_behind_do_not_decrypt_lists_are_no_lists_that_block(make, listed):
    rig = make(exceptions_listed=listed)
    rig.run()
    result = rig.run("replaced", adapter=rig.adapter(whole=True))
    assert not result["changed"] and result["conflicts"] == []
    assert {ref.name for ref in rig.adapter(whole=True).read().objects if ref.kind == BLOCKED} == {"Bad sites: gambling.example", "Unused: openai.com"}


# -- whom else it reaches -----------------------------------------------------------------------------------------


def more(rig, name="Others", action="allow", enabled=True, profile="AI profile"):
    made = rig.twin.add_rule(name, action, ["stranger"], [rig.twin.named("Unused")["id"]], profile=profile and rig.twin.profile(profile)["id"])
    made["ruleIsEnabled"] = enabled


@pytest.mark.parametrize("action", ["allow", "warn", "isolate", "quarantine"])
def test_another_rule_with_the_profile_has_to_be_accepted(rig, action):
    more(rig, action=action)
    with pytest.raises(Failed, match="the do not decrypt list AI exempt also applies to the users of the access rule Others"):
        rig.run()
    assert puts(rig) == [] and rig.list()["items"] == []
    assert rig.run(accept_wider_audience=True)["changed"]


def test_another_profile_with_the_list_has_to_be_accepted(rig):
    rig.twin.add_profile("Copy", rig.twin.spared("AI exempt")["id"])
    assert rig.run(check=True)["audience_widened"] == [], "nobody has it"
    more(rig, profile="Copy")
    with pytest.raises(Failed, match="the do not decrypt list AI exempt also applies to the users of the access rule Others"):
        rig.run()


def test_a_rule_whose_profile_is_not_known_may_have_it(rig):
    rig.twin.add_rule("Others", "allow", ["stranger"], [], profile=999999)
    with pytest.raises(Failed, match="AI exempt may also apply to the users of the access rule Others"):
        rig.run()


@pytest.mark.parametrize("change", [{"action": "block"}, {"enabled": False}, {"profile": "Company profile"}, {"profile": None}],
                         ids=lambda change: "%s %s" % next(iter(change.items())))
def test_rules_that_do_not_come_by_it_are_not_others(rig, change):
    more(rig, **change)
    assert rig.run()["audience_widened"] == [] and rig.decide(STRANGER, "openai.com")[1] != "tunnel"


def test_the_default_profile_is_everybodys(rig):
    rig.twin.state.rules.pop()
    assert rig.run(check=True)["audience_widened"] == []
    rig.twin.state.settings["umbrella.posture.webProfileId"] = rig.twin.profile("AI profile")["id"]
    with pytest.raises(Failed, match="that of the organisation's default security profile"):
        rig.run()


def test_the_list_of_the_vendor_is_the_whole_organisations(rig):
    rig.twin.profile("AI profile")["list"] = rig.twin.spared("System provided")["id"]
    with pytest.raises(Failed, match="System provided is the list that IPS uses for the whole organisation"):
        rig.run()
    rig.twin.state.settings["sse.globalIPSEnabled"] = True
    assert words(rig.run(accept_wider_audience=True)) == {"yes"} and rig.decide(MEMBER, "chatgpt.com") == ("allow", "tunnel")


def test_nothing_is_wider_where_nothing_of_ours_is_written(rig):
    rig.twin.put_items(rig.twin._behind(rig.twin.spared("AI exempt"))["id"], ["openai.com", "chatgpt.com"], "by HR")
    more(rig)
    assert rig.run()["audience_widened"] == [] and puts(rig) == []


def test_a_protected_list_is_left_to_a_person(rig):
    more(rig)
    result = rig.run(adapter=rig.adapter(protected=("AI exempt",)))
    assert result["changed"] and puts(rig) == [] and "it is protected" in by_hand(result)[0] and words(result) == {"no"}


def test_a_profile_without_a_list_is_left_to_a_person(rig):
    rig.twin.profile("AI profile")["list"] = None
    result = rig.run()
    assert result["changed"] and puts(rig) == [] and "has no do not decrypt list" in by_hand(result)[0]


def test_a_name_above_a_decrypted_one_takes_that_along_and_says_so(rig):
    policy = Policy.from_config({"allow": ["openai.com", "*.openai.com"], "exempt": ["*.openai.com"]})
    result = rig.run(policy=policy)
    note, = [row["note"] for row in result["coverage"] if row["exempt"] == "not wanted"]
    assert "also exempt if a list contains openai.com" in note and rig.decide(MEMBER, "openai.com") == ("allow", "tunnel")


# -- what is lost -------------------------------------------------------------------------------------------------


def losses(rig) -> dict:
    return {loss["control"]: loss["rule"] for loss in rig.run(check=True, accept_wider_audience=True)["losses"]}


def test_what_a_profile_tells_is_lost_and_what_it_does_not_tell_may_be(rig):
    found = losses(rig)
    assert found["av"] == found["sandbox"] == found["anti_spyware"] == "the security profile AI profile"
    untold = "the security profile AI profile, if it uses the list; the API does not show that"
    assert found["dlp"] == found["file_control"] == found["app_control"] == found["casb"] == found["isolation"] == untold
    assert not {"ips", "headers"} & set(found)
    for control in sorted(found):
        with pytest.raises(Failed, match="refuse_losses: .*%s" % control):
            rig.run(refuse_losses=(control,))
    assert puts(rig) == [] and rig.list()["items"] == [] and rig.run(refuse_losses=("ips",))["changed"]


def test_ips_is_lost_in_the_list_of_the_vendor_and_where_the_list_is_not_known(rig):
    rig.twin.profile("AI profile")["list"] = rig.twin.spared("System provided")["id"]
    assert "ips" in losses(rig)
    rig.twin.profile("AI profile")["list"] = 999999
    assert "ips" in losses(rig)


def test_every_control_may_be_lost_where_the_profile_is_not_known(rig):
    share(rig, profile=999999)
    assert {"av", "sandbox", "anti_spyware", "app_control", "casb", "dlp", "file_control", "isolation", "ips", "headers"} == set(losses(rig))


@pytest.mark.parametrize("where", ["profile", "rule", "default"])
def test_tenant_controls_are_lost(rig, where):
    if where == "profile":
        rig.twin.profile("AI profile")["more"] = {"restriction": {"id": 5, "name": "M365", "domains": [], "restrictions": []}}
        assert losses(rig)["headers"] == "tenant control of the security profile AI profile"
    else:
        settings = rig.twin.rule("AI users")["settings"] if where == "rule" else rig.twin.state.settings
        settings["sse.tenantControlProfileId"] = 5
        assert losses(rig)["headers"].endswith("the API does not show that")


def test_a_tenant_control_of_chatgpt_is_a_decision_of_the_operator(rig):
    rig.twin.profile("AI profile")["more"] = {"restriction": {"id": 5, "name": "AI", "domains": [], "restrictions": [{"applicationName": "ChatGPT"}]}}
    with pytest.raises(Failed, match="restricts users to your own ChatGPT workspace"):
        rig.run()
    rig.run(tenant_control="keep")
    assert rig.twin.spares("AI exempt") == {} and rig.list()["items"]
    rig.run(tenant_control="override", comment="CHG1")
    assert set(rig.twin.spares("AI exempt")) == {"chatgpt.com", "openai.com"}


# -- the option ---------------------------------------------------------------------------------------------------


def test_umbrella_has_no_such_lists():
    with pytest.raises(AccessError, match="exempt_by: profile is only for service secure_access"):
        product.from_module(task(exempt_by="profile"))
    rules = {"dns_policies": [], "web_policies": [], "rules": ["A"], "everyone": False}
    assert product.from_module(task(service="secure_access", audience=rules, exempt_by="profile"))._settings.exempt_by == "profile"
    assert not product.from_module(task())._settings.spares


@pytest.mark.parametrize("exempt_by,writes", [("auto", True), ("profile", True), ("manual", False)])
def test_where_there_is_an_api_the_exemption_is_written_unless_the_task_says_otherwise(rig, exempt_by, writes):
    rules = {"dns_policies": [], "web_policies": [], "rules": ["AI users"], "everyone": False}
    settings = product.from_module(task(service="secure_access", audience=rules, exempt_by=exempt_by))._settings
    adapter = rig.adapter()
    adapter._settings = adapter._spared._settings = settings
    result = rig.run(adapter=adapter)
    assert bool(puts(rig)) is writes and words(result) == {"yes" if writes else "no"} and ("exempt_by is manual" in str(by_hand(result))) is not writes


def test_whom_an_exemption_reaches_besides_is_told_with_what_avoids_it(rig):
    more(rig)
    with pytest.raises(Failed, match="users of the access rule Others .not so with a security profile for AI users whose list .* or with exempt_by: manual"):
        rig.run()
    assert rig.run(adapter=rig.adapter(exempt_by="manual"))["audience_widened"] == [] and puts(rig) == []


def test_requests_of_a_run_that_writes_and_of_a_rerun(rig):
    """Of a run that does not, but for the entries, since there are none yet. Then the list is asked for its name before it is written, and read back with its
    entries; the table and the entries are read again at the end. A later run reads as one that does not write."""
    first = rig.run()["requests"]
    assert (first["reads"], first["writes"]) == (15 - 1 + 1 + 2 + 2, 2)
    again = rig.run()["requests"]
    assert (again["reads"], again["writes"]) == (1 + 1 + 1 + 3 + 4 + 2, 0)
