"""Subcommands that the server distribution adds to `comity`."""
