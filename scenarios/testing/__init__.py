"""What a world is held to: it is played without actors, and checked against the contract."""
