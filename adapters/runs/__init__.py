"""Runs on disk: their life from start to verification, and what is read of them afterwards."""
