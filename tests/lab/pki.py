# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two certificate authorities: a public one whose leafs carry an SCT list, and a company's inspection CA. P-256, made anew for each lab."""
from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
# RFC 6962, section 3.3: a list of one timestamp (version, log, time, no extensions, ECDSA with SHA-256), signed by nobody.
_SIGNED = b"\0" + bytes(32) + (1767225600000).to_bytes(8, "big") + b"\0\0" + b"\x04\x03" + b"\0\x46" + bytes(70)
_SCT = bytes([4, len(_SIGNED) + 4]) + (len(_SIGNED) + 2).to_bytes(2, "big") + len(_SIGNED).to_bytes(2, "big") + _SIGNED


class Authority:
    """A certificate that issues leafs, a root or one below ``parent``. ``pem`` is it, ``key_pem`` its key with it; ``days`` below 1 makes an expired one."""

    def __init__(self, name: str, organisation: str, days: int = 90, parent: Authority | None = None):
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation), x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.timezone.utc)
        self.certificate = (
            x509.CertificateBuilder().subject_name(self._name).issuer_name(parent._name if parent else self._name).public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=30)).not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .add_extension(x509.KeyUsage(True, False, False, False, False, True, True, False, False), critical=True)
            .sign(parent._key if parent else self._key, hashes.SHA256())
        )
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM)
        self.key_pem = _key_bytes(self._key) + self.pem

    @classmethod
    def load(cls, path: Path) -> Authority:
        """One whose ``key_pem`` was written to ``path``."""
        found = cls.__new__(cls)
        text = path.read_bytes()
        found._key, found.certificate = serialization.load_pem_private_key(text, None), x509.load_pem_x509_certificate(text)
        found._name, found.pem = found.certificate.subject, found.certificate.public_bytes(serialization.Encoding.PEM)
        found.key_pem = text
        return found

    def leaf(self, names: list, sct: bool = True, days: int = 60) -> bytes:
        """Key and certificate (PEM) for ``names``; ``days`` below 1 makes an expired one."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])).issuer_name(self._name)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=30)).not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([_general_name(n) for n in names]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if sct:
            builder = builder.add_extension(x509.UnrecognizedExtension(SCT_LIST, _SCT), critical=False)
        return _key_bytes(key) + builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM) + self.pem

    def write(self, path: Path) -> Path:
        path.write_bytes(self.pem)
        return path


def _general_name(name: str):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_bytes(key) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
