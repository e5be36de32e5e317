"""Text of tables: how cells written by people are read."""
