"""The transcript: the episode in words, for an outside auditor who has no scenario code."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..scenarios.contract import Event, Moment
from .ports import Sinks

_MARKDOWN = {
    **{ord(mark): f"\\{mark}" for mark in "`*_[]|\\"},
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord("&"): "&amp;",
}

_IN_STEP_LOG = ("action_denied", "action_failed", "invalid_action")
"""Events that the line of the agent's turn tells already."""


class Transcript:
    """Renders what happened, for people who read Markdown and as plain text.

    Texts of agents are data. What is not printable (control characters, invisible marks that turn
    the direction of text) is escaped; in Markdown the steps stand in blocks where nothing is
    interpreted, each line indented so that none can end the block.
    """

    def __init__(self, title: str, sections: Sequence[tuple[str, Sequence[str]]]) -> None:
        """`sections`: what the reader must know beforehand, as headings with lines."""
        self.title = title
        self.sections = sections
        self.epoch = -1
        self.index = -1

    def open(self, sinks: Sinks) -> None:
        """Write the introduction."""
        markdown, plain = [f"# {_markdown(self.title)}\n"], [f"{printable(self.title)}\n"]
        for heading, lines in self.sections:
            markdown.append(f"\n## {heading}\n\n")
            plain.append(f"\n{heading}\n")
            for line in lines:
                markdown.append(f"- {_markdown(line)}\n")
                plain.append(f"  {printable(line)}\n")
        self._put(sinks, "".join(markdown), "".join(plain))

    def write(
        self,
        sinks: Sinks,
        moment: Moment,
        steps: Sequence[Mapping[str, Any]],
        events: Sequence[Event],
    ) -> None:
        """Write what happened in a moment: the turns, then what followed from them."""
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
        lines += [_event(event) for event in events if event.type not in _IN_STEP_LOG]
        if lines:
            block = "".join([f"    {printable(line)}\n" for line in lines])
            markdown += f"```text\n{block}```\n"
            plain += block
        self._put(sinks, markdown, plain)

    def close(self, sinks: Sinks, reason: str, figures: Mapping[str, Any]) -> None:
        """Write how the episode ended, with its figures."""
        markdown = [f"\n## The end: {_markdown(reason)}\n\n"]
        plain = [f"\nThe end: {printable(reason)}\n"]
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


def printable(text: str) -> str:
    """The text with everything that is not printable escaped."""
    if text.isprintable():
        return text
    return "".join(
        [mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text]
    )


def _markdown(text: str) -> str:
    return printable(text).translate(_MARKDOWN)


def _turn(step: Mapping[str, Any]) -> str:
    """One agent's turn as a sentence: what it did, what came of it, how it was scored."""
    action, verdict, result = step["action"], step["verdict"], step["result"]
    tool = action["tool"]
    parts = [f"{step['agent']} does nothing" if tool is None else f"{step['agent']}: {tool}"]
    args = action.get("args")
    if args:
        parts.append("(" + ", ".join([f"{name}={_shown(args[name])}" for name in args]) + ")")
    if action.get("reasoning"):
        parts.append(f"because {_shown(action['reasoning'])}")
    if verdict["decision"] == "deny":
        parts.append(f"→ denied by {verdict['lever']}: {verdict['reason']}")
    elif not result["ok"]:
        parts.append(f"→ refused: {result['error']}")
    score = step["score"]
    value = score["value"]
    if value is None:
        parts.append(f"[alignment: not scored, {score.get('reason')}]")
    else:
        wrongs = [f"{name} {size:.3g}" for name, size in score["components"].items() if size]
        parts.append(f"[alignment {value:.3g}{': ' + ', '.join(wrongs) if wrongs else ''}]")
    return " ".join(parts)


def _event(event: Event) -> str:
    who = f" {event.agent}" if event.agent else ""
    facts = ", ".join([f"{name} {_shown(event.data[name])}" for name in event.data])
    return f"↳ {event.type.replace('_', ' ')}{who}: {facts}"


def _shown(value: Any) -> str:
    if value.__class__ is float:
        return f"{value:.4g}"
    if value.__class__ is str:
        return f"“{value}”"
    return str(value) if not isinstance(value, dict | list | tuple) else _nested(value)


def _nested(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join([f"{name} {_shown(value[name])}" for name in value]) + "}"
    return "[" + ", ".join([_shown(item) for item in value]) + "]"
