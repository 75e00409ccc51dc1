# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe kit, built from the installed collection: the probes, the public roots and the catalogue's list of checks, as one file for Python.

Equal content gives equal bytes.
"""
from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog.catalogue import (
    Selection, canary_probes, endpoint_probes, load, resolve_version,
)
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.report.bundle import collection_version

NAME = "netaccess-probe.pyz"
_SOURCE = Path(__file__).resolve().parents[2] / "module_utils"
_INSIDE = "ansible_collections/netaccess/chatgpt/plugins/module_utils"
_BEGIN = "import sys\n\nfrom %s.kit import main\n\nsys.exit(main.main())\n" % _INSIDE.replace("/", ".")


def build() -> bytes:
    """The file's content."""
    file = io.BytesIO(b"#!/usr/bin/env python3\n")
    file.seek(0, io.SEEK_END)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(_content().items()):
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _content() -> dict:
    """{path in the file: bytes}"""
    catalogue = load()
    held = {"version": collection_version(), "catalogue": resolve_version(catalogue, "union")}
    held.update({cost: endpoint_probes(catalogue, Selection(), cost, udp=True) for cost in ("quick", "full")})
    held["canary"] = canary_probes("canary.invalid", "full")
    # The user of the kit chooses the silences.
    held["silent"] = [probe for probe in canary_probes("canary.invalid", "full", silences=[1]) if probe["kind"] == "idle"]
    parts = _INSIDE.split("/")
    files = {"/".join(parts[:number] + ["__init__.py"]): b"" for number in range(1, len(parts) + 1)}
    for folder in ("kit", "probes"):
        files["%s/%s/__init__.py" % (_INSIDE, folder)] = b""
        files.update({"%s/%s/%s" % (_INSIDE, folder, path.name): path.read_bytes() for path in (_SOURCE / folder).glob("*.py")})
    files.update({"__main__.py": _BEGIN.encode(), _INSIDE + "/_public_roots.py": (_SOURCE / "_public_roots.py").read_bytes(),
                  _INSIDE + "/kit/probes.json": json.dumps(held, sort_keys=True).encode()})
    return files
