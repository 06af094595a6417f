"""The contract tests of worlds: `play` drives a world without actors, `checks` has the tests."""
