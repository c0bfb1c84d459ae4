"""Sources of frames: cameras, video files, pictures, and the browser that is a camera."""
