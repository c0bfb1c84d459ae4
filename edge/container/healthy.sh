#!/bin/sh
# Whether the daemon processes frames, or is paused: its health of the last 30 seconds, which it writes every 5, is printed.
find "$RUNTIME_DIRECTORY/health.json" -mmin -0.5 -exec cat {} + | grep -E '"camera": ?"(ok|paused)"'
