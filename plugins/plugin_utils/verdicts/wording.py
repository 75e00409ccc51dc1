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
    "dns_refused_error": "this host's resolver refuses to tell",
    "dns_servfail_error": "this host's resolver failed to find out",
    "dns_server_misbehaving": "the answer of this host's resolver makes no sense",
    "dns_non_recoverable_failure": "this host's resolver failed",
    "host_unreachable": "something on the way says that the host cannot be reached",
    "network_down": "this host's network is down",
    "connection_aborted": "the connection was given up",
    "ssl_failed_handshake": "the TLS handshake failed",
    "ssl_no_tls": "what answers does not speak TLS, as a gateway that writes its page in plain text",
    "ssl_unknown_authority": "no authority that is known here signed its certificate",
    "ssl_invalid_hostname": "its certificate is for another name",
    "ssl_invalid_certificate": "its certificate is out of date, or broken",
    "http_request_failed": "the answer is no HTTP",
    "http_content_type_mismatch": "the answer is not what was asked for",
    "proxy_none": "what answers at the address of the proxy takes no CONNECT, so it is no proxy or not one for this port",
    "proxy_busy": "the proxy has too many connections",
    "proxy_connect_denied": "the proxy does not let the host through",
    "proxy_connect_failed": "the proxy does not answer, or its settings lead nowhere",
    "ssl_pin_mismatch": "its certificate is not the one that the program insists on",
    "proxy_other_kind": "the probes cannot speak to a proxy of this kind, so nothing was seen",
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
    "sign_in_wanted": "somebody wants a sign-in, and nothing shows whether it is the origin or the gateway",
    "refused_by_somebody": "somebody refuses, and nothing shows whether it is the origin or the gateway",
    "refused_before": "it is refused before, so that nothing is shown of what was asked for",
    "canary_refused": "the canary, or what stands before it, refuses what it is asked, which is no matter of the network",
    "authorization_lost": "reachable, but something on the way takes the Authorization header out",
    "authorization_changed": "reachable, but something on the way puts another Authorization header in its place",
    "header_stripped": "reachable, but headers are taken out on the way",
    "header_rewritten": "reachable, but headers are rewritten on the way",
    "websocket_frames_lost": "the WebSocket opens, and a frame that is sent through it does not come back as it was sent",
    "idle_cut": "a connection that stays silent does not last",
    "lifetime_cut": "a connection does not last, silent or not",
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
    "hosts_file": "its hosts file answers for the name, and no resolver was asked",
    "other_family": "over the other IP version it works, and of this one there is no way",
    "burst": "asked by itself it gets through, at once with others it does not: something on the way limits connections",
    "h2_lost": "without HTTP/2",
    "quic_open": "HTTP/3 gets out over UDP 443, which a gateway that looks at TCP alone does not see",
    "quic_beside_proxy": "UDP 443 gets out beside the proxy",
    "quic_unavailable": "no answer over UDP 443, so no HTTP/3; browsers do without",
    "ech_advertised": "its DNS record offers Encrypted ClientHello, which hides the name from filters that go by SNI",
    "handshake_only": "of the WebSocket only the handshake was seen, and not that frames get through",
    "websocket_refused_by_origin": "the origin itself refuses the WebSocket without a login, so that nothing is shown of it",
    "headers_not_shown": "the canary is of an earlier release and does not say whether the Authorization header arrived",
    "symmetric_nat": "the NAT makes a new mapping for each destination, so voice has to go over a relay",
    "headers_added": "a gateway adds headers of its own",
    "by_choice": "that breaks it, and the policy leaves it so: exempt_level core exempts it",
    "unproven": "from one place alone that proves nothing",
    "tenant_gateway": "the far end says that a Cloudflare gateway or WARP carries this",
}


def in_words(failure: str) -> str:
    """A failure for people; as it is where there are no words for it."""
    return _WORDS.get(failure) or _WORDS.get(failure.replace("proxy_", "")) or failure


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
        text.append("the proxy %s %s" % (check["proxy"], "does not accept the user that it was given" if "user_refused" in check["flags"]
                                         else "wants a user's credentials, which this host has not"))
    elif check["written_by"]:
        text.append("%s: %s" % (check["written_by"], _WORDS[check["failure"]]))
    elif check["failure"] == "cookie_stripped":
        text.append("reachable, but its cookies are taken out on the way")
    elif check["failure"] == "websocket_upgrade_refused":
        text.append("reachable, but the WebSocket upgrade is taken out on the way")
    elif check["failure"] and check["failure"] != "ssl_intercepted":
        text.append("%s: %s" % (check["layer"].upper() if check["layer"] in ("dns", "tcp", "tls", "http") else check["layer"],
                                in_words(check["failure"])))
    text += [check["detail"]] if check["failure"] and check["detail"] else []
    if check["interception"] in INTERCEPTED:
        doubt = ", whose certificate is out of date" if "out_of_date" in check["flags"] else ", which this host does not trust"
        text.append("decrypted by %r%s" % (issuer, "" if check["interception"] == TRUSTED else doubt))
    elif check["state"] == "open" and not check["failure"]:
        text.append("open, with the origin's own certificate" if check["interception"] == NOT else "open")
    text += [check["detail"]] if not check["failure"] and check["detail"] else []
    text += [words for flag, words in NOTES.items() if flag in check["flags"]]
    return "; ".join(text) or check["verdict"]
