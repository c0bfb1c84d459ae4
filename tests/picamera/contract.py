"""The behaviour of picamera2 as facts in JSON, so that the fake can be compared with the real module.

Run as a program, it prints the facts about the real one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any


def facts(library: Any) -> dict[str, Any]:
    """Use camera 0 of the module `library`, and record names, shapes, sizes and errors."""
    found: dict[str, Any] = {
        "info": sorted({"Model", "Location", "Id", "Num"} & library.Picamera2.global_camera_info()[0].keys()),
        "unknown number": error_of(lambda: library.Picamera2(93))[:31],
    }
    camera = library.Picamera2(0)
    found["in use"] = error_of(lambda: library.Picamera2(0))
    found["lores larger than main"] = error_of(lambda: configure(camera, (640, 480), (1280, 960)))
    configure(camera, (1280, 960), (640, 480))
    found["configuration"] = {
        name: [camera.camera_configuration()[name][key] for key in ("format", "size", "stride", "framesize")]
        for name in ("main", "lores")
    }
    found["unknown control"] = error_of(lambda: camera.set_controls({"AeExposureMode": 2}))
    camera.start()
    found["metadata"] = metadata(camera)
    found["control while running"] = error_of(lambda: camera.set_controls(frame_duration(camera)))
    found["arrays"] = arrays(library, camera)
    found["frames"] = sum(bool(arrays(library, camera)) for _ in range(20))
    camera.stop()
    found["stopped"] = error_of(lambda: arrays(library, camera))
    camera.cancel_all_and_flush()
    camera.stop()
    camera.start()
    found["started again"] = arrays(library, camera)
    camera.close()
    camera.close()
    found["closed"] = error_of(camera.start)
    found["control of a closed camera"] = error_of(lambda: camera.set_controls({"FrameDurationLimits": (33333, 33333)}))
    configure(another := library.Picamera2(0), (640, 480), None)
    found["one stream"] = another.camera_configuration()["lores"]
    another.close()
    return found


def configure(camera: Any, main: tuple[int, int], lores: tuple[int, int] | None) -> None:
    streams = {"main": main} | ({"lores": lores} if lores else {})
    formats = {name: {"size": size, "format": "YUV420"} for name, size in streams.items()}
    camera.configure(camera.create_video_configuration(**formats, controls={}, buffer_count=4))


def arrays(library: Any, camera: Any) -> dict[str, Any]:
    """Shape and type of each stream of the next frame, and whether it contains an image."""
    found = {}
    with camera.captured_request(wait=1.0) as request:
        for name in ("main", "lores"):
            with library.MappedArray(request, name, write=False) as mapped:
                found[name] = [list(mapped.array.shape), str(mapped.array.dtype), bool(mapped.array.any())]
    return found


def frame_duration(camera: Any) -> dict[str, Any]:
    """A control that sets the shortest duration of a frame that the camera offers."""
    shortest = camera.camera_controls["FrameDurationLimits"][0]
    return {"FrameDurationLimits": (shortest, shortest)}


def metadata(camera: Any) -> dict[str, Any]:
    """Name and type of each value in the metadata of the next frame, and what a request that was returned raises."""
    with camera.captured_request(wait=1.0) as request:
        found = {name: type(value).__name__ for name, value in request.get_metadata().items()}
    return {"returned request": error_of(request.get_metadata), **found}


def error_of(action: Callable[[], Any]) -> str:
    try:
        action()
    except (AssertionError, RuntimeError, TimeoutError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    return "none"


if __name__ == "__main__":
    from virtualcamera import picamera2

    json.dump(facts(picamera2), sys.stdout)
