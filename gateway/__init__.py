"""The front door: it plans questions, fans them out to departments' agents, merges and audits."""
