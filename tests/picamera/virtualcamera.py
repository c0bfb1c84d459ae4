"""Makes picamera2 work with libcamera's virtual pipeline. Import it before anything that opens a camera.

The pipeline delivers only NV12, in buffers of two planes, and has no raw modes. Files in memory replace the kernel's
devices for buffers, so the machine needs none.
"""

import os
import sys
from types import ModuleType, SimpleNamespace
from unittest.mock import Mock

import libcamera


def _replace_module(name: str, **content: object) -> None:
    module = sys.modules[name] = ModuleType(name)
    module.__dict__.update(content)


# What picamera2 imports only for previews and raw images, or what has no wheel.
_replace_module("pykms", PixelFormat=Mock())
_replace_module("prctl", set_pdeathsig=lambda *_: None)
_replace_module("pidng")
_replace_module("pidng.camdefs", Picamera2Camera=object)
_replace_module("pidng.core", PICAM2DNG=object)

import picamera2  # noqa: E402
from picamera2.allocators import dmaallocator  # noqa: E402
from picamera2.dma_heap import UniqueFD  # noqa: E402


class TwoPlanes:
    """Makes a libcamera.FrameBuffer of two planes, where picamera2 asks for one of a single plane."""

    Plane = libcamera.FrameBuffer.Plane

    def __new__(cls, planes: list) -> libcamera.FrameBuffer:
        (luma,) = planes  # changed in place: picamera2 identifies the buffer by its descriptor
        chroma = cls.Plane()
        chroma.fd, chroma.length = luma.fd, luma.length // 3
        luma.length -= chroma.length
        chroma.offset = luma.length
        return libcamera.FrameBuffer([luma, chroma])


class Heap:
    """Allocates buffers in memory instead of on the kernel's DMA heap."""

    def alloc(self, name: str, size: int) -> UniqueFD:
        buffer = os.memfd_create(name)
        os.ftruncate(buffer, size)
        return UniqueFD(buffer)

    def close(self) -> None: ...


dmaallocator.libcamera = SimpleNamespace(FrameBuffer=TwoPlanes)
dmaallocator.DmaHeap = Heap
dmaallocator.fcntl = SimpleNamespace(ioctl=lambda *_: 0)  # nothing to synchronise
picamera2.Picamera2._get_raw_modes = lambda _: [{"format": "NV12", "size": (1280, 960)}]
