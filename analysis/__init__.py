"""What is run: specifications, replication, sampling, diagnosis, comparison."""
