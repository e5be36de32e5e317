"""The search for the defaults of the Neural estimators; see README.md."""
