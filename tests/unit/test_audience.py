# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a column of a rule is about the audience, and networks and ports as rules write them: tables of cases."""
from __future__ import annotations

import ast
import ipaddress
from pathlib import Path

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.addresses import is_private, networks_of, overlap, port_level
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.audience import limits, named, networks
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import MAY, NO, SURE


@pytest.mark.parametrize("ours, theirs, level, apart", [
    # No name stands for any: a rule without a limit is about everybody, and one with a limit about a part of everybody.
    ((), (), SURE, SURE),
    (("a",), (), SURE, SURE),
    ((), ("a",), MAY, MAY),
    (("a",), ("a", "b"), SURE, SURE),
    (("a", "b"), ("a",), MAY, MAY),
    # Who is in group a may be in group b; what is in zone a is not in zone b.
    (("a",), ("b",), MAY, NO),
])
def test_a_column_of_names(ours, theirs, level, apart):
    assert named(ours, theirs) == level
    assert named(ours, theirs, apart=True) == apart


@pytest.mark.parametrize("names, found", [(["any"], set()), (["any", "trust"], set()), (["trust"], {"trust"}), ([], set())])
def test_the_word_for_any_is_no_limit(names, found):
    assert limits(names, "any") == found


@pytest.mark.parametrize("ours, theirs, level", [
    (["10.1.0.0/24"], ["10.0.0.0/8"], SURE),
    (["10.1.0.0/24", "192.0.2.7"], ["10.0.0.0/8", "192.0.2.0/28"], SURE),
    (["10.0.0.0/8"], ["10.1.0.0/24"], MAY),
    (["10.1.0.0/24", "192.0.2.7"], ["10.0.0.0/8"], MAY),
    (["10.1.0.0/24"], ["10.2.0.0/24"], NO),
    (["10.1.0.0/24"], ["2001:db8::/32"], NO),
    ([], ["10.0.0.0/8"], MAY),
    (["10.1.0.5/24"], ["10.1.0.0/24"], SURE),
    # A name of an object may be any network.
    (["10.1.0.0/24"], ["servers"], MAY),
    (["clients"], ["10.0.0.0/8"], MAY),
])
def test_a_column_of_networks(ours, theirs, level):
    assert networks(ours, theirs) == level


@pytest.mark.parametrize("text, private", [
    ("10.0.0.0/8", True), ("172.16.0.1-172.31.255.255", True), ("fd00::/64", True), ("224.0.0.0/24", True),
    # All addresses, half of them, and what is more than a private network: releases of Python before 3.11 take the first three for private ones.
    ("0.0.0.0/0", False), ("0.0.0.0/1", False), ("0.0.0.0-255.255.255.255", False), ("::/0", False), ("10.0.0.0/7", False), ("10.0.0.0-11.0.0.0", False),
    ("100.64.1.0/24", False), ("198.18.0.0/15", False), ("203.0.113.7", False),
    ("1.1.1.1", False), ("2001:4860:4860::8888", False), ("::ffff:1.1.1.1", False), ("chatgpt.com", False), ("", False),
])
def test_what_is_private_is_the_same_on_each_python(text, private):
    assert is_private(text) is private


def test_nobody_asks_python_what_is_private():
    """Its answer differs by release, and a rule for all addresses that counts as one for private ones is not seen."""
    plugins = Path(__file__).resolve().parents[2] / "plugins" / "module_utils"
    asking = [path.name for path in plugins.rglob("*.py") for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
              if isinstance(node, ast.Attribute) and node.attr in ("is_private", "is_global", "is_reserved")]
    assert asking == []


def test_no_network_overlaps_with_none():
    net = ipaddress.ip_network("10.0.0.0/8")
    assert overlap([], [net]) == overlap([net], []) == NO


@pytest.mark.parametrize("text, dash, found", [
    ("192.0.2.7", "-", ["192.0.2.7/32"]),
    ("192.0.2.7/24", "-", ["192.0.2.0/24"]),
    ("192.0.2.0-192.0.2.4", "-", ["192.0.2.0/30", "192.0.2.4/32"]),
    ("192.0.2.0 - 192.0.2.1", "-", ["192.0.2.0/31"]),
    ("192.0.2.0..192.0.2.1", "..", ["192.0.2.0/31"]),
    ("2001:db8::/32", "-", ["2001:db8::/32"]),
])
def test_networks_and_ranges_are_read(text, dash, found):
    assert [str(net) for net in networks_of(text, dash)] == found


@pytest.mark.parametrize("text", ["", "example.com", "my-host.example", "192.0.2.9-192.0.2.1", "192.0.2.1-2001:db8::1", "192.0.2.1-"])
def test_what_is_neither_network_nor_range_is_a_value_error(text):
    with pytest.raises(ValueError):
        networks_of(text)


@pytest.mark.parametrize("spans, holds", [
    (["443"], SURE), (["80", "400-500"], SURE), ([" 443 "], SURE), (["80"], NO), (["444-500"], NO), ([], NO), (["any", "443"], SURE),
    ([""], MAY), (["any"], MAY), (["1-x"], MAY), (["x-80"], MAY), (["80-"], MAY), (["-80"], MAY), (["x", "80"], MAY), (["443:1024"], MAY),
])
def test_ports_and_spans_of_ports(spans, holds):
    assert port_level(spans, (443, 3478)) == holds
