# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check says to a person."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.signatures import called
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import INTERCEPTED, NOT, TRUSTED

_WORDS = {
    "connection_refused": "the connection was refused",
    "connection_reset": "the connection was reset",
    "generic_timeout_error": "no answer in time",
    "eof_error": "the connection was closed without an answer",
    "dns_nxdomain_error": "the name does not exist for this host's resolver",
    "dns_temporary_failure": "this host's resolver does not answer",
    "dns_no_answer": "the name has no address of this kind",
    "ssl_failed_handshake": "the TLS handshake failed",
    "network_unreachable": "there is no route",
    "udp_no_reply": "no answer over UDP",
    "upload_truncated": "small uploads get through, large ones are refused or cut off",
    "throttled": "the answer comes, but far too slowly",
    "stream_buffered": "what is sent bit by bit arrives all at once: something on the way holds it back",
    "cookie_rewritten": "reachable, but its cookies are rewritten on the way",
    "turn_no_answer": "the TURN server's answer does not come through",
    "http_unexpected_redirect_url": "somebody on the way redirects to another site",
    "proxy_cannot_connect": "the proxy could not connect, and nobody forbade it",
    "proxy_dns_failed": "the proxy could not resolve the name, and nobody forbade it",
    "proxy_timeout": "the proxy had no answer in time, and nobody forbade it",
    "proxy_certificate_refused": "the proxy did not accept the certificate, and nobody forbade it",
    "proxy_host_conflict": "the proxy sees other addresses for the name than this host, and refuses for that",
    "proxy_limit": "it is too large for the proxy",
    "gateway_sign_in": "the gateway wants a sign-in first",
    "network_authentication_required": "a portal on the way wants a sign-in",
    "not_reached_again": "a second connection did not come about",
}
#: What a flag says to a person.
NOTES = {
    "large_hello": "the same handshake in one packet gets through, so it is its size that something on the way cannot take",
    "small_packets_pass": "with small packets the handshake gets through, so large ones are lost on the way",
    "ipv6_broken": "over IPv4 it gets through, so it is the way over IPv6",
    "captive_portal": "something else answers in its place: a captive portal, or a gateway that wants a sign-in",
    "dns_differs": "another resolver knows it",
    "sni_filtered": "the same address answers for another name, so it is this name that is filtered",
    "challenged": "a challenge of the origin, which a browser solves",
    "origin_unproven": "it answers, and nothing shows that the answer is the origin's",
    "exemption_unproven": "its certificate is of no public authority and has what only public ones have, so whether it is decrypted is not known",
    "other_family": "over the other IP version it works, and of this one there is no way",
    "burst": "asked by itself it gets through, at once with others it does not: something on the way limits connections",
    "h2_lost": "without HTTP/2",
    "quic_open": "HTTP/3 gets out over UDP 443, which a gateway that looks at TCP alone does not see",
    "quic_unavailable": "no answer over UDP 443, so no HTTP/3; browsers do without",
    "ech_advertised": "its DNS record offers Encrypted ClientHello, which hides the name from filters that go by SNI",
    "symmetric_nat": "the NAT makes a new mapping for each destination, so voice has to go over a relay",
    "headers_added": "a gateway adds headers of its own",
    "by_choice": "that breaks it, and the policy leaves it so: exempt_level core exempts it",
    "unproven": "from one place alone that proves nothing",
    "tenant_gateway": "the far end says that a Cloudflare gateway or WARP carries this",
}


def sentence(check: dict) -> str:
    text = []
    issuer = (check["issuer"] or {}).get("cn") or (check["issuer"] or {}).get("o")
    if check["failure"] == "dns_bogon_error":
        text.append("its name leads to %s, where no origin is%s" % (", ".join(check["observations"]["dns"]["addresses"]), ": a block of %s" % (
            check["blocked_by"]["product"]) if check["blocked_by"] else ""))
    elif check["failure"] == "progress_page":
        text.append("%s answers with a page of its own while it scans; programs that want data get that page" % check["blocked_by"]["product"])
    elif check["blocked_by"]:
        culprit = check["blocked_by"]
        text.append("blocked by %s (status %s, %s)" % (called(culprit["product"], culprit.get("confidence")), culprit["status"], culprit["where"]))
    elif check["failure"] == "proxy_auth_required":
        text.append("the proxy %s wants a user's credentials, which this host has not" % check["proxy"])
    elif check["written_by"]:
        text.append("%s: %s" % (check["written_by"], _WORDS[check["failure"]]))
    elif check["failure"] == "cookie_stripped":
        text.append("reachable, but its cookies are taken out on the way")
    elif check["failure"] == "websocket_upgrade_refused":
        text.append("reachable, but the WebSocket upgrade is taken out on the way")
    elif check["failure"] and check["failure"] != "ssl_intercepted":
        text.append("%s: %s" % (check["layer"].upper() if check["layer"] in ("dns", "tcp", "tls", "http") else check["layer"],
                                _WORDS.get(check["failure"]) or _WORDS.get(check["failure"].replace("proxy_", ""), check["failure"])))
    if check["interception"] in INTERCEPTED:
        text.append("decrypted by %r%s" % (issuer, "" if check["interception"] == TRUSTED else ", which this host does not trust"))
    elif check["state"] == "open" and not check["failure"]:
        text.append("open, with the origin's own certificate" if check["interception"] == NOT else "open")
    text += [words for flag, words in NOTES.items() if flag in check["flags"]]
    return "; ".join(text) or check["verdict"]
