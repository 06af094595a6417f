"""ETag, If-Match and If-None-Match: a version number in quotes (RFC 9110, section 13).

Quotes that were forgotten are forgiven; whatever else is no tag of ours, and matches nothing.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Header

from .problems import Problem

_OURS = re.compile(r'"([0-9]{1,18})"|([0-9]{1,18})')

IfMatch = Annotated[
    str | None,
    Header(description="The ETag of what is to be changed; `*`: whatever version it is at."),
]
IfNoneMatch = Annotated[str | None, Header(description="The ETag of what the client has already.")]


def etag(version: int) -> str:
    """The entity tag of a version."""
    return f'"{version}"'


def required(if_match: str | None) -> str:
    """Raises Problem where there is no If-Match."""
    if if_match is None:
        detail = 'send If-Match with the ETag that you last read, such as If-Match: "3"'
        raise Problem("precondition-required", detail)
    return if_match


async def expected_version(
    if_match: str | None, current: Callable[[], Awaitable[int]]
) -> int | None:
    """The version that the client expects; None: any. `current` reads it, and is only asked where
    the header names not exactly one version. Raises Problem if none of them is the current."""
    if if_match is None or if_match.strip() == "*":
        return None
    tags = if_match.split(",")
    # A weak tag never matches here (RFC 9110, 13.1.1).
    versions = [version for tag in tags if (version := _version(tag)) is not None]
    if len(tags) == 1 and versions:
        return versions[0]
    now = await current()
    if now in versions:
        return now
    detail = f"it is at version {now}, which If-Match does not name: read it again, then change it"
    raise Problem("version-conflict", detail, {"current": now}, {"ETag": etag(now)})


def is_known(if_none_match: str | None, version: int) -> bool:
    """Whether the client has this version already."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return if_none_match.strip() == "*" or version in [_version(tag) for tag in tags]


def _version(tag: str) -> int | None:
    found = _OURS.fullmatch(tag.strip())
    return None if found is None else int(found[1] or found[2])
