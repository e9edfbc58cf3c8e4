"""The variables of `kfhub start` that can be judged before anything is installed. Standard library only:
`make start` looks here first."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ADMIN_PASSWORD", "PASSWORD", "PORT", "fault", "port", "short"]

PORT, PASSWORD, ADMIN_PASSWORD = "KFHUB_PORT", "KFHUB_PASSWORD", "KFHUB_ADMIN_PASSWORD"
_SHORTEST = {PASSWORD: 8, ADMIN_PASSWORD: 32}


def port(environ: Mapping[str, str]) -> int:
    """The port to listen on. Raises ValueError with a sentence."""
    text = environ.get(PORT) or "8000"
    if text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536:
        return int(text)
    raise ValueError(f'{PORT} is "{text}", which is no port. Use a number from 1 to 65535, such as 8000.')


def fault(environ: Mapping[str, str]) -> str:
    """What is wrong with the variables, as a sentence; empty if nothing is."""
    try:
        port(environ)
    except ValueError as error:
        return str(error)
    for name, shortest in _SHORTEST.items():
        if problem := short(name, environ.get(name), shortest):
            return problem
    if environ.get(PASSWORD) and environ.get(PASSWORD) == environ.get(ADMIN_PASSWORD):
        return f"{PASSWORD} and {ADMIN_PASSWORD} are the same. Choose two different ones."
    return ""


def short(name: str, given: str | None, shortest: int) -> str:
    """What is wrong with a password that was given; empty if nothing is."""
    if not given or len(given) >= shortest:
        return ""
    return (
        f"{name} has {len(given)} characters. Use at least {shortest}, or leave it out: kfhub then makes one."
    )
