# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A path from one host to the lab's internet with one thing wrong on it, and what the collection's probes and classifier say of it.

``Routed`` is a host behind a router (namespaces, IPv4 and IPv6, its own DNS; root only), ``Proxied`` a host that uses an explicit proxy.
"""
from __future__ import annotations

import contextlib
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ansible_collections.netaccess.chatgpt.plugins.module_utils import _public_roots
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog import catalogue
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import classify, signatures
from tests.lab.gateway import Gateway
from tests.lab.internet import CANARY
from tests.lab.lab import OVERLAY, ROOT, Internet, hosts
from tests.lab.network import EVERYTHING, INTERNET, INTERNET6, LAN, LAN6, TO_SQUID, Network
from tests.lab.pki import Authority
from tests.lab.process import Process, wait_until
from tests.lab.squid import Squid

TARGET = "chatgpt.com"
#: Of a Squid of a company: what to take out of its configuration, and what to put in.
NO_DENIES = ("http_access deny ai_hosts\nhttp_access deny ai_sni\n", "")
NO_COOKIE_RULES = ("request_header_access Cookie deny all\nreply_header_access Set-Cookie deny all\n", "")
NO_BUMP = [("ssl_bump peek step1", ""), ("ssl_bump bump all", "")]
SPLICE = ("ssl_bump bump all", "ssl_bump splice all")
OWN_INTERCEPTION = 3140
SECOND_RESOLVER = "198.51.100.200"


def quick(hosts_wanted=()) -> list:
    """The quick set of the catalogue, or of these hosts of it."""
    probes = catalogue.endpoint_probes(catalogue.load([OVERLAY]), catalogue.Selection(), "quick")
    return [probe for probe in probes if not hosts_wanted or probe["host"] in hosts_wanted]


def full(canary: str | None = CANARY) -> list:
    """Everything that can be asked, of the lab's canary as well."""
    return catalogue.endpoint_probes(catalogue.load([OVERLAY]), catalogue.Selection(), "full", canary=canary)


def judge(probes: list, run: dict) -> list:
    return classify.classify(probes, run["observations"], _public_roots.DATE, signatures.load(), datetime.date.today())


class Host:
    """What both paths share: moods of the far end, and looking."""

    def __init__(self):
        # Squid gives up root and has to get in; pytest's own folder is closed to others.
        self.folder = Path(tempfile.mkdtemp(prefix="netaccess-path-"))
        self.folder.chmod(0o755)
        self._up = contextlib.ExitStack()
        self._fault = contextlib.ExitStack()
        self.enter: list = []
        self.settings: dict = {}
        self.trusts: Path | None = None

    def moods(self, moods: dict) -> None:
        (self.folder / "internet" / "moods.json").write_text(json.dumps(moods))

    def _internet(self, space=None) -> Internet:
        (self.folder / "internet").mkdir(exist_ok=True)
        self.moods({})
        return self._up.enter_context(Internet(self.folder / "internet", space=space))

    def _squid(self, gateway, replace=(), **options) -> Squid:
        folder = self.folder / ("squid-%d" % len(list(self.folder.glob("squid-*"))))
        squid = Squid(folder, self.internet.provider, self.internet.public, gateway=gateway, **options)
        text = squid.config.read_text()
        for old, new in replace:
            assert old in text
            text = text.replace(old, new)
        squid.config.write_text(text)
        self.trusts = squid.folder / "inspection-root.pem"
        return self._fault.enter_context(squid)

    def observe(self, probes: list, python: str = sys.executable, trust: bool = True, times: int = 1, environment=(), pac=(), **settings) -> dict:
        """What ``observe.py`` says, run by ``python`` where the host is; the host trusts the company's inspection CA unless told.

        ``environment``: pairs of more variables; ``pac``: addresses of PAC files to fetch.
        """
        asked = dict({"public_roots": str(self.internet.public), "timeout": 2.5, "deadline": 10, "retries": 1}, **self.settings)
        asked.update(settings)
        asked = json.dumps({"probes": probes, "settings": asked, "times": times, "pac": list(pac)})
        store = self.trusts if trust and self.trusts else self.internet.public
        done = subprocess.run([*self.enter, python, str(ROOT / "tests" / "lab" / "observe.py")], input=asked, capture_output=True, text=True, check=False,
                              env=dict(os.environ, SSL_CERT_FILE=str(store), **dict(environment)))
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def look(self, probes: list, **options) -> list:
        """The checks of the probes."""
        return judge(probes, self.observe(probes, **options)["runs"][0])

    def mend(self) -> None:
        """Everything right again."""
        self._fault.close()
        self.trusts = None
        self.moods({})

    def __exit__(self, *_exc) -> None:
        self._fault.close()
        self._up.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Proxied(Host):
    """A host on loopback whose proxy is the provider itself, a Squid, or a gateway that looks at names."""

    def __enter__(self) -> Proxied:
        self.internet = self._internet()
        self.mend()
        return self

    def mend(self) -> None:
        super().mend()
        self.proxy(self.internet.provider)

    def proxy(self, port: int) -> None:
        self.settings = {"proxy": "http://127.0.0.1:%d" % port, "source": "127.0.0.2"}

    def squid(self, replace=(), **options) -> Squid:
        found = self._squid(None, replace, **options)
        self.proxy(found.port)
        return found

    def gateway(self, decide) -> None:
        """A proxy that decides by the name in the handshake, ``decide(source, name, port)``."""
        company = Authority("Example Inspection CA", "Example Company")
        found = self._fault.enter_context(Gateway(self.folder / "gateway", decide, self.internet.provider, self.internet.public, company))
        self.trusts = found.root
        self.proxy(found.port)


class Routed(Host):
    """The host ``branch1`` of a Network."""

    def __enter__(self) -> Routed:
        self.network = self._up.enter_context(Network(self.folder / "network", hosts(), ROOT))
        self.internet = self._internet(self.network.spaces["internet"])
        self.enter = self.network.spaces["branch1"].enter
        self.settings = {"versions": [4]}
        self.mend()
        return self

    def mend(self) -> None:
        super().mend()
        self.network.filter(EVERYTHING, "")

    def firewall(self, rules: str, leaving: str = "masquerade") -> None:
        """Rules before the one that lets everything pass, and how addresses are translated."""
        self.network.filter(rules + "\n" + EVERYTHING, "", leaving)

    def filtered(self, rules: str) -> None:
        """What passes, and nothing is sent elsewhere."""
        self.network.filter(rules, "")

    def narrow(self) -> None:
        """Packets of more than 1280 bytes, the least that IPv6 needs, do not get to the hosts, and nobody hears of it."""
        gateway = self.network.spaces["gateway"]
        gateway.ip("link set lan mtu 1280")
        self._fault.callback(gateway.ip, "link set lan mtu 1500")
        gateway.run(["nft", "add table inet hole; add chain inet hole out { type filter hook output priority filter; }; "
                     "add rule inet hole out icmp type destination-unreachable drop"])
        self._fault.callback(gateway.run, ["nft", "delete table inet hole"])

    def names(self, host: str, *addresses) -> None:
        """Other addresses for a host for the time of this fault; none: it does not exist."""
        self.other_names({host: addresses or [""]})

    def other_names(self, addresses: dict) -> None:
        """The same for several hosts: ``{host: [address]}``."""
        self.network.serve_names({host: ["address=/%s/%s" % (host, address) for address in found] for host, found in addresses.items()})
        self._fault.callback(self.network.serve_names)

    @staticmethod
    def address(host: str, version: int = 4) -> str:
        return (INTERNET6 if version == 6 else INTERNET) % (hosts().index(host) + 10)

    def portal(self) -> None:
        """Plain HTTP ends at a server of the site."""
        command = [sys.executable, "-m", "http.server", "8099", "--bind", "10.10.0.1"]
        server = Process(command, self.network.spaces["gateway"].enter, cwd=self.folder / "network")
        self._fault.callback(server.stop)
        self.network.filter(EVERYTHING, 'iifname "lan" tcp dport 80 redirect to :8099')
        wait_until(lambda: "captive_portal" in self.look([one for one in full() if one["id"] == "captive_portal"])[0]["flags"], "the portal")

    def split_names(self, host: str) -> None:
        """This host's resolver does not know a name; another one, at SECOND_RESOLVER, does."""
        self.names(host)
        config = self.folder / "second.conf"
        config.write_text("no-resolv\nno-hosts\nuser=root\nbind-interfaces\nlisten-address=%s\npid-file=%s\naddress=/%s/%s\n" % (
            SECOND_RESOLVER, self.folder / "second.pid", host, self.address(host)))
        other = Process(["dnsmasq", "--keep-in-foreground", "--conf-file=%s" % config], enter=self.network.spaces["internet"].enter)
        self._fault.callback(other.stop)
        wait_until((self.folder / "second.pid").exists, "a second resolver", lambda: None if other.alive() else "see %s" % config)
        self._fault.callback((self.folder / "second.pid").unlink, missing_ok=True)

    def record(self, host: str, *lines) -> None:
        """More lines of the DNS for a host, for the time of this fault."""
        self.network.serve_names({host: ["address=/%s/%s" % (host, self.address(host)), *lines]})
        self._fault.callback(self.network.serve_names)

    def relay(self, host: str, address: str) -> None:
        """The company's DNS has an internal address for a host, and what is there carries on to the origin."""
        self.names(host, address)
        self.network.filter(EVERYTHING, "ip daddr %s tcp dport 443 dnat ip to %s" % (address, self.address(host)))

    def squid(self, replace=(), **options) -> Squid:
        found = self._squid(self.network.spaces["gateway"], replace, **options)
        self.network.filter(nat=TO_SQUID)
        return found

    def around_by_ipv6(self) -> None:
        """A Squid that denies and decrypts what comes by IPv4; IPv6 is routed."""
        self.squid()
        self.network.filter(EVERYTHING, "\n".join("meta nfproto ipv4 " + line for line in TO_SQUID.splitlines()))

    def search(self, domain: str) -> None:
        """Hosts try this domain for names that they do not find."""
        resolv_conf = self.folder / "network" / "resolv.conf"
        known = resolv_conf.read_text()
        # In place: the file is mounted where hosts look for it.
        resolv_conf.write_text(known + "search %s\n" % domain)
        self._fault.callback(resolv_conf.write_text, known)

    def only_ipv6(self) -> None:
        """The host has no way to the internet by IPv4; its resolver is at the gateway."""
        branch, resolv_conf = self.network.spaces["branch1"], self.folder / "network" / "resolv.conf"
        known = resolv_conf.read_text()
        resolv_conf.write_text("nameserver %s\noptions timeout:1 attempts:1\n" % (LAN6 % 1))
        self._fault.callback(resolv_conf.write_text, known)
        branch.ip("route del default via %s" % (LAN % 1))
        self._fault.callback(branch.ip, "route add default via %s" % (LAN % 1))

    def box(self, command: list, port: int, rules: str = "") -> None:
        """A program of a middlebox on the gateway for the time of this fault, once it has its port, and what is sent to it."""
        gateway, said = self.network.spaces["gateway"], self.folder / "box.log"
        with said.open("a") as log:
            process = Process(command, gateway.enter, cwd=self.folder, stdout=log, stderr=log)
        self._fault.callback(process.stop)
        wait_until(lambda: gateway.listens(port), command[0], lambda: None if process.alive() else said.read_text()[-2000:], 60)
        self.network.filter(EVERYTHING, rules)

    def middlebox(self, moods: dict, rules: str = 'iifname "lan" tcp dport 443 redirect to :%d' % OWN_INTERCEPTION) -> None:
        """Something on the gateway that sees the names in handshakes and has moods of its own."""
        folder = self.folder / "middlebox"
        folder.mkdir(exist_ok=True)
        (folder / "doorman.json").unlink(missing_ok=True)
        (folder / "moods.json").write_text(json.dumps(moods))
        box = Process([sys.executable, "-m", "tests.lab.doorman", str(folder), "*", str(OWN_INTERCEPTION), "0"], self.network.spaces["gateway"].enter, cwd=ROOT,
                      stderr=None)
        self._fault.callback(box.stop)
        wait_until((folder / "doorman.json").exists, "the middlebox", lambda: None if box.alive() else "see above")
        self.network.filter(EVERYTHING, rules)


__all__ = ["NO_BUMP", "NO_COOKIE_RULES", "NO_DENIES", "SECOND_RESOLVER", "SPLICE", "TARGET", "Proxied", "Routed", "full", "judge", "quick"]
