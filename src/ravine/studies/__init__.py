"""Studies: many runs that answer a question, with standard errors."""

from ravine.ground.packages import needs

needs("A study", "pandas", "scipy")
