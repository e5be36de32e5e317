"""Text of tables: what cells written by people hold."""
