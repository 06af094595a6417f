"""What the server does, as it is set on the command line and by POST /control."""

import argparse
import json
import math
from dataclasses import dataclass, field, fields
from pathlib import Path
from random import Random
from typing import Any

from fault import GROUPS, KINDS


class BadOption(ValueError):
    """An option is unknown or its value is not what was expected."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds until an answer begins: `0.2`, `uniform:0.01:0.1` or `exp:0.05` (the mean)."""

    shape: str
    numbers: tuple[float, ...]

    @classmethod
    def of(cls, text: str) -> "Latency":
        shape, *rest = str(text).split(":")
        if not rest:
            shape, rest = "fixed", [shape]
        try:
            numbers = tuple(float(number) for number in rest)
        except ValueError:
            numbers = ()
        if {"fixed": 1, "exp": 1, "uniform": 2}.get(shape) != len(numbers) or any(
            not 0 <= number < math.inf for number in numbers
        ):
            raise BadOption(f"expected 0.2, uniform:0.01:0.1 or exp:0.05 as latency, got {text!r}")
        return cls(shape, numbers)

    def draw(self, rng: Random) -> float:
        if self.shape == "uniform":
            return rng.uniform(*self.numbers)
        if self.shape == "exp":
            return rng.expovariate(1 / self.numbers[0]) if self.numbers[0] else 0.0
        return self.numbers[0]

    def __str__(self) -> str:
        numbers = ":".join(str(number) for number in self.numbers)
        return numbers if self.shape == "fixed" else f"{self.shape}:{numbers}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A scripted answer: to questions whose last user message contains a text."""

    contains: str
    content: str
    """Said as it stands, schema or not."""

    @classmethod
    def of(cls, rule: Any) -> "Rule":
        said = rule["content"]
        return cls(rule["contains"], said if isinstance(said, str) else json.dumps(said))


def _rules(given: Any) -> tuple[Rule, ...]:
    """`schema`, the name of a JSON file with a list of rules, or that list."""
    if given in ("schema", "", None):
        return ()
    try:
        listed = json.loads(Path(given).read_text("utf-8")) if isinstance(given, str) else given
        return tuple(Rule.of(rule) for rule in listed)
    except (OSError, ValueError, TypeError, KeyError) as trouble:
        raise BadOption(
            'expected `schema` or a JSON list of {"contains": ..., "content": ...} as answers: '
            f"{type(trouble).__name__}: {trouble}"
        ) from None


def _kinds(given: Any) -> tuple[str, ...]:
    """Names of faults and of groups of them, with commas between or as a list."""
    names = given.split(",") if isinstance(given, str) else list(given)
    chosen: dict[str, None] = {}
    for name in names:
        if name not in GROUPS and name not in KINDS:
            known = ", ".join([*GROUPS, *KINDS])
            raise BadOption(f"there is no fault {name!r}; known are {known}")
        chosen.update(dict.fromkeys(GROUPS.get(name, (name,))))
    return tuple(chosen)


def _names(given: Any) -> tuple[str, ...]:
    return tuple(given.split(",") if isinstance(given, str) else given)


def _share(given: Any) -> float:
    share = float(given)
    if not 0 <= share <= 1:
        raise BadOption(f"expected a share from 0 to 1, got {given!r}")
    return share


def _amount(given: Any) -> float:
    amount = float(given)
    if not amount >= 0:
        raise BadOption(f"expected a number of 0 or more, got {given!r}")
    return amount


_READERS: dict[str, Any] = {
    "answers": _rules,
    "latency": Latency.of,
    "latency_seed": lambda given: None if given is None else int(given),
    "faults": _share,
    "fault_kinds": _kinds,
    "fault_seed": int,
    "fault_first": int,
    "retry_after": _amount,
    "drip_s": _amount,
    "huge_bytes": int,
    "canary": str,
    "down_after": int,
    "down_for": _amount,
    "models": _names,
}


@dataclass(slots=True)
class Options:
    """Everything that may be changed while the server runs."""

    answers: tuple[Rule, ...] = ()
    """Scripted answers; the first rule that fits wins, else the answer is drawn."""
    latency: Latency = field(default_factory=lambda: Latency("fixed", (0.0,)))
    latency_seed: int | None = None
    """None: the latencies differ in every process."""
    faults: float = 0.0
    """Share of the requests that a fault happens to."""
    fault_kinds: tuple[str, ...] = GROUPS["all"]
    fault_seed: int = 0
    fault_first: int = 0
    """Faults happen only to the first so many requests of the same body; 0: to any of them."""
    retry_after: float = 0.05
    """Seconds, in the header of 429 and 503."""
    drip_s: float = 1.0
    """Seconds that a dripping answer takes."""
    huge_bytes: int = 1_000_000
    canary: str = "CANARY-7d1f03"
    """Stands in injected text; must turn up nowhere else."""
    down_after: int = 0
    """Requests before the outage."""
    down_for: float = 0.0
    """Seconds that the outage takes, from the first request it refuses; 0: there is none."""
    models: tuple[str, ...] = ("mock",)
    """What GET /v1/models lists; every model is answered for."""

    def change(self, given: dict[str, Any]) -> None:
        """Set options by name; all of them or, on BadOption, none."""
        read = {}
        for name, value in given.items():
            if name not in _READERS:
                known = ", ".join(_READERS)
                raise BadOption(f"there is no option {name!r}; known are {known}")
            try:
                read[name] = _READERS[name](value)
            except BadOption:
                raise
            except (ValueError, TypeError):
                raise BadOption(f"{value!r} is no value for {name}") from None
        for name, value in read.items():
            setattr(self, name, value)

    def to_json(self) -> dict[str, Any]:
        shown = {option.name: getattr(self, option.name) for option in fields(self)}
        rules = [{"contains": rule.contains, "content": rule.content} for rule in self.answers]
        return {**shown, "answers": rules, "latency": str(self.latency)}


class CommandLine(argparse.Namespace):
    """How the process was started."""

    host: str
    port: int
    log: Path | None
    detached: bool
    given: dict[str, Any]
    """The options that may also be changed later."""

    @classmethod
    def read(cls, arguments: list[str]) -> "CommandLine":
        parser = argparse.ArgumentParser(description="An OpenAI-compatible server that misbehaves.")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=0, help="0: any that is free")
        parser.add_argument("--log", type=Path, default=None, help="one JSON line per request")
        parser.add_argument(
            "--detached", action="store_true", help="live on when stdin is closed"
        )  # fmt: skip
        for name in _READERS:
            parser.add_argument(f"--{name.replace('_', '-')}", default=argparse.SUPPRESS)
        known = vars(parser.parse_args(arguments))
        given = {name: known.pop(name) for name in list(known) if name in _READERS}
        return cls(**known, given=given)
