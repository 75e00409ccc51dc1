# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge of Symantec alone, on policy that is handed to it: no Management Center, no device, no twin."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.assessment import Assessment
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import State
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.judge import Assessor
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg.model import CPL, URL_LIST, Settings, Site
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.findings import conflict_id
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK

POLICY = {"allow": [".chatgpt.com", "js.stripe.com"], "exempt": [".chatgpt.com"]}
BOTH = (".chatgpt.com", "js.stripe.com")
WHO = "client.address=10.1.0.0/24"
PART = "client.address=10.1.0.10"
DEFINED = """define condition netaccess_chatgpt_exempt
  url.domain=chatgpt.com
end
define condition netaccess_chatgpt_allow
  url.domain=chatgpt.com
  url.host.exact=js.stripe.com
end
"""
SPARE = "<SSL-Intercept>\n  condition=netaccess_chatgpt_exempt %s ssl.forward_proxy(no)\n" % WHO
OPEN = "<Proxy>\n  condition=netaccess_chatgpt_allow url.port=443 %s ALLOW\n" % WHO
OURS = DEFINED + SPARE + OPEN


def row(number: str, name: str, kind=CPL, description=MARK) -> dict:
    return {"uuid": number, "name": name, "contentType": kind, "description": description}


def section(text: str) -> dict:
    return {"content": {"sections": [{"name": "ChatGPT", "defaultPolicy": text}]}}


def assess(before="", behind="", *, ours=OURS, runs=None, planned=None, urls=None, policy=None, consoles=True, **settings) -> Assessment:
    """What the judge says where a device runs ``ours`` with this policy around it. ``runs``: what of ours it runs instead; ``planned``: what Management Center
    is predicted to hold; ``urls``: a URL list Company of the site, which policies know as a category."""
    made = Settings(**dict({"clients": ("10.1.0.0/24",)}, **settings))
    site = Site(made, [row("1", "ChatGPT"), row("2", "Other")], {"1": section(ours), "2": section(before)})
    if urls is not None:
        site.policies.append(row("3", "Company", URL_LIST, ""))
        site.contents["3"] = {"content": {"urls": [{"url": one, "description": "", "enabled": True} for one in urls]}}
    if consoles:
        site.current = {"console": before + (ours if runs is None else runs) + behind}
    read = State(site.objects())
    state = read
    if planned is not None:
        state = State(Site(made, [row("1", "ChatGPT")], {"1": section(planned)}).objects())
    return Assessor(made, site, Policy.from_config(policy or POLICY), state, state is not read).assess()


def words(found: Assessment, which="allowed") -> list:
    return [getattr(one, which) for one in found.coverage]


def notes(found: Assessment) -> list:
    return [one.note for one in found.coverage]


def told(found: Assessment) -> list:
    return [(one.effect, one.where, one.hosts, one.certain) for one in found.conflicts]


# -- what is in force


EXEMPT_BY_DOMAIN = {"allow": [".chatgpt.com", "*.openai.com", "js.stripe.com"], "exempt": [".chatgpt.com"]}


def test_what_a_device_runs_is_in_force():
    found = assess()
    assert [(one.allowed, one.allowed_by, one.exempt, one.exempt_by, one.note) for one in found.coverage] == [
        ("yes", "policy ChatGPT", "yes", "policy ChatGPT", ""), ("yes", "policy ChatGPT", "not wanted", None, "")]
    assert (found.conflicts, found.losses, found.tenant_controls, found.audience_widened) == ([], [], [], [])


WAITS = "waits for installation on console"


@pytest.mark.parametrize("options, allowed, exempt, note", [
    ({"runs": ""}, "no", "no", WAITS), ({"mode": "upe"}, "unchecked", "unchecked", "the policy that Cloud SWG runs cannot be read"),
    ({"consoles": False}, "unchecked", "unchecked", "in Management Center; without consoles it is unknown whether a device runs it"),
    ({"scan_conflicts": False}, "unchecked", "unchecked", "the existing rules were not read"),
    # A plan that is installed by a request, or that a person installs.
    ({"runs": "", "ours": "", "planned": OURS, "installs": True}, "yes", "yes", ""), ({"runs": "", "ours": "", "planned": OURS}, "no", "no", WAITS),
    ({"runs": "", "installs": True}, "no", "no", WAITS), ({"runs": "", "scan_conflicts": False}, "no", "no", WAITS)], ids=str)
def test_whether_ours_is_in_force(options, allowed, exempt, note):
    found = assess(**options)
    assert words(found) == [allowed] * 2 and words(found, "exempt") == [exempt, "not wanted"] and notes(found) == [note] * 2


def test_without_the_scan_no_rule_is_judged():
    found = assess("<Proxy>\n  FORCE_DENY\n", "<SSL-Intercept>\n  ssl.forward_proxy(https)\n", scan_conflicts=False)
    assert found.conflicts == [] and words(found) == ["unchecked"] * 2 and words(found, "exempt")[0] == "unchecked"


def test_a_plan_that_changes_ours_waits_on_every_console_though_these_run_what_was_there():
    assert words(assess(planned=OURS.replace("js.stripe.com", "js.stripe.com\n  url.domain=new.example")))[0] == "no"


@pytest.mark.parametrize("ours, allowed, exempt", [
    (DEFINED + SPARE, ["no", "no"], "yes"), (DEFINED + OPEN, ["yes", "yes"], "no"), ("", ["no", "no"], "no"),
    (OURS.replace("  url.host.exact=js.stripe.com\n", ""), ["yes", "no"], "yes")])
def test_what_ours_does_not_hold_or_has_no_rule_for_is_not_allowed(ours, allowed, exempt):
    found = assess(ours=ours)
    assert words(found) == allowed and words(found, "exempt")[0] == exempt
    assert [one.allowed_by for one in found.coverage] == ["policy ChatGPT" if word == "yes" else None for word in allowed]
    assert found.coverage[0].exempt_by == ("policy ChatGPT" if exempt == "yes" else None)


def test_without_our_policy_nothing_is_held():
    found = assess(ours="", planned="")
    assert words(found) == ["no"] * 2 and notes(found) == ["", ""]


def test_why_ours_is_not_in_force_is_not_said_of_what_it_does_not_hold():
    found = assess(ours=OURS.replace("  url.host.exact=js.stripe.com\n", ""), runs="")
    assert notes(found) == [WAITS, ""]
    found = assess(ours=DEFINED + SPARE, runs="")
    assert notes(found) == [WAITS, ""] and words(found, "exempt")[0] == "no"
    assert notes(assess(ours="", runs=OURS)) == ["", ""]
    found = assess(ours=OURS.replace("  url.host.exact=js.stripe.com\n", ""), runs="", urls=["chatgpt.com"], exempt_list_name="Company")
    assert notes(found)[1] == ""


# -- wider than wanted


@pytest.mark.parametrize("ssl, wanted, note", [
    ("basic", ["js.stripe.com"], "widened: undecrypted are its subdomains too"), ("full", ["js.stripe.com"], ""),
    ("basic", ["*.openai.com"], "widened: undecrypted are openai.com itself too"), ("basic", [".chatgpt.com"], "")])
def test_where_an_exemption_is_wider_than_its_pattern(ssl, wanted, note):
    assert notes(assess(policy={"allow": wanted, "exempt": wanted}, ssl_layer=ssl)) == [note]


@pytest.mark.parametrize("wanted, note", [
    ("js.stripe.com", "widened: a list holds its subdomains too"), ("*.openai.com", "widened: a list holds openai.com itself too"), (".chatgpt.com", "")])
def test_a_list_of_the_site_holds_names_with_what_is_below_them(wanted, note):
    policy = {"allow": [wanted], "exempt": []}
    found = assess(urls=[wanted.lstrip("*.")], list_name="Company", policy=policy)
    assert words(found) == ["unchecked"] and found.coverage[0].allowed_by == "URL list Company" and notes(found) == [note]
    assert words(assess(urls=["other.example"], list_name="Company", policy=policy)) == ["no"]
    assert words(assess(list_name="Company", policy=policy)) == ["no"]
    assert words(assess(ours="", urls=[wanted.lstrip("*.")], list_name="Company", policy=policy)) == ["unchecked"]


def test_an_exemption_by_a_list_of_the_site():
    wanted = {"allow": ["js.stripe.com"], "exempt": ["js.stripe.com"]}
    found = assess(urls=["js.stripe.com"], exempt_list_name="Company", ssl_layer="full", policy=wanted)
    assert words(found) == ["yes"] and words(found, "exempt") == ["unchecked"] and found.coverage[0].exempt_by == "URL list Company"
    assert notes(found) == ["widened: undecrypted are its subdomains too"]


def test_a_narrower_pattern_is_exempt_by_its_wider_one():
    found = assess(policy={"allow": [".chatgpt.com", "ab.chatgpt.com"], "exempt": [".chatgpt.com"]},
                   ours=OURS.replace("js.stripe.com", "ab.chatgpt.com"))
    assert words(found, "exempt") == ["yes", "yes"]


# -- rules around ours


@pytest.mark.parametrize("before, behind, word, certain, reason", [
    ("<Proxy>\n  url.domain=chatgpt.com FORCE_DENY\n", "", "no", True, "it is final"), ("<Proxy>\n  url.domain=chatgpt.com DENY\n", "", "yes", None, ""),
    ("", "<Proxy>\n  url.domain=chatgpt.com DENY\n", "no", True, "it comes after the rules of this collection"),
    ("", "<Proxy>\n  %s url.domain=chatgpt.com DENY\n" % PART, "unchecked", False, "it comes after the rules of this collection"),
    ("<Proxy>\n  url.domain=chatgpt.com property_of_next_year(x)\n", "", "unchecked", False, "no rule of this collection can override it"),
    ("<SSL>\n  url.domain=chatgpt.com DENY\n", "", "no", True, "it is final in <ssl>"),
    ("<Admin>\n  url.domain=chatgpt.com FORCE_DENY\n", "", "yes", None, ""), ("<Exception>\n  url.domain=chatgpt.com FORCE_DENY\n", "", "yes", None, ""),
    # Of two layers behind ours the later one counts.
    ("", "<Proxy>\n  url.domain=chatgpt.com DENY\n<Proxy>\n  url.domain=chatgpt.com ALLOW\n", "yes", None, ""),
    ("", "<Proxy>\n  url.domain=chatgpt.com DENY\n<Proxy>\n  %s url.domain=chatgpt.com ALLOW\n" % PART, "unchecked", False, "it comes after the rules "
     "of this collection"),
    ("", "<Proxy>\n  %s url.domain=chatgpt.com DENY\n<Proxy>\n  url.domain=chatgpt.com ALLOW\n" % PART, "yes", None, ""),
    ("", "<Proxy>\n  url.domain=chatgpt.com DENY\n<SSL>\n  url.domain=chatgpt.com ALLOW\n", "no", True, "it comes after the rules of this collection"),
    # A rule above may let it through, or end its layer.
    ("", "<Proxy>\n  %s ALLOW\n  url.domain=chatgpt.com DENY\n" % PART, "unchecked", False, "it comes after the rules of this collection"),
    ("", "<Proxy>\n  url.domain=chatgpt.com ALLOW\n  url.domain=chatgpt.com DENY\n", "yes", None, ""),
    ("", "<Proxy>\n  url.domain=chatgpt.com DENY\n<Proxy>\n  %s OK\n  url.domain=chatgpt.com "
         "ALLOW\n" % PART, "unchecked", False, "it comes after the rules of this collection"),
    ("", "<Proxy>\n  url.domain=chatgpt.com FORCE_DENY\n<Proxy>\n  url.domain=chatgpt.com ALLOW\n", "no", True, "it is final"),
    # What another policy calls counts as if it were behind ours, and what it allows settles nothing.
    ("define proxy policy p\n  url.domain=chatgpt.com DENY\nend policy p\n<Proxy>\n  policy.p\n", "", "unchecked", False, "it comes after the rules "
     "of this collection"),
    ("", "<Proxy>\n  url.domain=chatgpt.com DENY\ndefine proxy policy p\n  url.domain=chatgpt.com ALLOW\nend policy "
         "p\n", "no", True, "it comes after the rules of this collection")])
def test_rules_around_ours(before, behind, word, certain, reason):
    found = assess(before, behind)
    assert words(found) == [word, "yes"] and words(found, "exempt")[0] == "yes"
    assert told(found) == ([] if certain is None else [("deny", "console", BOTH[:1], certain)])
    for one in found.conflicts:
        assert one.text.startswith(reason + ": ") and one.opens == "change or move this rule by hand" and one.remedy == ()
    named = " in <ssl>" if "<ssl>" in reason else ""
    start = {"no": "console%s denies it" % named, "unchecked": "console%s may deny it: " % named, "yes": ""}[word]
    assert notes(found)[0] == start if word != "unchecked" else notes(found)[0].startswith(start)


@pytest.mark.parametrize("before, behind, word", [
    ("<SSL-Intercept>\n  ssl.forward_proxy(https)\n", "", "yes"), ("", "<SSL-Intercept>\n  ssl.forward_proxy(https)\n", "no"),
    ("", "<SSL-Intercept>\n  %s ssl.forward_proxy(https)\n" % PART, "unchecked"), ("", "<Proxy>\n  ssl.forward_proxy(https)\n", "yes"),
    ("", "<Cache>\n  ssl.forward_proxy(https)\n", "yes"),
    ("", "<SSL-Intercept>\n  ssl.forward_proxy(https)\n<SSL-Intercept>\n  ssl.forward_proxy(no)\n", "yes"),
    ("", "<SSL-Intercept>\n  %s ssl.forward_proxy(no)\n  ssl.forward_proxy(https)\n" % PART, "unchecked"),
    ("", "<layer-of-next-year>\n  ssl.forward_proxy(https)\n", "unchecked")])
def test_rules_around_the_exemption(before, behind, word):
    found = assess(before, behind)
    assert words(found, "exempt") == [word, "not wanted"]
    assert [one.effect for one in found.conflicts if one.effect == "decrypt"] == ["decrypt"] * (word != "yes")
    if word != "yes":
        conflict = next(one for one in found.conflicts if one.effect == "decrypt")
        assert conflict.hosts == BOTH[:1] and conflict.certain == (word == "no")
        named = " in <layer-of-next-year>" if "next-year" in behind else ""
        assert conflict.text.startswith(("no rule of this collection can override it%s: " if named else "it comes after the rules of this "
                                         "collection%s: ") % named)
        assert any(text in notes(found)[0] for text in ("console%s decrypts it" % named, "console%s may decrypt it: " % named))


def test_sure_and_unsure_hosts_of_one_rule_are_two_conflicts_and_what_is_not_understood_is_told_of_one():
    found = assess("<Proxy>\n  url.domain=(js.stripe.com, ab.chatgpt.com) FORCE_DENY\n")
    assert told(found) == [("deny", "console", BOTH[1:], True), ("deny", "console", BOTH[:1], False)] and len({one.id for one in found.conflicts}) == 2
    found = assess("define condition c\n  url.domain=js.stripe.com\n  url.domain=chatgpt.com user.regex=x\nend\n<Proxy>\n  condition=c FORCE_DENY\n")
    assert [(one.certain, "user.regex= is not understood" in one.text) for one in found.conflicts] == [(True, False), (False, True)]
    found = assess("<Proxy>\n  column_of_next_year=x FORCE_DENY\n")
    assert [one.text.count("column_of_next_year= is not understood") for one in found.conflicts] == [1]
    found = assess("<Proxy>\n  group=Quarantine FORCE_DENY\n")
    assert "group= may apply to a part of the audience only" in found.conflicts[0].text and words(found) == ["unchecked"] * 2


@pytest.mark.parametrize("test, word", [
    *(("%s=js.stripe.com" % name, "no") for name in (
        "url.domain", "server_url.domain", "url.host", "url.host.exact", "url.host.suffix", "server.certificate.hostname",
        "server.certificate.hostname.exact")),
    ("url=js.stripe.com/x", "unchecked"), ("category=Gambling", "yes"), ("server.certificate.hostname.category=Gambling", "yes"),
    ("category=News", "unchecked"),
    ("url.port=80", "yes"), ("client.address=10.9.0.0/16", "yes"), ("user=mia", "no"), ("group=all", "no"), ("condition=netaccess_chatgpt_allow", "no")])
def test_every_trigger_that_is_evaluated_decides(test, word):
    who = {"clients": ("10.1.0.0/24",), "users": ("mia",), "groups": ("all",)}
    assert words(assess("<Proxy>\n  authenticate(corp)\n<Proxy>\n  %s FORCE_DENY\n" % test, **who))[1] == word


def test_a_verdict_of_a_rule_takes_the_place_of_any_other_of_its_layer():
    for verdict in ("deny", "exception(x)", "deny.unauthorized"):
        assert words(assess(behind="<Proxy> %s\n  url.domain=chatgpt.com allow\n" % verdict)) == ["yes"] * 2


def test_conflicts_have_the_same_ids_in_every_run_and_release():
    """Playbooks hold these in ``unblock``."""
    deny, part = "  url.domain=chatgpt.com FORCE_DENY\n", "  url.domain=ab.chatgpt.com FORCE_DENY\n"
    decrypt = "  url.domain=chatgpt.com ssl.forward_proxy(yes)\n"
    both = "  url.domain=(js.stripe.com, ab.chatgpt.com) FORCE_DENY\n"
    for before, behind, subjects in (("<Proxy>\n" + deny, "", ["Proxy " + deny]), ("<Proxy>\n" + part, "", ["Proxy " + part]),
                                     ("", "<SSL-Intercept>\n" + decrypt, ["SSL-Intercept " + decrypt]),
                                     ("<Proxy>\n" + both, "", ["Proxy " + both, "Proxy " + both.rstrip() + " (a part)"])):
        assert [one.id for one in assess(before, behind).conflicts] == [conflict_id("symantec", " ".join(one.split())) for one in subjects]


def test_without_consoles_no_conflict_is_certain():
    found = assess("<Proxy>\n  url.domain=chatgpt.com FORCE_DENY\n", consoles=False)
    assert told(found) == [("deny", "policy Other", BOTH[:1], False)]


@pytest.mark.parametrize("line, told_", [("%s DENY" % PART, True), ("user=mia DENY", True), ("DENY", False), ("%s ALLOW" % PART, False), (
    "url.domain=other.example %s DENY" % PART, False)])
def test_a_deny_for_a_part_that_ours_takes_back_is_told(line, told_):
    found = assess("<Proxy>\n  %s\n" % line)
    assert bool(found.audience_widened) == told_ and found.conflicts == []
    assert assess("<SSL-Intercept>\n  %s ssl.forward_proxy(https)\n" % PART).audience_widened == []


@pytest.mark.parametrize("like, place", [
    ("condition=netaccess_chatgpt_allow ALLOW", True), ("condition=NETACCESS_chatgpt_allow exception(no)", True),
    ("condition=!netaccess_chatgpt_allow ALLOW", False), ("category=netaccess_chatgpt_allow ALLOW", False), ("condition=netaccess_chatgpt_allow", False),
    ("condition=netaccess_chatgpt_allow DENY", False), ("condition=(netaccess_chatgpt_allow, other) ALLOW", False),
    ("condition=netaccess_chatgpt_allow ALLOW access_log(no)", False)])
def test_where_ours_stands_is_known_by_what_it_does(like, place):
    """Where there is none yet ours will be the last, and nothing stands behind it."""
    found = assess("<Proxy>\n  %s\n<Proxy>\n  url.domain=js.stripe.com DENY\n" % like, ours=DEFINED, planned=OURS, installs=True)
    assert any("it comes after the rules of this collection" in one.text and one.hosts == BOTH[1:] for one in found.conflicts) is place


# -- entries of lists, sign-in, what is lost


def test_who_is_not_asked_who_they_are_has_no_groups():
    groups = {"clients": (), "groups": ("AI users",)}
    who = OURS.replace(WHO, 'group="AI users"')
    found = assess(ours=who, **groups)
    said = "console: no rule certainly requires authentication there, and without it groups and users are unknown"
    assert words(found) == ["unchecked"] * 2 and said in notes(found)[0]
    assert words(assess("<Proxy>\n  authenticate(corp)\n", ours=who, **groups)) == ["yes"] * 2
    assert words(assess(ours=OURS.replace(WHO, "user=mia"), clients=(), users=("mia",))) == ["unchecked"] * 2
    assert said not in notes(assess())[0]


@pytest.mark.parametrize("urls, word", [(["chatgpt.com"], "no"), (["claude.ai"], "yes"), (["ab.chatgpt.com"], "unchecked")])
def test_an_entry_by_which_a_rule_denies_is_a_conflict_of_its_own(urls, word):
    listed = "define condition Company\n%send\n<Proxy>\n  condition=Company FORCE_DENY\n" % "".join("  url.domain=%s\n" % url for url in urls)
    found = assess(listed, urls=urls)
    assert words(found)[0] == word and [one.where for one in found.conflicts] == ["URL list Company"] * (word != "yes")
    decrypted = "define condition Company\n  url.domain=chatgpt.com\nend\n"
    found = assess(decrypted, "<SSL-Intercept>\n  condition=Company ssl.forward_proxy(https)\n", urls=urls)
    assert [one.effect for one in found.conflicts] == ["decrypt"] and words(found, "exempt")[0] == "no"


@pytest.mark.parametrize("before, losses", [
    ("<Proxy>\n  response.icap_service(scan)\n", ["av", "icap"]), ("<Proxy>\n  response.icap_service(no)\n", []),
    ("<Proxy>\n  data_leak_detected=yes DENY\n", ["dlp"]), ("<Proxy>\n  access_log(no)\n", [])])
def test_what_an_exemption_takes_away_is_lost_where_something_is_decrypted(before, losses):
    decrypts = "<SSL-Intercept>\n  ssl.forward_proxy(https)\n"
    found = assess(before + decrypts)
    assert [loss.control for loss in assess(before, decrypts).losses] == losses
    assert [loss.control for loss in found.losses] == losses and {loss.hosts for loss in found.losses} <= {BOTH[:1]}
    assert assess(before).losses == [] and assess(before + decrypts, policy=dict(POLICY, exempt=[])).losses == []


def test_the_header_of_a_workspace_anywhere_in_the_policy_is_tenant_control():
    header = "define action workspace\n  set(request.x_header.ChatGPT-Allowed-Workspace-Id, \"x\")\nend\n"
    decrypts = "<SSL-Intercept>\n  ssl.forward_proxy(https)\n"
    assert [(one.rule, tuple(map(str, one.hosts))) for one in assess(header + decrypts).tenant_controls] == [("the policy that console runs", BOTH[:1])]
    assert assess(header).tenant_controls == [] and assess(decrypts).tenant_controls == []


# -- what is not read


@pytest.mark.parametrize("place", ["before", "behind"])
def test_a_directive_may_bring_in_anything_wherever_it_stands(place):
    found = assess(**{place: "#import company\n"})
    assert words(found) == ["unchecked", "unchecked"] and words(found, "exempt")[0] == "unchecked"


@pytest.mark.parametrize("url,hosts", [
    ("chatgpt.com:443", BOTH[:1]), ("https://chatgpt.com/g/1", BOTH[:1]), ("*.chatgpt.com", BOTH[:1]), ("com", BOTH), ("js.stripe.com/v3?x=1", BOTH[1:]),
    ("net", ()), ("claude.ai/chatgpt.com", ()), ("192.0.2.1", ()), ("openai", ()), ("", ())])
def test_an_entry_that_is_no_plain_domain_may_be_about_a_wanted_host(url, hosts):
    found = assess(urls=[url], consoles=False)
    assert [(one.hosts, one.certain, one.remedy) for one in found.conflicts] == [(hosts, False, ())] * bool(hosts)


def test_policies_of_a_type_that_is_not_read_are_named_unless_a_device_shows_what_it_runs(monkeypatch):
    made = Site.__init__

    def with_more(self, *given):
        made(self, *given)
        self.policies = [*self.policies, row("9", "Editor", "VPM"), row("8", "Networks", "IP_LIST")]
    monkeypatch.setattr(Site, "__init__", with_more)
    assert assess(consoles=False).warnings == ["VPM Editor was not read; it may block or decrypt these hosts"]
    assert assess().warnings == []
