"""What every room may use: errors a user can cause, and files written whole."""
