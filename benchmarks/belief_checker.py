"""How well the lexical checker finds contradictions, on the pairs of tests/goals/pairs.

    python benchmarks/belief_checker.py [--pairs DIR] [--half development|held_out]

For both halves, or one, it prints one JSON line for the half and each severity limit: precision,
recall and F1 of "blocked" against the label, the recall by kind of contradiction, and the pairs
that were flagged although they are none, by label. Undefined figures are null. A last line gives
the time for one pair. It prints figures only, never a pair.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Any

from gdg_runtime.goals.checkers.checker import BeliefConsistencyChecker, LexicalChecker
from gdg_runtime.goals.model import Belief

PAIRS = Path(__file__).resolve().parent.parent / "tests" / "goals" / "pairs"
HALVES = ("development", "held_out")
LIMITS = (0.6, 0.4)
"""The severity that blocks, and the one that asks for a review."""
_DAY = datetime(2025, 1, 1, tzinfo=UTC)
_HELD = {"active": True, "confidence": 1.0, "immutable": False, "version": 1}


def read_pairs(half: str, directory: Path = PAIRS) -> list[dict[str, str]]:
    """The pairs of one half."""
    lines = (directory / f"{half}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line]


def severities(checker: BeliefConsistencyChecker, pairs: Sequence[dict[str, str]]) -> list[float]:
    """The checker's severity for each pair; it gets the two texts only."""
    found = []
    for pair in pairs:
        belief = Belief(id="belief", text=pair["belief"], created_at=_DAY, updated_at=_DAY, **_HELD)
        report = checker.check_consistency(query=pair["goal"], beliefs=[belief], memories=[])
        found.append(report.severity)
    return found


def figures(
    pairs: Sequence[dict[str, str]], found: Sequence[float], limit: float
) -> dict[str, Any]:
    """Precision, recall and F1 at a limit, with counts by kind and by label."""
    flagged = [pair for pair, severity in zip(pairs, found, strict=True) if severity >= limit]
    positives = [pair for pair in pairs if pair["label"] == "contradiction"]
    hits = [pair for pair in flagged if pair["label"] == "contradiction"]
    hits_by_kind = Counter(pair["kind"] for pair in hits)
    precision = len(hits) / len(flagged) if flagged else None
    recall = len(hits) / len(positives) if positives else None
    f1 = 2 * len(hits) / (len(flagged) + len(positives)) if flagged or positives else None
    return {
        "limit": limit,
        "pairs": len(pairs),
        "precision": _rounded(precision),
        "recall": _rounded(recall),
        "f1": _rounded(f1),
        "found_by_kind": {
            kind: f"{hits_by_kind[kind]}/{total}"
            for kind, total in sorted(Counter(pair["kind"] for pair in positives).items())
        },
        "false_by_label": {
            label: sum(pair["label"] == label for pair in flagged)
            for label in ("entailment", "neutral")
        },
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, default=PAIRS, help="directory of the pairs")
    parser.add_argument("--half", choices=HALVES, action="append", help="only this half")
    options = parser.parse_args(argv)
    halves = options.half or list(HALVES)
    checker = LexicalChecker()
    known = {half: read_pairs(half, options.pairs) for half in halves}
    found = {half: severities(checker, pairs) for half, pairs in known.items()}
    if len(halves) > 1:
        known["both"] = [pair for half in halves for pair in known[half]]
        found["both"] = [severity for half in halves for severity in found[half]]
    for half, pairs in known.items():
        for limit in LIMITS:
            print(json.dumps({"half": half, **figures(pairs, found[half], limit)}))
    pairs = known[halves[0]]
    start = process_time()
    severities(checker, pairs)
    print(json.dumps({"us_per_pair": round((process_time() - start) / len(pairs) * 1e6)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
