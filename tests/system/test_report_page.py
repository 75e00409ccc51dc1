# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's page in a real browser: no rule of accessibility is broken and nothing has to be scrolled sideways, on a phone and a desktop, light and dark."""
from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from importlib import resources

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report import report
from tests.unit.test_report import CHANGE, CONFLICT, built, check, device, look

BROWSER = shutil.which("chromium")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="chromium is not installed")
ASK = """
<script>%s</script>
<script>
axe.run(document, {runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}}).then(function (found) {
    var out = document.createElement("pre");
    out.id = "found";
    out.textContent = JSON.stringify({
        broken: found.violations.map(function (rule) { return [rule.id, rule.nodes.map(function (node) { return node.html.slice(0, 200); })]; }),
        kept: found.passes.length, sideways: document.documentElement.scrollWidth - window.innerWidth});
    document.body.appendChild(out);
});
</script>
"""


@pytest.fixture(scope="module")
def page() -> str:
    """One of everything that a report can hold."""
    loss = {"control": "av", "rule": "profile default", "hosts": ["a.example"]}
    entry = {"object": "list allow", "path": "hosts", "entry": "old.example"}
    broken = check("fail", message="chatgpt.com: blocked by Squid", layer="http", failure="block_page", blocked_by={"product": "Squid"})
    found = built({
        "fw1": device(changed=True, summary="create x", changes=[CHANGE], conflicts=[CONFLICT], losses=[loss], manual=["attach the list"], stale=[entry],
                      foreign=[entry], audience_widened=["every zone"]),
        "fw2": device(failed=True, msg="the device refuses this write", failure={"class": "refused"}), "fw3": None},
        {"branch1": {"before": look("fail", broken), "after": look("fail", broken, check())}, "branch2": {"before": None, "after": look("pass", check())}},
        change={"id": "CHG0012345", "requester": "alice", "approver": "bob", "implementer": "carol", "emergency": True})
    return report.as_html(found)


def seen(page: str, folder, *flags) -> dict:
    policy = re.search(r'<meta http-equiv="Content-Security-Policy"[^>]*>', page)
    assert "<script" not in page.replace(policy[0], ""), "the page itself has no script"
    rules = resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    path = folder / "page.html"
    path.write_text(page.replace(policy[0], "").replace("</body>", ASK % rules + "</body>"), encoding="utf-8")
    done = subprocess.run([BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--user-data-dir=%s" % (folder / "profile"),
                           "--virtual-time-budget=20000", *flags, "--dump-dom", path.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    return json.loads(html.unescape(re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)[1]))


@pytest.mark.parametrize("size", ["390,844", "1280,900"])
@pytest.mark.parametrize("scheme", ["1", "0"])
def test_no_rule_is_broken(page, tmp_path, size, scheme):
    found = seen(page, tmp_path, "--window-size=" + size, "--blink-settings=preferredColorScheme=" + scheme)
    assert found["broken"] == [] and found["kept"] > 15 and found["sideways"] <= 0


def test_what_is_broken_is_found(page, tmp_path):
    found = seen(page.replace('<html lang="en">', "<html>").replace("</main>", '<img src="x"></main>'), tmp_path, "--window-size=390,844")
    assert {"html-has-lang", "image-alt"} <= {rule for rule, _where in found["broken"]}
