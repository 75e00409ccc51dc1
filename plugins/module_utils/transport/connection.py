# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP to one device or tenant: one keep-alive session, counted requests, and network failures turned into the engine's failures.

No message here repeats a URL's query, a header or a body: credentials may be in them.
"""
from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.deadline import Deadline
from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    LOCKED, REFUSED, UNREACHABLE, AccessError, OutcomeUnknown,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport import bounded
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connecting import (
    NotConnected, check_authorities, check_urls, checked, fingerprint, reason,
)

try:
    import requests
    import requests.adapters
except ImportError:
    requests = None

#: Longest wait of one exchange: for the connection, and for each part of the answer. The whole answer has what is left of the run.
CONNECT_SECONDS, ANSWER_SECONDS = 10, 120
#: An exchange that begins within the time of the run has at least this time.
LEAST_SECONDS = 1
#: The largest answer that is read. A whole rulebase of a large firewall has a tenth of it.
MAX_BYTES = 64 * 1024 * 1024
_READ_ATTEMPTS = 3
_PAUSE = 1.0


@dataclass(frozen=True)
class Connection:
    """How to reach an API. ``base`` is scheme, host and port; ``timeout``: the seconds that a run has for its requests and waits.

    ``certificate_fingerprint``: of the only certificate that is accepted, whatever its issuer and content.
    """

    base: str
    validate_certs: bool = True
    ca_path: str | None = None
    proxy: str | None = None
    timeout: int = 60
    certificate_fingerprint: str | None = None

    @property
    def host(self) -> str:
        """Host and port, without a user."""
        return urlsplit(self.base).netloc.rpartition("@")[2]

    @property
    def verify(self) -> bool | str:
        """Passed with each request: a session's own setting loses to REQUESTS_CA_BUNDLE."""
        return False if self.certificate_fingerprint or not self.validate_certs else self.ca_path or True


@dataclass
class Answer:
    """``status``, ``headers`` (names in lower case) and the whole ``body``."""

    status: int
    headers: dict = field(default_factory=dict)
    body: bytes = b""

    @property
    def data(self) -> object:
        """The body as JSON, None for an empty one. :raises ValueError: if it is not JSON."""
        return json.loads(self.body) if self.body else None


class Clock:
    """Time as the transport sees it, in seconds; tests replace it."""

    def now(self) -> float:
        """A monotonic time."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""
        time.sleep(seconds)


class Transport:
    """One session. ``counts``: reads, writes, connections, and the seconds spent waiting."""

    def __init__(self, connection: Connection, clock: Clock | None = None):
        if requests is None:
            raise AccessError(REFUSED, "the Python library requests is missing where this module runs: install it for ansible_python_interpreter")
        check_urls(connection.base, connection.proxy)
        if connection.ca_path and connection.verify:
            check_authorities(connection.ca_path)
        self.connection = connection
        self._clock = clock or Clock()
        self._deadline = Deadline(connection.timeout, self._clock.now)
        #: When the current exchange has to be over.
        self._until = self._clock.now() + connection.timeout
        self._session = requests.Session()
        # Otherwise a .netrc of the controller's user would replace the Authorization header.
        self._session.auth = lambda request: request
        # Retries are decided here: a library must never send a write twice.
        pinned = fingerprint(connection.certificate_fingerprint)
        adapter = bounded.adapter(checked(pinned), bounded.answers(self._left), pool_connections=4, pool_maxsize=4, max_retries=0)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)
        self._adapter = adapter
        if not connection.validate_certs:
            # The operator chose this in the task, so a warning per request adds nothing.
            requests.packages.urllib3.disable_warnings(requests.packages.urllib3.exceptions.InsecureRequestWarning)
        self.counts = {"reads": 0, "writes": 0, "waited": 0}
        self._final: dict | None = None

    def begin_cleanup(self, undo: bool = False) -> None:
        """From here on the run signs out or, with ``undo``, undoes a change, which has as much time as the run had."""
        self._deadline.begin_cleanup(undo)

    def requests(self) -> dict[str, int]:
        """What was sent so far, for the result."""
        if self._final is not None:
            return self._final
        pools = self._adapter.poolmanager.pools
        opened = sum(pools[key].num_connections for key in pools.keys())
        for manager in self._adapter.proxy_manager.values():
            opened += sum(manager.pools[key].num_connections for key in manager.pools.keys())
        return dict(self.counts, connections=opened, waited=round(self.counts["waited"]))

    def close(self) -> None:
        """Close the connections; ``requests`` still returns the counts."""
        self._final = self.requests()
        self._session.close()

    def call(self, method: str, path: str, write: bool = False, base: str | None = None, **content: object) -> Answer:
        """One exchange; ``content`` as requests takes it (params, data, json, headers).

        A busy device (429, or 503 with Retry-After) is waited for within the run's time; a failed read is repeated, a write never.

        :raises OutcomeUnknown: for a write that was sent and got no answer, or an incomplete one.
        :raises AccessError: unreachable, if nothing was done; locked, if the device stayed busy.
        """
        if not self._fits(0):
            raise AccessError(UNREACHABLE, "the run timed out (timeout, %d s) before all requests to %s were made" % (
                self.connection.timeout, self.connection.host))
        url = (base or self.connection.base) + path
        attempts = 1 if write else _READ_ATTEMPTS
        while True:
            attempts -= 1
            try:
                answer = self._exchange(method, url, write, content)
            except _Unanswered:
                if attempts <= 0 or not self._fits(_PAUSE):
                    raise
                self.wait(_PAUSE, "%s did not answer" % self.connection.host, UNREACHABLE)
                continue
            pause = busy_for(answer)
            if pause is None:
                return answer
            self.wait(pause, "%s answers %d (too many requests)" % (self.connection.host, answer.status))
            attempts += 1

    def wait(self, seconds: float, why: str, failure: str = LOCKED) -> None:
        """Sleep, unless that would exceed the run's time. :raises AccessError: ``failure``, with the reason."""
        if not self._fits(seconds):
            raise AccessError(failure, "%s, and this did not end within %.0f s (timeout)" % (why, self.connection.timeout))
        self.counts["waited"] += seconds
        self._clock.sleep(seconds)

    def _fits(self, seconds: float) -> bool:
        return seconds <= self._deadline.left()

    def _exchange(self, method: str, url: str, write: bool, content: dict) -> Answer:
        host = urlsplit(url).netloc.rpartition("@")[2]
        self.counts["writes" if write else "reads"] += 1
        connecting, answering = self._limits()
        proxies = {"http": self.connection.proxy, "https": self.connection.proxy} if self.connection.proxy else None
        try:
            with self._session.request(method, url, stream=True, allow_redirects=False, verify=self.connection.verify, proxies=proxies,
                                       timeout=(connecting, answering), **content) as reply:
                body = _read_all(reply)
                return Answer(reply.status_code, {name.lower(): value for name, value in reply.headers.items()}, body)
        except _TooLong:
            raise self._broken(write, host, "%s sent an answer of more than %d MiB, which is not an answer of its API" % (host, MAX_BYTES // 1048576)) from None
        except NotConnected as error:
            why = reason(error, host, connecting, self.connection.ca_path)
            raise (_Unanswered if why.again else AccessError)(UNREACHABLE, why.text) from None
        except (UnicodeEncodeError, requests.exceptions.InvalidHeader):
            # Raised while the request is built, so nothing was sent. The value is usually a credential, so it is not shown.
            raise AccessError(REFUSED, "nothing was sent to %s, because a header contains a character that HTTP does not allow: check the token, key, "
                                       "user and password for stray characters" % host) from None
        except requests.exceptions.Timeout:
            raise self._broken(write, host, "%s accepted the request but did not answer within %.0f s" % (host, answering)) from None
        except requests.exceptions.ConnectionError as error:
            if error.args and isinstance(error.args[0], requests.packages.urllib3.exceptions.ReadTimeoutError):
                raise self._broken(write, host, "%s did not complete its answer before the timeout" % host) from None
            raise self._broken(write, host, "the connection to %s was interrupted" % host) from None
        except requests.exceptions.RequestException as error:
            raise self._broken(write, host, "the answer of %s is malformed (%s)" % (host, type(error).__name__)) from None
        except OSError as error:
            if "CA certificate bundle" in str(error):
                raise AccessError(REFUSED, "the CA certificates that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names cannot be read") from None
            raise self._broken(write, host, "the connection to %s was interrupted (%s)" % (host, type(error).__name__)) from None

    def _limits(self) -> tuple:
        """Seconds for an exchange that begins now: to connect, and to answer."""
        self._until = self._clock.now() + max(self._deadline.left(), LEAST_SECONDS)
        return min(CONNECT_SECONDS, self._left()), self._left()

    def _left(self) -> float:
        """Seconds that the device has for the next part of its answer."""
        return min(ANSWER_SECONDS, self._until - self._clock.now())

    @staticmethod
    def _broken(write: bool, host: str, text: str) -> AccessError:
        return OutcomeUnknown("%s, so it is unknown whether the write took effect" % text) if write else _Unanswered(UNREACHABLE, text)


def by_options(params: dict, base: str) -> Transport:
    """A Transport to ``base`` from the module options that all APIs share (doc fragment ``connection``, and ``timeout``)."""
    return Transport(Connection(base, **{name: params[name] for name in ("validate_certs", "ca_path", "certificate_fingerprint", "proxy", "timeout")}))


class _Unanswered(AccessError):
    """No answer, and nothing was done: a retry may help."""


class _TooLong(Exception):
    """The answer is longer than MAX_BYTES."""


def _read_all(reply: requests.Response) -> bytes:
    parts, size = [], 0
    for part in reply.iter_content(65536):
        parts.append(part)
        size += len(part)
        if size > MAX_BYTES:
            raise _TooLong()
    return b"".join(parts)


def busy_for(answer: Answer) -> float | None:
    """Seconds to wait before a retry, if the answer says so (RFC 9110, section 10.2.3); else None."""
    told = answer.headers.get("retry-after", "").strip()
    if answer.status == 429 or (answer.status == 503 and told):
        return _seconds(told)
    return None


def _seconds(text: str) -> float:
    """The value of a Retry-After header: seconds, or a date. ZIA writes "0 seconds"."""
    digits = text.split(" ")[0]
    if digits.isascii() and digits.isdigit():
        return max(1.0, float(digits))
    try:
        when = parsedate_to_datetime(text)
        return max(1.0, when.timestamp() - time.time())
    except (OverflowError, TypeError, ValueError):
        return 5.0
