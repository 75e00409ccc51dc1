# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Windows and macOS report about themselves, where Linux has files: registry and programs. What cannot be read is None, or empty.

The formats are those of public documents; we have not seen them on such a machine.
"""
from __future__ import annotations

import base64
import functools
import json
import os
import re
import subprocess
import sys
from fnmatch import fnmatch

try:
    import winreg
except ImportError:
    winreg = None

#: Neither a private nor a documentation address, so the route to it is the route to the internet.
SOMEWHERE = "1.0.0.1"
_SETTINGS = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"
_POLICY = r"Software\Policies\Microsoft\Windows\CurrentVersion\Internet Settings"
#: Network adapters of VPNs and agents, as Windows describes them.
_TUNNELS = re.compile(r"vpn|tunnel|tap-|wintun|wireguard|zscaler|warp|anyconnect|secure client|pangp|globalprotect|forti|netskope|tailscale|juniper|ppp", re.I)
#: learn.microsoft.com: Find-NetRoute gives the local address first, then the route; both name the interface.
_NETWORK = """
$ProgressPreference = 'SilentlyContinue'
$ErrorActionPreference = 'SilentlyContinue'
try { [Console]::OutputEncoding = New-Object System.Text.UTF8Encoding } catch { }
$way = @(Find-NetRoute -RemoteIPAddress %s)[0]
$number = $way.InterfaceIndex
@{
  interface = [string]$way.InterfaceAlias
  adapter = [string](Get-NetAdapter -InterfaceIndex $number -IncludeHidden).InterfaceDescription
  mtu = (Get-NetIPInterface -InterfaceIndex $number -AddressFamily IPv4).NlMtu
  resolvers = @((Get-DnsClientServerAddress -InterfaceIndex $number).ServerAddresses)
} | ConvertTo-Json -Compress
""" % SOMEWHERE
_KEYCHAINS = ("/System/Library/Keychains/SystemRootCertificates.keychain", "/Library/Keychains/System.keychain")
#: Seconds for a program; PowerShell needs some just to start.
_COMMAND, _SLOW = 5, 20


def run(command: list, seconds: float = _COMMAND) -> str:
    """The output of a program; empty if it does not exist or does not end in time."""
    try:
        # The kit runs this too, without a module. Windows programs write in the code page of their console.
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace",  # pylint: disable=ansible-bad-function
                              timeout=seconds, check=False)
        return done.stdout or ""
    except (OSError, subprocess.SubprocessError):
        return ""


# -- Windows


def of_windows(*parts: str) -> str:
    """A path in the Windows folder."""
    return "\\".join((os.environ.get("SystemRoot", r"C:\Windows"), *parts))


@functools.lru_cache(maxsize=None)
def network_of_windows() -> dict:
    """``{"interface", "mtu", "tunnel", "resolvers"}`` of the route to the internet; empty if Windows does not report it. Cached, since it takes
    seconds."""
    script = base64.b64encode(_NETWORK.encode("utf-16-le")).decode("ascii")
    program = of_windows("System32", "WindowsPowerShell", "v1.0", "powershell.exe")
    try:
        said = json.loads(run([program, "-NoProfile", "-NonInteractive", "-EncodedCommand", script], _SLOW))
        resolvers = said["resolvers"] if isinstance(said["resolvers"], list) else [said["resolvers"]]
        return {"interface": said["interface"] or None, "mtu": said["mtu"], "tunnel": bool(_TUNNELS.search("%(interface)s %(adapter)s" % said)),
                "resolvers": [address for address in resolvers if address]}
    except (ValueError, KeyError, TypeError):
        return {}


def internet_settings() -> dict:
    """The proxy settings of Windows (WinINET): those of the account, or of the machine if a policy says so."""
    if winreg is None:
        return {}
    machine = _values(winreg.HKEY_LOCAL_MACHINE, _POLICY, "ProxySettingsPerUser").get("ProxySettingsPerUser") == 0
    return _values(winreg.HKEY_LOCAL_MACHINE if machine else winreg.HKEY_CURRENT_USER, _SETTINGS,
                   "AutoConfigURL", "ProxyEnable", "ProxyServer", "ProxyOverride")


def _values(root: object, path: str, *names: str) -> dict:
    found = {}
    try:
        with winreg.OpenKey(root, path) as key:
            for name in names:
                try:
                    found[name] = winreg.QueryValueEx(key, name)[0]
                except OSError:
                    continue
    except OSError:
        return {}
    return found


def proxy_of_windows(host: str | None = None) -> str | None:
    """``http://host:port`` of the proxy for HTTPS in those settings; None without one, and for a ``host`` on the list of exceptions.

    Before 3.10 Python's own function returns a wrong scheme, and it resolves each host for the list of exceptions.
    """
    said = internet_settings()
    if not said.get("ProxyEnable") or (host and _left_out(host, str(said.get("ProxyOverride") or ""))):
        return None
    return _for_https(str(said.get("ProxyServer") or ""))


def _for_https(listed: str) -> str | None:
    """From ``proxy:3128`` for everything, or from ``http=a:80;https=b:80``."""
    server = dict(part.strip().partition("=")[::2] for part in listed.split(";")).get("https", "") if "=" in listed else listed
    return "http://" + server.rpartition("//")[2].rstrip("/") if server else None


def _left_out(host: str, listed: str) -> bool:
    patterns = [part.strip().lower() for part in listed.split(";")]
    return ("<local>" in patterns and "." not in host) or any(fnmatch(host.lower(), pattern.rpartition("//")[2]) for pattern in patterns if pattern)


def proxy_of_services() -> str | None:
    """The proxy that Windows services use (WinHTTP). netsh prints in the system's language, so a proxy is recognised by its port."""
    said = re.search(r": +(\S+:\d+\S*)\s*$", run(["netsh", "winhttp", "show", "proxy"]), re.M)
    return _for_https(said.group(1)) if said else None


# -- macOS


def proxies_of_mac() -> dict:
    """The output of ``scutil --proxy``: {name: value}."""
    return dict(re.findall(r"^\s*(\w+) : (\S+)\s*$", run(["/usr/sbin/scutil", "--proxy"]), re.M))


def resolvers_of_mac() -> list:
    """The resolvers for names that no other rule covers: the first that ``scutil --dns`` lists. Few programs read /etc/resolv.conf."""
    first = re.search(r"^resolver #1\n(.*?)(?:^resolver #|^DNS configuration|\Z)", run(["/usr/sbin/scutil", "--dns"]), re.M | re.S)
    return re.findall(r"nameserver\[\d+\] : ([0-9A-Fa-f.:]+)", first.group(1)) if first else []


def route_of_mac() -> dict:
    """``{"interface", "mtu"}`` of the route to the internet."""
    said = run(["/sbin/route", "-n", "get", SOMEWHERE])
    name, table = re.search(r"interface:\s*(\S+)", said), re.search(r"^(.*\bmtu\b.*)\n(.*)$", said, re.M)
    numbers = dict(zip(table.group(1).split(), table.group(2).split())) if table else {}
    return {"interface": name.group(1), "mtu": int(numbers["mtu"]) if numbers.get("mtu", "").isdigit() else None} if name else {}


@functools.lru_cache(maxsize=None)
def keychains() -> str:
    """The certificates of the system's keychains, as PEM: Apple's roots, and those that the company installed. Which of them are trusted is not
    included."""
    return run(["/usr/bin/security", "find-certificate", "-a", "-p", *_KEYCHAINS], _SLOW) if sys.platform == "darwin" else ""
