# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Establishing a connection: the certificate that a task pins, and in words why there is no connection and what to do.

Whatever fails here, nothing of a request was sent, so nothing was done.
"""
from __future__ import annotations

import hashlib
import os
import re
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import REFUSED, AccessError
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.bounded import Unresolved

try:
    import urllib3.exceptions
except ImportError:
    urllib3 = None

CA_PATH = "ca_path (access_ca_path in the role)"
PROXY = "proxy (access_proxy in the role)"
FINGERPRINT = "certificate_fingerprint (access_certificate_fingerprint in the role)"
_PORT = "port (access_<product>_port in the role)"
_PIN = "or set %s to the SHA-256 fingerprint that the device itself shows" % FINGERPRINT
_ANEW = "have a new certificate issued, %s" % _PIN
# OpenSSL's X509_V_ERR codes. The last ones are those that VERIFY_X509_STRICT adds, which Python sets from 3.13 on.
_EARLY, _EXPIRED, _SELF_SIGNED, _UNKNOWN, _OTHER_NAME, _STRICT = (9,), (10,), (18,), (2, 19, 20, 21, 27), (62, 63, 64), range(79, 94)
#: OpenSSL's reasons for bytes that are not TLS, by its releases.
_NO_TLS = ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "BAD_RECORD_TYPE")
_TIMEOUTS = (socket.timeout, TimeoutError)


class NotConnected(Exception):
    """No connection was established. ``proxy``: host and port of the one that the connection goes through, else None."""

    def __init__(self, cause: Exception, proxy: str | None):
        super().__init__()
        self.cause, self.proxy = cause, proxy


class OtherCertificate(Exception):
    """The certificate is not the pinned one. ``seen``: its fingerprint, None if there is no TLS."""

    def __init__(self, seen: str | None):
        super().__init__()
        self.seen = seen


@dataclass(frozen=True)
class Reason:
    """Why there is no connection. ``again``: whether a retry may help."""

    text: str
    again: bool = False


def fingerprint(text: str | None) -> str | None:
    """A SHA-256 fingerprint, with or without colons, as 64 digits. :raises AccessError: if it is not one."""
    if text is None:
        return None
    digits = re.sub(r"[\s:]", "", re.sub(r"^sha-?256[:=\s]", "", text.strip().lower()))
    if not re.fullmatch("[0-9a-f]{64}", digits):
        raise AccessError(REFUSED, "%s must be a SHA-256 fingerprint: 64 hexadecimal digits, with or without colons" % FINGERPRINT)
    return digits


def check_urls(base: str, proxy: str | None) -> None:
    """:raises AccessError: for a user in the URL of the API, and for a proxy that Requests would parse differently; neither is repeated."""
    if "@" in base:
        raise AccessError(REFUSED, "the API URL contains credentials: remove them, and set the options for credentials")
    if proxy is None:
        return
    parts = urlsplit(proxy if "://" in proxy else "http://" + proxy)
    try:
        good = bool(parts.hostname) and parts.port is not False and "@" not in parts.path + parts.query + parts.fragment and parts.netloc.count("@") < 2
    except ValueError:
        good = False
    if not good:
        raise AccessError(REFUSED, "%s must have the form http://host:port or http://user:password@host:port; encode @, / and : in the password as "
                                   "%%40, %%2F and %%3A" % PROXY)


def check_authorities(path: str) -> None:
    """:raises AccessError: if ``path`` holds no CA certificate; Requests would report it only in the middle of a run."""
    try:
        folder = os.path.isdir(path)
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(None if folder else path, path if folder else None)
    except ssl.SSLError:
        raise AccessError(REFUSED, "%s: %s contains no PEM certificate" % (CA_PATH, path)) from None
    except OSError as error:
        raise AccessError(REFUSED, "%s: %s cannot be read (%s)" % (CA_PATH, path, error.strerror)) from None


def checked(pinned: str | None) -> type:
    """For ``bounded.adapter``: a connection that cannot be established raises NotConnected, and the certificate is compared before anything is sent."""
    class Checked:
        def connect(self):
            try:
                super().connect()
                if pinned:
                    _compare(self, pinned)
            except Exception as error:
                self.close()
                raise NotConnected(error, "%s:%s" % (self.proxy.host, self.proxy.port) if getattr(self, "proxy", None) else None) from error
    return Checked


def _compare(connection, pinned: str) -> None:
    """:raises OtherCertificate:"""
    certificate = getattr(connection.sock, "getpeercert", lambda _binary: None)(True)
    seen = hashlib.sha256(certificate).hexdigest() if certificate else None
    if seen != pinned:
        raise OtherCertificate(seen)
    # Otherwise each request warns about an unverified certificate.
    connection.is_verified = True


def reason(failure: NotConnected, at: str, seconds: float, ca_path: str | None) -> Reason:
    """What happened, where, and what to do. ``at``: host and port; ``seconds``: the time that was waited."""
    cause = failure.cause
    if failure.proxy and not isinstance(cause, (ssl.SSLError, OtherCertificate)) and not _handshake_timeout(cause):
        return _of_proxy(cause, failure.proxy, at, seconds)
    if isinstance(cause, OtherCertificate):
        seen = "has the fingerprint %s" % cause.seen if cause.seen else "is missing, because the connection does not use TLS"
        return Reason("the certificate of %s is not the pinned one: it %s. Compare that with the fingerprint that the device itself shows, and correct %s" % (
            at, seen, FINGERPRINT))
    if isinstance(cause, ssl.CertificateError):
        return Reason(_of_certificate(cause, at, ca_path))
    if _handshake_timeout(cause):
        return Reason("%s accepts the connection but does not complete the TLS handshake within %.0f s: check that the HTTPS API uses this %s, and "
                      "that no device on the path inspects TLS" % (at, seconds, _PORT), again=True)
    if isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError, BrokenPipeError)):
        return Reason("%s aborts the TLS handshake: check the %s, and whether the device accepts connections from this address" % (at, _PORT), again=True)
    if isinstance(cause, ssl.SSLError):
        if getattr(cause, "reason", None) in _NO_TLS or "record layer failure" in str(cause).lower():
            return Reason("%s answers without TLS, as plain HTTP or another service does: set %s to the port of the HTTPS API" % (at, _PORT))
        return Reason("the TLS handshake with %s failed (%s): the device offers no TLS version or cipher that this Python supports, or it requires a "
                      "client certificate" % (at, _words(cause)))
    return _of_network(cause, at, seconds)


def _of_certificate(error: ssl.CertificateError, at: str, ca_path: str | None) -> str:
    code, words = getattr(error, "verify_code", None), getattr(error, "verify_message", None) or "it does not match the name"
    if code in _EXPIRED:
        return "the certificate of %s, or of a CA above it, has expired: %s" % (at, _ANEW)
    if code in _EARLY:
        return "the certificate of %s, or of a CA above it, is not valid yet: check the clocks of the device and of the host where the module runs" % at
    if code in _SELF_SIGNED:
        return "the certificate of %s is self-signed and not trusted here: set %s to a file that contains it, %s" % (at, CA_PATH, _PIN)
    if code in _UNKNOWN:
        known = "no CA in %s issued it: add the issuing CA to %s" % (ca_path, CA_PATH) if ca_path else \
            "the issuing CA is not trusted here: set %s to a file with its certificate" % CA_PATH
        return "the certificate of %s is not accepted: %s, %s (%s)" % (at, known, _PIN, words)
    # Releases of urllib3 that compare names themselves report no code.
    if code in _OTHER_NAME or code is None:
        return "the certificate of %s does not contain the name or address used to reach it, or it has no subjectAltName at all: use a name from the " \
            "certificate, %s" % (at, _ANEW)
    if code in _STRICT:
        return "the certificate of %s, or of a CA above it, violates RFC 5280, which Python enforces since 3.13 (%s): %s" % (at, words, _ANEW)
    return "the certificate of %s is not accepted (%s): %s" % (at, words, _ANEW)


def _of_proxy(cause: Exception, proxy: str, at: str, seconds: float) -> Reason:
    told = re.search(r"Tunnel connection failed: (\d{3})", str(cause))
    if not told:
        why = _of_network(cause, proxy, seconds, "port of the proxy").text
        return Reason("the proxy %s for %s cannot be used: %s (%s)" % (proxy, at, why, PROXY), again=True)
    if told.group(1) == "407":
        return Reason("the proxy %s requires authentication to reach %s (HTTP 407): check %s" % (proxy, at, PROXY))
    return Reason("the proxy %s denies this host access to %s (HTTP %s): allow it there, or set another %s" % (proxy, at, told.group(1), PROXY), again=True)


def _of_network(cause: Exception, at: str, seconds: float, port: str = "%s, and that the API is enabled" % _PORT) -> Reason:
    inner = _innermost(cause)
    if isinstance(inner, Unresolved):
        return Reason("the name of %s did not resolve within %.0f s where the module runs: check the DNS servers there" % (at, seconds), again=True)
    if isinstance(inner, socket.gaierror):
        return Reason("the name of %s does not resolve where the module runs (%s): check the name and the DNS servers" % (at, inner.strerror), again=True)
    if isinstance(inner, ConnectionRefusedError):
        return Reason("%s refuses the connection (%s), so nothing listens there: check the %s" % (
            at, inner.strerror, port), again=True)
    if isinstance(inner, _TIMEOUTS) or isinstance(cause, urllib3.exceptions.ConnectTimeoutError):
        return Reason("%s does not answer within %.0f s: check the address, the route, the firewalls on the path, and the %s" % (
            at, seconds, port), again=True)
    return Reason("%s cannot be reached (%s)" % (at, _words(inner)), again=True)


def _handshake_timeout(cause: Exception) -> bool:
    """TCP was established, and TLS was not: urllib3 has its own class for a timeout of TCP."""
    return isinstance(cause, _TIMEOUTS)


def _innermost(error: BaseException) -> BaseException:
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return error


def _words(error: BaseException) -> str:
    """The words of the operating system or OpenSSL, which contain nothing of a request."""
    return getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
