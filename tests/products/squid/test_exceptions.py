# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of the exceptions of a list by hand: what they say, and that they stay or are put right. No Squid runs."""
from __future__ import annotations

import itertools
import random

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.change import Change
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import PARTIAL, AccessError, Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.journal import Journal
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import parse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.policy import Policy
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import config as conf, files
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.alike import Held
from tests.products.squid.test_judge import ALL_MAY, ALL_YES, CHATGPT, POLICY, STRIPE, allowed, exempt, only
from tests.products.squid.test_lists import Files

WHO = {"networks": ("10.1.0.0/16",)}
MORE = {"allow": POLICY["allow"] + ["*.oaistatic.com", "cdn.example.net"], "exempt": POLICY["exempt"]}
ALLOW, EXEMPT = "allow.except", "exempt.except"


@pytest.fixture
def site(tmp_path):
    """A site where a run was, in a folder of its own."""
    made = Files(tmp_path, before="")
    made.run(**WHO)
    return made


def lines(site, name=ALLOW) -> list:
    """The entries and kept comments of a file, without our mark."""
    return [line for line in (site.lists / name).read_text().splitlines() if line != files.MARK]


def add(site, *entries, name=ALLOW):
    with (site.lists / name).open("a") as out:
        out.writelines(entry + "\n" for entry in entries)


def replace_by(site, *entries, name=ALLOW):
    (site.lists / name).write_text("".join(entry + "\n" for entry in (files.MARK, *entries)))


def coverage(site, policy=None):
    adapter, policy = site.made(**WHO), Policy.from_config(policy or POLICY)
    return adapter.assess(policy, adapter.read())


def content(site) -> dict:
    return {path.name: path.read_bytes() for path in site.lists.iterdir() if path.suffix != ".json"}


def failing(site, send_breaks_at=None):
    """An adapter whose activation fails, or whose write of that number does."""
    adapter, written = site.made(**WHO), itertools.count()
    send, carry_out = adapter.send, adapter.activate

    def sent(request):
        if "write" in request and next(written) == send_breaks_at:
            raise AccessError(PARTIAL, "broken")
        return send(request)

    def activate():
        adapter.activate = carry_out
        raise AccessError(PARTIAL, "broken")
    adapter.send = sent
    if send_breaks_at is None:
        adapter.activate = activate
    return adapter


# -- what an edit says


@pytest.mark.parametrize("entry,expected", [
    ("js.stripe.com", only(stripe="no")), (".stripe.com", only(stripe="no")), (".chatgpt.com", only(chatgpt="no")), (".openai.com", only(openai="no")),
    ("chatgpt.com", only(chatgpt="unchecked")), ("ab.chatgpt.com", only(chatgpt="unchecked")), (".api.openai.com", only(openai="unchecked")),
    ("JS.Stripe.COM\t# by Jane", only(stripe="no")), (".com", ALL_MAY), ("-i", ALL_MAY), ("two words", ALL_MAY),
    ("*.chatgpt.com", ALL_YES), ("*.openai.com", ALL_YES), ("# js.stripe.com", ALL_YES), ("www.example.com", ALL_YES), ("notjs.stripe.com", ALL_YES)])
def test_a_host_that_the_exceptions_take_out_is_not_covered(site, entry, expected):
    assert allowed(coverage(site)) == ALL_YES
    add(site, entry)
    found = coverage(site)
    assert allowed(found) == expected
    assert (expected != ALL_YES) == any("allow.except excludes" in text for text in found.manual)


@pytest.mark.parametrize("entry,word", [(".chatgpt.com", "no"), ("ab.chatgpt.com", "unchecked"), (".com", "unchecked"), ("www.example.com", "yes")])
def test_a_host_that_the_exceptions_take_out_is_not_exempt(site, entry, word):
    add(site, entry, name=EXEMPT)
    found = coverage(site)
    assert exempt(found)[CHATGPT] == word and allowed(found) == ALL_YES


def test_names_that_the_exceptions_tell_apart_are_judged_apart(site):
    policy = {"allow": ["a.example.org", "b.example.org", "c.example.net", "d.example.net"]}
    site.run("replaced", policy=policy, **WHO)
    add(site, "b.example.org", ".example.net")
    assert allowed(coverage(site, policy)) == dict(zip(policy["allow"], ["yes", "no", "no", "no"]))


def test_what_is_taken_out_is_what_squid_takes_out():
    for pattern, exception in itertools.product(["x.org", "a.x.org", ".x.org", "*.x.org", "*.a.x.org", ".y.org"], ["x.org", ".x.org", "a.x.org", ".a.x.org"]):
        hosts = [host for host in ("x.org", "a.x.org", "b.x.org", "c.a.x.org", "y.org", "z.y.org") if parse(pattern).matches(host)]
        out = [host for host in hosts if parse(exception).matches(host)]
        whole, part = Held(frozenset([pattern]), frozenset([exception])).taken_out(parse(pattern))
        assert (bool(whole), bool(part)) == (out == hosts, bool(out) and out != hosts), (pattern, exception)


# -- what a run makes of it


@pytest.mark.parametrize("entry", ["js.stripe.com", ".example.org", "*.example.org", "two words"])
def test_an_entry_of_others_stays_and_is_named(site, entry):
    add(site, entry)
    result = site.run(policy=MORE, **WHO)
    assert {"object": "list allow", "path": "exceptions", "entry": entry} in result["foreign"] or entry in MORE["allow"]
    assert lines(site) == sorted([entry, "oaistatic.com # *.oaistatic.com", "openai.com # *.openai.com"])
    assert not site.run(policy=MORE, **WHO)["changed"]
    result = site.run("reverted", journal=result["journal"], **WHO)
    assert lines(site) == sorted([entry, "openai.com # *.openai.com"])


def test_replaced_takes_entries_of_others_out_and_its_rollback_puts_them_back(site):
    add(site, "js.stripe.com")
    result = site.run("replaced", **WHO)
    change, = result["changes"]
    assert change["members"] == {"exceptions": {"added": [], "removed": ["js.stripe.com"]}} and "js.stripe.com" in result["diff"]["before"]
    assert lines(site) == ["openai.com # *.openai.com"] and allowed(coverage(site)) == ALL_YES
    assert not site.run("replaced", **WHO)["changed"]
    site.run("reverted", journal=result["journal"], **WHO)
    assert lines(site) == ["js.stripe.com", "openai.com # *.openai.com"]


@pytest.mark.parametrize("state", ["merged", "replaced"])
def test_an_exception_that_is_missing_is_drift(site, state):
    before = content(site)
    replace_by(site, files._NOBODY)
    edited = content(site)
    result = site.run(state, **WHO)
    change, = result["changes"]
    assert change["fields"] == {"exception openai.com": {"old": "missing", "new": None}} and content(site) == before
    assert "exception openai.com: missing" in result["diff"]["before"]
    site.run("reverted", journal=result["journal"], **WHO)
    assert content(site) == edited and site.run(state, check=True, **WHO)["changes"] == [change]


def test_a_file_that_is_gone_is_drift(site):
    before = content(site)
    (site.lists / ALLOW).unlink()
    assert site.run(**WHO)["changed"] and content(site) == before


def test_a_wider_exception_stands_for_the_one_that_is_meant(site):
    replace_by(site, ".openai.com")
    assert not site.run(**WHO)["changed"] and allowed(coverage(site)) == only(openai="no")
    site.run(policy=MORE, **WHO)
    # Squid refuses an entry inside another one, or warns of it.
    assert lines(site) == [".openai.com", "oaistatic.com # *.oaistatic.com"]


@pytest.mark.parametrize("entries", [
    ("js.stripe.com", "openai.com # *.openai.com"), (files._NOBODY,), (".chatgpt.com",), ("ab.chatgpt.com", "two words"),
    ("chatgpt.com", "openai.com # *.openai.com"), ("example.net # *.example.net", "openai.com # *.openai.com")])
@pytest.mark.parametrize("state,breaks_at", [("merged", None), ("merged", 1), ("replaced", None), ("replaced", 0), ("deleted", None)])
def test_a_run_that_fails_leaves_the_exceptions_as_they_were(site, entries, state, breaks_at):
    for name in (ALLOW, EXEMPT):
        replace_by(site, *entries, name=name)
    before = content(site)
    more = {"allow": [*MORE["allow"], ".openai.com"], "exempt": [CHATGPT, ".openai.com"]}
    with pytest.raises(Failed, match="The old state was restored"):
        site.run(state, adapter=failing(site, breaks_at), policy=more)
    assert content(site) == before


def test_an_exception_of_others_survives_that_it_follows_from_the_entries_for_a_while(site):
    add(site, "oaistatic.com")
    before = lines(site)
    journal = site.run(policy=MORE, **WHO)["journal"]
    assert lines(site) == ["oaistatic.com # *.oaistatic.com", "openai.com # *.openai.com", "#~ oaistatic.com"]
    assert not site.run(policy=MORE, **WHO)["changed"]
    site.run("reverted", journal=journal, **WHO)
    assert lines(site) == sorted(before)


@pytest.mark.parametrize("policy,entry", [(MORE, "oaistatic.com"), ({"allow": [*POLICY["allow"], ".openai.com"], "exempt": POLICY["exempt"]}, "openai.com")])
@pytest.mark.parametrize("word", ["merged", "replaced"])
@pytest.mark.parametrize("finish", ["again", "reverted"])
def test_a_kill_between_the_two_files_of_a_list_leaves_nothing(site, monkeypatch, policy, entry, word, finish):
    """The domains are new then, and the exceptions old: what they lack, or have left over, is not an edit of somebody."""
    before = content(site)

    class Killed(BaseException):
        """The process dies."""

    written = []

    def write(path, text, reader):
        written.append(path)
        if path.endswith(ALLOW):
            raise Killed
        real(path, text, reader)
    module = "ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.adapter.replace_file"
    from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.adapter import replace_file as real
    journal = str(site.folder / "killed.json")
    with monkeypatch.context() as patch:
        patch.setattr(module, write)
        with pytest.raises(Killed):
            site.run(word, journal=journal, policy=policy, **WHO)
    assert len(written) == 2
    state = site.made(**WHO).read().objects[files.ALLOW]
    assert "exceptions" not in state.members and "exception " + entry in state.fields
    if finish == "reverted":
        site.run("reverted", journal=journal, **WHO)
        assert content(site) == before
        return
    site.run(word, policy=policy, **WHO)
    assert allowed(coverage(site, policy)) == dict.fromkeys(policy["allow"], "yes") and not site.run(word, policy=policy, **WHO)["changed"]


def test_what_a_replacement_leaves_when_it_is_killed_is_not_an_edit_of_somebody(site):
    """The entry is gone from the domains, and its exception is still there."""
    before = content(site)
    policy = {"allow": [CHATGPT, STRIPE], "exempt": [CHATGPT]}
    journal = site.run("replaced", policy=policy, **WHO)["journal"]
    (site.lists / ALLOW).write_bytes(before[ALLOW])
    state = site.made(**WHO).read().objects[files.ALLOW]
    assert state.fields["exception openai.com"] == "left over" and "exceptions" not in state.members
    site.run("reverted", journal=journal, **WHO)
    assert content(site) == before


# -- what an earlier release wrote


def test_exceptions_of_an_earlier_release_are_no_drift_and_its_journal_is_taken_back(tmp_path):
    """Its exceptions do not say which entry they follow from."""
    site = Files(tmp_path, before="")
    journal = site.run(**WHO)["journal"]
    for name in (ALLOW, EXEMPT):
        replace_by(site, "openai.com", name=name)
    old = Journal.load(journal)
    assert [set(change.fields) for change in old.changes if change.ref.kind == "list"] == [{"marked"}] * 2
    assert not site.run(**WHO)["changed"] and allowed(coverage(site)) == ALL_YES
    site.run("reverted", journal=journal, **WHO)
    assert not site.lists.exists()


def test_exceptions_are_read_as_they_are_written():
    dice = random.Random(11)
    names = ["a.com", "b.a.com", "c.b.a.com", "d.com", "z.org"]
    for _number in range(600):
        hosts = frozenset(dice.choice(["", "*.", "."]) + dice.choice(names) for _count in range(dice.randint(1, 5)))
        by_hand = frozenset(dice.choice(["", "."]) + dice.choice(names) for _count in range(dice.randint(0, 3)))
        off = {name: files.MISSING for name in files.derived_exceptions(hosts) - by_hand if dice.random() < .3 and not by_hand}
        _domains, text = files.render_list({"hosts": hosts, "exceptions": by_hand}, off=off)
        values = conf.list_values(text)
        assert files.parse_exceptions(values, text, hosts) == (by_hand, {"exception " + name: files.MISSING for name in off}), (hosts, by_hand)
        # Squid refuses an entry inside another one, or warns of it.
        assert not any(one != other and other.startswith(".") and ("." + one.lstrip(".")).endswith(other) for one in values for other in values)


def test_a_change_of_an_exception_is_data_like_any_other():
    change = Change(files.ALLOW, "update", {"exception openai.com": ("missing", None)}, {"exceptions": ((), ("js.stripe.com",))})
    assert Change.from_data(change.to_data()) == change and change.inverse().inverse() == change
