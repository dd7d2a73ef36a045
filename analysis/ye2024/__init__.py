"""The paper of Ye (2024) alone: reconstruction, multiverse, Shapley decomposition, claims."""
