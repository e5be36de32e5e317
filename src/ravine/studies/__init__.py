"""Studies: many runs that answer a question, with standard errors."""
