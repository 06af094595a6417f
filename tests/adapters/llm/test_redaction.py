"""What any effect brings back is recorded without keys."""

from typing import Any

import anyio
import pytest

from gdg_runtime.adapters.llm.keys import without_secrets
from gdg_runtime.runtime import Actor, Context, Kernel, Message, drive, handles
from gdg_runtime.runtime.errors import EffectFailed

KEY = "pa55-w0rd-of-nobody"


class Go(Message, name="tests.go"):
    """Begin."""


class Asker(Actor):
    def __init__(self, effect: Any, seen: list[Any]) -> None:
        self.effect = effect
        self.seen = seen

    @handles
    async def on_go(self, message: Go, ctx: Context) -> None:
        try:
            self.seen.append(await ctx.effect(self.effect))
        except EffectFailed as error:
            self.seen.append(error.text)


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        (f"the key is {KEY}!", "the key is [redacted TOY_API_KEY]!"),
        ([1, {"deep": [KEY, None, 2.5]}], [1, {"deep": ["[redacted TOY_API_KEY]", None, 2.5]}]),
        ({KEY: f'quoted "{KEY}"'}, {"[redacted TOY_API_KEY]": 'quoted "[redacted TOY_API_KEY]"'}),
        ({"plain": "nothing \\ here"}, {"plain": "nothing \\ here"}),
        (LookupError(f"https://host/?key={KEY}"), "https://host/?key=[redacted TOY_API_KEY]"),
    ],
)
def test_a_key_in_an_outcome_is_taken_out(
    monkeypatch: pytest.MonkeyPatch, value: Any, clean: Any
) -> None:
    monkeypatch.setenv("TOY_API_KEY", KEY)
    seen: list[Any] = []

    async def effect() -> Any:
        if isinstance(value, Exception):
            raise value
        return value

    kernel = Kernel()
    kernel.root.tell(kernel.spawn("asker", Asker, effect, seen), Go())

    async def main() -> None:
        await drive(kernel, censor=without_secrets())

    anyio.run(main, backend="trio")
    assert seen == [clean]
