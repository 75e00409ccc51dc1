# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Windows and macOS say of themselves, as public documents print it. No such machine is at hand."""
from __future__ import annotations

import base64
import errno
import json
import socket
import ssl
import subprocess
import sys

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import dns_, failures, host, hostsfile, runner, stun, system, tls
from tests.lab.elsewhere import registry
from tests.lab.pki import Authority

#: real-world-systems.com/docs/route.1.html.
ROUTE = """   route to: 1.0.0.1
destination: default
       mask: default
    gateway: 192.168.1.1
  interface: %s
      flags: <UP,GATEWAY,DONE,STATIC,PRCLONING>
 recvpipe  sendpipe  ssthresh  rtt,msec    rttvar  hopcount      mtu     expire
       0         0         0         0         0         0      1380         0\x20
"""
#: z10n0110.github.io (2022), macOS 13; with the second part that newer ones have.
DNS = """DNS configuration

resolver #1
  nameserver[0] : fe80::800c:67ff:fe1d:fd64%12d
  nameserver[1] : 172.20.10.1
  if_index : 12 (en1)
  flags    : Request A records, Request AAAA records
  reach    : 0x00020002 (Reachable,Directly Reachable Address)

resolver #2
  domain   : corp.example.com
  nameserver[0] : 10.0.0.53

DNS configuration (for scoped queries)

resolver #1
  nameserver[0] : 10.9.9.9
"""
#: The names are those of SystemConfiguration (SCSchemaDefinitions.h), as libproxy reads them.
PROXY = """<dictionary> {
  ExceptionsList : <array> {
    0 : *.local
    1 : 169.254/16
  }
  HTTPSEnable : 1
  HTTPSPort : 3128
  HTTPSProxy : proxy.example.com
  ProxyAutoConfigEnable : %d
  ProxyAutoConfigURLString : http://pac.example.com/proxy.pac
}
"""
#: learn.microsoft.com: the properties of Find-NetRoute, Get-NetAdapter, Get-NetIPInterface and Get-DnsClientServerAddress, as ConvertTo-Json writes them.
NETWORK = {"interface": "Ethernet 3", "adapter": "PANGP Virtual Ethernet Adapter Secure", "mtu": 1400, "resolvers": ["172.31.0.53", "172.31.0.54"]}
#: msdn.microsoft.com/library/aa384069, and the same in German.
WINHTTP = ("\nCurrent WinHTTP proxy settings:\n\n    Proxy Server(s) :  proxy.example.com:8080\n    Bypass List     :  <local>\n\n",
           "\nAktuelle WinHTTP-Proxyeinstellungen:\n\n    Proxyserver:  http=a.example.com:80;https=b.example.com:8080\n    Umgehungsliste:  (Kein)\n\n",
           "\nCurrent WinHTTP proxy settings:\n\n    Direct access (no proxy server).\n\n")
PUBLIC = Authority("Test Public Root", "Test Trust").pem.decode()
SETTINGS = "HKCU\\" + system._SETTINGS
ENVIRONMENT = runner.Settings(public_roots="", proxy="environment")


@pytest.fixture(autouse=True)
def unasked():
    yield
    system.network_of_windows.cache_clear()
    system.keychains.cache_clear()


@pytest.fixture
def on(monkeypatch):
    """``on(platform, registry, word=what a command with that word prints)``: this machine is another one; the commands that it was given."""
    def be(platform, values=None, **said):
        commands = []

        def run(command, _seconds=0):
            commands.append(command)
            return next((text for word, text in said.items() if word in " ".join(command)), "")
        monkeypatch.setattr(sys, "platform", platform)
        monkeypatch.setattr(system, "run", run)
        monkeypatch.setattr(system, "winreg", registry(values or {}) if platform == "win32" else None)
        return commands
    return be


# -- Windows


def test_the_way_to_the_internet_and_its_resolvers_on_windows(on, tmp_path):
    commands = on("win32", powershell=json.dumps(NETWORK))
    assert host.route(str(tmp_path)) == {"interface": "Ethernet 3", "mtu": 1400, "tunnel": True}
    assert dns_.resolvers() == ["172.31.0.53", "172.31.0.54"]
    (program, *flags, script), = commands
    assert program == "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe" and flags == ["-NoProfile", "-NonInteractive", "-EncodedCommand"]
    assert "Find-NetRoute -RemoteIPAddress 1.0.0.1" in base64.b64decode(script).decode("utf-16-le")


@pytest.mark.parametrize("said,found", [
    (dict(NETWORK, adapter="Intel(R) Ethernet Connection I219-LM", resolvers="10.0.0.1"), {"interface": "Ethernet 3", "mtu": 1400, "tunnel": False}),
    (dict(NETWORK, interface="", adapter="", mtu=None, resolvers=[None]), None), ({}, None), (None, None), ([], None)])
def test_windows_that_says_less(on, tmp_path, said, found):
    on("win32", powershell="" if said is None else json.dumps(said))
    assert host.route(str(tmp_path)) == found and dns_.resolvers() == (["10.0.0.1"] if found else [])


@pytest.mark.parametrize("values,proxy", [
    ({"ProxyEnable": 1, "ProxyServer": "proxy.example.com:3128"}, "http://proxy.example.com:3128"),
    ({"ProxyEnable": 0, "ProxyServer": "proxy.example.com:3128"}, None), ({"ProxyEnable": 1}, None), ({}, None),
    ({"ProxyEnable": 1, "ProxyServer": "http=a:80;https=b:8080"}, "http://b:8080"), ({"ProxyEnable": 1, "ProxyServer": "http=a:80"}, None),
    ({"ProxyEnable": 1, "ProxyServer": "https=http://b:8080/"}, "http://b:8080"),
    ({"ProxyEnable": 1, "ProxyServer": "p:1", "ProxyOverride": "*.example.org;<local>"}, "http://p:1"),
    ({"ProxyEnable": 1, "ProxyServer": "p:1", "ProxyOverride": "<local>;*.OpenAI.com; https://chatgpt.*"}, None)])
def test_the_proxy_of_windows_settings(on, monkeypatch, values, proxy):
    on("win32", {SETTINGS: values})
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args: pytest.fail("no resolver is asked about it"))
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "all_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("chatgpt.com", "api.openai.com"):
        found = runner.effective_proxy({"host": name, "port": 443, "kind": "https"}, ENVIRONMENT)
        assert (str(found) if found else None) == proxy
    monkeypatch.setenv("https_proxy", "http://variable:1")
    assert str(runner.effective_proxy({"host": "chatgpt.com", "port": 443, "kind": "https"}, ENVIRONMENT)) == "http://variable:1"


def test_a_policy_may_take_the_settings_from_the_machine(on):
    values = {SETTINGS: {"AutoConfigURL": "http://mine/x.pac"}, "HKLM\\" + system._SETTINGS: {"AutoConfigURL": "http://all/x.pac"}}
    on("win32", values)
    assert host._pac_of_system()["url"] == "http://mine/x.pac"
    on("win32", dict(values, **{"HKLM\\" + system._POLICY: {"ProxySettingsPerUser": 0}}))
    assert host._pac_of_system()["url"] == "http://all/x.pac"
    on("win32")
    assert host._pac_of_system() is None


@pytest.mark.parametrize("text,proxy", [(WINHTTP[0], "http://proxy.example.com:8080"), (WINHTTP[1], "http://b.example.com:8080"), (WINHTTP[2], None)],
                         ids=["english", "german", "direct"])
def test_the_proxy_of_services(on, text, proxy):
    on("win32", winhttp=text)
    assert system.proxy_of_services() == proxy


def test_facts_of_windows(on, monkeypatch, tmp_path):
    on("win32", {SETTINGS: {"ProxyEnable": 1, "ProxyServer": "alice:geheim@proxy:3128", "ProxyOverride": "<local>"}}, powershell=json.dumps(NETWORK),
       winhttp=WINHTTP[0], tasklist='"System Idle Process","0","Services","0","8 K"\r\n"ZSATunnel.exe","4242","Console","1","20,000 K"\r\n')
    monkeypatch.setattr(host.urllib.request, "getproxies_environment", lambda: {})
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hosts").write_text("10.1.1.1 chatgpt.com\n")
    found = host.facts(["chatgpt.com"], root=str(tmp_path))
    assert found["system"] == "Windows" and found["trust_store"] == ["Windows"] and found["no_proxy"] == "<local>"
    assert found["proxies"] == {"https": "http://proxy:3128", "winhttp": "http://proxy.example.com:8080"}
    assert found["agents"] == [{"name": "Zscaler Client Connector", "state": "running", "seen": "zsatunnel"}]
    assert found["hosts_file"] == {"chatgpt.com": ["10.1.1.1"]}
    monkeypatch.setenv("SystemRoot", "D:\\WINNT")
    assert hostsfile.place("/") == "D:\\WINNT\\System32\\drivers\\etc\\hosts" and hostsfile.named([], "/nowhere") is None


def test_letters_of_a_console_of_another_code_page_are_no_end():
    assert system.run([sys.executable, "-c", "import sys; sys.stdout.buffer.write(b'L\\x94sung,1')"]) == "L�sung,1"
    assert system.run(["/nowhere/program"]) == "" and system.run([sys.executable, "-c", "import time; time.sleep(9)"], 0.2) == ""


def test_words_of_windows_for_failures():
    """One number is two names there (ws2tcpip.h): the name does not exist. And UDP has no connection to reset."""
    program = ("import socket, sys; socket.EAI_NONAME = socket.EAI_NODATA = 11001\nsys.path.insert(0, '.build/collections')\n"
               "from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.failures import failure\n"
               "print(failure(socket.gaierror(11001, 'x')), failure(socket.gaierror(11004, 'x')))")
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert said == ["dns_nxdomain_error", "dns_no_answer"]
    reset = ConnectionResetError(errno.ECONNRESET, "An existing connection was forcibly closed by the remote host")
    assert failures.failure(reset) == "connection_reset" and failures.of_datagrams(reset) == "connection_refused"


def test_a_port_that_windows_calls_closed_is_refused_over_udp(monkeypatch):
    def reset(_self, _size):
        raise ConnectionResetError(errno.ECONNRESET, "reset")
    monkeypatch.setattr(stun, "_await", lambda sock, *_args: reset(sock, 0))
    assert stun.binding("127.0.0.1", 9, 1)["failure"] == "connection_refused"


# -- macOS


@pytest.mark.parametrize("name,tunnel_", [("en0", False), ("utun4", True)])
def test_the_way_to_the_internet_on_macos(on, tmp_path, name, tunnel_):
    on("darwin", route=ROUTE % name)
    assert host.route(str(tmp_path)) == {"interface": name, "mtu": 1380, "tunnel": tunnel_}
    on("darwin", route=(ROUTE % name).replace(" mtu ", " mss "))
    assert host.route(str(tmp_path))["mtu"] is None
    on("darwin", route="route: writing to routing socket: not in table\n")
    assert host.route(str(tmp_path)) is None


def test_the_resolvers_of_macos_are_those_that_programs_ask(on, tmp_path):
    (tmp_path / "resolv.conf").write_text("nameserver 9.9.9.9\n")
    on("darwin", dns=DNS)
    assert dns_.resolvers(str(tmp_path / "resolv.conf")) == ["fe80::800c:67ff:fe1d:fd64", "172.20.10.1"]
    on("darwin")
    assert dns_.resolvers(str(tmp_path / "resolv.conf")) == ["9.9.9.9"]


@pytest.mark.parametrize("enabled,url", [(1, "http://pac.example.com/proxy.pac"), (0, None)])
def test_a_pac_file_of_macos_that_was_switched_off_is_none(on, enabled, url):
    on("darwin", proxy=PROXY % enabled)
    assert (host._pac_of_system() or {}).get("url") == url


def test_what_a_company_put_into_the_keychain_counts_as_this_mac_s_own(on):
    inspection = Authority("Example Inspection CA", "Example Company")
    commands = on("darwin", security=inspection.pem.decode())
    names = [dict(part[0] for part in one["subject"]).get("commonName") for one in tls.Contexts(PUBLIC).get("system").get_ca_certs()]
    assert "Example Inspection CA" in names and host.trust_store()[-1] == "keychains"
    assert commands == [["/usr/bin/security", "find-certificate", "-a", "-p", *system._KEYCHAINS]]
    names = [dict(part[0] for part in one["subject"]).get("commonName") for one in tls.Contexts(PUBLIC).get("public").get_ca_certs()]
    assert "Example Inspection CA" not in names


@pytest.mark.parametrize("text", ["", "security: SecKeychainCopySearchList: no keychain\n"])
def test_a_mac_whose_keychains_cannot_be_read_has_python_s_own(on, text):
    on("darwin", security=text)
    assert isinstance(tls.Contexts(PUBLIC).get("system"), ssl.SSLContext)


def test_a_name_without_an_address_of_one_kind_exists_on_macos_too(on, monkeypatch):
    def lookup(name, _port, family=0, *_more):
        if name == "gone.example" or family == socket.AF_INET6:
            raise socket.gaierror(socket.EAI_NONAME, "nodename nor servname provided, or not known")
        return [(socket.AF_INET, 1, 6, "", ("192.0.2.1", 443))]
    on("darwin")
    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    assert dns_.resolve("chatgpt.com", 443, 6, {})["failure"] == "dns_no_answer"
    assert dns_.resolve("gone.example", 443, 6, {})["failure"] == "dns_nxdomain_error"


def test_a_proxy_of_the_settings_that_cannot_be_spoken_to_is_known_without_its_user(on, monkeypatch):
    monkeypatch.setenv("https_proxy", "socks5://alice:geheim@s:1080")
    found = runner.effective_proxy({"host": "chatgpt.com", "port": 443, "kind": "https"}, ENVIRONMENT)
    assert found.other_kind and "geheim" not in str(found) and "alice" not in str(found)
