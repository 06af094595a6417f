"""Runs on disk: how they are executed, verified, listed and read."""
