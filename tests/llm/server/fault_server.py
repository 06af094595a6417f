"""An OpenAI-compatible server for tests, which answers reproducibly and fails on demand.

`python fault_server.py --port 0 [options]` prints `{"port": N}` once it listens. It ends on
SIGTERM, and when a pipe that is its stdin is closed. Standard library only.
"""

import asyncio
import json
import os
import signal
import stat
import sys
from functools import partial

from connection import Connection
from ledger import Ledger
from options import BadOption, CommandLine, Options
from service import Service


async def serve(asked: CommandLine) -> None:
    """Listen until SIGTERM, or until stdin is closed."""
    options = Options()
    options.change(asked.given)
    service = Service(options, Ledger(asked.log))
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    if not asked.detached and stat.S_ISFIFO(os.fstat(0).st_mode):
        loop.add_reader(0, lambda: None if os.read(0, 4096) else over.set())
    listening = await loop.create_server(
        partial(Connection, service), asked.host, asked.port, backlog=2048
    )
    print(json.dumps({"port": listening.sockets[0].getsockname()[1]}), flush=True)
    await over.wait()
    listening.close()


def main() -> None:
    asked = CommandLine.read(sys.argv[1:])
    try:
        asyncio.run(serve(asked))
    except (BadOption, OSError) as trouble:
        sys.exit(f"fault_server: {trouble}")


if __name__ == "__main__":
    main()
