# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a support case needs, in one file that can be shared. Controller only."""
from __future__ import annotations

import json
import os
import tempfile
import zipfile
from pathlib import Path

import yaml

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.words import file_name
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import load
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.har import reader, redact
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import signatures

_ROOT = Path(__file__).resolve().parents[3]
#: The same content gives the same bytes.
_DATE = (2026, 1, 1, 0, 0, 0)


def write(target: Path, parts: dict, hars: list, foresee: bool = False) -> bool:
    """A zip file at ``target``, whole or not at all, mode 0600. Returns whether it differs from the previous one. ``foresee``: only find that out.

    ``parts``: {name in the file: text or JSON value}; ``hars``: paths, whose redacted copies are included. :raises reader.HarError, OSError:
    """
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=None if foresee else target.parent)
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in parts.items():
                text = content if isinstance(content, str) else json.dumps(content, indent=1, sort_keys=True) + "\n"
                archive.writestr(zipfile.ZipInfo(name, _DATE), text, zipfile.ZIP_DEFLATED)
            for number, path in enumerate(hars, 1):
                _add_har(archive, "har/%d.har" % number, Path(path))
        changed = not target.exists() or target.read_bytes() != Path(temporary).read_bytes()
        if foresee:
            os.unlink(temporary)
        else:
            os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return changed


def _add_har(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, copy = reader.Reader(path), redact.Copy(Path(folder) / "copy.har", redact.Redactor(load(), signatures.load()))
        try:
            for entry in source:
                copy.add(entry)
            copy.keep(source.head)
        except BaseException:
            copy.drop()
            raise
        info = zipfile.ZipInfo(name, _DATE)
        info.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(info, "w", force_zip64=True) as out, open(Path(folder) / "copy.har", "rb") as redacted:
            for part in iter(lambda: redacted.read(1 << 20), b""):
                out.write(part)


def collection_version() -> str:
    """The version of this collection: a checkout has galaxy.yml, an installed one MANIFEST.json, which YAML parses as well."""
    for name in ("MANIFEST.json", "galaxy.yml"):
        path = _ROOT / name
        if path.exists():
            found = yaml.safe_load(path.read_text(encoding="utf-8"))
            return str(found.get("collection_info", found)["version"])
    return "of unknown version"


def parts(diagnosis: dict, hosts: dict, control: dict, status: dict, case: dict) -> dict:
    """The content beside HAR files. ``case``: ``{"id", "steps", "version", "taken", "hars"}``."""
    found = {"README.txt": readme(diagnosis, dict(hosts, **control), case), "diagnosis.txt": diagnosis["text"], "diagnosis.json": diagnosis}
    if status:
        found["service.json"] = status
    for folder, results in (("hosts", hosts), ("control", control)):
        for name, result in sorted(results.items()):
            found["%s/%s.json" % (folder, file_name(name))] = result
    return found


def readme(diagnosis: dict, results: dict, case: dict) -> str:
    """The content of the file and the case, for the recipient."""
    lines = ["ChatGPT connectivity: findings", "", "Case: %s" % (case["id"] or "none"), "Made: %s" % case["taken"],
             "By: netaccess.chatgpt %s" % case["version"], "", "In short: %s" % diagnosis["message"], "", "Steps already taken"]
    lines += ["  - %s" % step for step in case["steps"]] or ["  none"]
    lines += ["", "Version of the macOS app"]
    apps = [(name, result["host"]["app"]) for name, result in _facts(results) if result["host"].get("app")]
    lines += ["  %s: %s" % (name, app["version"]) for name, app in apps] or ["  no Mac was probed"]
    lines += ["", "Resolvers, and addresses of names"]
    for name, result in _facts(results):
        lines.append("  %s asks %s" % (name, ", ".join(result["host"].get("resolvers") or []) or "resolvers that could not be read"))
    for name, result in sorted(results.items()):
        for check in (result or {}).get("checks", []):
            if check.get("addresses") and check["role"] == "wanted" and check.get("level") == "required":
                lines.append("  %s: %s resolves to %s" % (name, check["host"], ", ".join(check["addresses"])))
    lines += ["", "iOS App Attest (register.appattest.apple.com)"]
    attest = [(name, check) for name, result in sorted(results.items()) for check in (result or {}).get("checks", []) if "ios_attest" in check["features"]]
    lines += ["  %s: %s (%s)" % (name, check["verdict"], check["message"]) for name, check in attest] or ["  not probed"]
    lines += ["", "HAR files, redacted: %d" % len(case["hars"]), "",
              "This file contains addresses and names of hosts and gateways of the company. It contains no passwords, tokens or cookies, and nothing that",
              "users wrote or uploaded. Review it before you share it outside the company."]
    return "\n".join(lines) + "\n"


def _facts(results: dict) -> list:
    return [(name, result) for name, result in sorted(results.items()) if (result or {}).get("host")]
