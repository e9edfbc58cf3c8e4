"""Patterns for custom images: the regular expressions that Python's `re` and Go's RE2 read alike.

The hub matches a pattern against text that a user typed, so matching takes time linear in that text: the
pattern becomes a set of states that all advance together, and nothing is ever tried twice.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Pattern", "parse"]

_ALL = frozenset(map(chr, range(32, 127)))
_CLASSES = {
    "d": frozenset(string.digits),
    "w": frozenset(string.ascii_letters + string.digits + "_"),
}
_SPECIAL = frozenset(r"\.+*?()[]{}|^$")
_MOST_STATES = 4000
_MOST_REPEATS = 1000  # of braces within braces; RE2 takes no more
_LONGEST = 500

Chars = frozenset[str]
# A state either reads one of some characters and goes on, or goes on to several states without reading.
State = tuple[Chars | None, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A checked pattern. It matches a text as a whole, with or without `^` and `$` around it."""

    text: str
    _states: tuple[State, ...]
    _start: int

    def matches(self, text: str) -> bool:
        """Whether the whole of `text` is of the pattern."""
        now = self._closure({self._start})
        for char in text:
            now = self._closure(
                {to for at in now if char in (self._states[at][0] or ()) for to in self._states[at][1]}
            )
            if not now:
                return False
        return 0 in now

    def _closure(self, states: set[int]) -> set[int]:
        waiting = list(states)
        seen = set(states)
        while waiting:
            chars, following = self._states[waiting.pop()]
            if chars is None:
                fresh = [state for state in following if state not in seen]
                seen.update(fresh)
                waiting.extend(fresh)
        return seen


def parse(text: str) -> Pattern:
    """The pattern in `text`. Raises ValueError with a phrase that completes "the pattern …"."""
    if len(text) > _LONGEST:
        raise ValueError(f"has more than {_LONGEST} characters")
    reader = _Reader(text)
    build = reader.whole()
    states: list[State] = [(None, ())]  # state 0: the end
    start = build(states, 0)
    return Pattern(text, tuple(states), start)


# A piece of a pattern: adds its states in front of the state that follows, and returns its first.
Piece = Callable[[list[State], int], int]


def _add(states: list[State], chars: Chars | None, following: tuple[int, ...]) -> int:
    if len(states) >= _MOST_STATES:
        raise ValueError("repeats too much; use smaller numbers in its braces")
    states.append((chars, following))
    return len(states) - 1


def _one(chars: Chars) -> Piece:
    return lambda states, after: _add(states, chars, (after,))


def _sequence(pieces: list[Piece]) -> Piece:
    def build(states: list[State], after: int) -> int:
        for piece in reversed(pieces):
            after = piece(states, after)
        return after

    return build


def _either(pieces: list[Piece]) -> Piece:
    return lambda states, after: _add(states, None, tuple(piece(states, after) for piece in pieces))


def _repeat(piece: Piece, least: int, most: int | None) -> Piece:
    def build(states: list[State], after: int) -> int:
        end = after
        if most is None:
            after = _add(states, None, ())
            states[after] = (None, (piece(states, after), end))
        else:
            for _ in range(most - least):
                after = _add(states, None, (piece(states, after), end))
        for _ in range(least):
            after = piece(states, after)
        return after

    return build


class _Reader:
    """Reads one pattern from left to right, a method for each level of precedence."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.end = len(text)
        self.repeats = 1  # how often the innermost piece so far can be repeated by braces within braces

    def whole(self) -> Piece:
        anchored = False
        if self.text.startswith("^"):
            self.at, anchored = 1, True
        if self.text.endswith("$") and not self.text.endswith("\\$"):
            self.end, anchored = self.end - 1, True
        piece, choices = self._choice()
        if self.at < self.end:
            raise self._wrong("a ) without its (")
        if anchored and choices > 1:
            raise ValueError("ties ^ and $ to one alternative only; write ^(a|b)$")
        if not self.text:
            raise ValueError("matches no image: it is empty")
        return piece

    def _wrong(self, what: str) -> ValueError:
        return ValueError(f"can't be used: {what} isn't allowed, at character {self.at + 1}")

    def _peek(self) -> str:
        return self.text[self.at] if self.at < self.end else ""

    def _take(self) -> str:
        char = self._peek()
        if not char:
            raise self._wrong("an end")
        self.at += 1
        return char

    def _choice(self) -> tuple[Piece, int]:
        pieces = [self._run()]
        while self._peek() == "|":
            self.at += 1
            pieces.append(self._run())
        return (pieces[0] if len(pieces) == 1 else _either(pieces)), len(pieces)

    def _run(self) -> Piece:
        pieces: list[Piece] = []
        while self._peek() not in ("", "|", ")"):
            pieces.append(self._repeated())
        return _sequence(pieces)

    def _repeated(self) -> Piece:
        before, self.repeats = self.repeats, 1
        piece = self._atom()
        sign = self._peek()
        if sign == "{":
            least, most = self._braces()
            piece = _repeat(piece, least, most)
            self.repeats *= max(least, most or 0, 1)
            if self.repeats > _MOST_REPEATS:
                raise ValueError("repeats too much; use smaller numbers in its braces")
        self.repeats = max(before, self.repeats)
        if sign and sign in "*+?":
            self.at += 1
            piece = _repeat(piece, 1 if sign == "+" else 0, 1 if sign == "?" else None)
        elif sign != "{":
            return piece
        # lazy and possessive repeats, and repeats of repeats, mean different things to the two engines
        if self._peek() and self._peek() in "*+?{":
            raise self._wrong(f"{self._peek()} after a repeat")
        return piece

    def _braces(self) -> tuple[int, int | None]:
        close = self.text.find("}", self.at, self.end)
        least, comma, most = self.text[self.at + 1 : close].partition(",")
        numbers = [least, most] if comma and most else [least]
        if close < 0 or not all(number.isascii() and number.isdigit() for number in numbers):
            raise self._wrong("{ that isn't {n}, {n,} or {n,m}")
        if any(len(number) > 3 for number in numbers) or int(numbers[0]) > int(numbers[-1]):
            raise self._wrong("{ with numbers over 999 or the wrong way round")
        self.at = close + 1
        return int(least), (int(numbers[-1]) if most or not comma else None)

    def _atom(self) -> Piece:
        char = self._take()
        if char == "(":
            if self.text.startswith("?:", self.at):
                self.at += 2
            elif self._peek() == "?":
                raise self._wrong("(? other than (?: (lookaround, flags, names)")
            piece, _ = self._choice()
            if self._peek() != ")":
                raise self._wrong("a ( without its )")
            self.at += 1
            return piece
        if char == "[":
            return _one(self._class())
        if char == ".":
            return _one(_ALL)
        if char == "\\":
            return _one(self._escape())
        if char in _SPECIAL:
            self.at -= 1
            raise self._wrong(f"{char} (as itself it is written \\{char})")
        return _one(self._literal(char))

    def _literal(self, char: str) -> Chars:
        if char not in _ALL:
            self.at -= 1
            raise self._wrong("a character that no image name has")
        return frozenset(char)

    def _escape(self) -> Chars:
        char = self._take()
        if char in _CLASSES:
            return _CLASSES[char]
        if char.isalnum():
            self.at -= 1
            raise self._wrong(f"\\{char} (only \\d, \\w and escaped punctuation are)")
        return self._literal(char)

    def _class(self) -> Chars:
        negated = self._peek() == "^"
        self.at += negated
        found: set[str] = set()
        while (char := self._take()) != "]":
            if char == "[":
                self.at -= 1
                raise self._wrong("[ inside [ ]")
            low = self._escape() if char == "\\" else self._literal(char)
            if self._peek() == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                high = self._escape() if (char := self._take()) == "\\" else self._literal(char)
                if len(low) != 1 or len(high) != 1 or min(low) > min(high):
                    raise self._wrong("a range with no order")
                low = frozenset(map(chr, range(ord(min(low)), ord(min(high)) + 1)))
            elif char in "&~|-" and self._peek() == char:
                raise self._wrong(f"{char}{char} inside [ ]")
            found |= low
        if not found:
            raise self._wrong("an empty [ ]")
        return _ALL - found if negated else frozenset(found)
