"""Goals outside of episodes: in a file, over HTTP, and the goals of a running episode."""
