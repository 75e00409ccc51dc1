# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe kit as somebody without Ansible runs it: from any folder, with an empty environment, on the oldest Python."""
from __future__ import annotations

import datetime
import hashlib
import json
import os
import re
import socket
import ssl
import subprocess
import sys

import pytest

from ansible_collections.netaccess.chatgpt.plugins.module_utils.kit import answer
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import system
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.options import DEFAULTS
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import classify, kit, signatures
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.summary import summarise
from tests.lab.internet import CANARY
from tests.lab.lab import ROOT
from tests.lab.path import TARGET, Proxied, quick
from tests.lab.pki import Authority
from tests.system.test_scenarios import oldest_python

PROGRAM = ROOT / ".build" / "netaccess-probe.pyz"


def build() -> str:
    subprocess.run([sys.executable, str(ROOT / "scripts" / "build-kit")], check=True, capture_output=True)
    return hashlib.sha256(PROGRAM.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def path():
    build()
    with Proxied() as made:
        yield made


def run(path, folder, *flags, python=sys.executable):
    proxy = ["--proxy", path.settings["proxy"]] if "--proxy" not in flags else []
    return subprocess.run([python, "-I", str(PROGRAM), "--no-udp", "--ca-file", str(path.internet.public), "--timeout", "2", *proxy, *flags],
                          cwd=folder, env={}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("python", [sys.executable, pytest.param(oldest_python(), marks=pytest.mark.skipif(
    oldest_python() is None, reason="neither Python 3.8 nor 3.9 is here"))], ids=["this Python", "the oldest Python"])
def test_what_it_saw_is_judged_as_if_the_module_had_seen_it(path, tmp_path, python):
    path.mend()
    path.moods({TARGET: "tls_reset"})
    done = run(path, tmp_path, "--label", "hotspot", python=python)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "auth.openai.com" in done.stdout and "answers, certificate of Lab Public Trust" in done.stdout and "Results written to" in done.stdout
    file = tmp_path / "netaccess-probe.json"
    assert file.stat().st_mode & 0o777 == 0o600
    label, result = kit.read(file)
    probes = json.loads(file.read_text())["probes"]
    mine = {(check["id"], check["verdict"], check["failure"]) for check in path.look(probes, timeout=2)}
    assert label == "hotspot" and {(check["id"], check["verdict"], check["failure"]) for check in result["checks"]} == mine
    assert result["summary"]["features"]["chat"] == "fail" and result["summary"]["features"]["login"] == "pass"


def test_a_canary_is_asked_too_and_everything_that_answers_is_said_to(path, tmp_path):
    path.mend()
    done = run(path, tmp_path, "--full", "--canary", CANARY, "--silences", "0.5,0.2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "refused" not in done.stdout and "not reached" not in done.stdout and CANARY in done.stdout
    checks = {check["id"]: check for check in kit.read(tmp_path / "netaccess-probe.json")[1]["checks"]}
    assert {check["verdict"] for name, check in checks.items() if name.startswith("canary_")} == {"pass"} and "stay silent for 0.2, 0.5 s" in done.stdout
    assert all("open after 0.5 s of silence" in checks["canary_idle_" + over]["message"] for over in ("stream", "websocket"))


def test_the_kit_is_a_canary_as_well(tmp_path):
    build()
    pem = tmp_path / "leaf.pem"
    pem.write_bytes(Authority("Test Public Root", "Test Trust").leaf(["canary.test"]))
    command = [oldest_python() or sys.executable, "-I", str(PROGRAM), "canary", "--certificate", str(pem), "--address", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = int(re.search(r"port (\d+)", process.stdout.readline()).group(1))
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            # Somebody who connects and says nothing holds up nobody.
            with socket.create_connection(("127.0.0.1", port)), context.wrap_socket(socket.create_connection(("127.0.0.1", port))) as secure:
                secure.sendall(b"GET /netaccess/echo HTTP/1.1\r\nHost: x\r\nAuthorization: Basic c2VjcmV0\r\nConnection: close\r\n\r\n")
                answer = b"".join(iter(lambda: secure.recv(65536), b"")).decode()
            assert "200 OK" in answer and "netaccess_canary=1; Path=/; Secure" in answer and "c2VjcmV0" not in answer
            with context.wrap_socket(socket.create_connection(("127.0.0.1", port))) as secure:
                secure.sendall(b"POST /netaccess/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
                assert b" 413 " in secure.recv(4096)
        finally:
            process.terminate()
    wrong = subprocess.run(command[:5] + [str(tmp_path / "none.pem")], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2 and "error:" in wrong.stderr


def elsewhere(folder, world: dict, *arguments, **environment) -> subprocess.CompletedProcess:
    """The kit on the oldest Python, in a world of tests/lab/elsewhere.py."""
    (folder / "world.json").write_text(json.dumps(world))
    command = [oldest_python() or sys.executable, "-I", str(ROOT / "tests" / "lab" / "elsewhere.py"), str(folder / "world.json"), str(PROGRAM), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)


@pytest.mark.parametrize("platform,resolvers", [("win32", ["10.0.0.53"]), ("darwin", ["172.20.10.1"])])
def test_it_answers_a_controller_on_windows_and_on_macos(path, tmp_path, platform, resolvers):
    """Where POSIX alone has modules and calls they are gone; on Windows the proxy comes from the registry."""
    path.mend()
    path.moods({TARGET: "tls_reset"})
    proxy = path.settings["proxy"]
    settings = {"ProxyEnable": 1, "ProxyServer": proxy, "ProxyOverride": "<local>"}
    world = {"platform": platform, "registry": {"HKCU\\" + system._SETTINGS: settings}, "programs": {
        "powershell.exe": json.dumps({"interface": "Ethernet", "adapter": "Intel", "mtu": 1500, "resolvers": ["10.0.0.53"]}),
        "scutil --dns": "resolver #1\n  nameserver[0] : 172.20.10.1\n", "route -n get": "  interface: en0\n", "tasklist": '"ZSATunnel.exe","1"\n'}}
    question = tmp_path / "question.json"
    question.write_text(json.dumps(dict(DEFAULTS, probes=quick(), proxy="environment" if platform == "win32" else proxy, timeout=2, ca_path="~/public.pem")))
    (tmp_path / "public.pem").write_bytes(path.internet.public.read_bytes())
    # Without it, the home of this Linux is asked of a module that is gone.
    done = elsewhere(tmp_path, world, "answer", str(question), HOME=str(tmp_path))
    assert done.returncode == 0 and done.stdout.isascii() and not question.exists(), done.stderr
    said = answer.unpacked(done.stdout.decode())
    checks = classify.classify(quick(), said["observations"], said["roots"]["date"], signatures.load(), datetime.date.today())
    assert {check["via"] for check in checks} == {"proxy"}
    features = summarise(checks)["features"]
    assert (features["chat"], features["login"]) == ("fail", "pass")
    host = said["host"]
    assert host["resolvers"] == resolvers
    if platform == "win32":
        assert (host["system"], host["trust_store"], host["proxies"]["https"]) == ("Windows", ["Windows"], proxy)


def test_a_host_that_hangs_and_a_question_that_cannot_be_answered_are_said_to(path, tmp_path):
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(dict(DEFAULTS, probes=[], proxy="socks5://x")))
    done = elsewhere(tmp_path, {"platform": "linux"}, "answer", str(wrong))
    assert done.returncode == 0 and "proxy must be" in answer.unpacked(done.stdout.decode())["msg"], done.stderr
    hangs = ("import sys, time; sys.path.insert(0, '.build/collections')\n"
             "from ansible_collections.netaccess.chatgpt.plugins.module_utils.kit import answer\n"
             "answer.observe, answer._GRACE = lambda _asked: time.sleep(60), 0.2\nanswer.main(sys.argv[1:])")
    wrong.write_text(json.dumps(dict(DEFAULTS, probes=[], deadline=0, timeout=0)))
    done = subprocess.run([sys.executable, "-c", hangs, str(wrong)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 3 and answer.unpacked(done.stdout) == {"failed": True, "msg": "the probe kit did not answer within 0 seconds"}


def test_a_console_that_cannot_show_a_letter_is_no_end(tmp_path):
    build()
    text = "import sys; from ansible_collections.netaccess.chatgpt.plugins.module_utils.kit import main; sys.argv = ['x', '--help']\n" \
           "main.argparse.ArgumentParser.parse_args = lambda _self: main._say('L\u00f6sung \u2713') or sys.exit(0)\nmain.main()"
    environment = dict(os.environ, PYTHONPATH=str(PROGRAM), PYTHONIOENCODING="ascii")
    done = subprocess.run([sys.executable, "-c", text], env=environment, capture_output=True, check=False)
    assert done.returncode == 0 and done.stdout == b"L?sung ?\n", done.stderr


def test_the_same_content_gives_the_same_bytes():
    assert build() == build()


def test_a_slip_is_said_and_nothing_is_written(path, tmp_path):
    for flags in (["--proxy", "socks5://x"], ["--ca-file", "nowhere.pem"], ["--silences", "30"], ["--canary", CANARY, "--silences", "901"],
                  ["--canary", CANARY, "--silences", "x"]):
        done = run(path, tmp_path, *flags)
        assert done.returncode == 2 and "error:" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text,problem", [("{", "is not JSON"), ("{}", "was not written by netaccess-probe"), (None, "cannot be read"), (
    json.dumps({"format": 9, "label": "x", "taken": "", "probes": [], "observations": [], "roots": {}}), "has format 9"), (
    json.dumps({"format": 1, "label": "x", "taken": "", "probes": [], "observations": [{}], "roots": {"date": "2026-10-18"}}), "is damaged")])
def test_a_file_that_the_kit_did_not_write_is_named(tmp_path, text, problem):
    file = tmp_path / "probe.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(kit.KitError, match="probe.json.*%s" % problem):
        kit.read(file)
