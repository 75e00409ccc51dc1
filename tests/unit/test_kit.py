# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file of the probe kit is judged like a host, and one that is damaged is an error that names it."""
from __future__ import annotations

import json

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import kit, signatures
from tests.unit.test_classify import FRESH, INTERCEPTED, SQUID_PAGE, http, probe, seen

DATED = http(200, {"date": "Tue, 24 Nov 2026 08:00:00 GMT"})
HOST = {"clock": "2026-11-24T08:10:00Z", "agents": [], "proxies": {}}


def body(**more) -> dict:
    return dict({"format": kit.FORMAT, "label": "home\x1b[31m", "taken": "2026-11-24T08:10:00Z", "roots": {"date": FRESH}, "probes": [probe()],
                 "observations": [seen(http=DATED)], "host": HOST}, **more)


def read(tmp_path, content, table=None) -> tuple:
    path = tmp_path / "probe.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return kit.read(path, table)


def test_a_file_is_judged_like_a_host(tmp_path):
    label, result = read(tmp_path, body())
    assert label.startswith("home") and "\x1b" not in label
    assert [(check["verdict"], "observations" in check) for check in result["checks"]] == [("pass", False)]
    assert (result["summary"]["verdict"], result["host"]["clock_skew_s"], result["taken"]) == ("pass", 600, "2026-11-24T08:10:00Z")
    assert [note["id"] for note in result["notes"]] == ["clock"]
    for host in (None, {}):
        assert read(tmp_path, body(host=host))[1]["notes"] == []


def test_the_site_s_own_signatures_count(tmp_path):
    blocked = body(observations=[seen(**dict(INTERCEPTED, http=SQUID_PAGE))])
    own = signatures.load([{"product": "Example Gateway", "header": ["x-squid-error", "ERR"]}])
    assert [read(tmp_path, blocked, table)[1]["checks"][0]["blocked_by"]["product"] for table in (own, None)] == ["Example Gateway", "Squid"]


@pytest.mark.parametrize("content,said", [
    (b"text", "is not JSON"), (b"\xff", "is not JSON"), (b"[" * 100000, "is not JSON"), ([], "was not written by"), ({"format": 1}, "was not written by"),
    (body(format=2), "has format 2, but this release reads format 1"), (body(format="x"), "has format x"),
    (body(observations=[{"id": "unknown"}]), "is damaged"), (body(observations=[5]), "is damaged"), (body(roots={}), "is damaged"),
    (body(roots={"date": "x"}), "is damaged"), (body(probes=[5]), "is damaged"), (body(observations=[seen(tls="text")]), "is damaged"),
    (body(observations=[seen(http=[])]), None), (body(host={}), None), (body(host={"agents": []}), "is damaged"), (body(host="text"), "is damaged"),
    (body(host=dict(HOST, clock="x")), "is damaged"), (body(host=dict(HOST, agents=5)), "is damaged")])
def test_a_damaged_file_is_named(tmp_path, content, said):
    if said is None:
        read(tmp_path, content)
        return
    with pytest.raises(kit.KitError, match="probe.json.*%s" % said):
        read(tmp_path, content)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(kit.KitError, match="cannot be read"):
        kit.read(tmp_path)
