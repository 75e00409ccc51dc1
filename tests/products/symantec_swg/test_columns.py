# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of CPL, known and unknown: what is not evaluated makes nothing sure, neither what shuts a host nor what opens it."""
from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.symantec_swg import columns
from tests.contract.rig import FIRST, MEMBER, Hand
from tests.products.symantec_swg.language import KNOWN, CompileError
from tests.products.symantec_swg.rig import DEFINED, Odd, SymantecRig
from tests.products.symantec_swg.twin import SITE

FIRST_HOST, INSIDE = ".chatgpt.com", {".chatgpt.com": ("chatgpt.com", "x.chatgpt.com", "ab.chatgpt.com"), "*.openai.com": ("api.openai.com",),
                                      "js.stripe.com": ("js.stripe.com",)}
NEXT_YEAR = {"column_of_next_year": {"example": "x"}}
TRIGGERS = sorted({**KNOWN["triggers"], **NEXT_YEAR}.items())
DENY = "<Proxy>\n  %s\n"


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    """A site on which ours is in force; each test puts its policy around it."""
    made = SymantecRig(tmp_path_factory.mktemp("columns"))
    made.twin.knobs.ssl_takes_all = True
    made.twin.knobs.knows = ("column_of_next_year", "property_of_next_year", "<layer-of-next-year>")
    with made.twin.at_hand():
        made.run()
        yield made


class Judged:
    """What the adapter says of a site: ``before`` stands before ours, ``behind`` behind it. What the device itself decides must not belie it."""

    def __init__(self, rig, before="", behind="", policy=FIRST, first=""):
        rig.twin.site, rig.twin.tail = first + SITE + before, behind
        adapter = rig.adapter()
        found = adapter.assess(policy, adapter.read())
        self.rows = {row.pattern: row for row in found.coverage}
        self.conflicts, self.widened, self.losses = found.conflicts, found.audience_widened, found.losses
        for pattern, hosts in INSIDE.items() if policy is FIRST else ():
            self._held_to(rig, self.rows[pattern], hosts)

    @staticmethod
    def _held_to(rig, row, hosts):
        try:
            seen = [rig.twin.decide(MEMBER, host) for host in hosts]
        except (NotImplementedError, CompileError, RecursionError):
            return
        assert row.allowed != "yes" or {one[0] for one in seen} == {"allow"}, (row, rig.twin.current(), rig.twin.truth)
        assert row.exempt != "yes" or {one[1] for one in seen} == {"tunnel"}, (row, rig.twin.current(), rig.twin.truth)
        if not rig.twin.truth:
            assert row.allowed != "no" or {one[0] for one in seen} == {"block"}, row
            assert row.exempt != "no" or {one[1] for one in seen} == {"decrypt"}, row

    def __call__(self, pattern=FIRST_HOST):
        return self.rows[pattern].allowed, self.rows[pattern].exempt

    def uncertain(self):
        """The texts of conflicts, of which none is certain and none has a remedy."""
        assert self.conflicts and not any(one.certain or one.remedy for one in self.conflicts), self.conflicts
        return "\n".join(one.text for one in self.conflicts)


# -- columns ----------------------------------------------------------------------------------------------------------


def test_every_word_is_declared_with_its_role():
    limits, others = ({name.replace(".NAME", "") for name, what in KNOWN["properties"].items() if (what["role"] == "match") == limit}
                      for limit in (True, False))
    assert {"%s=" % name.lower() for name in KNOWN["triggers"]} | limits == set(columns.RULE.limits) and others == columns.RULE.others
    assert set(KNOWN["layers"]) == set(columns.LAYERS) and set(KNOWN["sections"]) == set(columns.SECTIONS)


@pytest.mark.parametrize("bang", ["", "!"])
@pytest.mark.parametrize("name, about", TRIGGERS, ids=str)
def test_a_deny_that_a_trigger_limits_is_never_sure(rig, name, about, bang):
    judged = Judged(rig, DENY % "url.domain=chatgpt.com %s=%s%s FORCE_DENY" % (name, bang, about["example"]))
    text = judged.uncertain()
    assert judged() == ("unchecked", "yes") and judged("js.stripe.com") == ("yes", "not wanted")
    assert "may deny it" in judged.rows[FIRST_HOST].note
    if name.lower() not in columns.HOSTS + columns.CATEGORIES:
        assert "%s=" % name.lower() in text.partition(";")[2], "what is in doubt is named"


@pytest.mark.parametrize("name, about", TRIGGERS, ids=str)
def test_what_a_trigger_limits_opens_and_spares_nothing_for_sure(rig, name, about):
    limited = "%s=%s" % (name, about["example"])
    judged = Judged(rig, behind="<Proxy>\n  %s ALLOW\n  url.domain=chatgpt.com DENY\n" % limited)
    assert judged()[0] != "yes" and judged("js.stripe.com")[0] == "yes"
    judged = Judged(rig, behind="<SSL-Intercept>\n  %s ssl.forward_proxy(no)\n  url.domain=chatgpt.com ssl.forward_proxy(https)\n" % limited)
    assert judged()[0] == "yes" and judged()[1] != "yes" and judged("*.openai.com")[1] == "yes"


@pytest.mark.parametrize("test", ["%s=%s" % (name, value) for name, about in TRIGGERS for value in about.get("free", ())])
def test_what_limits_nothing_is_as_if_it_were_not_there(rig, test):
    judged = Judged(rig, DENY % "url.domain=chatgpt.com %s FORCE_DENY" % test)
    assert judged() == ("no", "yes") and [one.certain for one in judged.conflicts] == [True]
    assert Judged(rig, DENY % "url.domain=chatgpt.com !%s FORCE_DENY" % test)() == ("yes", "yes")
    assert Judged(rig, behind="<Proxy>\n  %s ALLOW\n  DENY\n" % test)() == ("yes", "yes")


@pytest.mark.parametrize("name, what", sorted(KNOWN["properties"].items()) + [
    ("next year", {"word": "property_of_next_year(x)", "shuts": "may"}), ("next year", {"word": "property_of_next_year", "shuts": "may"})])
def test_what_a_property_does(rig, name, what):
    judged = Judged(rig, DENY % "url.domain=chatgpt.com %s" % what["word"])
    assert judged() == ({"yes": "no", "may": "unchecked"}.get(what["shuts"], "yes"), "yes")
    assert [one.certain for one in judged.conflicts] == {"yes": [True], "may": [False]}.get(what["shuts"], [])
    if what["shuts"] == "may":
        judged.uncertain()
    assert all(one.text.startswith("it is final: " if what["shuts"] == "yes" else "no rule of this collection can override it: ") for one in judged.conflicts)


@pytest.mark.parametrize("kind, shuts", sorted(KNOWN["layers"].items()) + [("layer-of-next-year", "may")])
def test_every_layer_is_read(rig, kind, shuts):
    judged = Judged(rig, "<%s>\n  url.domain=chatgpt.com FORCE_DENY\n" % kind)
    assert judged()[0] == {"yes": "no", "may": "unchecked", "no": "yes"}[shuts] and judged("js.stripe.com")[0] == "yes"
    if shuts == "may":
        assert "<%s>" % kind in judged.rows[FIRST_HOST].note and "<%s>" % kind in judged.uncertain()
    quiet = Judged(rig, "<%s>\n  url.domain=chatgpt.com access_log(no)\n" % kind)
    assert quiet() == (("unchecked", "unchecked") if kind == "layer-of-next-year" else ("yes", "yes"))


# -- guards, sections, lines ------------------------------------------------------------------------------------------

OTHERS, PART, ALL = "client.address=10.9.0.0/16", "client.address=10.1.0.128/25", "client.address=10.1.0.0/16"


@pytest.mark.parametrize("text, allowed", [
    # Tests of a guard hold for every rule below it.
    ("<Proxy>\n[Rule] %s\n  url.domain=chatgpt.com FORCE_DENY\n" % OTHERS, "yes"),
    ("<Proxy>\n[Rule] %s\n  url.domain=chatgpt.com FORCE_DENY\n" % PART, "unchecked"),
    ("<Proxy>\n[Rule] %s\n  url.domain=chatgpt.com FORCE_DENY\n" % ALL, "no"),
    ("<Proxy>\n[Rule] column_of_next_year=x\n  url.domain=chatgpt.com FORCE_DENY\n", "unchecked"),
    ("<Proxy \"a > b\"> %s\n  url.domain=chatgpt.com FORCE_DENY\n" % OTHERS, "yes"),
    ("<proxy label> %s\n  url.domain=chatgpt.com FORCE_DENY\n" % PART, "unchecked"),
    ("<Proxy> %s\n[Rule] url.domain=chatgpt.com\n  FORCE_DENY\n" % ALL, "no"),
    ("<Proxy>\n[Rule] %s\n  url.domain=chatgpt.com FORCE_DENY\n[Rule]\n  url.domain=chatgpt.com FORCE_DENY\n" % OTHERS, "no"),
    ("<Proxy>\n[url.domain] %s\n  chatgpt.com FORCE_DENY\n" % PART, "unchecked"),
    ("<Proxy>\n[url.domain]\n  other.example FORCE_DENY\n", "yes"),
    ("<Proxy>\n[url.domain]\n  other.example FORCE_DENY\n  chatgpt.com/path FORCE_DENY\n", "unchecked"),
    ("<Proxy>\n[server_url.domain]\n  other.example FORCE_DENY\n  chatgpt.com FORCE_DENY\n", "no"),
    ("<Proxy>\n[url.host]\n  chatgpt.com FORCE_DENY\n", "unchecked"),
    ("<Proxy>\n[url.regex]\n  gpt FORCE_DENY\n", "unchecked"),
    ("<Proxy>\n[url]\n  other.example/chatgpt.com FORCE_DENY\n", "yes"),
    ("<Proxy>\n[url]\n  chatgpt.com FORCE_DENY\n", "unchecked"),
    ("<Proxy>\n[section.of.next.year]\n  chatgpt.com FORCE_DENY\n", "unchecked"),
    ("<Proxy>\n[section.of.next.year]\n  url.domain=other.example FORCE_DENY\n", "yes"),
    # Properties of a header hold for every rule that does not set them.
    ("<Proxy> force_deny\n  url.domain=chatgpt.com\n", "no"),
    ("<Proxy> force_deny\n  url.domain=other.example\n", "yes"),
    ("<Proxy> group=Quarantine force_deny\n  url.domain=chatgpt.com\n", "unchecked"),
    ("<Proxy>\n[url.domain] force_exception(denied)\n  chatgpt.com\n", "no"),
    ("<Proxy>\n[url.domain] property_of_next_year\n  chatgpt.com\n", "unchecked"),
    ("<Proxy> force_deny\n  url.domain=chatgpt.com allow\n", "no"),
    # Without a rule there is nothing that they could hold for.
    ("<Proxy> force_deny\n[Rule] force_deny\n<Proxy>\n  OK\n", "yes"),
    # Lines.
    ("<Proxy>\n  url.domain=chatgpt.com \\\n    FORCE_DENY\n", "no"),
    ("<Proxy>\n  url.domain=other.example \\\n    FORCE_DENY\n", "yes"),
    ("<Proxy>\n  ; a note \\\n  url.domain=chatgpt.com FORCE_DENY\n  OK\n", "yes"),
    ("<Proxy>\n  url=other.example/a;b FORCE_DENY\n  url.domain=chatgpt.com FORCE_DENY ; a note\n", "no"),
    ("<Proxy>\n  url=chatgpt.com/a;b FORCE_DENY\n", "unchecked"),
    ("<Proxy>\n  url.domain=chatgpt.com user=\"o'brien FORCE_DENY\n", "unchecked"),
    ("<Proxy>\n  url.domain=(chatgpt.com FORCE_DENY\n", "unchecked"), ("<Proxy>\n  FORCE_DENY url.domain=(chatgpt.comx\n", "unchecked"),
    ("<Proxy>\n  url.domain=xchatgpt.com) FORCE_DENY\n", "unchecked"), ("<Proxy>\n  !url.domain=!chatgpt.com FORCE_DENY\n", "unchecked"),
    ("<Proxy>\n  !url.domain=other.example FORCE_DENY\n", "no"),
    ("<Proxy>\n  url.domain=(other.example chatgpt.com) FORCE_DENY\n", "no"),
    ("<Proxy>\n  url.domain=(other.example || chatgpt.com) FORCE_DENY\n", "no"),
    ("<Proxy>\n  url.domain=(chatgpt.com && other.example) FORCE_DENY\n", "unchecked"),
    ("<Proxy>\n  url.domain=(other.example, !chatgpt.com) FORCE_DENY\n", "unchecked"),
    ("<Proxy>\n  url.domain=.com FORCE_DENY\n", "no"), ("<Proxy>\n  url.domain=.org FORCE_DENY\n", "yes"),
    ("<Proxy>\n  url.domain=chatgpt.com:8443 FORCE_DENY\n", "unchecked"), ("<Proxy>\n  url.domain=http://chatgpt.com FORCE_DENY\n", "unchecked"),
    ("<Proxy>\n  url.host.suffix=gpt.com FORCE_DENY\n", "no"), ("<Proxy>\n  url.host.suffix=b.chatgpt.com FORCE_DENY\n", "unchecked"),
    ("<Proxy>\n  url.host.suffix=.org FORCE_DENY\n", "yes"), ("<Proxy>\n  url.port=8443 FORCE_DENY\n", "yes"),
    ("<Proxy>\n  url.domain=ab.chatgpt.com FORCE_DENY\n", "unchecked"),
    ("<Proxy>\n#if release.version=8\n  url.domain=chatgpt.com FORCE_DENY\n#endif\n", "unchecked"),
    ("restrict dns\n  .chatgpt.com\nend\n", "yes"),
    # What ends a layer ends it, whatever else it does.
    ("<Proxy>\n  url.domain=chatgpt.com OK\n  url.domain=chatgpt.com FORCE_DENY\n", "yes"),
    ("<Proxy>\n  url.domain=ab.chatgpt.com OK\n  url.domain=chatgpt.com FORCE_DENY\n", "unchecked"),
])
def test_guards_sections_and_lines(rig, text, allowed):
    judged = Judged(rig, text)
    # What is read is sure; only of a part of the pattern, that one is in doubt.
    assert judged.rows[FIRST_HOST].allowed == allowed, judged.conflicts
    assert [one.certain for one in judged.conflicts if FIRST_HOST in one.hosts] == {"yes": [], "no": [True], "unchecked": [False]}[allowed]


def test_what_stands_outside_of_a_layer_may_be_anything(rig):
    assert Judged(rig, first="url.domain=chatgpt.com FORCE_DENY\n")() == ("unchecked", "unchecked")
    assert Judged(rig, first="install policy of today\n")("js.stripe.com") == ("unchecked", "not wanted")


def test_a_property_of_the_layer_yields_to_that_of_a_rule(rig):
    assert Judged(rig, behind="<Proxy> deny\n  url.domain=chatgpt.com allow\n  url.domain=openai.com\n")() == ("yes", "yes")
    assert Judged(rig, behind="<Proxy> deny\n  url.domain=chatgpt.com allow\n  url.domain=openai.com\n")("*.openai.com") == ("no", "yes")
    assert Judged(rig, behind="<Proxy> deny\n[Rule] exception(no)\n  url.domain=chatgpt.com\n")() == ("yes", "yes")
    judged = Judged(rig, behind="<SSL-Intercept> ssl.forward_proxy(https)\n  url.domain=chatgpt.com\n  url.domain=openai.com ssl.forward_proxy(no)\n")
    assert (judged(), judged("*.openai.com")) == (("yes", "no"), ("yes", "yes"))


def test_rules_with_the_same_words_in_other_sections_are_conflicts_of_their_own(rig):
    rule = "  url.domain=%s FORCE_DENY\n"
    judged = Judged(rig, "<Proxy>\n[Rule] %s\n%s[Rule] group=Quarantine\n%s" % (PART, rule % "chatgpt.com", rule % "chatgpt.com"))
    assert len({one.id for one in judged.conflicts}) == 2 and PART in judged.uncertain()


# -- definitions ------------------------------------------------------------------------------------------------------


UNREAD = ("prefix condition", "regex condition", "url condition")


@pytest.mark.parametrize("what, line", sorted(KNOWN["definitions"].items()))
def test_definitions_are_followed_to_their_end(rig, what, line):
    test = "category=held" if what == "category" else "condition=held"
    for more, allowed in (("", "no"), (" column_of_next_year=x", "unchecked"), (" " + PART, "unchecked"), (" " + OTHERS, "yes")):
        if what in UNREAD:
            allowed = "yes" if more == " " + OTHERS else "unchecked"
        text = "define %s held\n  %s%s\nend\n" % (what, line, more)
        judged = Judged(rig, text + DENY % (test + " FORCE_DENY"))
        assert judged()[0] == allowed, (what, more)
        assert Judged(rig, "define %s held\n  other.example%s\nend\n" % (what, more) + DENY % (test + " FORCE_DENY"))()[0] != "no"
    outer = "define condition outer\n  %s\nend\ndefine %s held\n  %s\nend\n" % (test, what, line)
    assert Judged(rig, outer + DENY % "condition=outer FORCE_DENY")()[0] == ("unchecked" if what in UNREAD else "no")


@pytest.mark.parametrize("text, allowed", [
    ("define condition a\n  condition=a\nend\n", "unchecked"),
    ("define condition a\n  condition=b\nend\ndefine condition b\n  condition=a\n  url.domain=chatgpt.com\nend\n", "no"),
    ("define condition a\n  !condition=a\nend\n", "unchecked"),
    ("define category a\n  category=a\nend\ndefine condition a\n  category=a\nend\n", "unchecked"),
    ("".join("define condition a%s\n  condition=a%d\nend\n" % (at or "", at + 1) for at in range(3000)), "unchecked"),
    ("".join("define condition %s\n%send\n" % (one, "".join("  condition=%s\n" % other for other in "abcdefghij")) for one in "abcdefghij"), "unchecked"),
    ("define subnet they\n  10.9.0.0/16\nend\ndefine condition a\n  client.address=they\nend\n", "yes"),
    ("define subnet they\n  10.9.0.0/16\nend\ndefine condition a\n  client.address=!they\nend\n", "no"),
    ("define subnet we\n  10.9.0.0/16\n  10.1.0.0/16\nend\ndefine condition a\n  client.address=we url.domain=chatgpt.com\nend\n", "no"),
    ("define subnet we\n  10.1.0.0/16\n  elsewhere\nend\ndefine condition a\n  client.address=we\nend\n", "unchecked"),
    ("define condition a\n  url.domain=chatgpt.com nonsense\nend\n", "unchecked"),
    ("define condition a\n  url.domain=chatgpt.com\n#if x\n  url.domain=openai.com\n#endif\nend\n", "no"),
    ("define condition a\n  url.domain=\nend\n", "unchecked"),
    ("define condition a\n  url.host.suffix=.chatgpt.com\n  url.host=chatgpt.com\nend\n", "no"),
    ("define condition \"A\"\n  url.domain=chatgpt.com\nend\n", "no"),
    ("", "unchecked"),
])
def test_definitions_of_themselves_and_odd_ones(rig, text, allowed):
    assert Judged(rig, text + DENY % "condition=a FORCE_DENY")()[0] == allowed


def test_what_definitions_leave_open_is_named(rig):
    judged = Judged(rig, "define condition odd\n  url.domain=chatgpt.com user.regex=\"a.*\"\nend\n" + DENY % "condition=odd FORCE_DENY")
    assert "user.regex= is not understood" in judged.uncertain() and "user.regex=" in judged.rows[FIRST_HOST].note


COACH = "define action coach\n  redirect(302, \"(.*)\", \"http://notify.example/\")\nend action coach\n"


@pytest.mark.parametrize("text, allowed", [
    # A policy that is called from wherever: whether, and for whom, is not followed.
    ("define proxy policy refuse\n  url.domain=chatgpt.com DENY\nend policy refuse\n<Proxy>\n  url.domain=chatgpt.com policy.refuse\n", "unchecked"),
    ("define policy refuse\n  url.domain=chatgpt.com DENY\nend policy refuse\n<Proxy>\n  policy.refuse\n", "unchecked"),
    ("define proxy policy refuse\n<Proxy>\n  DENY\nend policy refuse\n<Proxy>\n  OK\n", "unchecked"),
    ("define proxy policy note\n  url.domain=chatgpt.com access_log(yes)\nend policy note\n<Proxy>\n  policy.note\n", "yes"),
    ("<Proxy>\n  url.domain=chatgpt.com policy.missing\n", "unchecked"),
    ("<Proxy>\n  OK\ndefine proxy policy refuse\n  url.domain=other.example DENY\nend policy refuse\n  url.domain=chatgpt.com FORCE_DENY\n", "yes"),
    # An action of the vendor's editor that sends people elsewhere.
    (COACH + "<Proxy>\n  url.domain=chatgpt.com action.coach(yes)\n", "unchecked"),
    (COACH + "<Proxy>\n  url.domain=chatgpt.com action.coach(no)\n", "yes"),
    ("define action odd\n  step_of_next_year(x)\nend\n<Proxy>\n  url.domain=chatgpt.com action.odd(yes)\n", "unchecked"),
    ("define action note\n  log_message(\"seen\")\nend action note\n<Proxy>\n  url.domain=chatgpt.com action.note(yes)\n", "yes"),
])
def test_policies_and_actions_that_rules_call(rig, text, allowed):
    judged = Judged(rig, text)
    assert judged()[0] == allowed
    if allowed == "unchecked":
        judged.uncertain()


# -- ours, and what stands around it ----------------------------------------------------------------------------------


def test_a_rule_that_blocks_by_our_own_condition_is_judged(rig):
    for place in ("before", "behind"):
        # Before ours it is taken for ours that waits for its installation, so the exemption is said to wait, too.
        judged = Judged(rig, policy=replace(FIRST), **{place: DENY % "condition=netaccess_chatgpt_allow FORCE_DENY"})
        assert judged()[0] == "no" and [one.certain for one in judged.conflicts] == [True]
    assert Judged(rig, behind="<SSL-Intercept>\n  condition=netaccess_chatgpt_exempt ssl.forward_proxy(https)\n")() == ("yes", "no")


def test_a_rule_like_ours_under_a_guard_is_not_the_place_of_ours(rig):
    like = "<Proxy> client.address=10.9.0.0/16\n  condition=netaccess_chatgpt_allow ALLOW\n"
    assert Judged(rig, like + DENY % "url.domain=chatgpt.com DENY")() == ("yes", "yes")
    below = "<Proxy>\n[Rule] client.address=10.9.0.0/16\n  condition=netaccess_chatgpt_allow ALLOW\n[Rule]\n  url.domain=chatgpt.com FORCE_DENY\n"
    assert Judged(rig, below)() == ("no", "yes")


@pytest.mark.parametrize("like", [
    "category=netaccess_chatgpt_allow ALLOW", "condition=!netaccess_chatgpt_allow ALLOW", "condition=(netaccess_chatgpt_allow, other) ALLOW",
    "condition=netaccess_chatgpt_exempt ALLOW", "condition=netaccess_chatgpt_allow access_log(yes)", "condition=netaccess_chatgpt_allow"])
def test_a_rule_that_only_looks_like_ours_is_not_the_place_of_ours(open_rig, like):
    """Where ours is not there yet it will stand behind all, and takes back what stands behind the other."""
    rig = open_rig(SymantecRig)
    for text, behind in ((like, False), ("condition=netaccess_chatgpt_allow client.address=10.9.0.0/16 ALLOW", True)):
        rig.twin.site = SITE + "<Proxy>\n  %s\n<Proxy>\n  url.domain=chatgpt.com DENY\n" % text
        adapter = rig.adapter()
        assert any("it comes after the rules of this collection" in one.text for one in adapter.assess(FIRST, adapter.read()).conflicts) is behind, text


def test_what_stands_above_ours_in_our_own_layer_is_asked_first(open_rig):
    rig = open_rig(SymantecRig)
    rig.run()
    rig.edit("<Proxy>\n", "<Proxy>\n  url.domain=chatgpt.com DENY\n")
    adapter = rig.adapter()
    found = adapter.assess(FIRST, adapter.read())
    assert {row.pattern: row.allowed for row in found.coverage} == {".chatgpt.com": "no", "*.openai.com": "yes", "js.stripe.com": "yes"}
    assert rig.decide(MEMBER, "chatgpt.com")[0] == "block" and rig.decide(MEMBER, "api.openai.com")[0] == "allow"


@pytest.mark.parametrize("above, certain", [("", True), ("  url.domain=other.example ALLOW\n", True), ("  user=mia ALLOW\n", False)])
def test_an_entry_of_a_list_is_certain_where_nothing_above_may_let_it_through(open_rig, above, certain):
    rig = open_rig(SymantecRig)
    rig.twin.site = SITE.replace("  condition=BlockedSites", above + "  condition=BlockedSites")
    rig.block_early()
    conflict, = rig.run()["conflicts"]
    assert (conflict["certain"], bool(conflict["remedy"])) == (certain, certain) and conflict["hosts"] == (".chatgpt.com",)


@pytest.mark.parametrize("guard", ["<Proxy> client.address=10.9.0.0/16\n", "<Proxy>\n[Rule] client.address=10.9.0.0/16\n", "<Proxy>\n[url.domain]\n",
                                   "<Proxy>\n#if x\n"])
def test_ours_under_a_guard_is_not_in_force(open_rig, guard):
    rig = open_rig(SymantecRig)
    rig.run()
    installed = rig.twin.state["installed"]
    uuid, = [one for one, text in installed.items() if "_allow" in text]
    installed[uuid] = installed[uuid].replace("<Proxy>\n", guard)
    adapter = rig.adapter()
    assert {row.allowed for row in adapter.assess(FIRST, adapter.read()).coverage} == {"no"}


def test_a_listing_in_another_order_says_the_same(open_rig):
    rig = open_rig(SymantecRig, normalized=True)
    result = rig.run()
    assert [(row["allowed"], row["exempt"]) for row in result["coverage"]] == [("yes", "yes"), ("yes", "yes"), ("yes", "not wanted")]
    assert not rig.run()["changed"]
    assert Judged(rig, behind=DENY % "url.domain=chatgpt.com DENY")()[0] == "no", "where ours stands is found"
    rig.twin.tail = ""
    rig.edit("url.host.exact=js.stripe.com", "url.host.exact=js.example")
    assert rig.run(check=True)["changed"]


def test_ours_written_in_another_order_is_ours(open_rig):
    rig = open_rig(SymantecRig)
    rig.run()
    rig.edit("condition=netaccess_chatgpt_allow url.port=443 client.address=10.1.0.0/24 ALLOW",
             "allow client.address=10.1.0.0/24 url.port=443 condition=netaccess_chatgpt_allow")
    assert not rig.run()["changed"]


def test_an_entry_of_ours_for_another_port_stays_what_it_is(open_rig):
    rig = open_rig(SymantecRig)
    rig.run()
    rig.edit("  url.host.exact=js.stripe.com\n", "  url.host.exact=js.stripe.com\n  url.domain=foreign.example:8443\n")
    result = rig.run(policy=Policy.from_config({"allow": [".chatgpt.com", "*.openai.com", "js.stripe.com", "new.example"], "exempt": [".chatgpt.com"]}))
    assert "url.domain=foreign.example:8443" in rig.text() and [one["entry"] for one in result["foreign"]] == ["url.domain=foreign.example:8443"]


@pytest.mark.parametrize("line, told", [
    ("condition=some DENY", True), ("user.regex=\"a.*\" DENY", True), ("column_of_next_year=x DENY", True), ("time=0900..1700 DENY", True),
    ("url.regex=gpt DENY", False), ("http.method=POST DENY", False), ("category=\"Generative AI\" DENY", False), ("condition=!hosts DENY", False),
    ("url.domain=other.example user.regex=\"a.*\" DENY", False)])
def test_a_deny_that_ours_takes_back_for_people_it_may_be_about_is_told(rig, line, told):
    defined = "define condition some\n  group=Quarantine url.domain=openai.com\nend\ndefine condition hosts\n  url.domain=other.example\nend\n"
    judged = Judged(rig, defined + DENY % line)
    assert judged() == ("yes", "yes") and bool(judged.widened) == told and not judged.conflicts
    assert not told or line in judged.widened[0]


def test_a_rule_that_decrypts_for_some_and_that_ours_takes_back_lets_nobody_in(rig):
    assert Judged(rig, "<SSL-Intercept>\n  group=Quarantine ssl.forward_proxy(https)\n").widened == []


def test_what_a_list_of_the_site_decrypts_is_told_by_the_rule(open_rig):
    """Entries are put out of the way where they deny."""
    rig = open_rig(SymantecRig)
    rig.block_early()
    rig.run()
    rig.twin.tail = "<SSL-Intercept>\n  condition=BlockedSites ssl.forward_proxy(https)\n"
    conflict, = [one for one in rig.run()["conflicts"] if one["effect"] == "decrypt"]
    assert conflict["hosts"] == (".chatgpt.com",) and conflict["text"].startswith("it comes after the rules of this collection: ")


def test_of_one_rule_what_is_sure_and_what_may_be(rig):
    judged = Judged(rig, DENY % "url.domain=(openai.com, ab.chatgpt.com) FORCE_DENY")
    assert (judged(), judged("*.openai.com")) == (("unchecked", "yes"), ("no", "yes"))
    assert sorted((one.certain, one.hosts) for one in judged.conflicts) == [(False, (".chatgpt.com",)), (True, ("*.openai.com",))]
    assert len({one.id for one in judged.conflicts}) == 2


def test_a_part_of_wanted_patterns_that_lie_inside_each_other_is_a_part_of_each(rig):
    policy = Policy.from_config({"allow": [".chatgpt.com", "*.ab.chatgpt.com", "ab.chatgpt.com"], "exempt": [".chatgpt.com", "*.ab.chatgpt.com"]})
    listed = "define condition listed\n  url.domain=x.ab.chatgpt.com\nend\n"
    for test in ("url.domain=x.ab.chatgpt.com", "condition=listed"):
        judged = Judged(rig, listed, "<Proxy>\n  %s DENY\n<SSL-Intercept>\n  %s ssl.forward_proxy(https)\n" % (test, test), policy)
        found = {one.effect: one.hosts for one in judged.conflicts}
        assert found == {"deny": ("*.ab.chatgpt.com", ".chatgpt.com"), "decrypt": ("*.ab.chatgpt.com", ".chatgpt.com")}
        assert "yes" not in judged() + judged("*.ab.chatgpt.com")


def test_a_later_layer_takes_back_what_stands_behind_ours(rig):
    behind = "<Proxy>\n  url.domain=chatgpt.com DENY\n<Proxy>\n  %s\n"
    assert Judged(rig, behind=behind % "url.domain=chatgpt.com ALLOW")() == ("yes", "yes")
    assert Judged(rig, behind=behind % "url.domain=chatgpt.com OK")() == ("no", "yes")
    assert Judged(rig, behind=behind % "url.domain=chatgpt.com column_of_next_year=x ALLOW")()[0] != "yes"
    assert Judged(rig, behind=(behind % "url.domain=chatgpt.com ALLOW").replace("DENY", "FORCE_DENY"))() == ("no", "yes")
    # Where a rule above may end that layer first, the allow is not sure to be asked.
    assert Judged(rig, behind=behind % "url.domain=ab.chatgpt.com OK\n  url.domain=chatgpt.com ALLOW")()[0] != "yes"
    assert Judged(rig, behind="<Proxy>\n  user=mia ALLOW\n  url.domain=chatgpt.com DENY\n")() == ("unchecked", "yes")


@pytest.mark.parametrize("rule, exempt", [
    ("ssl.forward_proxy(no)", "yes"), ("ssl.forward_proxy(https)", "no"), ("ssl.forward_proxy(yes)", "no"), ("ssl.forward_proxy(on_exception)", "unchecked"),
    ("ssl.forward_proxy.issuer_keyring(k)", "yes"), ("property_of_next_year(x)", "unchecked"), ("column_of_next_year=x ssl.forward_proxy(https)", "unchecked")])
def test_what_a_rule_for_decryption_does_behind_ours(rig, rule, exempt):
    assert Judged(rig, behind="<SSL-Intercept>\n  url.domain=chatgpt.com %s\n" % rule)()[1] == exempt


@pytest.mark.parametrize("rule, controls", [
    ("response.icap_service(scanner)", ["av", "icap"]), ("request.icap_service(leaks)", ["dlp", "icap"]), ("response.icap_service(no)", []),
    ("request.application.operation=\"Upload Files\" DENY", ["casb"]), ("request.application.name=ChatGPT DENY", ["app_control"]),
    ("request.application.group=Chat DENY", ["app_control"]), ("data_leak_detected=yes DENY", ["dlp"]),
    ("http.request.apparent_data_type=EXE DENY", ["file_control"]), ("http.response.apparent_data_type=EXE DENY", ["file_control"])])
def test_what_an_exemption_takes_away_is_named(rig, rule, controls):
    assert [loss.control for loss in Judged(rig, "<Proxy>\n  %s\n" % rule).losses] == controls


def test_whatever_stands_around_ours_nothing_is_claimed_that_the_device_belies(rig):
    """A hundred sites by chance, of words known and unknown, before ours and behind it."""
    dice, said, deck = random.Random(20261128), Counter(), rig.deck()
    try:
        for _site in range(100):
            odd = Odd(dice, rig.twin, Hand(dice, dice.sample(deck, dice.randint(0, 2))))
            judged = Judged(rig, DEFINED + odd.definitions() + odd.layers(3), odd.layers(3))
            said.update(row.allowed for row in judged.rows.values())
    finally:
        rig.twin.truth = {}
    assert min(said[word] for word in ("yes", "unchecked", "no")) > 25, said
