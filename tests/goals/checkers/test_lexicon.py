"""The lexicon is data: validated, read when the rules are first used, part of the code's digest."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gdg_runtime.adapters.runs import revision
from gdg_runtime.goals.checkers import lexicon as module
from gdg_runtime.goals.checkers.lexicon import Lexicon, lexicon, word_sets


def test_words_are_in_lower_case_and_no_set_is_empty() -> None:
    plain = lexicon().model_dump()
    for words in ("", "Never", ["two words"]):
        damaged: dict[str, Any] = {**plain, "sets": {**plain["sets"], "not": words}}
        with pytest.raises(ValidationError):
            Lexicon.model_validate(damaged)


def test_no_word_stands_twice_in_a_set() -> None:
    for name, words in lexicon().sets.items():
        assert len(set(words)) == len(words), name


def test_a_set_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        word_sets("not nowhere_to_be_found")


def test_the_words_are_read_when_a_text_is_first_checked() -> None:
    program = (
        "import sys\n"
        "from gdg_runtime.goals.checkers.checker import LexicalChecker\n"
        "import gdg_runtime.goals.store_api\n"
        "assert 'gdg_runtime.goals.checkers.lexicon' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_digest_of_the_code_covers_words_and_migrations_and_no_scenario() -> None:
    root = Path(str(module.__file__)).parents[1]
    names = {file.name for file in revision.code_files(root)}
    assert {"lexicon.toml", "lexicon.py", "m001_goals.sql"} <= names
    scenarios = {file.suffix for file in revision.code_files(root.parent / "scenarios")}
    assert scenarios == {".py"}
