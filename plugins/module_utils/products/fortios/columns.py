# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The columns of what a VDOM decides by, as the REST API names them, and which of them limit a rule. Data.

From fortinet.fortios 2.4.2 (its versioned schemas, releases 7.0 to 7.6) and the defaults of hfortix-fortios 0.5.164 (7.6), read on 2026-11-28.
A column of a row inside a profile is written ``rows[].column``, one of a part ``part.column``.
"""
from __future__ import annotations

from typing import Mapping

from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Schema


def _names(text: str) -> frozenset:
    return frozenset(text.split())


def _limits(text: str, words: Mapping[str, tuple]) -> dict:
    """Columns whose empty value, or the product's ``disable``, is no restriction, and those that have another word for it."""
    return {**{column: () for column in text.split()}, **words}


#: firewall/policy. The last of ``others`` are in answers of devices (7.2.5) and not in the schema.
POLICY = Schema(
    limits=_limits(
        """ztna-status ztna-device-ownership srcaddr6 dstaddr6 ztna-ems-tag ztna-ems-tag-secondary ztna-geo-tag internet-service internet-service-name
        internet-service-group internet-service-custom network-service-dynamic internet-service-custom-group internet-service-src internet-service-src-name
        internet-service-src-group internet-service-src-custom network-service-src-dynamic internet-service-src-custom-group reputation-minimum src-vendor-mac
        internet-service6 internet-service6-name internet-service6-group internet-service6-custom internet-service6-custom-group internet-service6-src
        internet-service6-src-name internet-service6-src-group internet-service6-src-custom internet-service6-src-custom-group reputation-minimum6 rtp-addr
        policy-expiry policy-expiry-date-utc tos-negate geoip-anycast ntlm-enabled-browsers groups users fsso-groups scim saml-server scim-users scim-groups
        match-vip-only srcaddr-negate srcaddr6-negate dstaddr-negate dstaddr6-negate ztna-ems-tag-negate service-negate internet-service-negate
        internet-service-src-negate internet-service6-negate internet-service6-src-negate vlan-filter sgt-check sgt internet-service-fortiguard
        internet-service-src-fortiguard internet-service6-fortiguard internet-service6-src-fortiguard""",
        {"srcintf": ("any",), "dstintf": ("any",), "srcaddr": ("all",), "dstaddr": ("all",), "ztna-tags-match-logic": ("or",), "reputation-direction":
         ("destination",), "reputation-direction6": ("destination",), "schedule": ("always",), "policy-expiry-date": ("0000-00-00 00:00:00",), "service":
         ("ALL",), "tos-mask": ("0x00",), "tos": ("0x00",), "geoip-match": ("physical-location",), "match-vip": ("enable",)}),
    others=_names(
        """policyid status name uuid action nat64 nat46 rtp-nat send-deny-packet firewall-session-dirty schedule-timeout anti-replay tcp-session-without-syn
        dynamic-shaping passive-wan-health-measurement app-monitor utm-status inspection-mode http-policy-redirect ssh-policy-redirect ztna-policy-redirect
        webproxy-profile profile-type profile-group profile-protocol-options ssl-ssh-profile av-profile webfilter-profile dnsfilter-profile
        emailfilter-profile dlp-profile file-filter-profile ips-sensor application-list voip-profile ips-voip-filter sctp-filter-profile
        diameter-filter-profile virtual-patch-profile icap-profile videofilter-profile waf-profile ssh-filter-profile casb-profile telemetry-profile
        logtraffic logtraffic-start log-http-transaction capture-packet auto-asic-offload np-acceleration wanopt wanopt-detection wanopt-passive-opt
        wanopt-profile wanopt-peer webcache webcache-https webproxy-forward-server traffic-shaper traffic-shaper-reverse per-ip-shaper nat pcp-outbound
        pcp-inbound pcp-poolname permit-any-host permit-stun-host fixedport port-preserve port-random ippool poolname poolname6 session-ttl vlan-cos-fwd
        vlan-cos-rev inbound outbound natinbound natoutbound fec wccp ntlm ntlm-guest fsso-agent-for-ntlm auth-path disclaimer email-collect vpntunnel natip
        diffserv-copy diffserv-forward diffserv-reverse diffservcode-forward diffservcode-rev tcp-mss-sender tcp-mss-receiver comments gtp-profile
        pfcp-profile auth-cert auth-redirect-addr redirect-url identity-based-route block-notification custom-log-fields replacemsg-override-group
        timeout-send-rst captive-portal-exempt decrypted-traffic-mirror dsri radius-mac-auth-bypass radius-ip-auth-bypass delay-tcp-npu-session cifs-profile
        dlp-sensor q_origin_key uuid-idx label global-label ip-version-type policy-behaviour-type"""),
    negations=_names(
        """tos-negate srcaddr-negate srcaddr6-negate dstaddr-negate dstaddr6-negate ztna-ems-tag-negate service-negate internet-service-negate
        internet-service-src-negate internet-service6-negate internet-service6-src-negate"""),
    unset=("disable",))

#: firewall/proxy-policy.
PROXY_POLICY = Schema(
    limits=_limits(
        """proxy access-proxy access-proxy6 ztna-proxy ztna-ems-tag device-ownership url-risk internet-service internet-service-negate internet-service-name
        internet-service-group internet-service-custom internet-service-custom-group internet-service-fortiguard internet-service6 internet-service6-negate
        internet-service6-name internet-service6-group internet-service6-custom internet-service6-custom-group internet-service6-fortiguard srcaddr-negate
        dstaddr-negate ztna-ems-tag-negate service-negate srcaddr6 dstaddr6 groups users https-sub-category detect-https-in-http-request""",
        {"srcintf": ("any",), "dstintf": ("any",), "srcaddr": ("all",), "dstaddr": ("all",), "ztna-tags-match-logic": ("or",), "service": ("ALL",),
         "schedule": ("always",)}),
    others=_names(
        """uuid policyid name poolname action status logtraffic session-ttl http-tunnel-auth ssh-policy-redirect webproxy-forward-server isolator-server
        webproxy-profile transparent webcache webcache-https disclaimer utm-status profile-type profile-group profile-protocol-options ssl-ssh-profile
        av-profile webfilter-profile dnsfilter-profile emailfilter-profile dlp-profile file-filter-profile ips-sensor application-list ips-voip-filter
        sctp-filter-profile icap-profile videofilter-profile waf-profile ssh-filter-profile casb-profile telemetry-profile replacemsg-override-group
        logtraffic-start log-http-transaction comments block-notification redirect-url decrypted-traffic-mirror cifs-profile diameter-filter-profile
        virtual-patch-profile voip-profile dlp-sensor q_origin_key uuid-idx label global-label"""),
    negations=_names(
        """internet-service-negate internet-service6-negate srcaddr-negate dstaddr-negate ztna-ems-tag-negate service-negate"""),
    unset=("disable",))

#: A row of webfilter/urlfilter with the columns of its table.
URL_ROW = Schema(
    limits=_limits(
        """url type referrer-host one-arm-ips-urlfilter ip-addr-block ip4-mapped-ip6""",
        {"include-subdomains": ("enable",), "dns-address-family": ("ipv4",)}),
    others=_names(
        """id name comment entries action antiphish-action status exempt web-proxy-profile q_origin_key"""),
    unset=("disable",))

#: A row of dnsfilter/domain-filter.
DNS_ROW = Schema(
    limits=_limits(
        """domain type""",
        {}),
    others=_names(
        """id name comment entries action status q_origin_key"""),
    unset=("disable",))

#: An entry of application/list.
APPLICATION_ENTRY = Schema(
    limits=_limits(
        """risk category application exclusion rate-count""",
        {"popularity": (frozenset("12345"), "1 2 3 4 5"), "protocols": ("all",), "vendor": ("all",), "technology": ("all",), "behavior": ("all",),
         "rate-duration": (60,), "rate-mode": ("continuous",), "rate-track": ("none",)}),
    others=_names(
        """id parameters action log log-packet session-ttl shaper shaper-reverse per-ip-shaper quarantine quarantine-expiry quarantine-log q_origin_key"""),
    negations=frozenset({"exclusion"}),
    unset=("disable",))

#: firewall/addrgrp and firewall.service/group.
GROUP = Schema(
    limits=_limits(
        """proxy member exclude exclude-member""",
        {"type": ("default",), "category": ("default",)}),
    others=_names(
        """name uuid comment color fabric-object allow-routing tagging q_origin_key"""),
    unset=("disable",))

#: firewall.service/custom.
SERVICE = Schema(
    limits=_limits(
        """proxy protocol fqdn protocol-number icmptype icmpcode tcp-portrange udp-portrange udplite-portrange sctp-portrange app-service-type app-category
        application""",
        {"iprange": ("0.0.0.0",)}),
    others=_names(
        """name uuid category helper tcp-halfclose-timer tcp-halfopen-timer tcp-timewait-timer tcp-rst-timer udp-idle-timer session-ttl check-reset-range
        comment
        color fabric-object visibility q_origin_key"""),
    unset=("disable",))

#: webfilter/profile. ``limits``: what may block a host whatever the URL filter says of it. The category is what our rows exempt from.
WEB_PROFILE = Schema(
    limits=_limits(
        """web.bword-table web.content-header-list web.blocklist antiphish.status wisp""",
        {"post-action": ("normal",), "ftgd-wf.risk[].action": ("allow", "monitor")}),
    others=_names(
        """name comment feature-set replacemsg-group options https-replacemsg web-flow-log-encoding ovrd-perm override override.ovrd-cookie override.ovrd-scope
        override.profile-type override.ovrd-dur-mode override.ovrd-dur override.profile-attribute override.ovrd-user-group override.profile web
        web.bword-threshold web.urlfilter-table web.allowlist web.safe-search web.youtube-restrict web.vimeo-restrict web.log-search web.keyword-match
        web.keyword-match[].pattern ftgd-wf ftgd-wf.options ftgd-wf.exempt-quota ftgd-wf.ovrd ftgd-wf.filters ftgd-wf.filters[].id ftgd-wf.filters[].category
        ftgd-wf.filters[].action ftgd-wf.filters[].warn-duration ftgd-wf.filters[].auth-usr-grp ftgd-wf.filters[].log ftgd-wf.filters[].override-replacemsg
        ftgd-wf.filters[].warning-prompt ftgd-wf.filters[].warning-duration-type ftgd-wf.risk ftgd-wf.risk[].id ftgd-wf.risk[].risk-level ftgd-wf.risk[].log
        ftgd-wf.quota ftgd-wf.quota[].id ftgd-wf.quota[].category ftgd-wf.quota[].type ftgd-wf.quota[].unit ftgd-wf.quota[].value ftgd-wf.quota[].duration
        ftgd-wf.quota[].override-replacemsg ftgd-wf.max-quota-timeout ftgd-wf.rate-javascript-urls ftgd-wf.rate-css-urls ftgd-wf.rate-crl-urls antiphish
        antiphish.default-action antiphish.check-uri antiphish.check-basic-auth antiphish.check-username-only antiphish.max-body-len
        antiphish.inspection-entries antiphish.inspection-entries[].name antiphish.inspection-entries[].fortiguard-category
        antiphish.inspection-entries[].action antiphish.custom-patterns antiphish.custom-patterns[].pattern antiphish.custom-patterns[].category
        antiphish.custom-patterns[].type antiphish.authentication antiphish.domain-controller antiphish.ldap url-extraction url-extraction.status
        url-extraction.server-fqdn url-extraction.redirect-header url-extraction.redirect-url url-extraction.redirect-no-content wisp-servers wisp-algorithm
        log-all-url web-content-log web-filter-activex-log web-filter-command-block-log web-filter-cookie-log web-filter-applet-log web-filter-jscript-log
        web-filter-js-log web-filter-vbs-log web-filter-unknown-log web-filter-referer-log web-filter-cookie-removal-log web-url-log web-invalid-domain-log
        web-ftgd-err-log web-ftgd-quota-usage extended-log web-extended-all-action-log web-antiphishing-log"""),
    unset=("disable",))

#: dnsfilter/profile. ``limits``: what may block a host besides the rows of its domain filter.
DNS_PROFILE = Schema(
    limits=_limits(
        """external-ip-blocklist transparent-dns-database""",
        {"ftgd-dns.filters[].action": ("allow", "monitor"), "dns-translation[].src": ("0.0.0.0",), "dns-translation[].src6": ("::",)}),
    others=_names(
        """name comment domain-filter domain-filter.domain-filter-table ftgd-dns ftgd-dns.options ftgd-dns.filters ftgd-dns.filters[].id
        ftgd-dns.filters[].category ftgd-dns.filters[].log log-all-domain sdns-ftgd-err-log sdns-domain-log block-action redirect-portal redirect-portal6
        block-botnet safe-search youtube-restrict dns-translation dns-translation[].id dns-translation[].addr-type dns-translation[].dst
        dns-translation[].netmask dns-translation[].status dns-translation[].dst6 dns-translation[].prefix strip-ech"""),
    unset=("disable",))

#: application/list without its entries.
APPLICATION_LIST = Schema(
    limits=_limits(
        """enforce-default-app-port control-default-network-services""",
        {"other-application-action": ("pass",), "unknown-application-action": ("pass",)}),
    others=_names(
        """name comment replacemsg-group extended-log app-replacemsg other-application-log force-inclusion-ssl-di-sigs unknown-application-log p2p-block-list
        deep-app-inspection options entries default-network-services default-network-services[].id default-network-services[].port
        default-network-services[].services default-network-services[].violation-action"""),
    unset=("disable",))

#: One application of a casb/profile. ``limits``: what may block it. Its tenant controls are read apart.
CASB_APPLICATION = Schema(
    limits=_limits(
        """custom-control[].attribute-filter[].action custom-control[].name domain-control""",
        {"access-rule[].action": ("monitor", "bypass"), "access-rule[].attribute-filter[].action": ("monitor", "bypass")}),
    others=_names(
        """name status log safe-search safe-search-control tenant-control tenant-control-tenants advanced-tenant-control advanced-tenant-control[].name
        advanced-tenant-control[].attribute advanced-tenant-control[].attribute[].name advanced-tenant-control[].attribute[].input
        advanced-tenant-control[].attribute[].input[].value domain-control-domains access-rule access-rule[].name access-rule[].bypass
        access-rule[].attribute-filter access-rule[].attribute-filter[].id access-rule[].attribute-filter[].attribute-match custom-control
        custom-control[].option custom-control[].option[].name custom-control[].option[].user-input custom-control[].option[].user-input[].value
        custom-control[].attribute-filter custom-control[].attribute-filter[].id custom-control[].attribute-filter[].attribute-match"""),
    unset=("disable",))

#: Columns of a policy that say who is concerned, and when.
WHO = tuple(sorted(column for column in POLICY.limits if column.startswith((
    "src", "ztna-", "internet-service-src", "internet-service6-src", "network-service-src", "scim", "sgt", "vlan", "saml", "ntlm"))
    or column in ("dstintf", "groups", "users", "fsso-groups")))
WHEN = ("schedule", "policy-expiry", "policy-expiry-date", "policy-expiry-date-utc")
#: A user has to match one of these (note of the schema: if any of them is set, only users who signed in match).
IDENTITY = ("groups", "users", "fsso-groups")
