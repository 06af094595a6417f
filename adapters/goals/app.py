"""The application: a plain ASGI factory, for any server and any event loop that anyio knows. Its
routes are made of the rows of `table.py`."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from inspect import Parameter, Signature, cleandoc
from typing import Annotated, Any, Literal, cast, get_args
from urllib.parse import quote

import anyio
from fastapi import Depends, FastAPI, Header, Path, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo
from pydantic_core import from_json, to_json
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ...goals.commands import COMMANDS, Command, ReadStatistics
from ...goals.fields import GOAL_ID, Form, UtcTime
from ...goals.identity import Caller, IdempotencyKey
from ...goals.model import GoalCategory, GoalState
from ...goals.schemas import Answer, GoalAnswer, Refused, Statistics
from ...runtime.canonical import canonical_json, digest
from ..runs.revision import package_version
from . import problems
from .metrics import Figures
from .middleware import ApiSettings, Authentication, BodyLimit, Tracing, Unfailing
from .openapi import document, refusals
from .ports import GoalPort
from .problems import Problem
from .table import NAMES, ROWS, Body, Row, Shown

ACTOR = "http"
"""The actor of requests, as the ledger shows it."""
PATIENCE_S = 5.0
"""Seconds that the goals may take to answer before the server counts as not ready."""
_SUMMARY = "Goals that are proposed, ranked, vetted against beliefs, adopted and executed."
_JSON = "application/json"
_DATE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")
_SWITCH = Literal["true", "false"]
_PATHS = {
    "goal_id": Path(pattern=GOAL_ID),
    "belief_id": Path(min_length=1, max_length=128, pattern=r"^[^\x00]*$"),
}


def create_app(port: GoalPort, settings: ApiSettings | None = None) -> FastAPI:
    """Make the API over whatever answers goal commands."""
    settings = settings or ApiSettings()
    app = FastAPI(
        title="gdg-runtime goals",
        summary=_SUMMARY,
        version=package_version(),
        license_info={"name": "MIT", "identifier": "MIT"},
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers=dict.fromkeys(problems.ERRORS, problems.on_error),
    )
    goals = Goals(port, settings.log)
    app.router.route_class = problems.StrictRoute
    for row in ROWS:
        add_route(app, row, goals)
    add_operation_routes(app, goals)
    # The last one added is the outermost.
    for layer in (BodyLimit, Authentication, Unfailing, Tracing):
        app.add_middleware(layer, settings=settings)
    app.openapi = cache(partial(document, app, settings))  # type: ignore[method-assign]
    return app


class Goals:
    """The goals, as a route sees them, and the metrics of the application."""

    def __init__(self, port: GoalPort, log: Any) -> None:
        self._port, self._log = port, log
        self.figures = Figures()

    async def ask(self, command: Command) -> Answer:
        """Return the command's answer. Raises Problem."""
        answer, expected = await self._port.ask(command), command.answer_type()
        if isinstance(answer, Refused):
            raise Problem.of(answer)
        if not isinstance(answer, expected):
            raise TypeError(f"expected {expected.__name__}, the port gave {type(answer).__name__}")
        if isinstance(answer, GoalAnswer):
            for warned in answer.warnings:
                self._log.warning(
                    "goal warning", code=warned.code, goal_id=answer.goal.id,
                    belief_id=warned.belief_id, detail=warned.detail,
                )  # fmt: skip
        return answer


# --- who asks -------------------------------------------------------------------------------------


# A dependency that is no coroutine would cost a thread.
async def reader(request: Request) -> Caller:
    """Make the caller of a question."""
    return Caller(actor=ACTOR, trace=problems.trace_of(request.scope))


async def writer(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=255,
            pattern=r"^[\x21-\x7e]+$",
            description="A text of the client's making. A request that is sent again with the same "
            "key within 24 hours changes nothing again, and gets the answer of the first.",
        ),
    ] = None,
) -> Caller:
    """Make the caller of a change, with the key of the request: the store keeps its answer with the
    change itself."""
    asked_by = await reader(request)
    if idempotency_key is None:
        return asked_by
    identity = request.scope["state"]["identity"]
    key = IdempotencyKey(
        scope=f"{identity} {request.method} {request.url.path}",
        key=idempotency_key,
        request=_digest(await request.body()),
    )
    return asked_by.model_copy(update={"key": key})


def _digest(body: bytes) -> str:
    """Digest a body; the same for other spellings of the same JSON."""
    try:
        return digest(canonical_json(from_json(body, allow_inf_nan=False)))
    except ValueError:
        return digest(body)


# --- the forms of requests and responses ----------------------------------------------------------


def _spelled_out(moment: Any) -> Any:
    """Refuse a number: in a query it is a text, and would be taken for seconds since 1970."""
    if isinstance(moment, str) and not _DATE.match(moment):
        raise ValueError("expected a date and time such as 2025-11-08T12:00:00Z")
    return moment


_STRICTER: dict[str, Any] = {
    "state": Annotated[tuple[GoalState, ...], Field(max_length=5)],
    "category": GoalCategory | None,
    "since": Annotated[UtcTime, BeforeValidator(_spelled_out)] | None,
}
"""Parameters of queries that take less than the command's field does."""


def _query_form(row: Row) -> type[BaseModel]:
    """Make a form of the query: a parameter that is not known is a mistake."""
    found: dict[str, Any] = {}
    for name in row.query:
        field = COMMANDS[row.command].model_fields[NAMES.get(name, name)]
        default = field.default
        if field.annotation is bool:
            found[name] = (_SWITCH, str(default).lower())
        elif bool in get_args(field.annotation):
            found[name] = (_SWITCH | None, default)
        else:
            found[name] = (_STRICTER.get(name) or _annotation(field), default)
    config = ConfigDict(frozen=True, extra="forbid")
    return create_model(f"{row.operation}_query", __config__=config, **found)


@cache  # every app has the same forms
def _body_form(body: Body, kind: type[Command]) -> type[BaseModel]:
    if body.whole is not None:
        return _form_of(kind.model_fields[body.whole])
    own = {name: kind.model_fields[name] for name in body.fields}
    return _form(body.title, Form, body.says, own)


@cache  # as above
def _response_form(shown: Shown | None, answer: type[Answer]) -> type[BaseModel]:
    if shown is None:
        return answer
    base = Form if shown.spread is None else _form_of(answer.model_fields[shown.spread])
    left_out = ("replayed", shown.spread)
    own = {name: field for name, field in answer.model_fields.items() if name not in left_out}
    if base.__qualname__ == shown.title:
        return base
    says = shown.says or answer.__doc__
    return _form(shown.title, base, says, own)


def _form_of(field: FieldInfo) -> type[BaseModel]:
    return cast("type[BaseModel]", field.annotation)


def _annotation(field: FieldInfo) -> Any:
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def _form(
    title: str, base: type[BaseModel], says: str | None, own: Mapping[str, FieldInfo]
) -> type[BaseModel]:
    """Make a form with the fields of another one."""
    fields: Any = {name: (field.annotation, field) for name, field in own.items()}
    return create_model(title, __base__=base, __doc__=says, **fields)


# --- the routes of commands -----------------------------------------------------------------------


def add_route(app: FastAPI, row: Row, goals: Goals) -> None:
    """Add the route of a row."""
    kind = COMMANDS[row.command]
    conditional = row.method == "GET" and row.versions is not None
    app.add_api_route(
        row.path,
        _endpoint(row, kind, goals),
        methods=[row.method],
        name=row.operation,
        operation_id=row.operation,
        description=cleandoc(row.says),
        tags=[row.tag],
        status_code=row.status,
        response_model=_response_form(row.shown, kind.answer_type()),
        responses=refusals(*row.all_refusals, not_modified=conditional),
    )


def _endpoint(row: Row, kind: type[Command], goals: Goals) -> Callable[..., Any]:
    async def endpoint(
        request: Request, caller: Caller, query: BaseModel | None = None, body: Any = None,
        if_match: str | None = None, if_none_match: str | None = None, **path: str,
    ) -> Response:  # fmt: skip
        named: list[tuple[str, Any]] = [*path.items(), *(query or ())]
        fields = {NAMES.get(name, name): value for name, value in named}
        if row.body is not None and row.body.whole is not None:
            fields[row.body.whole] = body
        else:
            fields |= dict(body or ())
        if row.versions is not None and row.method != "GET":

            async def current() -> int:
                read = COMMANDS[row.versions or ""](**path, caller=caller)
                return _version(row, await goals.ask(read)) or 0

            fields["expected_version"] = await problems.expected_version(
                if_match, current, required=row.method == "PATCH"
            )
        began = time.perf_counter()
        answer = await goals.ask(kind(**fields, caller=caller))
        if row.timed:
            goals.figures.ranking_ms.observe(1000 * (time.perf_counter() - began))
        return _response(row, answer, request, if_none_match)

    # FastAPI reads the signature: what it is to take out of a request.
    endpoint.__signature__ = Signature(list(_parameters(row, kind)))  # type: ignore[attr-defined]
    return endpoint


def _parameters(row: Row, kind: type[Command]) -> Iterator[Parameter]:
    def parameter(name: str, annotation: Any, default: Any = Parameter.empty) -> Parameter:
        return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)

    yield parameter("request", Request)
    yield parameter("caller", Annotated[Caller, Depends(writer if row.keyed else reader)])
    for name in row.parameters:
        yield parameter(name, Annotated[str, _PATHS.get(name, _PATHS["belief_id"])])
    if row.query:
        yield parameter("query", Annotated[_query_form(row), Query()])
    if row.body is not None:
        form, optional = _body_form(row.body, kind), row.body.optional
        annotation: Any = form | None if optional else form
        default = None if optional else Parameter.empty
        yield parameter(
            "body", Annotated[annotation, problems.strict(form, optional=optional)], default
        )
    if row.versions is not None:
        yield (
            parameter("if_none_match", problems.IfNoneMatch, None)
            if row.method == "GET"
            else parameter("if_match", problems.IfMatch, None)
        )


def _version(row: Row, answer: Answer) -> int | None:
    """Return the version of what an answer shows; None for what has none."""
    version: int | None = getattr(getattr(answer, row.spread or "", None), "version", None)
    return version


def _response(row: Row, answer: Answer, request: Request, known: str | None) -> Response:
    """Make the response of an answer, without a second check of what the store has checked."""
    version, headers = _version(row, answer), {}
    if version is not None:
        headers["ETag"] = problems.etag(version)
        if row.method == "GET" and problems.is_known(known, version):
            return Response(status_code=304, headers=headers)
    if row.status == 201 and row.spread is not None:
        made = getattr(answer, row.spread)
        headers["Location"] = f"{row.path}/{quote(made.id, safe='')}"
    if getattr(answer, "replayed", False):
        # Nothing was done, since it had been done before.
        headers["Idempotency-Replayed"] = "true"
    following = getattr(answer, "next_cursor", None) if row.linked else None
    if following is not None:
        url = request.url.include_query_params(cursor=following)
        headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return Response(_body_of(row, answer), row.status, headers, _JSON)


def _body_of(row: Row, answer: Answer) -> bytes | str:
    """Return the body of the response that shows an answer, as JSON."""
    if row.spread is None:
        return answer.model_dump_json(exclude={"replayed"})
    content = answer.model_dump(mode="json", exclude={"replayed"})
    return to_json({**content.pop(row.spread), **content})


# --- /healthz, /readyz and /metrics: for those who look after the server --------------------------


class Health(Form):
    """The server is there."""

    status: Literal["ok"]


def add_operation_routes(app: FastAPI, goals: Goals) -> None:
    """Add the routes that show how the server is."""
    fine = Health(status="ok").model_dump_json()
    asked_by = Annotated[Caller, Depends(reader)]

    def get(path: str, **settings: Any) -> Callable[[Any], Any]:
        return app.get(path, operation_id=path[1:], tags=["operation"], **settings)

    @get("/healthz", response_model=Health, responses=refusals(of_store=False))
    async def healthz() -> Response:
        """The process is alive."""
        return Response(fine, media_type=_JSON)

    @get("/readyz", response_model=Health, responses=refusals("not-ready", of_store=False))
    async def readyz(caller: asked_by) -> Response:
        """The goals answer."""
        try:
            with anyio.fail_after(PATIENCE_S):
                await goals.ask(ReadStatistics(caller=caller))
        except Exception as error:
            raise Problem("not-ready", "the goals do not answer; try again later") from error
        return Response(fine, media_type=_JSON)

    @get("/metrics", response_class=PlainTextResponse, responses=refusals())
    async def metrics(request: Request, caller: asked_by) -> Response:
        """The figures, for Prometheus or as OpenMetrics, as the Accept header says."""
        statistics = await goals.ask(ReadStatistics(caller=caller))
        assert isinstance(statistics, Statistics)
        accept = request.headers.get("accept", "")
        body, content_type = goals.figures.rendered(statistics, accept)
        return Response(body, headers={"Content-Type": content_type})
