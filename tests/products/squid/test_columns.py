# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every type of ACL and every directive of Squid 5 to 7: what the judge does not read matches perhaps, and what it does not know is named."""
from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid import columns
from tests.products.squid.test_judge import Site, allowed

FACTS = yaml.safe_load((Path(__file__).parent / "columns.yml").read_text())
TYPES = dict(FACTS["types"]["read"], **FACTS["types"]["perhaps"])
HELPER = "external_acl_type helper %SRC /x\n"


def words(folder, kind: str, value: str, turned: bool = False) -> set:
    made = Site(folder, "%sacl x %s %s\nhttp_access deny %sx" % (HELPER, kind, value, "!" if turned else ""), auth_acl="all")
    return set(allowed(made.foreseen()).values())


@pytest.mark.parametrize("kind,value", sorted(FACTS["types"]["perhaps"].items()))
@pytest.mark.parametrize("turned", (False, True))
def test_a_type_that_nobody_reads_matches_perhaps(tmp_path, kind, value, turned):
    assert words(tmp_path, kind, value, turned) == {"unchecked"}


def test_the_table_knows_each_type_and_no_other():
    assert columns.TYPES | set(columns.RENAMED) == set(TYPES) | {"myip", "myport"}
    assert columns.UNREAD <= set(FACTS["types"]["perhaps"]) and not columns.READ & columns.UNREAD


@pytest.mark.parametrize("kind", sorted(FACTS["types"]["read"]))
def test_a_type_that_is_read_is_told_for_sure_in_one_way_or_the_other(tmp_path, kind):
    value = FACTS["types"]["read"][kind]
    answers = [words(tmp_path, kind, value), words(tmp_path, kind, value, turned=True)]
    # Of a decrypted request some can only be told perhaps.
    assert "unchecked" not in answers[0] & answers[1] or kind in ("at_step", "proxy_auth_regex", "url_regex", "urlpath_regex", "method")


def test_each_directive_is_known():
    known = columns.JUDGED | columns.OTHERS
    assert set(FACTS["directives"].split()) <= known and not columns.JUDGED & columns.OTHERS
    assert "next_year_access" not in known and {"if", "else", "endif"}.isdisjoint(known)
