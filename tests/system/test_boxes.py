# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Behind real middleboxes each host gets the verdict, and the advice, that was written down for it."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import isolation, verdicts
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.summary import summarise
from tests.lab import boxes, network
from tests.lab.path import Routed
from tests.lab.situations import PROBES, SITES

pytestmark = pytest.mark.skipif(network.available() is not None, reason=str(network.available()))


def _marks(site) -> list:
    lacking = boxes.missing(site.box)
    marks = [pytest.mark.skipif(lacking is not None, reason=str(lacking))]
    return marks + [pytest.mark.exhaustive] * (not site.often)


@pytest.fixture(scope="module")
def seen():
    """What was seen at a site: looked at once, for all of its situations."""
    known: dict = {}
    with Routed() as path:
        def look(site) -> dict:
            if site not in known:
                known[site] = _look(path, site)
            return known[site]
        look.path = path
        yield look


def _look(path, site) -> dict:
    asked, looks = [PROBES[name] for name in site.right], []
    for arrange in [site.before, site.arrange] if site.before else [site.arrange]:
        path.mend()
        path.settings = {"versions": [4]}
        arrange(path)
        looks.append(path.look(asked, environment=site.environment, **site.settings))
    if site.before:
        verdicts.apply_baseline(looks[1], looks[0])
    found = {check["id"]: check for check in looks[-1]}
    # Who is told apart from others by a limit is chance.
    assert not site.somewhere or any(site.somewhere in check["flags"] for check in found.values())
    return found


@pytest.mark.parametrize("site,name", [pytest.param(site, name, marks=_marks(site), id="%s, %s: %s" % (site.box, site.name, name))
                                       for site in SITES for name in site.right])
def test_situation(site, name, seen):
    check, right = seen(site)[name], site.right[name]
    if right.changed:
        assert (check["verdict"], _change(check)) == (right.verdict, right.changed), check["message"]
        return
    if right.never:
        assert check["verdict"] == right.verdict and check["failure"] != right.never, check["message"]
        return
    product = (check["blocked_by"] or {}).get("product") or check["written_by"]
    assert (check["verdict"], check["failure"], check["interception"], product) == (right.verdict, right.failure, right.interception, right.product), \
        (check["message"], check["flags"])
    assert set(right.flags) <= set(check["flags"]), check["flags"]
    assert right.state in (None, check["state"]), check["message"]
    assert right.advice in (None, isolation.sub_verdict(check)), check["message"]
    # A person reads words.
    assert "_" not in check["message"].replace(check["host"], ""), check["message"]


def _change(check: dict) -> str:
    """What a change after a baseline is called."""
    if "regressed" in check["flags"]:
        return check["message"].partition(": ")[2].replace(" since the baseline", "")
    if "not_compared" in check["flags"]:
        return "not known" if "is unknown" in check["message"] else "another answer"
    return "same"


@pytest.mark.parametrize("site", [pytest.param(site, marks=_marks(site), id="%s, %s" % (site.box, site.name)) for site in SITES if site.host])
def test_the_host_as_a_whole(site, seen):
    assert summarise(list(seen(site).values()))["verdict"] == site.host


#: What is found where a PAC file should be: (failure, proxies).
PAC = "function FindProxyForURL(url, host) { return \"SOCKS5 s.example.com:1080; PROXY p.example.com:3128\"; }"
FOUND = {"pac": (None, ["p.example.com:3128", "s.example.com:1080"]), "utf16": (None, ["p.example.com:3128", "s.example.com:1080"]), "page": ("no_pac", []),
         "gone": ("http_unexpected_status_code", []), "silent": ("generic_timeout_error", [])}


@pytest.mark.skipif(boxes.missing("nginx") is not None, reason=str(boxes.missing("nginx")))
def test_what_is_found_where_a_pac_file_should_be(seen):
    path = seen.path
    path.mend()
    served = path.folder / "pac"
    served.mkdir(exist_ok=True)
    (served / "pac").write_text(PAC)
    (served / "utf16").write_bytes(PAC.encode("utf-16"))
    (served / "page").write_text("<html>Please sign in</html>")
    boxes.nginx(path, {}, plain="root %s;" % served, rules='iifname "lan" tcp dport 8097 drop')
    places = ["http://%s:%d/%s" % (boxes.PROXY, 8097 if name == "silent" else boxes.PLAIN, name) for name in FOUND]
    found = path.observe([], pac=places, timeout=1)["pac"]
    assert {name: (one["failure"], one["proxies"]) for name, one in zip(FOUND, found)} == FOUND
