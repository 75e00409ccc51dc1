# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs that may contain a user and a password, even if these are not URL-encoded."""
from __future__ import annotations

import re


def split_user(url: str) -> tuple:
    """(user and password or None, the URL without them). They end at the last @: an unencoded password may contain / and @."""
    scheme, rest = re.match(r"((?:[A-Za-z][A-Za-z0-9+.-]*://)?)(.*)", url, re.S).groups()
    user, at, place = rest.rpartition("@")
    return user if at else None, scheme + place


def without_user(url: str) -> str:
    """The part of a URL that may be shown: without user, password, query and fragment."""
    return re.split("[?#]", split_user(url)[1], maxsplit=1)[0]
