import json

from gdg_runtime.scenarios.measures.figure import Figure


def test_a_figure_says_value_n_and_version() -> None:
    assert Figure.of(0.5, 4).to_json() == {"value": 0.5, "n": 4, "version": 1}


def test_an_undefined_figure_is_null_with_its_reason() -> None:
    figure = Figure.undefined("nothing was accepted", n=3, version=2)
    assert figure.to_json() == {
        "value": None,
        "n": 3,
        "version": 2,
        "reason": "nothing was accepted",
    }


def test_a_value_that_is_not_finite_makes_an_undefined_figure() -> None:
    for value in (float("nan"), float("inf"), float("-inf")):
        figure = Figure.of(value, 1)
        assert figure.value is None
        assert figure.reason is not None
        json.dumps(figure.to_json(), allow_nan=False)


def test_the_mean_of_nothing_is_undefined() -> None:
    assert Figure.mean([], "there is nothing") == Figure(None, 0, 1, "there is nothing")
    assert Figure.mean([1.0, 2.0], "there is nothing") == Figure(1.5, 2)


def test_a_difference_takes_over_the_reason_of_the_undefined_side() -> None:
    known, unknown = Figure.of(1.0, 2), Figure.undefined("not seen")
    assert Figure.difference(known, Figure.of(0.25, 1), 3) == Figure(0.75, 3)
    assert Figure.difference(known, unknown, 3) == Figure(None, 3, 1, "not seen")
    assert Figure.difference(unknown, known, 3) == Figure(None, 3, 1, "not seen")
