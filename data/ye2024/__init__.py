"""The paper of Ye (2024) alone: official series, their gaps, its variables, its Table 2."""
