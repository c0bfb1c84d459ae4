"""Where the faces are in a picture."""
