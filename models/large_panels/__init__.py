"""The hierarchical model from sufficient statistics, for panels larger than memory."""
