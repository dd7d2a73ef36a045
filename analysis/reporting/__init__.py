"""What readers open: the page, figures, README blocks and status."""
