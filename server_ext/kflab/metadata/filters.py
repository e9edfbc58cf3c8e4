"""The filter language: text in, a tree out. It knows no table.

    filter := or ; or := and ("or" and)* ; and := not ("and" not)* ; not := "not"? (cmp | "(" or ")")
    cmp := field (= != < <= > >= ~) literal | field "in" "(" literal ("," literal)* ")" | field "is" ["not"] "null"
    field := core | prop.NAME | `any name`

A comparison with something that is missing is false, whatever the operator; `not` turns that round.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kflab.metadata.errors import BadQuery

__all__ = ["And", "Cmp", "Expr", "Field", "IsNull", "Literal", "Not", "Or", "field", "parse"]

MAX_LENGTH = 4_000
MAX_DEPTH = 20
MAX_TERMS = 60
MAX_IN = 200

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<quoted>(?:prop\.)?`(?:[^`]|``)+`)
    | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<op>!=|<=|>=|[=<>~(),])
    | (?P<word>[^\W\d][\w.\-]*)
    )""",
    re.VERBOSE | re.DOTALL,
)
_OPS = ("=", "!=", "<", "<=", ">", ">=", "~")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
KEYWORDS = frozenset({"and", "or", "not", "in", "is", "null", "true", "false"})


@dataclass(frozen=True)
class Field:
    """A core column, or a property."""

    name: str
    prop: bool


@dataclass(frozen=True)
class Literal:
    """A value, and as it was written: a number may be meant as text, as in `version = 2`."""

    value: str | int | float | bool
    source: str


@dataclass(frozen=True)
class Cmp:
    field: Field
    op: str  # one of = != < <= > >= ~ in
    values: tuple[Literal, ...]  # one, except for `in`


@dataclass(frozen=True)
class IsNull:
    field: Field


@dataclass(frozen=True)
class Not:
    item: Expr


@dataclass(frozen=True)
class And:
    items: tuple[Expr, ...]


@dataclass(frozen=True)
class Or:
    items: tuple[Expr, ...]


Expr = Cmp | IsNull | Not | And | Or


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


def parse(text: str, core: frozenset[str]) -> Expr:
    """The tree of a filter. Raises BadQuery that says where it went wrong and what was expected."""
    if len(text) > MAX_LENGTH:
        raise BadQuery("filter", f"may have {MAX_LENGTH:,} characters; this one has {len(text):,}.")
    if "\0" in text:
        raise BadQuery("filter", "must not hold a NUL character.")
    return _Parser(text, core).whole()


def field(text: str, core: frozenset[str], where: str) -> Field:
    """The field that a sort names: a core column, prop.NAME, or a name in backticks. Raises BadQuery."""
    if text.startswith("prop.") and not text.startswith("prop.`"):
        if not text[5:] or "\0" in text:
            raise BadQuery(where, "a property is named prop.NAME.")
        return Field(text[5:], True)
    tokens = _tokens(text, where)
    if len(tokens) != 1 or tokens[0].kind not in ("word", "quoted"):
        raise BadQuery(where, "name one column, prop.NAME, or any name in `backticks`.")
    return _field(tokens[0], core)


def _tokens(text: str, where: str) -> list[_Token]:
    tokens: list[_Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            rest = text[at]
            hint = " It has no end." if rest in "\"'`" else ""
            raise BadQuery(where, f"can't read {text[at : at + 20]!r} at character {at + 1}.{hint}")
        tokens.append(_Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)))
        at = found.end()
    return tokens


def _field(token: _Token, core: frozenset[str]) -> Field:
    name, prop = token.text, False
    if name.startswith("prop."):
        name, prop = name[5:], True
    if token.kind == "quoted":
        name = name[1:-1].replace("``", "`")
    return Field(name, prop or name not in core)


class _Parser:
    def __init__(self, text: str, core: frozenset[str]) -> None:
        self._core = core
        self._tokens = _tokens(text, "filter")
        self._next = 0
        self._terms = 0

    def whole(self) -> Expr:
        if not self._tokens:
            raise BadQuery("filter", 'is empty; write for example: state = "LIVE" and prop.accuracy > 0.9')
        expr = self._or(0)
        if self._next < len(self._tokens):
            self._expected("'and', 'or' or the end")
        return expr

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _is(self, *words: str) -> bool:
        """Whether the next token is one of these words or signs."""
        token = self._peek()
        return token is not None and token.kind in ("word", "op") and token.text.lower() in words

    def _take(self, *words: str) -> bool:
        if self._is(*words):
            self._next += 1
            return True
        return False

    def _expected(self, what: str) -> BadQuery:
        token = self._peek()
        found = f"found {token.text[:40]!r} at character {token.at + 1}" if token else "the filter ends"
        raise BadQuery("filter", f"expected {what}, but {found}.")

    def _or(self, depth: int) -> Expr:
        if depth > MAX_DEPTH:
            raise BadQuery("filter", f"has more than {MAX_DEPTH} parentheses within each other.")
        items = [self._and(depth)]
        while self._take("or"):
            items.append(self._and(depth))
        return items[0] if len(items) == 1 else Or(tuple(items))

    def _and(self, depth: int) -> Expr:
        items = [self._not(depth)]
        while self._take("and"):
            items.append(self._not(depth))
        return items[0] if len(items) == 1 else And(tuple(items))

    def _not(self, depth: int) -> Expr:
        if self._take("not"):
            return Not(self._single(depth))
        return self._single(depth)

    def _single(self, depth: int) -> Expr:
        if self._take("("):
            inner = self._or(depth + 1)
            if not self._take(")"):
                self._expected("')'")
            return inner
        return self._cmp()

    def _cmp(self) -> Expr:
        token = self._peek()
        if token is None or token.kind not in ("word", "quoted") or token.text.lower() in KEYWORDS:
            raise self._expected("a column, prop.NAME, or a name in `backticks`")
        self._next += 1
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise BadQuery("filter", f"may have {MAX_TERMS} comparisons.")
        named = _field(token, self._core)
        if not named.name:
            raise BadQuery("filter", f"a property is named prop.NAME, at character {token.at + 1}.")
        if self._take("is"):
            negated = self._take("not")
            if not self._take("null"):
                self._expected("'null' or 'not null'")
            return Not(IsNull(named)) if negated else IsNull(named)
        if self._take("in"):
            return Cmp(named, "in", self._list())
        for op in _OPS:
            if self._take(op):
                value = self._literal()
                if op == "~" and not isinstance(value.value, str):
                    value = Literal(value.source, value.source)
                return Cmp(named, op, (value,))
        raise self._expected("=, !=, <, <=, >, >=, ~, 'in' or 'is'")

    def _list(self) -> tuple[Literal, ...]:
        if not self._take("("):
            self._expected('\'(\' and values, as in: state in ("LIVE", "PENDING")')
        values = [self._literal()]
        while self._take(","):
            values.append(self._literal())
        if not self._take(")"):
            self._expected("',' or ')'")
        if len(values) > MAX_IN:
            raise BadQuery("filter", f"a list after 'in' may have {MAX_IN} values.")
        return tuple(values)

    def _literal(self) -> Literal:
        token = self._peek()
        if token is None:
            raise self._expected('a value, such as "text" or 0.9')
        self._next += 1
        if token.kind == "string":
            return Literal(_ESCAPED.sub(r"\1", token.text[1:-1]), token.text)
        if token.kind == "number":
            whole = re.fullmatch(r"[+-]?\d+", token.text)
            if whole and len(token.text) > 1000:
                raise BadQuery("filter", "a number may have 1,000 digits.")
            return Literal(int(token.text) if whole else float(token.text), token.text)
        if token.kind == "word" and token.text.lower() in ("true", "false"):
            return Literal(token.text.lower() == "true", token.text)
        self._next -= 1
        raise self._expected('a value: "text" in quotes, a number, true or false')
