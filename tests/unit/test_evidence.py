# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How old the evidence for an entry is, as docs/evidence.md has it."""
from __future__ import annotations

import importlib.machinery
import importlib.util

import pytest

from tests.lab.lab import ROOT


@pytest.fixture(scope="module")
def generate():
    loader = importlib.machinery.SourceFileLoader("generate", str(ROOT / "scripts" / "generate"))
    made = importlib.util.module_from_spec(importlib.util.spec_from_loader("generate", loader))
    with pytest.MonkeyPatch.context() as patch:
        # As Python does for a program.
        patch.syspath_prepend(str(ROOT / "scripts"))
        loader.exec_module(made)
    return made


@pytest.mark.parametrize("source,when", [
    ("help.openai.com article 9247338, list of 2026-07-25", "2026-07-25"), ("several public repositories, 2026", "2026"), ("openai.com/chatgpt-voice.json", ""),
    # A version is no date, and a year amid a name is none either.
    ("traffic report of the iOS app 1.2026.188", ""), ("report 2026, page 3", ""), ("read on 2026-03-01 and on 2026-09-02", "2026-09-02")])
def test_when_a_source_was_looked_at(generate, source, when):
    assert generate.date_of(source) == when


def entry(name, *sources, **more):
    return dict({"id": name, "pattern": name + ".example", "sources": list(sources)}, **more)


def test_what_nothing_new_speaks_for_is_named(generate):
    entries = [entry("new", "list of 2026-03-11", "list of 2026-07-25"), entry("at_the_bound", "seen on 2026-07-12"), entry("old", "seen on 2026-07-11"),
               entry("year", "a report, 2026"), entry("undated", "a page"), entry("gone", "list of 2026-03-11", until="2026-07-25")]
    media = [{"id": "voice", "protocol": "udp", "sources": ["a feed"], "feed": "https://feed.example", "feed_date": "2026-10-10"}]
    lines = generate.evidence_lines({"entries": entries, "extras": [], "media": media, "companions": [{"pattern": "seen.example", "sources": []}]})
    assert "is of 2026-10-10" in lines[1]
    assert [line for line in lines if line.startswith("- ")] == [
        "- not dated, by no source: `seen.example`", "- not dated, by a page: `undated`", "- 2026, by a report, 2026: `year`",
        "- 2026-07-11, by seen on 2026-07-11: `old`"]
    assert "| list of 2026-03-11 | 2026-03-11 | 2 |" in lines and "| a page | not dated | 1 |" in lines
    assert "| `new` | `new.example` | 2026-07-25 | list of 2026-07-25 |  |" in lines and "| `voice` | `udp` | 2026-10-10 | https://feed.example |  |" in lines
