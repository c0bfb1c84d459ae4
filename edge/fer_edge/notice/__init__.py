"""The notice for the people in front of the camera, in their language."""
