"""How actors declare what they handle."""

from typing import Any

import pytest
from vocabulary import Go, Ping, Pong

from gdg_runtime.runtime import Actor, Context, EffectActor, Kernel, Message, handles


def test_a_union_annotation_handles_each_of_its_types() -> None:
    seen: list[str] = []

    class Both(Actor):
        @handles
        def on_either(self, message: Ping | Pong, ctx: Context) -> None:
            seen.append(type(message).__name__)

    kernel = Kernel()
    both = kernel.spawn("both", Both)
    kernel.root.tell(both, Ping())
    kernel.root.tell(both, Pong())
    kernel.run()
    assert seen == ["Ping", "Pong"]


def test_a_handler_of_a_base_type_gets_its_subtypes_unless_they_have_their_own() -> None:
    seen: list[str] = []

    class Special(Ping):
        pass

    class General(Actor):
        @handles
        def on_ping(self, message: Ping, ctx: Context) -> None:
            seen.append(f"general {type(message).__name__}")

    class Exact(General):
        @handles
        def on_special(self, message: Special, ctx: Context) -> None:
            seen.append("exact")

    kernel = Kernel()
    for name, kind in (("general", General), ("exact", Exact)):
        kernel.root.tell(kernel.spawn(name, kind), Special())
    kernel.run()
    assert sorted(seen) == ["exact", "general Special"]


def test_a_subclass_can_replace_a_handler() -> None:
    seen: list[str] = []

    class Parent(Actor):
        @handles
        def on_go(self, message: Go, ctx: Context) -> None:
            seen.append("parent")

    class Child(Parent):
        @handles
        def on_go(self, message: Go, ctx: Context) -> None:
            seen.append("child")

    kernel = Kernel()
    kernel.root.tell(kernel.spawn("child", Child), Go())
    kernel.run()
    assert seen == ["child"]


def test_an_annotation_that_is_no_message_is_refused_with_what_to_write() -> None:
    with pytest.raises(TypeError, match=r"Bad\.on_it.*must be annotated with a Message type"):

        class Bad(Actor):
            @handles
            def on_it(self, message: int, ctx: Context) -> None: ...


def test_a_handler_without_a_message_parameter_is_refused() -> None:
    with pytest.raises(TypeError, match="needs a parameter for the message"):

        class Bad(Actor):
            @handles
            def on_it(self) -> None: ...


def test_an_effect_handler_must_be_async() -> None:
    with pytest.raises(TypeError, match="must be `async def`"):

        class Bad(EffectActor):
            @handles
            def on_ping(self, message: Ping) -> Pong:
                return Pong()


@pytest.mark.parametrize("annotation", [set[int], frozenset[str], dict[str, set[int]], list[set]])
def test_messages_with_sets_are_refused(annotation: Any) -> None:
    with pytest.raises(TypeError, match="is a set, whose order is not reproducible"):
        type("Bad", (Message,), {"__annotations__": {"items": annotation}})


def test_messages_are_frozen_validated_and_named() -> None:
    assert Ping.message_name == "test.ping"
    with pytest.raises(ValueError):
        Ping(n="many")
    with pytest.raises(ValueError):
        Ping(n=1).n = 2  # type: ignore[misc]
    with pytest.raises(ValueError):
        Ping(unknown=1)  # type: ignore[call-arg]


def test_annotations_may_be_strings() -> None:
    seen: list[str] = []

    class Quoted(Actor):
        @handles
        def on_it(self, message: "Ping | Pong", ctx: "Context") -> None:
            seen.append(type(message).__name__)

    kernel = Kernel()
    kernel.root.tell(kernel.spawn("quoted", Quoted), Pong())
    kernel.run()
    assert seen == ["Pong"]


def test_a_string_annotation_that_can_not_be_resolved_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Bad\.on_it: its message's type can't be resolved"):

        class Bad(Actor):
            @handles
            def on_it(self, message: "Nowhere", ctx: Context) -> None: ...  # type: ignore[name-defined]  # noqa: F821


def test_two_handlers_of_one_type_are_refused() -> None:
    with pytest.raises(TypeError, match=r"Bad\.second and Bad\.first both handle 'test.ping'"):

        class Bad(Actor):
            @handles
            def first(self, message: Ping, ctx: Context) -> None: ...

            @handles
            def second(self, message: Ping | Pong, ctx: Context) -> None: ...


def test_two_types_of_one_name_are_refused_since_the_journal_could_not_tell_them() -> None:
    class Other(Message, name="test.ping"):
        pass

    with pytest.raises(TypeError, match="both handle 'test\\.ping'"):

        class Bad(Actor):
            @handles
            def first(self, message: Ping, ctx: Context) -> None: ...

            @handles
            def second(self, message: Other, ctx: Context) -> None: ...


def test_a_handler_with_a_yield_is_refused_since_calling_it_does_nothing() -> None:
    with pytest.raises(TypeError, match=r"Bad\.on_ping holds a `yield`"):

        class Bad(Actor):
            @handles
            def on_ping(self, message: Ping, ctx: Context) -> Any:
                yield


def test_a_subtype_reaches_its_handler_on_every_way() -> None:
    seen: list[int] = []

    class Special(Ping):
        pass

    class General(Actor):
        def on_start(self, ctx: Context) -> None:
            ctx.later(Special(n=1), steps=1)

        @handles
        def on_ping(self, message: Ping, ctx: Context) -> None:
            seen.append(message.n)

    kernel = Kernel()
    general = kernel.spawn("general", General)
    kernel.run()
    kernel.root.tell(general, Special(n=2))
    kernel.root.ask(general, Special(n=3))
    kernel.run()
    assert seen == [1, 2, 3]
    assert general.cell.accepted_names() == ["Ping"]
