"""The outside world, and what wires the layers below to it.

- `python_api`: all that `import gdg_runtime` offers.
- `cli`: the command `gdg-runtime`.
- `runs`: a run's life, its files, their reader and their verification.
- `goals`: goals over HTTP and in files.
- `llm`, `local_model`: providers of language models.
- `cassette`, `dry_run`: recorded answers, and estimates without any.
- `asyncio_thread`: libraries that need asyncio, under any event loop.
"""
