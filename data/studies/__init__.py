"""A study is a file: data, variables and columns of one paper (schema, formulas, loading)."""
