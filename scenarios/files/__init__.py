"""Scenario files: from a path or a shipped name to the resolved config."""
