"""The paper's printed numbers, and the rule for matching one."""
