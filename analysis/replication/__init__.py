"""The paper's own estimators on a panel, beside the printed numbers."""
