"""Make a cassette of a run's journal, without secrets."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...actors.llm.chat import Chat
from ...actors.ports import NOWHERE
from ...actors.resolved import ResolvedEpisode
from ...runtime.drivers.replay import replay
from ...runtime.effects import EffectRequest
from ...runtime.errors import GdgError, KernelInEventLoop, ReplayDivergence
from ...runtime.journal import Recorded
from ...runtime.kernel import Kernel
from ...runtime.text_store import Texts
from ..llm.keys import Keys
from ..runs import revision
from ..runs.directory import RunDirectory
from ..runs.reader import RunReader
from ..runs.verify import rebuilt
from .cassette import Cassette, CassetteHoldsSecrets, Entry, Header, RunNotReplayed

REDACTION_RULES = 1
"""Version of the rules in `adapters.llm.keys` and of their use here."""

Clean = Callable[[str], str]
"""Gives a text with `[redacted NAME]` in place of each secret."""

_MARK = re.compile(r"\[redacted (\w+)\]")


class Requests(NamedTuple):
    """The requests of a run."""

    occurrences: Mapping[tuple[str, int], int]
    """The occurrence of every request, by (actor, number)."""
    given_up: Sequence[EffectRequest]
    """Those whose outcome no actor waited for."""


def export_run(run: RunDirectory, keys: Keys, *, redact: bool = False) -> Cassette:
    """Make the cassette of a run, which is executed again to count its requests.

    Raises CassetteHoldsSecrets unless `redact` replaces them, RunNotReplayed where the code has
    changed, JournalError, RunUnreadable, CatalogueError.
    """
    reader = RunReader(run)
    config = reader.journal.config
    for model in (config.model_of_judge, *map(config.model_of, config.agents)):
        if model is not None:
            keys.of(model)  # from now on known as a secret, whatever its variable is called
    requests = _requests(reader, reader.resolve(config))
    return make_cassette(reader.journal.recorded, requests, keys.redact, redact=redact)


def _requests(run: RunReader, episode: ResolvedEpisode) -> Requests:
    """Execute the run again and return its requests. Raises RunNotReplayed."""
    recorded, _, schedule, _ = run.journal
    kernel = rebuilt(episode, NOWHERE, schedule)
    try:
        requests = requests_of(kernel, recorded)
        lost = [key for key in recorded.requests() if key not in requests.occurrences]
        if not lost:
            return requests
        why = f"{lost[0][0]} does not ask what was recorded of it in its message {lost[0][1]}"
    except ReplayDivergence as divergence:
        actor, number = divergence.actor, divergence.number
        why = f"{actor} asks something else in its message {number} than was recorded"
    raise RunNotReplayed(run.path, why, run.code_changes(episode), run.other_release)


def make_cassette(
    recorded: Recorded, requests: Requests, clean: Clean, *, redact: bool = False
) -> Cassette:
    """Make a cassette of the delivered outcomes, and of what was given up.

    Raises CassetteHoldsSecrets where `clean` finds any, unless `redact`.
    """
    guard, shared = _Guard(clean), Texts()
    entries: list[Entry] = []
    texts: dict[str, str] = {}
    models: set[str] = set()
    for actor, number, request, heard, outcome in _answered(recorded, requests):
        name = guard.checked(actor, "an actor's name")
        asked = guard.checked(heard, f"what {name} asked")
        if asked.get("message") == Chat.message_name:
            models.add(asked["body"]["model"])
        brief, new = shared.take_out(asked)
        texts |= new
        entry = Entry(
            actor=name, request=request, occurrence=requests.occurrences[actor, number],
            effect=asked["effect"], asked=brief, redacted=asked != heard,
            **guard.checked(outcome, f"what {name} was answered"),
        )  # fmt: skip
        entries.append(entry)
    facts = recorded.header or {}
    header = Header(
        runtime=revision.package_version(),
        scenario=guard.checked(facts.get("scenario"), "the scenario's name"),
        seed=facts.get("seed"), config_hash=facts.get("config_hash"), models=sorted(models),
        redaction_rules=REDACTION_RULES, entries=len(entries),
    )  # fmt: skip
    if guard.found and not redact:
        raise CassetteHoldsSecrets(list(guard.found))
    return Cassette(header, texts, entries)


def _answered(
    recorded: Recorded, requests: Requests
) -> Iterator[tuple[str, int, str, Any, dict[str, Any]]]:
    """Yield actor, number, digest, plain request and outcome of each request for the cassette."""
    for record in recorded.delivered():
        outcome = {name: record[name] for name in ("status", "value", "kind", "text")}
        asked = json.loads(record["asked"])
        yield record["actor"], record["number"], record["request"], asked, outcome
    for request in requests.given_up:
        outcome = {"status": "given_up"}
        yield request.actor, request.number, request.digest, request.plain, outcome


class _Guard:
    """Looks at every text that goes into the file."""

    def __init__(self, clean: Clean) -> None:
        self._clean = clean
        self.found: dict[str, None] = {}
        """Places and kinds of the secrets that were found, without the secrets."""

    def checked(self, value: Any, where: str) -> Any:
        """Return the value without secrets; equal data if there are none."""
        match value:
            case str():
                return self._text(value, where)
            case list():
                return [self.checked(child, where) for child in value]
            case dict():
                return {
                    self._text(name, where): self.checked(child, where)
                    for name, child in value.items()
                }
        return value

    def _text(self, text: str, where: str) -> str:
        clean = self._clean(text)
        if clean != text:
            # The marks that did not stand in the text before name what was taken out.
            for name in Counter(_MARK.findall(clean)) - Counter(_MARK.findall(text)):
                what = "what looks like a key" if name == "key" else f"the value of {name}"
                self.found[f"{where} holds {what}"] = None
        return clean


def requests_of(kernel: Kernel, recorded: Recorded) -> Requests:
    """Return the requests of a recorded run, which the kernel executes again for this.

    The journal need not know of a request that was given up: how far its effect had got by then
    is random. Raises ReplayDivergence, and KernelInEventLoop where one runs in this thread.
    """
    counted: Counter[tuple[str, str]] = Counter()
    found: dict[tuple[str, int], int] = {}

    def saw(request: EffectRequest) -> None:
        key = request.actor, request.digest
        counted[key] += 1
        found[request.actor, request.number] = counted[key]

    kernel.reservations.saw = saw
    try:
        replay(kernel, recorded)
    except (ReplayDivergence, KernelInEventLoop):
        raise
    except GdgError:
        pass  # whatever ended the recorded run ends it again
    return Requests(found, [slot.request for slot in kernel.reservations.take_released()])
