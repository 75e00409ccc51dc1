# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PAN-OS configuration entries as Objects and back.

An entry becomes flat paths: ``action`` (text), ``from`` (sorted list), ``profile-setting/group`` (nested). Attributes of uncommitted
nodes never get into an Object.
"""
from __future__ import annotations

import copy
import xml.etree.ElementTree as ET
from typing import Container, Iterable, Iterator

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Object, Ref
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import borrowed, is_ours
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos import columns
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.panos.model import (  # noqa: F401  pylint: disable=unused-import
    CATEGORY, DECRYPTION, EXCLUSION, LINK, PROFILE, SECURITY, SERVICE,
)

#: Kind: path below the scope, and which of its lists are sets that several parties may add to.
WHERE = {
    CATEGORY: (("profiles", "custom-url-category"), ("list",)),
    SERVICE: (("service",), ()),
    EXCLUSION: (("ssl-decrypt", "ssl-exclude-cert"), ()),
    PROFILE: (("profiles", "url-filtering"), ("allow", "alert", "block", "continue", "override")),
}
#: Kind: the columns of these rules.
RULES = {SECURITY: columns.SECURITY, DECRYPTION: columns.DECRYPTION}
_STAMPS = ("admin", "dirtyId", "time", "loc", "uuid", "src", "ptpl")


def parse_object(kind: str, entry: ET.Element) -> Object:
    """An Object for an <entry>; ``native`` holds its clean XML and, of a rule, all its columns."""
    clean = copy.deepcopy(entry)
    for node in clean.iter():
        for name in _STAMPS:
            node.attrib.pop(name, None)
    sets = WHERE[kind][1] if kind in WHERE else ()
    fields: dict = {}
    members = {}
    for path, value in _flat(clean, ""):
        if path in sets:
            members[path] = frozenset(value)
        else:
            fields[path] = value
    if kind in RULES:
        fields.setdefault("disabled", "no")
    description = fields.get("description")
    put_back = {field: value or None for field, value in borrowed(description, "disabled", "no").items()} if kind in RULES else {}
    for path in sets:
        members.setdefault(path, frozenset())
    native = {"xml": clean, "columns": columns_of(clean, RULES[kind].limits)} if kind in RULES else {"xml": clean}
    return Object(Ref(kind, clean.get("name")), fields, members, ours=is_ours(description), borrowed=put_back, native=native)


def _flat(node, prefix: str):
    for child in node:
        path = prefix + child.tag
        if child.tag == "entry":
            continue
        if not len(child):
            yield path, (child.text or "").strip()
        elif all(inner.tag == "member" for inner in child):
            yield path, sorted((inner.text or "").strip() for inner in child)
        else:
            yield from _flat(child, path + "/")


def columns_of(node: ET.Element, declared: Container[str] = ()) -> dict:
    """All that an element holds as {flat path: text or list}; nested entries are the path above them: their names, and lists of what they hold.

    An empty element says something by being there, and is "yes", unless its path is ``declared`` to hold a value.
    """
    found: dict = {}
    for path, value in _all(node, ""):
        value = "yes" if value == "" and path not in declared else value
        found[path] = _listed(found[path]) + _listed(value) if path in found else value
    return found


def _listed(value: str | list) -> list:
    return value if isinstance(value, list) else [value]


def _all(node: ET.Element, prefix: str) -> Iterator[tuple]:
    for child in node:
        path, tags = prefix + child.tag, {inner.tag for inner in child}
        if not tags:
            yield path, (child.text or "").strip()
        elif tags == {"member"}:
            yield path, sorted((inner.text or "").strip() for inner in child)
        elif "entry" in tags:
            yield path, [inner.get("name") or "" for inner in child]
            for inner in child:
                yield from _all(inner, path + "/")
        else:
            yield from _all(child, path + "/")


def build(obj: Object) -> ET.Element:
    """The <entry> of an Object: what it was read from, with its fields and members put in."""
    entry = copy.deepcopy(obj.native["xml"]) if "xml" in obj.native else ET.Element("entry", {"name": obj.ref.name})
    for path, value in sorted(obj.fields.items()):
        put(entry, path, value)
    for path, members in sorted(obj.members.items()):
        if members or entry.find(path) is not None:
            put(entry, path, sorted(members))
    return entry


def put(entry: ET.Element, path: str, value: str | Iterable[str] | None) -> None:
    """Set one flat path of an entry; None takes it out."""
    *parents, last = path.split("/")
    node = entry
    for tag in parents:
        found = node.find(tag)
        node = ET.SubElement(node, tag) if found is None else found
    leaf = node.find(last)
    if value is None:
        if leaf is not None:
            node.remove(leaf)
        return
    if leaf is None:
        leaf = ET.SubElement(node, last)
    for child in list(leaf):
        leaf.remove(child)
    leaf.text = value if isinstance(value, str) and value else None
    for member in [] if isinstance(value, str) else value:
        ET.SubElement(leaf, "member").text = member


def text(node: ET.Element) -> str:
    """An element as XML."""
    return ET.tostring(node, encoding="unicode")


def inner(node: ET.Element) -> str:
    """The children of an element as XML."""
    return "".join(text(child) for child in node)


def quoted(name: str) -> str:
    """A name inside an xpath; XPath 1.0 has no escape, so the quotes are chosen."""
    return '"%s"' % name if "'" in name else "'%s'" % name
