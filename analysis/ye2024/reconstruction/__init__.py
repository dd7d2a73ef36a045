"""The nearest panel on which the printed numbers come out. Needs the extra `reconstruct`."""
