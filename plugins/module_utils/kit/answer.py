# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kit as a controller runs it: the question is in a file, and the answer is printed in a form that no console wraps or recodes.

The question is the options of reachability_info, and the answer what that module returns, so that the two are interchangeable.
"""
from __future__ import annotations

import base64
import binascii
import contextlib
import json
import os
import sys
import threading
import zlib

from ansible_collections.netaccess.chatgpt.plugins.module_utils.probes.options import OptionError, observe

_BEGIN, _END = "-----BEGIN NETACCESS ANSWER-----", "-----END NETACCESS ANSWER-----"
#: Bytes of an unpacked answer; a usual one has some hundred thousand.
_LIMIT = 32 << 20
#: Seconds beyond the deadline of the probes for the facts about the host. Programs of the system that provide them may hang.
_GRACE = 60


def main(arguments: list) -> int:
    """Answer the question in the file ``arguments[0]``, and delete the file: it may contain the password of a proxy."""
    path = arguments[0]
    with open(path, encoding="utf-8") as file:
        asked = json.load(file)
    with contextlib.suppress(OSError):
        os.unlink(path)
    patience = asked["deadline"] + asked["timeout"] + _GRACE
    watch = threading.Timer(patience, _give_up, (patience,))
    watch.daemon = True
    watch.start()
    try:
        said = observe(asked)
    except OptionError as error:
        said = {"failed": True, "msg": str(error)}
    watch.cancel()
    _say(said)
    return 0


def _give_up(patience: float) -> None:
    _say({"failed": True, "msg": "the probe kit did not answer within %d seconds" % patience})
    os._exit(3)


def _say(said: dict) -> None:
    sys.stdout.write(packed(said))
    sys.stdout.flush()


def packed(said: dict) -> str:
    """Short ASCII lines between two marks: output of a profile or a login around them does no harm, and nothing is recoded or wrapped."""
    body = base64.encodebytes(zlib.compress(json.dumps(said).encode("ascii"))).decode("ascii")
    return "\n%s\n%s%s\n" % (_BEGIN, body, _END)


def unpacked(text: str) -> dict:
    """The inverse of ``packed``. :raises ValueError: for an output without a complete answer."""
    _before, begin, rest = text.partition(_BEGIN)
    if not begin:
        raise ValueError("no answer")
    try:
        reader = zlib.decompressobj()
        data = reader.decompress(base64.b64decode("".join(rest.partition(_END)[0].split()), validate=True), _LIMIT)
        if not reader.eof:
            raise ValueError("a truncated answer")
        said = json.loads(data.decode("utf-8"))
    except (binascii.Error, zlib.error) as error:
        raise ValueError("a damaged answer") from error
    if not isinstance(said, dict):
        raise ValueError("an invalid answer")
    return said
