"""The resilient provider of a language model: it stands between the effect actor and a transport.

One call is up to 1 + `retries` attempts. Each waits for the breaker, books room in the ledger,
waits for the rate limits, is sent under a time limit, and is charged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

import anyio

from ...actors.llm.chat import Chat, ChatReply, ToolCall
from ...runtime.errors import EffectFault, EffectWithheld
from ...scenarios.schema.language_model import ModelConfig, Price
from .ledger import Ledger, Reservation
from .limits import Backoff, Breaker, RateLimit
from .telemetry import Attempt, Call, call_span, default_tracer
from .transport import (
    ABSENT,
    MAY_PASS,
    NOT_BILLED,
    OUTAGE_LIKE,
    Answer,
    Transport,
    TransportFault,
    account_refusal,
    place_of,
)

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer


class ResilientProvider:
    """Implements `actors.llm.chat.Provider` over a transport."""

    def __init__(
        self, config: ModelConfig, transport: Transport, ledger: Ledger, *,
        price: Price | None, redact: Callable[[str], str], record: Callable[[Call], None],
        backoff: Backoff | None = None, breaker: Breaker | None = None,
        tracer: Tracer | None = None,
    ) -> None:  # fmt: skip
        """Wrap a transport.

        `redact` takes secrets out of a provider's text; `record` gets each call once, however it
        ended. Without a `tracer`, spans go to the process's own, if it has one.
        """
        self._config = config
        self._transport = transport
        self._ledger = ledger
        self._price = price
        self._redact = redact
        self._record = record
        self._backoff = backoff or Backoff()
        self._breaker = breaker or Breaker(config.model, config.outage_s)
        self._rate = RateLimit(config.requests_per_minute, config.tokens_per_minute)
        self._tracer = tracer or default_tracer()
        self._has_answered = False

    async def chat(self, question: Chat) -> ChatReply:
        """Answer one question. Raises EffectFault, EffectWithheld."""
        call = Call(question)
        with call_span(self._tracer, call, self._config):
            try:
                answer = call.answer = await self._answer(call)
                call.end(None, self._price)
            except BaseException as error:
                call.end(error, self._price)
                raise
            finally:
                self._record(call)
        said = answer._asdict()
        del said["provider_id"]  # for telemetry alone
        return ChatReply(**said, **call.trouble._asdict())

    async def aclose(self) -> None:
        """Close the transport's connections."""
        await self._transport.aclose()

    async def _answer(self, call: Call) -> Answer:
        """Make attempts until one is answered or no other makes sense."""
        while True:
            try:
                return await self._attempt(call)
            except TransportFault as fault:
                pause_s = self._pause_s(call, fault)
            await anyio.sleep(pause_s)

    def _pause_s(self, call: Call, fault: TransportFault) -> float:
        """Return the seconds to wait before the next attempt. Raises if there shall be none."""
        refusal = account_refusal(fault, self._config, self._has_answered)
        if refusal is not None:
            raise EffectWithheld(refusal) from None
        if fault.kind not in MAY_PASS:
            self._give_up(call, fault)
        if self._backoff.is_too_long(fault.retry_after_s):
            # As when a day's quota is used up: every further call would meet the same.
            raise EffectWithheld(
                f"the provider of {self._config.model} asks to wait for {fault.retry_after_s:.0f} "
                f"s ({fault}); then: gdg-runtime resume RUN"
            ) from None
        if fault.kind in OUTAGE_LIKE and self._breaker.is_open:
            # An outage uses up no attempts: the breaker says when to go on.
            return fault.retry_after_s or 0.0
        if call.counted > self._config.retries:
            if any(attempt.fault not in ABSENT for attempt in call.attempts):
                self._give_up(call, fault)
            # No server was there, each time: no fault of the question, and no turn is lost to it.
            self._breaker.open()
            return 0.0
        return self._backoff.pause_s(len(call.attempts), fault.retry_after_s)

    def _give_up(self, call: Call, fault: TransportFault) -> NoReturn:
        sent = len(call.attempts)
        attempts = "1 attempt" if sent == 1 else f"{sent} attempts"
        raise EffectFault(
            fault.kind,
            f"no answer from {self._config.model} after {attempts}: {fault}",
            call.trouble.to_json(),
        ) from None

    async def _attempt(self, call: Call) -> Answer:
        """Make one attempt. Raises TransportFault, EffectWithheld."""
        probes, reservation = await self._admitted(call)
        call.counted += not probes
        began = anyio.current_time()
        try:
            answer = self._clean(await self._sent(call.question))
        except TransportFault as fault:
            attempt = Attempt(
                anyio.current_time() - began, fault.kind, fault.status, fault.retry_after_s,
                usage=fault.usage, billed=fault.kind not in NOT_BILLED,
            )  # fmt: skip
            self._settle(call, reservation, attempt)
            self._judge(call, fault)
            raise
        except BaseException as error:
            name = type(error).__name__ if isinstance(error, Exception) else "cancelled"
            self._settle(call, reservation, Attempt(anyio.current_time() - began, name))
            self._breaker.withdrew(call)
            if isinstance(error, Exception):
                self._blame_adapter(call, error)
            raise
        attempt = Attempt(
            anyio.current_time() - began, provider_id=answer.provider_id, usage=answer.usage
        )
        self._settle(call, reservation, attempt)
        self._breaker.passed()
        self._has_answered = True
        return answer

    async def _admitted(self, call: Call) -> tuple[bool, Reservation]:
        """Wait for all that an attempt needs; whether it probes an open breaker."""
        while True:
            probes = await self._breaker.admitted(call)
            try:
                reservation = await self._ledger.reserve(call.actor, call.bound, self._price)
                try:
                    await self._rate.acquire(call.bound.total)
                except BaseException:
                    reservation.release()
                    raise
            except BaseException:
                self._breaker.withdrew(call)
                raise
            if probes or not self._breaker.is_open:
                return probes, reservation
            # The provider went down while this call stood in the queue of the rate limit.
            reservation.release()
            self._rate.give_back(call.bound.total, requests=1)

    async def _sent(self, question: Chat) -> Answer:
        with anyio.move_on_after(self._config.timeout_s):
            return await self._transport.send(question)
        raise TransportFault("timed_out")

    def _settle(self, call: Call, reservation: Reservation, attempt: Attempt) -> None:
        """Note an attempt, and charge what it has taken."""
        call.attempts.append(attempt)
        usage, billed = attempt.usage, attempt.billed
        reservation.settle(usage, billed=billed)
        if usage is not None or not billed:
            self._rate.give_back(call.bound.total - (usage.total if usage else 0))

    def _judge(self, call: Call, fault: TransportFault) -> None:
        """Apply a fault to the other callers of this model."""
        if fault.kind in OUTAGE_LIKE:
            self._breaker.failed(call)
        else:
            self._breaker.passed()
        wait_s = fault.retry_after_s
        if fault.kind == "rate_limited" and wait_s and not self._backoff.is_too_long(wait_s):
            self._rate.hold(wait_s)

    def _blame_adapter(self, call: Call, error: Exception) -> NoReturn:
        """Report a transport that raised what it may not. Its text and frames could hold a key."""
        name, where = type(error).__name__, place_of(error)
        raise EffectFault(
            name,
            f"the adapter of {self._config.model} failed with {name}{where}; its text is left out, "
            f"since it could hold a key",
            call.trouble.to_json(),
        ) from None

    def _clean(self, answer: Answer) -> Answer:
        """Take secrets out of an answer, wherever a provider may have put them."""
        clean = self._redact
        calls = tuple(
            ToolCall(id=clean(tool.id), name=clean(tool.name), arguments=clean(tool.arguments))
            for tool in answer.tool_calls
        )
        fields = answer._asdict()
        texts = {name: clean(text) for name, text in fields.items() if isinstance(text, str)}
        return Answer(**{**fields, **texts, "tool_calls": calls})
