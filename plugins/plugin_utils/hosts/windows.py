# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands for PowerShell to run the probe kit on Windows, as text. Runs on the controller.

Windows PowerShell 3 or newer, and no Ansible module. Each command is encoded, so that WinRM, PSRP and SSH, whose shell may be cmd, pass it on unchanged.
"""
from __future__ import annotations

import base64
import ntpath
import re

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.hosts.posix import FOLDER, NO_PYTHON, WORKS

#: The launcher, which knows all installations; then what is on the path.
PYTHONS = ("py", "python", "python3")
#: The prefix by which WinRM and PSRP of all supported cores recognise a command that is encoded already.
_POWERSHELL = "PowerShell -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand "
#: Folder names may have letters of any language.
_UTF8 = "try { [Console]::OutputEncoding = New-Object System.Text.UTF8Encoding } catch { }"
_MAKE = """
$ErrorActionPreference = 'Stop'
%s
$made = Join-Path %s ('netaccess-probe.' + [Guid]::NewGuid().ToString('N'))
[void](New-Item -ItemType Directory -Path $made)
%s + $made
"""
# If a native program writes to a redirected error stream, a script that stops on errors ends.
_RUN = """
$ErrorActionPreference = 'Continue'
%s
foreach ($python in @(%s)) {
  $words = @()
  if ([IO.Path]::GetFileNameWithoutExtension($python) -eq 'py') { $words = @('-3') }
  $works = $false
  try { & $python @words -I -c %s 2>$null | Out-Null; $works = $LASTEXITCODE -eq 0 } catch { }
  if ($works) { & $python @words -I -X utf8 %s answer %s; exit $LASTEXITCODE }
}
%s
exit 127
"""
_FETCH = """
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor 3072
$ProgressPreference = 'SilentlyContinue'
Invoke-WebRequest -UseBasicParsing -Uri %s -OutFile %s
"""
_SUM = """
$file = [IO.File]::OpenRead(%s)
$sum = [BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($file)).Replace('-', '')
$file.Dispose()
if ($sum -ne %s) { throw 'the checksum of the package does not match' }
"""
_UNPACK = """
Add-Type -AssemblyName System.IO.Compression.FileSystem
[IO.Compression.ZipFile]::ExtractToDirectory(%s, %s)
"""


def quoted(text: str) -> str:
    """A literal for PowerShell, which also treats typographic quotation marks as quotes."""
    return "'%s'" % re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", text)


def encoded(script: str) -> str:
    return _POWERSHELL + base64.b64encode(script.strip().encode("utf-16-le")).decode("ascii")


def make(folder: str | None) -> str:
    """A folder in ``folder`` or in the account's temporary folder; its name is printed."""
    return encoded(_MAKE % (_UTF8, quoted(folder) if folder else "([IO.Path]::GetTempPath())", quoted(FOLDER)))


def join(folder: str, name: str) -> str:
    return ntpath.join(folder, name)


def run(pythons: list, kit: str, question: str, _environment: str = "") -> str:
    """The kit answers ``question`` with the first suitable Python. The stub that opens the store is not one."""
    return encoded(_RUN % (_UTF8, ", ".join(map(quoted, pythons)), quoted(WORKS), quoted(kit), quoted(question), quoted(NO_PYTHON)))


def unpack(package: str, folder: str, url: str | None, checksum: str | None) -> str:
    """Unpacks Python's embeddable package into ``folder``, which is created; with ``url`` it is downloaded first."""
    parts = ["$ErrorActionPreference = 'Stop'\n"]
    parts += [_FETCH % (quoted(url), quoted(package))] if url else []
    parts += [_SUM % (quoted(package), quoted(checksum))] if checksum else []
    return encoded("".join(parts + [_UNPACK % (quoted(package), quoted(folder))]))


def remove(folder: str) -> str:
    return encoded("Remove-Item -LiteralPath %s -Recurse -Force" % quoted(folder))
