# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible compiles in each of its processes is compiled once. Python runs this file at its start, since tests put its folder into PYTHONPATH.

Each run of a module compiles what its zip file holds, and each run of a playbook the plugins of the collection. Python keeps neither, and together they are
more than a fifth of the processor time of a run. Here they are kept by name and text, so none is ever out of date.
"""
from __future__ import annotations

import __future__
import builtins
import importlib.util
import marshal
import os
import sys

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", ".build", "compiled")
#: Ansible's loader of collections passes flags=0 beside it.
_OF_IMPORTS = ({"dont_inherit": True}, {"dont_inherit": True, "flags": 0})
_compile = builtins.compile


def compile_once(source, filename, mode, *args, **options):
    """As the built-in does it; what imports from zip files and collections ask for is kept."""
    if mode == "exec" and isinstance(source, bytes) and not args and options in _OF_IMPORTS:
        return _kept(source, filename)
    if "dont_inherit" not in options and len(args) < 2:
        # What the caller's file imported from __future__ counts. Of that, this alone is not the rule by now.
        flags = args[0] if args else options.get("flags", 0)
        options.update(flags=flags | sys._getframe(1).f_code.co_flags & __future__.annotations.compiler_flag, dont_inherit=True)
        args = ()
    return _compile(source, filename, mode, *args, **options)


def _kept(source: bytes, filename: str):
    # A module's zip file has another name in each run.
    name = filename.rpartition(".zip/")[2]
    path = os.path.join(FOLDER, "%s-%s" % (sys.implementation.cache_tag, importlib.util.source_hash(name.encode() + b"\0" + source).hex()))
    try:
        with open(path, "rb") as kept:
            return marshal.loads(kept.read())
    except OSError:
        # It is the first time.
        pass
    code = _compile(source, filename, "exec", dont_inherit=True)
    try:
        os.makedirs(FOLDER, exist_ok=True)
        # Others may do the same at the same time, or read it.
        with open("%s-%d" % (path, os.getpid()), "wb") as new:
            new.write(marshal.dumps(code))
        os.replace(new.name, path)
    except OSError:
        # Who may not write there, as the user nobody in some tests, compiles each time.
        pass
    return code


if not sys.dont_write_bytecode:
    builtins.compile = compile_once
