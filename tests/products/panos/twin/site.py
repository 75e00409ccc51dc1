# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The delivered sites: a company that shuts AI hosts out for everybody and decrypts the rest, on one firewall or behind Panorama."""
from __future__ import annotations

import xml.etree.ElementTree as ET

from tests.products.panos.twin.policy import Person
from tests.products.panos.twin.tree import parse

PEOPLE = {
    "member": Person("192.0.2.10", "trust", "example\\alice", groups=("example\\ai-users", "example\\staff")),
    "stranger": Person("192.0.2.20", "trust", "example\\bob", groups=("example\\staff",)),
    "guest": Person("198.51.100.9", "guest"),
}
PREDEFINED = {
    "chatgpt.com": ["artificial-intelligence", "low-risk"], "chat.openai.com": ["artificial-intelligence", "low-risk"],
    "claude.ai": ["artificial-intelligence", "low-risk"], "openai.com": ["computer-and-internet-info", "low-risk"],
    "oaistatic.com": ["content-delivery-networks", "low-risk"], "js.stripe.com": ["financial-services", "low-risk"],
    "example.com": ["computer-and-internet-info", "low-risk"], "bank.test": ["financial-services", "low-risk"], "malware.test": ["malware", "high-risk"],
}
# guess: names of the App-IDs and the hosts that they know.
APPLICATIONS = {"chatgpt.com": "openai-chatgpt", "openai.com": "openai-base", "claude.ai": "claude-base"}
BLOCKED = ["openai.com/", "*.openai.com/", "oaistatic.com/", "*.oaistatic.com/", "claude.ai/", "*.claude.ai/"]


def _members(tag: str, values) -> str:
    return "<%s>%s</%s>" % (tag, "".join("<member>%s</member>" % value for value in values), tag)


def rule(name: str, action: str, more: str = "", **columns) -> str:
    """A rule as XML; columns not named are ``any``."""
    wanted = {column: columns.get(column, "any") for column in ("from", "to", "source", "destination", "source-user", "category", "service")}
    if "application" in columns:
        wanted["application"] = columns["application"]
    lists = "".join(_members(tag, [value] if isinstance(value, str) else value) for tag, value in wanted.items())
    return '<entry name="%s">%s<action>%s</action>%s</entry>' % (name, lists, action, more)


def _security(site: str) -> tuple:
    where = {"from": ["trust", "guest"], "to": "untrust"}
    first = [rule("Stop threats", "deny", "<log-end>yes</log-end>", application="any", category=["malware", "phishing", "command-and-control"], **where)]
    if site == "rule":
        first.append(rule("Block AI", "deny", "<log-end>yes</log-end>", application="any", category=["artificial-intelligence", "AI sites"], **where))
    profile = "<profile-setting>%s</profile-setting><log-end>yes</log-end><log-setting>To SIEM</log-setting>"
    last = [rule("Web", "allow", profile % _members("group", ["Standard"]), application="any", service=["service-http", "service-https"], **where)]
    return first, last


def _objects(site: str) -> str:
    blocked = ["malware", "phishing", "command-and-control", "gambling"] + (["artificial-intelligence", "AI sites"] if site == "profile" else [])
    return (
        "<profiles><custom-url-category><entry name='AI sites'>%s%%(type)s</entry></custom-url-category>"
        "<url-filtering><entry name='Corporate'>%s%s</entry></url-filtering>"
        "<decryption><entry name='Standard'><ssl-no-proxy><block-untrusted-issuer>yes</block-untrusted-issuer>"
        "<block-expired-certificate>yes</block-expired-certificate></ssl-no-proxy></entry></decryption></profiles>"
        "<profile-group><entry name='Standard'><virus><member>default</member></virus>%s</entry></profile-group><tag><entry name='managed'/></tag>"
        % (_members("list", BLOCKED), _members("block", blocked), _members("alert", ["computer-and-internet-info"]), _members("url-filtering", ["Corporate"])))


def _decryption() -> tuple:
    kind = "<type><ssl-forward-proxy/></type><profile>Standard</profile>"
    where = {"from": ["trust", "guest"], "to": "untrust"}
    return ([rule("Keep health private", "no-decrypt", kind, category="health-and-medicine", **where)], [rule("Decrypt the rest", "decrypt", kind, **where)])


def _rules(security: list, decryption: list) -> str:
    return "<security><rules>%s</rules></security><decryption><rules>%s</rules></decryption>" % ("".join(security), "".join(decryption))


def _box(shared: str, inside: str) -> ET.Element:
    return parse("<config version='10.2.0' urldb='paloaltonetworks'><shared><log-settings><profiles><entry name='To SIEM'/></profiles></log-settings>"
                 "%s</shared><devices><entry name='localhost.localdomain'>%s</entry></devices></config>" % (shared, inside))[0]


def firewall(site: str, release: tuple, vsys=("vsys1",)) -> ET.Element:
    """``site``: "rule" (a deny rule shuts AI), "profile" (the URL profile of the web rule does) or "bare" (only zones)."""
    kind = {"type": "" if release < (9, 0) else "<type>URL List</type>"}
    zones = "<zone>%s</zone>" % "".join("<entry name='%s'/>" % zone for zone in ("trust", "untrust", "guest"))
    inside = ""
    for name in vsys:
        body = ""
        if site != "bare":
            security, decryption = _security(site), _decryption()
            body = _objects(site) % kind + "<rulebase>%s</rulebase>" % _rules(security[0] + security[1], decryption[0] + decryption[1])
        inside += "<entry name='%s'>%s%s</entry>" % (name, zones, body)
    return _box("", "<vsys>%s</vsys>" % inside)


def panorama(site: str, release: tuple, groups: dict) -> ET.Element:
    """``groups``: {device group: (parent or "shared", [serials])}; the site's rules stand in shared: the first ones pre, the rest post."""
    kind = {"type": "" if release < (9, 0) else "<type>URL List</type>"}
    security, decryption = _security(site), _decryption()
    shared = _objects(site) % kind + "<pre-rulebase>%s</pre-rulebase><post-rulebase>%s</post-rulebase>" % (
        _rules(security[0], decryption[0]), _rules(security[1], decryption[1]))
    inside, parents = "", ""
    for name, (parent, serials) in groups.items():
        inside += "<entry name='%s'><devices>%s</devices></entry>" % (name, "".join("<entry name='%s'/>" % serial for serial in serials))
        parents += "<entry name='%s'>%s</entry>" % (name, "" if parent == "shared" else "<parent-dg>%s</parent-dg>" % parent)
    root = _box(shared, "<device-group>%s</device-group>" % inside)
    root.append(parse("<readonly><devices><entry name='localhost.localdomain'><device-group>%s</device-group></entry></devices></readonly>" % parents)[0])
    return root
