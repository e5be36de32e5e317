"""Programs that time studies."""
