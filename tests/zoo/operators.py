"""Mutation operators beside those of poodle: what is left out, exchanged, or used without the step in between."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from typing import Any, ClassVar

from poodle.data_types import FileMutation, Mutator


class _Operator(Mutator):  # type: ignore[misc]
    """`replacements` gives pairs of a node and the text to put in its place."""

    def create_mutations(self, parsed_ast: ast.Module, *_: object, **__: object) -> list[FileMutation]:
        self.add_parent_attr(parsed_ast)
        return [
            self.create_file_mutation(node, text)
            for node in ast.walk(parsed_ast)
            for target, text in self.replacements(node)
            if not self.is_annotation(node) and target is node
        ]

    def replacements(self, node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
        raise NotImplementedError


class StatementRemoval(_Operator):
    """`statement` -> `pass`; a loop or a condition loses its body with it."""

    mutator_name = "Statement"

    def replacements(self, node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.For, ast.If, ast.Raise)):
            yield node, "pass"
        if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
            yield node, "pass"


class ArgumentRemoval(_Operator):
    """`f(a, b=c)` -> `f(b=c)`, `f(a)`."""

    mutator_name = "Argument"

    def replacements(self, node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
        if isinstance(node, ast.Call):
            for index in range(len(node.args)):
                yield node, _call(node, node.args[:index] + node.args[index + 1 :], node.keywords)
            for index in range(len(node.keywords)):
                yield node, _call(node, node.args, node.keywords[:index] + node.keywords[index + 1 :])


class ArgumentSwap(_Operator):
    """`f(a, b)` -> `f(b, a)`."""

    mutator_name = "ArgumentSwap"

    def replacements(self, node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
        if isinstance(node, ast.Call):
            for index in range(len(node.args) - 1):
                arguments = list(node.args)
                arguments[index], arguments[index + 1] = arguments[index + 1], arguments[index]
                yield node, _call(node, arguments, node.keywords)


class Unwrap(_Operator):
    """`f(x, y)` -> `x`, `y`; `x.f(y)` -> `x`; `x[y]` -> `x`: a step is left out."""

    mutator_name = "Unwrap"

    not_values: ClassVar = {"self", "torch", "nn", "F"}

    def replacements(self, node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) not in self.not_values:
                yield node, _operand(node.func.value)
            for argument in node.args:
                yield node, _operand(argument)
        if isinstance(node, ast.Subscript):
            yield node, _operand(node.value)


class Operands(_Operator):
    """`a - b` -> `a`, `b`, `b - a`; also `a @ b`, which poodle leaves alone, and the parts of `a or b`."""

    mutator_name = "Operands"

    def replacements(self, node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
        if isinstance(node, ast.BinOp):
            left, right = _operand(node.left), _operand(node.right)
            yield node, left
            yield node, right
            if not isinstance(node.op, (ast.Add, ast.Mult)):
                yield node, _operand(ast.BinOp(node.right, node.op, node.left))
        if isinstance(node, ast.BoolOp):
            for value in node.values:
                yield node, _operand(value)
        if isinstance(node, ast.UnaryOp):
            yield node, _operand(node.operand)


class SliceBounds(_Operator):
    """`a[i:j]` -> `a[:j]`, `a[i:]`; `a[:j]` -> `a[j:]`."""

    mutator_name = "Slice"

    def replacements(self, node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
        if isinstance(node, ast.Slice):
            lower, upper = (_text(bound) for bound in (node.lower, node.upper))
            for text in dict.fromkeys([f":{upper}", f"{lower}:", f"{upper}:{lower}"]):
                if text != f"{lower}:{upper}":
                    yield node, text


class Exchange(_Operator):
    """`a, b` -> `b, a`."""

    mutator_name = "Exchange"

    def replacements(self, node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
        if isinstance(node, ast.Tuple) and len(node.elts) == 2 and isinstance(node.ctx, ast.Load):
            yield node, f"{_text(node.elts[1])}, {_text(node.elts[0])}"


class Condition(_Operator):
    """`if a` -> `if True`, `if False`; the same for a conditional expression."""

    mutator_name = "Condition"

    def replacements(self, node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
        parent: Any = getattr(node, "parent", None)
        if isinstance(parent, (ast.If, ast.IfExp, ast.While)) and parent.test is node:
            yield node, "True"
            yield node, "False"


class OtherMethod(_Operator):
    """A method or function with a name that is easily taken for it."""

    mutator_name = "Name"

    names: ClassVar = {
        "reshape": ["transpose"],
        "cat": ["stack"],
        "stack": ["cat"],
        "eval": ["train"],
        "train": ["eval"],
        "softmax": ["log_softmax", "sigmoid"],
        "relu": ["sigmoid", "tanh", "abs"],
        "tril": ["triu"],
        "ones": ["zeros"],
        "no_grad": ["enable_grad"],
        "sorted": ["list"],
        "int": ["round"],
        "long": ["int", "float"],
        "AdamW": ["Adam", "SGD"],
        "train_loss": ["test_loss"],
        "test_loss": ["train_loss"],
        "train_tokens": ["test_tokens"],
        "test_tokens": ["train_tokens"],
        "query": ["key", "value"],
        "key": ["query", "value"],
        "value": ["query", "key"],
        "attention_norm": ["feed_forward_norm"],
        "feed_forward_norm": ["attention_norm"],
        "expand": ["contract"],
        "contract": ["expand"],
        "token_embedding": ["position_embedding"],
        "position_embedding": ["token_embedding"],
        "num_heads": ["num_blocks"],
        "num_blocks": ["num_heads"],
        "vocab_size": ["ctx_size", "embed_size"],
        "ctx_size": ["vocab_size", "embed_size", "batch_size"],
        "batch_size": ["ctx_size"],
        "embed_size": ["vocab_size", "ctx_size", "head_size"],
        "head_size": ["embed_size"],
        "eval_interval": ["eval_batches"],
        "eval_batches": ["eval_interval", "num_steps"],
        "num_steps": ["eval_interval"],
        "q": ["k"],
        "k": ["q"],
        "v": ["q", "k"],
        "probs": ["scores"],
        "X": ["y"],
        "y": ["X"],
        "B": ["T"],
        "T": ["B"],
        "V": ["T"],
    }

    def replacements(self, node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            for name in self.names.get(node.id, ()):
                if name in _known(node) or hasattr(builtins, name):
                    yield node, name
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            for name in self.names.get(node.attr, ()):
                yield node, f"{_operand(node.value)}.{name}"


OPERATORS = (
    StatementRemoval,
    ArgumentRemoval,
    ArgumentSwap,
    Unwrap,
    Operands,
    SliceBounds,
    Exchange,
    Condition,
    OtherMethod,
)


def _known(node: ast.AST) -> set[str]:
    """The names that the function around `node` knows."""
    while not isinstance(node, (ast.FunctionDef, ast.Module)):
        node = getattr(node, "parent")  # noqa: B009  poodle's, unknown to type checkers
    inside = list(ast.walk(node))
    return {name.id for name in inside if isinstance(name, ast.Name)} | {
        argument.arg for argument in inside if isinstance(argument, ast.arg)
    }


def _call(node: ast.Call, arguments: list[ast.expr], keywords: list[ast.keyword]) -> str:
    return ast.unparse(ast.Call(node.func, arguments, keywords))


def _operand(node: ast.expr) -> str:
    simple = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant)
    return ast.unparse(node) if isinstance(node, simple) else f"({ast.unparse(node)})"


def _text(node: ast.expr | None) -> str:
    return "" if node is None else ast.unparse(node)
