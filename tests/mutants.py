# Copyright (c) 2026, the netaccess.chatgpt contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be changed in a file, one thing at a time, as :mod:`tests.mutate` does.

The changes: an operand of ``and`` and ``or`` left out, an ``if`` that always or never holds, ``not`` taken away, a comparison turned round, a member of
``in`` left out, ``return True`` for ``return False``; outside of functions also a member of a literal, an operand of ``|`` and ``+``, a name that is handed
to a function of the file, a word of a text that is split.
"""
from __future__ import annotations

import ast
import copy
from typing import Callable, Iterator

NOTHING = ast.Starred(ast.Tuple([], ast.Load()), ast.Load())
TURNED = {ast.Eq: ast.NotEq, ast.Lt: ast.GtE, ast.Gt: ast.LtE, ast.Is: ast.IsNot, ast.In: ast.NotIn}
TURNED.update({new: old for old, new in list(TURNED.items())})


def but(node: ast.AST, **fields: object) -> ast.AST:
    """The same with other fields."""
    new = copy.copy(node)
    vars(new).update(fields)
    return new


def set_at(items: list, index: int, *new: object) -> list:
    return [*items[:index], *new, *items[index + 1:]]


def decisions(node: ast.AST) -> Iterator[tuple]:
    """What a part of a function is changed to: (where, what, the new part)"""
    if isinstance(node, ast.BoolOp):
        for index, value in enumerate(node.values):
            rest = set_at(node.values, index)
            yield value, "without", but(node, values=rest) if len(rest) > 1 else rest[0]
    elif isinstance(node, (ast.If, ast.IfExp)):
        for value in (True, False):
            yield node.test, "always %s" % value, but(node, test=ast.Constant(value))
    elif isinstance(node, ast.comprehension):
        for index, test in enumerate(node.ifs):
            for value in (True, False):
                yield test, "always %s" % value, but(node, ifs=set_at(node.ifs, index, ast.Constant(value)))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node, "without not", node.operand
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, bool):
        yield node, "turned round", but(node, value=ast.Constant(not node.value.value))
    elif isinstance(node, ast.Compare):
        for index, kind in enumerate(node.ops):
            yield node, "turned round", but(node, ops=set_at(node.ops, index, TURNED[type(kind)]()))
        if isinstance(node.ops[-1], (ast.In, ast.NotIn)):
            for where, what, new in declarations(node.comparators[-1], ()):
                yield where, what, but(node, comparators=set_at(node.comparators, -1 % len(node.ops), new))


def declarations(node: ast.AST, helpers: tuple) -> Iterator[tuple]:
    """The same of what is outside of functions. ``helpers``: names of functions of the file."""
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)) and not isinstance(getattr(node, "ctx", None), ast.Store):
        for index, one in enumerate(node.elts):
            yield one, "without", but(node, elts=set_at(node.elts, index, NOTHING))
    elif isinstance(node, ast.Dict):
        for index, key in enumerate(node.keys):
            yield key or node.values[index], "without", but(node, keys=set_at(node.keys, index), values=set_at(node.values, index))
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitOr, ast.Add)):
        yield from ((node.left, "without", node.right), (node.right, "without", node.left))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "split":
        yield from ((node, "without %s" % word, but(node, func=but(node.func, value=text))) for word, text in texts(node.func.value))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in helpers:
        for index, one in enumerate(node.args):
            if isinstance(one, ast.Constant):
                yield from ((one, "without %s" % word, but(node, args=set_at(node.args, index, text))) for word, text in texts(one))


def texts(node: ast.AST) -> Iterator[tuple]:
    """(a word, the text without it)"""
    words = str(node.value).split() if isinstance(node, ast.Constant) else []
    for index, word in enumerate(words):
        yield word, ast.Constant(" ".join(set_at(words, index)))


def mutants(tree: ast.Module) -> Iterator[tuple]:
    """(the lines of the part or () outside of functions, the place as a text, the function that changes the tree)"""
    helpers = tuple(node.name for node in tree.body if isinstance(node, ast.FunctionDef))

    def visit(node: ast.AST, inside: bool, put: Callable) -> Iterator[tuple]:
        for where, what, new in [*decisions(node), *(() if inside else declarations(node, helpers))]:
            owner = where if isinstance(node, (ast.If, ast.IfExp, ast.comprehension)) else node
            text = "%d: %s: %s" % (where.lineno, what, ast.unparse(where)[:80])
            yield range(owner.lineno, owner.end_lineno + 1) if inside else (), text, lambda new=new: put(new)
        inside = inside or isinstance(node, (ast.FunctionDef, ast.Lambda))
        for field, value in ast.iter_fields(node):
            # What an annotation says, or a decorator is told, decides nothing.
            if isinstance(value, ast.AST) and field not in ("annotation", "returns"):
                yield from visit(value, inside, lambda new, field=field: setattr(node, field, new))
            for index, child in enumerate(value if isinstance(value, list) and field != "decorator_list" else ()):
                if isinstance(child, ast.AST):
                    yield from visit(child, inside, lambda new, items=value, index=index: items.__setitem__(index, new))

    yield from visit(tree, False, lambda new: None)
