"""The resilient provider of a language model: it stands between the effect actor and a transport.

One call is up to 1 + `retries` attempts. Each waits for the breaker, books room in the ledger,
waits for the rate limits, is sent under a time limit, and is charged.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

import anyio

from ...actors.llm.chat import Chat, ChatReply, Fault, ModelTrouble, ToolCall, Usage
from ...runtime.effects import asking
from ...runtime.errors import EffectFault, EffectWithheld
from ...scenarios.schema.language_model import ModelConfig, Price
from .error_classifier import is_of_the_account, refusal_of
from .ledger import Ledger, Reservation, estimate_tokens
from .limits import ABSENT, OUTAGE_LIKE, Backoff, Breaker, RateLimit
from .prices import cost, dollars
from .telemetry import AttemptRecord, CallOutcome, CallRecord, CallSpan, call_span, default_tracer
from .transport import MAY_PASS, NOT_BILLED, Answer, Transport, TransportFault, place_of

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

_NO_TOKENS = Usage(0, 0)


class _Call:
    """One question on its way."""

    def __init__(self, question: Chat) -> None:
        request = asking.get(None)
        self.actor = request.actor if request else ""
        self.number = request.number if request else 0
        self.question = question
        self.bound = estimate_tokens(question)
        self.began = anyio.current_time()
        self.started = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.counted = 0
        """Attempts that count against the retries: not those that probed an open breaker."""
        self.attempts: list[AttemptRecord] = []
        self.faults: list[Fault] = []
        self.usage: Usage | None = None
        """The sum of what the provider has reported."""
        self.wasted: Usage | None = None
        """The part of it that failed attempts have cost."""
        self.untold = 0
        """Attempts that may have been billed without a report of their tokens."""
        self.finish_reason: str | None = None

    @property
    def trouble(self) -> ModelTrouble:
        """The cost of the call without an answer."""
        return ModelTrouble(len(self.attempts), tuple(self.faults), self.wasted, self.untold)


class ResilientProvider:
    """Implements `actors.llm.model.Provider` over a transport."""

    def __init__(
        self,
        config: ModelConfig,
        transport: Transport,
        ledger: Ledger,
        *,
        price: Price | None,
        redact: Callable[[str], str],
        record: Callable[[CallRecord], None],
        spent: Callable[[str, int, Any], None] = lambda actor, number, facts: None,
        backoff: Backoff | None = None,
        breaker: Breaker | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        """Wrap a transport.

        `redact` takes secrets out of a provider's text; `record` gets each call's facts once,
        however it ended; `spent` what a call has cost that ends without an outcome of its own
        (actor, number, facts). Without a `tracer`, spans go to the process's own, if it has one.
        """
        self._config = config
        self._transport = transport
        self._ledger = ledger
        self._price = price
        self._redact = redact
        self._record = record
        self._spent = spent
        self._backoff = backoff or Backoff()
        self._breaker = breaker or Breaker(config.model, config.outage_s)
        self._rate = RateLimit(config.requests_per_minute, config.tokens_per_minute)
        self._tracer = tracer or default_tracer()
        self._has_answered = False

    async def chat(self, question: Chat) -> ChatReply:
        """Answer one question. Raises EffectFault, EffectWithheld."""
        call = _Call(question)
        with call_span(self._tracer, question, self._config, call.actor, call.number) as span:
            try:
                answer = await self._answer(call)
            except BaseException as error:
                self._end(call, span, *_ending(error))
                raise
            span.answered(answer)
            self._end(call, span, "ok", None)
        return ChatReply(
            content=answer.content,
            tool_calls=answer.tool_calls,
            finish_reason=answer.finish_reason,
            usage=answer.usage,
            model=answer.model,
            fingerprint=answer.fingerprint,
            calls=len(call.attempts),
            faults=tuple(call.faults),
            wasted=call.wasted,
            untold=call.untold,
        )

    async def aclose(self) -> None:
        """Close the transport's connections."""
        await self._transport.aclose()

    async def _answer(self, call: _Call) -> Answer:
        """Make attempts until one is answered or no other makes sense."""
        while True:
            try:
                return await self._attempt(call)
            except TransportFault as fault:
                call.faults.append(Fault(fault.kind, fault.status))
                pause_s = self._pause_s(call, fault)
            await anyio.sleep(pause_s)

    def _pause_s(self, call: _Call, fault: TransportFault) -> float:
        """Return the seconds to wait before the next attempt. Raises if there shall be none."""
        if is_of_the_account(fault, self._has_answered):
            raise EffectWithheld(refusal_of(fault, self._config)) from None
        if fault.kind not in MAY_PASS:
            self._give_up(call, fault)
        if self._backoff.is_too_long(fault.retry_after_s):
            # As when a day's quota is used up: every further call would meet the same.
            raise EffectWithheld(
                f"the provider of {self._config.model} asks to wait for {fault.retry_after_s:.0f} "
                f"s ({fault}); then: gdg-runtime resume RUN"
            ) from None
        held = fault.kind in OUTAGE_LIKE and self._breaker.is_open
        if held:
            # An outage uses up no attempts: the breaker says when to go on.
            return fault.retry_after_s or 0.0
        if call.counted > self._config.retries:
            if any(kind not in ABSENT for kind, _ in call.faults):
                self._give_up(call, fault)
            # No server was there, each time: no fault of the question, and no turn is lost to it.
            self._breaker.open()
            return 0.0
        return self._backoff.pause_s(len(call.faults), fault.retry_after_s)

    def _give_up(self, call: _Call, fault: TransportFault) -> NoReturn:
        sent = len(call.attempts)
        attempts = "1 attempt" if sent == 1 else f"{sent} attempts"
        raise EffectFault(
            fault.kind,
            f"no answer from {self._config.model} after {attempts}: {fault}",
            call.trouble.to_json(),
        ) from None

    async def _attempt(self, call: _Call) -> Answer:
        """Make one attempt. Raises TransportFault, EffectWithheld."""
        probes, reservation = await self._admitted(call)
        if not probes:
            call.counted += 1
        began = anyio.current_time()
        try:
            answer = self._clean(await self._sent(call.question))
        except TransportFault as fault:
            self._settle(call, reservation, fault.usage, billed=fault.kind not in NOT_BILLED)
            if fault.usage is not None:
                call.wasted = fault.usage.plus(call.wasted or _NO_TOKENS)
            self._note(call, began, fault)
            self._judge(call, fault)
            raise
        except BaseException as error:
            self._settle(call, reservation, None, billed=True)
            self._breaker.withdrew(call)
            name = type(error).__name__ if isinstance(error, Exception) else "cancelled"
            call.attempts.append(AttemptRecord(anyio.current_time() - began, name))
            if isinstance(error, Exception):
                self._blame_adapter(call, error)
            raise
        self._settle(call, reservation, answer.usage, billed=True)
        self._breaker.passed()
        self._has_answered = True
        call.finish_reason = answer.finish_reason
        seconds = anyio.current_time() - began
        call.attempts.append(AttemptRecord(seconds, provider_id=answer.provider_id))
        return answer

    async def _admitted(self, call: _Call) -> tuple[bool, Reservation]:
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
            self._rate.give_back(call.bound.total)

    async def _sent(self, question: Chat) -> Answer:
        with anyio.move_on_after(self._config.timeout_s):
            return await self._transport.send(question)
        raise TransportFault("timed_out")

    def _settle(
        self, call: _Call, reservation: Reservation, usage: Usage | None, *, billed: bool
    ) -> None:
        if usage is None:
            call.untold += billed
        else:
            call.usage = usage.plus(call.usage or _NO_TOKENS)
        reservation.settle(usage, billed=billed)
        if usage is not None or not billed:
            self._rate.correct(call.bound.total, usage.total if usage else 0)

    def _note(self, call: _Call, began: float, fault: TransportFault) -> None:
        seconds = anyio.current_time() - began
        call.attempts.append(AttemptRecord(seconds, fault.kind, fault.status, fault.retry_after_s))

    def _judge(self, call: _Call, fault: TransportFault) -> None:
        """Apply a fault to the other callers of this model."""
        if fault.kind in OUTAGE_LIKE:
            self._breaker.failed(call)
        else:
            self._breaker.passed()
        wait_s = fault.retry_after_s
        if fault.kind == "rate_limited" and wait_s and not self._backoff.is_too_long(wait_s):
            self._rate.hold(wait_s)

    def _blame_adapter(self, call: _Call, error: Exception) -> NoReturn:
        """Report a transport that raised what it may not. Its text and frames could hold a key."""
        name, where = type(error).__name__, place_of(error)
        raise EffectFault(
            name,
            f"the adapter of {self._config.model} failed with {name}{where}; its text is left out, "
            f"since it could hold a key",
            call.trouble._replace(faults=(*call.faults, Fault(name))).to_json(),
        ) from None

    def _clean(self, answer: Answer) -> Answer:
        """Take secrets out of an answer, wherever a provider may have put them."""
        clean, (content, tools, reason, usage, model, fingerprint, name) = self._redact, answer
        calls = (
            ToolCall(id=clean(tool.id), name=clean(tool.name), arguments=clean(tool.arguments))
            for tool in tools
        )
        return Answer(
            clean(content), tuple(calls), clean(reason), usage, clean(model),
            None if fingerprint is None else clean(fingerprint),
            None if name is None else clean(name),
        )  # fmt: skip

    def _end(
        self, call: _Call, span: CallSpan, outcome: CallOutcome, error_type: str | None
    ) -> None:
        """Record the call's facts in telemetry."""
        seconds = anyio.current_time() - call.began
        usage = call.usage
        record = CallRecord(
            call.actor,
            call.number,
            call.question.model,
            call.started,
            seconds,
            max(0.0, seconds - sum(attempt.seconds for attempt in call.attempts)),
            tuple(call.attempts),
            usage.prompt_tokens if usage else None,
            usage.completion_tokens if usage else None,
            float(dollars(cost(usage, self._price))) if usage and self._price else None,
            call.finish_reason,
            outcome,
        )
        span.ended(record, error_type)
        self._record(record)
        if call.attempts and outcome in ("withheld", "cancelled"):
            facts = {**call.trouble.to_json(), "bound": list(call.bound)}
            self._spent(call.actor, call.number, facts)


def _ending(error: BaseException) -> tuple[CallOutcome, str]:
    """Return the outcome of a call that raised, and the kind of the error."""
    match error:
        case EffectFault():
            return "failed", error.kind
        case EffectWithheld():
            return "withheld", "withheld"
    if isinstance(error, anyio.get_cancelled_exc_class()):
        return "cancelled", "cancelled"
    return "failed", type(error).__name__
