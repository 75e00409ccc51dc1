# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Squid in a file root of its own, as in a container that has the network of its host. Root only; nothing of it stays."""
from __future__ import annotations

from pathlib import Path

from tests.lab.process import Process, wait_until
from tests.lab.releases import Release

#: What is unpacked is below, and what is written there is gone afterwards. The folder has the same path inside and outside.
MADE = """\
set -e
mount -t tmpfs tmpfs "$place"
mkdir "$place/above" "$place/work" "$place/root"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$place/above,workdir=$place/work" "$place/root"
mkdir -p "$place/root/dev" "$place/root/proc" "$place/root/etc" "$place/root$shared"
mount --rbind /dev "$place/root/dev"
mount --bind /proc "$place/root/proc"
mount --bind "$shared" "$place/root$shared"
cp /etc/passwd /etc/group /etc/resolv.conf "$place/root/etc/"
touch "$ready"
exec sleep infinity
"""


class Container(Release):
    """A release as it is run inside: ``program`` enters the root, and ``helper`` is a path there. ``shared`` is the folder that both have."""

    def __init__(self, release: Release, shared: Path):
        super().__init__(release.major)
        self._shared, self._place, self._holder = shared, shared / "place", None

    @property
    def program(self) -> str:
        return str(self._shared / "squid-inside")

    @property
    def helper(self) -> str:
        return "/usr/lib/squid/security_file_certgen"

    def lines(self) -> str:
        return ""

    def __enter__(self) -> Container:
        self._place.mkdir()
        ready = self._shared / "ready"
        script = "place=%s lower=%s shared=%s ready=%s\n%s" % (self._place, self.root, self._shared, ready, MADE)
        self._holder = Process(["sh", "-c", script], enter=["unshare", "--mount"], stderr=None)
        wait_until(ready.exists, "a file root", lambda: None if self._holder.alive() else "see above")
        enter = Path(self.program)
        enter.write_text('#!/bin/sh\nexec nsenter --target %d --mount -- chroot %s/root /usr/sbin/squid-openssl "$@"\n' % (self._holder.pid, self._place))
        enter.chmod(0o755)
        return self

    def __exit__(self, *_exc) -> None:
        self._holder.stop()
