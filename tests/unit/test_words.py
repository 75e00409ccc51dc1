# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What browsers call a request that failed: each word as one writes it, and what it means. Without a row of the table a word here is red."""
from __future__ import annotations

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.har import conclusion, words
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import isolation

UNKNOWN = ("http", "unknown_failure")
LET_GO, RULE, TOOLS, PLACE = ("page", "let_go"), ("page", "rule_of_the_page"), ("page", "developer_tools"), ("page", "address_of_the_page")
EXTENSION, POLICY, FIREWALL, OFFLINE = ("browser", "browser_extension"), ("browser", "browser_policy"), ("host", "local_firewall"), ("host", "offline")
NAME, BOGON, CONNECT, PROXY = ("dns", "dns_nxdomain_error"), ("dns", "dns_bogon_error"), ("tcp", "connection_aborted"), ("proxy", "proxy_connect_failed")
RESET, LATE, NO_PROXY_USER = ("tcp", "connection_reset"), ("tcp", "generic_timeout_error"), ("proxy", "proxy_auth_required")
DENIED, UNTRUSTED, CERTIFICATE = ("proxy", "proxy_connect_denied"), ("tls", "ssl_unknown_authority"), ("tls", "ssl_invalid_certificate")
OTHER_NAME, HANDSHAKE, CUT = ("tls", "ssl_invalid_hostname"), ("tls", "ssl_failed_handshake"), ("http", "eof_error")
LOOP, NO_HTTP, CODED = ("http", "redirect_loop"), ("http", "http_request_failed"), ("http", "http_content_type_mismatch")

CHROMIUM = {
    "net::ERR_ABORTED": LET_GO, "WebSocket is closed before the connection is established.": LET_GO,
    "Error during WebSocket handshake: Unexpected response code: 403": ("application", "websocket_upgrade_refused"),
    "net::ERR_BLOCKED_BY_CLIENT.Inspector": TOOLS, "net::ERR_BLOCKED_BY_CLIENT": EXTENSION, "net::ERR_BLOCKED_BY_ADMINISTRATOR": POLICY,
    "net::ERR_BLOCKED_IN_INCOGNITO_BY_ADMINISTRATOR": POLICY, "net::ERR_BLOCKED_ENROLLMENT_CHECK_PENDING": POLICY,
    "net::ERR_BLOCKED_BY_PRIVATE_NETWORK_ACCESS_CHECKS": BOGON, "net::ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS": BOGON,
    "net::ERR_BLOCKED_BY_CSP": RULE, "csp": RULE, "mixed-content": RULE, "origin": RULE, "corp-not-same-origin": RULE,
    "coep-frame-resource-needs-coep-header": RULE, "inspector": TOOLS, "net::ERR_CACHE_MISS": ("page", "cache"),
    "net::ERR_NETWORK_CHANGED": ("page", "network_changed"), "net::ERR_NETWORK_IO_SUSPENDED": ("page", "network_changed"),
    "net::ERR_TEMPORARILY_THROTTLED": ("page", "throttled_by_browser"), "net::ERR_UNKNOWN_URL_SCHEME": PLACE, "net::ERR_DISALLOWED_URL_SCHEME": PLACE,
    "net::ERR_INVALID_URL": PLACE, "net::ERR_UNSAFE_PORT": PLACE, "net::ERR_UNSAFE_REDIRECT": PLACE,
    "net::ERR_FILE_NOT_FOUND": ("page", "file_of_this_machine"),
    "net::ERR_UPLOAD_FILE_CHANGED": ("page", "file_of_this_machine"), "net::ERR_ACCESS_DENIED": FIREWALL, "net::ERR_NETWORK_ACCESS_DENIED": FIREWALL,
    "net::ERR_NETWORK_ACCESS_REVOKED": FIREWALL, "net::ERR_INTERNET_DISCONNECTED": OFFLINE, "net::ERR_INSUFFICIENT_RESOURCES": ("host", "no_resources"),
    "net::ERR_CONNECTION_REFUSED": ("tcp", "connection_refused"), "net::ERR_CONNECTION_RESET": RESET, "net::ERR_CONNECTION_CLOSED": ("tls", "eof_error"),
    "net::ERR_CONNECTION_TIMED_OUT": LATE, "net::ERR_TIMED_OUT": ("http", "generic_timeout_error"), "net::ERR_CONNECTION_FAILED": CONNECT,
    "net::ERR_CONNECTION_ABORTED": CONNECT, "net::ERR_ADDRESS_UNREACHABLE": ("tcp", "host_unreachable"),
    "net::ERR_NETWORK_UNREACHABLE": ("tcp", "network_down"),
    "net::ERR_PROXY_AUTH_UNSUPPORTED": NO_PROXY_USER, "net::ERR_UNEXPECTED_PROXY_AUTH": NO_PROXY_USER, "net::ERR_TUNNEL_CONNECTION_FAILED": DENIED,
    "net::ERR_PROXY_CONNECTION_FAILED": PROXY, "net::ERR_MANDATORY_PROXY_CONFIGURATION_FAILED": PROXY, "net::ERR_PAC_SCRIPT_FAILED": PROXY,
    "net::ERR_NO_SUPPORTED_PROXIES": PROXY, "net::ERR_SOCKS_CONNECTION_FAILED": PROXY, "net::ERR_CERT_AUTHORITY_INVALID": UNTRUSTED,
    "net::ERR_CERT_SYMANTEC_LEGACY": UNTRUSTED, "net::ERR_CERT_KNOWN_INTERCEPTION_BLOCKED": UNTRUSTED, "net::ERR_CERT_COMMON_NAME_INVALID": OTHER_NAME,
    "net::ERR_CERT_DATE_INVALID": CERTIFICATE, "net::ERR_CERTIFICATE_TRANSPARENCY_REQUIRED": CERTIFICATE,
    "net::ERR_SSL_PINNED_KEY_NOT_IN_CERT_CHAIN": ("tls", "ssl_pin_mismatch"), "net::ERR_ECH_FALLBACK_CERTIFICATE_INVALID": ("tls", "ech_refused"),
    "net::ERR_SSL_PROTOCOL_ERROR": HANDSHAKE, "net::ERR_BAD_SSL_CLIENT_AUTH_CERT": HANDSHAKE, "net::ERR_QUIC_PROTOCOL_ERROR": ("quic", "quic_failed"),
    "net::ERR_EMPTY_RESPONSE": CUT, "net::ERR_INCOMPLETE_CHUNKED_ENCODING": CUT, "net::ERR_CONTENT_LENGTH_MISMATCH": CUT,
    "net::ERR_HTTP2_PING_FAILED": CUT,
    "net::ERR_HTTP_1_1_REQUIRED": CUT, "net::ERR_RESPONSE_HEADERS_TRUNCATED": CUT, "net::ERR_CONTENT_DECODING_FAILED": CODED,
    "net::ERR_INVALID_HTTP_RESPONSE": NO_HTTP, "net::ERR_INVALID_CHUNKED_ENCODING": NO_HTTP, "net::ERR_TOO_MANY_REDIRECTS": LOOP,
    "net::ERR_NAME_NOT_RESOLVED": NAME, "net::ERR_NAME_RESOLUTION_FAILED": ("dns", "dns_temporary_failure"), "net::ERR_ICANN_NAME_COLLISION": BOGON,
    "net::ERR_DNS_TIMED_OUT": ("dns", "dns_server_misbehaving"), "net::ERR_OUT_OF_MEMORY": ("host", "no_resources"),
    "WebSocket connection to 'wss://ws.chatgpt.com/' failed: Error in connection establishment: net::ERR_CONNECTION_RESET": RESET,
    "Connection closed before receiving a handshake response": ("application", "websocket_upgrade_refused"),
    "WebSocket connection to 'wss://ws.chatgpt.com/' failed: WebSocket opening handshake timed out": ("application", "websocket_upgrade_refused"),
    "net::ERR_INVALID_AUTH_CREDENTIALS": NO_PROXY_USER, "net::ERR_MISSING_AUTH_CREDENTIALS": NO_PROXY_USER,
    "net::ERR_UNSUPPORTED_AUTH_SCHEME": NO_PROXY_USER, "net::ERR_MISCONFIGURED_AUTH_ENVIRONMENT": NO_PROXY_USER,
    "net::ERR_ADDRESS_INVALID": BOGON, "net::ERR_SOCKET_NOT_CONNECTED": CONNECT, "net::ERR_TLS13_DOWNGRADE_DETECTED": HANDSHAKE,
    "net::ERR_CT_CONSISTENCY_PROOF_PARSING_FAILED": CERTIFICATE, "net::ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH": NO_HTTP,
    "net::ERR_INVALID_RESPONSE": NO_HTTP, "net::ERR_WS_UPGRADE": ("application", "websocket_upgrade_refused"), "net::ERR_FAILED": UNKNOWN,
    "ERR": UNKNOWN, "CONNECTION_RESET": UNKNOWN,
}
FIREFOX = {
    "NS_BINDING_ABORTED": LET_GO, "NS_ERROR_ABORT": LET_GO, "NS_ERROR_DOM_BAD_URI": RULE, "NS_ERROR_CONTENT_BLOCKED": RULE,
    "NS_ERROR_CORRUPTED_CONTENT": CUT,
    "NS_ERROR_TRACKING_URI": EXTENSION, "NS_ERROR_FINGERPRINTING_URI": EXTENSION, "NS_ERROR_CRYPTOMINING_URI": EXTENSION,
    "NS_ERROR_SOCIALTRACKING_URI": EXTENSION, "NS_ERROR_BLOCKED_BY_POLICY": POLICY, "NS_ERROR_OFFLINE": OFFLINE, "NS_ERROR_UNKNOWN_HOST": NAME,
    "NS_ERROR_UNKNOWN_PROXY_HOST": PROXY, "NS_ERROR_PROXY_AUTHENTICATION_FAILED": NO_PROXY_USER, "NS_ERROR_PROXY_FORBIDDEN": DENIED,
    "NS_ERROR_PROXY_UNAVAILABLE_FOR_LEGAL_REASONS": DENIED, "NS_ERROR_PROXY_BAD_GATEWAY": ("proxy", "proxy_cannot_connect"),
    "NS_ERROR_PROXY_GATEWAY_TIMEOUT": ("proxy", "proxy_timeout"), "NS_ERROR_PROXY_CONNECTION_REFUSED": PROXY,
    "NS_ERROR_CONNECTION_REFUSED": ("tcp", "connection_refused"), "NS_ERROR_NET_RESET": RESET, "NS_ERROR_NET_TIMEOUT": LATE,
    "NS_ERROR_NET_TIMEOUT_EXTERNAL": LATE, "NS_ERROR_NET_INTERRUPT": CUT, "NS_ERROR_NET_PARTIAL_TRANSFER": CUT, "NS_ERROR_NET_EMPTY_RESPONSE": CUT,
    "NS_ERROR_NET_INADEQUATE_SECURITY": HANDSHAKE, "NS_ERROR_NET_HTTP3_PROTOCOL_ERROR": ("quic", "quic_failed"), "NS_ERROR_NET_HTTP2_SENT_GOAWAY": CUT,
    "NS_ERROR_REDIRECT_LOOP": LOOP, "SEC_ERROR_UNKNOWN_ISSUER": UNTRUSTED, "SEC_ERROR_UNTRUSTED_ISSUER": UNTRUSTED,
    "MOZILLA_PKIX_ERROR_MITM_DETECTED": UNTRUSTED, "MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT": UNTRUSTED,
    "MOZILLA_PKIX_ERROR_KEY_PINNING_FAILURE": ("tls", "ssl_pin_mismatch"), "SSL_ERROR_BAD_CERT_DOMAIN": OTHER_NAME,
    "SEC_ERROR_EXPIRED_CERTIFICATE": CERTIFICATE,
    "MOZILLA_PKIX_ERROR_NOT_YET_VALID_CERTIFICATE": CERTIFICATE, "SSL_ERROR_NO_CYPHER_OVERLAP": HANDSHAKE,
}
SAFARI = {
    "cancelled": LET_GO, "canceled": LET_GO, "Load request cancelled": LET_GO, "Blocked by Web Inspector": TOOLS,
    "The URL was blocked by a content blocker": EXTENSION, "The URL was blocked by a content filter": POLICY,
    "A server with the specified hostname could not be found.": NAME, "Could not resolve hostname": NAME, "Couldn't resolve host name": NAME,
    "Error resolving \u201cchatgpt.com\u201d: Name or service not known": NAME, "The Internet connection appears to be offline.": OFFLINE,
    "Could not connect to the server.": CONNECT, "Couldn't connect to server": CONNECT, "Could not connect to server": CONNECT,
    "The network connection was lost.": RESET, "Connection reset by peer": RESET, "Connection terminated unexpectedly": RESET, "The request timed out.": LATE,
    "The certificate for this server is invalid. You might be connecting to a server that is pretending to be \u201cchatgpt.com\u201d.": CERTIFICATE,
    "The certificate for this server was signed by an unknown certifying authority.": UNTRUSTED, "Unacceptable TLS certificate": CERTIFICATE,
    "SSL peer certificate or SSH remote key was not OK": CERTIFICATE, "Peer certificate cannot be authenticated with given CA certificates": UNTRUSTED,
    "A TLS error caused the secure connection to fail.": HANDSHAKE, "SSL connect error": HANDSHAKE,
    "An SSL error has occurred and a secure connection to the server cannot be made.": HANDSHAKE,
    "There was a problem communicating with the web proxy server (HTTP).": PROXY,
    "There was a problem communicating with the secure web proxy server (HTTPS).": PROXY,
    "Timeout was reached": LATE, "Operation timed out after 30000 milliseconds": LATE, "Server returned nothing (no headers, no data)": CUT,
    "Failure when receiving data from the peer": CUT, "too many HTTP redirects": LOOP, "cannot parse response": NO_HTTP, "cannot decode raw data": CODED,
}
#: The same sentences as people saw them on machines that speak another language.
TRANSLATED = {
    **dict.fromkeys((
        "annulé.", "Abgebrochen.", "キャンセルしました.", "已取消."), LET_GO),
    **dict.fromkeys((
        "Es wurde kein Server mit dem angegebenen Hostnamen gefunden.", "Impossible de trouver un serveur avec le nom d\u2019hôte spécifié.",
        "Impossibile trovare un server con il nome host specificato.", "未能找到使用指定主机名的服务器.", "指定されたホスト名のサーバが見つかりませんでした."), NAME),
    **dict.fromkeys((
        "La connexion Internet semble interrompue.", "Internetanslutningen verkar vara nedkopplad.", "似乎已断开与互联网的连接.",
        "يبدو أنه لا يوجد اتصال بالإنترنت."), OFFLINE),
    **dict.fromkeys((
        "Impossible de se connecter au serveur.", "Verbindung zum Server konnte nicht hergestellt werden.", "Не удалось подключиться к серверу.",
        "无法连接服务器."), CONNECT),
    **dict.fromkeys((
        "A conexão de rede foi perdida.", "A hálózati kapcsolat megszakadt.", "A ligação de rede foi cortada.", "Ağ bağlantısı kesildi.",
        "Conexiunea de rețea a fost pierdută.", "De netwerkverbinding is verbroken.", "Die Netzwerkverbindung wurde unterbrochen.",
        "La conexión de red se ha perdido.", "La conexión de red se perdió.", "La connessione è stata persa.", "La connexion réseau a été perdue.",
        "La connexió de xarxa s\u2019ha perdut.", "Mistet nettverksforbindelsen.", "Netværksforbindelsen gik tabt.", "Nätverksanslutningen förlorades.",
        "Połączenie sieciowe zostało przerwane.", "Veza s mrežom je prekinuta.", "Đã mất kết nối mạng.", "Сетевое соединение потеряно.",
        "החיבור לרשת אבד.", "تم فقدان اتصال الشبكة.", "ネットワーク接続が切れました.", "網絡連線中斷.", "網路連線中斷."), RESET),
    **dict.fromkeys((
        "Begäran nådde en maxtidsgräns.", "Esgotou-se o tempo limite da solicitação.", "Il tempo di attesa della richiesta è scaduto.",
        "La requête a expiré.", "Przekroczenie limitu czasu żądania.", "Se agotó el tiempo de espera.", "Se ha agotado el tiempo de espera.",
        "Tempo di richiesta scaduto.", "Temps esgotat per a la sol·licitud.", "Zeitüberschreitung bei der Anforderung.",
        "Превышен лимит времени на запрос.", "انتهت مهلة الطلب.", "要求逾時.", "请求超时.", "요청한 시간이 초과되었습니다."), LATE),
    **dict.fromkeys((
        "Das Zertifikat für diesen Server ist ungültig. Eventuell wirst du mit einem Server verbunden, der sich als „chatgpt.com\u201c ausgibt.",
        "Le certificat de ce serveur n\u2019est pas valide.", "このサーバの証明書は無効です.", "此服务器的证书无效."), CERTIFICATE),
    **dict.fromkeys((
        "Es ist ein SSL-Fehler aufgetreten.", "发生了SSL错误."), HANDSHAKE),
}
BROWSERS = (CHROMIUM, FIREFOX, SAFARI, TRANSLATED)


@pytest.mark.parametrize("word,meaning", [item for browser in BROWSERS for item in browser.items()], ids=lambda value: value if isinstance(value, str) else "")
def test_a_word_of_a_browser(word, meaning):
    assert words.meaning(word)[:2] == words.meaning("  %s " % word)[:2] == meaning
    assert not word.isascii() or words.meaning(word.upper())[:2] == meaning


def test_what_is_told_of_a_word():
    """A constant as it is, of a sentence what the table has of it."""
    for word, told in ((" net::ERR_HTTP2_PING_FAILED ", "net::ERR_HTTP2_PING_FAILED"), ("cancelled by alice", "cancelled"),
                       ("net::ERR_HTTP2_alice", "net::ERR_HTTP2_"), ("alice", "an unknown error")):
        assert words.meaning(word)[2] == told


def test_no_row_of_the_table_can_be_left_out(monkeypatch):
    table, needless = words._BROWSERS, []
    known = {word.lower(): meaning for browser in BROWSERS for word, meaning in browser.items()}
    for place, browser in enumerate(table):
        for number, row in enumerate(browser["rows"]):
            shorter = dict(browser, rows=browser["rows"][:number] + browser["rows"][number + 1:])
            monkeypatch.setattr(words, "_BROWSERS", table[:place] + [shorter] + table[place + 1:])
            own = [word for word in known if (browser.get("begins", "") + row[0]).lower() in word]
            if all(words.meaning(word)[:2] == known[word] for word in own):
                needless.append(row)
    assert needless == []


def test_what_a_word_means_can_be_said_and_has_a_remedy():
    for layer, failure in {meaning for browser in BROWSERS for meaning in browser.values()} - {UNKNOWN}:
        if layer == words.PAGE:
            continue
        check = {"flags": [], "verdict": "fail", "failure": failure, "layer": layer, "interception": None}
        assert isolation.sub_verdict(check) in set(isolation.REMEDIES) - {"unknown"}
        assert conclusion.say(failure, None) != failure.replace("_", " "), failure
