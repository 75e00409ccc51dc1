# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PAN-OS configuration as an XML tree: the xpath subset that the XML API uses, and what each verb does to the tree.

Semantics: XML API guide, "Get, set, edit, delete, move" pages; attributes of uncommitted nodes as in recorded answers of real devices.
"""
from __future__ import annotations

import copy
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

STAMPS = ("admin", "dirtyId", "time", "loc")
_VALUE = r"""(?:'[^']*'|"[^"]*")"""
_TEST = r"(?:@name|text\(\))\s*=\s*" + _VALUE
_STEP = re.compile(r"/([A-Za-z_][\w.-]*|\*)((?:\[\s*%s(?:\s+or\s+%s)*\s*\])*)" % (_TEST, _TEST))
# Two branches of a choice are accepted and one is kept silently.  # guess: the last one wins.
CHOICES = {"protocol": {"tcp", "udp", "sctp"}, "profile-setting": {"group", "profiles"}}

HOLDERS = {"category", "allow", "alert", "block", "continue", "override", "url-filtering", "group", "service", "source", "destination", "tag"}


class ApiError(Exception):
    """An answer with status="error". ``code``: the attribute, None for none; ``lines``: msg/line."""

    def __init__(self, code, *lines: str, status: int = 200):
        super().__init__("; ".join(lines))
        self.code, self.lines, self.status = code, lines, status


@dataclass
class Step:
    tag: str
    by: str = ""
    values: tuple = ()

    def matches(self, node) -> bool:
        if self.tag not in ("*", node.tag):
            return False
        if not self.by:
            return True
        return (node.get("name") if self.by == "@name" else (node.text or "").strip()) in self.values

    def make(self):
        node = ET.Element(self.tag)
        if self.by == "@name":
            node.set("name", self.values[0])
        elif self.by:
            node.text = self.values[0]
        return node


@dataclass
class Op:
    """One verb on the configuration, so that it can be carried out again on another tree."""

    admin: str
    action: str
    xpath: str
    element: str = ""
    extra: dict = field(default_factory=dict)
    serial: int = 0
    time: str = ""
    attributed: bool = True


def steps_of(xpath: str) -> list:
    """:raises ApiError: 6 for what is no xpath of a configuration."""
    xpath = (xpath or "").strip().rstrip("/")
    steps, at = [], 0
    while at < len(xpath):
        found = _STEP.match(xpath, at)
        if not found:
            break
        tests = re.findall(r"(@name|text\(\))\s*=\s*(%s)" % _VALUE, found[2])
        steps.append(Step(found[1], tests[0][0] if tests else "", tuple(value[1:-1] for _by, value in tests)))
        at = found.end()
    if at != len(xpath) or not steps or steps[0].tag != "config":
        raise ApiError("6", "Invalid xpath: %s" % xpath)  # guess: text
    return steps


def find(root, steps: list) -> list:
    nodes = [root] if steps[0].matches(root) else []
    for step in steps[1:]:
        nodes = [child for node in nodes for child in node if step.matches(child)]
    return nodes


def at(root, *path: str):
    """The node below ``root`` by tags and, for text in brackets, entry names; None when missing: at(v, "rulebase", "[R]")."""
    for part in path:
        if root is None:
            return None
        if part.startswith("["):
            root = next((node for node in root if node.tag == "entry" and node.get("name") == part[1:-1]), None)
        else:
            root = root.find(part)
    return root


def entries(root, *path: str) -> list:
    node = at(root, *path)
    return [] if node is None else [child for child in node if child.tag == "entry"]


def members(root, *path: str) -> list:
    node = at(root, *path)
    return [] if node is None else [(child.text or "").strip() for child in node if child.tag == "member"]


def text(root, *path: str, default: str = "") -> str:
    node = at(root, *path)
    return default if node is None else (node.text or "").strip()


def parse(fragment: str):
    """The children of ``fragment`` under one made-up root, without white space between them. :raises ApiError: 400"""
    try:
        root = ET.fromstring("<x>%s</x>" % re.sub(r"^\s*<\?xml[^>]*\?>", "", fragment or ""))
    except ET.ParseError as error:
        raise ApiError("18", "Malformed Request: %s" % error) from None  # guess: code and text
    for node in root.iter():
        node.tail = None
        node.text = node.text.strip() if node.text and node.text.strip() else None
        for name in STAMPS:
            node.attrib.pop(name, None)
    return root


def strip(root, serials=None):
    """Takes the marks of uncommitted nodes off: all, or those of these edits."""
    for node in root.iter():
        if serials is None or node.get("dirtyId", "") in serials:
            for name in STAMPS:
                node.attrib.pop(name, None)
    return root


def clean(root):
    return strip(copy.deepcopy(root))


def canonical(root) -> bytes:
    return ET.tostring(clean(root))


def same(one, other) -> bool:
    """The same node under the same parent: entries by name, members by text, others by tag."""
    if one.tag != other.tag:
        return False
    if one.tag == "entry":
        return one.get("name") == other.get("name")
    return one.tag != "member" or (one.text or "").strip() == (other.text or "").strip()


def _stamp(node, stamp) -> None:
    for each in node.iter():
        each.attrib.update(stamp)


def merge(target, source, stamp) -> None:
    for child in source:
        twin = next((node for node in target if same(node, child)), None)
        if twin is None:
            others = CHOICES.get(target.tag, set()) - {child.tag}
            for node in [node for node in target if child.tag in CHOICES.get(target.tag, ()) and node.tag in others]:
                target.remove(node)
            new = copy.deepcopy(child)
            _stamp(new, stamp)
            target.append(new)
            target.attrib.update(stamp)
        elif len(child) or len(twin):
            merge(twin, child, stamp)
        elif (twin.text or "") != (child.text or ""):
            twin.text = child.text
            twin.attrib.update(stamp)


def ensure(root, steps: list, stamp):
    node = root
    for step in steps[1:]:
        found = [child for child in node if step.matches(child)]
        if len(found) > 1:
            raise ApiError("8", "Object not unique")
        if not found:
            if step.tag == "*" or len(step.values) > 1 or (step.tag == "entry" and not step.by):
                raise ApiError("6", "Invalid xpath")
            new = step.make()
            new.attrib.update(stamp)
            node.append(new)
            found = [new]
        node = found[0]
    return node


def carry_out(root, op: Op, stamp=None, missing_delete: str = "code7") -> bool:
    """Changes ``root``. False: there was nothing to delete (answered with code 7). :raises ApiError:"""
    steps, stamp = steps_of(op.xpath), stamp or {}
    if op.action == "set":
        merge(ensure(root, steps, stamp), parse(op.element), stamp)
    elif op.action in ("edit", "override"):
        _edit(root, steps, parse(op.element), stamp)
    elif op.action == "delete":
        return _delete(root, steps, stamp, missing_delete)
    elif op.action == "load":
        root.clear()
        source = parse(op.element)[0]
        root.attrib.update(source.attrib)
        root.extend(source)
    else:
        _on_entry(root, steps, op, stamp)
    return True


def _edit(root, steps, wrapped, stamp) -> None:
    if len(wrapped) != 1 or not steps[-1].matches(wrapped[0]):
        raise ApiError("12", "edit failed, may need to override template object first")  # guess: text for a node that is not the one named
    parent, new = ensure(root, steps[:-1], stamp), wrapped[0]
    old = next((node for node in parent if steps[-1].matches(node)), None)
    _stamp(new, stamp)
    if old is None:
        parent.append(new)
        return
    if old.get("uuid") and not new.get("uuid"):
        new.set("uuid", old.get("uuid"))
    parent[list(parent).index(old)] = new


def _delete(root, steps, stamp, missing) -> bool:
    gone = 0
    for parent in find(root, steps[:-1]):
        for node in [child for child in parent if steps[-1].matches(child)]:
            parent.remove(node)
            parent.attrib.update(stamp)
            gone += 1
    if not gone and missing == "error":
        raise ApiError("7", "Object doesn't exist")
    return bool(gone)


def _on_entry(root, steps, op: Op, stamp) -> None:
    parents = find(root, steps[:-1])
    if op.action == "clone":
        container = ensure(root, steps, stamp)
        source = at(container, "[%s]" % op.extra.get("from"))
        _free(container, op.extra.get("newname"))
        if source is None:
            raise ApiError("7", "No such node")
        new = copy.deepcopy(source)
        new.attrib.pop("uuid", None)
        new.set("name", op.extra["newname"])
        _stamp(new, stamp)
        container.append(new)
        return
    node = next((child for parent in parents for child in parent if steps[-1].matches(child)), None)
    if node is None:
        raise ApiError("7", "No such node")  # guess: text
    container = parents[0]
    if op.action == "rename":
        _free(container, op.extra.get("newname"))
        _rename(root, container, node, op.extra["newname"])
    elif op.action == "move":
        _move(container, node, op.extra.get("where"), op.extra.get("dst"))
    else:
        raise ApiError("17", "Invalid command: action %s" % op.action)
    node.attrib.update(stamp)


def _rename(root, container, node, name) -> None:
    """References follow the new name, except that rules are referred to by nothing here."""
    old = node.get("name")
    node.set("name", name)
    if container.tag == "rules":
        return
    for holder in root.iter():
        if holder.tag in HOLDERS:
            for member in holder:
                if member.tag == "member" and (member.text or "").strip() == old:
                    member.text = name


def _free(container, name) -> None:
    if not name:
        raise ApiError("18", "Missing value for parameter newname")
    if at(container, "[%s]" % name) is not None:
        raise ApiError("8", "%s already exists" % name)  # guess: text


def _move(container, node, where, dst) -> None:
    other = at(container, "[%s]" % dst) if where in ("before", "after") else None
    if where not in ("top", "bottom", "before", "after"):
        raise ApiError("18", "Invalid value for parameter where")
    if where in ("before", "after") and (other is None or other is node):
        raise ApiError("7", "%s is not a valid destination" % dst)  # guess: text
    container.remove(node)
    rows = list(container)
    index = {"top": 0, "bottom": len(rows)}.get(where)
    if index is None:
        index = rows.index(other) + (where == "after")
    container.insert(index, node)
