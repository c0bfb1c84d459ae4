"""The connection to the broker: events, retained messages, commands, Home Assistant."""
