"""Times and long texts in a few words."""

from datetime import UTC, datetime, timedelta

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))


def span(length: timedelta) -> str:
    """A length of time: 3 min, 5 h 12 min, 2 d 3 h."""
    left = round(length.total_seconds())
    parts = []
    for unit, seconds in _UNITS:
        if left >= seconds:
            parts.append(f"{left // seconds:,} {unit}")
            left %= seconds
    return " ".join(parts[:2]) or f"{left} s"


def due(deadline: datetime | None, now: datetime) -> str:
    """How long there is until a deadline, in its largest unit."""
    if deadline is None:
        return ""
    if deadline <= now:
        return "overdue"
    return " ".join(span(deadline - now).split()[:2])


def minutes(count: int) -> str:
    """So many minutes in words."""
    return span(timedelta(minutes=count))


def when(moment: datetime, now: datetime | None = None) -> str:
    """How far off a moment is: in 6 d 23 h, 3 min ago."""
    off = moment - (now or datetime.now(UTC))
    return f"in {span(off)}" if off > timedelta() else f"{span(-off)} ago"


def stamp(moment: datetime) -> str:
    """A moment to the second, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def one_line(text: str, longest: int) -> str:
    """A text's beginning on one line."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
