"""The ledger of claims: records, rule, evidence and verdicts."""
