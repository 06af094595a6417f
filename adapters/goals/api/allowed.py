"""Which methods a path has, for the Allow header of a 405."""

from collections.abc import Iterable, Sequence

from starlette.routing import BaseRoute, Route


class AllowedMethods:
    """The methods of all paths. The framework itself would name those of one route only, and a
    path has a route for each method."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._routes: Sequence[Route] = [route for route in routes if isinstance(route, Route)]

    def of(self, path: str) -> str:
        """As the header has it: `GET, PATCH`."""
        fitting = [route for route in self._routes if route.path_regex.match(path)]
        # /v1/goals/next is a path of its own and not the goal "next".
        closest = min(fitting, key=lambda route: len(route.param_convertors))
        methods = [route.methods or () for route in fitting if route.path == closest.path]
        return ", ".join(sorted({method for some in methods for method in some}))
