"""Takes one protection away at a time, and demands that a test notices."""
