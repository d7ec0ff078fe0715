"""Comity's client: ask one SQL question over many departments."""
