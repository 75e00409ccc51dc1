# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of the probe kit to a host: what a POSIX shell and PowerShell are told, what comes back, and what is made of a host that gives no answer.

No Windows is at hand: what would be sent there is compared letter by letter, by a connection that only records.
"""
from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.plugins.connection import local
from ansible.plugins.shell import cmd, powershell, sh
from ansible.template import Templar

from ansible_collections.netaccess.chatgpt.plugins.action import verify
from ansible_collections.netaccess.chatgpt.plugins.module_utils.kit import answer
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.hosts import errand, posix, windows
from tests.unit.test_change_action import HostVars

SEEN = {"observations": [], "connections": 0, "threads": 0, "roots": {"source": "shipped", "date": "2026-01-01"}}
HOME = "C:\\Users\\Jörg O\u2019Neil\\AppData\\Local\\Temp\\netaccess-probe.1"
ARGS = {"probes": [], "timeout": "2", "proxy_password": "geheim", "ca_path": "~/roots.pem"}
UTF8 = "try { [Console]::OutputEncoding = New-Object System.Text.UTF8Encoding } catch { }"


class Recorder:
    """A Windows host: ``said`` by the first word that a script has; what it was told, and what was put there."""

    def __init__(self, **said):
        self.said, self.told, self.put = dict({"made": "NETACCESS-FOLDER %s\r\n" % HOME, "answer": answer.packed(SEEN)}, **said), [], {}

    def exec_command(self, command, in_data=None, sudoable=True):
        begin, _sep, body = command.rpartition(" -EncodedCommand ")
        # By this beginning the connections know that it is encoded already.
        assert begin == "PowerShell -NoProfile -NonInteractive -ExecutionPolicy Unrestricted" and in_data is None
        assert len(command) < 8191, "cmd takes no longer line"
        self.told.append(base64.b64decode(body).decode("utf-16-le"))
        said = next((text for word, text in self.said.items() if word in self.told[-1]), "")
        if isinstance(said, list):
            said = said.pop(0)
        if isinstance(said, Exception):
            raise said
        code, text = said if isinstance(said, tuple) else (0, said)
        return code, text.replace("\n", "\r\n").encode(), b"" if code == 0 else text.encode()

    def put_file(self, source, target):
        with open(source, "rb") as file:
            self.put[target] = file.read()


def action(shell, host=None, become=None) -> verify.ActionModule:
    """One whose host is this machine or, with a shell of Windows, a Recorder."""
    connection = local.Connection(PlayContext(), shell=shell.ShellModule())
    connection._load_name = shell.ShellModule._load_name = "local"
    if host:
        connection.allow_executable, connection.become = False, become
        connection.exec_command, connection.put_file = host.exec_command, host.put_file
    task = SimpleNamespace(args={"phase": "baseline"}, check_mode=False, async_val=0, action="netaccess.chatgpt.verify", diff=False, delegate_to=None,
                           environment=None)
    loader = DataLoader()
    return verify.ActionModule(task, connection, PlayContext(), loader, Templar(loader, variables={}), None)


def on_windows(host: Recorder, shell=powershell, looks: int = 1, **options) -> dict:
    with errand.Errand(action(shell, host), options) as way:
        return [way.look(ARGS) for _number in range(looks)][-1]


RUN = """$ErrorActionPreference = 'Continue'
%s
foreach ($python in @(%s)) {
  $words = @()
  if ([IO.Path]::GetFileNameWithoutExtension($python) -eq 'py') { $words = @('-3') }
  $works = $false
  try { & $python @words -I -c 'import json, ssl, sys, zlib; sys.exit(sys.version_info < (3, 8))' 2>$null | Out-Null; $works = $LASTEXITCODE -eq 0 } catch { }
  if ($works) { & $python @words -I -X utf8 '%s\\netaccess-probe.pyz' answer '%s\\question.json'; exit $LASTEXITCODE }
}
'NETACCESS-NO-PYTHON'
exit 127"""
#: A typographic apostrophe ends a text in PowerShell as a plain one does.
QUOTED = HOME.replace("\u2019", "\u2019\u2019")
MAKE = """$ErrorActionPreference = 'Stop'
%s
$made = Join-Path %s ('netaccess-probe.' + [Guid]::NewGuid().ToString('N'))
[void](New-Item -ItemType Directory -Path $made)
'NETACCESS-FOLDER ' + $made"""
REMOVE = "Remove-Item -LiteralPath '%s' -Recurse -Force" % QUOTED
UNPACK = """Add-Type -AssemblyName System.IO.Compression.FileSystem
[IO.Compression.ZipFile]::ExtractToDirectory('%s\\python.zip', '%s\\python')""" % (QUOTED, QUOTED)
SUM = """$file = [IO.File]::OpenRead('%s\\python.zip')
$sum = [BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($file)).Replace('-', '')
$file.Dispose()
if ($sum -ne '%%s') { throw 'the checksum of the package does not match' }""" % QUOTED
FETCH = """[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor 3072
$ProgressPreference = 'SilentlyContinue'
Invoke-WebRequest -UseBasicParsing -Uri 'https://files.example.com/python.zip' -OutFile '%s\\python.zip'""" % QUOTED
USUAL = RUN % (UTF8, "'py', 'python', 'python3'", QUOTED, QUOTED)
UNPACKED = RUN % (UTF8, "'%s\\python\\python.exe'" % QUOTED, QUOTED, QUOTED)


def lines(text: str) -> list:
    return [line for line in text.splitlines() if line]


@pytest.mark.parametrize("shell", [powershell, cmd], ids=["powershell", "cmd"])
def test_windows_is_probed_twice_with_one_kit(shell):
    host = Recorder()
    assert on_windows(host, shell, looks=2) == SEEN
    assert list(map(lines, host.told)) == list(map(lines, [MAKE % (UTF8, "([IO.Path]::GetTempPath())"), USUAL, USUAL, REMOVE]))
    assert sorted(host.put) == [HOME + "\\netaccess-probe.pyz", HOME + "\\question.json"]
    asked = json.loads(host.put[HOME + "\\question.json"])
    assert asked["ca_path"] == "~/roots.pem", "the home of that host, and not of this one"
    # The kit has no defaults of its own.
    assert (asked["timeout"], asked["deadline"], asked["host_facts"], asked["proxy_password"]) == (2.0, 60, True, "geheim")
    assert "geheim" not in "".join(host.told)


def test_a_python_and_a_folder_that_the_site_names():
    host = Recorder()
    on_windows(host, python=["C:\\Program Files\\Python\\python.exe", "D:\\it's"], folder="D:\\a place")
    assert host.told[0] == MAKE % (UTF8, "'D:\\a place'")
    assert "foreach ($python in @('C:\\Program Files\\Python\\python.exe', 'D:\\it''s')) {" in host.told[1]


def test_python_from_a_package_of_the_controller(tmp_path):
    package = tmp_path / "python.zip"
    package.write_bytes(b"PK")
    sum_of_it = hashlib.sha256(b"PK").hexdigest()
    host = Recorder(answer=["NETACCESS-NO-PYTHON\n", answer.packed(SEEN), answer.packed(SEEN)])
    assert on_windows(host, looks=2, python_zip=str(package), python_checksum="SHA256:" + sum_of_it.upper()) == SEEN
    told = "$ErrorActionPreference = 'Stop'\n" + SUM % sum_of_it + "\n" + UNPACK
    assert list(map(lines, host.told[1:])) == list(map(lines, [USUAL, told, UNPACKED, UNPACKED, REMOVE])), "it is unpacked once"
    assert host.put[HOME + "\\python.zip"] == b"PK"


def test_python_from_a_package_of_the_site():
    host = Recorder(answer=["NETACCESS-NO-PYTHON\n", answer.packed(SEEN)])
    on_windows(host, python_zip="https://files.example.com/python.zip", python_checksum="sha256:" + "ab" * 32)
    assert lines(host.told[2]) == lines("$ErrorActionPreference = 'Stop'\n" + FETCH + "\n" + SUM % ("ab" * 32) + "\n" + UNPACK)
    assert HOME + "\\python.zip" not in host.put


def test_where_python_is_no_package_is_brought(tmp_path):
    (tmp_path / "python.zip").write_bytes(b"PK")
    host = Recorder()
    on_windows(host, python_zip=str(tmp_path / "python.zip"))
    assert len(host.told) == 3 and HOME + "\\python.zip" not in host.put


@pytest.mark.parametrize("options,said", [
    ({"python_zip": "https://files.example.com/p.zip"}, "a URL requires probe_host_python_checksum"),
    ({"python_zip": "/nowhere/p.zip"}, "/nowhere/p.zip cannot be read"),
    ({"python_zip": __file__, "python_checksum": "sha256:" + "0" * 64}, "does not match"),
    ({"python_zip": __file__, "python_checksum": "md5:0"}, "it must have the form sha256:"),
    ({"keep": "perhaps"}, "probe_host_.*keep"), ({"pyhton": []}, "pyhton")])
def test_options_that_cannot_be_used_are_refused_before_the_host_is_touched(options, said):
    host = Recorder()
    with pytest.raises(AnsibleActionFail, match=said):
        on_windows(host, **options)
    assert host.told == []


def test_nobody_becomes_another_account_on_windows_unseen():
    with pytest.raises(AnsibleActionFail, match="become is not supported on Windows"):
        errand.Errand(action(powershell, Recorder(), become=object()), {})


@pytest.mark.parametrize("said,problem", [
    ({"answer": "NETACCESS-NO-PYTHON\n"}, "none of py, python, python3 is Python 3.8 or newer; set probe_host_python, or probe_host_python_zip"),
    ({"answer": (1, "Traceback\nModuleNotFoundError: ssl")}, r"the probe kit returned no answer \(exit code 1\): ModuleNotFoundError: ssl"),
    ({"answer": answer.packed(SEEN)[:-40]}, "the probe kit returned a truncated answer"),
    ({"answer": answer.packed(SEEN).replace("e", "A", 3)}, "the probe kit returned a damaged answer"),
    ({"answer": "\n-----BEGIN NETACCESS ANSWER-----\n%%\n-----END NETACCESS ANSWER-----"}, "the probe kit returned a damaged answer"),
    ({"made": (1, "New-Item : Access is denied.")}, "no folder could be created for the probe kit: New-Item : Access is denied."),
    ({"made": "hello\n"}, "no folder could be created")])
def test_a_host_that_gives_no_answer_is_said_to(said, problem):
    with pytest.raises(AnsibleActionFail, match=problem):
        on_windows(Recorder(**said))


@pytest.mark.parametrize("stdout,stderr,last", [
    ("a\r\nno module ssl\r\n", "Shared connection to 192.0.2.1 closed.\r\n", "no module ssl"), ("a", "b\n\n", "b"), ("", "", "no output"),
    ("", "Connection to pc1 closed.", "no output")])
def test_what_a_host_said_last_is_shown_and_not_the_farewell_of_ssh(stdout, stderr, last):
    assert errand._last({"stdout": stdout, "stderr": stderr}) == last


def test_a_package_that_does_not_unpack_is_said_to(tmp_path):
    (tmp_path / "python.zip").write_bytes(b"PK")
    host = Recorder(answer="NETACCESS-NO-PYTHON\n", ExtractToDirectory=(1, "End of Central Directory record could not be found."))
    with pytest.raises(AnsibleActionFail, match="could not be unpacked: End of Central Directory"):
        on_windows(host, python_zip=str(tmp_path / "python.zip"))
    assert host.told[-1] == REMOVE


def test_what_was_seen_counts_also_where_the_folder_stays(monkeypatch):
    said = []
    monkeypatch.setattr(errand.Display, "warning", lambda _self, text, **_more: said.append(text))
    assert on_windows(Recorder(**{"Remove-Item": (1, "in use")})) == SEEN
    assert on_windows(Recorder(**{"Remove-Item": AnsibleConnectionFailure("gone")})) == SEEN
    assert ["is still there: in use" in said[0], "is still there: gone" in said[1]] == [True, True]


def test_a_host_that_is_not_reached_stays_one():
    with pytest.raises(AnsibleConnectionFailure):
        on_windows(Recorder(made=AnsibleConnectionFailure("no route")))


def test_of_an_answer_only_what_the_module_returns_is_taken():
    host = Recorder(answer=answer.packed(dict(SEEN, ansible_facts={"x": 1}, _ansible_delegated_vars={}, changed=True)))
    assert on_windows(host) == SEEN


def test_a_console_that_prints_around_the_answer_and_wraps_it_does_no_harm():
    text = answer.packed(dict(SEEN, msg="ä" * 100))
    assert answer.unpacked("Welcome!\r\n" + text.replace("\n", "\r\n  ") + "bye") == dict(SEEN, msg="ä" * 100)
    assert max(map(len, answer.packed(dict(SEEN, msg=os.urandom(5000).hex())).splitlines())) < 80 and text.isascii()


def test_an_answer_that_would_fill_the_controller_is_none(monkeypatch):
    monkeypatch.setattr(answer, "_LIMIT", 1000)
    with pytest.raises(ValueError, match="a truncated answer"):
        answer.unpacked(answer.packed({"msg": "x" * 2000}))


@pytest.mark.parametrize("variables,shell,way", [
    ({}, powershell, errand.Errand), ({}, cmd, errand.Errand), ({"verify_by": "kit"}, sh, errand.Errand), ({}, sh, contextlib.nullcontext),
    ({"verify_by": "module"}, powershell, contextlib.nullcontext)])
def test_which_hosts_the_kit_probes_from(variables, shell, way):
    mine = action(shell)
    task_vars = dict(variables, inventory_hostname="desk1", hostvars=HostVars({}))
    assert isinstance(mine._way(verify.Variables(mine._templar, task_vars, "desk1")), way)


def test_another_word_is_refused():
    mine = action(sh)
    with pytest.raises(AnsibleActionFail, match="verify_by is 'kti'; it must be kit or module"):
        mine._way(verify.Variables(mine._templar, {"verify_by": "kti", "inventory_hostname": "desk1", "hostvars": {}}, "desk1"))


# -- POSIX: the commands are carried out --------------------------------------------------------------------------------


def on_this_machine(folder, **options):
    return errand.Errand(action(sh), dict({"folder": str(folder), "python": [sys.executable]}, **options))


@pytest.fixture
def kit(monkeypatch):
    """A stand-in for the kit: Python that runs in its place."""
    def put(text: str) -> None:
        monkeypatch.setattr(errand.kitfile, "build", ("import json, os, stat, sys\n" + text).encode)
    return put


def test_the_folder_is_for_its_owner_alone_and_gone_afterwards_also_after_a_failure(tmp_path, kit):
    kit("print(oct(os.stat(os.path.dirname(__file__)).st_mode), sys.flags.isolated, sys.flags.utf8_mode, file=sys.stderr); sys.exit(4)")
    place = tmp_path / "a 'place' \"of\" $(id)"
    place.mkdir()
    with pytest.raises(AnsibleActionFail, match=r"the probe kit returned no answer \(exit code 4\): 0o40700 1 1$"), on_this_machine(place) as way:
        way.look(ARGS)
    assert list(place.iterdir()) == []


def test_the_kit_stays_where_it_is_asked_to(tmp_path, kit):
    kit("sys.exit(0)")
    with pytest.raises(AnsibleActionFail, match="the probe kit returned no answer"), on_this_machine(tmp_path, keep=True) as way:
        way.look(ARGS)
    folder, = tmp_path.iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["netaccess-probe.pyz", "question.json"]


def test_a_folder_that_is_not_there_is_said_to(tmp_path):
    with pytest.raises(AnsibleActionFail, match="no folder could be created"), on_this_machine(tmp_path / "none") as way:
        way.look(ARGS)


@pytest.mark.skipif(not os.access("/usr/bin/python3", os.X_OK), reason="no /usr/bin/python3 is here")
@pytest.mark.parametrize("tools,code", [(0, 5), (2, 127)])
@pytest.mark.parametrize("name", ["python3", "/usr/bin/python3"])
def test_a_mac_without_apple_s_tools_is_not_made_to_offer_them(tmp_path, name, tools, code):
    """Its /usr/bin/python3 opens a window."""
    for program, text in (("uname", "echo Darwin"), ("xcode-select", "exit %d" % tools)):
        (tmp_path / program).write_text("#!/bin/sh\n%s\n" % text)
        (tmp_path / program).chmod(0o755)
    (tmp_path / "kit.py").write_text("import sys; sys.exit(5)")
    done = subprocess.run(["sh", "-c", posix.run([name], str(tmp_path / "kit.py"), "x")], env={"PATH": "%s:/usr/bin:/bin" % tmp_path}, check=False,
                          capture_output=True, text=True)
    assert done.returncode == code and (posix.NO_PYTHON in done.stdout) is (code == 127)


@pytest.mark.parametrize("version,code", [((3, 7, 17), True), ((3, 8, 0), False), ((3, 14, 0), False), ((2, 7, 18), True)])
def test_which_python_serves(monkeypatch, version, code):
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(SystemExit) as ended:
        exec(posix.WORKS, {})  # pylint: disable=exec-used
    assert ended.value.code is code


def test_a_python_that_does_not_serve_is_passed_over(tmp_path):
    (tmp_path / "old").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "old").chmod(0o755)
    (tmp_path / "kit.py").write_text("import os, sys; print(sys.argv[1:], os.environ['A'])")
    done = subprocess.run(["sh", "-c", posix.run([str(tmp_path / "old"), sys.executable], str(tmp_path / "kit.py"), "q'", "A='x y'")], check=False,
                          capture_output=True, text=True)
    assert done.stdout == "['answer', \"q'\"] x y\n"


def test_what_powershell_reads_is_what_was_meant():
    assert windows.quoted("it's \u2018a\u2019 $x") == "'it''s \u2018\u2018a\u2019\u2019 $x'"
