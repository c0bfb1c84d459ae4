"""Sources of frames: cameras, video files, pictures, and the webcam of a browser.

To add a kind of camera:
1. Write a module here with a class that is a `Camera` (base.py) and a `SourceKind` for it; v4l2.py is an example.
2. Add the `SourceKind` to `KINDS` in factory.py.
3. Describe it under the same name in `SOURCE_KINDS` in config/camera.py: that is its help text.
"""
