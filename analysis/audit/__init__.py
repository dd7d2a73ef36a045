"""The audit: printed numbers against each other, as far as their printing leaves them open."""
