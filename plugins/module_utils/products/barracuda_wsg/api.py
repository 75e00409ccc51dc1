# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be read of a Barracuda Web Security Gateway without manual work: single global variables by its API, and the text of a backup.

The API guide of the product allows single global variables that are no policy, and rules out everything on the BLOCK/ACCEPT pages and every
list. Method and members are those of the guide; what a refusal looks like is not documented, so every form of it is understood.
"""
from __future__ import annotations

import gzip
import hashlib
import re
import xmlrpc.client
from typing import Iterable
from xml.parsers.expat import ExpatError

from ansible_collections.netaccess.chatgpt.plugins.module_utils.engine.errors import (
    AUTH, REFUSED, UNREACHABLE, AccessError,
)
from ansible_collections.netaccess.chatgpt.plugins.module_utils.patterns import Index, Pattern
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.connection import Transport
from ansible_collections.netaccess.chatgpt.plugins.module_utils.transport.session import Client, one_line

PATH = "/cgi-mod/api.cgi"
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", re.I)
_NAME = re.compile(r"[\w.:-]+")
_MAX_BACKUP = 64 * 1024 * 1024


class Api(Client):
    """``password`` travels in the query of the URL, as the product wants it; the transport names no query in what it says."""

    def __init__(self, transport: Transport, password: str):
        super().__init__(transport)
        self._password = password

    def variable(self, name: str) -> object:
        """The value of a global variable: a string, number or list. :raises AccessError:"""
        body = xmlrpc.client.dumps(({"type": "global", "path": "", "variable": name},), "config.get")
        answer = self._transport.call("POST", PATH, params={"password": self._password}, data=body.encode("utf-8"), headers={"Content-Type": "text/xml"})
        if answer.status in (401, 403):
            raise AccessError(AUTH, "%s rejects the API password, or this address is outside the allowed range (BASIC > Administration)" % self.host)
        try:
            return xmlrpc.client.loads(answer.body, use_builtin_types=True)[0][0]
        except xmlrpc.client.Fault as fault:
            raise AccessError(REFUSED, "%s does not return the variable %s: %s" % (self.host, name, one_line(fault.faultString))) from None
        except (ExpatError, xmlrpc.client.Error, ValueError, IndexError):
            raise AccessError(UNREACHABLE, "%s answers with HTTP %d and not with XML-RPC: check that this is the management address of a Web Security "
                                           "Gateway and that the API password is set" % (self.host, answer.status)) from None


def mentions(path: str, patterns: Iterable[Pattern]) -> dict:
    """Where the text of a backup names a host of ``patterns``, or a domain above one.

    :returns: ``sha256`` of the file, and ``found``: for each variable, in the order of the file, its ``variable`` name and the ``hosts`` as written
        there. Nothing else of the file is returned: it holds secrets. The form of a backup is not documented, so a variable is taken to be the
        first word of a line.
    :raises AccessError: refused, for a file that cannot be read or is not text.
    """
    try:
        with open(path, "rb") as source:
            data = source.read(_MAX_BACKUP + 1)
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text file"
        raise AccessError(REFUSED, "backup: %s: %s; set backup to the file that ADVANCED > Backup saves" % (path, reason)) from None
    if len(data) > _MAX_BACKUP:
        raise AccessError(REFUSED, "backup: %s is larger than %d MiB" % (path, _MAX_BACKUP // 1048576))
    wanted, found = Index(patterns), {}
    above = {".".join(labels[number:]) for labels in (pattern.name.split(".") for pattern in patterns) for number in range(len(labels) - 1)}
    for line in text.splitlines():
        name = _NAME.search(line)
        # In a URL pattern, which is a regular expression, dots have a backslash.
        for host in _HOST.findall(line.lower().replace("\\.", ".")):
            if host in above or wanted.matching(host) is not None:
                known = found.setdefault(name[0].rstrip(":."), [])
                if host not in known:
                    known.append(host)
    return {"sha256": hashlib.sha256(data).hexdigest(), "found": [{"variable": name, "hosts": hosts} for name, hosts in found.items()]}
