# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has that changes its way, read from files of a tree and from real servers; and what people are told about it."""
from __future__ import annotations

import contextlib
import http.server
import plistlib
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import host
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import advice, isolation
from tests.unit.test_isolation import check, result

ROUTES = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"


def line(interface, destination, mask, metric=0, flags="0003"):
    def number(text):
        return "%08X" % int.from_bytes(bytes(int(part) for part in text.split(".")), sys.byteorder)
    return "\t".join([interface, number(destination), "00000000", flags, "0", "0", str(metric), number(mask), "0", "0", "0"]) + "\n"


def tree(tmp_path, files: dict):
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(tmp_path)


@pytest.mark.parametrize("rows,name", [
    ([line("eth0", "0.0.0.0", "0.0.0.0"), line("eth0", "10.0.0.0", "255.0.0.0")], "eth0"),
    # A VPN adds two halves, which go before the default route.
    ([line("eth0", "0.0.0.0", "0.0.0.0"), line("tun0", "0.0.0.0", "128.0.0.0"), line("tun0", "128.0.0.0", "128.0.0.0")], "tun0"),
    ([line("eth0", "0.0.0.0", "0.0.0.0", 100), line("wlan0", "0.0.0.0", "0.0.0.0", 50)], "wlan0"),
    ([line("eth0", "0.0.0.0", "0.0.0.0", flags="0002")], None), (["garbage\n"], None), ([], None)])
def test_the_interface_of_the_way_to_the_internet(rows, name):
    assert host.interface_of(ROUTES + "".join(rows)) == name


def test_a_tree_with_everything(tmp_path, monkeypatch):
    monkeypatch.setattr(host, "_APPS", ("/Applications/ChatGPT.app/Contents/Info.plist",))
    root = tree(tmp_path, {
        "proc/net/route": ROUTES + line("wg0", "0.0.0.0", "0.0.0.0"), "sys/class/net/wg0/mtu": "1280\n", "sys/class/net/wg0/type": "65534\n",
        "proc/1/comm": "systemd\n", "proc/77/comm": "warp-svc\n", "proc/78/comm": "csc_umbrellaage\n", "opt/zscaler/bin/x": "",
        "etc/resolv.conf": "nameserver 127.0.0.1\n", "etc/hosts": "127.0.0.1 localhost\n10.1.1.1 ChatGPT.com other # chatgpt.com\n10.1.1.2 chatgpt.com\n",
        "Applications/ChatGPT.app/Contents/Info.plist": plistlib.dumps({"CFBundleShortVersionString": "1.2026.300", "CFBundleVersion": "42"})})
    monkeypatch.setenv("https_proxy", "http://alice:secret@proxy.example.com:3128")
    found = host.facts(["chatgpt.com", "api.openai.com"], root=root)
    assert found["route"] == {"interface": "wg0", "mtu": 1280, "tunnel": True}
    assert found["hosts_file"] == {"chatgpt.com": ["10.1.1.1", "10.1.1.2"]} and found["resolvers"] == ["127.0.0.1"]
    assert [(one["name"], one["state"]) for one in found["agents"]] == [
        ("Zscaler Client Connector", "installed"), ("Cloudflare WARP", "running"), ("Cisco Umbrella", "running")]
    assert found["app"] == {"version": "1.2026.300", "build": "42"}
    assert found["proxies"]["https"] == "http://proxy.example.com:3128" and "secret" not in str(found)


def test_a_tree_with_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(host.system, "run", lambda command: "")
    found = host.facts(["chatgpt.com"], root=str(tmp_path))
    assert (found["route"], found["hosts_file"], found["resolvers"], found["agents"], found["app"], found["pac"]) == (None, None, [], [], None, None)
    (tmp_path / "proc" / "net").mkdir(parents=True)
    (tmp_path / "proc/net/route").write_text(ROUTES + line("eth9", "0.0.0.0", "0.0.0.0"))
    assert host.facts(["chatgpt.com"], root=str(tmp_path))["route"] == {"interface": "eth9", "mtu": None, "tunnel": False}


def test_processes_of_other_systems():
    assert host.agents(["ZSATunnel.exe", "explorer.exe", "stAgentSvc.exe"], "/nowhere") == [
        {"name": "Zscaler Client Connector", "state": "running", "seen": "zsatunnel"}, {"name": "Netskope Client", "state": "running", "seen": "stagentsvc"}]


@pytest.mark.parametrize("files,processes,found", [
    (["Program Files (x86)/Zscaler/ZSATray/ZSATray.exe", "ProgramData/OpenDNS/ERC/x"], ["explorer.exe", "ERCService.exe"],
     [("Zscaler Client Connector", "installed"), ("Cisco Umbrella", "running")]),
    (["Program Files/Cloudflare/Cloudflare WARP/warp-svc.exe", "Program Files (x86)/Netskope/STAgent/x"], ["warp-svc.exe", "wssad.exe"],
     [("Cloudflare WARP", "running"), ("Netskope Client", "installed"), ("Symantec WSS Agent", "running")]),
    (["Applications/Zscaler/Zscaler.app/x", "Library/Application Support/OpenDNS Roaming Client/x"], ["ZscalerTunnel", "launchd"],
     [("Zscaler Client Connector", "running"), ("Cisco Umbrella", "installed")]),
    (["opt/cisco/secureclient/umbrella/x"], ["csc_umbrellaagent"], [("Cisco Umbrella", "running"), ("Cisco Secure Client", "installed")]),
    (["Program Files/Windows Defender/x", "Applications/Safari.app/x"], ["svchost.exe", "Safari"], [])])
def test_agents_of_other_systems_in_a_tree_of_theirs(tmp_path, files, processes, found):
    root = tree(tmp_path, dict.fromkeys(files, ""))
    assert [(one["name"], one["state"]) for one in host.agents(processes, root)] == found


def test_whose_certificates_are_this_host_s_own(tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(Path(tree(tmp_path, {"own.pem": ""})) / "own.pem"))
    assert host.trust_store()[0] == str(tmp_path / "own.pem")
    monkeypatch.setattr(host.sys, "platform", "win32")
    assert host.trust_store() == ["Windows"]


def test_this_very_host_can_be_read_by_the_oldest_python():
    from tests.system.test_scenarios import oldest_python
    program = ("import json, sys; sys.path.insert(0, '.build/collections')\n"
               "from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import host\n"
               "print(json.dumps(host.facts(['chatgpt.com'])))\n")
    for python in sorted({sys.executable, oldest_python() or sys.executable}):
        done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and '"clock"' in done.stdout, done.stderr


# -- PAC ------------------------------------------------------------------------------------------------------------

PAC = b"""function FindProxyForURL(url, host) {
  if (dnsDomainIs(host, ".openai.com") || host == "chatgpt.com") return "PROXY ai.example.com:8080; SOCKS5 s.example.com:1080";
  if (dnsDomainIs(host, "notchatgpt.com.example")) return "DIRECT";
  return "PROXY proxy.example.com:3128; DIRECT";
}"""


@contextlib.contextmanager
def serving(status=200, body=PAC, pause=0.0):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.send_header("Content-Type", "application/x-ns-proxy-autoconfig")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                for byte in [body[:1], body[1:]] if not pause else [body[:1]] * len(body):
                    self.wfile.write(byte)
                    time.sleep(pause)

        def log_message(self, format, *args):  # pylint: disable=redefined-builtin
            pass
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield "http://user:secret@127.0.0.1:%d/proxy.pac" % server.server_address[1]
        server.shutdown()


def test_a_pac_file_is_searched_and_not_run(monkeypatch):
    with serving() as url:
        found = host.facts(["chatgpt.com", "api.openai.com", "claude.ai"], pac=url.replace("user:secret@", ""))["pac"]
    assert found["proxies"] == ["ai.example.com:8080", "proxy.example.com:3128", "s.example.com:1080"]
    assert found["names"] == ["chatgpt.com", "openai.com"] and (found["status"], found["failure"]) == (200, None) and len(found["sha256"]) == 64


@pytest.mark.parametrize("body,failure,proxies", [(PAC.decode().encode("utf-16"), None, 3), (b"<html>Sign in first</html>", "no_pac", 0)],
                         ids=["UTF-16", "a page"])
def test_a_pac_file_in_other_forms(body, failure, proxies):
    with serving(body=body) as url:
        found = host.facts(["chatgpt.com"], pac=url.replace("user:secret@", ""))["pac"]
    assert (found["failure"], len(found["proxies"])) == (failure, proxies)


def test_a_pac_file_that_drips_is_not_waited_for():
    with serving(body=PAC, pause=0.05) as url:
        began = time.monotonic()
        found = host.facts([], pac=url.replace("user:secret@", ""), timeout=0.2)["pac"]
    assert found["failure"] == "generic_timeout_error" and found["sha256"] is None and time.monotonic() - began < 2


@pytest.mark.parametrize("status", [404, 500])
def test_a_pac_file_that_is_not_there(status):
    with serving(status) as url:
        assert host.facts([], pac=url.replace("user:secret@", ""))["pac"]["failure"] == "http_unexpected_status_code"
    assert host.facts([], pac="http://127.0.0.1:1/x", timeout=1)["pac"]["failure"] == "connection_refused"
    assert host.facts([], pac="file:///etc/shadow")["pac"]["failure"] == "unsupported_scheme"


# -- notes and cases ------------------------------------------------------------------------------------------------


def seen(date, failure=None):
    return {"http": {"headers": {"date": date} if date else {}}, "tls": {"failure": failure}}


def test_the_clock_is_compared_with_what_origins_say_themselves():
    facts = {"clock": "2026-11-24T08:10:00Z"}
    right, wrong = "Tue, 24 Nov 2026 08:00:00 GMT", "Tue, 24 Nov 2026 05:00:00 GMT"
    assert advice.clock_skew(facts, [seen(right), seen(wrong, "ssl_unknown_authority"), seen(right), seen("nonsense"), seen(None)]) == 600
    # Without TLS whoever is on the path answers, such as a portal with a clock of its own.
    assert advice.clock_skew(facts, [dict(seen(wrong), tls=None)]) is None
    assert advice.clock_skew(facts, [seen(wrong, "ssl_unknown_authority")]) is None


FACTS = {"agents": [], "route": {"interface": "eth0", "mtu": 1500, "tunnel": False}, "hosts_file": {}, "clock_skew_s": 3, "proxies": {}, "pac": None,
         "app": None}
PAC_FILE = {"url": "http://wpad.example.com/wpad.dat", "failure": None}


@pytest.mark.parametrize("facts,checks,ids", [
    ({}, [], []),
    ({"agents": [{"name": "Cloudflare WARP", "state": "running"}, {"name": "GlobalProtect", "state": "installed"}]}, [], ["agent", "agent_installed"]),
    ({"route": {"interface": "utun4", "mtu": 1280, "tunnel": True}}, [], ["tunnel"]),
    ({"route": {"interface": "eth0", "mtu": 1280, "tunnel": False}}, [], ["mtu"]),
    ({"hosts_file": {"chatgpt.com": ["10.0.0.1"]}}, [], ["hosts_file"]), ({}, [check(verdict="pass", flags=["hosts_file"])], ["hosts_file"]),
    ({"clock_skew_s": -121}, [], ["clock"]), ({"clock_skew_s": None}, [], []),
    ({"proxies": {"https": "http://p:1"}}, [check(via="direct")], ["proxy_unused"]), ({"proxies": {"https": "http://p:1"}}, [check(via="proxy")], []),
    ({"pac": PAC_FILE}, [check(via="direct")], ["pac"]), ({"pac": dict(PAC_FILE, failure="generic_timeout_error")}, [check(via="direct")], ["pac_unread"]),
    ({"pac": PAC_FILE}, [check(via="proxy")], []), ({"app": {"version": "1.2"}}, [], ["app"]),
    ({}, [check(flags=["captive_portal"]), check(flags=["tenant_gateway", "symmetric_nat"])], ["tenant_gateway", "captive_portal", "symmetric_nat"]),
    ({}, [check(verdict="pass", flags=["quic_open"])], []), ({}, [check(flags=["quic_open"]), check(interception="intercepted_trusted")], ["quic_open"]),
    ({}, [check(flags=["dns_differs"])], ["dns_differs"]),
    ({"proxy_variables": {"HTTPS_PROXY": "http://a:1", "https_proxy": "http://b:1"}}, [], ["proxies_differ"]),
    ({"proxy_variables": {"HTTPS_PROXY": "http://a:1", "https_proxy": "http://A:1/"}}, [], []), ({"proxy_variables": {"https_proxy": "http://a:1"}}, [], []),
    ({"proxy_variables": {"NO_PROXY": "a.example, b.example", "no_proxy": "b.example,a.example"}}, [], []),
    ({"proxy_variables": {"NO_PROXY": "a.example", "no_proxy": "b.example"}}, [], ["proxies_differ"]),
    ({"proxy_variables": {"http_proxy": "http://a:1", "HTTPS_PROXY": "http://b:1"}}, [], ["proxies_by_scheme"]),
    ({"proxy_variables": {"http_proxy": "http://a:1", "https_proxy": "http://a:1"}}, [], []), ({"proxy_variables": {"http_proxy": "http://a:1"}}, [], []),
    ({"proxy_variables": {"HTTPS_PROXY": "http://b:1", "https_proxy": "http://a:1", "http_proxy": "http://c:1"}}, [], ["proxies_differ"]),
    ({"proxy_variables": {"NO_PROXY": "a.example,", "no_proxy": "a.example"}}, [], []), ({"route": None, "pac": None, "proxies": None}, [], []),
    ({"clock_skew_s": 120}, [], []), ({"route": {"interface": "eth0", "mtu": 1400, "tunnel": False}}, [], []),
    ({"route": {"interface": "eth0", "mtu": None, "tunnel": False}}, [], []), ({}, [check(flags=["ipv6_bypass"])], ["ipv6_bypass"]),
    ({}, [check(flags=["quic_open"]), check(product=None, interception="intercepted_trusted")], ["quic_open"]),
    ({}, [check(product=None, interception=None, flags=["quic_open"]), check(product="Squid", interception=None)], ["quic_open"]),
    ({}, [check(verdict="pass", flags=["handshake_only"]), check(verdict="pass", kind="https")], ["handshake_only"]),
    ({}, [check(verdict="pass", kind="websocket", flags=["handshake_only"])], ["handshake_only"]),
    ({}, [check(verdict="skipped", flags=["quic_beside_proxy"], via="proxy")], ["quic_beside_proxy"]),
    ({}, [check(verdict="pass", flags=["ech_advertised"])], []), ({}, [check(verdict="pass", flags=["ech_advertised"]), check()], ["ech"]),
    ({}, [check(verdict="pass", flags=["ech_advertised"]), check(product=None, flags=["sni_filtered"])], ["ech"]),
    ({}, [check(verdict="pass", flags=["handshake_only"])], ["handshake_only"]),
    ({}, [check(verdict="pass", flags=["handshake_only"]), check(verdict="pass", kind="websocket")], []),
    ({}, [check(verdict="pass", flags=["handshake_only"]), check(kind="websocket")], ["handshake_only"]),
    ({}, [check(verdict="pass", flags=["handshake_only"]), check(verdict="pass", kind="websocket", flags=["websocket_refused_by_origin"])],
     ["handshake_only"])])
def test_notes(facts, checks, ids):
    checks = [dict({"via": "direct", "kind": "https"}, **one) for one in checks]
    assert [note["id"] for note in advice.notes(dict(FACTS, **facts), checks)] == ids
    assert advice.notes(None, []) == []


def test_notes_say_which_variables_differ_and_who_offers_http3():
    facts = dict(FACTS, proxy_variables={"HTTPS_PROXY": "http://a:1", "https_proxy": "http://b:1"})
    checks = [dict(check(host="chatgpt.com", verdict="pass", flags=["h3_offered"], product=None), via="proxy", kind="https"),
              dict(check(verdict="skipped", flags=["quic_beside_proxy"]), via="proxy", kind="quic")]
    differ, beside = (note["text"] for note in advice.notes(facts, checks))
    assert "HTTPS_PROXY is http://a:1, https_proxy is http://b:1" in differ and "set both to the same" in differ
    by_scheme, = (note["text"] for note in advice.notes(dict(FACTS, proxy_variables={"HTTP_PROXY": "http://z:1", "https_proxy": "http://b:1"}), []))
    assert "(http://z:1, http://b:1)" in by_scheme
    agents = [{"name": "A", "state": "running"}, {"name": "B", "state": "installed"}, {"name": "C", "state": "running"}]
    assert [note["text"].partition(" ")[0] for note in advice.notes(dict(FACTS, agents=agents), [])] == ["A,", "B"]
    alone, = advice.notes(FACTS, [dict(checks[1])])
    assert "bypasses its proxy: browsers" in alone["text"]
    many = [check(host="%s.example" % name, flags=["dns_differs"]) for name in "abcdef"]
    assert [("e.example and 1 more", "f.example")[len(some) < 6] in advice.notes(FACTS, [dict(one, via="x", kind="dns") for one in some])[0]["text"]
            for some in (many, many[1:])] == [True, True]
    assert "bypasses its proxy, and chatgpt.com offers it:" in beside and "Drop UDP 443" in beside


def test_variables_of_a_proxy_are_told_without_a_password(monkeypatch):
    for name in host.PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://alice:p/w@d@proxy.example:3128")
    monkeypatch.setenv("https_proxy", "proxy.example:3129")
    assert host.facts([])["proxy_variables"] == {"HTTPS_PROXY": "http://proxy.example:3128", "https_proxy": "proxy.example:3129"}


def diagnosed(*checks, notes=(), **more):
    return [case["id"] for case in isolation.diagnose({"a": dict(result(*checks), notes=list(notes))}, **more)["cases"]]


@pytest.mark.parametrize("one,notes,case", [
    (check(layer="tls", failure="ssl_intercepted", interception="intercepted_trusted"), (), "macos_ssl"),
    (check(features=["files"], failure="upload_truncated"), (), "upload"), (check(features=["voice"], failure="connection_refused"), (), "voice"),
    (check(features=["ios_attest"], failure="connection_reset", layer="tls"), (), "ios_unusual_activity"),
    (check(), ({"id": "tunnel", "text": "x"},), "vpn"), (check(), ({"id": "tenant_gateway", "text": "x"},), "cloudflare_zero_trust"),
    (check(blocked_by={"product": "Cloudflare Gateway"}), (), "cloudflare_zero_trust")])
def test_each_case_of_the_published_advice_ends_in_its_own_recommendation(one, notes, case):
    assert case in diagnosed(one, notes=notes)
    assert case not in diagnosed(check(verdict="pass", failure=None, layer=None, features=one["features"]), notes=notes)


def test_a_case_needs_what_it_is_about():
    assert not {"vpn", "cloudflare_zero_trust"} & set(diagnosed(check()))
    tunnel = ({"id": "tunnel", "text": "x"},)
    assert "cloudflare_zero_trust" not in diagnosed(check(), notes=tunnel) and "macos_ssl" not in diagnosed(check(), notes=tunnel)


def test_a_control_host_with_an_agent_is_not_outside():
    spoiled = dict(result(check(verdict="pass")), host={"agents": [{"name": "Zscaler Client Connector", "state": "running"}]})
    assert isolation.contaminated(spoiled) == "Zscaler Client Connector runs there"
    assert isolation.contaminated(dict(result(check(verdict="pass")), host={"agents": [{"name": "x", "state": "installed"}]})) is None


def test_what_comes_and_goes_is_intermittent():
    fails = check(flags=["intermittent"])
    found = isolation.diagnose({"a": result(fails)}, {"out": result(check(verdict="pass", failure=None))})
    assert (found["features"]["chat"]["row"], found["features"]["chat"]["scope"]) == (13, "intermittent")
    steady = isolation.diagnose({"a": result(fails, check(id="y"))}, {"out": result(check(verdict="pass", failure=None))})
    assert steady["features"]["chat"]["row"] == 9
