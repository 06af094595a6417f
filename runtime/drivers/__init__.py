"""Drivers host the kernel: `live` with real effects, `replay` from a journal, `simulation` in
virtual time for tests."""
