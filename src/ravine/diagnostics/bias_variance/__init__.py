"""How much of an error comes from the model, the sample and the noise."""
