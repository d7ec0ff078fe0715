"""The department's side: it enforces the department's policy next to its database and runs fragments."""
