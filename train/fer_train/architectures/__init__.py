"""The networks that can be trained: registry.py names them, each other module builds one family of them."""
