"""Actors that run an async function of a test in their first turn."""

from typing import Any

from vocabulary import Go

from gdg_runtime.runtime import Actor, Context, Kernel, handles


class Story(Actor):
    """Runs an async function in its first turn."""

    def __init__(self, story: Any) -> None:
        self.story = story

    @handles
    async def on_go(self, message: Go, ctx: Context) -> None:
        await self.story(ctx)


def told(story: Any, **options: Any) -> Kernel:
    """A kernel with one actor, `story`, that runs the function."""
    kernel = Kernel(seed=1, **options)
    kernel.root.tell(kernel.spawn("story", Story, story), Go())
    return kernel
