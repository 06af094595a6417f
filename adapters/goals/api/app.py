"""The application: a plain ASGI factory, for any server and any event loop that anyio knows."""

from fastapi import FastAPI

from ...runs.revision import package_version
from . import (
    belief_routes,
    decision_routes,
    goal_routes,
    health_routes,
    ledger_routes,
    life_routes,
)
from .allowed import AllowedMethods
from .asking import Goals
from .authentication import Authentication
from .body_limit import BodyLimit
from .counted import Figures
from .openapi import document
from .port import GoalPort
from .problems import HANDLERS, Unfailing
from .settings import ApiSettings
from .tracing import Tracing

_SUMMARY = "Goals that are proposed, ranked, vetted against beliefs, adopted and executed."
_NOUNS = (
    goal_routes, life_routes, ledger_routes, belief_routes, decision_routes, health_routes,
)  # fmt: skip


def create_app(port: GoalPort, settings: ApiSettings | None = None) -> FastAPI:
    """The API over whatever answers goal commands."""
    told = settings or ApiSettings()
    app = FastAPI(
        title="gdg-runtime goals",
        summary=_SUMMARY,
        version=package_version(),
        license_info={"name": "MIT", "identifier": "MIT"},
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers=dict(HANDLERS),
    )
    app.state.goals, app.state.figures = Goals(port, told.log), Figures()
    app.state.allowed = AllowedMethods(route for noun in _NOUNS for route in noun.router.routes)
    for noun in _NOUNS:
        app.include_router(noun.router)
    # The last one added is the outermost.
    app.add_middleware(BodyLimit, settings=told)
    app.add_middleware(Authentication, token=told.token)
    app.add_middleware(Unfailing, log=told.log)
    app.add_middleware(Tracing, bits=told.bits, log=told.log)
    app.openapi = lambda: document(app, told)  # type: ignore[method-assign]
    return app
