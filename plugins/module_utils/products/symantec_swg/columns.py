# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of CPL: triggers, properties, layers and sections. What is not here keeps a rule from being sure. Pure.

The vendor publishes no schema. Layers, guards, sections and the common properties are in the Content Policy Language guide of SGOS 3 (pages 22 to 50, 70,
162) and in policy that the vendor's editor generated; names of SGOS 5.5 to 7 are remembered from the vendor's reference and were not read again. As of
28 November 2026. A column of a rule is a trigger with its equals sign, or a property without its brackets.
"""
from __future__ import annotations

from ansible_collections.netaccess.chatgpt.plugins.module_utils.rules.columns import Schema

#: Triggers that say what a request is about: its destination, a part of it, the reply. They leave nobody of an audience out.
WHERE = tuple("""
    url.domain url.host url.host.exact url.host.suffix url.host.prefix url.host.substring url.host.regex url.regex url url.address url.category category
    url.threat_risk.level url.extension url.path url.path.exact url.path.prefix url.path.suffix url.path.substring url.path.regex url.query.regex url.port
    url.scheme url.host.is_numeric url.host.is_private url.host.has_name url.host.no_name url.is_absolute server_url server_url.domain server_url.host
    server_url.category server_url.address server_url.port server_url.regex server_url.scheme server_url.path raw_url.host raw_url.regex raw_url.port
    raw_url.path server.certificate.hostname server.certificate.hostname.exact server.certificate.hostname.substring server.certificate.hostname.suffix
    server.certificate.hostname.prefix server.certificate.hostname.regex server.certificate.hostname.category server.certificate.subject
    client.connection.ssl_server_name request.application.name request.application.operation request.application.group condition dns.request.name
    dns.request.category dns.request.type dns.request.class dns.request.opcode dns.request.address dns.response.a dns.response.aaaa dns.response.cname
    dns.response.ptr dns.response.code supplier.country http.method http.method.custom http.method.regex http.x_method
    http.connect http.request.version http.request_line.regex http.request.apparent_data_type http.response.apparent_data_type http.response.code
    http.response.version http.response.data http.websocket response.header.name response.x_header.name response.raw_headers.regex tunneled
    transaction.type streaming.client streaming.content virus_detected icap_error_code data_leak_detected exception.id live bitrate
""".split())
#: Triggers that may leave a part of an audience out: people, their devices and ways, times, chance.
WHO = tuple("""
    client.address client.effective_address client.effective_address.country client.address.login.count client.host client.host.has_name client.protocol
    client.interface client.connection.dscp client.connection.negotiated_cipher client.connection.negotiated_cipher.strength
    client.connection.negotiated_ssl_version client.certificate.common_name client.certificate.subject client.certificate.requested group user user.domain
    user.regex user.is_guest user.login.address user.login.count user.login.time user.authentication_error user.authorization_error user.x509.issuer
    user.x509.subject user.x509.serialnumber authenticated realm attribute.name has_attribute.name ldap.attribute.name session-monitor.attribute.name
    http.transparent_authentication proxy.address proxy.port proxy.card service.name service.group source.port socks socks.version socks.method tenant
    risk_score time hour minute day weekday month year date request.header.name request.header.name.address request.header.referer.url.domain
    request.header.referer.url.category request.header.user-agent request.x_header.name request.raw_headers.regex ssl.proxy_mode ftp.method p2p.client
    im.client health_check has_client random release.id release.version admin.access console_access content_management
""".split())
#: Those that the judge evaluates, whom and what they are about.
PEOPLE = ("client.address", "group", "user")
HOSTS = ("url.domain", "server_url.domain", "url.host", "url.host.exact", "url.host.suffix", "url", "server.certificate.hostname",
         "server.certificate.hostname.exact")
CATEGORIES = ("category", "server.certificate.hostname.category")
CONDITION, PORT = "condition", "url.port"
EVALUATED = PEOPLE + HOSTS + CATEGORIES + (CONDITION, PORT)

#: Properties that decide about access. They set one property, so the last one counts; what begins with force_ is never overridden (pages 70, 178).
VERDICTS = ("allow", "deny", "exception", "force_deny", "force_exception", "deny.unauthorized")
#: Properties that may block a host whatever is allowed, each with the value that disables it.
DOUBTFUL = {"terminate_connection": "no", "access_server": "yes", "request.filter_service": "no", "client.certificate.require": "no",
            "client.certificate.validate": "no", "deny.unauthorized": None, "dns.respond": None, "dns.respond.a": None, "tenant": None}
#: Properties that limit which requests the rules below are about.
_LIMITING = ("client.effective_address", "supplier.allowed_countries")
INTERCEPT = "ssl.forward_proxy"
#: Properties that call a definition, each with a name behind the dot.
ACTION, POLICY = "action", "policy"
#: Properties that block nobody: the sign-in of people who can sign in, routes, caches, logs, what is done with content.
_OTHER = tuple("""
    ok authenticate authenticate.force authenticate.mode authenticate.guest check_authorization socks.authenticate ssl.forward_proxy.issuer_keyring
    ssl.forward_proxy.hostname ssl.forward_proxy.splash_text server.certificate.validate server.certificate.validate.ignore
    server.certificate.validate.check_revocation server.connection.client_keyring detect_protocol force_protocol request.icap_service
    response.icap_service response.icap_feedback forward forward.fail_open socks_gateway reflect_ip direct limit_bandwidth patience_page cache
    bypass_cache delete_on_abandonment access_log trace.request log_message notify_email
""".split())
#: Properties that hand decrypted content to a scanner, and triggers that inspect it: the controls that an exemption removes.
SCANS = {"response.icap_service": ("av", "icap"), "request.icap_service": ("dlp", "icap")}
LOOKS = {"request.application.name=": "app_control", "request.application.group=": "app_control", "request.application.operation=": "casb",
         "data_leak_detected=": "dlp", "http.request.apparent_data_type=": "file_control", "http.response.apparent_data_type=": "file_control"}

#: Layers that decide about access, and about decryption.
PROXY, SSL, SSL_INTERCEPT = "proxy", "ssl", "ssl-intercept"
#: Layers that nothing goes through that a proxy forwards: the console, and pages of errors.
ASIDE = ("admin", "exception")
#: Layers that may block as well; whether they do is confirmed of none.
_MAY_SHUT = ("cache", "forward", "dns-proxy", "tenant", "diagnostic", "encrypted-tap")
LAYERS = (PROXY, SSL, SSL_INTERCEPT) + ASIDE + _MAY_SHUT
#: Sections whose lines begin with a pattern, and the plain one.
PATTERN_SECTIONS = ("url", "url.domain", "url.host", "url.regex", "server_url.domain")
SECTIONS = ("rule",) + PATTERN_SECTIONS

RULE = Schema(limits={**{"%s=" % name: () for name in WHERE + WHO}, **{name: () for name in _LIMITING}},
              others=frozenset(VERDICTS + tuple(DOUBTFUL) + (INTERCEPT, ACTION, POLICY) + _OTHER))
