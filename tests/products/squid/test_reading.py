# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site is read anew each time, and made anew when anything of it says something else. No Squid runs."""
from __future__ import annotations

import os

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.files import Settings
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.squid.reading import Reader

SITE = """include {folder}/conf.d/*.conf
acl listed dstdomain "{folder}/hosts"
acl absent dstdomain "{folder}/absent"
http_access deny listed
"""
OURS = "acl netaccess_port port 443\nhttp_access allow netaccess_port\n"


@pytest.fixture
def reader(tmp_path):
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "squid.conf").write_text(SITE.format(folder=tmp_path))
    (tmp_path / "conf.d" / "early.conf").write_text("acl early src 10.0.0.0/8\n")
    (tmp_path / "hosts").write_text("a.example\n")
    made = Reader(Settings(config_file=str(tmp_path / "squid.conf"), drop_in=str(tmp_path / "conf.d" / "netaccess-chatgpt.conf"),
                           list_dir=str(tmp_path / "lists")), None)
    made.load()
    return made


@pytest.mark.parametrize("path,text", [
    ("squid.conf", "http_access deny all\n"), ("conf.d/early.conf", "acl early src 10.0.0.0/9\n"), ("conf.d/new.conf", "acl new src 10.0.0.1\n"),
    ("conf.d/early.conf", None), ("hosts", "b.example\n"), ("hosts", None), ("absent", "c.example\n"),
    ("conf.d/netaccess-chatgpt.conf", OURS + "acl mine src 10.0.0.8\n")],
    ids=["the configuration", "what it includes", "one more", "one less", "a list", "no list", "a list that was not there", "others in our file"])
def test_what_changes_makes_another_site(reader, tmp_path, path, text):
    before = reader.site
    if text is None:
        (tmp_path / path).unlink()
    else:
        (tmp_path / path).write_text(text)
    reader.load()
    fresh = Reader(reader._settings, None)
    fresh.load()
    assert reader.site is not before and reader.site == fresh.site != before and reader.files.digests == fresh.files.digests
    assert (reader.drop_in, reader.switches) == (fresh.drop_in, fresh.switches)


@pytest.mark.skipif(os.getuid() == 0, reason="root may read all")
def test_a_list_that_may_not_be_read_any_more_makes_another_site(reader, tmp_path):
    (tmp_path / "hosts").chmod(0)
    reader.load()
    assert "cannot be read" in " ".join(reader.site.acl("listed").unread)


@pytest.mark.parametrize("text", [OURS, None], ids=["written", "not written"])
def test_our_own_lines_leave_the_site_as_it_is_and_all_is_read_again(reader, tmp_path, text):
    before, digests, stats = reader.site, dict(reader.files.digests), dict(reader.files.stats)
    if text is not None:
        (tmp_path / "conf.d" / "netaccess-chatgpt.conf").write_text(text)
    os.utime(tmp_path / "hosts", (1, 1))
    reader.load()
    assert reader.site is before and reader.drop_in == text and reader.files.stats[str(tmp_path / "hosts")].st_mtime == 1
    assert {path: digest for path, digest in reader.files.digests.items() if not path.endswith("netaccess-chatgpt.conf")} == digests
    assert set(stats) <= set(reader.files.stats)
