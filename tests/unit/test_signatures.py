# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signature table: every rule knows what its source describes, and what is nobody's block is left alone."""
from __future__ import annotations

import re

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import isolation, signatures
from tests.products import PRODUCTS

TABLE = signatures.load()


def page(status=403, body="", **headers):
    return {"status": status, "headers": {name.replace("_", "-"): value for name, value in headers.items()}, "body": body}


#: Every page that Squid 5.7 to 7 have for requests over HTTP, and why it was written.
SQUID = {
    "ERR_ACCESS_DENIED": "denied", "ERR_ACL_TIME_QUOTA_EXCEEDED": "denied", "ERR_AGENT_CONFIGURE": "denied", "ERR_AGENT_WPAD": "denied",
    "ERR_CACHE_ACCESS_DENIED": "credentials", "ERR_CACHE_MGR_ACCESS_DENIED": "denied", "ERR_CANNOT_FORWARD": "cannot_connect",
    "ERR_CONFLICT_HOST": "forged_host", "ERR_CONNECT_FAIL": "cannot_connect", "ERR_DNS_FAIL": "dns", "ERR_ESI": "denied",
    "ERR_FORWARDING_DENIED": "cannot_connect", "ERR_GATEWAY_FAILURE": "cannot_connect", "ERR_ICAP_FAILURE": "cannot_connect",
    "ERR_INVALID_REQ": "cannot_connect", "ERR_INVALID_RESP": "cannot_connect", "ERR_INVALID_URL": "cannot_connect", "ERR_LIFETIME_EXP": "timeout",
    "ERR_NO_RELAY": "cannot_connect", "ERR_ONLY_IF_CACHED_MISS": "cannot_connect", "ERR_PRECONDITION_FAILED": "cannot_connect",
    "ERR_PROTOCOL_UNKNOWN": "cannot_connect", "ERR_READ_ERROR": "cannot_connect", "ERR_READ_TIMEOUT": "timeout",
    "ERR_SECURE_ACCEPT_FAIL": "certificate", "ERR_SECURE_CONNECT_FAIL": "certificate", "ERR_SHUTTING_DOWN": "cannot_connect",
    "ERR_SOCKET_FAILURE": "cannot_connect", "ERR_TOO_BIG": "too_large", "ERR_UNSUP_HTTPVERSION": "cannot_connect", "ERR_UNSUP_REQ": "cannot_connect",
    "ERR_URN_RESOLVE": "cannot_connect", "ERR_WRITE_ERROR": "cannot_connect", "ERR_ZERO_SIZE_OBJECT": "cannot_connect",
}
ZSCALER = ("zscaler", "zscalerone", "zscalertwo", "zscalerthree", "zscloud", "zscalerbeta", "zscalergov", "zscalerten")
SWG = "<title>%s - Notification</title> %s"
BLOCKS = [
    *(("Squid", page(x_squid_error=name + " 0")) for name, reason in SQUID.items() if reason == "denied"),
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
    ("Prisma Access", page(302, location="https://gw-1.example.gpcloudservice.com:6080/php/urlblock.php?args=x&url=y")),
    ("PAN-OS", page(302, location="http://192.0.2.1:6080/php/urlblock.php?args=x&url=y")),
    ("PAN-OS", page(503, "Access to the web page you were trying to visit has been blocked in accordance with company policy.")),
    ("Sophos Firewall", page(307, location="https://fw:8090/ips/block/webcat?cat=1&pl=1&lu=0&url=aHR0cHM6")),
    ("Cyberoam", page(403, "Cyberoam is securing you")),
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
    ("SonicWall", page(403, "<img src=http://cfssupport.sonicwall.com/x>")), ("Cisco Meraki", page(302, location="http://wired.meraki.com:8090/blocked.cgi")),
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
    ("Zscaler Internet Access", page(200, '<form action="https://gateway.zscloud.net:443/_sm_ctn"><input name="_sm_rid">')),
    *(("Zscaler Internet Access", page(307, location="https://gateway.%s.net:443/auD?origurl=x" % cloud)) for cloud in ZSCALER),
    *(("Zscaler Internet Access", page(200, '<form action="https://gateway.%s.net:443/_sm_ctn">' % cloud)) for cloud in ZSCALER),
    *(("Zscaler Internet Access", page(302, location="https://it.example.com/?reasoncode=DLP_DENIED&cat=x&%s=1" % name)) for name in ("kind", "zsq", "locid")),
    *(("Cisco Umbrella", page(200, "<a href=https://%s.opendns.com/x>" % name)) for name in ("block", "malware", "phish")),
    *(("Cisco Umbrella", page(302, location="https://%s.opendns.com/main" % name)) for name in ("block", "malware", "phish")),
    *(("Cisco Umbrella", page(200, "This %s is blocked due to content filtering" % name)) for name in ("site", "domain")),
    *(("FortiGate", page(403, said)) for said in ("FortiGuard Web Filtering", "Powered By FortiGuard", "Powered By Fortinet", "<div class=.fgd_icon>",
                                                  "<img src=//globalurl.fortinet.net/x>", "FortiGate Application Control")),
    *(("FortiGate", page(302, location="https://192.0.2.1:80%s/A1/B2/C3/CI/x" % port)) for port in ("08", "10", "20")),
    ("Symantec Cloud SWG", page(403, "Your request was denied: policy_denied")),
    *(("Netskope", page(403, said)) for said in ("<title>Netskope: not allowed</title>", "<title>Netskope - access denied</title>", "NS_ACTIVITY",
                                                 "NS_POLICY_NAME")),
    ("Cloudflare Gateway", page(403, "<title>x | Cloudflare Zero Trust</title> Your administrator has blocked access", cf_ray="1-X")),
    ("Forcepoint", page(200, "<frame src=http://192.0.2.9:15871/cgi-bin/blockpage.cgi?ws-session=1>")), ("Squid", page(server="squid")),
    ("ESET (antivirus on this machine)", page(403, "<title>chatgpt.com - ESET NOD32 Antivirus</title>")),
    ("Kaspersky (antivirus on this machine)", page(403, "<title>Kaspersky Anti-Virus</title>")),
    ("FortiGate", page(403, "<title>Web Filter Block Override</title>")),
    ("PAN-OS", page(503, "<p>Access to the application you were trying to use has been blocked in accordance with company policy.")),
    ("Netskope", page(403, '<script>var appCategory = "Generative AI"; // NS_APP_CATEGORY</script>')),
    ("Cato", page(403, '{"error": "Corporate Internet policy violation", "categories": "Generative AI Tools"}')),
    ("Cloudflare Gateway", page(307, location="https://help.example.com/blocked?cf_user_email=x%40example.com")),
    ("Cloudflare Gateway", page(303, location="https://blocked.teams.fed.cloudflare.com/?account_id=x")),
    ("Cloudflare Gateway", page(403, "Your administrator has blocked this site with Cloudflare Gateway")),
    ("Check Point", page(303, location="http://192.0.2.9/UserCheck/PortalMain?Type=1")), ("Check Point", page(403, "<title>Check Point UserCheck</title>")),
    ("Forcepoint", page(200, "<iframe src=http://192.0.2.9:15871/cgi-bin/block_message.cgi?ws-session=1>")),
    ("Cisco Meraki", page(403, "This website is blocked by your network operator.")), ("WatchGuard", page(403, "Response denied by WatchGuard HTTP Proxy")),
    ("ESET (antivirus on this machine)", page(403, "<title>Alert! - ESET Endpoint Antivirus</title>")),
    ("Kaspersky (antivirus on this machine)", page(403, "<title>Kaspersky Internet Security</title>")),
    ("Squid", page(403, '<body id="ERR_ACCESS_DENIED">')), ("Squid", page(307, x_squid_error="302 Access Denied")),
    ("squidGuard", page(302, location="http://proxy/sgerror.php?url=403%20Forbidden")), ("Barracuda", page(403, "<th>Barracuda NextGen Firewall:</th>")),
    ("Barracuda", page(403, server="Barracuda/NGFirewall")), ("Skyhigh Web Gateway", page(403, "<title>Skyhigh Secure Web Gateway</title>")),
    ("Skyhigh Web Gateway", page(403, "<script src=/mwg-internal/de5fs23hu73ds/files/javascript/sw.js>")),
]
#: Pages of products that forbid nothing, and why they were written.
OTHERS = [
    *(("Squid", reason, page(503, x_squid_error=name + " 0")) for name, reason in SQUID.items() if reason != "denied"),
    *(("Squid", SQUID[name], page(503, "<body id=%s>" % name)) for name in (
        "ERR_CONFLICT_HOST", "ERR_DNS_FAIL", "ERR_READ_TIMEOUT", "ERR_LIFETIME_EXP", "ERR_CONNECT_FAIL", "ERR_CANNOT_FORWARD", "ERR_ZERO_SIZE_OBJECT",
        "ERR_READ_ERROR")),
    ("Privoxy", "cannot_connect", page(503, "<title>503 - Connect failed (Privoxy@proxy)</title> Privoxy was unable to connect to the host")),
    ("Privoxy", "dns", page(404, "<title>502 - Bad Gateway (Privoxy@proxy)</title><h2>No such domain</h2>")),
    ("Privoxy", "cannot_connect", page(504, "<title>504 - Connection timeout (Privoxy@proxy)</title>")),
    ("mitmproxy (debugging proxy)", "cannot_connect", page(502, server="mitmproxy 11.0.2")),
    ("Charles (debugging proxy)", "cannot_connect", page(503, "<title>Charles Error Report</title><h1>Failed to connect to remote host</h1>")),
    ("Fiddler (debugging proxy)", "dns", page(502, '[Fiddler] DNS Lookup for "chatgpt.com" failed.')),
    ("Fiddler (debugging proxy)", "cannot_connect", page(502, "[Fiddler] The connection to the upstream proxy/gateway failed.")),
    *(("Symantec Cloud SWG", "dns", page(503, "<b>Network Error (%s)</b>" % name)) for name in ("dns_unresolved_hostname", "dns_server_failure")),
    ("Symantec Cloud SWG", "cannot_connect", page(503, 'Network Error (tcp_error) A communication error occurred: "Operation timed out"')),
    ("tinyproxy", "credentials", page(407, server="tinyproxy/1.11.1")), ("tinyproxy", "cannot_connect", page(500, server="tinyproxy/1.11.1")),
    ("Skyhigh Web Gateway", "cannot_connect", page(502, "<title>Skyhigh Web Gateway - Notification</title> Cannot Connect. The proxy could not connect")),
    ("Skyhigh Web Gateway", "dns", page(502, "<title>McAfee Web Gateway - Notification - Host Not Found</title>")),
    ("Skyhigh Web Gateway", "certificate", page(502, "<title>McAfee Web Gateway - Notification</title> Handshake failed")),
    ("tinyproxy", "cannot_connect", page(408, server="tinyproxy")), ("Privoxy", "cannot_connect", page(404, "Privoxy was unable to resolve the name")),
    ("FortiGate", "sign_in", page(303, location="http://192.0.2.1:1000/fgtauth?0123456789abcdef")),
    ("FortiGate", "sign_in", page(200, '<script>window.location="https://gw.example:1003/fgtauth?0123456789abcdef";</script>')),
    ("PAN-OS", "sign_in", page(302, location="https://gw.example:6082/php/uid.php?vsys=1&rule=0&url=x")),
    ("Sophos Firewall", "sign_in", page(302, location="https://192.0.2.1:8090/httpclient.html?u=http://chatgpt.com/")),
    ("Check Point", "sign_in", page(302, location="https://192.0.2.1/connect/PortalMain")),
    ("Symantec Cloud SWG", "sign_in", page(302, location="https://saml.threatpulse.net:8443/saml/saml_realm?x=alice")),
    ("Cisco Umbrella", "sign_in", page(302, location="https://gateway.id.swg.umbrella.com/gw/auth/acs/redirect?x=alice")),
    *(("Zscaler Internet Access", "sign_in", page(307, location="https://gateway.%s.net/auT?origurl=x" % cloud)) for cloud in ZSCALER),
    *(("Skyhigh Web Gateway", reason, page(502, SWG % (name, said))) for name in ("McAfee Web Gateway", "Skyhigh Secure Web Gateway") for reason, said in (
        ("cannot_connect", "Cannot Connect"), ("cannot_connect", "The proxy could not connect"), ("cannot_connect", "Connection refused"),
        ("dns", "Host Not Found"), ("dns", "could not resolve the name"), ("dns", "DNS error"), ("certificate", "Handshake failed"),
        ("certificate", "Certificate error"), ("certificate", "certificate verification"), ("certificate", "Certificate expired"))),
    ("Privoxy", "cannot_connect", page(503, "Privoxy was unable to socks5-forward")),
    ("Privoxy", "cannot_connect", page(503, "<title>503 - Privoxy: connect failed</title>")),
    ("Privoxy", "cannot_connect", page(404, "<title>404 - No such domain, Privoxy cannot resolve it</title>")),
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
    ("Symantec Cloud SWG", {"cn": "SSL-SG1-GLOBAL", "o": "Cloud Services"}), ("Symantec Cloud SWG", {"cn": "Cloud Services CA - G3", "o": "Cloud Services"}),
    ("Cisco Secure Access", {"cn": "Cisco Secure Access Secondary SubCA p-aps111-SG", "o": "Cisco"}),
    ("Cisco Secure Access", {"cn": "Cisco Secure Access Primary SubCA"}),
    ("Symantec Cloud SWG", {"cn": "Cloud Services Root CA", "o": "Cloud Services"}),
    ("Cisco Umbrella", {"cn": "Cisco Umbrella Secondary SubCA lon-SG", "o": "Cisco"}), ("FortiGate", {"cn": "FG1K5D3I15802189", "o": None}),
    ("FortiGate", {"cn": "Fortinet_CA_Untrusted"}), ("FortiGate", {"cn": "Fortinet_CA_SSL"}), ("FortiGate", {"cn": "x", "o": "Fortinet"}),
    ("FortiGate", {"cn": "FW60E0000000000"}), ("Netskope", {"cn": "ca.example-sse.goskope.com", "o": "Example Corp"}),
    ("Netskope", {"cn": "Netskope Inc", "o": None}), ("Netskope", {"cn": "certadmin", "o": "Netskope Inc."}), ("Check Point", {"cn": "x", "o": "Check Point"}),
    ("Sophos Firewall", {"cn": "Default_CA_LvrFuGKERk02RI5", "o": None}), ("Sophos Firewall", {"cn": "sophosutm Proxy CA", "o": None}),
    ("Skyhigh Web Gateway", {"cn": "Skyhigh Web Gateway CA", "o": None}), ("Symantec Cloud SWG", {"cn": "Blue Coat SG", "o": "Blue Coat SG900 Series"}),
    ("Kaspersky (antivirus on this machine)", {"cn": "x", "o": "AO Kaspersky Lab"}),
    ("Kaspersky (antivirus on this machine)", {"cn": "Kaspersky Anti-Virus Personal Root Certificate"}),
    ("ESET (antivirus on this machine)", {"cn": "x", "o": "ESET, spol. s r. o."}),
    ("ESET (antivirus on this machine)", {"cn": "ESET SSL Filter CA"}),
    ("HTTP Toolkit (debugging proxy)", {"cn": "HTTP Toolkit CA - DO NOT TRUST"}), ("Fiddler (debugging proxy)", {"cn": "Fiddler Root Certificate Authority"}),
    ("Zscaler Internet Access", {"cn": "x", "o": "Zscaler Inc."}), ("ZAP (debugging proxy)", {"cn": "ZAP Root CA"}),
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


SINKHOLES = [("146.112.61.104", "Cisco Umbrella"), ("146.112.61.110", "Cisco Umbrella"), ("::ffff:146.112.61.107", "Cisco Umbrella"),
             ("162.159.36.12", "Cloudflare Gateway"), ("162.159.46.12", "Cloudflare Gateway"), ("208.91.112.55", "FortiGate")]
#: The cases of each list of rules, and what a table answers to one.
CASES = {"block": [answer for *_words, answer in BLOCKS + OTHERS], "issuer": [issuer for _product, issuer in ISSUERS],
         "progress": [page(200, "<html>scanning <script>poll('/mwg-internal/de5fs23hu73ds/progress?id=1')")],
         "dns": [address for address, _product in SINKHOLES], "public": PUBLIC}
SAYS = {"block": signatures.written_by, "issuer": signatures.issued_by, "progress": signatures.progress_page, "dns": signatures.sinkhole,
        "public": signatures.public}


def facts(kind: str, case, rules: list) -> tuple | bool | None:
    match = SAYS[kind](case, {kind: rules})
    return (match.product, match.reason) if isinstance(match, signatures.Match) else match


@pytest.mark.parametrize("kind", sorted(SAYS))
def test_no_rule_can_be_left_out(kind):
    """Each is the first to know some case, and no later one says the same of it."""
    rules, needless = TABLE[kind], []
    first = [next((number for number, rule in enumerate(rules) if SAYS[kind](case, {kind: [rule]})), None) for case in CASES[kind]]
    for number, rule in enumerate(rules):
        own = [case for case, place in zip(CASES[kind], first) if place == number]
        if all(facts(kind, case, [rule]) == facts(kind, case, rules[number + 1:]) for case in own):
            needless.append(rule)
    assert needless == []


def test_no_word_of_a_rule_can_be_left_out():
    """What stands between bars in a rule is met by a case: a word that nothing shows is no knowledge."""
    unseen = []
    for kind in ("block", "issuer"):
        for rule in TABLE[kind]:
            own = [case for case in CASES[kind] if SAYS[kind](case, {kind: [rule]})]
            for key in sorted(set(rule) & {"body", "header", "issuer_cn", "issuer_o"}):
                form = rule[key][1] if key == "header" else rule[key]
                for shorter in without_a_word(form):
                    other = dict(rule, **{key: [rule[key][0], shorter] if key == "header" else shorter})
                    if all(SAYS[kind](case, {kind: [other]}) for case in own):
                        unseen.append((rule["product"], form, shorter))
    assert unseen == []


def without_a_word(form: str) -> list:
    """The expression without one of the words of each group."""
    found = []
    for group in re.finditer(r"\((?!\?)([^()]*\|[^()]*)\)", form):
        parts = group.group(1).split("|")
        found += ["%s(%s)%s" % (form[:group.start()], "|".join(parts[:one] + parts[one + 1:]), form[group.end():]) for one in range(len(parts)) if parts[one]]
    return found


def test_every_rule_says_how_sure_it_is_and_why():
    for kind in ("block", "progress", "issuer", "dns"):
        assert all(rule["source"] and rule["confidence"] in ("high", "medium", "low") for rule in TABLE[kind])
        # What was found nowhere, or once, does not name a product for sure.
        assert [rule for rule in TABLE[kind] if rule["source"].startswith(("remembered", "one ")) and rule["confidence"] == "high"] == []
        assert [rule for rule in TABLE[kind] if rule["source"].startswith("remembered") and rule["confidence"] != "low"] == []
    # A page may say anything, and what forbids nothing must not be guessed.
    assert [rule for rule in TABLE["block"] if "body" in rule and rule["confidence"] == "high"] == []
    assert [rule for rule in TABLE["block"] if rule.get("reason") and rule["confidence"] == "low"] == []


def test_a_hint_counts_for_nothing_beside_a_success_or_a_mark_of_the_origin():
    for rule in (rule for rule in TABLE["block"] if rule["confidence"] == "low"):
        alone = dict(TABLE, block=[rule])
        answer = next(answer for *_words, answer in BLOCKS if signatures.written_by(answer, alone))
        assert not signatures.written_by(answer, alone).sure and "perhaps %s" % rule["product"] in signatures.written_by(answer, alone).name
        assert signatures.written_by(answer, alone, marked=True) is None and signatures.written_by(dict(answer, status=200), alone) is None
        assert signatures.written_by(dict(answer, status=None), alone) is None


#: By what each product that people meet can be known, and of those with a module and of the gateways in the cloud why something is missing.
HEADER, PLACE, PAGE, CA, ADDRESS = "header", "redirect", "page", "issuer", "address"
OWN_CA = "its CA is always one that a customer made, with a name of the customer's choice"
LACKS = {
    "Squid": {PLACE: "deny_info leads wherever the site wants; squidGuard's is known", CA: OWN_CA, ADDRESS: "it does not answer names"},
    "PAN-OS": {HEADER: "none is known", CA: OWN_CA, ADDRESS: "the sinkhole is set by the customer"},
    "Prisma Access": {HEADER: "none is known", PAGE: "it is that of PAN-OS", CA: OWN_CA, ADDRESS: "the sinkhole is set by the customer"},
    "FortiGate": {HEADER: "none is known"},
    "Zscaler Internet Access": {ADDRESS: "its DNS control leads wherever the customer wants"},
    "Cisco Umbrella": {HEADER: "none is known"},
    "Cloudflare Gateway": {HEADER: "cf-ray is on answers of the origin as well"},
    "Sophos Firewall": {HEADER: "none is known", PAGE: "its text is set by the customer, and no copy of it was found", ADDRESS: "it does not answer names"},
    "Skyhigh Web Gateway": {HEADER: "X-MWG-Via is added to requests, not to answers", ADDRESS: "it does not answer names"},
    "Symantec Cloud SWG": {HEADER: "X-BlueCoat-Via is added to requests, not to answers", ADDRESS: "it does not answer names"},
    "Barracuda": {PLACE: "it writes the page itself", CA: OWN_CA, ADDRESS: "the block page of its DNS service has no published address"},
    "Netskope": {ADDRESS: "none is published"},
    "Check Point": {HEADER: "none is known", ADDRESS: "it does not answer names"},
    "Cisco Secure Access": {HEADER: "none is known", ADDRESS: "it shares those of Umbrella"},
    "Cato": {HEADER: "none is known", PLACE: "it writes the page itself", ADDRESS: "none is published"},
    "iboss": {HEADER: "none is known", PAGE: "its text is set by the customer", ADDRESS: "none is published"},
    "Forcepoint": {HEADER: "none is known", ADDRESS: "it does not answer names"},
}


@pytest.mark.parametrize("product", sorted(LACKS))
def test_a_product_is_known_by_everything_that_gives_it_away_or_it_is_said_why_not(product):
    known = set()
    for rule in (rule for kind in ("block", "progress", "issuer", "dns") for rule in TABLE[kind] if rule["product"] == product):
        known |= {PLACE if rule.get("header", [""])[0] == "location" else HEADER if "header" in rule else None, PAGE if "body" in rule else None,
                  CA if set(rule) & {"issuer_cn", "issuer_o"} else None, ADDRESS if "address" in rule else None} - {None}
    assert known.isdisjoint(LACKS[product]) and known | set(LACKS[product]) == {HEADER, PLACE, PAGE, CA, ADDRESS}
    # A HAR has the common name alone; so has whoever reads a certificate with their eyes.
    assert CA in LACKS[product] or [rule for rule in TABLE["issuer"] if rule["product"] == product and "issuer_cn" in rule]


def test_every_product_with_a_module_is_in_that_table():
    modules = {name for verdict in ("block_page", "tls_inspection") for name in isolation.REMEDIES[verdict]} - {"any"}
    assert modules == {product["signature"] for product in PRODUCTS.values()} and modules <= set(LACKS)


def test_a_progress_page_is_no_block_page():
    answer, = CASES["progress"]
    assert signatures.written_by(answer, TABLE) is None
    assert signatures.progress_page(answer, TABLE).product == "Skyhigh Web Gateway"


@pytest.mark.parametrize("address,product", SINKHOLES)
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


def test_a_page_that_is_the_origin_s_or_its_network_s_own_is_nobody_s():
    assert signatures.written_by(page(403, x_squid_error="ERR_ACCESS_DENIED 0", cf_mitigated="challenge"), TABLE) is None
    talk, header = page(200, "Powered By FortiGuard"), page(403, server="squid")
    assert signatures.written_by(talk, TABLE, good=True) is None and signatures.written_by(talk, TABLE).product == "FortiGate"
    assert signatures.written_by(header, TABLE, good=True).product == "Squid"
    assert signatures.called("unknown", "low") == "an unknown product"


@pytest.mark.parametrize("answer,evidence", [
    (page(307, location="https://gateway.zscalertwo.net:443/auT?user=alice"), ("location: gateway.zscalertwo.net",)),
    (page(302, location="/mwg-internal/de5fs23hu73ds/auth?user=alice"), ("location: /mwg-internal/",)),
    (page(403, server="squid/5.7 alice"), ("status 403", "server: squid/")), (page(200, x_squid_error="302 Access Denied"), ("x-squid-error: 302",)),
    (page(403, "by Powered By FortiGuard alice"), ("page contains 'Powered By FortiGuard'",))])
def test_what_of_an_answer_is_told(answer, evidence):
    assert signatures.written_by(answer, TABLE).evidence == evidence


@pytest.mark.parametrize("issuer,evidence", [(None, None), ({}, None), ({"cn": None, "o": "Netskope Inc"}, ("issuer Netskope Inc",)),
                                             ({"cn": "ca.x.goskope.com", "o": "X"}, ("issuer ca.x.goskope.com",))])
def test_what_of_an_issuer_is_told(issuer, evidence):
    match = signatures.issued_by(issuer, TABLE)
    assert (match and match.evidence) == evidence


@pytest.mark.parametrize("rule", ["text", {"product": "x", "body": "y", "colour": "red"}, {"product": "x", "body": "y", "reason": "whim"},
                                  {"product": "x", "header": ["server"]}, {"product": "x", "header": ["server", "("]}, {"product": "x", "issuer_cn": "("},
                                  {"product": "x", "issuer_o": "("}, {"product": "x"}, {"body": "y"}, {"product": "x", "body": "("},
                                  {"product": "x", "address": ["nowhere"]},
                                  {"product": "x", "colour": "red"}])
def test_a_rule_that_is_none_is_an_error_that_names_it(rule):
    with pytest.raises(signatures.SignatureError, match="signatures, rule 1"):
        signatures.load([rule])
