# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's page in a real browser: accessible at each width and on paper, whole without its script, and its script filters and nothing else."""
from __future__ import annotations

from importlib import resources

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report import report
from tests.lab.browser import PROGRAM, Browser
from tests.unit.test_report import CHANGE, COVERED, behind, built, check, device, look
from tests.unit.test_report_page import AUDIENCE, NAMES, RULE, WINDOW, everything

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: Width and height of what is left of A4 between the margins, in CSS pixels.
PAPER = 695
SHEET = 995
ASK = """axe.run(document, {runOnly: {type: "tag", values: %s}}).then(found => ({
    broken: found.violations.map(rule => [rule.id, rule.nodes.map(node => node.html.slice(0, 200))]), kept: found.passes.length}))""" % TAGS
OPEN = "document.querySelectorAll('details').forEach(one => one.open = true)"
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
#: Cells that stick out of the page, or whose text is cut. The heads of cards are set aside.
CUT = """Array.from(document.querySelectorAll("th, td"))
    .filter(cell => getComputedStyle(cell.closest("table").querySelector("thead")).position !== "absolute" || cell.closest("tbody"))
    .filter(cell => cell.getBoundingClientRect().right > document.documentElement.clientWidth + 1 || cell.scrollWidth > cell.clientWidth + 1)
    .map(cell => cell.outerHTML.slice(0, 200))"""
#: States of devices whose one word is broken over two lines.
BROKEN = """Array.from(document.querySelectorAll("td[data-label=State] > span:first-child"))
    .filter(one => !one.textContent.includes(" ") && one.getClientRects().length > 1).map(one => one.textContent)"""
HIDDEN = """Array.from(document.querySelectorAll("details > :not(summary), main tr, main li"))
    .filter(one => !one.checkVisibility({contentVisibilityAuto: true}) || !one.getBoundingClientRect().height).map(one => one.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def browser():
    with Browser() as up:
        yield up


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(report.as_html(everything()), encoding="utf-8")
    return path


def judged(browser) -> dict:
    browser.evaluate(resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    browser.evaluate(OPEN)
    return browser.evaluate(ASK)


def views() -> list:
    """Each width, paper and colour scheme; those in which the page differs most in every run."""
    often, found = [("screen", 360, True), ("screen", 1280, False), ("print", PAPER, False)], []
    for media, width in (("screen", 360), ("screen", 768), ("screen", 1280), ("print", PAPER)):
        for dark in (False, True):
            marks = [] if (media, width, dark) in often else pytest.mark.exhaustive
            found.append(pytest.param(media, width, dark, marks=marks, id="%s-%d-%s" % (media, width, "dark" if dark else "light")))
    return found


@pytest.mark.parametrize("media,width,dark", views())
def test_no_rule_of_accessibility_is_broken_and_nothing_is_cut(browser, page, media, width, dark):
    browser.open(page, width, dark=dark, media=media)
    found = judged(browser)
    assert found["broken"] == [] and found["kept"] > 20
    assert browser.evaluate(SIDEWAYS) <= 0
    # A wide table scrolls inside its region on a tablet; on a phone it is cards, and paper does not scroll.
    if media == "print" or width == 360:
        assert browser.evaluate(CUT) == [] and browser.evaluate(BROKEN) == []


def test_what_is_broken_is_found(browser, page, tmp_path):
    bad = tmp_path / "bad.html"
    text = page.read_text().replace('<html lang="en">', "<html>").replace("</main>", '<img src="x"><p style="width: 3000px">wide</p></main>')
    bad.write_text(text.replace("style-src", "style-src 'unsafe-inline' https://"))
    browser.open(bad, 360)
    assert {"html-has-lang", "image-alt"} <= {rule for rule, _where in judged(browser)["broken"]}


def test_tables_are_cards_on_a_phone_and_still_tables_for_a_screen_reader(browser, page):
    browser.open(page, 360)
    browser.evaluate(OPEN)
    # Every cell stands below the one before it, under the name of its column.
    stacked = browser.evaluate("""Array.from(document.querySelectorAll("tbody td")).filter(one => one.childNodes.length).every(one =>
        getComputedStyle(one).display === "block" && getComputedStyle(one, "::before").content === '"' + one.dataset.label + ': "')""")
    assert stacked is True
    roles = [node["role"]["value"] for node in browser.call("Accessibility.getFullAXTree")["nodes"] if not node.get("ignored")]
    tables = browser.evaluate("document.querySelectorAll('table').length")
    assert roles.count("table") == tables and roles.count("rowheader") >= tables and roles.count("columnheader") > 3 * tables


def test_paper_has_everything_whatever_was_hidden_or_closed(browser, page):
    browser.open(page, PAPER, media="print")
    browser.evaluate("search.value = 'nowhere'; search.dispatchEvent(new Event('input')); new Promise(done => setTimeout(done, 300))")
    assert browser.evaluate("document.querySelectorAll('main tr[hidden]').length") > 10
    assert browser.evaluate(HIDDEN) == []
    assert browser.evaluate("getComputedStyle(tools).display + getComputedStyle(document.querySelector('nav')).display") == "nonenone"
    assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert 3 < sheets(browser) < 9
    # Dark on the screen, and light on paper.
    browser.open(page, PAPER, dark=True, media="print")
    assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def sheets(browser) -> int:
    pdf = browser.pdf()
    assert pdf.startswith(b"%PDF")
    return pdf.count(b"/Type /Page\n")


def two_devices() -> dict:
    """Two devices and three hosts with as much to say as on a real site: 37 patterns, 23 addresses, 55 checks."""
    rows = [dict(COVERED, pattern="*.host%d.example.com" % number, exempt="yes" if number < 13 else "not wanted") for number in range(37)]
    addresses = [dict(NAMES[0], name="chatgpt-203.0.113.%d_32" % number) for number in range(23)]
    fw = device(changed=True, summary="create x", changes=[RULE, CHANGE, *addresses], coverage=rows, audience=AUDIENCE, changes_on_record=[])
    blocked = "host%d.example.com: blocked by Squid (status 403, inside TLS); decrypted by 'Example Inspection CA'"
    checks = [check("fail" if number % 4 else "unverified", id="check_%d" % number, host="host%d.example.com" % number, layer="http",
                    duration_ms=100 + number, message=blocked % number) for number in range(55)]
    hosts = {name: {"after": behind(look("fail", *checks))} for name in ("branch1", "branch2", "branch3")}
    return built({"fw1": fw, "fw2": fw}, hosts, change={"id": "CHG1"}, register=[], window=[WINDOW], dest="/srv/audit", inventories=["/srv/site"])


def test_a_report_of_two_devices_is_printed_on_twelve_sheets(browser, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(report.as_html(two_devices()), encoding="utf-8")
    browser.open(path, PAPER, media="print")
    assert sheets(browser) <= 12
    # What a board decides on comes before what an auditor checks, which begins on a sheet of its own.
    order = browser.evaluate("Array.from(document.querySelectorAll('h2')).map(one => one.id)")
    assert order.index("sign") < order.index("found") and browser.evaluate("getComputedStyle(document.querySelector('.details')).breakBefore") == "page"
    assert browser.evaluate("document.querySelector('.details').getBoundingClientRect().top") < 2 * SHEET


def test_without_its_script_the_page_has_no_filter_and_everything_can_be_read(browser, page):
    browser.open(page, script=False)
    assert browser.evaluate("tools.hidden") is True
    browser.evaluate(OPEN)
    assert browser.evaluate(HIDDEN) == []


def shown(browser, words: str, kind: str = "all") -> tuple:
    """(what the filter says, how many rows are seen, of which devices)"""
    # A change of the choice is followed at once, typing after a moment.
    browser.evaluate("search.value = %r; show.value = %r; show.dispatchEvent(new Event('change'))" % (words, kind))
    rows = browser.evaluate("Array.from(document.querySelectorAll('[data-filter] tbody tr, [data-filter] .row')).filter(one => one.checkVisibility()).length")
    boxes = browser.evaluate("""Array.from(document.querySelectorAll("section.box")).filter(one => one.checkVisibility())
        .map(one => one.querySelector("h3").innerText.split(/[ :]/)[0])""")
    return browser.evaluate("matches.textContent"), rows, boxes


def test_the_script_runs_under_the_policy_of_the_page_and_filters(browser, page):
    browser.open(page)
    assert browser.evaluate("tools.hidden") is False
    said, rows, boxes = shown(browser, "js.stripe.com")
    assert said.endswith("rows match") and rows == int(said.split()[0]) > 1 and boxes == ["fw1"]
    assert shown(browser, "fw2")[2] == ["fw2"] and shown(browser, "FW1  Pilots")[2] == ["fw1"]
    assert shown(browser, "no such thing")[1:] == (0, [])
    assert shown(browser, "", "attention")[2] == ["fw1", "branch1", "stranger"]
    browser.evaluate("reset.click()")
    assert browser.evaluate("matches.textContent + document.querySelectorAll('main [hidden], details[open]').length") == "0"


def test_an_auditor_finds_the_devices_of_a_change_by_its_id(browser, tmp_path):
    path = tmp_path / "report.html"
    stands = {"journal": "/j/1.json", "started": "2026-11-01T08:00:00Z", "status": "applied", "comment": "CHG7, approved by bob"}
    path.write_text(report.as_html(built({"fw1": device(changes_on_record=[stands]), "fw2": device(changes_on_record=[])})), encoding="utf-8")
    browser.open(path)
    said, _rows, boxes = shown(browser, "chg7")
    assert boxes == ["fw1"] and said.startswith("1 of ")
    assert "CHG7, approved by bob" in browser.evaluate("document.querySelector('section.box:not([hidden]) dl').innerText")
    assert shown(browser, "chg8")[2] == []


def test_the_policy_lets_nothing_else_run(browser, page, tmp_path):
    bad = tmp_path / "bad.html"
    more = '<script>document.title = "ran"</script><p id="styled" style="color: red">x</p><img src=x onerror="document.title = 1"></main>'
    bad.write_text(page.read_text().replace("</main>", more))
    browser.open(bad)
    assert browser.evaluate("document.title") == "Audit of one of everything"
    assert browser.evaluate("getComputedStyle(styled).color") != "rgb(255, 0, 0)" and browser.evaluate("tools.hidden") is False
    altered = tmp_path / "altered.html"
    altered.write_text(page.read_text().replace('"use strict";', '"use strict"; document.title = "ran";'))
    browser.open(altered)
    assert browser.evaluate("document.title") == "Audit of one of everything" and browser.evaluate("tools.hidden") is True
