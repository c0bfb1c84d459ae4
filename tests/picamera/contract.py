"""What an application meets in picamera2, as facts in JSON, so that the real one and the fake can be compared.

Run as a program it tells of the real one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any


def facts(library: Any) -> dict[str, Any]:
    """What the module `library` does with its camera 0: names, shapes, sizes, errors."""
    told: dict[str, Any] = {
        "info": sorted({"Model", "Location", "Id", "Num"} & library.Picamera2.global_camera_info()[0].keys()),
        "a number that nobody has": fault(lambda: library.Picamera2(93))[:31],
    }
    camera = library.Picamera2(0)
    told["held by another"] = fault(lambda: library.Picamera2(0))
    told["lores larger than main"] = fault(lambda: configure(camera, (640, 480), (1280, 960)))
    configure(camera, (1280, 960), (640, 480))
    told["configuration"] = {
        name: [camera.camera_configuration()[name][key] for key in ("format", "size", "stride", "framesize")]
        for name in ("main", "lores")
    }
    camera.start()
    told["arrays"] = arrays(library, camera)
    told["frames"] = sum(bool(arrays(library, camera)) for _ in range(20))
    camera.stop()
    told["stopped"] = fault(lambda: arrays(library, camera))
    camera.cancel_all_and_flush()
    camera.stop()
    camera.start()
    told["started again"] = arrays(library, camera)
    camera.close()
    camera.close()
    told["closed"] = fault(camera.start)
    configure(another := library.Picamera2(0), (640, 480), None)
    told["one stream"] = another.camera_configuration()["lores"]
    another.close()
    return told


def configure(camera: Any, main: tuple[int, int], lores: tuple[int, int] | None) -> None:
    streams = {"main": main} | ({"lores": lores} if lores else {})
    wanted = {name: {"size": size, "format": "YUV420"} for name, size in streams.items()}
    camera.configure(camera.create_video_configuration(**wanted, controls={}, buffer_count=4))


def arrays(library: Any, camera: Any) -> dict[str, Any]:
    """Shape, type, and whether there is a picture in it, of each stream of the next frame."""
    told = {}
    with camera.captured_request(wait=1.0) as request:
        for name in ("main", "lores"):
            with library.MappedArray(request, name, write=False) as mapped:
                told[name] = [list(mapped.array.shape), str(mapped.array.dtype), bool(mapped.array.any())]
    return told


def fault(action: Callable[[], Any]) -> str:
    try:
        action()
    except (RuntimeError, TimeoutError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    return "none"


if __name__ == "__main__":
    from virtualcamera import picamera2

    json.dump(facts(picamera2), sys.stdout)
