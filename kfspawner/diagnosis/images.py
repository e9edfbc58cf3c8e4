"""Why an image can't be had."""

from __future__ import annotations

import re

from .model import Code, Diagnosis
from .reading import line

__all__ = ["PULLING", "pull"]

# the reasons of a container that waits for its image
PULLING = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"}
)

# What containerd and CRI-O say, most telling first: a refusal often contains "not found" too.
_CAUSES: dict[Code, re.Pattern[str]] = {
    "image_name": re.compile(
        r"couldn't parse image|invalid reference format|InvalidImageName", re.IGNORECASE
    ),
    "image_denied": re.compile(
        r"pull access denied|insufficient_scope|unauthorized|authentication required|no basic auth"
        r"|\b40[13]\b|denied:|forbidden",
        re.IGNORECASE,
    ),
    "image_unreachable": re.compile(
        r"no such host|connection refused|connection reset|i/o timeout|deadline exceeded"
        r"|Client\.Timeout|no route to host|network is unreachable|TLS handshake|x509|server gave HTTP response"
        r"|toomanyrequests|too many requests|\b429\b|\b50[0234]\b|RegistryUnavailable|unexpected EOF"
        r"|server misbehaving|temporary failure in name resolution",
        re.IGNORECASE,
    ),
    "image_not_found": re.compile(
        r"not found|manifest unknown|name unknown|repository name not known|NotFound"
        r"|no match for platform|ErrImageNeverPull|not present with pull policy",
        re.IGNORECASE,
    ),
}

_TALK: dict[Code, tuple[str, str]] = {
    "image_name": (
        "Image name {image} isn't one that can be pulled.",
        "Choose another image, written as registry/name:tag.",
    ),
    "image_denied": (
        "The registry doesn't give out image {image}: it isn't there, or it needs a login.",
        "Check the name; if the image is private, ask your admin for access to its registry (a pull secret).",
    ),
    "image_unreachable": (
        "The registry of image {image} can't be reached.",
        "Try again in a few minutes; if it stays so, tell your admin which registry it is.",
    ),
    "image_not_found": (
        "Image {image} doesn't exist, or has no such tag.",
        "Check its name and tag, or choose another image.",
    ),
    "image_pull": (
        "Image {image} can't be pulled.",
        "Choose another image, or show your admin the cause.",
    ),
}


def pull(reason: str, message: str, image: str, patient: bool) -> Diagnosis:
    """The diagnosis for a container that waits for its image for `reason`.

    A name that can't be pulled is final at once, and so is a back-off. A registry that can't be reached may
    come back: while the caller is `patient`, that is none.
    """
    code: Code = "image_pull"
    # names may hold any word or number
    said = re.sub(r'"[^"]*"', "", f"{reason} {message}".replace(image or '""', ""))
    for named, words in _CAUSES.items():
        if words.search(said):
            code = named
            break
    sentence, next_step = _TALK[code]
    if code == "image_unreachable":
        failed = not patient
    else:
        failed = code != "image_pull" or reason == "ImagePullBackOff"
    cause = line(message or reason)
    return Diagnosis(sentence.format(image=line(image) or '""'), cause, next_step, code, failed)
