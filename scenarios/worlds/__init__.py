"""The built-in worlds: `sandbox` (an economy of agents) and `release_manager` (goal drift)."""
