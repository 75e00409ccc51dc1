# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks plain data against schema.json: the few keywords of JSON Schema that the catalogue uses, with errors that an operator can act on."""
from __future__ import annotations

import re

_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


class SchemaError(ValueError):
    """``path`` leads to the invalid value, as a list of keys and indices; the message says what is allowed there."""

    def __init__(self, path: list, message: str):
        super().__init__("%s: %s" % (".".join(str(part) for part in path) or "the file", message))
        self.path = path


def check(value: object, schema: dict, root: dict, path: list | None = None) -> None:
    """:raises SchemaError: at the first value that does not fit ``schema``; ``root`` holds the ``$defs``."""
    path = path or []
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    if "enum" in schema and not any(value == allowed and type(value) is type(allowed) for allowed in schema["enum"]):
        raise SchemaError(path, "%r is not one of %s" % (value, ", ".join(str(v) for v in schema["enum"])))
    if "type" in schema:
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(_is(value, name) for name in names):
            raise SchemaError(path, "%r is not of type %s" % (value, " or ".join(names)))
    if isinstance(value, str):
        _check_string(value, schema, path)
    elif isinstance(value, int) and not isinstance(value, bool):
        if value < schema.get("minimum", value) or value > schema.get("maximum", value):
            raise SchemaError(path, "%r is not between %s and %s" % (value, schema.get("minimum"), schema.get("maximum")))
    elif isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            raise SchemaError(path, "it must not be empty")
        for index, inner in enumerate(value):
            check(inner, schema.get("items", {}), root, path + [index])
    elif isinstance(value, dict):
        _check_object(value, schema, root, path)


def _is(value, name) -> bool:
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, _TYPES[name])


def _check_string(value, schema, path) -> None:
    if len(value) < schema.get("minLength", 0):
        raise SchemaError(path, "it must not be empty")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        raise SchemaError(path, "%r does not have the form %s" % (value, schema["pattern"]))


def _check_object(value, schema, root, path) -> None:
    known = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            raise SchemaError(path + [name], "it is missing")
    for name, inner in value.items():
        if name in known:
            check(inner, known[name], root, path + [name])
        elif schema.get("additionalProperties") is False:
            raise SchemaError(path + [name], "unknown field; the fields are: %s" % ", ".join(sorted(known)))
