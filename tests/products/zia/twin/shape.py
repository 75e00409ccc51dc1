# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a body may look like, and how the API refuses one. Shapes: recorded answers of a tenant and the vendor's service model."""
from __future__ import annotations

import re


class ApiError(Exception):
    """An answer that is no success. ``body`` is what the API sends."""

    def __init__(self, status: int, code: str = "", message: str = "", body: object = None):
        super().__init__("%d %s %s" % (status, code, message))
        self.status = status
        self.body = body if body is not None else {"code": code, "message": message or code}


def invalid_body() -> ApiError:
    return ApiError(400, body={"message": "Request body is invalid."})


def bad_argument(message: str, code: str = "INVALID_INPUT_ARGUMENT") -> ApiError:
    return ApiError(400, code, message)


def gone(what: str) -> ApiError:
    return ApiError(404, "RESOURCE_NOT_FOUND", "%s does not exist" % what)


# Field names by type; a field of another type is refused ("Request body is invalid.", seen for an SSL action sent as a string).
STRINGS = "str"
NUMBER = "int"
FLAG = "bool"
WORDS = "list of str"
REFS = "list of id"
TREE = "dict"


def typed(body: object, schema: dict, others: bool = False) -> dict:
    """The known fields of a body. Unknown ones are left out, or kept (``others``). guess: nothing says what the API does with them."""
    if not isinstance(body, dict):
        raise invalid_body()
    found = {name: value for name, value in body.items() if name not in schema and value is not None} if others else {}
    for name, kind in schema.items():
        if body.get(name) is None:
            continue
        value = body[name]
        if not _fits(value, kind):
            raise invalid_body()
        found[name] = [{"id": int(one["id"])} for one in value] if kind == REFS else value
    return found


def _fits(value, kind: str) -> bool:
    if kind == NUMBER:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == WORDS:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if kind == REFS:
        return isinstance(value, list) and all(isinstance(one, dict) and str(one.get("id", "")).isdigit() for one in value)
    return isinstance(value, {STRINGS: str, FLAG: bool, TREE: dict}[kind])


def entry_fault(entry: str) -> str:
    """Why a URL entry is refused, or "". Rules: help page "URL format guidelines"."""
    host, _slash, _path = entry.partition("/")
    name, colon, port = host.partition(":")
    labels = name.removeprefix(".").split(".")
    if not entry.isascii() or len(entry) > 1024 or len(name) > 255 or "://" in entry:
        return "scheme, length or characters"
    if not name.removeprefix(".") or any(not label or len(label) > 63 or not re.fullmatch(r"[a-z0-9_-]+", label) for label in labels):
        return "labels"
    if colon and not port.isdigit():
        return "port"
    if len(labels) < 2:
        return "a top-level domain alone"
    return "an underscore in the domain" if any("_" in label for label in labels[-2:]) else ""
