"""Tables for paper and page: one record of a table, and a writer for each format."""
