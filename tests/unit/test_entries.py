# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an entry that a product does not understand may be about: a table of cases."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, parse
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.entries import domain_of, fitting

WANTED = (".chatgpt.com", "*.openai.com", "js.stripe.com")


@pytest.mark.parametrize("entry, found", [
    ("https://chatgpt.com/x", {".chatgpt.com"}), ("http*://chatgpt.com", {".chatgpt.com"}), ("//chatgpt.com", {".chatgpt.com"}),
    (" ChatGPT.com. ", {".chatgpt.com"}), ("chatgpt.com:8443", {".chatgpt.com"}), ("chatgpt.com?x", {".chatgpt.com"}), ("chatgpt.com#x", {".chatgpt.com"}),
    ("a_b.openai.com", {"*.openai.com"}), (".com", set(WANTED)), ("com", set(WANTED)), (".stripe.com", {"js.stripe.com"}),
    ("*gpt.com", set(WANTED)), ("^.openai.com", set(WANTED)), ("~chat", set(WANTED)), ("", set(WANTED)), ("/path", set(WANTED)),
    ("notchatgpt.com", set()), ("chatgpt.com.crime.example", set()), ("104.18.0.1", set()), ("104.0.0.0/8", set()), ("2001:db8::/32", set()),
    ("https://claude.ai/chatgpt.com", set())])
def test_an_entry_that_is_not_understood_may_be_about_what_it_fits(entry, found):
    assert {str(one) for one in fitting(entry, map(parse, WANTED))} == found


@pytest.mark.parametrize("entry, domain", [
    ("chatgpt.com", ".chatgpt.com"), ("*.ChatGPT.com", ".chatgpt.com"), (".chatgpt.com.", ".chatgpt.com"), ("https://chatgpt.com:8443/x?y", ".chatgpt.com"),
    ("//chatgpt.com#x", ".chatgpt.com"), ("com", ".com"), ("*.com", ".com"), ("*", None), ("", None), ("/path", None), ("104.18.0.1", None), ("a b", None)])
def test_the_domain_that_an_entry_may_mean(entry, domain):
    found = domain_of(entry)
    assert (None if found is None else "." + found.name) == domain
    assert found is None or found.kind == DOMAIN
