"""Kill runs of LLM agents at random lengths of their journals, and resume them until they are
done.

    python tests/llm/llm_crash_matrix.py [--kills N] [--seed S] [--agents N] [--steps S]

Each run is a process of its own, forked from this one; some are killed again while they are being
resumed. What a journal held at a kill is compared with the requests that the server's log has
after it, by digest of the body and occurrence. Prints a JSON line; raises AssertionError on the
first broken promise.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2  # noqa: F401  # imported once here, not by each process after its start
from pydantic_core import to_json
from serving import FaultServer, start_server
from society import SERVER, digests, society

from gdg_runtime.actors.llm.chat import Chat
from gdg_runtime.actors.resolved import resolve_episode
from gdg_runtime.adapters.llm import language_models, openai_codec  # noqa: F401  # as above
from gdg_runtime.adapters.llm.endpoint import Endpoint
from gdg_runtime.adapters.runs import revision
from gdg_runtime.adapters.runs.directory import RunDirectory
from gdg_runtime.adapters.runs.execution import resume_run, start_run
from gdg_runtime.adapters.runs.verify import verify_run
from gdg_runtime.runtime import Recorded
from gdg_runtime.scenarios.schema.episode import EpisodeConfig

sys.path += [
    str(Path(__file__).parent / "server"),
    str(Path(__file__).resolve().parents[1] / "runs"),
]
from answer import Question  # the server's own digest of a body
from crash_matrix import in_a_process, killed, wait

KILLED_AGAIN = 0.3
"""Share of the resumed runs that are killed as well."""
LATENCY = "uniform:0.01:0.1"
"""Longer than the work that a step takes, so that kills meet requests that wait."""


class Prey:
    """A run that is killed and resumed, and what the server has been asked for it."""

    def __init__(self, out: Path, config: EpisodeConfig, server: FaultServer) -> None:
        self.out = out
        self.config = config
        self.server = server
        self.first = len(self._log())

    def start(self) -> None:
        result = start_run(self.config, out=self.out)
        assert result.status == "completed", result.error

    def resume(self) -> None:
        assert self.directory is not None
        result = resume_run(RunDirectory.find(self.directory))
        assert result.status == "completed", result.error

    @property
    def directory(self) -> Path | None:
        found = list(self.out.glob("*/*/*/config.json"))
        return found[0].parent if found else None

    @property
    def size(self) -> int:
        """Bytes of its journal."""
        path = self.directory and self.directory / "journal.jsonl"
        return path.stat().st_size if path is not None and path.exists() else 0

    @property
    def journalled(self) -> Counter[str]:
        """The bodies whose outcomes are in the journal."""
        path = self.directory and self.directory / "journal.jsonl"
        if path is None or not path.exists():
            return Counter()
        recorded, endpoint = Recorded.read(path), Endpoint(self.server.url)
        bodies: Counter[str] = Counter()
        for actor, number in recorded.requests():
            plain = json.loads(recorded.asked(actor, number))["body"]
            question = Chat.of_plain(plain)
            body = openai_codec.body(question, "json_schema", endpoint.name_of(question.model))
            bodies[Question.read(to_json(endpoint.adapted(body))).digest] += 1
        return bodies

    def requests(self) -> list[dict[str, Any]]:
        """The entries of the server's log that are this run's."""
        return self._log()[self.first :]

    def _log(self) -> list[dict[str, Any]]:
        deadline = time.monotonic() + 30
        while self.server.stats()["in_flight"]:
            assert time.monotonic() < deadline, "the server did not notice that a client died"
            time.sleep(0.002)
        return self.server.log()


def asked(entries: list[dict[str, Any]]) -> Counter[str]:
    """The bodies of requests in the server's log."""
    return Counter(entry["digest"] for entry in entries)


class Hunt:
    """All kills, against one run that is left alone."""

    def __init__(self, config: EpisodeConfig, server: FaultServer, root: Path) -> None:
        self.config, self.server, self.root = config, server, root
        whole = Prey(root / "whole", config, server)
        assert wait(in_a_process(whole.start)) == 0
        self.size = whole.size
        self.needed = whole.journalled
        assert self.needed == asked(whole.requests()), "the journal and the server's log differ"
        assert whole.directory is not None
        self.digests = digests(whole.directory)
        self.counts = Counter(
            dict.fromkeys(
                ("runs", "kills", "kills_while_resuming", "before_config", "after_the_end",
                 "journalled_at_kills", "journalled_asked_again", "in_flight_asked_again",
                 "of_these_answered", "requests", "identical", "verified"), 0,
            )
        )  # fmt: skip

    def one(self, shares: list[float]) -> None:
        """Kill a run when its journal has this share of the length that it lacks: of the whole
        after its start, of the rest after each resumption."""
        prey = Prey(self.root / f"run{self.counts['runs']}", self.config, self.server)
        self.counts["runs"] += 1
        known: Counter[str] = Counter()
        sent = 0
        for turn, share in enumerate(shares):
            length = prey.size + int((self.size - prey.size) * share)
            self._kill(prey, prey.resume if turn else prey.start, length)
            self.counts["kills_while_resuming"] += bool(turn)
            entries = prey.requests()
            self._check_life(entries[sent:], known)
            known, sent = prey.journalled, len(entries)
            self.counts["journalled_at_kills"] += known.total()
            if prey.directory is None:
                self.counts["before_config"] += 1
                return
        assert wait(in_a_process(prey.resume)) == 0, f"the resumption of {prey.directory}"
        entries = prey.requests()
        self._check_life(entries[sent:], known)
        assert asked(entries[sent:]) == self.needed - known, "a reply came from nowhere"
        self._judge(prey, entries)

    def _kill(self, prey: Prey, work: Callable[[], object], length: int) -> None:
        self.counts["after_the_end"] += not killed(work, prey.out, length)
        self.counts["kills"] += 1

    def _check_life(self, entries: list[dict[str, Any]], known: Counter[str]) -> None:
        """From one start to the next kill, each body is asked at most as often as the journal did
        not know its outcome at the start."""
        again = asked(entries) - (self.needed - known)
        self.counts["journalled_asked_again"] += again.total()
        assert not again, f"asked again although journalled: {again}"

    def _judge(self, prey: Prey, entries: list[dict[str, Any]]) -> None:
        """What the run cost, and what it came to."""
        self.counts["requests"] += len(entries)
        self.counts["in_flight_asked_again"] += len(entries) - self.needed.total()
        answered = sum(entry["delivered"] for entry in entries)
        self.counts["of_these_answered"] += answered - self.needed.total()
        assert prey.directory is not None
        found = digests(prey.directory)
        assert found == self.digests, f"{prey.directory} differs: {found} is not {self.digests}"
        self.counts["identical"] += 1
        self.counts["verified"] += verify_run(RunDirectory.find(prey.directory)).verified


def hunt(kills: int, seed: int, agents: int, steps: int) -> dict[str, Any]:
    """Kill so often, at lengths that are spread over a run's whole journal."""
    draws, began = random.Random(seed), time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="llm-crash-") as folder,
        start_server(**{**SERVER, "latency": LATENCY}) as server,
    ):
        config = society(server.url, agents, steps)
        revision.code_revision(
            resolve_episode(config)
        )  # read once here, not by each process after its start
        hunting = Hunt(config, server, Path(folder))
        while (done := hunting.counts["kills"]) < kills:
            shares = [(done + draws.random()) / kills if done else 0.0]
            while len(shares) < kills - done and draws.random() < KILLED_AGAIN:
                shares.append(draws.random())
            hunting.one(shares)
    return {
        "agents": agents,
        "steps": steps,
        "requests_of_a_run": hunting.needed.total(),
        **hunting.counts,
        "wall_s": round(time.monotonic() - began, 1),
    }


def main() -> None:
    """Print what the hunt came to."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--agents", type=int, default=20)
    parser.add_argument("--steps", type=int, default=6)
    print(json.dumps(hunt(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()
