# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Squid somebody gets who asks for a release, and what is said where there is none."""
from __future__ import annotations

import os
import subprocess

import pytest

from tests.lab import releases
from tests.lab.releases import ROOT, Release, asked_for
from tests.lab.squid import Squid

MIRROR = "case $* in *indextargets*) echo http://127.0.0.1:1/debian;; *) %s; exit 100;; esac"


def unpacked(folder, major: str, version: str) -> None:
    """A program that says of itself that it is this release."""
    programs = folder / major / "bin"
    programs.mkdir(parents=True)
    for name in ("squid", "security_file_certgen"):
        (programs / name).write_text("#!/bin/sh\necho Squid Cache: Version %s\n" % version)
        (programs / name).chmod(0o755)


@pytest.fixture
def known(tmp_path, monkeypatch):
    """None is installed; 6 is 6.13, and 7 cannot be unpacked."""
    tmp_path.chmod(0o755)
    monkeypatch.setattr(releases, "UNPACKED", tmp_path)
    monkeypatch.setattr(releases, "majors", lambda: {"6": Release("6"), "7": Release("7")})
    # Folders of pytest are closed to others.
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    unpacked(tmp_path, "6", "6.13")
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "why").write_text("Squid of Debian forky: apt knows no mirror of Debian\n")
    monkeypatch.setattr(Release, "unpack", lambda _self: None)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("version", ["6", "6.13"])
def test_a_release_is_named_by_its_major_number_or_in_full(version):
    assert asked_for(version).version() == "6.13"


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("version,says", [
    ("8.1", "no Squid 8.1 here. Known: 6, 7"), ("6.1", "no Squid 6.1 here; what there is of Squid 6 is 6.13"), ("6.14", "what there is of Squid 6 is 6.13"),
    ("7.7", "Squid 7.7 cannot run here: Squid of Debian forky: apt knows no mirror of Debian"), ("", "Known: 6, 7"),
])
def test_a_release_that_there_is_not_is_never_another_one(version, says):
    with pytest.raises(LookupError, match=says):
        asked_for(version)


def test_a_release_that_nobody_can_enter_is_not_started_by_root(tmp_path, monkeypatch):
    """It would start, and fail when it has given up root."""
    monkeypatch.setattr(releases, "UNPACKED", tmp_path)
    monkeypatch.setattr(os, "getuid", lambda: 0)
    unpacked(tmp_path, "6", "6.13")
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 1:
            assert Release("6").missing().startswith("nobody cannot enter /")
            return
    tmp_path.chmod(0o700)
    assert Release("6").missing() == "nobody cannot enter %s, and Squid gives up root" % tmp_path


def test_an_unpacked_release_is_told_where_its_files_are(tmp_path, monkeypatch):
    """It would take those of the installed one, where there is one, and not start where there is none."""
    monkeypatch.setattr(releases, "UNPACKED", tmp_path)
    unpacked(tmp_path, "7", "7.7")
    public = tmp_path / "public.pem"
    public.write_text("")
    told = Squid(tmp_path / "squid", 1, public, release=Release("7")).site.splitlines()
    files = {line.split()[0]: line.split()[1] for line in told if line.startswith(("mime_table", "icon_directory", "error_directory"))}
    share = "%s/7/root/usr/share/squid" % tmp_path
    assert files == {"mime_table": share + "/mime.conf", "icon_directory": share + "/icons", "error_directory": share + "-langpack/en"}
    assert Release().lines() == ""


@pytest.mark.parametrize("apt,says", [
    (None, "there is no apt to get it with"), ("exit 0", "apt knows no mirror of Debian"),
    (MIRROR % "echo 'E: nothing answers' >&2", "E: nothing answers")])
def test_where_it_cannot_be_unpacked_one_line_says_why_and_nothing_fails(tmp_path, apt, says):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("mkdir", "rm", "tee", "sort", "head", "tail", "id", "sh", "dpkg-deb"):
        path = next((os.path.join(at, name) for at in os.defpath.split(":") + ["/usr/bin"] if os.path.exists(os.path.join(at, name))), None)
        (tools / name).symlink_to(path or "/bin/true")
    if apt is not None:
        (tools / "apt-get").write_text("#!/bin/sh\n%s\n" % apt)
        (tools / "apt-get").chmod(0o755)
    done = subprocess.run([str(ROOT / "scripts" / "install-squid"), "forky", str(tmp_path / "7")], env={"PATH": str(tools)}, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "7" / "why").read_text() == "Squid of Debian forky: %s\n" % says and done.stdout.endswith("Squid of Debian forky: %s\n" % says)
    assert sorted(path.name for path in (tmp_path / "7").iterdir()) == ["bin", "why"]
