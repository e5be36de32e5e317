"""Descriptions: networks, recipes and their parts, as frozen data that checks itself."""
