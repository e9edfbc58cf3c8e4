"""Reads a policy file: YAML to its checked shape, every error with its line and the nearest known key."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .errors import FieldError, PolicyError, quote
from .policy_file import FormDefaults, PolicyFile

__all__ = ["Lines", "read"]

Path_ = tuple[str | int, ...]
_LONGEST = 1_000_000  # characters


class Lines:
    """Where each value of the file stands, to name the line in an error."""

    def __init__(self, lines: dict[Path_, int]) -> None:
        self._lines = lines

    def error(self, where: Path_, message: str) -> FieldError:
        """An error about the value at `where`, or about the nearest mapping around it."""
        at = where
        while at and at not in self._lines:
            at = at[:-1]
        line = self._lines.get(at)
        return FieldError(
            field=".".join(str(part) for part in where),
            message=f"line {line}: {message}" if line else message,
        )


def read(path: str | Path) -> tuple[FormDefaults, Lines]:
    """The file's contents and lines. Raises PolicyError: unreadable, not YAML, or not of the shape."""
    node = _compose(path)
    marks: dict[Path_, int] = {}
    faults = list(_walk(node, (), marks, ()))
    lines = Lines(marks)
    if faults:
        raise PolicyError([lines.error(where, message) for where, message in faults])
    try:
        value = yaml.SafeLoader("").construct_document(node)
    except yaml.MarkedYAMLError as error:
        at = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise _whole(f"{at}{error.problem}.") from error
    except ValueError as error:  # a date that is none, such as 2001-99-99
        raise _whole(f"{path} has a value that can't be read: {error}.") from error
    try:
        return PolicyFile.model_validate(value).spawnerFormDefaults, lines
    except ValidationError as invalid:
        raise PolicyError([lines.error(*fault) for fault in _faults(invalid)]) from None


def _compose(path: str | Path) -> yaml.Node:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it isn't UTF-8 text"
        raise _whole(f"The policy file {path} can't be read: {reason}.") from error
    if len(text) > _LONGEST:
        raise _whole(f"The policy file {path} is longer than {_LONGEST} characters.")
    try:
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise _whole(f"{line}{path} isn't YAML: {error.problem or error.context}.") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise _whole(f"{path} isn't YAML: {error}.") from error
    if node is None:
        raise _whole(f"{path} is empty. It needs a section spawnerFormDefaults with an image.")
    return node


def _whole(message: str) -> PolicyError:
    return PolicyError([FieldError(field="", message=message)])


def _walk(
    node: yaml.Node, where: Path_, marks: dict[Path_, int], around: tuple[int, ...]
) -> Iterator[tuple[Path_, str]]:
    """Notes the line of every value below `node`; yields what YAML allows but nobody means."""
    marks.setdefault(where, node.start_mark.line + 1)
    if id(node) in around:
        yield where, "an alias that holds itself can't be read"
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            inner = (*where, name)
            marks[inner] = key.start_mark.line + 1
            if name in seen:
                yield inner, f"the key {quote(name)} is there twice; keep one"
            seen.add(name)
            yield from _walk(value, inner, marks, (*around, id(node)))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _walk(value, (*where, index), marks, (*around, id(node)))


def _faults(invalid: ValidationError) -> list[tuple[Path_, str]]:
    """pydantic's findings, one for each place: of a union it reports every member that it tried."""
    found: dict[Path_, str] = {}
    for error in invalid.errors(include_url=False):
        where = error["loc"]
        if len(where) > 1 and where[-1] in _MEMBERS:
            where = where[:-1]
        found.setdefault(where, _message(error))
    return list(found.items())


_MEMBERS = frozenset({"str", "int", "float", "bool"})
_WANTED = {
    "bool_type": "should be true or false",
    "bool_parsing": "should be true or false",
    "string_type": "should be a text (in quotes, if it looks like a number)",
    "int_type": "should be a whole number",
    "list_type": "should be a list",
    "dict_type": "should be a mapping",
}


def _message(error: ErrorDetails) -> str:
    where, kind = error["loc"], error["type"]
    if kind == "extra_forbidden":
        key = str(where[-1])
        known = _known_keys(where[:-1])
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
        hint = f"the nearest known key is {near[0]}" if near else "no keys are known here"
        return f"unknown key {quote(key)}; {hint}. Allowed here: {', '.join(known)}."
    if kind == "missing":
        return f"the key {where[-1]} is missing."
    if kind == "model_type":
        return f"this should be a mapping with the keys {', '.join(_known_keys(where))}, not {quote(error['input'])}."
    if kind == "literal_error":
        return f"{quote(error['input'])} should be {error['ctx']['expected']}."
    wanted = _WANTED.get(kind) or error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{quote(error['input'])} {wanted}."


def _known_keys(where: Path_) -> list[str]:
    """The keys of the mapping at `where`, found by walking the models."""
    model: Any = PolicyFile
    for part in where:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return sorted(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside `Model`, `list[Annotated[Model, …]]` or `Model | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)
