"""What Schemathesis can't know of the API."""

from itertools import count

import schemathesis

_LONGEST = 240
_numbers = count()


@schemathesis.hook
def before_call(context, case, kwargs) -> None:
    """A client makes up a new idempotency key for each request; one that is refused for its form
    stays as it is."""
    key = (case.headers or {}).get("idempotency-key")
    if key and len(key) <= _LONGEST and key.isascii() and key.isprintable() and " " not in key:
        case.headers["idempotency-key"] = f"{key}-{next(_numbers)}"
