"""The conformance suite: attacks as data, a federation to try them on, and what tries them on any gateway.

`cases/` has one file per class of attack. `federation/` has what they are asked of: one department, written once
per engine, with values planted where no answer may show them. Nothing here is needed to serve a federation.
"""
