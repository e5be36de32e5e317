"""How much of an error comes from the model, the sample and the noise."""

from ravine.ground.packages import needs

needs("bias_variance", "sklearn", "pandas")
