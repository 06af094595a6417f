"""From a run's journal to a cassette: no secret goes along."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ...actors.episode import build_episode
from ...actors.llm.chat import Chat
from ...actors.plugins import default_catalogue
from ...actors.ports import Sinks
from ...runtime.errors import ReplayDivergence
from ...runtime.journal import Recorded
from ...runtime.texts import Texts
from ...scenarios.schema.episode import EpisodeConfig
from .. import revision
from ..llm.keys import Keys
from ..run_directory import RunDirectory
from .cassette import Cassette, Entry, Header
from .failures import CassetteHoldsSecrets, RunNotReplayed
from .occurrences import occurrences

REDACTION_RULES = 1
"""Version of the rules in `adapters.llm.secret_text` and of their use here."""

Redact = Callable[[str], str]

_MARK = re.compile(r"\[redacted (\w+)\]")


def export_run(run: RunDirectory, keys: Keys, *, redact: bool = False) -> Cassette:
    """The cassette of a run, which is executed again to count its requests.

    Raises CassetteHoldsSecrets unless `redact` replaces them, RunNotReplayed where the code has
    changed, JournalError, RunUnreadable, CatalogueError.
    """
    recorded, config, schedule = run.read_journal()
    for spec in config.agents:
        model = config.model_of(spec)
        if model is not None:
            keys.of(model)  # so that it is known as a secret, whatever its variable is called
    counted = _counted(run, recorded, config, schedule)
    return make_cassette(recorded, counted, keys.redact, redact=redact)


def _counted(
    run: RunDirectory, recorded: Recorded, config: EpisodeConfig, schedule: str
) -> Mapping[tuple[str, int], int]:
    nowhere = Sinks(*[lambda _: None] * len(Sinks._fields))
    kernel = build_episode(config, default_catalogue(), nowhere, schedule_policy=schedule)
    why = None
    counted: Mapping[tuple[str, int], int] = {}
    try:
        counted = occurrences(kernel, recorded)
    except ReplayDivergence as divergence:
        actor, number = divergence.actor, divergence.number
        why = f"{actor} asks something else in its message {number} than was recorded"
    else:
        lost = [key for key in recorded.requests() if key not in counted]
        if lost:
            why = f"{lost[0][0]} does not ask what was recorded of it ({len(lost)} requests)"
    if why is not None:
        assert recorded.header is not None
        changes = revision.changes(recorded.header["code"], revision.code_revision(config))
        raise RunNotReplayed(run.path, why, changes)
    return counted


def make_cassette(
    recorded: Recorded, counted: Mapping[tuple[str, int], int], clean: Redact, *,
    redact: bool = False,
) -> Cassette:  # fmt: skip
    """A cassette of the delivered outcomes; `counted` gives each request's occurrence.

    `clean` takes secrets out of a text. Raises CassetteHoldsSecrets where there are any, unless
    `redact`.
    """
    guard = _Guard(clean)
    shared = Texts()
    texts: dict[str, str] = {}
    entries: list[Entry] = []
    models: set[str] = set()
    for record in recorded.delivered():
        actor = record["actor"]
        heard = json.loads(record["asked"])
        asked = guard.checked(heard, f"what {guard.name(actor)} asked")
        if asked.get("message") == Chat.message_name:
            models.add(asked["body"]["model"])
        brief, new = shared.take_out(asked)
        texts |= new
        entries.append(
            Entry(
                actor=guard.name(actor),
                request=record["request"],
                occurrence=counted[actor, record["number"]],
                effect=asked["effect"],
                asked=brief,
                status=record["status"],
                value=guard.checked(record["value"], f"what {guard.name(actor)} was answered"),
                kind=guard.checked(record["kind"], f"an error told to {guard.name(actor)}"),
                text=guard.checked(record["text"], f"an error told to {guard.name(actor)}"),
                redacted=asked != heard,
            )
        )
    facts = recorded.header or {}
    header = Header(
        runtime=revision.package_version(),
        scenario=guard.checked(facts.get("scenario"), "the scenario's name"),
        seed=facts.get("seed"),
        config_hash=facts.get("config_hash"),
        models=sorted(models),
        redaction_rules=REDACTION_RULES,
        entries=len(entries),
    )
    if guard.found and not redact:
        raise CassetteHoldsSecrets(list(guard.found))
    return Cassette(header, texts, entries)


class _Guard:
    """Looks at every text that goes into the file."""

    def __init__(self, clean: Redact) -> None:
        self._clean = clean
        self.found: dict[str, None] = {}
        """What was found where, without the secrets."""

    def checked(self, value: Any, where: str) -> Any:
        """The value without secrets; the same data if there are none."""
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

    def name(self, actor: str) -> str:
        """An actor's path, which is shown in messages as well."""
        return self._text(actor, "an actor's name")

    def _text(self, text: str, where: str) -> str:
        clean = self._clean(text)
        if clean is not text and clean != text:
            for mark in _marks(clean, text):
                self.found[f"{where} holds {mark}"] = None
        return clean


def _marks(clean: str, text: str) -> Iterable[str]:
    """What was taken out, by the marks that stand in its place and did not stand there before."""
    for mark in Counter(_MARK.findall(clean)) - Counter(_MARK.findall(text)):
        yield "what looks like a key" if mark == "key" else f"the value of {mark}"
