# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signature table: every rule knows what its source describes, and what is nobody's block is left alone."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import signatures

TABLE = signatures.load()


def page(status=403, body="", **headers):
    return {"status": status, "headers": {name.replace("_", "-"): value for name, value in headers.items()}, "body": body}


BLOCKS = [
    ("Squid", page(x_squid_error="ERR_ACCESS_DENIED 0")), ("Squid", page(server="squid/5.7")), ("Squid", page(200, "<body id=ERR_ACCESS_DENIED>")),
    ("squidGuard", page(302, location="http://proxy/cgi-bin/squidGuard.cgi?clientaddr=10.0.0.1")),
    ("Zscaler Internet Access", page(307, location="https://gateway.zscalertwo.net:443/auD?origurl=x")),
    ("Zscaler Internet Access", page(302, location="https://it.example.com/block?url=x&reason=y&reasoncode=CATEGORY_DENIED&cat=ai&kind=category&zsq=1")),
    ("Zscaler Internet Access", page(403, "<title>Internet Security by Zscaler</title>")), ("Zscaler Internet Access", page(server="Zscaler/6.2")),
    ("Zscaler Internet Access", page(200, "<img src=https://login.zscloud.net/img_logo_new1.png>")),
    ("Cisco Umbrella", page(200, "<script>location='https://block.opendns.com/?url=x'")),
    ("Cisco Umbrella", page(302, location="https://malware.opendns.com/")),
    ("Cisco Umbrella", page(403, "This site is blocked due to content filtering.")),
    ("FortiGate", page(403, "<h1>FortiGuard Intrusion Prevention - Access Blocked</h1>")), ("FortiGate", page(403, "<title>Web Filter Violation</title>")),
    ("FortiGate", page(302, location="https://10.0.0.1:8010/A1/B2/C3/CI/deadbeef")),
    ("PAN-OS", page(302, location="http://192.0.2.1:6080/php/urlblock.php?args=x&url=y")),
    ("PAN-OS", page(503, "Access to the web page you were trying to visit has been blocked in accordance with company policy.")),
    ("Sophos Firewall", page(307, location="https://fw:8090/ips/block/webcat?cat=1&pl=1&lu=0&url=aHR0cHM6")),
    ("Cyberoam", page(200, "Cyberoam is securing you")),
    ("Barracuda", page(200, "Redirecting you to Barracuda Web Filter")), ("Barracuda", page(403, server="BarracudaHTTP 4.0")),
    ("Skyhigh Web Gateway", page(403, "<title>McAfee Web Gateway - Notification - Blocked by URL filtering</title>")),
    ("Skyhigh Web Gateway", page(302, location="/mwg-internal/de5fs23hu73ds/auth")),
    ("Skyhigh Web Gateway", page(403, "The content you requested is blocked by your organization's security policy")),
    ("Symantec Cloud SWG", page(403, "<a href=http://notify.bluecoat.com/x>")),
    ("Symantec Cloud SWG", page(302, location="http://notify.bluecoat.com/coach")),
    ("Symantec Cloud SWG", page(403, "Your request was denied: content_filter_denied")),
    ("Cloudflare Gateway", page(302, location="https://blocked.teams.cloudflare.com/?account_id=x")),
    ("Forcepoint", page(302, location="http://10.0.0.1:15871/cgi-bin/blockpage.cgi?ws-session=1")),
    ("Forcepoint", page(200, "<frame src=http://10.0.0.1:15871/cgi-bin/blockOptions.cgi>")),
    ("Check Point", page(302, location="https://gw/UserCheck/PortalMain?IID=A")), ("iboss", page(302, location="http://10.0.0.1/ibreports/ibp/bp.html")),
    ("SonicWall", page(200, "<img src=http://cfssupport.sonicwall.com/x>")), ("Cisco Meraki", page(302, location="http://wired.meraki.com:8090/blocked.cgi")),
    ("WatchGuard", page(403, "Request denied by WatchGuard HTTP Proxy.")), ("Cisco ScanSafe", page(302, location="http://alert.scansafe.net/x")),
    ("Cisco Secure Web Appliance", page(403, via="1.1 wsa1:80 (Cisco-WSA/14.5)")),
    ("Cisco Secure Access", page(302, location="https://malware.block.sse.cisco.com/?url=x")),
    ("Cisco Secure Access", page(403, '<script>location.replace("https://block.sse.cisco.com/?url=1&server=lon31")')),
    ("Cloudflare Gateway", page(403, "<title>Cloudflare Zero Trust</title><h1>That page has been blocked.</h1>", cf_ray="1-X")),
    ("Netskope", page(302, location="https://notify.goskope.com/block?app=ChatGPT")), ("Netskope", page(403, server="NetSkope")),
    ("Netskope", page(403, "<title>Netskope - Access to Generative AI is blocked</title>")), ("Cato", page(403, "Corporate Internet policy violation")),
    ("Privoxy", page(403, "<title>Request blocked (Privoxy@proxy)</title>")), ("e2guardian", page(302, server="e2guardian")),
    ("e2guardian", page(200, "<title>E2Guardian - Access Denied</title>")),
    ("Privoxy", page(403, server="Privoxy")), ("tinyproxy", page(403, server="tinyproxy/1.11.1")),
]
#: Pages of products that forbid nothing, and why they were written.
OTHERS = [
    ("Squid", "credentials", page(407, x_squid_error="ERR_CACHE_ACCESS_DENIED 0")), ("Squid", "forged_host", page(409, x_squid_error="ERR_CONFLICT_HOST 0")),
    ("Squid", "too_large", page(413, x_squid_error="ERR_TOO_BIG 0")), ("Squid", "dns", page(503, x_squid_error="ERR_DNS_FAIL 0")),
    ("Squid", "timeout", page(504, x_squid_error="ERR_READ_TIMEOUT 0")), ("Squid", "certificate", page(503, x_squid_error="ERR_SECURE_CONNECT_FAIL 71")),
    ("Squid", "cannot_connect", page(503, x_squid_error="ERR_CONNECT_FAIL 110")),
    ("Squid", "cannot_connect", page(502, x_squid_error="ERR_ZERO_SIZE_OBJECT 0")),
    ("Squid", "cannot_connect", page(503, x_squid_error="ERR_SHUTTING_DOWN 0")), ("Squid", "cannot_connect", page(400, x_squid_error="ERR_INVALID_REQ 0")),
    ("Squid", "forged_host", page(409, "<body id=ERR_CONFLICT_HOST>")), ("Squid", "dns", page(503, "<body id=ERR_DNS_FAIL>")),
    ("Squid", "timeout", page(504, "<body id=ERR_READ_TIMEOUT>")), ("Squid", "cannot_connect", page(503, "<body id=ERR_CONNECT_FAIL>")),
    ("Privoxy", "cannot_connect", page(503, "<title>503 - Connect failed (Privoxy@proxy)</title> Privoxy was unable to connect to the host")),
    ("Privoxy", "dns", page(404, "<title>502 - Bad Gateway (Privoxy@proxy)</title><h2>No such domain</h2>")),
    ("Privoxy", "cannot_connect", page(504, "<title>504 - Connection timeout (Privoxy@proxy)</title>")),
    ("mitmproxy (debugging proxy)", "cannot_connect", page(502, server="mitmproxy 11.0.2")),
    ("tinyproxy", "credentials", page(407, server="tinyproxy/1.11.1")), ("tinyproxy", "cannot_connect", page(500, server="tinyproxy/1.11.1")),
    ("Skyhigh Web Gateway", "cannot_connect", page(502, "<title>Skyhigh Web Gateway - Notification</title> Cannot Connect. The proxy could not connect")),
    ("Skyhigh Web Gateway", "dns", page(502, "<title>McAfee Web Gateway - Notification - Host Not Found</title>")),
    ("Skyhigh Web Gateway", "certificate", page(502, "<title>McAfee Web Gateway - Notification</title> Handshake failed")),
    ("Zscaler Internet Access", "sign_in", page(307, location="https://gateway.zscalertwo.net:443/auT?origurl=x&user=alice")),
]
ISSUERS = [
    ("Zscaler Internet Access", {"cn": "Zscaler Intermediate Root CA", "o": "Zscaler Inc."}),
    ("Cisco Umbrella", {"cn": "Cisco Umbrella Root CA", "o": "Cisco"}),
    ("FortiGate", {"cn": "FG101F0000000000", "o": "Fortinet"}), ("FortiGate", {"cn": "FortiGate CA", "o": None}),
    ("Sophos Firewall", {"cn": "Sophos SSL CA_C01001", "o": None}), ("Sophos Firewall", {"cn": "x", "o": "Sophos Plc"}),
    ("Skyhigh Web Gateway", {"cn": "McAfee Web Gateway", "o": None}), ("Symantec Cloud SWG", {"cn": "x", "o": "Blue Coat Systems"}),
    ("Cloudflare Gateway", {"cn": "Gateway CA - Cloudflare Managed G1 0123", "o": "Cloudflare, Inc."}),
    ("Forcepoint", {"cn": "Forcepoint Cloud CA", "o": None}),
    ("Forcepoint", {"cn": "x", "o": "Forcepoint LLC"}), ("Cyberoam", {"cn": "x", "o": "Cyberoam Certificate Authority"}),
    ("SonicWall", {"cn": "x", "o": "HTTPS Management Certificate for SonicWALL (self-signed)"}),
    ("Smoothwall", {"cn": "Smoothwall-default-root-certificate-authority", "o": None}), ("Trend Micro InterScan", {"cn": "IWSS.TREND", "o": None}),
    ("ContentKeeper", {"cn": "ContentKeeper Appliance CA (123)", "o": None}), ("NetSpark", {"cn": "www.netspark.com", "o": None}),
    ("Avast (antivirus on this machine)", {"cn": "avast! Web/Mail Shield Root", "o": "AVAST Software"}),
    ("Bitdefender (antivirus on this machine)", {"cn": "Bitdefender Personal CA.Net-Defender", "o": "Bitdefender"}),
    ("Kaspersky (antivirus on this machine)", {"cn": "Kaspersky Anti-Virus Personal Root Certificate", "o": "AO Kaspersky Lab"}),
    # By the common name alone, as browsers write it down.
    ("Zscaler Internet Access", {"cn": "Zscaler Intermediate Root CA (zscalertwo.net) (t) ", "o": None}),
    ("FortiGate", {"cn": "FGT60F0000000000", "o": None}), ("Cisco Secure Access", {"cn": "Cisco Secure Access Root CA", "o": None}),
    ("Netskope", {"cn": "ca.example.goskope.com", "o": None}), ("Netskope", {"cn": "x", "o": "Netskope Inc"}),
    ("Check Point", {"cn": "Check Point CA", "o": None}), ("Check Point", {"cn": "x", "o": "CheckPoint"}),
    ("Cato", {"cn": "Cato Networks Root CA", "o": None}), ("Cato", {"cn": "x", "o": "Cato Networks"}),
    ("iboss", {"cn": "iboss Network Security", "o": None}), ("iboss", {"cn": "x", "o": "iboss Inc"}),
    ("AVG (antivirus on this machine)", {"cn": "AVG Web/Mail Shield Root", "o": None}),
    ("Norton (antivirus on this machine)", {"cn": "Norton Web/Mail Shield Root"}),
    ("ESET (antivirus on this machine)", {"cn": "ESET SSL Filter CA", "o": "ESET, spol. s r. o."}),
    ("AdGuard (blocker on this machine)", {"cn": "Adguard Personal CA"}),
    ("mitmproxy (debugging proxy)", {"cn": "mitmproxy", "o": "mitmproxy"}), ("Fiddler (debugging proxy)", {"cn": "DO_NOT_TRUST_FiddlerRoot"}),
    ("Charles (debugging proxy)", {"cn": "Charles Proxy CA (1 Jan 2026, laptop)"}), ("Burp (debugging proxy)", {"cn": "PortSwigger CA", "o": "PortSwigger"}),
    ("Proxyman (debugging proxy)", {"cn": "Proxyman CA (1 Jan 2026)"}), ("ZAP (debugging proxy)", {"cn": "OWASP Zed Attack Proxy Root CA"}),
]
NOBODY = [
    page(403, "<title>Just a moment...</title> Ray ID: 8f", cf_mitigated="challenge", server="cloudflare"),
    page(403, "error 1020 Ray ID", server="cloudflare"),
    page(200, "ok", via="1.1 varnish"), page(200, "ok", via="1.1 0123.cloudfront.net (CloudFront)"), page(200, "ok", via="1.1 google"),
    page(200, "ok", via="1.1 akamai.net(ghost) (AkamaiGHost)"),
    page(403, "<title>Access Denied</title> Reference #18.x errors.edgesuite.net", server="AkamaiGHost"),
    page(403, "<h1>403 - Forbidden: Access is denied.</h1>", server="Microsoft-IIS/10.0"), page(403, '{"error": {"message": "Country not supported"}}'),
    page(403, "<center>nginx</center>", server="nginx"), page(401, '{"error": {"message": "You didn\'t provide an API key"}}'),
    page(302, location="https://auth.openai.com/log-in"), page(302, location="https://chatgpt.com/?reason=blocked"), page(503, "upstream connect error"),
    page(200, "our help page about FortiGate firewalls and policy settings"),
]


@pytest.mark.parametrize("product,answer", BLOCKS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_block_page_is_known_by_its_product(product, answer):
    match = signatures.written_by(answer, TABLE)
    assert match.product == product and match.evidence


@pytest.mark.parametrize("product,reason,answer", OTHERS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_page_that_forbids_nothing_says_why_it_was_written(product, reason, answer):
    match = signatures.written_by(answer, TABLE)
    assert (match.product, match.reason) == (product, reason) and match.reason in signatures.REASONS
    assert "alice" not in str(match.evidence)


@pytest.mark.parametrize("product,issuer", ISSUERS, ids=lambda value: value if isinstance(value, str) else "")
def test_an_inspection_ca_is_known_by_its_product(product, issuer):
    assert signatures.issued_by(issuer, TABLE).product == product


@pytest.mark.parametrize("answer", NOBODY)
def test_what_is_nobody_s_block_is_left_alone(answer):
    assert signatures.written_by(answer, TABLE) is None and signatures.progress_page(answer, TABLE) is None


@pytest.mark.parametrize("issuer", [{"cn": "WE1", "o": "Google Trust Services"}, {"cn": "R11", "o": "Let's Encrypt"}, {"cn": None, "o": None},
                                    {"cn": "Cloudflare Inc ECC CA-3", "o": "Cloudflare, Inc."}, {"cn": "DigiCert Global G2", "o": "DigiCert Inc"}])
def test_a_public_ca_is_no_inspection(issuer):
    assert signatures.issued_by(issuer, TABLE) is None


PUBLIC = ["WE1", "WR2", "GTS CA 1P5", "GlobalSign Atlas R3 DV TLS CA 2025 Q1", "R11", "E7", "YE1", "YR2", "ISRG Root X1",
          "DigiCert Global G2 TLS RSA SHA256 2020 CA1",
          "GeoTrust TLS RSA CA G1", "Sectigo RSA Domain Validation Secure Server CA", "Amazon RSA 2048 M02", "Cloudflare Inc ECC CA-3",
          "Cloudflare TLS Issuing ECC CA 1",
          "Microsoft Azure RSA TLS Issuing CA 04", "Apple Public Server ECC CA 11 - G1", "SSL.com SSL Intermediate CA ECC R2", "HARICA DV TLS RSA",
          "Certainly Intermediate E1"]


@pytest.mark.parametrize("issuer", PUBLIC)
def test_a_public_ca_is_known_by_its_name(issuer):
    assert signatures.public(issuer, TABLE)


PRIVATE = [issuer["cn"] for _product, issuer in ISSUERS if issuer["cn"] != "x"] + [
    "PaloAlto-Decrypt CA", "Example Inspection CA", "E", "WE1x corp", "Amazon Corp Proxy CA", "GTS Logistics Inspection", "Baltimore Schools CA",
    "Gandi Proxy CA"]


@pytest.mark.parametrize("issuer", PRIVATE)
def test_a_ca_of_a_product_or_of_a_company_is_no_public_one(issuer):
    assert not signatures.public(issuer, TABLE)


def test_a_public_rule_is_met_by_a_name():
    for rule in TABLE["public"]:
        assert rule["source"] and any(signatures.public(issuer, {"public": [rule]}) for issuer in PUBLIC), rule


def test_every_rule_is_met_by_what_its_source_describes():
    for rule in TABLE["block"]:
        alone = dict(TABLE, block=[rule])
        assert any(signatures.written_by(answer, alone) for *_words, answer in BLOCKS + OTHERS), rule
    for rule in TABLE["issuer"]:
        assert any(signatures.issued_by(issuer, dict(TABLE, issuer=[rule])) for _product, issuer in ISSUERS), rule
    for kind in ("block", "progress", "issuer", "dns"):
        assert all(rule["source"] and rule["confidence"] in ("high", "medium", "low") for rule in TABLE[kind])


def test_a_progress_page_is_no_block_page():
    answer = page(200, "<html>scanning <script>poll('/mwg-internal/de5fs23hu73ds/progress?id=1')")
    assert signatures.written_by(answer, TABLE) is None
    assert signatures.progress_page(answer, TABLE).product == "Skyhigh Web Gateway"


@pytest.mark.parametrize("address,product", [("146.112.61.104", "Cisco Umbrella"), ("146.112.61.110", "Cisco Umbrella"),
                                             ("::ffff:146.112.61.107", "Cisco Umbrella"),
                                             ("162.159.46.12", "Cloudflare Gateway"), ("208.91.112.55", "FortiGate")])
def test_an_address_of_block_pages_is_known(address, product):
    assert signatures.sinkhole(address, TABLE).product == product


@pytest.mark.parametrize("address", ["146.112.61.103", "104.18.32.47", "10.0.0.1", "2606:4700::1"])
def test_other_addresses_are_not(address):
    assert signatures.sinkhole(address, TABLE) is None


def test_rules_of_the_site_come_first():
    own = [{"product": "House proxy", "body": "McAfee Web Gateway"}, {"product": "House DNS", "address": ["10.9.9.9/32"]},
           {"product": "House CA", "issuer_o": "^House"}]
    table = signatures.load(own)
    assert signatures.written_by(page(403, "McAfee Web Gateway"), table).product == "House proxy"
    assert signatures.sinkhole("10.9.9.9", table).product == "House DNS" and signatures.issued_by({"cn": None, "o": "House"}, table).product == "House CA"


@pytest.mark.parametrize("rule", [{"product": "x"}, {"body": "y"}, {"product": "x", "body": "("}, {"product": "x", "address": ["nowhere"]},
                                  {"product": "x", "colour": "red"}])
def test_a_rule_that_is_none_is_an_error_that_names_it(rule):
    with pytest.raises(signatures.SignatureError, match="signatures, rule 1"):
        signatures.load([rule])
