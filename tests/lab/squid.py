# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Squid as a company would run it: it blocks AI hosts, decrypts everything and strips cookies.

On loopback as an explicit proxy, which needs no root; or on the gateway of a Network, which sends it the traffic of hosts that know of no proxy.
"""
from __future__ import annotations

import os
import pwd
import random
import signal
import socket
import subprocess
import uuid
from pathlib import Path

from tests.lab.network import HTTPS_PORT, HTTP_PORT, RESOLVER, Namespace
from tests.lab.pki import Authority
from tests.lab.process import Process, wait_until
from tests.lab.releases import INSTALLED, Release

BLOCKED = (".openai.com .chatgpt.com .oaiusercontent.com .oaistatic.com .oaistatsig.com .livekit.cloud .featuregates.org .statsig.com "
           ".intercom.io js.stripe.com .claude.ai .other-ai.example")

SITE = """\
# A company's proxy.
{ports}
sslcrtd_program {certgen} -s {folder}/certificates -M 4MB
sslcrtd_children 2 startup=1 idle=1
tls_outgoing_options cafile={folder}/public.pem default-ca=off
{upstream}
{release}
visible_hostname proxy.example.com
pid_filename {folder}/squid.pid
cache_log {folder}/cache.log
access_log stdio:{folder}/access.log
coredump_dir {folder}
netdb_filename none
pinger_enable off
cache deny all
shutdown_lifetime 0 seconds
cache_effective_user {user}
{early}
acl lan src {lan}
acl SSL_ports port 443
acl Safe_ports port 80 443
acl CONNECT method CONNECT
acl step1 at_step SslBump1
acl ai_hosts dstdomain {blocked}
acl ai_sni ssl::server_name {blocked}
http_access deny !Safe_ports
http_access deny CONNECT !SSL_ports
{auth}
{peek}
{before}
{include_early}
http_access deny ai_hosts
http_access deny ai_sni
request_header_access Cookie deny all
reply_header_access Set-Cookie deny all
ssl_bump bump all
{include_late}
http_access allow lan {auth_acl}
http_access deny all
"""

BUMP = "ssl-bump cert={folder}/inspection.pem generate-host-certificates=on dynamic_cert_mem_cache_size=4MB"
EXPLICIT = {
    "ports": "http_port 127.0.0.1:{port} " + BUMP,
    # The provider knows every name and every way; no DNS is needed.
    "upstream": "cache_peer 127.0.0.1 parent {provider} 0 no-query no-digest default\nnever_direct allow all",
    "lan": "127.0.0.2-127.0.0.9",
}
TRANSPARENT = {
    "ports": "http_port {port} %s\nhttp_port %d {takes}\nhttps_port %d {takes} %s" % (BUMP, HTTP_PORT, HTTPS_PORT, BUMP),
    "upstream": "dns_nameservers " + RESOLVER,
    "lan": "10.10.0.0/24 fd10:10::/64",
}

AUTH = """\
auth_param basic program {folder}/check-password
auth_param basic realm lab
acl staff proxy_auth REQUIRED"""


def available() -> str | None:
    """Why no Squid can run here, or None."""
    return INSTALLED.missing()


#: The processes of a Squid with workers talk to each other by sockets in a folder that is compiled in.
OWN_RUN = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs /run && mkdir /run/squid && chown nobody /run/squid && exec "$@"', "sh"]


class Squid:
    """``folder`` must be empty and reachable for everybody. ``provider`` is the port of the provider, ``public`` the public root (PEM).

    ``include``: "early" (before the denies, as in Debian), "late" or "none". ``before``: lines of the site just before the include.
    ``gateway``: the namespace whose traffic it takes. ``unprivileged``: as root, start it as nobody all the same. ``release``: which Squid.
    ``takes``: how it takes what a gateway sends it, ``intercept`` or ``tproxy``. ``workers``: with more than one, processes that serve clients; needs root.
    """

    def __init__(self, folder: Path, provider: int, public: Path, auth: bool = False, include: str = "early", before: str = "",
                 peek: bool = True, early: str = "", gateway: Namespace | None = None, unprivileged: bool = False,
                 release: Release = INSTALLED, takes: str = "intercept", workers: int = 1):
        self.release, self.program = release, release.program
        self.folder, self.name = Path(folder), "lab" + uuid.uuid4().hex[:12]
        self.port = free_port()
        self.config, self.drop_in_dir, self.list_dir = self.folder / "squid.conf", self.folder / "conf.d", self.folder / "lists"
        self.drop_in = self.drop_in_dir / "netaccess-chatgpt.conf"
        self._process, self._enter, self._workers = None, list(gateway.enter) if gateway else [], workers
        if workers > 1:
            self._enter += OWN_RUN
            early += "\nworkers %d" % workers
        if unprivileged and os.getuid() == 0:
            self._enter += ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        self.drop_in_dir.mkdir(parents=True)
        self.inspection = Authority("Example Inspection CA", "Example Company")
        (self.folder / "inspection.pem").write_bytes(self.inspection.key_pem)
        self.inspection.write(self.folder / "inspection-root.pem")
        # Workers read it again as nobody.
        (self.folder / "public.pem").write_bytes(Path(public).read_bytes())
        line = "include %s/*.conf" % self.drop_in_dir
        words = dict(port=self.port, folder=self.folder, provider=provider, takes=takes)
        place = {key: value.format(**words) for key, value in (TRANSPARENT if gateway else EXPLICIT).items()}
        self.site = SITE.format(
            folder=self.folder, certgen=release.helper, release=release.lines(), blocked=BLOCKED, before=before, early=early, **place,
            user=pwd.getpwuid(os.getuid()).pw_name if os.getuid() else "nobody",
            auth=AUTH.format(folder=self.folder) if auth else "", auth_acl="staff" if auth else "", peek="ssl_bump peek step1" if peek else "",
            include_early=line if include == "early" else "", include_late=line if include == "late" else "")
        self.config.write_text(self.site)
        helper = self.folder / "check-password"
        helper.write_text("#!/bin/sh\nwhile read line; do case \"$line\" in *' right'*) echo OK;; *) echo ERR;; esac; done\n")
        helper.chmod(0o755)
        # An include whose pattern matches no file is a fatal error for Squid.
        (self.drop_in_dir / "empty.conf").write_text("# nothing\n")
        subprocess.run([release.certgen, "-c", "-s", str(self.folder / "certificates"), "-M", "4MB"], check=True, capture_output=True)

    def start(self) -> Squid:
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", "nobody", str(self.folder)], check=True)
        # What is wrong before the log is open goes to standard error.
        errors = self.folder / "errors"
        with errors.open("w") as stderr:
            command = self.command("-N" if self._workers == 1 else "--foreground")
            self._process = Process(command, enter=self._enter, leftovers="/dev/shm/%s-*.shm" % self.name, stderr=stderr)
        try:
            wait_until(lambda: self.log().count("Accepting") >= self._workers, "squid", lambda: None if self.alive() else errors.read_text() + self.log())
        except BaseException:
            self.stop()
            raise
        return self

    def command(self, *arguments) -> list:
        return [self.program, "-n", self.name, "-f", str(self.config), *arguments]

    def log(self) -> str:
        path = self.folder / "cache.log"
        return path.read_text() if path.exists() else ""

    def access_log(self) -> str:
        path = self.folder / "access.log"
        return path.read_text() if path.exists() else ""

    def alive(self) -> bool:
        return self._process is not None and self._process.alive()

    def reconfigure(self) -> None:
        """Take the configuration as it is now into force. What ``squid -k reconfigure`` sends, without the start of a program for it."""
        log = self.folder / "cache.log"
        size = log.stat().st_size

        def news() -> str:
            with log.open() as lines:
                lines.seek(size)
                return lines.read()
        os.kill(int((self.folder / "squid.pid").read_text()), signal.SIGHUP)
        wait_until(lambda: news().count("Accepting") >= self._workers, "squid to reload", lambda: None if self.alive() else news())

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()

    def __enter__(self) -> Squid:
        return self.start()

    def __exit__(self, *_exc) -> None:
        self.stop()


def free_port() -> int:
    """A port that no outgoing connection is ever given: Squid lets go of its port for a moment with each reload."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(10000, first)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
