# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three hosts, a gateway that sends their web traffic to Squid, and the internet with its DNS: network namespaces, IPv4 and IPv6. Root only.

The namespaces have no name and live in processes: when those end, they are gone.
"""
from __future__ import annotations

import functools
import subprocess
from pathlib import Path

from tests.lab.process import Process, wait_until

BRANCHES = {"branch1": 2, "branch2": 3, "stranger": 4}
LAN, LAN6 = "10.10.0.%d", "fd10:10::%d"
INTERNET, INTERNET6 = "198.51.100.%d", "2001:db8:100::%x"
RESOLVER = "192.0.2.2"
HTTP_PORT, HTTPS_PORT = 3129, 3130

# What a gateway does with what comes from the lan: ``nat`` before routing, ``passing`` when it is routed.
TABLE = """\
table inet lab
delete table inet lab
table inet lab {
  chain to_proxy {
    type nat hook prerouting priority dstnat;
    %(nat)s
  }
  chain passing {
    type filter hook forward priority filter; policy drop;
    %(passing)s
    ct state established,related accept
  }
  chain leaving {
    type nat hook postrouting priority srcnat;
    oifname "wan" %(leaving)s
  }
}
"""
# Web traffic goes to Squid; but for DNS nothing else gets out.
TO_SQUID = 'iifname "lan" tcp dport 80 redirect to :%d\niifname "lan" tcp dport 443 redirect to :%d' % (HTTP_PORT, HTTPS_PORT)
ONLY_NAMES = 'iifname "lan" meta l4proto { tcp, udp } th dport 53 accept'
EVERYTHING = 'iifname "lan" accept'
# For a Squid that takes connections as they are and goes on with the client's own address.
DIVERT = """\
table inet divert {
  chain before {
    type filter hook prerouting priority mangle;
    meta l4proto tcp socket transparent 1 meta mark set 1 accept
    iifname "lan" tcp dport 80 tproxy to :%d meta mark set 1 accept
    iifname "lan" tcp dport 443 tproxy to :%d meta mark set 1 accept
  }
}
""" % (HTTP_PORT, HTTPS_PORT)


@functools.lru_cache(maxsize=1)
def available() -> str | None:
    """Why no namespaces can be made here, or None."""
    try:
        done = subprocess.run(["unshare", "--net", "--mount", "sh", "-c", "ip link set lo up && nft list ruleset && dnsmasq --version"],
                              capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "there is no unshare"
    return None if done.returncode == 0 else "network namespaces: %s" % (done.stderr.strip() or "refused").splitlines()[-1]


class Namespace:
    """One namespace with its own resolver file; ``enter`` is what to put before a command to run it there."""

    def __init__(self, resolv_conf: Path, cwd: Path):
        ready = "mount --bind '%s' /etc/resolv.conf && ip link set lo up && touch '%s' && exec sleep infinity"
        marker = resolv_conf.parent / ("ready-%d" % id(self))
        self._holder = Process(["sh", "-c", ready % (resolv_conf, marker)], enter=["unshare", "--net", "--mount"], cwd=cwd)
        self.pid = self._holder.pid
        wait_until(marker.exists, "a namespace", lambda: None if self._holder.alive() else "refused")
        self.enter = ["nsenter", "--target", str(self.pid), "--net", "--mount", "--wd", "--"]

    def run(self, command: list, text: str | None = None) -> None:
        subprocess.run([*self.enter, *command], input=text, text=True, check=True, capture_output=True)

    def ip(self, *lines) -> None:
        self.run(["ip", "-batch", "-"], "\n".join(lines) + "\n")

    def listens(self, port: int) -> bool:
        """Whether somebody here has a port: TCP that listens, or UDP."""
        lines = [line.split() for kind in ("tcp", "tcp6", "udp", "udp6") for line in Path("/proc/%d/net/%s" % (self.pid, kind)).read_text().splitlines()]
        # State 0A is a listener of TCP, 07 a socket of UDP that is connected to nobody.
        return any(line[1].endswith(":%04X" % port) and line[3] in ("0A", "07") for line in lines)

    def stop(self) -> None:
        self._holder.stop()


class Network:
    """``names`` are the hosts that the internet's DNS knows. ``spaces``: a Namespace by name (gateway, internet, and the BRANCHES)."""

    def __init__(self, folder: Path, names: list, cwd: Path):
        self._folder, self._names, self._cwd = Path(folder), names, cwd
        self.spaces: dict = {}
        self._resolver = None

    def __enter__(self) -> Network:
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _build(self) -> None:
        resolv_conf = self._folder / "resolv.conf"
        resolv_conf.write_text("nameserver %s\noptions timeout:1 attempts:1\n" % RESOLVER)
        for name in ("gateway", "internet", *BRANCHES):
            self.spaces[name] = Namespace(resolv_conf, self._cwd)
        gateway, internet = self.spaces["gateway"], self.spaces["internet"]
        gateway.ip(
            "link add lan type bridge", "link set lan up", "addr add %s/24 dev lan" % (LAN % 1), "addr add %s/64 dev lan nodad" % (LAN6 % 1),
            "link add wan type veth peer name wan netns %d" % internet.pid, "addr add 192.0.2.1/24 dev wan", "addr add fd10:20::1/64 dev wan nodad",
            "link set wan up", "route add 198.51.100.0/24 via %s" % RESOLVER)
        internet.ip("addr add %s/24 dev wan" % RESOLVER, "addr add fd10:20::2/64 dev wan nodad", "link set wan up",
                    "route add local 198.51.100.0/24 dev lo", "route add local 2001:db8:100::/64 dev lo")
        gateway.ip("route add 2001:db8:100::/64 via fd10:20::2")
        for name, number in BRANCHES.items():
            gateway.ip("link add %s type veth peer name lan netns %d" % (name, self.spaces[name].pid), "link set %s master lan up" % name)
            self.spaces[name].ip("addr add %s/24 dev lan" % (LAN % number), "addr add %s/64 dev lan nodad" % (LAN6 % number), "link set lan up",
                                 "route add default via %s" % (LAN % 1), "route add default via %s" % (LAN6 % 1))
        gateway.run(["sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"])
        self.filter()
        self.serve_names()

    def filter(self, passing: str = ONLY_NAMES, nat: str = TO_SQUID, leaving: str = "masquerade") -> None:
        """Give the gateway other rules."""
        self.spaces["gateway"].run(["nft", "-f", "-"], TABLE % {"nat": nat, "passing": passing, "leaving": leaving})

    def divert(self) -> None:
        """Send web traffic to a Squid that takes it by ``tproxy``."""
        gateway, internet = self.spaces["gateway"], self.spaces["internet"]
        self.filter(nat="", leaving="accept")
        gateway.run(["nft", "-f", "-"], DIVERT)
        for family, back in ((["-4"], "10.10.0.0/24 via 192.0.2.1"), (["-6"], "fd10:10::/64 via fd10:20::1")):
            gateway.run(["ip", *family, "rule", "add", "fwmark", "1", "lookup", "100"])
            gateway.run(["ip", *family, "route", "add", "local", "default", "dev", "lo", "table", "100"])
            internet.ip("route add " + back)
        # Where the kernel filters what crosses a bridge, it would forget on the way up which socket a packet was given to.
        gateway.run(["sysctl", "-q", "-e", "-w", "net.bridge.bridge-nf-call-iptables=0", "net.bridge.bridge-nf-call-ip6tables=0",
                     *("net.ipv4.conf.%s.rp_filter=0" % name for name in ("all", "lan", "wan"))])

    def serve_names(self, other: dict | None = None) -> None:
        """Start the DNS, or start it again with ``other`` lines of dnsmasq's configuration for some names: ``{name: [line]}``."""
        internet = self.spaces["internet"]
        if self._resolver is not None:
            self._resolver.stop()
        config = self._folder / "dnsmasq.conf"
        # address=: no reverse names, as for the addresses of a CDN; "#" is every other name, which does not exist.
        usual = {name: ["address=/%s/%s" % (name, form % number) for form in (INTERNET, INTERNET6)] for number, name in enumerate(self._names, 10)}
        addresses = [line for lines in dict(usual, **other or {}).values() for line in lines]
        pid_file = self._folder / "dnsmasq.pid"
        pid_file.unlink(missing_ok=True)
        config.write_text("\n".join(
            ["no-resolv", "no-hosts", "no-poll", "user=root", "bind-interfaces", "listen-address=" + RESOLVER, "pid-file=%s" % pid_file, "address=/#/",
             *addresses]) + "\n")
        self._resolver = Process(["dnsmasq", "--keep-in-foreground", "--conf-file=%s" % config], enter=internet.enter)
        wait_until(pid_file.exists, "dnsmasq", lambda: None if self._resolver.alive() else "see %s" % config)

    def __exit__(self, *_exc) -> None:
        for process in [self._resolver, *self.spaces.values()]:
            if process is not None:
                process.stop()
