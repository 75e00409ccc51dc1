# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the export of a rule set, as far as it is known: attributes, properties, operators, actions and events. Data, no logic.

Structure: two public reports on all paths of real exports, and the public parser SWGDocu of 2025-01-20. Names: the product guide, as the user interface
shows them. The ids behind the names are not published. It is a guess that an operator's is its name without blanks, as ``com.scur.operator.matchesinlist``,
and that a property's is its name behind its module, as the published ``com.scur.engine.datetimefilter.datetime.toisostring``. An id that is none of these
is not understood, which is the safe side.
"""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Schema
from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.firstmatch import ALLOW, DENY, PASS_ON

#: Which cycles a rule set takes part in, by the attribute that says so.
CYCLES = {"request": "ruleGroup@cycleRequest", "response": "ruleGroup@cycleResponse", "embedded object": "ruleGroup@cycleEmbeddedObject"}
#: A value can be a literal ("3") or another property ("2"), which is unknown here.
_LITERAL, _TYPES = ("3",), tuple("com.scur.type." + name for name in ("string", "number", "list", "boolean", "regex", "category"))
#: What a property takes in brackets, such as the list of URL.Host.BelongsToDomains.
GIVEN = "propertyInstance/parameters/entry/parameter"

RULE_SET = Schema(
    limits={"ruleGroup@cycleRequest": ("true",), "ruleGroup@cycleResponse": ("true",), "ruleGroup@cycleEmbeddedObject": ("true",),
            "ruleGroup@cloudSynced": ("false",), "ruleGroup/condition": ("always",)},
    others=frozenset({"ruleGroup@id", "ruleGroup@name", "ruleGroup@enabled", "ruleGroup@defaultRights", "ruleGroup/description", "ruleGroup/acElements",
                      "ruleGroup/rules/rule", "ruleGroup/ruleGroups/ruleGroup"}))

RULE = Schema(
    limits={"rule/condition": ("always",)},
    others=frozenset({"rule@id", "rule@name", "rule@enabled", "rule/description", "rule/actionContainer@actionId", "rule/actionContainer@configurationId",
                      "rule/immediateActionContainers"}))

CRITERION = Schema(
    limits={"conditionExpression@prefix": (), "conditionExpression@openingBracketCount": ("0",), "conditionExpression@closingBracketCount": ("0",),
            "conditionExpression@operatorId": (), "propertyInstance@propertyId": (), "propertyInstance@configurationId": (),
            GIVEN + "@valueTyp": _LITERAL, GIVEN + "@typeId": _TYPES, GIVEN + "@valueId": (), GIVEN + "/value/listValue@id": (),
            GIVEN + "/value/stringValue@value": (), GIVEN + "/value/stringValue@stringModifier": ("false",),
            "parameter@valueTyp": _LITERAL, "parameter@typeId": _TYPES, "parameter@valueId": (), "parameter/value/listValue@id": (),
            "parameter/value/stringValue@value": (), "parameter/value/stringValue@stringModifier": ("false",)},
    others=frozenset({"propertyInstance@useMostRecentConfiguration", "propertyInstance/parameters/entry/string", GIVEN + "@listTypeId",
                      GIVEN + "/value/stringValue@typeId", "parameter@listTypeId", "parameter/value/stringValue@typeId"}))

#: Lists that the gateway fetches by itself hold more, or something else, than what was read.
LIST = Schema(
    limits={"list@feature": (), "list@subId": (), "list@structuralList": ("false",), "list/setup": ()},
    others=frozenset({"list@" + name for name in ("version", "mwg-version", "name", "id", "typeId", "classifier", "systemList", "defaultRights")}
                     | {"list/description", "list/content"}))

#: What the properties tell of. Behind ``.*`` there are several.
PROPERTIES = {
    "the destination": (
        "URL", "URL.Host", "URL.Host.BelongsToDomains", "URL.Domain", "URL.SmartMatch", "URL.Categories", "URL.Reputation", "URL.IsHighRisk",
        "URL.IsMediumRisk", "URL.IsMinimalRisk", "URL.IsUnverified", "URL.CategoriesForURL", "URL.Raw", "URL.Host.IsIP", "Application.Name",
        "Application.Reputation", "Application.IsHighRisk", "SSL.Server.Certificate.CN", "SSL.Server.Certificate.AlternativeCNs",
        "SSL.Server.Certificate.HasWildcards", "GTI.*"),
    "the destination's address": ("URL.Geolocation", "URL.Destination.IP", "Connection.OriginalDestinationIP", "DNS.Lookup"),
    "the port": ("URL.Port", "Proxy.IP", "Proxy.Port"),
    "the protocol": ("URL.Protocol", "Connection.Protocol", "Connection.Protocol.IsIM", "Connection.SSL.Transparent",
                     "Connection.SSL.TransparentCNHandling", "Tunnel.*"),
    "the method": ("Command.Name", "Command.Categories"),
    "people": (
        "Client.IP", "Client.NumberOfConnections", "Connection.VlanID", "Authentication.IsAuthenticated", "Authentication.UserName",
        "Authentication.UserGroups", "Authentication.Realm", "Authentication.Authenticate", "Authentication.GetUserGroups", "Authentication.Failed",
        "Authentication.Method", "Authentication.IsServerRequest", "Authentication.IsLandingOnServer", "SSL.Client.*", "BlockingSession.IsBlocked",
        "Client.ProcessName", "Client.SystemInfo"),
    "the certificate": ("SSL.Server.Certificate.SelfSigned", "SSL.Server.CertificateChain.*", "SSL.Server.Handshake.CertificateIsRequested"),
    "the content": (
        "URL.Path", "URL.Parameters", "Application.FunctionName", "Header.Request.Get", "Header.Request.Exists", "Request.Header.FirstLine",
        "MediaType.EnsuredTypes", "MediaType.FromHeader", "MediaType.FromFileExtension", "Body.Size", "Body.Filename", "DLP.Classification.*"),
    "the reply": ("Header.Response.Get", "Response.StatusCode", "Antimalware.Infected", "Antimalware.Proactive.Probability"),
    "the cycle": ("Cycle.Name", "Cycle.TopName", "Cycle.LastCall"),
    "the time": ("DateTime.Time.*", "DateTime.Date.*", "TimeQuota.*"),
    "a quota": ("VolumeQuota.*", "Quota.Coaching.*", "Quota.AuthorizedOverride.*"),
    "the gateway": ("Proxy.Outbound.IP", "System.HostName", "InTheCloud"),
    "a state": ("Connection.Aborted", "SSL.ClientContext.IsApplied", "List.LastMatches", "PDStorage.*", "User-Defined.*", "Rules.CurrentRuleSet.Name"),
}
#: Another name of the same property.
ALIASES = {"url.hostbelongstodomains": "url.host.belongstodomains"}

#: {operator: (the operator that it inverts, or itself; whether it does)}. "": such a comparison is not made here, and may hold.
OPERATORS = {
    "equals": ("equals", False), "doesnotequal": ("equals", True), "matches": ("matches", False), "doesnotmatch": ("matches", True),
    "isinlist": ("isinlist", False), "isnotinlist": ("isinlist", True), "matchesinlist": ("matchesinlist", False),
    "doesnotmatchinlist": ("matchesinlist", True), "atleastoneinlist": ("atleastoneinlist", False), "noneinlist": ("atleastoneinlist", True),
    "allinlist": ("", False), "contains": ("contains", False), "doesnotcontain": ("contains", True), "startswith": ("", False),
    "endswith": ("", False), "isinrange": ("", False), "isinrangelist": ("", False), "lessthan": ("", False),
    "lessthanorequals": ("", False), "greaterthan": ("", False), "greaterthanorequals": ("", False)}

#: {action, the word behind com.scur.mainaction.: what it does}. Stop Rule Set and Authenticate leave the cycle going. Remove takes out what nobody tells.
ACTIONS = {"continue": PASS_ON, "stopruleset": PASS_ON, "authenticate": PASS_ON, "stopcycle": ALLOW, "block": DENY, "redirect": DENY}
#: Events that neither let a request pass nor block it. guess: their ids. Engines with ``ssl`` in theirs decrypt; any other event may do anything.
HARMLESS_ENGINES = frozenset({"antimalware", "cache", "compositeopener", "dlp"})
HARMLESS_PROCEDURES = frozenset({"header.add"})
