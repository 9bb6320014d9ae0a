"""What a change of policy does: which connections it concerns, and what stays as it was."""
