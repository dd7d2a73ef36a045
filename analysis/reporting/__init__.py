"""Reports: the page, figures, README blocks and status."""
