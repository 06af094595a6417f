"""Journals of released versions replay byte for byte, for ever.

Whoever breaks this breaks the runs that users have recorded. A new journal format gets a new file
here; the old ones stay.
"""

from pathlib import Path

from program_matrix import PROGRAM
from programs import Stage, Weather

from gdg_runtime.runtime import Recorded, replay

GOLDEN = Path(__file__).parent.parent / "golden" / "engine"


def test_the_journal_of_0_1_replays_to_the_trace_of_0_1() -> None:
    recorded = Recorded.read(GOLDEN / "journal-0.1.jsonl")
    stage = Stage(PROGRAM, Weather(0, 0.0))
    seen = stage.perform(lambda: replay(stage.kernel, recorded))
    assert seen == (GOLDEN / "trace-0.1.txt").read_text().splitlines()
