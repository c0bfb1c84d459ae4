"""The device and its entities in Home Assistant (2024.11 or later)."""
