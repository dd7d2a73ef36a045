"""The report: one self-contained page, made of records, templates and charts."""
