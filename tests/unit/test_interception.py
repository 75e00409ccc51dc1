# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether somebody looks inside TLS: every kind of certificate that a probe may see."""
from __future__ import annotations

from types import MappingProxyType

import pytest

from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts import signatures
from ansible_collections.netaccess.chatgpt.plugins.plugin_utils.verdicts.interception import Context, interception

TABLE, UNKNOWN_CA = signatures.load(), "ssl_unknown_authority"
NAMES = {"nobody": {"cn": "Our CA", "o": None}, "product": {"cn": "Zscaler Root CA", "o": "Zscaler Inc."},
         "hint": {"cn": "Check Point CA", "o": None}, None: None}
TRUSTED, REFUSED = MappingProxyType({"failure": None}), MappingProxyType({"failure": UNKNOWN_CA})


def seen(failure, sct, issuer="nobody", system=TRUSTED) -> dict:
    return {"host": "chatgpt.com", "tls": {"failure": failure, "leaf": {"sct": sct, "issuer": NAMES[issuer]}}, "system": system}


@pytest.mark.parametrize("observation,fresh,word", [
    ({"tls": None}, True, None), ({"tls": {"failure": "ssl_failed_handshake", "leaf": None}}, True, None),
    (seen(None, True), True, "not_intercepted"), (seen(None, False), True, "unknown"),
    (seen("ssl_invalid_hostname", True), True, "invalid_certificate"), (seen("ssl_invalid_certificate", False), True, "invalid_certificate"),
    (seen(UNKNOWN_CA, False), True, "intercepted_trusted"), (seen(UNKNOWN_CA, False, system=REFUSED), True, "intercepted_untrusted"),
    (seen(UNKNOWN_CA, False, system=None), True, "intercepted_untrusted"), (seen(UNKNOWN_CA, False, None), True, "intercepted_trusted"),
    # With the list that only public certificates have.
    (seen(UNKNOWN_CA, True), True, "unknown"), (seen(UNKNOWN_CA, True, "hint"), True, "unknown"), (seen(UNKNOWN_CA, True, None), True, "unknown"),
    (seen(UNKNOWN_CA, True, "product"), True, "intercepted_trusted"), (seen(UNKNOWN_CA, True, "product", REFUSED), False, "intercepted_untrusted"),
    (seen(UNKNOWN_CA, True, system=REFUSED), True, "invalid_certificate"), (seen(UNKNOWN_CA, True, system=None), True, "invalid_certificate"),
    (seen(UNKNOWN_CA, True, system=REFUSED), False, "unknown"), (seen(UNKNOWN_CA, True), False, "unknown")])
def test_what_a_certificate_shows(observation, fresh, word):
    assert interception(observation, Context(TABLE, fresh)) == word
