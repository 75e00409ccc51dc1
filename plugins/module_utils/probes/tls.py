# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS handshakes and the content of the leaf certificate. Facts only: the controller decides which CA to trust."""
from __future__ import annotations

import contextlib
import datetime
import hashlib
import socket
import ssl
import threading

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes import system
from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.failures import failure

_CN, _O = bytes.fromhex("550403"), bytes.fromhex("55040a")
# Signed certificate timestamps (RFC 6962, 1.3.6.1.4.1.11129.2.4.2) and subject alternative names.
_SCT, _SAN = bytes.fromhex("2b06010401d679020402"), bytes.fromhex("551d11")
#: The ALPN protocols of each hello. "large" makes a hello of several packets, as browsers with post-quantum keys send it, by adding unused protocols.
HELLOS = {"usual": ["http/1.1"], "h2": ["h2", "http/1.1"], "large": ["http/1.1"] + ["netaccess-%d-%s" % (number, "x" * 200) for number in range(8)]}


class Contexts:
    """TLS contexts by store and hello, created on first use. ``public``: the given roots in PEM and no others; ``system``: the store that programs on this
    host use; ``blind``: no verification, to read certificates; nothing secret is ever sent on it.

    :raises ssl.SSLError: if the PEM holds no certificate.
    """

    def __init__(self, pem: str):
        self._pem, self._made, self._lock = pem, {}, threading.Lock()
        self.get("public")

    def get(self, store: str, hello: str = "usual") -> ssl.SSLContext:
        with self._lock:
            if (store, hello) not in self._made:
                self._made[store, hello] = self._context(store, hello)
            return self._made[store, hello]

    def _context(self, store: str, hello: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_alpn_protocols(HELLOS[hello])
        if store == "public":
            context.load_verify_locations(cadata=self._pem)
        elif store == "system":
            context.load_default_certs(ssl.Purpose.SERVER_AUTH)
            _add_keychains(context)
        else:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def _add_keychains(context: ssl.SSLContext) -> None:
    """Python on macOS has its own certificates, or none; those that the company trusts are in the keychains."""
    pem = system.keychains()
    if pem:
        with contextlib.suppress(ssl.SSLError, ValueError):
            context.load_verify_locations(cadata=pem)


def handshake(sock: socket.socket, host: str, context: ssl.SSLContext) -> tuple:
    """(TLS socket or None, observation): ``{"failure", "verify_code", "version", "alpn", "leaf"}``. SNI is always sent."""
    seen = {"failure": None, "verify_code": None, "version": None, "alpn": None, "leaf": None}
    try:
        tls = context.wrap_socket(sock, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        seen.update(failure=failure(error), verify_code=error.verify_code)
        return None, seen
    except (OSError, ValueError) as error:
        seen["failure"] = failure(error)
        return None, seen
    seen.update(version=tls.version(), alpn=tls.selected_alpn_protocol(), leaf=describe(tls.getpeercert(True)))
    return tls, seen


def describe(der: bytes) -> dict:
    """Issuer, subject, names, validity and the presence of SCTs of a certificate in DER. Unreadable parts are None."""
    found = {"sha256": hashlib.sha256(der).hexdigest(), "issuer": None, "subject": None, "names": [], "sct": _SCT in der,
             "not_before": None, "not_after": None}
    try:
        body = _children(_children(der)[0][1])
        fields = _children(body[0][1])
        offset = 1 if fields[0][0] == 0xA0 else 0
        found["issuer"] = _name(fields[offset + 2][1])
        found["not_before"], found["not_after"] = (_time(value) for _tag, value in _children(fields[offset + 3][1]))
        found["subject"] = _name(fields[offset + 4][1])
        found["names"] = _alternative_names(fields)
    except (IndexError, ValueError):
        return found
    return found


def _children(data: bytes) -> list:
    """The (tag, content) pairs of a DER sequence's content. :raises ValueError, IndexError: for data that is no DER."""
    found, at = [], 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at:at + size], "big"), at + size
        if at + length > len(data):
            raise ValueError("truncated")
        found.append((tag, data[at:at + length]))
        at += length
    return found


def _name(data: bytes) -> dict:
    found = {"cn": None, "o": None}
    for _set_tag, relative in _children(data):
        for _sequence_tag, pair in _children(relative):
            oid, value = _children(pair)[:2]
            key = {_CN: "cn", _O: "o"}.get(oid[1])
            if key:
                found[key] = value[1].decode("utf-16-be" if value[0] == 0x1E else "utf-8", "replace")
    return found


def _time(value: bytes) -> str:
    text = value.decode("ascii")
    form = "%Y%m%d%H%M%SZ" if len(text) == 15 else "%y%m%d%H%M%SZ"
    return datetime.datetime.strptime(text, form).strftime("%Y-%m-%dT%H:%M:%SZ")


def _alternative_names(fields) -> list:
    extensions = [content for tag, content in fields if tag == 0xA3]
    for _tag, extension in _children(_children(extensions[0])[0][1]) if extensions else []:
        parts = _children(extension)
        if parts[0][1] == _SAN:
            return [value.decode("ascii", "replace") for tag, value in _children(_children(parts[-1][1])[0][1]) if tag == 0x82][:50]
    return []
