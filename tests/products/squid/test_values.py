# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regular expressions of a long list are compiled when a text holds what they need; the answer is that of all of them."""
from __future__ import annotations

import random
import re

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.posix import translated
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.values import Expressions, needed_by


@pytest.mark.parametrize("expression,needed", [
    (r"(^|\.)bad7\.example\.(net|org)", "bad7.example."), ("chatgpt", "chatgpt"),
    (r"^https://chat.openai\.com:443$", "openai.com:443"), ("ChatGPT", "ChatGPT"),
    ("chat|gpt", ""), ("chatgpt?", ""), ("chat[gG]pt", ""), (r"\bchatgpt", ""), ("(chatgpt|claude)", ""), ("a.b", ""),
    ("chat(|x)gpt", ""), ("(chatgpt)*", ""), ("", "")])
def test_what_a_text_needs_is_told_where_it_is_plain_to_see(expression, needed):
    assert needed_by(expression) == needed


def test_the_answer_is_that_of_all_expressions():
    dice = random.Random(3)
    parts = ["chat", "gpt", r"\.", ".", "^", "$", "(^|\\.)", "(com|net)", "open", "AI", "443", ":", "a?", "[0-9]", "(x|y)*"]
    texts = ["chatgpt.com", "www.chatgpt.com:443", "api.openai.net", "https://chat.openai.com/", "openAI.com", "chatxgpt.com", "443", "example.org"]
    for _number in range(2000):
        values = tuple("".join(dice.sample(parts, dice.randint(1, 5))) for _count in range(dice.randint(1, 4)))
        options = dice.choice(((), ("-i",)))
        made = Expressions(((values, options),))
        for text in texts:
            expected = []
            for value in values:
                try:
                    expected.append(bool(re.search(translated(value), text, re.A | (re.I if options else 0))))
                except (ValueError, re.error):
                    assert made.unknown
            assert made.matches(text) == any(expected), (values, options, text)
