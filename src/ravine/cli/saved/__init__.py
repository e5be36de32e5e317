"""What commands save, and what they read again."""
