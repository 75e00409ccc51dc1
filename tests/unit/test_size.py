# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is long takes as much longer as it is: plans by calls of functions, and text by time, coarsely. `make bench` prints seconds."""
from __future__ import annotations

import contextlib
import gc

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import Failed
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.run import Run
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.publish import published
from tests.bench import size
from tests.bench.rules import Calls
from tests.contract.memory import MemoryRig


def calls(work) -> int:
    with Calls() as counted:
        work()
    return counted.now()


@pytest.mark.parametrize("make", [size.text_of, size.plan, size.moved, size.placed, size.gone, size.noted])
def test_work_for_a_plan_grows_as_the_plan(make):
    few, many = calls(make(100)), calls(make(400))
    assert many < 4.6 * few


@pytest.mark.parametrize("make", [*map(size.redacted, size.REPEATED), *(size.page(part, html) for part in size.REPEATED for html in (False, True))],
                         ids=range(3 * len(size.REPEATED)))
def test_time_for_a_line_grows_as_the_line(make):
    """Four times as long is sixteen times the work where each character is a new beginning."""
    few, many = size.seconds(make(3_000)), size.seconds(make(12_000))
    assert many < 8 * few + 0.05


def test_time_for_small_entries_of_a_har_does_not_grow_with_a_large_one_before_them():
    few, many = size.seconds(size.behind(1_000)), size.seconds(size.behind(4_000))
    assert many < 8 * few + 0.05


def test_what_is_found_in_text_is_as_before():
    assert published._mentions("see x*.chatgpt.com, *.a.openai.com. and a_b.chatgpt.com..", set(size.KNOWN)) == [
        "*.chatgpt.com", "*.a.openai.com", "a_b.chatgpt.com"]
    assert published._text_blocks("# Allow #\n**chatgpt.com** [openai.com](https://openai.com)\n") == [
        ("heading", "Allow", None), ("paragraph", "chatgpt.com openai.com", ["chatgpt.com", "openai.com"])]


def test_a_declaration_that_python_does_not_understand_is_no_crash():
    with pytest.raises(published.PublishedError, match="broken declaration"):
        published.read_page(b"<html><body><p>a</p><![<![</body></html>", size.KNOWN)


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("ends", [None, KeyError("x")], ids=["well", "by an error"])
def test_a_run_does_without_the_garbage_collector_and_leaves_it_as_it_was(on, ends, tmp_path, monkeypatch):
    """It looks through all that was read again and again: a quarter of the time of a long configuration."""
    seen, before = [], gc.isenabled()

    def work(_self):
        seen.append(gc.isenabled())
        if ends:
            raise ends
        return {}
    monkeypatch.setattr(Run, "_execute", work)
    try:
        (gc.enable if on else gc.disable)()
        with contextlib.suppress(Failed):
            MemoryRig(tmp_path).run()
        assert seen == [False] and gc.isenabled() is on
    finally:
        (gc.enable if before else gc.disable)()
