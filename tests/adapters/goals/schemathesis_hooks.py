"""What Schemathesis can't know of the API, or of how JSON is written."""

from itertools import count

import schemathesis

_LONGEST = 240
_numbers = count()


def _usual(value):
    """Whole numbers as every writer of JSON writes them: 1, and not 1.0."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_usual(item) for item in value]
    if isinstance(value, dict):
        return {name: _usual(item) for name, item in value.items()}
    return value


@schemathesis.hook
def map_body(context, body):
    return _usual(body)


@schemathesis.hook
def before_call(context, case, kwargs):
    """A client makes up a new idempotency key for each request (one that is refused for its form
    stays as it is), and lets no goal begin after its deadline."""
    key = (case.headers or {}).get("idempotency-key")
    if (
        isinstance(key, str)
        and 0 < len(key) <= _LONGEST
        and key.isascii()
        and key.isprintable()
        and " " not in key
    ):
        case.headers["idempotency-key"] = f"{key}-{next(_numbers)}"
    body = case.body
    if isinstance(body, dict):
        first, last = body.get("horizon_min_min"), body.get("horizon_max_min")
        if isinstance(first, int) and isinstance(last, int) and first > last:
            body["horizon_min_min"] = 0
