# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong on a path, and what has to be said of it. The expectation was written before the first probe ran;
what was wrong in it was four times what Squid does, and never what has to be said.

The names follow the list of scenarios of OONI's web connectivity test (github.com/ooni/probe-cli, webconnectivityqa) where it has one. Its scenarios of
redirects that lead to a fault are none here: redirects are not followed, and where they lead is a host of its own in the catalogue.
"""
from __future__ import annotations

from dataclasses import dataclass, field

from tests.lab.internet import CANARY
from tests.lab.path import NO_BUMP, NO_COOKIE_RULES, NO_DENIES, SECOND_RESOLVER, SPLICE, TARGET, quick

BUMPED = [NO_DENIES, NO_COOKIE_RULES]
PORTAL = "http://portal.example.net/blocked?url=%u"
NOT, TRUSTED, UNTRUSTED, INVALID = "not_intercepted", "intercepted_trusted", "intercepted_untrusted", "invalid_certificate"


@dataclass(frozen=True)
class Expected:
    """Of one check; ``failure`` one of several words where the kernel decides which; ``flags`` have to be among those seen."""

    verdict: str
    layer: str | None = None
    failure: tuple = (None,)
    interception: str | None = None
    product: str | None = None
    flags: tuple = ()


@dataclass(frozen=True)
class Scenario:
    """``arrange(path)`` makes it so. ``expected``: {id of a probe: Expected}; every other wanted check has to pass unless ``all_wanted`` is shut."""

    name: str
    path: str
    arrange: object
    expected: dict
    elsewhere: str = "pass"
    settings: dict = field(default_factory=dict)
    #: "quick": the quick set, and what ``expected`` names beside it; "full": everything.
    asks: str = "quick"


def fail(layer, failure, interception=None, product=None, *flags) -> Expected:
    return Expected("fail", layer, failure if isinstance(failure, tuple) else (failure,), interception, product, flags)


def open_(interception=NOT, *flags) -> Expected:
    return Expected("pass", None, (None,), interception, None, flags)


def moody(name: str, mood: str, expected: Expected, **more) -> list:
    """The same fault of the far end, seen behind a router and through a proxy."""
    return [Scenario(name, path, lambda host, mood=mood: host.moods({TARGET: mood}), {"chatgpt_trace": expected}, **more) for path in ("routed", "proxied")]


def meddled(name: str, mood: str, host_: str = CANARY, settings=None, **expected) -> list:
    """Something on the way decrypts and changes what goes to the canary; its certificate looks genuine, so that only the content tells."""
    return [Scenario(name, path, lambda host, mood=mood, host_=host_: host.moods({host_: mood}), expected, "pass", settings or PATIENT)
            for path in ("routed", "proxied")]


def routed(name: str, arrange, expected, **more) -> Scenario:
    return Scenario(name, "routed", arrange, expected if isinstance(expected, dict) else {"chatgpt_trace": expected}, **more)


def proxied(name: str, arrange, expected, **more) -> Scenario:
    return Scenario(name, "proxied", arrange, expected if isinstance(expected, dict) else {"chatgpt_trace": expected}, **more)


def denied_by(what: str) -> list:
    """What a Squid answers instead of its page."""
    rule = "http_access deny ai_hosts\n"
    return [(rule, "deny_info %s ai_hosts\ndeny_info %s ai_sni\n%s" % (what, what, rule))]


def squid(name: str, replace, routed_says, proxied_says, elsewhere="pass", patient=False, warm=False, **options) -> list:
    """The same Squid in the way of a host that knows of no proxy, and as an explicit proxy; ``warm``: it has seen these hosts before."""
    def arrange(host):
        host.squid(replace, **options)
        if warm:
            host.look(quick([TARGET]))
    found = [(kind, says) for kind, says in (("routed", routed_says), ("proxied", proxied_says)) if says is not None]
    return [Scenario(name, kind, arrange, says if isinstance(says, dict) else {"chatgpt_trace": says}, elsewhere, PATIENT if patient else {})
            for kind, says in found]


PATIENT = {"timeout": 4, "deadline": 12}
_RESET = ("connection_reset", "eof_error")
LIMITED = ("http_access deny !Safe_ports", "request_body_max_size 512 KB\nhttp_access deny !Safe_ports")
#: Squid answers in the name of the host, so its page names it, and says that it is too large; the first uploads are below the limit.
TOO_LARGE = fail("proxy", "proxy_limit", TRUSTED, None, "proxy_limit")
DECRYPTED = fail("tls", "ssl_intercepted", TRUSTED, None, "decrypted")
#: HTTPS record (RFC 9460): priority 1, target ".", alpn=h2 and ech=<2 bytes>.
HTTPS_RECORD = "0001" + "00" + "0001" + "0003" + "026832" + "0005" + "0002" + "abcd"
SCENARIOS = [
    # -- the healthy path
    Scenario("success", "routed", lambda host: None, {"chatgpt_trace": open_()}),
    Scenario("success", "proxied", lambda host: None, {"chatgpt_trace": open_()}),
    *moody("slow server", "slow", open_()),
    *moody("large file", "large", open_()),
    *moody("cloudflare challenge over https", "challenge", open_(NOT, "challenged")),
    *moody("redirect to a foreign site, by the origin itself", "redirect_foreign", open_()),
    *moody("redirect without a host", "redirect_broken", open_()),
    *moody("more than ten redirects", "redirect_loop", open_()),
    *moody("website down: 503", "unavailable", open_(NOT, "unexpected_status")),
    # -- certificates
    *moody("bad tls: expired", "expired", fail("tls", "ssl_invalid_certificate", INVALID)),
    *moody("bad tls: wrong name", "wrong_name", fail("tls", "ssl_invalid_hostname", INVALID)),
    *moody("bad tls: unknown authority", "private_ca", fail("tls", "ssl_intercepted", UNTRUSTED, None, "decrypted")),
    # -- something on the way that decrypts, and answers itself
    *moody("http-diff: a page of somebody else", "page_forged",
           fail("tls", "ssl_intercepted", UNTRUSTED, None, "decrypted", "unexpected_content_type")),
    *moody("a page that is shown while a gateway scans", "progress",
           fail("http", "progress_page", UNTRUSTED, "Skyhigh Web Gateway", "progress_page")),
    # -- the far end, or something close to it
    *moody("tls: reset after the hello", "tls_reset", fail("tls", _RESET)),
    *moody("tls: closed after the hello", "tls_eof", fail("tls", _RESET)),
    *moody("tls: stalled", "tls_silence", fail("tls", "generic_timeout_error")),
    *moody("http: reset", "http_reset", fail("http", _RESET, NOT)),
    *moody("http: stalled", "http_silence", fail("http", "generic_timeout_error", NOT)),
    *moody("http: cut off", "truncated", fail("http", "eof_error", NOT)),
    *moody("throttling", "drip", fail("http", "throttled", NOT)),
    # -- what a page does not show
    Scenario("everything is asked, nothing is wrong", "routed", lambda host: host.record(TARGET, "dns-rr=%s,65,%s" % (TARGET, HTTPS_RECORD)),
             {"chatgpt_h2": open_(NOT, "h2_lost"), "chatgpt_large_hello": open_(), "chatgpt_quic": open_(None, "quic_unavailable"),
              "chatgpt_https_record": open_(None, "ech_advertised"), "files_upload": open_(), "canary_upload": open_(), "canary_stream": open_(),
              "canary_echo": open_()}, "pass", PATIENT, "full"),
    Scenario("everything is asked, nothing is wrong", "proxied", lambda host: None, {
        "chatgpt_quic": Expected("skipped"), "chatgpt_https_record": Expected("skipped"), "canary_upload": open_(), "canary_stream": open_()},
        "pass", PATIENT, "full"),
    *meddled("stream: buffered", "buffered", canary_stream=fail("application", "stream_buffered", NOT)),
    *meddled("cookies: attributes taken off", "cookies_weak", canary_echo=fail("application", "cookie_rewritten", NOT, None, "cookie_rewritten")),
    *meddled("cookies: taken out of requests", "cookies_eaten", canary_echo=fail("application", "cookie_stripped", NOT, None, "cookie_stripped")),
    *meddled("headers of a gateway", "signed", canary_echo=open_(NOT, "headers_added")),
    *meddled("upload: large ones are cut off", "upload_cut",
             canary_upload=fail("application", "upload_truncated", NOT, None, "cut_at_1048576_bytes")),
    *meddled("upload: large ones arrive in part", "upload_dropped",
             canary_upload=fail("application", "upload_truncated", NOT, None, "upload_changed")),
    *meddled("upload: cut on the way to the file host proves nothing by itself", "upload_cut", "files.oaiusercontent.com",
             files_upload=Expected("unverified", "application", ("upload_truncated",), NOT, None, ("cut_at_1048576_bytes",))),
    *meddled("handshake: a large one is dropped", "big_hello_dropped", TARGET, {"timeout": 2},
             chatgpt_large_hello=fail("tls", "generic_timeout_error", None, None, "large_hello"), chatgpt_trace=open_()),
    routed("a captive portal", lambda host: host.portal(), {"captive_portal": Expected("pass", None, (None,), None, None, ("captive_portal",))},
           settings=PATIENT),
    *squid("squid: limits the size of uploads", BUMPED + [LIMITED], {"files_upload": DECRYPTED, "canary_upload": TOO_LARGE},
           {"files_upload": DECRYPTED, "canary_upload": TOO_LARGE}, elsewhere="any", patient=True),
    # -- the network
    routed("tcp: timeout", lambda host: host.firewall("ip daddr %s tcp dport 443 drop" % host.address(TARGET)), fail("tcp", "generic_timeout_error")),
    routed("tcp: refused", lambda host: host.firewall("ip daddr %s tcp dport 443 reject with tcp reset" % host.address(TARGET)),
           fail("tcp", "connection_refused")),
    routed("tcp: rejected by a firewall", lambda host: host.firewall("ip daddr %s tcp dport 443 reject with icmp admin-prohibited" % host.address(TARGET)),
           fail("tcp", ("host_unreachable", "network_unreachable", "connection_refused"))),
    routed("dns: no such name", lambda host: host.names(TARGET), fail("dns", ("dns_nxdomain_error", "dns_no_answer"))),
    routed("dns: bogon", lambda host: host.names(TARGET, "0.0.0.0"), fail("dns", "dns_bogon_error", None, None, "dns_sinkhole")),
    routed("dns: hijacked to localhost", lambda host: host.names(TARGET, "127.0.0.1"), fail("dns", "dns_bogon_error", None, None, "dns_sinkhole")),
    routed("dns: sinkhole of a product", lambda host: host.names(TARGET, "146.112.61.106"),
           fail("dns", "dns_bogon_error", None, "Cisco Umbrella", "dns_sinkhole")),
    routed("dns: hijacked to a machine of the company",
           lambda host: (host.names(TARGET, "10.10.0.1"), host.middlebox({TARGET: "private_ca"}, 'ip daddr 10.10.0.1 tcp dport 443 redirect to :3140')),
           fail("tls", "ssl_intercepted", UNTRUSTED, None, "decrypted")),
    routed("dns: silent", lambda host: host.firewall("meta l4proto { tcp, udp } th dport 53 drop"), fail("dns", "dns_temporary_failure"), elsewhere="fail"),
    routed("dns: to an internal address with the origin's own certificate is legitimate",
           lambda host: host.relay(TARGET, "10.10.0.1"), open_()),
    routed("ipv4 is cut off, ipv6 works", lambda host: host.firewall("meta nfproto ipv4 tcp dport 443 drop"), open_(), settings={"versions": [4, 6]}),
    routed("ipv6 only", lambda host: host.firewall("meta nfproto ipv4 tcp dport 443 drop"), open_(), settings={"versions": [6]}),
    routed("dns: another resolver knows the name", lambda host: host.split_names(TARGET),
           fail("dns", ("dns_nxdomain_error", "dns_no_answer"), None, None, "dns_differs"), settings={"resolver": SECOND_RESOLVER}),
    routed("ipv6 is cut off, ipv4 works", lambda host: host.firewall("ip6 daddr %s tcp dport 443 drop" % host.address(TARGET, 6)),
           fail("tcp", "generic_timeout_error", None, None, "ipv6_broken"), settings={"versions": [4, 6]}),
    routed("a tunnel that loses large packets", lambda host: host.narrow(), fail("tls", "generic_timeout_error", None, None, "small_packets_pass"),
           elsewhere="fail"),
    routed("ipv6 goes around the gateway", lambda host: host.around_by_ipv6(), open_(NOT, "ipv6_bypass"), settings={"versions": [4, 6]}),
    # -- a middlebox that looks at names
    routed("sni filter: reset", lambda host: host.middlebox({TARGET: "tls_reset"}), fail("tls", _RESET, None, None, "sni_filtered")),
    routed("sni filter: silence", lambda host: host.middlebox({TARGET: "tls_silence"}), fail("tls", "generic_timeout_error", None, None, "sni_filtered")),
    proxied("sni filter: reset", lambda host: host.gateway(lambda _who, name, _port: ("block" if name == TARGET else "allow", "tunnel")),
            fail("tls", _RESET)),
    # -- proxies
    proxied("proxy: gone", lambda host: host.proxy(1), fail("proxy", "proxy_connection_refused"), elsewhere="fail"),
    # An intercepted connection has no tunnel to refuse: the page comes inside TLS, as below.
    *squid("squid: refuses the tunnel", NO_BUMP + [NO_COOKIE_RULES], None, fail("proxy", "proxy_connect_denied", None, "Squid", "blocked"), elsewhere="any"),
    *squid("squid: everything is decrypted", BUMPED, fail("tls", "ssl_intercepted", TRUSTED, None, "decrypted"),
           fail("tls", "ssl_intercepted", TRUSTED, None, "decrypted"), elsewhere="any"),
    *squid("squid: nothing is decrypted, nothing is denied", [SPLICE, NO_DENIES, NO_COOKIE_RULES], open_(), open_()),
    *squid("squid: denied inside TLS", [], fail("http", "http_block_page", TRUSTED, "Squid", "blocked"),
           fail("http", "http_block_page", TRUSTED, "Squid", "blocked"), elsewhere="any"),
    # An intercepted connection it resets inside TLS, once it has looked the address up; before, it shows its page.
    *squid("squid: closes the connection", denied_by("TCP_RESET"), fail("http", _RESET, TRUSTED),
           fail("proxy", ("proxy_eof_error", "proxy_connection_reset")), elsewhere="any", warm=True),
    *squid("squid: denied with a redirect", denied_by("302:" + PORTAL), fail("http", "http_block_page", TRUSTED, "Squid", "blocked"),
           fail("http", "http_block_page", TRUSTED, "Squid", "blocked"), elsewhere="any"),
    # An intercepted connection cannot be asked for a user.
    *squid("squid: requires authentication", [NO_DENIES], fail("http", "http_block_page", TRUSTED, "Squid", "blocked"), None, elsewhere="fail", auth=True),
    *squid("squid: requires authentication", [NO_DENIES], None, Expected("skipped", "proxy", ("proxy_auth_required",), None, None, ("proxy_auth_required",)),
           elsewhere="skipped", auth=True),
    *squid("squid: cookies are stripped", [NO_DENIES], {"turnstile": fail("application", "cookie_stripped", TRUSTED, None, "cookie_stripped", "decrypted")},
           {"turnstile": fail("application", "cookie_stripped", TRUSTED, None, "cookie_stripped", "decrypted")}, elsewhere="any"),
    *squid("squid: the upgrade is dropped", BUMPED, {"chatgpt_ws": fail("tls", "ssl_intercepted", TRUSTED, None, "websocket_stripped", "decrypted")},
           {"chatgpt_ws": fail("tls", "ssl_intercepted", TRUSTED, None, "websocket_stripped", "decrypted")}, elsewhere="any"),
]
