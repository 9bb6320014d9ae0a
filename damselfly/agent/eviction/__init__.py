"""Which verdict makes room for another: the one that was used least.

The budgets and the verdicts themselves are elsewhere; nothing here adds or deletes a flow.
"""
