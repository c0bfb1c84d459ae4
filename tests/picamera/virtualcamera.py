"""Makes picamera2 work on libcamera's virtual pipeline. Import it before anything that opens a camera.

The pipeline gives NV12 alone, in buffers of two planes, and knows no raw modes. The machine needs no devices for
buffers: files in memory stand in for them.
"""

import os
import sys
from types import ModuleType, SimpleNamespace
from unittest.mock import Mock

import libcamera


def _stand_in(name: str, **content: object) -> None:
    module = sys.modules[name] = ModuleType(name)
    module.__dict__.update(content)


# What picamera2 imports for previews and raw pictures, and what has no wheel.
_stand_in("pykms", PixelFormat=Mock())
_stand_in("prctl", set_pdeathsig=lambda *_: None)
_stand_in("pidng")
_stand_in("pidng.camdefs", Picamera2Camera=object)
_stand_in("pidng.core", PICAM2DNG=object)

import picamera2  # noqa: E402
from picamera2.allocators import dmaallocator  # noqa: E402
from picamera2.dma_heap import UniqueFD  # noqa: E402


class TwoPlanes:
    """Makes a libcamera.FrameBuffer of two planes, where picamera2 asks for one of a single plane."""

    Plane = libcamera.FrameBuffer.Plane

    def __new__(cls, planes: list) -> libcamera.FrameBuffer:
        (luma,) = planes  # the object itself: picamera2 knows the buffer by its descriptor
        chroma = cls.Plane()
        chroma.fd, chroma.length = luma.fd, luma.length // 3
        luma.length -= chroma.length
        chroma.offset = luma.length
        return libcamera.FrameBuffer([luma, chroma])


class Heap:
    """Buffers in memory, in place of the kernel's heap for them."""

    def alloc(self, name: str, size: int) -> UniqueFD:
        buffer = os.memfd_create(name)
        os.ftruncate(buffer, size)
        return UniqueFD(buffer)

    def close(self) -> None: ...


dmaallocator.libcamera = SimpleNamespace(FrameBuffer=TwoPlanes)
dmaallocator.DmaHeap = Heap
dmaallocator.fcntl = SimpleNamespace(ioctl=lambda *_: 0)  # nothing to synchronise
picamera2.Picamera2._get_raw_modes = lambda _: [{"format": "NV12", "size": (1280, 960)}]
