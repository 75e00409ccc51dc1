# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The columns of rules, and of what rules name, as the API of ZIA writes them. Pure data.

Source: structs of zscaler-sdk-go 3 and models of zscaler-sdk-python 1.9, joined with the answers recorded in the latter's tests (June 2026), and the
documentation of terraform-provider-zia. A rule that says nothing of browsers, methods or trust is read back with the full list, which is therefore no
restriction.

excludeSrcCountries, which turns sourceCountries round, is no negation here: nobody reads the countries, so they never exclude a rule.
"""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Schema

_AGENTS = (frozenset(("OPERA", "FIREFOX", "MSIE", "MSEDGE", "CHROME", "SAFARI", "OTHER", "MSCHREDGE")),)
#: The shorter of the two full lists that were recorded; the longer one adds the methods of WebDAV and PATCH.
_METHODS = (frozenset(("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "OTHER", "POST", "PUT", "TRACE")),)
_TRUST = ("ANY", frozenset(("UNKNOWN_DEVICETRUSTLEVEL", "LOW_TRUST", "MEDIUM_TRUST", "HIGH_TRUST")))
_PLATFORMS = (frozenset(("SCAN_IOS", "SCAN_ANDROID", "SCAN_MACOS", "SCAN_WINDOWS", "SCAN_LINUX", "NO_CLIENT_CONNECTOR")),)
_RISK = (frozenset(("LOW", "MEDIUM", "HIGH", "CRITICAL")),)


def _words(*names: str, **words: tuple) -> dict:
    return {**dict.fromkeys(names, ()), **words}


_EVERY_RULE = frozenset(("id", "name", "description", "state", "order", "rank", "labels", "accessControl", "lastModifiedTime", "lastModifiedBy", "predefined",
                         "defaultRule"))
_PEOPLE = _words("users", "groups", "departments", "locations", "locationGroups", "devices", "deviceGroups", "timeWindows")
_VALIDITY = _words("enforceTimeValidity", "validityStartTime", "validityEndTime", "validityTimeZoneId", "timeQuota", "sizeQuota")
_NETWORK = _words("srcIps", "srcIpGroups", "srcIpv6Groups", "destAddresses", "destIpGroups", "destIpv6Groups", "destCountries", "sourceCountries",
                  "excludeContextShieldEndPoint", "endPointApplications", "endPointApplicationGroups", destIpCategories=("ANY",))
_NOTICES = frozenset(("capturePCAP", "isEunEnabled", "eunTemplateId"))

URL = Schema(
    {**_PEOPLE, **_VALIDITY, **_words(
        "urlCategories2", "sourceIpGroups", "sourceCountries", "excludeSrcCountries", "httpHeaderProfiles", "workloadGroups", "ciparule",
        urlCategories=("ANY",), protocols=("ANY_RULE",), requestMethods=_METHODS, userAgentTypes=_AGENTS, deviceTrustLevels=_TRUST,
        userRiskScoreLevels=_RISK)},
    _EVERY_RULE | {"action", "blockOverride", "overrideUsers", "overrideGroups", "httpHeaderActionProfiles", "cbiProfile", "cbiProfileId", "capturePCAP",
                   "endUserNotificationUrl", "browserEunTemplateId", "usersAndGroupsSet", "groupsAndDepartmentsSet"})
_DO_NOT, _DO = "action.doNotDecryptSubActions.", "action.decryptSubActions."
#: What of the action of an SSL rule blocks a connection that is otherwise left alone or decrypted: one without a name, one that cannot be decrypted.
SHUTTING = (_DO_NOT + "blockSslTrafficWithNoSniEnabled", _DO + "blockSslTrafficWithNoSniEnabled", _DO + "blockUndecrypt")
SSL = Schema(
    {**_PEOPLE, **_words(
        "roadWarriorForKerberos", "cloudApplications", "destIpGroups", "sourceIpGroups", "proxyGateways", "zpaAppSegments", "workloadGroups",
        "endPointApplications", "endPointApplicationGroups", urlCategories=("ANY",), platforms=_PLATFORMS, userAgentTypes=_AGENTS,
        deviceTrustLevels=_TRUST)},
    _EVERY_RULE.union(
        SHUTTING, ("action", "action.type", "action.showEUN", "action.showEUNATP", "action.overrideDefaultCertificate", "action.sslInterceptionCert"),
        # The certificates of the wanted hosts are valid, and they speak TLS 1.3.
        (_DO_NOT + name for name in ("bypassOtherPolicies", "serverCertificates", "ocspCheck", "minTLSVersion")),
        (_DO + name for name in ("serverCertificates", "ocspCheck", "minClientTLSVersion", "minServerTLSVersion", "http2Enabled"))))
APP = Schema(
    {**_PEOPLE, **_VALIDITY, **_words(
        "applications", "cloudAppInstances", "cloudAppRiskProfile", "sharingDomainProfiles", "formSharingDomainProfiles", type=("AI_ML",),
        userAgentTypes=_AGENTS, deviceTrustLevels=_TRUST, userRiskScoreLevels=_RISK)},
    _EVERY_RULE | {"actions", "cascadingEnabled", "tenancyProfileIds", "cbiProfile", "numberOfApplications", "eunEnabled", "eunTemplateId",
                   "browserEunTemplateId", "promptCaptureEnabled"})
FIREWALL = Schema(
    {**_PEOPLE, **_NETWORK, **_words(
        "excludeSrcCountries", "nwServices", "nwServiceGroups", "nwApplications", "nwApplicationGroups", "appServices", "appServiceGroups", "workloadGroups",
        "zpaAppSegments", deviceTrustLevels=_TRUST)},
    _EVERY_RULE | _NOTICES | {"action", "enableFullLogging"})
DNS = Schema(
    {**_PEOPLE, **_NETWORK, **_words(
        "applications", "applicationGroups", "dnsRuleRequestTypes", resCategories=("ANY",),
        protocols=("ANY_RULE", frozenset(("TCP_RULE", "UDP_RULE", "DOHTTPS_RULE"))))},
    _EVERY_RULE | _NOTICES | {"action", "redirectIp", "blockResponseCode", "dnsGateway", "zpaIpGroup", "ednsEcsObject", "isWebEunEnabled", "isWebEUNEnabled",
                              "defaultDnsRuleNameUsed"})

# Of what rules name, a column does not limit but adds: what nobody reads in it may be anything.
CATEGORY = Schema(
    _words("urls", "dbCategorizedUrls", "keywords", "keywordsRetainingParentCategory", "ipRanges", "ipRangesRetainingParentCategory", "regexPatterns",
           "regexPatternsRetainingParentCategory", type=("URL_CATEGORY",), urlType=("EXACT",)),
    frozenset(("id", "configuredName", "customCategory", "scopes", "editable", "description", "urlKeywordCounts", "val", "customUrlsCount", "superCategory",
               "categoryGroup", "urlsRetainingParentCategoryCount", "customIpRangesCount", "ipRangesRetainingParentCategoryCount")))
DESTINATIONS = Schema(_words("addresses", "ipAddresses", "ipCategories", "urlCategories", "countries", type=("DSTN_IP", "DSTN_FQDN")),
                      frozenset(("id", "name", "description", "creatorContext", "isNonEditable")))
SERVICE = Schema(_words("srcTcpPorts", "srcUdpPorts", "destTcpPorts", "destUdpPorts"),
                 frozenset(("id", "name", "type", "tag", "description", "creatorContext", "isNameL10nTag")))
#: Tags of the services that hold every port of a protocol, and list none (recorded).
EVERY_PORT = {"TCP_ANY": "tcp", "UDP_ANY": "udp", "ICMP_ANY": "icmp"}

#: OpenAI's cloud applications, by their recorded ids.
OPENAI_APPS = frozenset(("CHATGPT_AI", "DALL_E", "OPENAI", "PLAYGROUND_BY_OPENAI"))
#: Recorded ids of other companies' applications of the same type. One that bears the name of ChatGPT or OpenAI is not here: what it holds is not published.
FOREIGN_APPS = frozenset((
    "AI2HUMAN AI7 AICHATTING AIGENPROMPT AIIMAGEGENERATOR AIIS_AI AIMREPLY AIPAPERPASS AISTORYGENERATOR AI_ART_GENERATOR AI_CHAT_ROBOT "
    "AI_COPYWRITING_TREASURE AI_FOR_SEO AI_GIF_GENERATOR AI_LS AI_SERVICE_DESK AI_STOCK_COM AI_TEXT_CONVERTER AI_WRITER ALPACAML AMAZON_BEDROCK ANDI ARCH_AI "
    "ARTBREEDER ARTICLE_FORGE ASKCHAT ASSEMBLYAI BART_AI BLACKBOX_AI BLOOM_AI BYPASSAI BYWORD CANARY_MAIL CANDY_AI CHARACTER_AI CHARTNOTE CHATAI CHATANYTHING "
    "CHATBOTSPLACE CHATBOT_APP CHATGATE_AI CHATLEFT CHATLIPE CHATPDF CHATSONIC CHATTHREE CHATX CHAT_PORTAL CHUB_AI CIVITAI CLARIFAI CLAUDE_AI CLINIWIZ "
    "CLOVANOTE CODEIUM CRAIYON CRUSHON CUTOUT_PRO DECKTOPUS DEEPL_LINGUEE DEEPSEEK DEEP_DREAM_GENERATOR DEVIN DREAMGF DREAM_BY_WOMBO EASY_PEASY_AI EIGHTIFY "
    "ELAI ELEVENLABS EXTENDMUSIC FINCHATAI FRESHBOTS GAMMA GANPAINT GEMINI_PRO_CHAT GETLINER GOOGLE_AI GOOGLE_AI_STUDIO GOOGLE_COLAB GOOGLE_GEMINI "
    "GOOGLE_LABS GOOGLE_NOTEBOOKLM GRAMMARLY GROK_AI GROWTHBAR HEYGEN HIDREAM_AI ICONMAGE IDEA_GENERATOR IDEOGRAM IMAGINE JANITORAI JASPER KAI_GTP KHROMA "
    "KLIMACHAT_AI LALALS LAW_BOT_PRO LDSBOT LEONARDO LETTER_GENERATORS_AI LYFTA MANAGR MAXAI META_AI MICROSOFT_COPILOT MICROSOFT_COPILOT_STUDIO "
    "MICROSOFT_DESIGNER MIDJOURNEY MUSE_AI MYWAVE NETWRCK NEURAL_BLENDER NEURO_FLASH NEXUSTRADE NIGHTCAFE NOVAAPP NOVELAI OPAL_WITH_GOOGLE OPENDREAM OPENREAD "
    "OPENROUTER OPUSCLIP ORA_AI ORT OTTER_AI PARTYROCK PERPLEXITY PHIND PHOTOROOM PHRASLY_AI PICFINDER PIXAI PIXELCUT PIXLR PLAYGROUNDAI POE_AI POKEIT "
    "PRIMISAI PRISMA_AI PROMPTBOOM PROMPTFOLDER PURECODEAI QUEERY QUILLBOT REDS_EXPLOIT_CORNER REPLICATE ROASTEDBY_AI ROBOMATIC_AI RUNWAY SAYHI2_AI "
    "SDXL_TURBO SEMIHUMAN SHAKKER SHORTLYAI SOCRATIC_LAB SPEECHIFY STABLE_VIDEO_DIFFUSION STARRYAI STORY_COM SUDOCODE SWDT SYNTHESIA THIRUKURAL TINGO "
    "TOMBO_AI TOUFEE TWINPICS VECTORART VECTORIZER_AI VOCALREMOVER WORDTUNE WRITEHUMAN WRITER WRITESONIC WRITE_APP XAIBAIPIAO YODAYO YOU_COM").split())
