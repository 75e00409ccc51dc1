# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What on this host changes its path to the internet: agents of gateways, VPNs, proxies, a PAC file, its hosts file, its resolvers.

Facts only, and only those that a diagnosis needs: no user, no other process, no other name. What cannot be read is None.
"""
from __future__ import annotations

import hashlib
import http.client
import ipaddress
import os
import platform
import plistlib
import re
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Collection, Iterable
from urllib.parse import urlsplit

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import dns_, hostsfile, system
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.failures import TIMEOUT, failure
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.urls import without_user

#: Agents that redirect the traffic of a host: the names of their processes (lower case, without .exe), and where they are installed. Sources:
#: help.zscaler.com/client-connector (processes to allowlist); developers.cloudflare.com (WARP); the others from public inventories of processes and
#: scripts that install or remove them. We have seen none of them on a real machine.
AGENTS = [
    ("Zscaler Client Connector", ("zsatunnel", "zsaservice", "zscalertunnel", "zscalerservice", "zstunnel"),
     ("/opt/zscaler", "/Applications/Zscaler", "C:\\Program Files\\Zscaler", "C:\\Program Files (x86)\\Zscaler")),
    ("Cloudflare WARP", ("warp-svc", "cloudflarewarp"), ("/Applications/Cloudflare WARP.app", "C:\\Program Files\\Cloudflare\\Cloudflare WARP")),
    ("Cisco Umbrella", ("acumbrellaagent", "csc_umbrellaagent", "csc_swgagent", "acswgagent", "ercservice"),
     ("/opt/cisco/secureclient/umbrella", "/opt/cisco/anyconnect/umbrella", "/Library/Application Support/OpenDNS Roaming Client",
      "C:\\ProgramData\\Cisco\\Cisco Secure Client\\Umbrella", "C:\\ProgramData\\Cisco\\Cisco AnyConnect Secure Mobility Client\\Umbrella",
      "C:\\ProgramData\\OpenDNS\\ERC")),
    ("Netskope Client", ("stagentsvc", "stagentui"), ("/opt/netskope", "/Library/Application Support/Netskope", "C:\\Program Files\\Netskope\\STAgent",
                                                      "C:\\Program Files (x86)\\Netskope\\STAgent")),
    ("Symantec WSS Agent", ("wssad",), ()),
    ("GlobalProtect", ("pangps", "pangpa"), ("/opt/paloaltonetworks/globalprotect", "/Applications/GlobalProtect.app",
                                             "C:\\Program Files\\Palo Alto Networks\\GlobalProtect")),
    ("FortiClient", ("forticlient", "fctservctl", "fortitray"), ("/opt/forticlient", "/Applications/FortiClient.app",
                                                                 "C:\\Program Files\\Fortinet\\FortiClient")),
    ("Cisco Secure Client", ("vpnagentd", "vpnagent"), ("/opt/cisco/secureclient", "/opt/cisco/anyconnect",
                                                        "C:\\Program Files (x86)\\Cisco\\Cisco Secure Client")),
]
#: If the two variables of a pair differ, programs disagree: curl reads http_proxy in lower case only, others read upper case first.
PROXY_VARIABLES = tuple(name for pair in (("HTTP_PROXY", "http_proxy"), ("HTTPS_PROXY", "https_proxy"), ("ALL_PROXY", "all_proxy"), ("NO_PROXY", "no_proxy"))
                        for name in pair)
_TUNNELS = re.compile(r"(tun|tap|wg|utun|ppp|ipsec|gpd|cscotun|zcctun|CloudflareWARP|tailscale|nordlynx)", re.I)
_PAC_LIMIT = 1 << 20
_APPS = ("/Applications/ChatGPT.app/Contents/Info.plist", "~/Applications/ChatGPT.app/Contents/Info.plist")


def facts(names: Collection[str], pac: str | None = None, timeout: float = 5, root: str = "/") -> dict:
    """``{"system", "python", "trust_store", "clock", "resolvers", "hosts_file", "proxies", "proxy_variables", "no_proxy", "pac",
    "route", "agents", "app"}``.

    ``names`` are looked up in the hosts file, ``pac`` is fetched instead of the one that the system names; ``root`` is where files are, for tests.
    """
    found = _pac_of_system() if pac is None else {"url": pac, "source": "option"}
    return {
        # On Windows the module platform asks WMI, which can be slow.
        "system": "Windows" if sys.platform == "win32" else platform.system(), "python": platform.python_version(), "trust_store": trust_store(),
        "clock": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "resolvers": dns_.resolvers(os.path.join(root, "etc/resolv.conf")), "hosts_file": hostsfile.named(names, hostsfile.place(root)),
        "proxies": {scheme: without_user(url) for scheme, url in sorted(_proxies().items()) if scheme != "no"},
        "proxy_variables": {name: without_user(os.environ[name]) for name in PROXY_VARIABLES if os.environ.get(name)},
        "no_proxy": os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or system.internet_settings().get("ProxyOverride"),
        "pac": _in_time(found, names, timeout) if found else None,
        "route": route(root), "agents": agents(_processes(root), root), "app": app(root),
    }


def trust_store() -> list:
    """The source of the certificates that this host trusts: files, folders, "Windows", or "keychains" of macOS, which Python does not read itself."""
    if sys.platform == "win32":
        return ["Windows"]
    places = ssl.get_default_verify_paths()
    return [place for place in (places.cafile, places.capath) if place] + ["keychains"] * bool(system.keychains())


def _proxies() -> dict:
    """{scheme: URL} from the variables of the process and the system's settings; ``winhttp`` is for services of Windows."""
    if sys.platform != "win32":
        return urllib.request.getproxies()
    found = urllib.request.getproxies_environment() or {"https": system.proxy_of_windows()}
    return {scheme: url for scheme, url in dict(found, winhttp=system.proxy_of_services()).items() if url}


def agents(processes: Iterable[str], root: str = "/") -> list:
    """``[{"name", "state": "running" or "installed", "seen"}]`` of AGENTS."""
    running = {process.lower()[:-4] if process.lower().endswith(".exe") else process.lower() for process in processes}
    found = []
    for name, programs, places in AGENTS:
        # The kernel keeps fifteen characters of a process name.
        process = next((one for one in programs if one in running or one[:15] in running), None)
        place = next((one for one in places if os.path.exists(_under(root, one))), None)
        if process or place:
            found.append({"name": name, "state": "running" if process else "installed", "seen": process or place})
    return found


def _under(root: str, place: str) -> str:
    """A path of this system below ``root``, for tests."""
    return place if root == "/" else os.path.join(root, *re.split(r"[/\\]", re.sub(r"^[A-Z]:", "", place).strip("/\\")))


def _processes(root: str) -> list:
    folder = Path(root, "proc")
    if folder.is_dir():
        return [name for name in (_text(str(path)) for path in folder.glob("[0-9]*/comm")) for name in [(name or "").strip()] if name]
    if sys.platform == "win32":
        return [line.split('"')[1] for line in system.run(["tasklist", "/FO", "CSV", "/NH"]).splitlines() if line.startswith('"')]
    return [os.path.basename(line.strip()) for line in system.run(["ps", "-axo", "comm="]).splitlines()]


def route(root: str = "/") -> dict | None:
    """``{"interface", "mtu", "tunnel"}`` of the route to the internet over IPv4."""
    if os.path.exists(os.path.join(root, "proc/net/route")):
        name = interface_of(_text(os.path.join(root, "proc/net/route")) or "")
        mtu = _text(os.path.join(root, "sys/class/net", name, "mtu")) if name else None
        kind = _text(os.path.join(root, "sys/class/net", name, "type")) if name else None
        # ARPHRD_NONE and ARPHRD_PPP (linux/if_arp.h): the types of VPN interfaces.
        tunnel = bool(name) and (bool(_TUNNELS.match(name)) or (kind or "").strip() in ("65534", "512"))
        return {"interface": name, "mtu": int(mtu) if mtu else None, "tunnel": tunnel} if name else None
    if sys.platform == "win32":
        found = system.network_of_windows()
        return {key: found[key] for key in ("interface", "mtu", "tunnel")} if found.get("interface") else None
    found = system.route_of_mac() if sys.platform == "darwin" else {}
    return dict(found, tunnel=bool(_TUNNELS.match(found["interface"]))) if found else None


def interface_of(table: str) -> str | None:
    """The interface of the longest match for an address of the internet in /proc/net/route; VPNs often add two half routes to the default route."""
    target, best = int(ipaddress.ip_address(system.SOMEWHERE)), None
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 8:
            continue
        # In the byte order of the machine.
        network, mask = (int.from_bytes(bytes.fromhex(fields[at]), sys.byteorder) for at in (1, 7))
        rank = (bin(mask).count("1"), -int(fields[6]))
        if int(fields[3], 16) & 1 and target & mask == network and (best is None or rank > best[0]):
            best = (rank, fields[0])
    return best[1] if best else None


def app(root: str = "/") -> dict | None:
    """``{"version", "build"}`` of the macOS app, if it is installed."""
    for place in _APPS:
        path = os.path.expanduser(place) if place.startswith("~") else _under(root, place)
        try:
            with open(path, "rb") as file:
                said = plistlib.load(file)
        except (OSError, ValueError, plistlib.InvalidFileException):
            continue
        return {"version": said.get("CFBundleShortVersionString"), "build": said.get("CFBundleVersion")}
    return None


def _pac_of_system() -> dict | None:
    """The location of the PAC file in the system's settings: macOS and Windows; Linux desktops have no common place for it."""
    url = system.internet_settings().get("AutoConfigURL")
    if sys.platform == "darwin":
        said = system.proxies_of_mac()
        # An address that was disabled stays there.
        url = said.get("ProxyAutoConfigURLString") if said.get("ProxyAutoConfigEnable") == "1" else None
    return {"url": url, "source": "system settings"} if url else None


def _in_time(found: dict, names, timeout: float) -> dict:
    """The PAC file, within ``timeout`` in total: that of a socket restarts with each byte. A thread that takes longer is left behind."""
    seen = dict(found, url=without_user(found["url"]), status=None, content_type=None, sha256=None, proxies=[], names=[], failure=None)
    answers: list = []
    thread = threading.Thread(target=lambda: answers.append(_fetched(found, seen, names, timeout)), daemon=True)
    thread.start()
    thread.join(timeout)
    return answers[0] if answers else dict(seen, failure=TIMEOUT)


def _fetched(found: dict, seen: dict, names, timeout: float) -> dict:
    """The PAC file is fetched, hashed and searched for names, but never executed: it is JavaScript."""
    if urlsplit(found["url"]).scheme not in ("http", "https"):
        return dict(seen, failure="unsupported_scheme")
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(found["url"], timeout=timeout) as reply:
            body = reply.read(_PAC_LIMIT)
            seen.update(status=reply.status, content_type=reply.headers.get("Content-Type"))
    except urllib.error.HTTPError as error:
        return dict(seen, status=error.code, failure="http_unexpected_status_code")
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        return dict(seen, failure=failure(reason if isinstance(reason, Exception) else error))
    text = body.decode("utf-16" if body[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace")
    if "FindProxyForURL" not in text:
        # For example the page of a captive portal.
        return dict(seen, failure="no_pac")
    words = {part for name in names for part in (name, ".".join(name.split(".")[-2:]))}
    return dict(seen, sha256=hashlib.sha256(body).hexdigest(),
                proxies=sorted(set(re.findall(r"(?:PROXY|HTTPS|SOCKS5?)\s+([\w.-]+:\d+)", text)))[:20],
                names=sorted(word for word in words if re.search(r"(?<![\w-])%s(?![\w-])" % re.escape(word), text))[:50])


def _text(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1 << 20)
    except OSError:
        return None
