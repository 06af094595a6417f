"""A slow provider in a process of its own: `provider.py LOG LATENCY_S` prints its port.

Each request is one line on the log, written before it is answered.
"""

import asyncio
import random
import sys
from pathlib import Path

from consulting import answer_to


async def main(log: Path, latency_s: float) -> None:
    lines = log.open("a", buffering=1)
    delays = random.Random(1)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            question = (await reader.readline()).decode().strip()
            lines.write(question + "\n")
            await asyncio.sleep(delays.random() * latency_s)
            writer.write(answer_to(question).encode() + b"\n")
            await writer.drain()
        except ConnectionError:
            pass  # the client was killed: that is what the test is about
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
