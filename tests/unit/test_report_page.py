# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's page: all of the report is in it, nothing of it runs or loads but its own script, and its tables lose no column. In a browser: tests/system."""
from __future__ import annotations

import base64
import datetime
import hashlib
import html.parser
import json
import re

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report import page, register, report, trend
from tests.unit.test_report import CHANGE, CONFLICT, COVERED, EVIL, LINE, VALIDATOR, behind, built, check, device, look

#: What ends a script, a style sheet, a string in one, an attribute and an element, and what a template could take for its own.
HOSTILE = '</script><script>alert(1)</script></style>"\'><img src=x onerror=alert(1)>\\"}{{ 7 * 7 }}{% raw %}&amp;'
AUDIENCE = {"everyone": False, "parts": {"networks": ["10.0.0.0/8"], "users": ["AI pilots"]}}
RULE = {"op": "create", "kind": "security rule", "name": "chatgpt-allow", "fields": {"source-user": {"old": None, "new": ["AI pilots"]},
        "action": {"old": None, "new": "allow"}}, "place": {"old": None, "new": {"rulebase": "security", "after": None}}}


WINDOW = {"devices": ["fw1"], "timezone": "Europe/Berlin", "windows": ["Tue, Thu 22:00 to 04:00"], "freeze": ["2026-12-20 to 2027-01-06"],
          "state": "outside of the change window: the next one opens at 2026-11-26T22:00:00+01:00"}
#: Objects of one kind.
NAMES = [{"op": "create", "kind": "address", "name": "chatgpt-%d" % number, "fields": {"subnet": {"old": None, "new": "192.0.2.%d/32" % number},
          "comment": {"old": None, "new": "managed"}}} for number in range(2)]


def everything() -> dict:
    """A report with one of everything that it can hold."""
    loss = {"control": "av", "rule": "profile default", "hosts": ["a.example", "b.example"]}
    entry = {"object": "list allow", "path": "hosts", "entry": "old.example"}
    seen = check("fail", message="chatgpt.com: blocked by Squid", layer="http", failure="http_block_page", interception="intercepted_trusted",
                 blocked_by={"product": "Squid"}, duration_ms=484)
    compared, new = {"seen": "2026-11-01T08:00:00Z", "why": None}, {"seen": None, "why": "there is none"}
    hosts = {
        "branch1": {"before": behind(look("fail", seen)),
                    "after": behind(look("fail", seen, check(id="y", duration_ms=12), notes=[{"id": "agent", "text": "an agent"}], baseline=compared))},
        "stranger": {"expect": "unchanged", "before": look("fail", seen),
                     "after": look("fail", seen, check(id="z", role="negative", verdict="unverified"), baseline=new)},
        "branch2": {"before": look("pass", check()), "after": None}, "gone": None}
    uncertain = dict(COVERED, pattern="js.stripe.com", allowed="no", allowed_by=None, exempt="unchecked", exempt_by=None, note="not read")
    fw1 = device(
        changed=True, summary="update url category", changes=[CHANGE, RULE, *NAMES], conflicts=[CONFLICT, dict(CONFLICT, id="p-2", certain=False, remedy=[])],
        losses=[loss], manual=["attach the list"], stale=[entry], foreign=[dict(entry, entry="theirs.example")], audience_widened=["every zone"],
        audience=AUDIENCE, product="panos", release="PAN-OS 11.1", journal="/root/j.json", pending="foreign", reversal={"writes": 2, "activations": 1},
        propagation=600, coverage_before={"wanted": 1, "allowed": 0, "exempt_wanted": 1, "exempt": 0},
        coverage=[dict(COVERED, allowed_before="no", exempt_before="yes"), uncertain],
        plan_options={"state": "merged", "protected": ["Quarantine"]}, activation=[{"target": "fw1", "status": "in force", "seconds": 0.36}])
    refused = device(failed=True, msg="the device refuses this write", failure={"class": "refused"})
    found = built({"fw1": fw1, "fw2": refused, "fw3": None, "fw4": device()}, hosts,
                  change={"id": "CHG0012345", "requester": "alice", "approver": "bob", "implementer": "carol", "emergency": True},
                  register=[dict(LINE, review_by="2026-11-23"), dict(LINE, pattern=".example.org", owner="Security")],
                  left_out={"devices": ["fw9"], "hosts": ["branch9"]}, title="Audit of one of everything", window=[WINDOW], inventories=["/srv/site"],
                  dest="/srv/audit", journals={"fw1": "/srv/journals"})
    return trend.continued(found, {"trend": [dict(found["trend"][0], generated="2026-11-1%dT08:00:00Z" % day, drift=2) for day in range(3)]})


class Page(html.parser.HTMLParser):
    """What a page holds, asks for and runs, and whether its tags are closed."""

    VOID = {"meta", "br", "link", "img", "input", "hr", "col"}

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.ids, self.tags, self.texts, self.tables = [], [], [], [], [], []
        self.code, self.policy = {"script": [], "style": []}, None
        self.feed(text)
        self.close()
        #: What somebody reads, blanks aside.
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append(tag)
        self.links += [value for key, value in attrs if key in ("src", "href", "action", "data", "srcset", "poster", "xlink:href")]
        self.ids += [value for key, value in attrs if key == "id"]
        assert not [key for key, _value in attrs if key.startswith("on") or key == "style"], attrs
        if values.get("http-equiv") == "Content-Security-Policy":
            assert "style" not in self.open and "script" not in self.open
            self.policy = values["content"]
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("th", "td"):
            self.tables[-1][-1].append({"label": values.get("data-label"), "scope": values.get("scope"), "text": ""})
        self.texts.append(values.get("aria-label") or "")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open[-3:])
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] in self.code:
            self.code[self.open[-1]].append(data)
            return
        self.texts.append(data)
        if "th" in self.open or "td" in self.open:
            self.tables[-1][-1][-1]["text"] += data


@pytest.fixture(scope="module")
def found() -> dict:
    return everything()


@pytest.fixture(scope="module")
def seen(found) -> Page:
    return Page(report.as_html(found))


def sha256(text: str) -> str:
    return "'sha256-%s'" % base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_the_page_loads_nothing_and_runs_nothing_but_its_own_script(seen):
    assert seen.open == [] and not set(seen.tags) & {"img", "iframe", "link", "object", "form", "embed", "base", "use", "image"}
    assert seen.links and all(link.startswith("#") and link[1:] in seen.ids for link in seen.links)
    assert len(seen.ids) == len(set(seen.ids)) and seen.tags.count("script") == 1 and seen.tags.count("h1") == 1
    rules = dict(part.split(" ", 1) for part in seen.policy.split("; "))
    assert rules == {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'", "script-src": sha256(seen.code["script"][0]),
                     "style-src": " ".join(sha256(text) for text in seen.code["style"])}
    assert seen.code["script"] == [(page._FOLDER / "page.js").read_text()] and len(seen.code["style"]) == 2
    assert not re.search(r"https?://|url\(|@import|fetch|XMLHttp|eval|innerHTML", "".join(seen.code["script"] + seen.code["style"]))


#: What the page says in other words: raw fields are there as columns, an address of a change as its title, a state as a heading.
_IN_OTHER_WORDS = {"fields", "who", "propagation", "op", "purpose", "role", "mode", "tense", "state", "groups", "expect", "deciding", "pending"}


def leaves(value, path=()):
    """Every text and number of a report, and every name that is a key of its own, with where it is."""
    if isinstance(value, dict):
        for key, one in value.items():
            if path[-1:] == ("features",):
                yield path, key
            if key not in _IN_OTHER_WORDS:
                yield from leaves(one, path + (key,))
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one, path)
    elif value is not None and not isinstance(value, bool):
        yield path, str(value)


def told(path: tuple, text: str) -> list:
    """What of a text has to be in the page: rows that say the same are one row, so the name of each and what is said of them are apart."""
    if path == ("hosts", "checks", "message"):
        return [text.partition(": ")[2]]
    if path[:2] == ("verdict", "classes") and path[-1] in ("overdue", "unregistered"):
        return text.partition(" (")[0].partition(" was to be")[0].split(": ")
    if path == ("devices", "changes", "title"):
        return [text.replace("Would create address ", "")]
    return [text]


def test_every_datum_of_the_report_is_in_the_page(found, seen):
    missing = set()
    for path, text in leaves(found):
        for part in told(path, " ".join(text.split())):
            if not any(words in seen.text for words in (part, part.replace("_", " "), page._when(part))):
                missing.add((path, part))
    assert missing == set() and len(list(leaves(found))) > 200


def test_no_table_loses_a_column_and_each_cell_names_its_own(seen):
    assert len(seen.tables) > 8
    for head, *rows in seen.tables:
        names = [cell["text"] for cell in head]
        assert rows and all(cell["scope"] == "col" and cell["text"] for cell in head)
        for row in rows:
            assert row[0]["scope"] == "row" and [cell["label"] for cell in row[1:]] == names[1:]


def test_shares_of_columns_on_paper_add_up():
    text = (page._FOLDER / "report.html.j2").read_text()
    found = [[int(share) for share in re.findall(r", (\d+)\)", columns)] for columns in re.findall(r"set columns = (.*?) %}", text)]
    assert len(found) > 6 and {sum(shares) for shares in found} == {100}
    style = (page._FOLDER / "page.css").read_text()
    assert [share for shares in found for share in shares if ".w%d " % share not in style] == []


#: What decides how the page is laid out.
_DECIDES = _IN_OTHER_WORDS | {"generated", "plans_valid_until", "seen", "verdict", "code", "what", "allowed", "exempt", "allowed_now", "exempt_now"}


def hostile(value):
    """The same data with every text that comes from outside made hostile."""
    if isinstance(value, dict):
        return {key: one if key in _DECIDES else hostile(one) for key, one in value.items()}
    if isinstance(value, list):
        return [hostile(one) for one in value]
    return value + HOSTILE if isinstance(value, str) else value


def test_nothing_in_a_report_becomes_markup_script_or_style(found, seen):
    bad = Page(report.as_html(hostile(found)))
    assert bad.open == [] and bad.tags == seen.tags and bad.code["script"] == seen.code["script"] and bad.code["style"][0] == seen.code["style"][0]
    assert bad.text.count("7 * 7") > 100 and "onerror" in bad.text
    # The title is in the style sheet for paper, too, and cannot end its string there.
    assert re.fullmatch(r'[^"]*"([^"\\]|\\[0-9a-f]+ )*"[^"]*"report.json [0-9a-f]{16}"[^"]*"page "[^"]*" of "[^"]*', bad.code["style"][1])
    assert "alert" in bad.code["style"][1] and "<" not in bad.code["style"][1]
    evil = Page(report.as_html(built({EVIL: device(changes=[dict(CHANGE, name=EVIL)], changed=True)}, title=EVIL)))
    assert evil.open == [] and evil.tags.count("script") == 1


def test_the_script_and_the_style_sheet_cannot_end_their_elements():
    for name in ("page.js", "page.css"):
        assert not re.search(r"</|<!--", (page._FOLDER / name).read_text())


def headings(text: str) -> dict:
    """{heading: all that is said up to the next one} of the cards and boxes at the top."""
    parts = re.split(r"<h[23][^>]*>(.*?)</h[23]>", text)
    return {re.sub("<.*?>", "", name): " ".join(re.sub("<.*?>", " ", said).split()) for name, said in zip(parts[1::2], parts[2::2])}


def test_the_verdict_comes_first_with_what_is_not_proven_and_the_risks(found):
    said = headings(report.as_html(found))
    assert list(said)[9:14] == ["The change that this audit is about", "Devices", "Register of exemptions", "Sign-off", "Findings"]
    assert list(said)[:9] == ["Action required", "What this report cannot say", "Summary by risk", "What is open now", "What would open",
                              "What loses inspection", "What still blocks",
                              "What is not proven", "Manual steps"]
    assert found["verdict"]["headline"] in said["Action required"]
    for words in ("fw4: not probed from any host", "fw1: whether 1 pattern is allowed or exempt could not be checked",
                  "fw1: 1 rule may block", "the present state of fw3 is not known", "fw2: the state shown was read before the run stopped",
                  "1 device left out by --limit: fw9", "1 probe host left out by --limit: branch9"):
        assert words in said["What this report cannot say"]
    assert said["What would open"].startswith("1 device fw1: 1 pattern would be allowed, 0 of them before, for network: 10.0.0.0/8; user or group: AI pil")
    assert "every zone" in said["What would open"] and "fw3: the present state is not known" in said["What would open"]
    for words in ("fw1: Antivirus (profile default) no longer scans", "fw1: 1 pattern would not be decrypted (now: 0), for network"):
        assert words in said["What loses inspection"]
    assert said["What still blocks"].startswith("2 rules fw1: security rule Block AI") and "possibly" in said["What still blocks"]
    assert said["Manual steps"] == "1 step fw1: attach the list fw3: the present state is not known"


def test_what_is_well_says_so_and_no_more():
    hosts = {"branch1": {"after": behind(look("pass", check()))}}
    said = headings(report.as_html(built({"fw1": device(audience=AUDIENCE)}, hosts)))
    assert list(said)[:2] == ["Compliant", "Nothing is left unproven"]
    assert said["What would open"] == "Nothing No access rule changes." and said["Manual steps"].startswith("Nothing")
    unseen = headings(report.as_html(built({"fw1": device()})))
    assert list(unseen)[:2] == ["Compliant, not all of it proven", "What this report cannot say"]
    undone = headings(report.as_html(built({"fw1": device(failed=True, msg="rolled back", changes=[RULE], rolled_back=True)}, hosts, mode="change")))
    assert undone["What opened"].startswith("0 devices fw1: not in force: 1 pattern would be allowed")
    assert undone["What loses inspection"].startswith("0 devices fw1: not in force: 1 pattern not decrypted")
    hosts["branch1"]["before"] = hosts["branch1"]["after"]
    changed = headings(report.as_html(built({"fw1": device(changed=True, changes=[RULE], coverage_before=None)}, hosts, mode="change")))
    assert list(changed)[0] == "Change in place" and "1 pattern allowed" in changed["What opened"]
    # A plan that only exempts opens nothing.
    before = {"wanted": 1, "allowed": 1, "exempt_wanted": 1, "exempt": 0}
    exempts = headings(report.as_html(built({"fw1": device(changed=True, changes=[RULE], coverage_before=before)}, hosts)))
    assert exempts["What would open"] == "1 device fw1: 1 pattern would be allowed, as before"


@pytest.mark.parametrize("looks,words", [
    ({"after": look("fail", check("fail"))}, "no access seen"),
    ({"before": look("fail", check("fail")), "after": look("fail", check("fail"))}, "sees what it saw before"),
    ({"after": look("fail", check("fail"), baseline={"seen": "2026-11-01T08:00:00Z", "why": None})}, "sees what it saw before"),
    ({"before": look("fail", check("fail")), "after": look("pass", check())}, "sees a change since the baseline"),
    ({"after": look("fail", check("fail"), check("unverified", role="negative"))}, "not compared"),
    ({"before": look("fail"), "after": None}, "not probed after the change")])
def test_a_host_outside_the_audience_is_well_when_it_sees_what_it_saw_before(looks, words):
    assert "h1: %s" % words in Page(report.as_html(built({"fw1": device()}, {"h1": dict(looks, expect="unchanged")}))).text


# -- rows that say the same


def rows_of(seen: Page, column: str) -> list:
    """The rows of the first table with a column, without its head."""
    table = next(table for table in seen.tables if column in [cell["text"] for cell in table[0]])
    return [[" ".join(cell["text"].split()) for cell in row] for row in table[1:]]


def test_exemptions_of_which_the_register_says_the_same_are_one_row():
    several = [dict(COVERED, pattern="*.host%d.example.com" % number) for number in range(12)]
    lines = [dict(LINE, pattern="*.host%d.example.com" % number, owner="Security" if number < 2 else "Network") for number in range(10)]
    found = built({"fw1": device(coverage=several), "fw2": device(coverage=several[:1])}, register=lines)
    seen = Page(report.as_html(found))
    rows = [(row[0], row[1], row[-2], row[-1].rpartition("... ")[2].split(", ")) for row in rows_of(seen, "Owner")]
    names = ["*.host%d.example.com" % number for number in range(12)]
    assert rows == [("not in the register", "", "fw1", sorted(names[10:])), ("in the register", "Security", "fw1, fw2", names[:1]),
                    ("in the register", "Security", "fw1", names[1:2]), ("in the register", "Network", "fw1", names[2:10])]
    said = "fw1: 2 patterns: *.host10.example.com, *.host11.example.com"
    assert said in seen.text and said in report.as_markdown(found).replace("\\", "")


def test_the_exemption_to_be_reviewed_next_comes_first():
    days = {"*.a.example.com": "2027-03-01", "*.b.example.com": "2026-12-20", "*.c.example.com": "2026-01-31", "*.d.example.com": "2026-01-30"}
    lines = [dict(LINE, pattern=pattern, review_by=day, approved_on="2025-01-01") for pattern, day in days.items()]
    page_ = Page(report.as_html(built({"fw1": device(coverage=[dict(COVERED, pattern=pattern) for pattern in days])}, register=lines)))
    assert [row[2] for row in rows_of(page_, "Owner")] == ["2026-01-30", "2026-01-31", "2026-12-20", "2027-03-01"]


def test_checks_with_one_result_are_one_row_and_what_differs_is_not():
    several = [check("pass", id="a", host="a.example", message="a.example: seen", duration_ms=7),
               check("fail", id="b", host="b.example", message="b.example: cut"),
               check("pass", id="c", host="c.example", message="c.example: seen", ip_version=6),
               check("pass", id="d", host="d.example", message="d.example: seen", role="negative")]
    looks = {"before": look("fail", dict(several[0], verdict="fail")), "after": look("fail", *several)}
    rows = rows_of(Page(report.as_html(built({}, {"h": looks}))), "Evidence")
    assert [(row[0], row[1], row[5], row[6]) for row in rows] == [
        ("fail", "", "cut", "b.example b, https, IPv4, not measured, chat"), ("pass", "fail", "seen", "a.example a, https, IPv4, 7 ms, chat"),
        ("pass", "", "seen", "c.example c, https, IPv6, not measured, chat"), ("passnegative", "", "seen", "d.example d, https, IPv4, not measured, chat")]
    more = [check("pass", id=str(number), host="h%d.example" % number, message="h%d.example: seen" % number) for number in range(3)]
    row, = rows_of(Page(report.as_html(built({}, {"h": {"after": look("pass", *more)}}))), "Evidence")
    assert [one.split()[0] for one in row[6].split("; ")] == ["h0.example", "h1.example", "h2.example"]


def test_patterns_that_one_object_covers_are_one_row():
    several = [dict(COVERED, pattern="*.%s" % name, note="widened: *.%s matches %s as well" % (name, name)) for name in ("a.example", "b.example")]
    found = built({"fw1": device(coverage=[*several, COVERED, dict(COVERED, pattern="js.stripe.com"), dict(COVERED, pattern="c.example", exempt="no")])})
    rows = [(row[0], row[3], row[5]) for row in rows_of(Page(report.as_html(found)), "Note")]
    assert rows == [("*.a.example, *.b.example", "yes", "widened: *.x matches x as well"), (".chatgpt.com, js.stripe.com", "yes", ""), ("c.example", "no", "")]
    alone = built({"fw1": device(coverage=several[:1])})
    assert rows_of(Page(report.as_html(alone)), "Note")[0][5] == "widened: *.a.example matches a.example as well"


def test_objects_of_one_kind_say_once_what_they_have_in_common(seen):
    assert ("Would create 2 addresses Each with comment managed chatgpt-0 network (subnet) 192.0.2.0/32 chatgpt-1 network (subnet) 192.0.2.1/32") in seen.text


# -- the change


def test_the_change_names_its_people_its_window_and_its_commands(found, seen):
    said = headings(report.as_html(found))["The change that this audit is about"]
    for words in ("change ID CHG0012345", "requested by alice", "approved by bob", "implementer carol", "emergency yes: the change window did not apply",
                  "change window of fw1 Tue, Thu 22:00 to 04:00 (Europe/Berlin) When the run began: outside of the change window: the next one opens at",
                  "freeze 2026-12-20 to 2027-01-06",
                  "To carry out the plans, once they are reviewed: ansible-playbook netaccess.chatgpt.site -i /srv/site -l fw1,fw2,fw3,fw4 -e @change.yml",
                  "Afterwards, to undo the newest change of fw1: ansible-playbook netaccess.chatgpt.rollback -i /srv/site -e netaccess_journal=/srv/journals"):
        assert words in said, words
    text = report.as_markdown(found)
    assert "Change window of fw1: Tue, Thu 22:00 to 04:00 (Europe/Berlin); frozen 2026-12-20 to 2027-01-06; outside of the change window" in text
    # A change without an ID, people or a window says so; an audit that is about no change has no such section.
    done = headings(report.as_html(built({"fw1": device()}, mode="change")))["The change"]
    assert done == "change ID none was given for this run change window none is set: the change could run at any time"
    partly = headings(report.as_html(built({"fw1": device()}, mode="change", change={"id": "CHG1", "approver": "bob", "requester": None})))["The change"]
    assert partly.startswith("change ID CHG1 requested by not named for this run approved by bob carried out by not named for this run change window")
    assert "The change that this audit is about" not in headings(report.as_html(built({"fw1": device()})))


def test_a_new_inventory_is_not_set_up_and_has_no_drift():
    drift = device(changed=True, summary="create x", changes=[dict(CHANGE, op="create")], changes_on_record=[])
    found = built({"fw1": drift, "fw2": device()})
    said = headings(report.as_html(found))
    assert found["verdict"]["code"] == 2 and found["verdict"]["deciding"] == ["drift"] and list(said)[0] == "Not set up yet"
    assert "Not set up yet (1)" in said and "Drift (1)" not in said and "not set up yet: 1" in found["verdict"]["message"]
    assert "drift not set up yet: no journal here records a change" in said["Devices"]
    known = headings(report.as_html(built({"fw1": dict(drift, changes_on_record=None), "fw2": drift})))
    assert list(known)[0] == "Drift" and "Drift (2)" in known


# -- the register


def test_the_register_names_owners_and_dates_and_marks_what_is_overdue(found, seen):
    rows = rows_of(seen, "Owner")
    assert rows[0][:3] == ["past its review date", "Network", "2026-11-23"] and rows[0][-2:] == ["fw1, fw2, fw4", ".chatgpt.com"]
    assert rows[1][:2] == ["not in the register", ""] and rows[1][-2:] == ["fw1 (not checked)", "js.stripe.com"]
    assert rows[2][:3] == ["not exempt anywhere", "Security", "2026-12-31"] and rows[2][-1] == ".example.org"
    assert found["verdict"]["classes"]["overdue"] == [
        "%s: .chatgpt.com was to be reviewed by 2026-11-23 (owner: Network)" % name for name in ("fw1", "fw2", "fw4")]
    assert "fw1, fw2, fw4: 1 pattern, to be reviewed by 2026-11-23 (owner: Network): .chatgpt.com" in seen.text
    assert "No register is set" in Page(report.as_html(built({"fw1": device()}))).text
    assert [row["state"] for row in register.compared([LINE], [], datetime.date(2026, 1, 1))] == ["not_exempt"]


# -- times and the sign-off


def test_times_of_checks_are_shown_and_what_was_not_measured_is_said(seen):
    assert "484 ms" in seen.text and "not measured" in seen.text and "2 of 2 checks measured, the slowest 0.5 s (chatgpt.com)" in seen.text


def test_people_sign_for_the_digest_of_the_report(found, seen):
    digest = hashlib.sha256(report.as_json(found).encode()).hexdigest()
    assert digest in seen.text and digest[:16] in seen.code["style"][1]
    table = next(table for table in seen.tables if table[0][-1]["text"] == "Signature")
    assert [[row[0]["text"], row[1]["text"]] for row in table[1:]] == [["Requester", "alice"], ["Approver", "bob"], ["Implementer", "carol"], ["Auditor", ""]]


# -- the trend


FIRST = dict(built({"fw1": device()})["trend"][0], generated="2026-10-01T08:00:00Z")


def point(day: int, **more) -> dict:
    return dict(FIRST, generated="2026-10-%02dT08:00:00Z" % day, **more)


def test_a_report_carries_the_points_of_those_before_it_in_their_order(found):
    drift = device(changed=True, changes=[CHANGE], coverage_before={"wanted": 4, "allowed": 1, "exempt_wanted": 2, "exempt": 0})
    first = built({"fw1": drift}, {"h": {"after": look("fail", check("fail"), check(), check("unverified"))}})
    assert first["trend"] == [{
        "generated": "2026-11-24T08:00:00Z", "mode": "audit", "code": 1, "devices": 1, "left_out": 0, "drift": 1, "no_result": 0, "wanted": 4, "allowed": 1,
        "exempt_wanted": 2, "exempt": 0, "hosts": 1, "checks": 3, "passed": 1, "failed": 1}]
    done = built({"fw1": device(changed=True, changes=[CHANGE])}, mode="change")["trend"][0]
    assert (done["allowed"], done["wanted"]) == (1, 1) and built({"fw1": None})["trend"][0]["wanted"] == 0
    later = trend.continued(first, {"trend": [point(2), point(1)]})
    assert [one["generated"][:10] for one in later["trend"]] == ["2026-10-01", "2026-10-02", "2026-11-24"]
    # Written again, it is the same.
    assert report.files(trend.continued(first, later)) == report.files(later)
    VALIDATOR.validate(later)


def test_the_trend_is_bounded():
    days = ["2025-%02d-%02dT08:00:00Z" % (month, day) for month in range(1, 13) for day in range(1, 28)]
    many = {"trend": [dict(FIRST, generated=day) for day in days]}
    found = trend.continued(built({"fw1": device()}), many)["trend"]
    assert len(found) == trend.KEPT and found[-1]["generated"] == "2026-11-24T08:00:00Z" and found[0]["generated"] > "2025-08"


@pytest.mark.parametrize("earlier", [None, [], {}, {"trend": None}, *({"trend": [one]} for one in (
    1, dict(FIRST, code="0"), dict(FIRST, drift=-1), dict(FIRST, drift=True), dict(FIRST, generated="yesterday"), dict(FIRST, generated=None),
    dict(FIRST, more=1), dict(FIRST, mode=HOSTILE)))])
def test_what_is_no_trend_is_refused(earlier):
    with pytest.raises(trend.TrendError):
        trend.continued(built({"fw1": device()}), earlier)


def test_plots_say_what_they_show_and_leave_a_gap_where_nothing_is_known(seen):
    points = [point(1, drift=1), point(2, wanted=0, allowed=0), point(3, wanted=0), point(4, wanted=2, allowed=1), point(11, wanted=10000, allowed=9999)]
    devices, coverage, probes = trend.plots(points)
    # By time, and not by number: the second is a tenth of the way.
    assert devices["series"][0]["marks"] == [(8, 18), (38.4, 120), (68.8, 120), (99.2, 120), (312, 120)]
    assert coverage["series"][0]["lines"] == ["99.2,69 312,18.1"] and len(coverage["series"][0]["marks"]) == 2
    assert coverage["series"][0]["last"] == "99.9 %" and probes["series"][0]["marks"] == [] and probes["series"][0]["last"] == "not known"
    assert devices["words"] == ("Devices in 5 reports from 2026-10-01 to 2026-10-11. with drift: first 1, last 0, lowest 0, highest 1; "
                                "without a result: first 0, last 0, lowest 0, highest 0")
    assert seen.tags.count("svg") == 3 and seen.text.count("in 4 reports from 2026-11-10 to 2026-11-24") == 3
    assert "svg" not in Page(report.as_html(built({"fw1": device()}))).tags
    same = trend.plots([point(1), point(1)])[0]["series"][0]["marks"]
    assert same == [(160, 120), (160, 120)]


def test_a_long_report_is_whole():
    rows = [dict(COVERED, pattern="*.host%d.example.com" % number) for number in range(700)]
    text = report.as_html(built({"fw1": device(coverage=rows)}, {"h": {"after": look("pass", *[check(id="c%d" % number) for number in range(700)])}}))
    assert text.count("*.host699.example.com") == 1 and "c699" in text and len(text) < 1_000_000, "10,000 rows are some 6 MB"


def test_the_report_can_be_read_back(found):
    VALIDATOR.validate(found)
    assert report.as_html(json.loads(report.as_json(found))) == report.as_html(found)
