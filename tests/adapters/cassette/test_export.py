"""From runs to cassettes and back: whole runs, and no secret among them."""

from contextlib import suppress
from pathlib import Path

import pytest
from studio import LATER, Narrator, Story, Studio, ask, chatting, played

from gdg_runtime.actors.resolved import default_catalogue
from gdg_runtime.adapters.cassette import Cassette, CassettePlayer
from gdg_runtime.adapters.cassette.cassette import CassetteHoldsSecrets, RunNotReplayed
from gdg_runtime.adapters.cassette.export import export_run
from gdg_runtime.adapters.llm.keys import Keys
from gdg_runtime.adapters.runs.directory import REPRODUCIBLE, RunDirectory
from gdg_runtime.adapters.runs.execution import RunOptions, start_run
from gdg_runtime.runtime import Context
from gdg_runtime.runtime.effects import Outcome
from gdg_runtime.runtime.errors import EffectError
from gdg_runtime.scenarios.files.loader import load_scenario

HERE = Path(__file__).parent
NO_KEYS = Keys({}, {})


@pytest.fixture(autouse=True)
def _plug_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(HERE)


def run(out: Path, options: RunOptions | None = None) -> RunDirectory:
    """A whole run of chatter.yaml."""
    config = load_scenario(HERE / "chatter.yaml", catalogue=default_catalogue())
    result = start_run(config, out=out, options=options)
    assert (result.status, result.error) == ("completed", None)
    return RunDirectory(result.directory)


def test_whole_runs_of_other_latencies_make_the_same_cassette(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = set()
    for number, latency in enumerate(("0", "0.02", "0.004")):
        monkeypatch.setenv("GDG_TEST_LATENCY", latency)
        made = export_run(run(tmp_path / str(number)), NO_KEYS)
        made.write(tmp_path / "cassette.jsonl")
        written.add((tmp_path / "cassette.jsonl").read_bytes())
    assert len(written) == 1
    assert made.header.entries == 3 * 2 * 2 * 2


def test_a_run_that_is_played_writes_the_same_files_and_asks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = run(tmp_path)
    path = tmp_path / "cassette.jsonl"
    export_run(recorded, NO_KEYS).write(path)
    monkeypatch.setenv("GDG_TEST_OFFLINE", "1")
    player = CassettePlayer(Cassette.read(path))
    again = run(tmp_path, RunOptions(cassette=player))
    assert {name: (again.path / name).read_bytes() for name in REPRODUCIBLE} == {
        name: (recorded.path / name).read_bytes() for name in REPRODUCIBLE
    }
    assert player.summary() is None
    export_run(again, NO_KEYS).write(tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == path.read_bytes()


def test_a_run_that_asks_something_else_ends_with_a_plain_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cassette = export_run(run(tmp_path), NO_KEYS)
    monkeypatch.setenv("GDG_TEST_SAYS", "everything")
    config = load_scenario(HERE / "chatter.yaml", catalogue=default_catalogue())
    options = RunOptions(cassette=CassettePlayer(cassette))
    result = start_run(config, out=tmp_path, options=options)
    assert result.status == "failed"
    assert result.error is not None
    assert result.error.startswith("the cassette in memory does not hold what agents/chatty")
    assert "and say nothing." in result.error
    assert "and say everything." in result.error


def test_a_run_whose_code_has_changed_makes_no_cassette(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = run(tmp_path)
    monkeypatch.setenv("GDG_TEST_SAYS", "everything")
    with pytest.raises(RunNotReplayed, match="chatty_1 asks something else in its message"):
        export_run(recorded, NO_KEYS)


# --- secrets ------------------------------------------------------------------------------------

SECRET = 'hunter2"Größe"hunter2'
SHAPED = "sk-or-v1-0123456789abcdef0123456789abcdef"
KEYS = Keys({"MY_SERVICE_PASSWORD": SECRET, "SHORT_TOKEN": "abc", "HOME": "/home/me"}, {})


def saying(what: object) -> Story:
    async def story(ctx: Context, me: Narrator) -> None:
        await ctx.effect(ask, what)  # type: ignore[arg-type]

    return story


@pytest.mark.parametrize(
    ("what", "found"),
    [
        (f"my password is {SECRET}.", "what a asked holds the value of MY_SERVICE_PASSWORD"),
        ({"deep": [{"er": SECRET}]}, "what a asked holds the value of MY_SERVICE_PASSWORD"),
        ({SECRET: 1}, "what a asked holds the value of MY_SERVICE_PASSWORD"),
        (f"x={SHAPED}", "what a asked holds what looks like a key"),
        (f"long text {'.' * 300} {SHAPED}", "what a asked holds what looks like a key"),
        ("Authorization: Bearer abcdef0123456789abcdef", "what looks like a key"),
    ],
)
def test_a_secret_in_a_request_is_refused_and_not_told(
    studio: Studio, what: object, found: str
) -> None:
    with pytest.raises(CassetteHoldsSecrets) as refused:
        studio.written(saying(what), clean=KEYS.redact)
    told = str(refused.value)
    assert found in told
    assert "--redact" in told
    assert "hunter2" not in told
    assert SHAPED not in told
    assert "abcdef0123456789" not in told
    assert not (studio.folder / "story.jsonl").exists()


async def unlucky(ctx: Context, me: Narrator) -> None:
    with suppress(EffectError):
        await ctx.effect(ask, "hello")


@pytest.mark.parametrize("where", ["value", "text", "kind"])
def test_a_secret_in_an_outcome_is_refused(studio: Studio, where: str) -> None:
    outcome = Outcome("ok" if where == "value" else "failed")._replace(**{where: SHAPED})
    with pytest.raises(CassetteHoldsSecrets, match="what a was answered holds what looks like"):
        studio.cassette(unlucky, clean=KEYS.redact, answer=lambda request: outcome)


def test_a_secret_in_a_request_that_was_given_up_is_refused(studio: Studio) -> None:
    async def story(ctx: Context, me: Narrator) -> None:
        await ctx.race(ctx.effect(ask, SECRET, delay=LATER), ctx.sleep(1))

    with pytest.raises(CassetteHoldsSecrets, match="what a asked holds"):
        studio.cassette(story, clean=KEYS.redact)


def test_redacted_secrets_stand_nowhere_and_the_file_can_be_read(studio: Studio) -> None:
    path = studio.written(
        saying(f"{SECRET} {SHAPED} and a long text {'.' * 200}"), clean=KEYS.redact, redact=True
    )
    text = path.read_text()
    assert "hunter2" not in text
    assert SHAPED not in text
    assert "[redacted MY_SERVICE_PASSWORD]" in text
    cassette = Cassette.read(path)
    assert [entry.redacted for entry in cassette.entries] == [True, True]


def test_a_redacted_request_is_still_found(studio: Studio, tmp_path: Path) -> None:
    story = saying(f"my password is {SECRET}.")
    path = studio.written(story, clean=KEYS.redact, redact=True)
    player = CassettePlayer(Cassette.read(path))
    played(story, player, tmp_path / "played")
    assert player.summary() is None


def test_what_was_redacted_before_it_was_recorded_is_no_secret(studio: Studio) -> None:
    cassette = studio.cassette(saying("[redacted MY_SERVICE_PASSWORD]"), clean=KEYS.redact)
    assert not any(entry.redacted for entry in cassette.entries)


def test_redacting_changes_nothing_where_there_is_no_secret(studio: Studio) -> None:
    plain = studio.written(chatting, clean=KEYS.redact).read_bytes()
    assert studio.written(chatting, clean=KEYS.redact, redact=True).read_bytes() == plain


def test_the_variable_that_a_model_names_is_a_secret_whatever_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GDG_TEST_ADDS", " by swordfish-swordfish")
    config = load_scenario(
        HERE / "chatter.yaml",
        sets=["llm={model: toy, api_base: 'http://127.0.0.1:9/v1', api_key_env: MY_OWN}"],
        catalogue=default_catalogue(),
    )
    options = RunOptions(cassette=CassettePlayer(export_run(run(tmp_path), NO_KEYS)))
    result = start_run(config, out=tmp_path, options=options)
    assert result.status == "completed"
    keys = Keys({"MY_OWN": "swordfish-swordfish"}, {})
    with pytest.raises(CassetteHoldsSecrets, match="holds the value of MY_OWN"):
        export_run(RunDirectory(result.directory), keys)
