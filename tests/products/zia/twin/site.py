# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The delivered tenants: a company that shuts AI sites out for everybody and decrypts the rest, and a bare one."""
from __future__ import annotations

from tests.products.zia.twin.categories import builtin, custom
from tests.products.zia.twin.policy import Person

PEOPLE = {
    "member": Person(301, (101, 102), 201, location=401),
    "stranger": Person(302, (102,), 202, location=401),
    "guest": Person(location=402),
}
# guess: which built-in categories the vendor gives these hosts.
PREDEFINED = {
    "chatgpt.com": ["AI_ML_APPS"], "openai.com": ["GENERAL_AI_ML"], "chat.openai.com": ["AI_ML_APPS"], "oaistatic.com": ["AI_ML_APPS"],
    "claude.ai": ["AI_ML_APPS"], "oaiusercontent.com": ["AI_ML_APPS"], "js.stripe.com": ["FINANCE"], "example.com": ["PROFESSIONAL_SERVICES"],
    "bank.test": ["FINANCE"], "clinic.test": ["HEALTH"],
    "malware.test": ["MALWARE_SITE"], "bypass.test": ["GLOBAL_INT_GBL_SSL_BYPASS"], "office.test": ["GLOBAL_INT_OFC_SSL_BYPASS"],
}
# guess: which hosts belong to which application.
APPLICATIONS = {
    "chatgpt.com": "CHATGPT_AI", "chat.openai.com": "CHATGPT_AI", "oaistatic.com": "CHATGPT_AI", "labs.openai.com": "DALL_E", "openai.com": "OPENAI",
    "platform.openai.com": "PLAYGROUND_BY_OPENAI", "setup.auth.openai.com": "OPENAI_SIGN_IN", "claude.ai": "CLAUDE_AI"}
#: OPENAI_SIGN_IN is made up: an application of next year.
APPLICATION_TYPES = {"CHATGPT_AI": "AI_ML", "DALL_E": "AI_ML", "OPENAI": "AI_ML", "PLAYGROUND_BY_OPENAI": "AI_ML", "OPENAI_SIGN_IN": "AI_ML",
                     "CLAUDE_AI": "AI_ML", "AZURE_GPT": "AI_ML", "YOUTUBE": "STREAMING_MEDIA"}
APPLICATION_NAMES = {"CHATGPT_AI": "ChatGPT", "DALL_E": "Dall-E", "OPENAI": "OpenAI", "PLAYGROUND_BY_OPENAI": "Playground by OpenAI",
                     "OPENAI_SIGN_IN": "OpenAI sign-in", "CLAUDE_AI": "Claude", "AZURE_GPT": "Azure GPT", "YOUTUBE": "YouTube"}
BUILTIN = [("AI_ML_APPS", "INFORMATION_TECHNOLOGY", 122), ("GENERAL_AI_ML", "INFORMATION_TECHNOLOGY", 125), ("FINANCE", "BUSINESS_AND_ECONOMY", 30),
           ("PROFESSIONAL_SERVICES", "BUSINESS_AND_ECONOMY", 31), ("HEALTH", "HEALTH", 40), ("MALWARE_SITE", "ADVANCED_SECURITY", 90),
           ("MISCELLANEOUS_OR_UNKNOWN", "MISCELLANEOUS", 99), ("GLOBAL_INT_GBL_SSL_BYPASS", "INFORMATION_TECHNOLOGY", 110),
           ("GLOBAL_INT_OFC_SSL_BYPASS", "INFORMATION_TECHNOLOGY", 111)]
DIRECTORY = {
    "groups": [(101, "AI users"), (102, "Staff")], "departments": [(201, "Research"), (202, "Sales")], "users": [(301, "Alice Adams"), (302, "Bob Brown")],
    "locations": [(401, "Head office"), (402, "Branch")], "locations/groups": [(451, "Offices")],
}
MEMBERS = {301: ((101, 102), 201), 302: ((102,), 202)}
DO_NOT_DECRYPT = {"type": "DO_NOT_DECRYPT", "showEUN": False, "showEUNATP": False, "overrideDefaultCertificate": False, "doNotDecryptSubActions": {
    "bypassOtherPolicies": False, "serverCertificates": "BLOCK", "ocspCheck": True, "minTLSVersion": "SERVER_TLS_1_2", "blockSslTrafficWithNoSniEnabled": True}}
BYPASS = dict(DO_NOT_DECRYPT, doNotDecryptSubActions={"bypassOtherPolicies": True, "ocspCheck": False, "blockSslTrafficWithNoSniEnabled": False})
DECRYPT = {"type": "DECRYPT", "showEUN": False, "showEUNATP": False, "overrideDefaultCertificate": False, "decryptSubActions": {
    "serverCertificates": "BLOCK", "ocspCheck": True, "minClientTLSVersion": "CLIENT_TLS_1_2", "minServerTLSVersion": "SERVER_TLS_1_2", "http2Enabled": True}}


def _rule(key: int, name: str, order: int, action, **more) -> dict:
    return dict({"id": key, "name": name, "order": order, "rank": 7, "state": "ENABLED", "action": action}, **more)


def _directory() -> dict:
    tables = {table: [{"id": key, "name": name} for key, name in rows] for table, rows in DIRECTORY.items()}
    for row in tables["users"]:
        groups, department = MEMBERS[row["id"]]
        row.update(email="%s@example.com" % row["name"].split()[0].lower(), groups=[one for one in tables["groups"] if one["id"] in groups],
                   department=next(one for one in tables["departments"] if one["id"] == department))
    return tables


def tenant(site: str, default_ssl: dict | None = None) -> dict:
    """``site``: "blocked", "capp" (the same and Cloud App Control blocks ChatGPT) or "bare" (nothing of the company's own).

    ``default_ssl``: the action of the default rule of SSL inspection. guess: do not inspect.
    """
    if site not in ("blocked", "capp", "bare"):
        raise ValueError(site)
    categories = {one["id"]: one for one in (builtin(*row) for row in BUILTIN)}
    ssl = [_rule(1, "Zscaler Recommended Exemptions", 1, BYPASS, urlCategories=["GLOBAL_INT_GBL_SSL_BYPASS"], predefined=True),
           _rule(2, "Office 365 One Click", 2, BYPASS, urlCategories=["GLOBAL_INT_OFC_SSL_BYPASS"], predefined=True),
           _rule(3, "Default SSL Inspection Rule", -1, default_ssl or DO_NOT_DECRYPT, predefined=True, defaultRule=True)]
    url, apps = [], []
    if site != "bare":
        categories["CUSTOM_01"] = custom(1, "AI sites", urls=[".openai.com", ".oaistatic.com", "claude.ai"], description="Closed to all staff")
        url = [_rule(11, "Stop threats", 1, "BLOCK", protocols=["ANY_RULE"], urlCategories=["MALWARE_SITE"]),
               _rule(12, "Block AI", 2, "BLOCK", protocols=["ANY_RULE"], urlCategories=["CUSTOM_01", "AI_ML_APPS", "GENERAL_AI_ML"])]
        ssl[2:2] = [_rule(13, "Keep health private", 3, DO_NOT_DECRYPT, urlCategories=["HEALTH"]), _rule(14, "Inspect all", 4, DECRYPT)]
    if site == "capp":
        apps = [{"id": 21, "name": "No ChatGPT", "order": 1, "rank": 7, "state": "ENABLED", "type": "AI_ML", "actions": ["DENY_AI_ML_WEB_USE"],
                 "applications": ["CHATGPT_AI"], "cascadingEnabled": False}]
    firewall = [_rule(31, "Default Firewall Filtering Rule", -1, "ALLOW", predefined=True, defaultRule=True)]
    return {
        "categories": categories, "directory": _directory(),
        "rules": {"urlFilteringRules": url, "sslInspectionRules": ssl, "webApplicationRules/AI_ML": apps, "webApplicationRules/STREAMING_MEDIA": [],
                  "firewallFilteringRules": firewall, "firewallDnsRules": []},
        "objects": {"networkServices": [], "ipDestinationGroups": []},
        "settings": {
            "security": {"whitelistUrls": []}, "security/advanced": {"blacklistUrls": []}, "cyberThreatProtection/securityExceptions": {"bypassUrls": []},
            "cyberThreatProtection/maliciousUrls": {"maliciousUrls": []}, "authSettings/exemptedUrls": {"urls": []},
            "advancedSettings": {
                "authBypassUrls": [], "authBypassUrlCategories": [], "authBypassApps": [], "cascadeUrlFiltering": False, "blockConnectHostSniMismatch": False,
                "enableEvaluatePolicyOnGlobalSSLBypass": False, "preferSniOverConnHost": False, "httpRangeHeaderRemoveUrlCategories": []},
            "advancedUrlFilterAndCloudAppSettings": {"enableChatGptPrompt": False, "enableDynamicContentCat": True},
        },
    }
