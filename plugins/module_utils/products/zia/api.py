# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API of Zscaler Internet Access: both ways to sign in, and its weather (edit lock, rate limits, sessions that end).

Shapes and texts: recorded exchanges and models of the vendor's SDKs; limits: help page "Understanding Rate Limiting".
"""
from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from operator import itemgetter

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    CONFLICT, REFUSED, UNREACHABLE, AccessError,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Answer, Transport
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.session import (
    FAILURES, NO_JSON, Busy, Client, access_token, json_of, pages,
)

AUDIENCE = "https://api.zscaler.com"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: Refusals that pass by themselves: another administrator is saving. Nothing was done.
_TRANSIENT = ("EDIT_LOCK_NOT_AVAILABLE", "enter Org barrier", "expected precondition was not met")
PAGE = 1000
_LOCK_PAUSE = 5
#: Codes of a refusal, in words for an operator.
_HINTS = {"SCOPE_LIMITED": " (the role does not cover it)", "NOT_SUBSCRIBED": " (the licence does not cover it)",
          "LIMIT_EXCEEDED": " (the tenant's maximum is reached)"}
_CLOUDS = {"zspreview": "https://admin.zspreview.net"}


@dataclass(frozen=True)
class Login:
    """Either ``username``, ``password`` and ``api_key`` (the old way), or ``client_id`` with ``token_url`` and ``client_secret`` or ``private_key`` (PEM)."""

    username: str | None = None
    password: str | None = None
    api_key: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    token_url: str | None = None
    private_key: str | None = None

    @property
    def oneapi(self) -> bool:
        """Whether this is the new way to sign in."""
        return self.client_id is not None


def legacy_base(cloud: str) -> str:
    """``cloud``: the domain of the administration page without .net, such as zscalertwo."""
    return _CLOUDS.get(cloud, "https://zsapi.%s.net" % cloud)


def oneapi_base(cloud: str) -> str:
    """``cloud``: production, beta and the like, gov or govus."""
    return {"production": "https://api.zsapi.net", "gov": "https://api.zscalergov.net", "govus": "https://api.zscalergov.us"}.get(
        cloud, "https://api.%s.zsapi.net" % cloud)


def token_base(vanity: str, cloud: str) -> str:
    """Where a OneAPI client signs in. ``vanity``: the tenant's own domain at ZIdentity; ``cloud`` as ``oneapi_base`` has it."""
    form = {"production": "https://%s.zslogin.net", "gov": "https://%s.zidentitygov.net", "govus": "https://%s.zidentitygov.us"}.get(
        cloud, "https://%%s.zslogin%s.net" % cloud)
    return form % vanity


def assertion(client_id: str, private_key: str, now: float) -> str:
    """A JSON web token (RFC 7523, RS256) by which a client signs in without a secret; claims as the vendor's SDK sends them.

    :raises AccessError: refused, for a key that is no RSA key in PEM form, or without the Python package cryptography.
    """
    try:
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
    except ImportError:
        raise AccessError(REFUSED, "private_key needs the Python package cryptography where the module runs") from None
    try:
        key = serialization.load_pem_private_key(private_key.encode("utf-8"), None)
    except (TypeError, ValueError):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise AccessError(REFUSED, "private_key must be a PEM RSA key without a passphrase")
    claims = {"iss": client_id, "sub": client_id, "aud": AUDIENCE, "exp": int(now) + 600}
    signed = ".".join(_base64(json.dumps(part).encode("utf-8")) for part in ({"alg": "RS256", "typ": "JWT"}, claims))
    return "%s.%s" % (signed, _base64(key.sign(signed.encode("ascii"), padding.PKCS1v15(), hashes.SHA256())))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def obfuscate(key: str, stamp: str) -> str:
    """The API key as it is sent with a time stamp of milliseconds. Algorithm: the vendor's SDKs."""
    digits = stamp[-6:]
    half = "%06d" % (int(digits) >> 1)
    return "".join(key[int(digit)] for digit in digits) + "".join(key[int(digit) + 2] for digit in half)


class Api(Client):
    """One tenant, one session."""

    def __init__(self, transport: Transport, login: Login):
        super().__init__(transport)
        self._login = login

    def get(self, path: str, **parameters: object) -> list | dict:
        """A table (list) or an object (dict). :raises AccessError: unreachable, for an answer without either."""
        found = self._ask("GET", path, None, parameters)
        if not isinstance(found, (list, dict)):
            raise AccessError(UNREACHABLE, "%s answers GET %s without content" % (self.host, path))
        return found

    def pages(self, path: str) -> list:
        """All rows of a table that is given in pages. A round hundred may be what the server gives at most, so it is asked once more."""
        def read(number: int) -> tuple:
            found = self.get(path, page=number, pageSize=PAGE)
            if not isinstance(found, list):
                raise AccessError(UNREACHABLE, "%s answers GET %s without rows" % (self.host, path))
            return found, None

        return pages(read, itemgetter("id"), lambda page, _count, _total: len(page) % 100 != 0)[0]

    def write(self, method: str, path: str, body: object = None, **parameters: object) -> object:
        """One change of the saved configuration; it is in force after the activation or when any session ends."""
        return self._ask(method, path, body, parameters)

    def end(self) -> None:
        """End the session, which publishes what waits."""
        if self._session is not None:
            headers, self._session = self._session, None
            self._transport.call("DELETE", self._path("authenticatedSession"), headers=headers)

    def _path(self, path: str) -> str:
        return ("/zia/api/v1/" if self._login.oneapi else "/api/v1/") + path

    def _ask(self, method: str, path: str, body: object, parameters: dict) -> object:
        write = method != "GET"
        content = {"params": parameters}
        if write:
            content["json"] = body if body is not None else {}
        return self._signed_in(lambda headers: self._transport.call(method, self._path(path), write=write, headers=headers, **content),
                               lambda answer: self._result(answer, "%s %s" % (method, path), write))

    def _result(self, answer: Answer, request: str, write: bool) -> object:
        text = answer.body.decode("utf-8", "replace")
        if answer.status in (409, 412) and any(word in text for word in _TRANSIENT):
            raise Busy(_LOCK_PAUSE, "%s: another administrator is saving changes (edit lock)" % self.host)
        found = json_of(answer)
        if found is NO_JSON or (answer.status >= 500 and not isinstance(found, dict)):
            raise self._unreadable(answer, write, check=": check cloud and proxy")
        if 200 <= answer.status < 300:
            return found
        said = found if isinstance(found, dict) else {}
        code = said.get("code")
        words = said.get("message") or code or "no reason given"
        failure = REFUSED if code == "LIMIT_EXCEEDED" else {**FAILURES, 412: CONFLICT}.get(answer.status, REFUSED)
        told = "HTTP %d%s" % (answer.status, ", %s" % code if code and code != words else "")
        raise self._refusal(failure, request, words, told, _HINTS.get(code, ""))

    # -- signing in

    def _sign_in(self) -> dict:
        return self._bearer() if self._login.oneapi else self._cookie()

    def _cookie(self) -> dict:
        stamp = str(int(time.time() * 1000))
        login = self._login
        body = {"apiKey": obfuscate(login.api_key, stamp), "username": login.username, "password": login.password, "timestamp": stamp}
        answer = self._transport.call("POST", self._path("authenticatedSession"), json=body)
        cookie = next((part.split(";")[0] for part in answer.headers.get("set-cookie", "").split(",") if part.strip().startswith("JSESSIONID=")), None)
        if answer.status != 200 or not cookie:
            raise self._not_signed_in(answer, "user name, password and API key, and that the cloud is the right one")
        return {"Cookie": cookie.strip()}

    def _bearer(self) -> dict:
        login = self._login
        form = {"grant_type": "client_credentials", "client_id": login.client_id, "audience": AUDIENCE}
        if login.private_key:
            form.update({"client_assertion_type": ASSERTION, "client_assertion": assertion(login.client_id, login.private_key, time.time())})
        else:
            form["client_secret"] = login.client_secret
        answer = self._transport.call("POST", "/oauth2/v1/token", base=login.token_url, data=form)
        token = access_token(answer)
        if not token:
            raise self._not_signed_in(answer, "client_id, its secret or private key, and vanity_domain")
        return {"Authorization": "Bearer %s" % token}
