"""Quantities as Kubernetes writes them: `0.5` or `500m` of CPU, `1.5Gi` of memory."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

__all__ = ["Quantity", "cpu", "exact", "human", "size"]

_SUFFIXES: dict[str, Fraction] = {
    "m": Fraction(1, 1000),
    "": Fraction(1),
    **{name: Fraction(1000 ** (power + 1)) for power, name in enumerate("kMGTPE")},
    **{f"{name}i": Fraction(1024 ** (power + 1)) for power, name in enumerate("KMGTPE")},
}
# A number has either an exponent or a suffix, never both; lengths are bounded so that parsing is cheap.
_PATTERN = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,9})?)(?:[eE]([+-]?[0-9]{1,2})|([mkMGTPE]|[KMGTPE]i)?)")
_MOST = 2**63 - 1  # what Kubernetes can count: bytes, or thousandths of a core
_LEAST_BYTES = 1024**2


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount that has been checked: `text` as written to Kubernetes, `amount` in whole units.

    The unit is a thousandth of a core for CPU and a byte for memory and storage. Two are equal when their
    amounts are: `500m` of CPU is `0.5`.
    """

    text: str = field(compare=False)
    amount: int

    def __str__(self) -> str:
        return self.text


def cpu(value: object) -> Quantity:
    """CPU from a quantity or a JSON number.

    Raises ValueError with a phrase that completes "CPU …": not a quantity, zero, or finer than 1m.
    """
    found = _parse(value)
    if found is None or isinstance(found, str):
        raise ValueError(found or "isn't a quantity of CPU. Use a number of cores, such as 0.5, 500m or 2")
    text, exact = found
    milli = exact * 1000
    if milli <= 0:
        raise ValueError("must be more than 0. Use a number of cores, such as 0.5 or 2")
    if milli.denominator != 1:
        raise ValueError("is finer than a thousandth of a core. Use at most three decimals, such as 0.125")
    if milli > _MOST:
        raise ValueError("is more than any machine has. Use a number of cores, such as 2")
    return Quantity(text, int(milli))


def size(value: object) -> Quantity:
    """Memory or storage from a quantity: a text, or a JSON integer of bytes.

    Raises ValueError with a phrase that completes "Memory …": not a quantity, not whole bytes, or below 1Mi.
    """
    found = _parse(value) if not isinstance(value, float) else None
    if found is None or isinstance(found, str):
        raise ValueError(found or "isn't a quantity. Use a number with Mi or Gi, such as 2Gi")
    text, amount = found
    if amount < _LEAST_BYTES:
        raise ValueError("is less than 1Mi: the unit is bytes. Use a number with Mi or Gi, such as 2Gi")
    if amount.denominator != 1:
        raise ValueError("isn't a whole number of bytes. Use a number with Mi or Gi, such as 2Gi")
    if amount > _MOST:
        raise ValueError("is more than any machine has. Use a number with Mi or Gi, such as 2Gi")
    return Quantity(text, int(amount))


def exact(value: object) -> Fraction | None:
    """Any quantity that Kubernetes reports, as an exact number of cores or bytes; None if it isn't one."""
    found = _parse(value)
    return found[1] if isinstance(found, tuple) else None


def human(amount: int) -> str:
    """Bytes as people read them, to at most two decimals: 1610612736 is `1.5 GiB`."""
    for power, name in reversed(list(enumerate(("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")))):
        if amount >= 1024**power:
            return f"{amount / 1024**power:.2f}".rstrip("0").rstrip(".") + f" {name}"
    return "0 B"


def _parse(value: object) -> tuple[str, Fraction] | str | None:
    """The text and the exact number; a phrase that says what is wrong; or None: not a quantity at all."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        if not -_MOST <= value <= _MOST:
            return "is out of range"
        value = str(value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            return None
        value = repr(value)
    if not isinstance(value, str) or len(value) > 40:
        return None
    return _parse_text(value)


@lru_cache(maxsize=1024)
def _parse_text(text: str) -> tuple[str, Fraction] | str | None:
    match = _PATTERN.fullmatch(text)
    if match is None:
        if text.startswith("-") and _PATTERN.fullmatch(text[1:]):
            return "can't be negative"
        return None
    digits, exponent, suffix = match.groups()
    scale = Fraction(10) ** int(exponent) if exponent else _SUFFIXES[suffix or ""]
    return text, Fraction(digits) * scale
