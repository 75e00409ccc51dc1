# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One page from the web, within a time and a size, and in words what came instead. Controller only."""
from __future__ import annotations

import time
from urllib.parse import urlsplit

try:
    import requests
except ImportError:
    requests = None

MAX_BYTES = 4 * 1024 * 1024


class DownloadError(ValueError):
    """A package that is missing on the controller."""


def get(url: str, timeout: float, verify, proxy: str | None, accept: str = "*/*") -> tuple:
    """(body as bytes or None, what went wrong or None). A redirect is no answer of the page, and a body that is longer than MAX_BYTES is cut behind it.

    :raises DownloadError: without the Python package requests.
    """
    if requests is None:
        raise DownloadError("the Python package requests is missing on the controller: install the collection's requirements.txt")
    proxies = {"https": proxy, "http": proxy} if proxy else None
    host = urlsplit(url).hostname
    try:
        with requests.get(url, timeout=timeout, verify=verify, proxies=proxies, allow_redirects=False, stream=True, headers={"Accept": accept}) as reply:
            if reply.is_redirect:
                return None, "%s redirects to %s" % (host, urlsplit(reply.headers.get("Location", "")).hostname or "nowhere")
            if reply.headers.get("cf-mitigated") == "challenge":
                return None, "%s wants to know whether a person asks (a bot challenge)" % host
            if reply.status_code != 200:
                return None, "%s answers with HTTP %d" % (host, reply.status_code)
            body, until = bytearray(), time.monotonic() + timeout
            # In small pieces, so that a page that comes drop by drop ends with the time.
            for part in reply.iter_content(64):
                body.extend(part)
                if len(body) > MAX_BYTES:
                    break
                if time.monotonic() > until:
                    return None, "%s does not finish its answer within %g s" % (host, timeout)
    except requests.exceptions.SSLError as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return None, "the certificate of %s is not accepted; something decrypts this connection, or set ca_path" % host
        return None, "%s cannot be reached (the TLS handshake failed)" % host
    except requests.exceptions.ChunkedEncodingError:
        return None, "%s ends its answer in the middle" % host
    except (requests.exceptions.RequestException, OSError) as error:
        return None, "%s cannot be reached (%s)" % (host, type(error).__name__)
    return bytes(body), None
