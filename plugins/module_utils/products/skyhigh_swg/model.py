# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of Skyhigh Secure Web Gateway as XML, and the two rule sets that an administrator imports once. No IO.

A list is written whole, as it was read with our entries added or taken out, so that whatever else is in it stays.
"""
from __future__ import annotations

import copy
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Collection, Iterable

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.state import Ref
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import DOMAIN, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.products.skyhigh_swg.rules import Rule
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.marks import MARK

LIST, SITE_LIST = "wildcard list", "list of the site"
#: In front of an existing entry that we took out of the way: with a slash and no scheme it is neither a host nor a URL, so it matches nothing.
DISABLED = "disabled-by-netaccess/"
REGEX = "com.scur.type.regex"
_ATTRIBUTES = {"typeId": REGEX, "classifier": "Other", "systemList": "false", "structuralList": "false", "defaultRights": "2"}


def render(pattern: Pattern) -> tuple[str, ...]:
    """Wildcard expressions about a host. ``*.x`` does not cover ``x``; ``*x`` would cover names that merely end alike and is never written."""
    if pattern.kind == DOMAIN:
        return (pattern.name, "*." + pattern.name)
    return (str(pattern),)


def entries(node: ET.Element) -> list[str]:
    """The plain entries of a <list>, in order."""
    return [(entry.findtext("entry") or "").strip() for entry in node.findall("content/listEntry")]


def is_plain(node: ET.Element) -> bool:
    """Whether all entries are texts with a description: in extended lists they are more."""
    return all(child.tag in ("entry", "description") for entry in node.findall("content/listEntry") for child in entry)


def kind_of(node: ET.Element) -> str:
    """The kind of a list: the last word of its type."""
    return (node.get("typeId") or "").rpartition(".")[2]


def empty(name: str) -> ET.Element:
    """The <list> of a list that is to be made."""
    node = ET.Element("list", dict({"name": name}, **_ATTRIBUTES))
    ET.SubElement(node, "description").text = MARK
    ET.SubElement(node, "content")
    return node


def changed(node: ET.Element, added: Iterable[str], removed: Collection[str], note: str,
            description: str | None = None) -> ET.Element:
    """A copy of a <list> with entries ``added``, each with ``note`` as its description, and without those ``removed``."""
    node = copy.deepcopy(node)
    content = node.find("content")
    if content is None:
        content = ET.SubElement(node, "content")
    for entry in content.findall("listEntry"):
        if (entry.findtext("entry") or "").strip() in removed:
            content.remove(entry)
    for text in added:
        entry = ET.SubElement(content, "listEntry")
        ET.SubElement(entry, "entry").text = text
        ET.SubElement(entry, "description").text = note
    if description is not None:
        found = node.find("description")
        if found is None:
            found = ET.Element("description")
            node.insert(0, found)
        found.text = description
    return node


def switched(node: ET.Element, disabled: set[str]) -> ET.Element:
    """A copy of a <list> of the site in which exactly the entries ``disabled`` match nothing."""
    node = copy.deepcopy(node)
    for entry in node.findall("content/listEntry/entry"):
        text = (entry.text or "").strip()
        plain = text[len(DISABLED):] if text.startswith(DISABLED) else text
        wanted = DISABLED + plain if plain in disabled else plain
        if wanted != text:
            entry.text = wanted
    return node


def text_of(node: ET.Element) -> str:
    """An element as XML."""
    return ET.tostring(node, encoding="unicode")


@dataclass(frozen=True)
class Settings:
    """What the task says of this product; names as in the module's options. ``groups`` or ``everyone``: for whom something is wanted; neither when
    something is removed. ``scan_conflicts``: read the rule sets."""

    groups: tuple[str, ...] = ()
    everyone: bool = False
    allow_list: str = "ChatGPT allow"
    exempt_list: str = "ChatGPT exempt"
    https_rule_sets: tuple[str, ...] = ("HTTPS Scanning", "SSL Scanner")
    authentication_rule_sets: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    scan_conflicts: bool = True
    comment: str | None = None

    @property
    def allow(self) -> Ref:
        """The list of the allowed hosts."""
        return Ref(LIST, self.allow_list)

    @property
    def exempt(self) -> Ref:
        """The list of the hosts that stay encrypted."""
        return Ref(LIST, self.exempt_list)

    @property
    def somebody(self) -> bool:
        """Whether something is wanted, for anyone."""
        return bool(self.groups) or self.everyone

    @property
    def titles(self) -> tuple:
        """Titles of our lists."""
        return (self.allow_list, self.exempt_list)


class Site:
    """What was read. ``lists``: title to the <list> elements of that title; ``known``: id of a list to (title, <list>) of what rule sets refer to;
    ``sets``: the enabled RuleSets from the top."""

    def __init__(self):
        self.lists: dict = {}
        self.known: dict = {}
        self.sets: list = []
        self.scanned = False

    def title_of(self, identity: str) -> str | None:
        """The title of the list with an id that a rule set refers to, or None."""
        return self.known[identity][0] if identity in self.known else None

    def rules_on(self, title: str) -> list[Rule]:
        """The enabled rules that refer to a list, or are in a rule set that does."""
        ids = {identity for identity, (name, _node) in self.known.items() if name == title}
        rules = [rule for top in self.sets if top.enabled for rule in top.walk()]
        return [rule for rule in rules if rule.lists & ids]

    def referring(self, title: str) -> list[str]:
        """Their labels."""
        return [rule.label for rule in self.rules_on(title)]


# -- the rule sets to import ---------------------------------------------------------------------------------------

_PROPERTY, _OPERATOR = "com.scur.engine.system.", "com.scur.operator."


def rule_set_file(title: str, list_name: str, groups: tuple[str, ...]) -> str:
    """A rule set as an export has it: CONNECT or request to port 443 of a host in the list, from one of the groups, ends the request cycle.

    Identifiers of properties, operators and actions are not published (see columns): a gateway that does not know them refuses the
    import, and the same rule is then made by hand.
    """
    root = ET.Element("libraryContent")
    about = ET.SubElement(root, "libraryObject")
    for tag, text in (("version", "1.0"), ("name", title), ("description", MARK)):
        ET.SubElement(about, tag).text = text
    node = empty(list_name)
    node.set("id", REGEX + ".1")
    ET.SubElement(ET.SubElement(root, "lists"), "entry").append(node)
    group = ET.SubElement(root, "ruleGroup", {"id": "1", "name": title, "enabled": "true", "defaultRights": "2", "cycleRequest": "true",
                                              "cycleResponse": "false", "cycleEmbeddedObject": "false", "cloudSynced": "false"})
    ET.SubElement(group, "description").text = MARK
    ET.SubElement(group, "condition", always="true")
    rule = ET.SubElement(ET.SubElement(group, "rules"), "rule", id="1", name=title, enabled="true")
    ET.SubElement(rule, "description").text = MARK
    expressions = ET.SubElement(ET.SubElement(rule, "condition", always="false"), "expressions")
    _expression(expressions, "", "URL.Host", "MatchesInList", listed=REGEX + ".1")
    _expression(expressions, "AND", "URL.Port", "Equals", literal="443", kind="number")
    for number, name in enumerate(groups):
        _expression(expressions, "OR" if number else "AND", "Authentication.UserGroups", "Contains", literal=name,
                    opening=int(number == 0), closing=int(number == len(groups) - 1))
    ET.SubElement(rule, "actionContainer", actionId="com.scur.mainaction.stopcycle")
    ET.SubElement(group, "ruleGroups")
    return '<?xml version="1.0" encoding="UTF-8"?>\n%s\n' % ET.tostring(root, encoding="unicode")


def _expression(parent, prefix: str, prop: str, operator: str, listed: str = "", literal: str = "", kind: str = "string", opening: int = 0,
                closing: int = 0) -> None:
    node = ET.SubElement(parent, "conditionExpression", dict(
        {"openingBracketCount": str(opening), "closingBracketCount": str(closing), "operatorId": _OPERATOR + operator.lower()},
        **({"prefix": prefix} if prefix else {})))
    ET.SubElement(node, "propertyInstance", propertyId=_PROPERTY + prop.lower(), useMostRecentConfiguration="false")
    typed = "com.scur.type." + kind
    if listed:
        value = ET.SubElement(ET.SubElement(node, "parameter", typeId="com.scur.type.list", listTypeId=REGEX, valueTyp="3"), "value")
        ET.SubElement(value, "listValue", id=listed)
    else:
        value = ET.SubElement(ET.SubElement(node, "parameter", typeId=typed, valueTyp="3"), "value")
        ET.SubElement(value, "stringValue", stringModifier="false", typeId=typed, value=literal)
