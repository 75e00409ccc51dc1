# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures of sockets, resolvers and TLS as the words that OONI uses (ooni/spec, df-007-errors), with a few of our own."""
from __future__ import annotations

import errno
import http.client
import socket
import ssl

TIMEOUT = "generic_timeout_error"

_ERRNO = {
    errno.ECONNREFUSED: "connection_refused",
    errno.ECONNRESET: "connection_reset",
    errno.ECONNABORTED: "connection_aborted",
    errno.EPIPE: "connection_reset",
    errno.EHOSTUNREACH: "host_unreachable",
    errno.ENETUNREACH: "network_unreachable",
    errno.ENETDOWN: "network_down",
    errno.ETIMEDOUT: TIMEOUT,
}
_RESOLVER = {
    socket.EAI_NONAME: "dns_nxdomain_error",
    socket.EAI_AGAIN: "dns_temporary_failure",
    socket.EAI_FAIL: "dns_non_recoverable_failure",
}
if hasattr(socket, "EAI_NODATA"):
    # On Windows it is another name for EAI_NONAME.
    _RESOLVER.setdefault(socket.EAI_NODATA, "dns_no_answer")
# WSANO_DATA, the code on Windows.
_RESOLVER.setdefault(11004, "dns_no_answer")
# OpenSSL's X509_V_ERR codes.
UNKNOWN_AUTHORITY = (18, 19, 20, 21, 27)
#: OpenSSL's reasons for an answer that is not TLS.
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")
_VERIFY = {10: "ssl_invalid_certificate", 62: "ssl_invalid_hostname", 64: "ssl_invalid_hostname"}


def failure(error: Exception) -> str:
    """The word for ``error``; ``unknown_failure: <type>`` if it has none."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "ssl_unknown_authority" if error.verify_code in UNKNOWN_AUTHORITY else _VERIFY.get(error.verify_code, "ssl_invalid_certificate")
    if isinstance(error, (socket.timeout, TimeoutError)):
        return TIMEOUT
    if isinstance(error, socket.gaierror):
        return _RESOLVER.get(error.errno, "dns_server_misbehaving")
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError, EOFError, http.client.IncompleteRead)):
        return "eof_error"
    if isinstance(error, ssl.SSLError):
        return "ssl_no_tls" if getattr(error, "reason", None) in _NO_TLS else "ssl_failed_handshake"
    if isinstance(error, OSError) and error.errno in _ERRNO:
        return _ERRNO[error.errno]
    if isinstance(error, http.client.RemoteDisconnected):
        return "eof_error"
    if isinstance(error, http.client.HTTPException):
        return "http_request_failed"
    return "unknown_failure: %s" % type(error).__name__


def of_datagrams(error: Exception) -> str:
    """``failure`` for UDP, which has no connection to reset: Windows reports WSAECONNRESET for a port that an ICMP message calls closed."""
    word = failure(error)
    return "connection_refused" if word == "connection_reset" else word
