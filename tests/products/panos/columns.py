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
#: Objects that a rule names: where they stand, what they hold, and the column of a rule that names them.
OBJECTS = {
    "custom-url-category": ("/profiles/custom-url-category", "<list><member>%s/</member></list><type>URL List</type>", "category"),
    "application-group": ("/application-group", "<members><member>openai-chatgpt</member></members>", "application"),
    "address": ("/address", "<fqdn>%s</fqdn>", "destination"), "address-group": ("/address-group", "<static><member>news</member></static>", "destination"),
    "service": ("/service", "<protocol><tcp><port>443</port></tcp></protocol>", "service")}
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


def limited(body: str, kind: str, more: dict) -> str:
    """A rule with columns more; None is the limiting value."""
    entry = ET.fromstring(body)
    for column, value in more.items():
        limit(entry, next(one for one in KNOWN[kind] + [NEW] if one["column"] == column), value)
    return ET.tostring(entry, encoding="unicode")


def odd_object(kind: str, name: str, dice, more: dict) -> tuple:
    """(path, XML, {column of a rule: name}) of an object with columns more."""
    path, held, column = OBJECTS[kind]
    body = held % dice.choice(["chatgpt.com", "claude.ai"]) if "%s" in held else held
    entry = ET.fromstring("<entry>%s</entry>" % body)
    for tag, value in more.items():
        put(entry, tag, value)
    return "%s/entry[@name='%s']" % (path, name), "".join(ET.tostring(child, encoding="unicode") for child in entry), {column: name}


def furnish(rig: object) -> None:
    """What these columns name."""
    rig.twin.knobs.new_columns |= {NEW["column"], "negate-user"}
    rig.by_hand("set", "/service/entry[@name='odd']", "<protocol><tcp><port>443</port><source-port>1024</source-port></tcp></protocol>")
    rig.by_hand("set", "/address/entry[@name='news']", "<fqdn>news.example</fqdn>")
