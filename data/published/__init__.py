"""The numbers that the paper prints, and what it means to match one."""
