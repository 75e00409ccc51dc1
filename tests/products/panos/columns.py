# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The columns of PAN-OS rules as data, and rules as XML that have one of them set."""
from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import yaml

KNOWN = yaml.safe_load((Path(__file__).parent / "columns.yml").read_text(encoding="utf-8"))
NEW = {"column": "column-of-next-year", "shape": "members", "none": [["any"]], "limiting": "x"}
#: What a negation turns round, and what the column of a part stands beside.
BESIDE = {
    "negate-source": {"source": ["198.51.100.0/24"]}, "negate-destination": {"destination": ["news"]}, "negate-user": {"source-user": ["example\\guests"]},
    "target/negate": {"target/devices": ["015300009999"]}, "target/devices/vsys": {"target/devices": ["015300009999"]}}
EVERYBODY = ("from", "to", "source", "destination", "source-user", "category", "service")


def put(entry: ET.Element, path: str, value: str | list) -> None:
    """Set a flat path of a rule: a text, or names in a list."""
    for tag in path.split("/"):
        found = entry.find(tag)
        entry = ET.SubElement(entry, tag) if found is None else found
    for child in list(entry):
        entry.remove(child)
    if path == "target/devices":
        for name in value:
            ET.SubElement(entry, "entry", {"name": name})
        return
    entry.text = value if isinstance(value, str) else None
    for name in [] if isinstance(value, str) else value:
        ET.SubElement(entry, "member").text = name


def limit(entry: ET.Element, column: dict, value: object = None) -> None:
    """Set a column of a rule to ``value``, or to its limiting value."""
    if value is not None:
        put(entry, column["column"], value if column["shape"] == "text" or isinstance(value, list) else [value])
        return
    for path, beside in BESIDE.get(column["column"], {}).items():
        put(entry, path, beside)
    if column["column"] == "target/devices/vsys":
        ET.SubElement(ET.SubElement(entry.find("target/devices/entry"), "vsys"), "entry", {"name": column["limiting"]})
    else:
        put(entry, column["column"], column["limiting"] if column["shape"] == "text" else [column["limiting"]])


def body(base: str, action: str, column: dict | None = None, value: object = None) -> str:
    """A rule about everybody and everything but for one column, which has its limiting value or ``value``."""
    entry = ET.Element("entry", {"name": "Limited"})
    for path in EVERYBODY + (("application",) if base == "security" else ()):
        put(entry, path, ["any"])
    put(entry, *(("authentication-enforcement", "web") if base == "authentication" else ("action", action)))
    if base == "decryption":
        put(entry, "type/ssl-forward-proxy", "")
    if column is not None:
        limit(entry, column, value)
    return ET.tostring(entry, encoding="unicode")


def furnish(rig: object) -> None:
    """What these columns name."""
    rig.twin.knobs.new_columns |= {NEW["column"], "negate-user"}
    rig.by_hand("set", "/service/entry[@name='odd']", "<protocol><tcp><port>443</port><source-port>1024</source-port></tcp></protocol>")
    rig.by_hand("set", "/address/entry[@name='news']", "<fqdn>news.example</fqdn>")
