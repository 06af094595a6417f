"""The transcript: the episode in words, for an outside auditor who has no scenario code."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..scenarios.actions import Event
from ..scenarios.world import Moment
from .ports import Sinks

_MARKDOWN = {
    **{ord(mark): f"\\{mark}" for mark in "`*_[]|\\"},
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord("&"): "&amp;",
}


class Transcript:
    """Renders an episode, as Markdown and as plain text.

    Texts of agents are data. What is not printable (control characters, invisible marks that turn
    the direction of text) is escaped; in Markdown the steps stand in blocks where nothing is
    interpreted, each line indented so that none can end the block.
    """

    def __init__(self, title: str, sections: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Take `sections`, headings with lines: what the reader must know beforehand."""
        self.title = title
        self.sections = sections
        self.epoch = -1
        self.index = -1

    def open(self, sinks: Sinks) -> None:
        """Write the introduction."""
        markdown, plain = f"# {_markdown(self.title)}\n", f"{escaped(self.title)}\n"
        for heading, lines in self.sections:
            items = "".join([f"- {_markdown(line)}\n" for line in lines])
            markdown += f"\n## {heading}\n\n{items}"
            plain += f"\n{heading}\n" + "".join([f"  {escaped(line)}\n" for line in lines])
        self._put(sinks, markdown, plain)

    def write(
        self,
        sinks: Sinks,
        moment: Moment,
        steps: Sequence[Mapping[str, Any]],
        events: Sequence[Event],
    ) -> None:
        """Write the turns of a moment, then the events that followed from them."""
        markdown = plain = ""
        if moment.epoch != self.epoch:
            self.epoch = moment.epoch
            markdown = f"\n## Epoch {moment.epoch}\n"
            plain = f"\nEpoch {moment.epoch}\n"
        if moment.index != self.index:
            self.index = moment.index
            markdown += f"\n### Epoch {moment.epoch}, step {moment.step}\n\n"
            plain += f"\n  Step {moment.step}\n"
        lines = [_turn(step) for step in steps]
        lines += [_event(event) for event in events if not event.told]
        if lines:
            block = "    " + "\n    ".join(lines) + "\n"
            if not "".join(lines).isprintable():
                block = "".join([f"    {escaped(line)}\n" for line in lines])
            markdown += f"```text\n{block}```\n"
            plain += block
        self._put(sinks, markdown, plain)

    def close(self, sinks: Sinks, reason: str, figures: Mapping[str, Any]) -> None:
        """Write how the episode ended, with its metrics."""
        markdown = [f"\n## The end: {_markdown(reason)}\n\n"]
        plain = [f"\nThe end: {escaped(reason)}\n"]
        for name, figure in figures.get("overall", {}).items():
            value = figure.get("value")
            shown = f"undefined ({figure.get('reason')})" if value is None else f"{value:.6g}"
            line = f"{name}: {shown}, n = {figure.get('n')}"
            markdown.append(f"- {_markdown(line)}\n")
            plain.append(f"  {line}\n")
        self._put(sinks, "".join(markdown), "".join(plain))

    def _put(self, sinks: Sinks, markdown: str, plain: str) -> None:
        sinks.transcript_md(markdown.encode())
        sinks.transcript_txt(plain.encode())


def escaped(text: str) -> str:
    """Escape everything in a text that is not printable."""
    if text.isprintable():
        return text
    return "".join(
        [mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text]
    )


def _markdown(text: str) -> str:
    return escaped(text).translate(_MARKDOWN)


def _turn(step: Mapping[str, Any]) -> str:
    """Return one agent's turn as a sentence: its action, the result, the score."""
    action, verdict, result, score = step["action"], step["verdict"], step["result"], step["score"]
    tool = action["tool"]
    text = f"{step['agent']} does nothing" if tool is None else f"{step['agent']}: {tool}"
    args = action.get("args")
    if args:
        text += f" ({_facts(args)})"
    if "reasoning" in action:
        text += f" because {_shown(action['reasoning'])}"
    if "lever" in verdict:
        text += f" → denied by {verdict['lever']}: {verdict['reason']}"
    elif not result["ok"]:
        text += f" → refused: {result['error']}"
    value = score["value"]
    if value is None:
        return f"{text} [alignment: not scored, {score['reason']}]"
    if value == 1.0:
        return f"{text} [alignment 1]"
    wrongs = ", ".join([f"{name} {size:.3g}" for name, size in score["components"].items() if size])
    return f"{text} [alignment {value:.3g}: {wrongs}]"


def _event(event: Event) -> str:
    who = f" {event.agent}" if event.agent else ""
    return f"↳ {event.type.replace('_', ' ')}{who}: {_facts(event.data)}"


def _facts(data: Mapping[str, Any]) -> str:
    """List names and values; written as one expression, since it runs for every event."""
    return ", ".join(
        [
            f"{name} {value:.4g}"
            if value.__class__ is float
            else f"{name} “{value}”"
            if value.__class__ is str
            else f"{name} {value}"
            if value is None or value.__class__ is int
            else f"{name} {_shown(value)}"
            for name, value in data.items()
        ]
    )


def _shown(value: Any) -> str:
    if value.__class__ is float:
        return f"{value:.4g}"
    if value.__class__ is str:
        return f"“{value}”"
    if isinstance(value, Mapping):
        return f"{{{_facts(value)}}}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join([_shown(item) for item in value]) + "]"
    if value is None or isinstance(value, bool | int):
        return str(value)
    return f"<{type(value).__name__}>"
