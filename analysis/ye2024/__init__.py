"""The paper of Ye (2024) alone: its reconstruction, its multiverse's choices, its claims."""
