# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The columns of rules and of the objects that they name, by the vendor's XML API reference of 2025. Pure.

Names are paths below the entity. Of a firewall rule ``NetworkPolicy`` and ``UserPolicy`` are left out: they have the same columns, and newer
releases use the first for both. Spellings that differ from the reference: templates of the vendor's SDK (sophosfirewall-python 0.1.68).
What the reference does not have, such as the exclusions of a firewall rule that the web admin shows, is unknown and keeps a rule from being sure.
"""
from __future__ import annotations

import xml.etree.ElementTree as ET

from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Columns, Schema

ALWAYS, EVERYTHING = "All The Time", "All web traffic"
_ANY = ("Any",)
#: What disables any column, also one that is not known.
_OFF = ("Disable", "Disabled", "None", "No", "no", "off", "0")
#: Of firewall and TLS inspection rules.
SOURCE_ZONES, SOURCES, SERVICES = "SourceZones/Zone", "SourceNetworks/Network", "Services/Service"
DESTINATION_ZONES, DESTINATIONS = "DestinationZones/Zone", "DestinationNetworks/Network"
_FRONTS = ("NetworkPolicy/", "UserPolicy/")


def _of_web_servers(*names: str) -> list:
    return ["HTTPBasedPolicy/" + name for name in names]


FIREWALL_RULE = Schema(
    limits={
        "IPFamily": ("IPv4",), "PolicyType": ("Network", "User"), "SkipLocalDestined": (), SOURCE_ZONES: _ANY, SOURCES: _ANY,
        DESTINATION_ZONES: _ANY, DESTINATIONS: _ANY, SERVICES: _ANY, "Schedule": (ALWAYS,), "MatchIdentity": (), "Identity/Member": _ANY,
        # An accepting rule blocks devices without a heartbeat, or of worse health.
        "SourceSecurityHeartbeat": (), "MinimumSourceHBPermitted": ("No Restriction",), "DestSecurityHeartbeat": (),
        "MinimumDestinationHBPermitted": ("No Restriction",), "MinimumDestHBPermitted": ("No Restriction",),
        **dict.fromkeys(_of_web_servers(
            "HostedAddress", "ListenPort", "Domains/Domain", "SourceNetworks/Network", "ExceptionNetworks/Network", "AccessPaths/AccessPath/path",
            "AccessPaths/AccessPath/allowed_networks", "AccessPaths/AccessPath/denied_networks", "AccessPaths/AccessPath/blocked_countries",
            "AccessPaths/AccessPath/block_unknown_country", "Exceptions/Exception/path", "Exceptions/Exception/op", "Exceptions/Exception/source"), ()),
    },
    others=frozenset([
        "Name", "Description", "Status", "Position", "After/Name", "Before/Name", "Section", "Action", "LogTraffic", "ShowCaptivePortal", "DataAccounting",
        "WebFilter", "WebCategoryBaseQoSPolicy", "BlockQuickQuic", "ScanVirus", "ZeroDayProtection", "ScanFTP", "ProxyMode", "DecryptHTTPS",
        "ApplicationControl", "ApplicationBaseQoSPolicy", "IntrusionPrevention", "TrafficShapingPolicy", "TrafficShappingPolicy", "DSCPMarking", "ScanSMTP",
        "ScanSMTPS", "ScanIMAP", "ScanIMAPS", "ScanPOP3", "ScanPOP3S", "WebFilterInternetScheme", "ApplicationControlInternetScheme", "PrimaryGateway",
        "BackupGateway", "RewriteSourceAddress", "OutboundAddress", "OverrideGatewayDefaultNATPolicy",
        *_of_web_servers("HTTPS", "RedirectHTTP", "ProtocolSecurity", "IntrusionPrevention", "TrafficShapingPolicy", "RewriteHTML", "RewriteCookies",
                         "PassHostHeader", "CompressionSupport")]),
    unset=_OFF)

TLS_RULE = Schema(
    limits={SOURCE_ZONES: _ANY, SOURCES: _ANY, DESTINATION_ZONES: _ANY, DESTINATIONS: _ANY, "Identity/Members": _ANY, SERVICES: _ANY,
            "Websites/Activity/Name": (), "Websites/Activity/Type": ()},
    others=frozenset(["Name", "NewName", "Description", "IsDefault", "Enable", "Position", "MoveTo/Name", "MoveTo/OrderBy", "LogConnections", "DecryptAction",
                      "DecryptionProfile"]),
    unset=_OFF)

#: Without its rules.
WEB_POLICY = Schema(
    # Larger downloads are refused.
    limits={"DownloadFileSizeRestriction": ()},
    others=frozenset(["Name", "Description", "DefaultAction", "EnableReporting", "Template", "DownloadFileSizeRestrictionEnabled", "GoogAppDomainListEnabled",
                      "GoogAppDomainList", "YoutubeFilterEnabled", "YoutubeFilterIsStrict", "EnforceSafeSearch", "EnforceImageLicensing", "XFFEnabled",
                      "Office365Enabled", "Office365TenantsList", "Office365DirectoryId", "QuotaLimit"]),
    unset=_OFF)

WEB_RULE = Schema(
    limits={"CategoryList/Category/ID": (EVERYTHING,), "CategoryList/Category/type": (), "Schedule": (ALWAYS,), "CCLRuleEnabled": (),
            "CCLList/CCL": (), "UserList/User": ("Anybody", "anybody", "Any"), "ExceptionList/FileTypeCategory": ()},
    others=frozenset(["HTTPAction", "HTTPSAction", "FollowHTTPAction", "PolicyRuleEnabled"]),
    unset=_OFF)

WEB_EXCEPTION = Schema(
    limits={"EnableSrcIP": (), "EnableDstIP": (), "EnableURLRegex": (), "EnableWebCat": (), "DomainList/WebCategory": (),
            "DomainList/SrcIp": (), "DomainList/DstIp": (), "DomainList/URLRegex": ()},
    others=frozenset(["Name", "NewName", "Desc", "Enabled", "IsDefault", "HttpsDecrypt", "VirusScan", "PolicyCheck", "ZeroDayProtection", "CertValidation"]),
    unset=_OFF)

_ALL = ("SelectALL", "SelectAll")
APPLICATION_RULE = Schema(
    limits={"SelectAllRule": ("Enable",), "CategoryList/Category": _ALL, "RiskList/Risk": _ALL, "CharacteristicsList/Characteristics": _ALL,
            "TechnologyList/Technology": _ALL, "ClassificationList/Classification": _ALL, "ApplicationList/Application": _ALL, "SmartFilter": (),
            "Schedule": (ALWAYS,)},
    others=frozenset(["Action"]))
#: Without its rules.
APPLICATION_POLICY = Schema(limits={}, others=frozenset(["Name", "Description", "MicroAppSupport", "Template", "DefaultAction"]), unset=_OFF)

USER_ACTIVITY = Schema(limits={"CategoryList/Category/ID": (), "CategoryList/Category/type": ()}, others=frozenset(["Name", "Desc"]), unset=_OFF)
WEB_CATEGORY = Schema(
    limits={"ConfigureCategory": ("Local",), "DomainList/Domain": (), "KeywordList/Keyword": (), "URLList/URL": ()},
    others=frozenset(["Name", "Description", "Classification", "QoSPolicy", "OverrideDefaultDeniedMessage", "Notification"]), unset=_OFF)
URL_GROUP = Schema(limits={"URLlist/URL": (), "URLList/URL": ()}, others=frozenset(["Name", "Description", "IsDefault"]), unset=_OFF)
FQDN_HOST = Schema(limits={"FQDN": (), "FQDNHostGroupList/FQDNHostGroup": ()}, others=frozenset(["Name", "Description"]), unset=_OFF)
FQDN_GROUP = Schema(limits={"FQDNHostList/FQDNHost": ()}, others=frozenset(["Name", "Description", "IsDefault"]), unset=_OFF)
SERVICE_GROUP = Schema(limits={"ServiceList/Service": ()}, others=frozenset(["Name", "Description", "IsDefault"]), unset=_OFF)
SERVICE = Schema(
    limits={"Type": (), "ServiceDetails/ServiceDetail/SourcePort": (), "ServiceDetails/ServiceDetail/DestinationPort": (),
            "ServiceDetails/ServiceDetail/Protocol": (), "ServiceDetails/ServiceDetail/ProtocolName": (), "ServiceDetails/ServiceDetail/ICMPType": (),
            "ServiceDetails/ServiceDetail/ICMPCode": (), "ServiceDetails/ServiceDetail/ICMPv6Type": (), "ServiceDetails/ServiceDetail/ICMPv6Code": ()},
    others=frozenset(["Name", "Description", "IsDefault"]), unset=_OFF)


def flat(node: ET.Element, without: str = "") -> dict:
    """{path below the element: its text, or the texts of several}; what is empty is not in it, nor what is below ``without``."""
    found: dict = {}
    for inner in node:
        if inner.tag != without:
            _gather(inner, inner.tag, found)
    return {path: next(iter(texts)) if len(texts) == 1 else list(texts) for path, texts in found.items()}


def _gather(node: ET.Element, path: str, found: dict) -> None:
    text = (node.text or "").strip()
    if text:
        name = next((path[len(front):] for front in _FRONTS if path.startswith(front)), path)
        found.setdefault(name, {})[text] = True
    for inner in node:
        _gather(inner, "%s/%s" % (path, inner.tag), found)


def columns_of(schema: Schema, node: ET.Element, without: str = "") -> Columns:
    """An element through its schema."""
    return Columns(schema, flat(node, without))


def listed(columns: Columns, column: str) -> list:
    """The names that a column is limited to; none where it is no restriction."""
    found = columns.get(column, [])
    return found if isinstance(found, list) else [found]


def word(columns: Columns, column: str) -> str:
    """The one word in a column; empty where it says nothing, and no word that anyone knows where it says several."""
    return ", ".join(listed(columns, column))
