# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The published page in every form it is saved in, everything else that may be in its place, and what is proposed from it."""
from __future__ import annotations

import datetime
import html
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings, strategies as st

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import (
    Selection, in_version, load, policy_config,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.publish import published, refresh
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.publish.published import (
    PublishedError, read_feed, read_page,
)

KNOWN = load()
PATTERNS = [entry["pattern"] for entry in KNOWN.entries]
DATE = "2026-11-25"
SOURCES = [{"name": "page.html", "sha256": "0" * 64}]


def listed(version, catalogue=KNOWN):
    return [entry["pattern"] for entry in catalogue.entries if in_version(entry, version, datetime.date(2026, 11, 25))]


MARCH, JULY = listed("2026-03-11"), listed("2026-07-25")


def whole(inner):
    return "<!DOCTYPE html><html><head><title>Network</title><script>var a = 'evil.example.org';</script></head><body>%s</body></html>" % inner


def page_of(names, lead="Allow these names:", heading="Domains", after="That is all."):
    """The page as a browser saves it."""
    rows = "".join("<li><p>%s</p></li>" % html.escape(name) for name in names)
    return whole("<h1>Help</h1><h2>%s</h2><p>%s</p><ul>%s</ul><h2>Voice</h2><p>%s See wss://ws.chatgpt.com and api.new.openai.com.</p>" % (
        heading, lead, rows, after))


RENDERINGS = {
    "html list": page_of,
    "html table": lambda names: whole("<h2>Allow</h2><table><tr><th>Name</th><th>What for</th></tr>%s</table>" % "".join(
        "<tr><td><code>%s</code></td><td>A sentence about it, e.g. version 1.2.</td></tr>" % name for name in names)),
    "html paragraphs": lambda names: whole("<h2>Names</h2><p>Please allow:</p>" + "".join('<p><a href="https://x/">%s</a></p>' % name for name in names)),
    "html breaks": lambda names: whole("<p>Allow</p><div>%s</div>" % "<br>\n".join(names)),
    "html pre": lambda names: whole("<p>Allow</p><pre>%s\n</pre>" % "\n".join(names)),
    "html one paragraph": lambda names: whole("<p>Allow</p><p>%s</p>" % ", ".join(names)),
    "a fragment of html": lambda names: "<ul>%s</ul>" % "".join("<li>%s</li>" % name for name in names),
    "markdown list": lambda names: "# Help\n\nAllow:\n\n" + "".join("* %s\n" % name for name in names) + "\n## Voice\n\nMore.\n",
    "markdown escaped": lambda names: "Allow:\n\n" + "".join("- %s\n" % name.replace("*", "\\*") for name in names),
    "markdown bold": lambda names: "Allow:\n\n" + "".join("1. **%s** - what it is for\n" % name for name in names),
    "markdown links": lambda names: "Allow:\n\n" + "".join("- [%s](https://%s)\n" % (name, name.lstrip("*.")) for name in names),
    "markdown table": lambda names: "| Name | Use |\n|:---|---|\n" + "".join("| `%s` | something else |\n" % name for name in names) + "\nEnd.\n",
    "markdown code": lambda names: "Allow:\n\n```text\n%s\n```\n" % "\n".join(names),
    "text": lambda names: "Domains\nAllow these\n\n" + "".join(name + "\r\n" for name in names) + "\nVoice\n",
    "text with notes": lambda names: "Domains to allow\n" + "".join("%s\tnote of it\n" % name for name in names),
    "text, a note below each": lambda names: "Domains\n\n" + "".join("%s\nThis one is needed.\n\n" % name for name in names),
    "text, upper case": lambda names: "\n".join(name.upper() for name in names),
}
labels = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
hosts = st.builds(lambda star, parts: ("*." if star else "") + ".".join(parts) + ".com", st.booleans(), st.lists(labels, min_size=1, max_size=3))


@pytest.mark.parametrize("name", RENDERINGS)
@settings(max_examples=12, deadline=None)
@given(names=st.lists(hosts, min_size=3, max_size=40, unique=True), picked=st.sets(st.sampled_from(PATTERNS), min_size=1))
def test_any_rendering_of_a_set_of_names_reads_back(name, names, picked):
    names = list(dict.fromkeys(names + sorted(picked)))
    assert read_page(RENDERINGS[name](names).encode(), PATTERNS).patterns == names


@pytest.mark.parametrize("name", RENDERINGS)
@pytest.mark.parametrize("names,version", [(MARCH, "2026-03-11"), (JULY, "2026-07-25")])
def test_a_published_list_that_is_known_proposes_nothing(name, names, version):
    found = refresh.compare_page(KNOWN, read_page(RENDERINGS[name](names).encode(), PATTERNS), DATE, 33)
    assert (len(names), found["same_as"]) == ({"2026-03-11": 34, "2026-07-25": 29}[version], version)
    assert not found["added"] + found["removed"] + found["renamed"]
    assert refresh.overlay(KNOWN, found, None, DATE, "x") == {}


def test_an_older_list_is_named_as_one():
    found = refresh.compare_page(KNOWN, read_page(page_of(MARCH).encode(), PATTERNS), DATE, 33)
    assert refresh.message(found, None) == "the page is the list of 2026-03-11, and a newer one (2026-07-25) is known"


@pytest.mark.parametrize("body,said", [
    ("<html><head><title>Just a moment...</title></head><body>challenges.cloudflare.com</body></html>", "a bot challenge"),
    (whole("<script>window._cf_chl_opt = {}</script>"), "a bot challenge"),
    ("Just a moment...\n\nEnable JavaScript and cookies to continue\n", "a bot challenge"),
    ("# Verify you are human\n", "a bot challenge"),
    (page_of(JULY)[:-20], "its HTML is truncated"), (page_of(JULY)[:700], "its HTML is truncated"),
    (RENDERINGS["markdown list"](JULY[:15]), "incomplete or wrong page: it lacks 14 of the 29 names"),
    (page_of(["a.example.com", "b.example.com", "c.example.com"]), "no list of host names"),
    (page_of([]), "no list of host names"), ("", "no list of host names"), (page_of(["chatgpt.com"]), "no list of host names"),
    (json.dumps({"creationTime": "2026-03-26", "prefixes": []}), "it may be the address feed"),
    ("%PDF-1.7\n", "it is not text; save"), (b"\xff\x00\x81", "it is not UTF-8 or UTF-16 text; save"),
    (page_of(JULY, heading="Domains to block", lead="Make sure that your firewall allows these:"), "reads as the opposite of the text below it"),
    (page_of(JULY, heading="Allowlist", lead="Deny access to these names"), "reads as the opposite of the text below it"),
    (page_of(JULY, heading="Block list", lead="The names are:"), "reads as one of hosts to block"),
    (page_of(JULY, heading="Names", lead="These are not allowed."), "reads as one of hosts to block"),
    ("## Blocked domains\n\nPlease permit:\n\n" + "".join("- %s\n" % name for name in JULY), "reads as the opposite of the text below it"),
])
def test_what_is_not_the_page_is_named_and_nothing_is_proposed(body, said):
    with pytest.raises(PublishedError) as error:
        refresh.compare_page(KNOWN, read_page(body if isinstance(body, bytes) else body.encode(), PATTERNS), DATE, 33)
    assert said in str(error.value)


@pytest.mark.parametrize("heading,lead", [
    ("Domains to block", "Make sure that your firewall allows these:"), ("Block list", "The names are:")])
def test_a_person_may_have_read_the_heading(heading, lead):
    assert read_page(page_of(JULY, heading=heading, lead=lead).encode(), PATTERNS, accept_heading=True).patterns == JULY


@pytest.mark.parametrize("text,word", [
    ("Allow the domains", "allow"), ("Allowlist", "allow"), ("Make sure these are not blocked", "allow"), ("Do not block these", "allow"),
    ("Unblock ChatGPT", "allow"), ("Don\u2019t allow", "block"), ("not allowed", "block"), ("Blocked domains", "block"), ("Deny", "block"), ("Domains", None),
    ("Allow or block", None), ("If your network is blocking ChatGPT, allow these", None)])
def test_what_a_heading_says(text, word):
    assert published.stance(text) == word


def proposal(names, date=DATE, **more):
    page = read_page(page_of(names, **more).encode(), PATTERNS)
    return page, refresh.compare_page(KNOWN, page, date, 33)


@pytest.mark.parametrize("line,names", [
    ("https://*.chatgpt.com/*", ["*.chatgpt.com"]), ("*.chatgpt.com/*", ["*.chatgpt.com"]), ("wss://*.chatgpt.com/", ["*.chatgpt.com"]),
    (".chatgpt.com", ["*.chatgpt.com"]), ("chatgpt.com / *.chatgpt.com", ["chatgpt.com", "*.chatgpt.com"]), ("*.chatgpt.com*", ["*.chatgpt.com"]),
    ("*.chatgpt.com&#8203;", ["*.chatgpt.com"]), ("*.chatgpt.com<sup>1</sup>", ["*.chatgpt.com"]), ("\uff0a.chatgpt.com", ["*.chatgpt.com"]),
    ("\u202a*.chatgpt.com\u202c", ["*.chatgpt.com"]), ("*.chatgpt.com\u2020", ["*.chatgpt.com"]),
    ("*.chatgpt.com, a.openai.com and b.openai.com", ["*.chatgpt.com", "a.openai.com", "b.openai.com"]),
    ("*.chatgpt.com,Chat,required", ["*.chatgpt.com"]), ('"*.chatgpt.com","Chat, and more"', ["*.chatgpt.com"])])
def test_the_forms_in_which_names_are_written(line, names):
    page = read_page(page_of(["files.oaiusercontent.com", "*.openai.com"] + ["LINE"]).replace("LINE", line).encode(), PATTERNS)
    assert (page.patterns[2:], page.unread) == (names, [])


@pytest.mark.parametrize("line", [
    "oaisdmntpr*.blob.core.windows.net", "*-us.openai.com", "*openai.com", "codex-cdn.openai.example New", "Also edge.openai.example\u2026",
    "http://new.openai.com/path", "new.openai.com new names", "see new.openai.com"])
def test_a_line_with_a_host_that_is_not_read_is_said_and_nothing_is_taken_for_gone(line):
    names = [name for name in JULY if name != "*.oaistatic.com"]
    page, found = proposal(names + [line])
    assert page.unread == [line] and found["kept"] == ["*.oaistatic.com"] and not found["removed"] + found["renamed"]
    said = refresh.message(found, None)
    assert line in said and "nothing new" in said and found["same_as"] is None
    # A new name beside it is proposed all the same.
    _page, found = proposal(names + [line, "new.chatgpt.com"])
    assert [one["pattern"] for one in found["added"]] == ["new.chatgpt.com"] and found["kept"] == ["*.oaistatic.com"]
    text = refresh.files(KNOWN, found, None, DATE, SOURCES)
    assert line in text["proposal.md"] and "`*.oaistatic.com` were not found and are kept" in text["proposal.md"]
    assert "until" not in text["proposal.yml"].replace("until: null", "")


def test_words_with_a_dot_are_no_hosts():
    page, _found = proposal(JULY + ["Version 1.2 of setup.exe, e.g. for macOS 14.1.", "ChatGPT uses chatgpt.com for this."])
    assert page.unread == []


def test_new_names_under_a_heading_of_their_own_are_said():
    def with_more(heading, lead):
        rows = "".join("<li>%s</li>" % name for name in JULY)
        return whole("<h2>Allow these</h2><ul>%s</ul><h2>%s</h2><p>%s</p><ul><li>sora.com</li><li>*.sora.com</li></ul>" % (rows, heading, lead))
    found = refresh.compare_page(KNOWN, read_page(with_more("More", "Please also allow:").encode(), PATTERNS), DATE, 33)
    assert {one["pattern"]: one["confidence"] for one in found["added"]} == {"sora.com": "low", "*.sora.com": "low"}
    # Without a word about allowing they are told, and not proposed.
    found = refresh.compare_page(KNOWN, read_page(with_more("More", "Our other sites:").encode(), PATTERNS), DATE, 33)
    assert found["same_as"] == "2026-07-25" and found["added"] == []
    assert "it mentions hosts that are neither on its list nor in the catalogue: *.sora.com" in refresh.message(found, None)


def test_a_table_under_another_heading_needs_its_own_word():
    rows, other = "".join("<li>%s</li>" % name for name in JULY), ["chatgpt.com", "crawler.openai.example", "mail.openai.example"]
    page = "<h2>Allow these</h2><ul>%s</ul><h2>%%s</h2><ul>%s</ul>" % (rows, "".join("<li>%s</li>" % name for name in other))
    assert "crawler.openai.example" not in read_page(whole(page % "Hosts of our crawlers").encode(), PATTERNS).patterns
    assert "crawler.openai.example" in read_page(whole(page % "Allow these too").encode(), PATTERNS).patterns


def test_an_apex_beside_its_wildcard_is_no_addition():
    _page, found = proposal(JULY + ["chatgpt.com", "openai.com"])
    assert found["same_as"] == "2026-07-25" and found["added"] == []


def test_a_change_is_added_removed_renamed_each_with_its_confidence():
    names = [name for name in JULY if name not in ("js.stripe.com", "cdn.workos.com", "*.oaistatsig.com")]
    names += ["sync.openai.com", "*.cdn.workos.com", "*.oaistatsig.org", "new.example.org", "statsigapi.net"]
    page, found = proposal(names)
    assert {(one["pattern"], one["confidence"]) for one in found["added"]} == {
        ("sync.openai.com", "high"), ("new.example.org", "low"), ("statsigapi.net", "high")}
    assert [one["why"] for one in found["added"] if one["pattern"] == "statsigapi.net"] == ["it was on an earlier list and is back"]
    assert [(one["pattern"], one["confidence"]) for one in found["removed"]] == [("js.stripe.com", "high")]
    assert [(one["was"], one["pattern"], one["confidence"]) for one in found["renamed"]] == [
        ("cdn.workos.com", "*.cdn.workos.com", "high"), ("*.oaistatsig.com", "*.oaistatsig.org", "low")]
    assert page.whole and found["mentioned"] == []


def test_a_page_whose_end_or_meaning_is_not_sure_is_less_certain():
    for body in ("Allow\n" + "\n".join(JULY[1:]), page_of(JULY[1:], lead="Names:")):
        found = refresh.compare_page(KNOWN, read_page(body.encode(), PATTERNS), DATE, 33)
        assert [one["confidence"] for one in found["removed"]] == ["medium"], body


def test_a_list_in_parts_is_read_whole():
    pieces = [JULY[:26], JULY[26:28], JULY[28:]]
    parts = "".join("<h3>Part</h3><p>Allow:</p><ul>%s</ul>" % "".join("<li>%s</li>" % name for name in piece) for piece in pieces)
    assert read_page(whole(parts).encode(), PATTERNS).patterns == JULY
    alone = read_page(whole(parts + "<h3>Voice</h3><ul><li>ws.chatgpt.com</li></ul>").encode(), PATTERNS)
    assert alone.patterns == JULY and alone.mentioned == ["ws.chatgpt.com"], "one name alone, and not known, is no list"


def test_a_host_that_is_only_mentioned_is_not_proposed():
    body = page_of(JULY, after="Also cdn.stripe.com; not report.pdf or v1.2.3, nor files.openai.com or chatgpt.com.")
    found = refresh.compare_page(KNOWN, read_page(body.encode(), PATTERNS), DATE, 33)
    assert found["same_as"] == "2026-07-25" and found["mentioned"] == ["cdn.stripe.com"]


def test_a_new_list_cannot_be_older_than_a_known_one():
    with pytest.raises(PublishedError, match="must be later"):
        proposal(JULY[1:], date="2026-07-25")


@settings(max_examples=60, deadline=None)
@given(gone=st.sets(st.sampled_from(JULY), max_size=9), new=st.sets(st.one_of(hosts, st.sampled_from(MARCH)), max_size=9))
def test_the_proposal_laid_over_the_catalogue_makes_it_say_what_is_published(gone, new):
    names = [name for name in JULY if name not in gone] + sorted(new - set(JULY))
    page, found = proposal(names)
    content = refresh.overlay(KNOWN, found, None, DATE, "page.html, list of %s" % DATE)
    if set(names) == set(JULY):
        assert content == {}
        return
    after = load([content])
    assert sorted(listed(DATE, after)) == sorted(names)
    assert sorted(listed("2026-07-25", after)) == sorted(JULY) and sorted(listed("2026-03-11", after)) == sorted(MARCH), "history stays"
    again = refresh.compare_page(after, page, "2026-12-01", 33)
    assert again["same_as"] == DATE
    policy_config(after, Selection(version="latest", today=datetime.date(2026, 11, 25)))


# -- the feed ------------------------------------------------------------------------------------------------------

VOICE = [item for item in KNOWN.media if item["until"] is None][0]["destinations"]


def feed(prefixes, created="2026-11-20T20:12:45.451356+00:00", **more):
    return json.dumps(dict({"creationTime": created, "prefixes": [{"ipv%dPrefix" % (6 if ":" in one else 4): one} for one in prefixes]}, **more)).encode()


def test_the_same_addresses_propose_nothing():
    assert refresh.compare_feed(KNOWN, read_feed(feed(reversed(VOICE))), DATE, 33) is None


def test_new_addresses_are_proposed_and_then_known():
    found = refresh.compare_feed(KNOWN, read_feed(feed(VOICE[1:] + ["8.8.4.0/28", "2600:1900::/48"])), DATE, 33)
    assert (found["added"], found["removed"]) == (["2600:1900::/48", "8.8.4.0/28"], [VOICE[0]])
    after = load([refresh.overlay(KNOWN, None, found, DATE, "x")])
    voice = policy_config(after, Selection(today=datetime.date(2026, 11, 25)))["media"][0]
    assert voice["feed_date"] == DATE and "8.8.4.0/28" in voice["destinations"] and VOICE[0] not in voice["destinations"]
    assert refresh.compare_feed(after, read_feed(feed(VOICE[1:] + ["8.8.4.0/28", "2600:1900::/48"])), DATE, 33) is None


@pytest.mark.parametrize("body,said", [
    (feed(VOICE)[:-30], "not JSON, or it is truncated"), (b"[]", "does not have the form"), (feed([]), "contains 0 prefixes"),
    (feed(VOICE, extra=1), "does not have the form"),
    (feed(["8.0.0.0/8"]), "too large a network"), (feed(["10.1.2.3/32"]), "not a public address"), (feed(["8.8.8.8/24"]), "prefix 1: "),
    (feed(VOICE, created="soon"), "creationTime"), (feed(["8.%d.%d.0/24" % (i // 256, i % 256) for i in range(1001)]), "contains 1001 prefixes"),
    (json.dumps({"creationTime": "2026-01-01", "prefixes": [{"ipv6Prefix": "8.8.8.8/32"}]}).encode(), "8.8.8.8/32 is not a valid ipv6Prefix"),
    (b"<html><title>Just a moment...</title>", "a bot challenge"), (b"<html><title>Sign in</title>", "a web page and not the address feed"),
    (feed(["8.8.%d.1/32" % i for i in range(200)] + VOICE[:1]), "lacks 22 of the 23 known voice addresses"),
    (feed(VOICE[1:], created="2026-01-01"), "older than the feed")])
def test_what_is_not_the_feed_is_named(body, said):
    with pytest.raises(PublishedError) as error:
        refresh.compare_feed(KNOWN, read_feed(body), DATE, 33)
    assert said in str(error.value)


def test_the_files_are_the_same_for_equal_input_and_name_what_they_rest_on():
    found = proposal(JULY[1:] + ["new|name.openai.com".replace("|", "")])[1]
    first, second = (refresh.files(KNOWN, found, None, DATE, SOURCES) for _again in range(2))
    assert first == second and "page.html, SHA-256 000" in first["proposal.yml"]
    assert "| removed | `*.auth.openai.com` | high | it is no longer on the list |" in first["proposal.md"]
    assert "| added | `newname.openai.com` | high |" in first["proposal.md"]


# -- the playbook, as people run it --------------------------------------------------------------------------------


def run(folder, *runs, check=False):
    """The playbook with each of these variables, one after the other, in one process."""
    program = str(Path(sys.executable).parent / "ansible-playbook")
    book = folder / "runs.yml"
    book.write_text(yaml.safe_dump([{"import_playbook": "netaccess.chatgpt.catalog_refresh", "vars": variables} for variables in runs]))
    values = {"catalog_dest": str(folder / "out"), "catalog_date": DATE}
    return subprocess.run([program, "-i", "localhost,", str(book), "-e", json.dumps(values), *["--check"] * check],
                          env=dict(os.environ, ANSIBLE_NOCOLOR="1"), capture_output=True, text=True, check=False)


def test_the_playbook_writes_a_proposal_for_a_person_and_touches_no_catalogue(tmp_path):
    shipped = Path(published.__file__).parent.parent / "catalog" / "chatgpt.yml"
    before = shipped.read_bytes()
    page, half, voice, made = (tmp_path / name for name in ("page.html", "half.html", "voice.json", "out/proposal.yml"))
    page.write_text(page_of(JULY[1:] + ["sync.openai.com"]))
    half.write_text(page_of(JULY)[:700])
    voice.write_bytes(feed(VOICE + ["8.8.4.0/28"]))
    names = {"catalog_page": str(page), "catalog_feed": str(voice)}
    done = run(tmp_path, names, check=True)
    assert done.returncode == 0 and not made.parent.exists(), "check mode writes nothing: " + done.stdout
    done = run(tmp_path, names, names, dict(names, catalog_overlays=[str(made)]), {"catalog_page": str(half), "catalog_feed": ""})
    first, again, known, broken = done.stdout.split("PLAY [Propose an update of the catalogue]")[1:]
    assert "1 added, 1 removed; voice addresses: 1 added, 0 removed" in first and "changed: [localhost]" in first, done.stdout + done.stderr
    assert stat.S_IMODE(made.stat().st_mode) == 0o600 and str(tmp_path) not in made.read_text()
    assert [entry.get("pattern") for entry in yaml.safe_load(made.read_text())["entries"]] == [None, "sync.openai.com"]
    assert load([str(made)]).version_names()[-1] == DATE
    assert "changed: [localhost]" not in again and shipped.read_bytes() == before
    assert "Nothing is proposed" in known and "the page is the list of %s" % DATE in known
    said = " ".join(broken.split())
    assert done.returncode != 0 and "incomplete page" in said and "Nothing is proposed" in said
