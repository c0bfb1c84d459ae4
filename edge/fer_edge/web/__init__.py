"""The live page: what the sensor sees, in a browser. A room of its own: only `service` opens it, when it is asked for.

It needs the extra `web`, but for `options`.
"""
