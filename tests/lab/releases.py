# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The releases of Squid that the lab can run: the installed one, and those that are unpacked from other suites of Debian.

``python -m tests.lab.releases`` unpacks those that are missing. What differs between releases is here and nowhere else.
"""
from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
_FOLDER = ROOT / ".build" / "squid"


def _without_blank(folder: Path) -> Path:
    """The folder, or a link to it: a configuration of Squid names paths, and none with a blank in it."""
    if " " not in str(folder):
        return folder
    link = Path(tempfile.gettempdir()) / ("netaccess-squid-%s" % hashlib.sha256(str(folder).encode()).hexdigest()[:12])
    if not link.is_symlink():
        link.symlink_to(folder)
    return link


UNPACKED = _without_blank(_FOLDER)
#: {major release: the suite of Debian that has it}. Which minor release that is, the program says.
SUITES = {"5": "bookworm", "6": "trixie", "7": "forky"}


class Release:
    """One Squid. ``major``: it is unpacked; None: the one that is installed."""

    def __init__(self, major: str | None = None):
        self.major = major

    @property
    def _folder(self) -> Path:
        return UNPACKED / str(self.major)

    @property
    def program(self) -> str:
        """Its path, or a name that does not exist."""
        return str(self._folder / "bin" / "squid") if self.major else shutil.which("squid", path=os.environ.get("PATH", "") + ":/usr/sbin") or "squid"

    @property
    def certgen(self) -> str:
        return str(self._folder / "bin" / "security_file_certgen") if self.major else "/usr/lib/squid/security_file_certgen"

    @property
    def helper(self) -> str:
        """What Squid itself starts to make certificates."""
        return self.certgen

    @property
    def root(self) -> Path:
        """Where its files lie that it does not open by itself."""
        return self._folder / "root" if self.major else Path("/")

    def missing(self) -> str | None:
        """Why it cannot run here, or None."""
        if os.access(self.program, os.X_OK) and os.access(self.certgen, os.X_OK):
            # Squid gives up root, and then starts its helpers.
            closed = [str(path) for path in Path(self.program).parents if os.getuid() == 0 and not path.stat().st_mode & 1]
            return "nobody cannot enter %s, and Squid gives up root" % closed[-1] if closed else None
        if not self.major:
            return "squid-openssl is not installed"
        why = self._folder / "why"
        return why.read_text().strip() if why.exists() else "Squid %s is not unpacked: python -m tests.lab.releases" % self.major

    def version(self) -> str:
        """As the program says."""
        return _version(self.program)

    def lines(self) -> str:
        """What its configuration has to say in addition: what it would else look for where the installed one has it."""
        share = self.root / "usr" / "share" / "squid"
        return "mime_table %s/mime.conf\nicon_directory %s/icons\nerror_directory %s-langpack/en" % (share, share, share) if self.major else ""

    def unpack(self) -> None:
        """Make it available, if that is possible; ``missing`` says why not."""
        if self.major and self.missing():
            subprocess.run([str(ROOT / "scripts" / "install-squid"), SUITES[self.major], str(self._folder)], check=True)


INSTALLED = Release()


@functools.lru_cache(maxsize=None)
def _version(program: str) -> str:
    done = subprocess.run([program, "-v"], capture_output=True, text=True, check=True)
    return done.stdout.partition("Version")[2].split()[0]


@functools.lru_cache(maxsize=1)
def majors() -> dict:
    """{major release: Release}; where one is installed that is it."""
    installed = {} if INSTALLED.missing() else {INSTALLED.version().partition(".")[0]: INSTALLED}
    return {**{major: Release(major) for major in SUITES}, **installed}


def others() -> dict:
    """{name: Release} of those that are not installed; a test that runs on them is exhaustive."""
    return {"squid-" + major: release for major, release in majors().items() if release is not INSTALLED}


def named(name: str) -> Release:
    """``squid``, or a name of ``others``."""
    return others().get(name, INSTALLED)


def parameters() -> list:
    """For a fixture that is made once for each release."""
    return [pytest.param(INSTALLED, id="squid"), *(pytest.param(release, id=name, marks=pytest.mark.exhaustive) for name, release in others().items())]


def usable(release: Release) -> Release:
    """The release, for a test; one that cannot run here skips it and says why."""
    if release.missing():
        pytest.skip(release.missing())
    return release


def asked_for(version: str) -> Release:
    """The release that somebody names by its major number or in full; it is unpacked when it has to be. :raises LookupError: with what there is."""
    release = majors().get(version.partition(".")[0])
    if release is None:
        raise LookupError("There is no Squid %s here. Known: %s" % (version, ", ".join(sorted(majors()))))
    release.unpack()
    if release.missing():
        raise LookupError("Squid %s cannot run here: %s" % (version, release.missing()))
    if not (release.version() + ".").startswith(version + "."):
        raise LookupError("There is no Squid %s here; what there is of Squid %s is %s" % (version, version.partition(".")[0], release.version()))
    return release


if __name__ == "__main__":
    for one in others().values():
        one.unpack()
