# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One page from the web, with a limit for time and size, and in words what came instead. Controller only."""
from __future__ import annotations

import time
from urllib.parse import urlsplit

from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport import bounded

try:
    import requests
except ImportError:
    requests = None

MAX_BYTES = 4 * 1024 * 1024


class DownloadError(ValueError):
    """A package that is missing on the controller."""


def get(url: str, timeout: float, verify, proxy: str | None, accept: str = "*/*") -> tuple:
    """(body as bytes or None, the error or None). A redirect does not count as the page, and a body longer than MAX_BYTES is cut.

    :raises DownloadError: without the Python package requests.
    """
    if requests is None:
        raise DownloadError("the Python package requests is missing on the controller: install the collection's requirements.txt")
    proxies = {"https": proxy, "http": proxy} if proxy else None
    host, until = urlsplit(url).hostname, time.monotonic() + timeout
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, bounded.adapter(bounded.answers(lambda: until - time.monotonic())))
    try:
        with session, session.get(url, timeout=timeout, verify=verify, proxies=proxies, allow_redirects=False, stream=True,
                                  headers={"Accept": accept}) as reply:
            if reply.is_redirect:
                return None, "%s redirects to %s" % (host, urlsplit(reply.headers.get("Location", "")).hostname or "nowhere")
            if reply.headers.get("cf-mitigated") == "challenge":
                return None, "%s answers with a bot challenge" % host
            if reply.status_code != 200:
                return None, "%s answers with HTTP %d" % (host, reply.status_code)
            body = bytearray()
            for part in reply.iter_content(65536):
                body.extend(part)
                if len(body) > MAX_BYTES:
                    break
    except requests.exceptions.SSLError as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return None, "the certificate of %s is not trusted: a gateway may decrypt this connection; set ca_path to its CA" % host
        return None, "%s cannot be reached (the TLS handshake failed)" % host
    except requests.exceptions.ChunkedEncodingError:
        return None, "%s truncated its answer" % host
    except (requests.exceptions.RequestException, OSError) as error:
        if time.monotonic() >= until and not isinstance(error, requests.exceptions.ConnectTimeout):
            return None, "%s did not complete its answer within %g s" % (host, timeout)
        return None, "%s cannot be reached (%s)" % (host, type(error).__name__)
    return bytes(body), None
