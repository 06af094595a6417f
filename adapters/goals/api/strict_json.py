"""Bodies: JSON by the book (no NaN, no half surrogates), and nothing converted in silence."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import from_json, to_json
from starlette.requests import Request
from starlette.responses import Response

from .problems import Problem


class StrictRequest(Request):
    """Reads JSON more strictly than Python does."""

    async def json(self) -> Any:
        """Raises Problem."""
        try:
            return from_json(await self.body(), allow_inf_nan=False)
        except ValueError as error:
            raise Problem("invalid-request", f"the body is no JSON: {error}") from None


class StrictRoute(APIRoute):
    """A route whose bodies are read by StrictRequest."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly


def strict(model: type[BaseModel], *, optional: bool = False) -> WrapValidator:
    """To annotate a body with: "5" is no number, 1 is not true. `optional`: null will do."""

    def check(body: Any, _: ValidatorFunctionWrapHandler) -> BaseModel | None:
        if isinstance(body, bytes):
            detail = "send the body as JSON, with the header `Content-Type: application/json`"
            raise Problem("unsupported-media-type", detail)
        if body is None and optional:
            return None
        # In its JSON mode pydantic is strict about everything but what JSON has no words for.
        return model.model_validate_json(to_json(body), strict=True)

    return WrapValidator(check)
