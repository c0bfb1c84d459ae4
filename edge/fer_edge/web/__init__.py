"""The live page: what the sensor sees, in a browser. A room of its own, which needs the extra `web`.

Only `service` opens it, when it is asked for, and `pagecheck` tries whether it could.
"""
