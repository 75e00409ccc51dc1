# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a change did harm: what moved, who saw it, and what is merely still shut."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils import verdicts


def look(verdict="pass", checks=(("chat", "pass", False),)) -> dict:
    return {"summary": {"verdict": verdict, "message": "it " + verdict},
            "checks": [{"id": name, "ip_version": 4, "host": name, "role": "wanted", "verdict": said, "flags": ["regressed"] * moved,
                        "message": name + ": seen"} for name, said, moved in checks]}


FINE, SHUT = look(), look("fail", [("chat", "fail", False)])
OPENED = look("fail", [("chat", "pass", False), ("claude.ai", "fail", True)])


@pytest.mark.parametrize("after,before,expect,verdict,harm", [
    ({"a": FINE, "b": FINE}, {}, {}, "pass", False), ({"a": SHUT, "b": SHUT}, {"a": SHUT, "b": SHUT}, {}, "fail", False),
    ({"a": OPENED, "b": OPENED}, {}, {}, "fail", True), ({"a": OPENED, "b": FINE}, {}, {}, "fail", False), ({"a": OPENED}, {}, {}, "fail", True),
    # What worked before and does not now.
    ({"a": SHUT, "b": SHUT}, {"a": FINE, "b": FINE}, {}, "fail", True),
    # A host outside the audience: that it is open now is as bad as that it is shut now.
    ({"a": FINE, "s": FINE}, {"a": SHUT, "s": SHUT}, {"s": "unchanged"}, "fail", False), ({"s": FINE}, {"s": SHUT}, {"s": "unchanged"}, "fail", True),
    ({"s": SHUT}, {"s": SHUT}, {"s": "unchanged"}, "pass", False),
    ({"a": None}, {}, {}, "unverified", False), ({}, {}, {}, "unverified", False), ({"a": look("unverified")}, {}, {}, "unverified", False)])
def test_harm(after, before, expect, verdict, harm):
    found = verdicts.proof(after, before, expect)
    assert (found["verdict"], found["harm"]) == (verdict, harm)


def test_the_message_says_who_saw_what():
    assert verdicts.proof({"a": OPENED, "b": SHUT, "c": None}, {}, {})["message"] == "a: not as it was: claude.ai: seen. b: it fail. not proven by: c"
    assert verdicts.proof({"b": FINE, "a": FINE}, {}, {})["message"] == "proven by a, b"
