"""Draws docs/images/start.svg from a real run: `python docs/images/draw_start.py`."""

import tempfile
from pathlib import Path

from rich.console import Console

from gdg_runtime.actors.resolved import default_catalogue
from gdg_runtime.adapters.cli import tables
from gdg_runtime.adapters.runs.execution import start_run
from gdg_runtime.scenarios.files.loader import load_scenario


def main() -> None:
    console = Console(record=True, width=108, highlight=False, force_terminal=True)
    tables.console = lambda: console
    with tempfile.TemporaryDirectory() as folder:
        result = start_run(
            load_scenario("baseline", catalogue=default_catalogue()), out=Path(folder)
        )
        result.directory = Path("runs") / result.directory.relative_to(folder)
        console.print("$ gdg-runtime start baseline", markup=False)
        tables.print_result(result, ())
    picture = console.export_svg(title="gdg-runtime start baseline")
    Path(__file__).with_name("start.svg").write_text(picture)


if __name__ == "__main__":
    main()
