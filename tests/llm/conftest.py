"""A provider that misbehaves, in a process of its own."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from serving import FaultServer, start_server  # needs the line above


@pytest.fixture
def serve() -> Iterator[Callable[..., FaultServer]]:
    """Starts servers with options of one's own; see `start_server`."""
    with ExitStack() as running:

        def start(**options: Any) -> FaultServer:
            return running.enter_context(start_server(**options))

        yield start


@pytest.fixture
def fault_server(serve: Callable[..., FaultServer]) -> FaultServer:
    """A server that answers at once and without faults."""
    return serve()
