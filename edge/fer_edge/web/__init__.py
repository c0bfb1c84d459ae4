"""The live page: a run in a browser. Needs the extra `web`.

Only the command line opens it, if `--web` is given, and `--check` tries whether it could.
"""
