"""The settings: what can be set, where values come from, and the typed configuration they make."""
