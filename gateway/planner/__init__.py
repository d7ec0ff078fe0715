"""Turns an authorised question into fragments for departments and a residual for the merge."""
