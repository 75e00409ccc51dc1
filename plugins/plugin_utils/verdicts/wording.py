# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of checks for people."""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.signatures import called
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.terms import INTERCEPTED, NOT, TRUSTED

_WORDS = {
    "connection_refused": "the connection was refused",
    "connection_reset": "the connection was reset",
    "generic_timeout_error": "timed out",
    "eof_error": "the connection was closed without an answer",
    "dns_nxdomain_error": "the resolver of this host reports that the name does not exist",
    "dns_temporary_failure": "the resolver of this host does not answer",
    "dns_no_answer": "the name has no address of this IP version",
    "dns_refused_error": "the resolver of this host refuses the query",
    "dns_servfail_error": "the resolver of this host failed to resolve the name",
    "dns_server_misbehaving": "the resolver of this host returned an implausible answer",
    "dns_non_recoverable_failure": "the resolver of this host failed",
    "host_unreachable": "a device on the path reports the host as unreachable",
    "network_down": "the network of this host is down",
    "connection_aborted": "the connection was aborted",
    "ssl_failed_handshake": "the TLS handshake failed",
    "ssl_no_tls": "the responder does not use TLS, like a gateway that sends its page in plain text",
    "ssl_unknown_authority": "its certificate is signed by an untrusted CA",
    "ssl_invalid_hostname": "its certificate is for another name",
    "ssl_invalid_certificate": "its certificate is expired or invalid",
    "http_request_failed": "the response is not HTTP",
    "http_content_type_mismatch": "the response is not what was requested",
    "proxy_none": "the server at the proxy address does not accept CONNECT, so it is not a proxy, or not one for this port",
    "proxy_busy": "the proxy has too many connections",
    "proxy_connect_denied": "the proxy denies the host",
    "proxy_connect_failed": "the proxy does not answer, or its settings are wrong",
    "ssl_pin_mismatch": "its certificate does not match the certificate pinned in the program",
    "proxy_other_kind": "the probes do not support this type of proxy, so there is no result",
    "network_unreachable": "there is no route",
    "udp_no_reply": "no answer over UDP",
    "upload_truncated": "small uploads succeed, large ones are rejected or cut off",
    "throttled": "the response is far too slow",
    "stream_buffered": "a stream arrives all at once: something on the path buffers it",
    "cookie_rewritten": "reachable, but its cookies are rewritten on the path",
    "turn_no_answer": "the response of the TURN server does not arrive",
    "http_unexpected_redirect_url": "something on the path redirects to another site",
    "proxy_cannot_connect": "the proxy could not connect, and no policy blocked it",
    "proxy_dns_failed": "the proxy could not resolve the name, and no policy blocked it",
    "proxy_timeout": "the proxy timed out, and no policy blocked it",
    "proxy_certificate_refused": "the proxy rejected the certificate, and no policy blocked it",
    "proxy_host_conflict": "the proxy resolves the name to other addresses than this host, and therefore refuses it",
    "proxy_limit": "it is too large for the proxy",
    "gateway_sign_in": "the gateway requires sign-in",
    "network_authentication_required": "a captive portal requires sign-in",
    "sign_in_wanted": "sign-in is required, by the origin or the gateway (unknown which)",
    "refused_by_somebody": "refused, by the origin or the gateway (unknown which)",
    "refused_before": "refused earlier, so the probed function was not tested",
    "canary_refused": "the canary, or a server in front of it, refuses the probe; the network is not the cause",
    "authorization_lost": "reachable, but something on the path removes the Authorization header",
    "authorization_changed": "reachable, but something on the path replaces the Authorization header",
    "header_stripped": "reachable, but headers are removed on the path",
    "header_rewritten": "reachable, but headers are rewritten on the path",
    "websocket_frames_lost": "the WebSocket opens, but a frame sent through it does not come back unchanged",
    "idle_cut": "an idle connection is cut off",
    "lifetime_cut": "a connection is cut off at a maximum age, idle or not",
    "not_reached_again": "a second connection could not be opened",
}
#: The text for each flag.
NOTES = {
    "large_hello": "the same handshake in one packet succeeds, so something on the path drops large handshakes",
    "small_packets_pass": "with small packets the handshake succeeds, so large packets are lost on the path",
    "ipv6_broken": "it works over IPv4, so the IPv6 path is at fault",
    "captive_portal": "something else answers instead: a captive portal, or a gateway that requires sign-in",
    "dns_differs": "another resolver resolves it",
    "sni_filtered": "the same address answers for another name, so this name is filtered",
    "challenged": "a challenge of the origin, which a browser solves",
    "origin_unproven": "it answers, but there is no proof that the response is from the origin",
    "exemption_unproven": "its certificate is not from a known public CA but has properties that only public ones have, so it is "
                          "unknown whether it is decrypted",
    "hosts_file": "the hosts file overrides the name, so no resolver was queried",
    "other_family": "it works over the other IP version; this one has no route",
    "burst": "it works alone but not together with others: something on the path limits connections",
    "h2_lost": "without HTTP/2",
    "quic_open": "HTTP/3 leaves over UDP 443, which a TCP-only gateway does not see",
    "quic_beside_proxy": "UDP 443 bypasses the proxy",
    "quic_unavailable": "no answer over UDP 443, so no HTTP/3; browsers work without it",
    "ech_advertised": "its DNS record offers Encrypted ClientHello, which hides the name from SNI filters",
    "handshake_only": "only the WebSocket handshake was tested, not whether frames pass",
    "websocket_refused_by_origin": "the origin refuses the WebSocket without a login, so it was not tested",
    "headers_not_shown": "the canary has an older release and does not report whether the Authorization header arrived",
    "symmetric_nat": "the NAT creates a new mapping for each destination, so voice must use a relay",
    "headers_added": "a gateway adds its own headers",
    "by_choice": "this breaks it, and the policy does not exempt it: exempt_level core does",
    "unproven": "this proves nothing from a single location",
    "tenant_gateway": "the far end reports that a Cloudflare gateway or WARP carries this",
}


def in_words(failure: str) -> str:
    """The text for a failure; without one, its name."""
    return _WORDS.get(failure) or _WORDS.get(failure.replace("proxy_", "")) or failure


def sentence(check: dict) -> str:
    text = []
    issuer = (check["issuer"] or {}).get("cn") or (check["issuer"] or {}).get("o")
    if check["failure"] == "dns_bogon_error":
        text.append("its name resolves to %s, which is not an origin address%s" % (", ".join(check["observations"]["dns"]["addresses"]), ": a block of %s" % (
            check["blocked_by"]["product"]) if check["blocked_by"] else ""))
    elif check["failure"] == "progress_page":
        text.append("%s answers with its own page while it scans; programs that expect data get that page" % check["blocked_by"]["product"])
    elif check["blocked_by"]:
        culprit = check["blocked_by"]
        text.append("blocked by %s (status %s, %s)" % (called(culprit["product"], culprit.get("confidence")), culprit["status"], culprit["where"]))
    elif check["failure"] == "proxy_auth_required":
        text.append("the proxy %s %s" % (check["proxy"], "rejects the credentials" if "user_refused" in check["flags"]
                                         else "requires authentication, and this host has no credentials"))
    elif check["written_by"]:
        text.append("%s: %s" % (check["written_by"], _WORDS[check["failure"]]))
    elif check["failure"] == "cookie_stripped":
        text.append("reachable, but its cookies are removed on the path")
    elif check["failure"] == "websocket_upgrade_refused":
        text.append("reachable, but the WebSocket upgrade is removed on the path")
    elif check["failure"] and check["failure"] != "ssl_intercepted":
        text.append("%s: %s" % (check["layer"].upper() if check["layer"] in ("dns", "tcp", "tls", "http") else check["layer"],
                                in_words(check["failure"])))
    text += [check["detail"]] if check["failure"] and check["detail"] else []
    if check["interception"] in INTERCEPTED:
        doubt = ", whose certificate has expired" if "out_of_date" in check["flags"] else ", which this host does not trust"
        text.append("decrypted by %r%s" % (issuer, "" if check["interception"] == TRUSTED else doubt))
    elif check["state"] == "open" and not check["failure"]:
        text.append("open, with the origin's own certificate" if check["interception"] == NOT else "open")
    text += [check["detail"]] if not check["failure"] and check["detail"] else []
    text += [words for flag, words in NOTES.items() if flag in check["flags"]]
    return "; ".join(text) or check["verdict"]
