"""Ground: files, numbers, text and progress, for every other room."""
