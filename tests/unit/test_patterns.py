# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pattern algebra against a brute-force matcher that knows labels and nothing else."""
from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import (
    Index, Pattern, PatternError, collapse, covers, names_above, parse, parse_if,
)

LABELS = st.sampled_from(["a", "b", "www", "chat", "xn--bcher-kva"])
NAMES = st.lists(LABELS, min_size=1, max_size=3).map(lambda labels: ".".join(labels + ["example", "com"]))
TEXTS = st.builds(str.__add__, st.sampled_from(["", "*.", "."]), NAMES)
HOSTS = st.lists(LABELS, min_size=0, max_size=5).map(lambda labels: ".".join(labels + ["example", "com"]))


def brute(text: str, host: str) -> bool:
    """Label by label, from the right."""
    subdomains, apex = text.startswith(("*.", ".")), not text.startswith("*.")
    name = text.lstrip("*").lstrip(".").split(".")
    labels = host.split(".")
    if labels[-len(name):] != name:
        return False
    return apex if len(labels) == len(name) else subdomains


@given(TEXTS)
def test_text_form_round_trips(text):
    assert str(parse(text)) == text


@given(TEXTS, HOSTS)
def test_matches_as_brute_force(text, host):
    assert parse(text).matches(host) == brute(text, host)
    assert parse(text).matches(host.upper() + ".") == brute(text, host)


@given(TEXTS, TEXTS, st.lists(HOSTS, max_size=20))
def test_covers_means_every_host(wide, narrow, hosts):
    a, b = parse(wide), parse(narrow)
    witnesses = hosts + [b.name, "z." + b.name, "y.z." + b.name]
    assert covers(a, b) == all(brute(wide, host) for host in witnesses if brute(narrow, host))


@given(st.lists(TEXTS, max_size=12), st.lists(HOSTS, max_size=20), st.randoms())
def test_collapse_keeps_the_hosts_is_minimal_and_needs_no_order(texts, hosts, random):
    kept = collapse(parse(text) for text in texts)
    shuffled = list(texts)
    random.shuffle(shuffled)
    assert collapse(parse(text) for text in shuffled) == kept
    for host in hosts:
        assert any(brute(text, host) for text in texts) == any(p.matches(host) for p in kept)
    for pattern in kept:
        assert not any(covers(other, pattern) for other in kept if other != pattern)


@given(st.lists(TEXTS, max_size=12), TEXTS)
def test_index_finds_a_cover_exactly_when_there_is_one(texts, text):
    members, wanted = [parse(t) for t in texts], parse(text)
    found = Index(members).covering(wanted)
    assert (found is not None) == any(covers(member, wanted) for member in members)
    assert found is None or (found in members and covers(found, wanted))


@given(st.one_of(st.text(), st.binary(), st.integers(), st.none(), st.lists(st.text()), st.text(alphabet=".*-_a1\0 \t\n:/@[]%é", max_size=300)))
def test_hostile_input_is_a_pattern_or_a_pattern_error(value):
    try:
        pattern = parse(value)
    except PatternError as error:
        assert len(str(error)) < 1000
    else:
        assert parse(str(pattern)) == pattern and str(pattern).isascii()


@pytest.mark.parametrize("text,hint", [
    ("", "empty"), ("*", "wildcard"), ("*.", "empty"), (".", "empty"), ("*.com", "top-level"), ("com", "top-level"), ("https://chatgpt.com", "scheme"),
    ("chatgpt.com/", "path"), ("chatgpt.com:443", "port"), ("chatgpt.com.", "dot"), ("a..b.com", "empty label"), ("chat*.openai.com", "wildcard"),
    ("*.*.openai.com", "wildcard"), ("192.0.2.1", "IP address"), ("2001:db8::1", "IPv6"), ("bücher.example", "A-label"), ("-a.example.com", "label"),
    ("a" * 64 + ".example.com", "label"), (("a" * 60 + ".") * 5 + "com", "253"), ("user@chatgpt.com", "user"), (" chatgpt.com", "white space"),
    ("chatgpt.com\n", "white space"), ("0x7f.1", "number"), (None, "string"), (5, "string"),
])
def test_what_is_no_pattern_says_why(text, hint):
    with pytest.raises(PatternError, match="(?i)" + hint):
        parse(text)


@pytest.mark.parametrize("host", ["evilopenai.com", "openai.com.evil.test", "chatgpt.com.evil.test", "openai.co", "penai.com", "openai.com-evil.test"])
def test_look_alikes_never_match(host):
    assert not any(parse(text).matches(host) for text in (".openai.com", "*.openai.com", "openai.com", ".chatgpt.com"))


def test_case_is_folded():
    assert parse("*.OpenAI.com") == Pattern("openai.com", "subdomains")


@pytest.mark.parametrize("name, above", [("com", ["com"]), ("a.example.com", ["a.example.com", "example.com", "com"])])
def test_the_names_above_a_name_begin_with_itself(name, above):
    assert names_above(name) == above


@pytest.mark.parametrize("text, found", [
    ("*.example.com", Pattern("example.com", "subdomains")), ("example.com/path", None), ("192.0.2.1", None), (None, None)])
def test_what_is_no_pattern_can_be_asked_for(text, found):
    assert parse_if(text) == found
