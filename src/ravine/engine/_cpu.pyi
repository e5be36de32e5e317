def instruction_level() -> str:
    """v2, v3 or v4 on x86-64; base elsewhere."""
