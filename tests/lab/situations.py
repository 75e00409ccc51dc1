# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts meet behind real middleboxes, and what has to be said of it. One start of a middlebox serves many situations, each for a host of its own.

What is right was written down for a person who asks what is wrong, not read off the software: an answer that is not shown to be the origin's is no pass,
and what is not known is neither open nor shut.
"""
from __future__ import annotations

import time
from dataclasses import dataclass, field

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.catalog import catalogue
from tests.lab import boxes
from tests.lab.boxes import ON, page
from tests.lab.internet import CANARY
from tests.lab.network import EVERYTHING, TO_SQUID
from tests.lab.path import NO_BUMP, NO_COOKIE_RULES, NO_DENIES
from tests.lab.pki import Authority

NOT, TRUSTED, UNTRUSTED, INVALID, UNKNOWN = "not_intercepted", "intercepted_trusted", "intercepted_untrusted", "invalid_certificate", "unknown"
#: What a block page or portal of a product that nobody knows answers with.
STATUSES = (200, 302, 401, 403, 502, 511)


@dataclass(frozen=True)
class Right:
    """Of one probe. ``flags`` have to be among those seen; ``advice`` is the key of the remedy that a diagnosis gives; ``state`` of a host that has to stay
    as it is. ``changed``: what a change after a baseline has to be called; None: not as before is not asked."""

    verdict: str
    failure: str | None = None
    interception: str | None = None
    product: str | None = None
    flags: tuple = ()
    advice: str | None = None
    state: str | None = None
    changed: str | None = None
    #: It is enough that this is not said.
    never: str | None = None


@dataclass(frozen=True, eq=False)
class Site:
    """``arrange(path)`` starts the middlebox ``box``; ``before(path)`` what was there when the baseline was taken. ``right``: {id of a probe: Right}.
    ``often``: in every run of the tests."""

    name: str
    box: str
    arrange: object
    right: dict
    settings: dict = field(default_factory=dict)
    often: bool = False
    before: object = None
    #: The verdict for the host as a whole.
    host: str | None = None
    #: More variables of the environment of who looks.
    environment: tuple = ()
    #: A flag that some probe or other has to have.
    somewhere: str | None = None


def probes() -> dict:
    """Everything of the catalogue and the canary, as a site has it; and some of it with a path for each status, which a middlebox answers by."""
    found = {probe["id"]: probe for probe in catalogue.endpoint_probes(catalogue.load([]), catalogue.Selection(), "full", canary=CANARY)}
    for name in ("turnstile", "stripe_js", "other_ai", "lookalike_suffix", "chatgpt_flags"):
        for status in STATUSES:
            found["%s_%d" % (name, status)] = dict(found[name], id="%s_%d" % (name, status), entry=found[name].get("entry") or name, path="/%d" % status)
    return found


PROBES = probes()


def host(probe: str) -> str:
    return PROBES[probe]["host"]


def open_(interception=NOT, *flags) -> Right:
    return Right("pass", None, interception, None, flags)


def fail(failure, interception=None, product=None, *flags, advice=None) -> Right:
    return Right("fail", failure, interception, product, flags, advice)


def stays(state, failure=None, interception=None, product=None, *flags) -> Right:
    """Of a host that has to stay as it is."""
    return Right("unverified", failure, interception, product, flags, state=state)


def changed(word: str) -> Right:
    """After a baseline: one of the ways in which a host is not as it was, which is harm; or "same", "another answer", "not known"."""
    return Right({"same": "pass", "another answer": "unverified", "not known": "unverified"}.get(word, "fail"), changed=word)


# -- nginx: decrypts, and answers in the place of others ---------------------------------------------------------------

BY_PATH = "".join("if ($uri = /%d) { %s } " % (status, page(status)) for status in STATUSES)
UNPROVEN = Right("unverified", None, TRUSTED, None, ("decrypted", "origin_unproven"))
PORTAL = fail("network_authentication_required", TRUSTED, None, "decrypted", advice="captive_portal")
ELSEWHERE = fail("http_unexpected_redirect_url", TRUSTED, None, "decrypted", advice="content_rewritten")
PAGE = fail("http_block_page", TRUSTED, "unknown", "decrypted", "blocked", advice="block_page")
SIGN_IN = fail("gateway_sign_in", TRUSTED, None, "decrypted", advice="gateway_sign_in")
#: Without a mark it may be the origin that wants to know who asks.
SOMEBODY = Right("unverified", "sign_in_wanted", TRUSTED, None, ("decrypted", "origin_unproven"))
BOTH = fail("ssl_intercepted", TRUSTED, "unknown", "decrypted", "blocked", advice="tls_inspection")
#: A host whose network leaves a mark on every answer; one of which no mark is known; and those that have to stay shut.
MARKED = dict(zip(STATUSES, (UNPROVEN, ELSEWHERE, SIGN_IN, PAGE, PAGE, PORTAL)))
UNMARKED = dict(zip(STATUSES, (UNPROVEN, ELSEWHERE, SOMEBODY, UNPROVEN, UNPROVEN, PORTAL)))
EXEMPT = dict(zip(STATUSES, (fail("ssl_intercepted", TRUSTED, None, "decrypted", advice="tls_inspection"), *[BOTH] * 5)))
SHUT_MARKED = dict(zip(STATUSES, (
    stays("unknown", None, TRUSTED), stays("shut", "http_unexpected_redirect_url", TRUSTED), stays("shut", "gateway_sign_in", TRUSTED),
    *[stays("shut", "http_block_page", TRUSTED, "unknown")] * 2,
    stays("shut", "network_authentication_required", TRUSTED))))
SHUT_UNMARKED = dict(zip(STATUSES, (
    stays("unknown", None, TRUSTED), stays("shut", "http_unexpected_redirect_url", TRUSTED), stays("unknown", "sign_in_wanted", TRUSTED),
    *[stays("unknown", None, TRUSTED)] * 2,
    stays("shut", "network_authentication_required", TRUSTED))))


def by_status(**tables) -> dict:
    return {"%s_%d" % (name, status): right for name, table in tables.items() for status, right in table.items()}


def nobody_knows(path) -> None:
    inside = {host(name): BY_PATH + ON for name in ("turnstile", "stripe_js", "other_ai", "lookalike_suffix")}
    boxes.nginx(path, dict(inside, **{"example.com": ON, "www.iana.org": page(403)}))


def intermediate(path) -> Authority:
    return Authority("Lab Public Issuing CA", "Lab Public Trust", parent=Authority.load(path.folder / "internet" / "public-key.pem"))


def odd_certificates(path) -> None:
    known, below = boxes.company(path), intermediate(path)
    public, stranger = Authority.load(path.folder / "internet" / "public-key.pem"), Authority("Nobody's CA", "Nobody")
    made = {
        host("chatgpt_trace"): known.leaf([host("chatgpt_trace")]),
        # Without the certificate of the authority between root and leaf.
        host("auth_oidc"): below.leaf([host("auth_oidc")])[:-len(below.pem)],
        host("files"): known.leaf([host("files")], sct=False, days=-1),
        host("livekit"): known.leaf([host("livekit")], sct=False, days=-1),
        host("api_models"): public.leaf(["gateway.example.net"]),
        host("oaistatic_cdn"): stranger.leaf([host("oaistatic_cdn")], sct=False),
        host("lookalike_suffix"): public.leaf(["gateway.example.net"]),
        host("other_ai"): public.leaf([host("other_ai")], days=-1),
        host("lookalike_prefix"): known.leaf([host("lookalike_prefix")], sct=False),
    }
    boxes.nginx(path, {name: ON for name in made}, leaf=made.__getitem__)


def old_company(path) -> None:
    boxes.nginx(path, {host("files"): ON, host("livekit"): ON}, leaf=lambda name, old=boxes.company(path, days=-1): old.leaf([name], sct=False))


def bodies(limit: str) -> object:
    return lambda path: boxes.nginx(path, {CANARY: limit + ON})


NGINX = [
    Site("pages of a product that nobody knows, OpenAI exempt", "nginx", nobody_knows, dict(
        by_status(turnstile=MARKED, stripe_js=UNMARKED, other_ai=SHUT_MARKED, lookalike_suffix=SHUT_UNMARKED),
        chatgpt_trace=open_(), auth_oidc=open_(), control_example=Right("pass", None, TRUSTED, state="open"), livekit=open_()), often=True, host="fail"),
    Site("pages on hosts that must be exempt", "nginx", lambda path: boxes.nginx(path, {host("chatgpt_flags"): BY_PATH + ON}),
         by_status(chatgpt_flags=EXEMPT), host="fail"),
    Site("certificates", "nginx", odd_certificates, {
        "chatgpt_trace": Right("unverified", None, UNKNOWN, None, ("exemption_unproven",)),
        "auth_oidc": fail("ssl_unknown_authority", INVALID, advice="invalid_certificate"),
        "files": fail("ssl_intercepted", UNTRUSTED, None, "out_of_date", advice="tls_inspection"),
        "livekit": fail("ssl_invalid_certificate", UNTRUSTED, None, "out_of_date", advice="invalid_certificate"),
        "api_models": fail("ssl_invalid_hostname", INVALID, advice="invalid_certificate"),
        "oaistatic_cdn": fail("ssl_intercepted", UNTRUSTED, None, "decrypted", advice="tls_inspection"),
        "lookalike_suffix": stays("shut", "ssl_invalid_hostname", INVALID), "other_ai": stays("shut", "ssl_invalid_certificate", INVALID),
        "lookalike_prefix": stays("unknown", None, TRUSTED), "oaistatsig": open_()}, often=True, host="fail"),
    Site("the inspection CA itself has expired", "nginx", old_company, {
        "files": fail("ssl_intercepted", UNTRUSTED, None, "out_of_date", advice="tls_inspection"),
        "livekit": fail("ssl_invalid_certificate", UNTRUSTED, None, "out_of_date", advice="invalid_certificate")}),
    Site("bodies are limited, cookies and the upgrade are taken out", "nginx",
         bodies("client_max_body_size 512k; proxy_set_header Cookie ''; proxy_hide_header Set-Cookie; "), {
             "canary_upload": fail("upload_truncated", TRUSTED, None, "cut_at_1048576_bytes", advice="upload_limit_or_dlp"),
             "canary_echo": fail("cookie_stripped", TRUSTED, None, "cookie_stripped", advice="cookie_interception"),
             "canary_websocket": fail("websocket_upgrade_refused", TRUSTED, None, "websocket_stripped", advice="websocket_filter"),
             "canary_stream": fail("stream_buffered", TRUSTED, advice="stream_buffering")}, {"timeout": 6, "deadline": 20}),
    Site("headers are added, streams carried on as HTTP/1.0", "nginx",
         bodies("proxy_buffering off; proxy_http_version 1.0; proxy_set_header Via '1.1 gateway'; "), {
             "canary_echo": open_(TRUSTED, "headers_added"), "canary_stream": open_(TRUSTED)}, {"timeout": 6, "deadline": 20}),
    Site("attributes of cookies are taken off", "nginx", bodies("proxy_cookie_flags ~ nosecure nohttponly nosamesite; "), {
        "canary_echo": fail("cookie_rewritten", TRUSTED, None, "cookie_rewritten", advice="cookie_interception")}),
]


# -- HAProxy: by the name in the handshake, by how many, and as a proxy ------------------------------------------------

def by_name(path) -> None:
    pem = path.folder / "haproxy.pem"
    pem.write_bytes(boxes.company(path).leaf(["gateway.example.com"], sct=False))
    rules = ["tcp-request content %s if { req.ssl_sni %s }" % (what, host(name)) for what, name in (
        ("reject", "chatgpt_trace"), ("silent-drop", "auth_oidc"), ("reject", "lookalike_suffix"), ("silent-drop", "lookalike_prefix"))]
    rules += ["use_backend %s if { req.ssl_sni %s }" % (what, host(name)) for what, name in (
        ("alert", "oaistatic_cdn"), ("plain", "files"), ("alert", "other_ai"))]
    boxes.haproxy(path, boxes.BY_NAME % "\n  ".join(rules) + boxes.INSTEAD % pem)


LIMITED = """stick-table type ip size 1k store conn_cur
  tcp-request connection track-sc0 src
  tcp-request connection reject if { sc0_conn_cur gt 3 }"""
MANY = ("auth_oidc", "chatgpt_trace", "chatgpt_flags", "oaistatic_cdn", "files", "api_models", "turnstile", "stripe_js", "oaistatsig", "control_example")


def as_proxy(rules: str = "default_backend parent", tls: bool = False):
    def arrange(path) -> None:
        bind, pem = "", path.folder / "haproxy.pem"
        if tls:
            pem.write_bytes(boxes.company(path).leaf([boxes.PROXY], sct=False))
            bind = "ssl crt %s" % pem
        boxes.tinyproxy(path, listen="127.0.0.1", port=8888)
        boxes.haproxy(path, boxes.AS_PROXY % (bind, rules), boxes.PROXY_PORT)
        boxes.explicit(path)
    return arrange


def answers(**by_probe) -> str:
    """What HAProxy answers to CONNECT for the hosts of these probes; the others go on to the proxy behind it."""
    rules = ["http-request %s if { req.hdr(host) -m beg %s }" % (what, host(name)) for name, what in by_probe.items()]
    return "\n  ".join(rules + ["use_backend empty if { req.hdr(host) -m beg %s }" % host("oaistatsig"), "default_backend parent\nbackend empty\n  mode http"])


DENIED = fail("proxy_connect_denied", None, "unknown", "blocked", advice="proxy_policy")
HAPROXY = [
    Site("a filter by the name in the handshake", "haproxy", by_name, {
        "chatgpt_trace": fail("eof_error", None, None, "sni_filtered", advice="sni_filter"),
        "auth_oidc": fail("generic_timeout_error", None, None, "sni_filtered", advice="sni_filter"),
        "oaistatic_cdn": fail("ssl_failed_handshake", None, None, "sni_filtered", advice="sni_filter"),
        "files": fail("ssl_no_tls", advice="tls_cut"), "api_models": open_(),
        "lookalike_suffix": stays("shut", "eof_error"), "lookalike_prefix": stays("shut", "generic_timeout_error"),
        "other_ai": stays("shut", "ssl_failed_handshake")}, often=True, host="fail"),
    Site("no more than three connections at once", "haproxy", lambda path: boxes.haproxy(path, boxes.BY_NAME % LIMITED),
         {name: Right("pass", None, NOT, state="open") for name in MANY}, host="pass", somewhere="burst"),
    Site("answers to CONNECT", "haproxy", as_proxy(answers(
        auth_oidc="deny deny_status 403", chatgpt_flags="return status 451 content-type text/html string '<html>no</html>'",
        files="deny deny_status 429", api_models="deny deny_status 400", oaistatic_cdn="deny deny_status 405", turnstile="auth realm staff",
        stripe_js="redirect location https://portal.example.net/notice", livekit="silent-drop", other_ai="deny deny_status 403",
        lookalike_suffix="deny deny_status 429")), {
            "chatgpt_trace": open_(), "auth_oidc": DENIED, "chatgpt_flags": DENIED, "files": fail("proxy_busy", advice="proxy_cannot_connect"),
            "api_models": fail("proxy_none", advice="proxy_unreachable"), "oaistatic_cdn": fail("proxy_none", advice="proxy_unreachable"),
            "turnstile": Right("skipped", "proxy_auth_required", flags=("proxy_auth_required",), advice="proxy_auth"), "stripe_js": DENIED,
            "livekit": fail("proxy_generic_timeout_error", advice="proxy_unreachable"),
            "oaistatsig": fail("proxy_cannot_connect", advice="proxy_cannot_connect"),
            "other_ai": stays("shut", "proxy_connect_denied", None, "unknown"), "lookalike_suffix": stays("unknown", "proxy_busy")}, host="fail"),
    Site("a proxy that takes two connections at once", "haproxy", as_proxy(), {name: Right("pass", None, NOT, state="open") for name in MANY}, host="pass",
         somewhere="burst"),
    Site("a proxy that wants TLS is asked without", "haproxy", as_proxy(tls=True), {
        "chatgpt_trace": fail("proxy_eof_error", advice="proxy_unreachable")}),
]

# -- tinyproxy, Privoxy: small proxies with words of their own ---------------------------------------------------------

WANTS_USER = Right("skipped", "proxy_auth_required", flags=("proxy_auth_required",), advice="proxy_auth")
WRONG_USER = Right("skipped", "proxy_auth_required", flags=("proxy_auth_required", "user_refused"), advice="proxy_auth")


def tinyproxy(**names):
    """``names`` that lead elsewhere, or nowhere."""
    def arrange(path) -> None:
        path.other_names({host(name): [address] for name, address in names.items()})
        (path.folder / "filter").write_text("^chatgpt\\.com$\n^claude\\.ai$\n")
        boxes.tinyproxy(path, 'Filter "%s"\nConnectPort 443' % (path.folder / "filter"))
    return arrange


def tinyproxy_with(text: str, user: str = ""):
    def arrange(path) -> None:
        boxes.tinyproxy(path, text)
        boxes.explicit(path, "http://%s%s:%d" % (user, boxes.PROXY, boxes.PROXY_PORT))
    return arrange


def denied_by(product: str) -> Right:
    return fail("proxy_connect_denied", None, product, "blocked", advice="proxy_policy")


def privoxy(path) -> None:
    # Nobody listens there.
    path.other_names({host("files"): [""], host("livekit"): ["192.0.2.1"]})
    boxes.privoxy(path, "{+block{no}}\nchatgpt.com\nclaude.ai\n{+limit-connect{80}}\nauth.openai.com\n")


SMALL = [
    Site("a list of names, and what it cannot reach", "tinyproxy", tinyproxy(files="", livekit="192.0.2.1"), {
        "chatgpt_trace": denied_by("tinyproxy"), "auth_oidc": open_(), "files": fail("proxy_cannot_connect", None, "tinyproxy", advice="proxy_cannot_connect"),
        "livekit": fail("proxy_cannot_connect", None, "tinyproxy", advice="proxy_cannot_connect"),
        "other_ai": stays("shut", "proxy_connect_denied", None, "tinyproxy"), "lookalike_suffix": stays("open", None, NOT)}, often=True, host="fail"),
    Site("requires authentication", "tinyproxy", tinyproxy_with("BasicAuth someone secret"), {
        "chatgpt_trace": WANTS_USER, "lookalike_suffix": Right("skipped", "proxy_auth_required", state="unknown")}, host="skipped"),
    Site("does not know the user", "tinyproxy", tinyproxy_with("BasicAuth someone secret", "someone:wrong@"), {
        "chatgpt_trace": WRONG_USER, "lookalike_suffix": Right("skipped", "proxy_auth_required", flags=("user_refused",), state="unknown")}, host="skipped"),
    Site("knows the user", "tinyproxy", tinyproxy_with("BasicAuth someone secret", "someone:secret@"), {"chatgpt_trace": open_()}, host="pass"),
    Site("another port alone", "tinyproxy", tinyproxy_with("ConnectPort 563"), {"chatgpt_trace": denied_by("tinyproxy")}),
    Site("other clients alone", "tinyproxy", tinyproxy_with("Allow 127.0.0.1"), {"chatgpt_trace": denied_by("tinyproxy")}),
    Site("a list of names, and what it cannot reach", "privoxy", privoxy, {
        "chatgpt_trace": denied_by("Privoxy"), "auth_oidc": denied_by("Privoxy"), "files": fail("proxy_dns_failed", None, "Privoxy", advice="proxy_dns"),
        "livekit": fail("proxy_cannot_connect", None, "Privoxy", advice="proxy_cannot_connect"),
        "oaistatic_cdn": open_(), "other_ai": stays("shut", "proxy_connect_denied", None, "Privoxy")}, host="fail"),
]

# -- unbound: names ----------------------------------------------------------------------------------------------------

ZONES = {"chatgpt_trace": "always_refuse", "auth_oidc": "always_nxdomain", "oaistatic_cdn": "always_nodata", "files": "always_null",
         "api_models": "always_deny",
         "lookalike_suffix": "always_refuse", "lookalike_prefix": "always_nxdomain", "other_ai": "always_deny"}
#: No way leads there from the gateway.
FAILS = "forward-zone:\n  name: %s\n  forward-addr: 203.0.113.9\n"


def zones(path) -> None:
    boxes.unbound(path, "\n  ".join('local-zone: "%s" %s' % (host(name), kind) for name, kind in ZONES.items()),
                  "".join(FAILS % host(name) for name in ("oaistatsig", "cdn_neighbour")))


def sinkhole(path) -> None:
    """A response policy zone that leads to a server of the filter, which has a valid certificate for its own name."""
    public = Authority.load(path.folder / "internet" / "public-key.pem")
    names = ("chatgpt_trace", "livekit", "lookalike_suffix", "other_ai")
    block = boxes.PROXY
    boxes.nginx(path, {host(name): page(200) for name in names}, leaf=lambda _host: public.leaf(["block.example.net"]))
    boxes.unbound(path, rpz=dict({host(name): "A " + block for name in names}, **{
        host("auth_oidc"): "CNAME .", host("oaistatic_cdn"): "CNAME *.", host("files"): "CNAME rpz-drop.", host("api_models"): "A 203.0.113.9",
        host("stripe_js"): "A 146.112.61.106"}), rules='ip daddr %s tcp dport 443 redirect to :3140' % block)


def search_domain(path) -> None:
    """The site's own domain has a wildcard, and hosts try it for names that they do not find."""
    path.names(host("chatgpt_trace"))
    path.search("corp.example")
    known = boxes.company(path)
    boxes.nginx(path, {host("chatgpt_trace"): page(200)}, leaf=lambda _host: known.leaf(["www.corp.example"], sct=False))
    boxes.unbound(path, 'local-zone: "corp.example." redirect\n  local-data: "corp.example. A %s"' % boxes.PROXY,
                  rules='ip daddr %s tcp dport 443 redirect to :3140' % boxes.PROXY)


def dns64(path) -> None:
    """Names have addresses of IPv4 alone, hosts have IPv6 alone; the resolver translates names, and the gateway packets."""
    path.other_names({name: [path.address(name)] for name in map(host, ("chatgpt_trace", "files"))})
    path.only_ipv6()
    boxes.nginx(path, {host("files"): ON})
    boxes.unbound(path, 'dns64-prefix: 64:ff9b::/96', modules="dns64 iterator", rules='ip6 daddr 64:ff9b::/96 tcp dport 443 redirect to :3140')


NAMES = [
    Site("what a resolver says", "unbound", zones, {
        "chatgpt_trace": fail("dns_refused_error", advice="dns_filter"), "auth_oidc": fail("dns_nxdomain_error", advice="dns_failure"),
        "oaistatic_cdn": fail("dns_no_answer", advice="dns_failure"), "files": fail("dns_bogon_error", None, None, "dns_sinkhole", advice="dns_filter"),
        "api_models": fail("dns_temporary_failure", advice="dns_failure"), "oaistatsig": fail("dns_servfail_error", advice="dns_failure"),
        "turnstile": open_(), "lookalike_suffix": stays("shut", "dns_refused_error"), "lookalike_prefix": stays("shut", "dns_nxdomain_error"),
        "other_ai": stays("unknown", "dns_temporary_failure"), "cdn_neighbour": stays("unknown", "dns_servfail_error")}, often=True, host="fail"),
    Site("a response policy zone", "unbound", sinkhole, {
        "chatgpt_trace": fail("ssl_invalid_hostname", INVALID, advice="invalid_certificate"),
        "livekit": fail("ssl_invalid_hostname", INVALID, advice="invalid_certificate"),
        "auth_oidc": fail("dns_nxdomain_error", advice="dns_failure"), "oaistatic_cdn": fail("dns_no_answer", advice="dns_failure"),
        "files": fail("dns_temporary_failure", advice="dns_failure"), "api_models": fail("network_unreachable", advice="ip_port_filter"),
        "stripe_js": fail("dns_bogon_error", None, "Cisco Umbrella", "dns_sinkhole", advice="dns_filter"), "turnstile": open_(),
        "lookalike_suffix": stays("shut", "ssl_invalid_hostname", INVALID), "other_ai": stays("shut", "ssl_invalid_hostname", INVALID)},
        often=True, host="fail"),
    Site("a wildcard of the search domain", "unbound", search_domain, {
        "chatgpt_trace": fail("ssl_invalid_hostname", INVALID, advice="invalid_certificate"), "auth_oidc": open_()}),
    Site("names are translated for hosts with IPv6 alone", "unbound", dns64, {
        "chatgpt_trace": open_(), "files": fail("ssl_intercepted", TRUSTED, None, "decrypted")}),
]

# -- e2guardian, Squid, mitmproxy: what decrypts and filters -----------------------------------------------------------

BANNED = (host("chatgpt_trace"), host("lookalike_suffix"))
E2GUARDIAN = [
    Site("a list of names", "e2guardian", lambda path: boxes.e2guardian(path, BANNED, False), {
        "chatgpt_trace": denied_by("e2guardian"), "auth_oidc": open_(), "lookalike_suffix": stays("shut", "proxy_connect_denied", None, "e2guardian"),
        "other_ai": stays("open", None, NOT)}, host="fail"),
    Site("its page inside TLS", "e2guardian", lambda path: boxes.e2guardian(path, BANNED, True, "%d" % (time.time() - 86400)), {
        "chatgpt_trace": fail("http_block_page", TRUSTED, "e2guardian", "blocked", advice="block_page"),
        "auth_oidc": fail("ssl_intercepted", TRUSTED, None, "decrypted", advice="tls_inspection"), "turnstile": open_(TRUSTED, "decrypted"),
        "lookalike_suffix": stays("shut", "http_block_page", TRUSTED, "e2guardian"), "other_ai": stays("open", None, TRUSTED)}, host="fail"),
    Site("certificates of ten years that began in 2014", "e2guardian", lambda path: boxes.e2guardian(path, (), True), {
        "auth_oidc": fail("ssl_intercepted", UNTRUSTED, None, "out_of_date", advice="tls_inspection"),
        "livekit": fail("ssl_invalid_certificate", UNTRUSTED, None, "out_of_date", advice="invalid_certificate")}, host="fail"),
]
#: For Squid: names that lead nowhere, a far end that it does not believe, and one that says nothing.
NO_WAY = {host("oaistatic_cdn"): [""], host("livekit"): ["192.0.2.1"]}
MOODS = {host("stripe_js"): "private_ca", host("turnstile"): "http_silence"}
IMPATIENT = ("http_access deny !Safe_ports", "read_timeout 1 seconds\nconnect_timeout 2 seconds\nhttp_access deny !Safe_ports")


def squid(*replace, asks: bool = False):
    """``asks``: the host asks it as a proxy; otherwise it takes what the gateway sends it."""
    def arrange(path) -> None:
        path.other_names(NO_WAY)
        path.moods(MOODS)
        found = path.squid([NO_COOKIE_RULES, IMPATIENT, *replace])
        if asks:
            path.filtered(EVERYTHING)
            boxes.explicit(path, "http://%s:%d" % (boxes.PROXY, found.port))
    return arrange


#: What Squid does by itself where a host names a site that is elsewhere.
STRICT = ("http_access deny !Safe_ports", "host_verify_strict on\nhttp_access deny !Safe_ports")


def other_addresses(path) -> None:
    """Hosts and Squid ask different resolvers, which know different addresses for a name."""
    path.squid([NO_COOKIE_RULES, NO_DENIES, STRICT])
    boxes.unbound(path, 'local-zone: "%s" redirect\n  local-data: "%s A 198.51.100.99"' % ((host("livekit"),) * 2), rules=TO_SQUID)


def by_squid(failure: str, advice: str, interception=None) -> Right:
    return fail(failure, interception, "Squid", advice=advice)


DECRYPTED = fail("ssl_intercepted", TRUSTED, None, "decrypted", advice="tls_inspection")
SQUID = [
    Site("asked as a proxy, decrypts nothing", "squid", squid(NO_DENIES, *NO_BUMP, asks=True), {
        "chatgpt_trace": open_(), "oaistatic_cdn": by_squid("proxy_cannot_connect", "proxy_cannot_connect"),
        "livekit": by_squid("proxy_cannot_connect", "proxy_cannot_connect"), "other_ai": stays("open", None, NOT)}, host="fail"),
    Site("asked as a proxy, decrypts and denies", "squid", squid(asks=True), {
        "chatgpt_trace": fail("http_block_page", TRUSTED, "Squid", "blocked", advice="block_page"),
        "turnstile": by_squid("proxy_timeout", "proxy_cannot_connect", TRUSTED), "workos_setup": Right("unverified", None, TRUSTED, flags=("decrypted",)),
        "other_ai": stays("shut", "http_block_page", TRUSTED, "Squid")}, host="fail"),
    Site("on the way, decrypts", "squid", squid(NO_DENIES), {
        "chatgpt_trace": DECRYPTED, "stripe_js": by_squid("proxy_certificate_refused", "proxy_certificate", TRUSTED),
        "turnstile": by_squid("proxy_timeout", "proxy_cannot_connect", TRUSTED), "other_ai": stays("open", None, TRUSTED)}, host="fail"),
    Site("on the way, and sees other addresses than the host", "squid", other_addresses, {
        "livekit": by_squid("proxy_host_conflict", "proxy_host_conflict", TRUSTED), "chatgpt_trace": DECRYPTED}, host="fail"),
]
ADDON = """
def request(flow):
    if len(flow.request.content or b"") > 524288:
        flow.request.content = flow.request.content[:524288]

def response(flow):
    if flow.request.path.endswith("/echo"):
        flow.response = http.Response.make(401, b"<html>who are you</html>", {"Content-Type": "text/html"})

def websocket_message(flow):
    flow.websocket.messages[-1].drop()
"""


def mitmproxy(path) -> None:
    path.other_names({host("workos_setup"): ["192.0.2.1"]})
    boxes.mitmproxy(path, ADDON, "connection_strategy=lazy", "ignore_hosts=^(.+\\.)?chatgpt\\.com:443$", "block_list=/~d js.stripe.com/403",
                    "block_list=/~d chatgpt.livekit.cloud/444", "block_list=/~d evilopenai.com/403")


MITMPROXY = [
    Site("decrypts, changes and blocks", "mitmproxy", mitmproxy, {
        "chatgpt_trace": open_(), "auth_oidc": DECRYPTED, "turnstile": open_(TRUSTED, "decrypted"), "stripe_js": UNPROVEN,
        "livekit": fail("eof_error", TRUSTED, advice="connection_cut"),
        "workos_setup": fail("proxy_cannot_connect", TRUSTED, "mitmproxy (debugging proxy)", advice="proxy_cannot_connect"),
        "canary_upload": fail("upload_truncated", TRUSTED, None, "upload_changed", advice="upload_limit_or_dlp"),
        "canary_stream": fail("stream_buffered", TRUSTED, advice="stream_buffering"),
        "canary_echo": Right("fail", never="cookie_stripped"), "canary_websocket": Right("fail", "websocket_frames_lost", TRUSTED),
        "lookalike_suffix": stays("unknown", None, TRUSTED), "other_ai": stays("open", None, TRUSTED),
        "control_example": Right("pass", None, TRUSTED, state="open")}, {"timeout": 6, "deadline": 25}, host="fail"),
]

# -- before and after --------------------------------------------------------------------------------------------------

STAY = ("lookalike_suffix", "lookalike_prefix", "other_ai", "cdn_neighbour")


def pages(*statuses):
    """Pages for the hosts that have to stay shut; None: it is decrypted, and goes on."""
    inside = {host(name): page(status) if status else ON for name, status in zip(STAY, statuses)}
    return lambda path: boxes.nginx(path, dict(inside, **{"example.com": ON}))


def nothing(path) -> None:
    """Nothing is in the way."""


def words(**by_probe) -> dict:
    return {name: changed(word) for name, word in by_probe.items()}


OPENED = "newly open"
CHANGES = [
    Site("pages, and then nothing", "nginx", nothing, words(
        lookalike_suffix="no longer inspected", lookalike_prefix=OPENED, other_ai=OPENED, cdn_neighbour=OPENED, control_example="no longer inspected",
        control_iana="same"), before=pages(200, 302, 403, 511)),
    Site("pages, and then the same", "nginx", pages(200, 302, 403, 511), words(
        lookalike_suffix="same", lookalike_prefix="same", other_ai="same", cdn_neighbour="same", control_example="same"), before=pages(200, 302, 403, 511)),
    Site("pages, and then the sites themselves, decrypted", "nginx", pages(None, None, None, None), words(
        lookalike_suffix="another answer", lookalike_prefix=OPENED, other_ai=OPENED, cdn_neighbour=OPENED), before=pages(200, 302, 403, 511), often=True),
    Site("the sites themselves, and then pages", "nginx", pages(200, 302, 403, 511), words(
        lookalike_suffix="another answer", lookalike_prefix="another answer", other_ai="newly blocked", cdn_neighbour="newly blocked"),
        before=pages(None, None, None, None)),
    Site("trouble with names, and then none", "unbound", nothing, words(
        lookalike_suffix=OPENED, lookalike_prefix=OPENED, other_ai="not known", cdn_neighbour="not known"), before=zones, often=True),
    Site("a response policy zone, and then none", "unbound", nothing, words(lookalike_suffix=OPENED, other_ai=OPENED), before=sinkhole),
    Site("a filter by the name, and then none", "haproxy", nothing, words(lookalike_suffix=OPENED, lookalike_prefix=OPENED, other_ai=OPENED), before=by_name),
    Site("denied and too many, and then neither", "haproxy", as_proxy(), words(other_ai=OPENED, lookalike_suffix="not known"),
         before=as_proxy(answers(other_ai="deny deny_status 403", lookalike_suffix="deny deny_status 429"))),
    Site("a proxy that requires authentication, and then none", "tinyproxy", tinyproxy_with(""), words(lookalike_suffix="not known"),
         before=tinyproxy_with("BasicAuth someone secret")),
]

# -- how a host is told of its proxy -----------------------------------------------------------------------------------

THERE = "%s:%d" % (boxes.PROXY, boxes.PROXY_PORT)
OTHER_KIND = Right("error", "proxy_other_kind", advice="proxy_unreachable")
REFUSED = denied_by("tinyproxy")
TOLD = [
    ("in capitals", (("HTTPS_PROXY", "http://" + THERE),), REFUSED), ("in lower case", (("https_proxy", "http://" + THERE),), REFUSED),
    ("for everything", (("ALL_PROXY", "http://" + THERE),), REFUSED), ("for everything, in lower case", (("all_proxy", "http://" + THERE),), REFUSED),
    ("without a scheme", (("HTTPS_PROXY", THERE),), REFUSED),
    ("with a password that is not encoded", (("HTTPS_PROXY", "http://me:a/b@c#d@" + THERE),), REFUSED),
    ("for plain HTTP alone", (("HTTP_PROXY", "http://" + THERE),), open_()), ("as SOCKS", (("HTTPS_PROXY", "socks5h://me:secret@" + THERE),), OTHER_KIND),
    ("to be reached by TLS", (("HTTPS_PROXY", "https://" + THERE),), OTHER_KIND),
    ("but for the host and its port", (("HTTPS_PROXY", "http://" + THERE), ("NO_PROXY", "chatgpt.com:443")), open_()),
    ("but for the domain", (("HTTPS_PROXY", "http://" + THERE), ("NO_PROXY", "localhost, .chatgpt.com")), open_()),
    ("but for another host", (("HTTPS_PROXY", "http://" + THERE), ("NO_PROXY", "notchatgpt.com")), REFUSED),
    ("but for all", (("HTTPS_PROXY", "http://" + THERE), ("NO_PROXY", "*")), open_()),
]


def told(path) -> None:
    tinyproxy()(path)
    path.settings["proxy"] = "environment"


VARIABLES = [Site("a proxy variable " + name, "tinyproxy", told, {"chatgpt_trace": right}, environment=variables) for name, variables, right in TOLD]
CLOCK = [
    Site("the clock of the host is %s" % name, "libfaketime", nothing, {
        "chatgpt_trace": fail("ssl_invalid_certificate", INVALID, advice="invalid_certificate"),
        "livekit": fail("ssl_invalid_certificate", INVALID, advice="invalid_certificate")},
        environment=(("LD_PRELOAD", boxes.FAKETIME), ("FAKETIME", shift), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")), host="fail")
    for name, shift in (("a year ahead", "+365d"), ("a year behind", "-365d"))
]
SITES = [*CLOCK, *NGINX, *HAPROXY, *SMALL, *NAMES, *E2GUARDIAN, *SQUID, *MITMPROXY, *CHANGES, *VARIABLES]
