# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What browsers call a request that failed, read from ``words.yml``. Controller only, pure."""
from __future__ import annotations

import re
from pathlib import Path

from ansible.module_utils.common.yaml import yaml_load

_BROWSERS = yaml_load((Path(__file__).parent / "words.yml").read_text(encoding="utf-8"))
#: The layer of requests that the page, its developer or the browser's own rules cancelled.
PAGE = "page"
#: A text that consists of browser constants only.
_CONSTANT = re.compile(r"(net::ERR|NS|SEC|SSL|MOZILLA)_[A-Z0-9_]{1,60}\Z|Error during WebSocket handshake: Unexpected response code: [0-9]{3}\Z")


def meaning(word: str) -> tuple:
    """``(layer, failure, the table's name)`` of a browser's word or sentence; if it is not in the table ``("http", "unknown_failure", ...)``.

    The name is the table's text, or the whole constant that begins like it; a sentence in the file may contain anything.
    """
    # A sentence about a WebSocket begins with its address, and may end with the word for the connection below it.
    said = re.sub(r"websocket connection to \S+ failed: ", "", word.strip().lower())
    said = said[max(said.find("net::err_"), 0):]
    for browser in _BROWSERS:
        begins = browser.get("begins", "")
        for start, layer, failure in browser["rows"]:
            if said.startswith((begins + start).lower()):
                return layer, failure, word.strip() if _CONSTANT.match(word.strip()) else begins + start
    return "http", "unknown_failure", "an unknown error"
