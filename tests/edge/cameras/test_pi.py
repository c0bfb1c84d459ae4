"""The camera of a Pi, with the fake of picamera2 that `tests/picamera` compares with the real module."""

from __future__ import annotations

import gc
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
from tests.support.clock import FakeClock
from tests.support.fake_picamera2 import CHROMA, fake_picamera2, plane
from tests.support.waiting import open_descriptors

from fer_edge.cameras.auto_exposure import CHECK_INTERVAL, LONG, NORMAL
from fer_edge.cameras.base import CameraError, CameraImage
from fer_edge.cameras.cures import FREE_CAMERA, PLUG_IN
from fer_edge.cameras.pi import PiCamera
from fer_edge.config.camera import CameraOptions


@pytest.fixture
def library() -> SimpleNamespace:
    return fake_picamera2()


def opened(library: SimpleNamespace, options: CameraOptions | None = None, clock: FakeClock | None = None) -> PiCamera:
    camera = PiCamera(0, library, options or CameraOptions(), (clock or FakeClock()).monotonic)
    camera.open()
    return camera


def read(camera: PiCamera) -> CameraImage:
    image = camera.read()
    assert image
    return image


def read_until_stalled(camera: PiCamera, clock: FakeClock) -> None:
    assert camera.read() is None
    clock.advance(4)
    with pytest.raises(CameraError, match="stalled"):
        camera.read()


@pytest.mark.parametrize("pixel_format", ["YUV420", "NV12"])
@pytest.mark.parametrize("stride", [64, 128])
def test_grey_and_detail_are_the_y_planes_without_their_padding(
    library: SimpleNamespace, stride: int, pixel_format: str
) -> None:
    library.hardware.stride, library.hardware.pixel_format = stride, pixel_format
    camera = opened(library, CameraOptions(size=(1000, 600)))
    for number in range(3):
        image = read(camera)
        assert np.array_equal(image.grey, plane(number, 640, 384))
        assert image.detail is not None
        assert np.array_equal(image.detail, plane(number, 1000, 600))


@pytest.mark.parametrize("pixel_format", ["YUV420", "YVU420", "NV12", "NV21"])
@pytest.mark.parametrize("stride", [64, 128])
def test_the_colour_is_that_of_the_searched_image_and_is_kept_only_on_request(
    library: SimpleNamespace, stride: int, pixel_format: str
) -> None:
    library.hardware.stride, library.hardware.pixel_format = stride, pixel_format
    camera = opened(library, CameraOptions(size=(1000, 600)))
    assert read(camera).colour is None
    camera.keeps_colour = True
    image = read(camera)
    assert image.colour
    read(camera)  # its buffer is used for the next frame
    assert np.array_equal(image.grey, plane(1, 640, 384))
    planes = [plane(1, 640, 384), *(np.full((384, 640), value, np.uint8) for value in CHROMA)]
    luma, u, v = (channel.astype(float) for channel in planes)
    luma = 1.164 * np.maximum(luma - 16, 0)  # the video range of ITU-R BT.601
    expected = np.dstack(
        [luma + 2.018 * (u - 128), luma - 0.391 * (u - 128) - 0.813 * (v - 128), luma + 1.596 * (v - 128)]
    )
    assert np.abs(image.colour() - expected.clip(0, 255)).max() < 3


def test_a_size_that_the_camera_adjusted_is_used(library: SimpleNamespace) -> None:
    library.hardware.adjust = lambda width, height: (width - 20, height - 30)
    image = read(opened(library))
    assert image.grey.shape == (450, 620)
    assert image.detail is not None
    assert image.detail.shape == (930, 1260)


@pytest.mark.parametrize(("sensor", "height"), [((3280, 2464), 960), ((4608, 2592), 720), ((4056, 3040), 960)])
def test_by_default_the_whole_field_of_view_of_the_sensor_is_asked_for(
    library: SimpleNamespace, sensor: tuple[int, int], height: int
) -> None:
    library.hardware.sensor = sensor
    image = read(opened(library))
    assert image.detail is not None
    assert image.detail.shape == (height, 1280)
    assert image.grey.shape == (height // 2, 640)


def test_the_smaller_stream_is_searched_whichever_it_is_after_adjustment(library: SimpleNamespace) -> None:
    library.hardware.adjust = lambda width, height: (1280, 960) if width == 640 else (640, 480)
    image = read(opened(library))
    assert image.grey.shape == (480, 640)
    assert image.detail is not None
    assert image.detail.shape == (960, 1280)


def test_a_small_image_needs_no_second_stream(library: SimpleNamespace) -> None:
    image = read(opened(library, CameraOptions(size=(320, 240))))
    assert image.grey.shape == (240, 320)
    assert image.detail is None


def test_the_frame_rate_becomes_a_control_of_the_camera(library: SimpleNamespace) -> None:
    opened(library, CameraOptions(fps=10))
    assert library.hardware.owner.configuration["controls"] == {"FrameDurationLimits": (100000, 100000)}


def test_a_camera_without_that_control_keeps_its_own_rate(library: SimpleNamespace) -> None:
    library.hardware.controls.clear()
    opened(library, CameraOptions(fps=10))
    assert library.hardware.owner.configuration["controls"] == {}


def test_a_dark_scene_lengthens_the_exposure_but_not_the_frame(library: SimpleNamespace) -> None:
    library.hardware.lux = 5
    read(opened(library, CameraOptions(fps=10)))
    assert library.hardware.received_controls == [{"FrameDurationLimits": (100000, 100000)}, {"AeExposureMode": LONG}]


@pytest.mark.parametrize("dark_after_the_stall", [False, True])
def test_after_a_stall_the_exposure_is_set_again_for_the_scene_as_it_then_is(
    library: SimpleNamespace, dark_after_the_stall: bool
) -> None:
    clock = FakeClock()
    library.hardware.lux = 5
    camera = opened(library, clock=clock)
    read(camera)
    library.hardware.delivers = False
    read_until_stalled(camera, clock)
    library.hardware.delivers, library.hardware.lux = True, 5 if dark_after_the_stall else 400
    camera.open()
    read(camera)
    expected = LONG if dark_after_the_stall else NORMAL
    assert library.hardware.received_controls == [{"AeExposureMode": LONG}, {"AeExposureMode": expected}]


def test_a_new_object_gets_the_exposure_of_the_scene_too(library: SimpleNamespace) -> None:
    library.hardware.lux = 5
    camera = opened(library)
    read(camera)
    camera.close()
    camera.open()
    read(camera)
    assert library.hardware.received_controls == [{"AeExposureMode": LONG}] * 2


@pytest.mark.parametrize("error", [RuntimeError("not advertised"), OSError(5, "Input/output error")])
def test_an_error_in_setting_the_exposure_is_logged_once_and_the_images_continue(
    library: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    clock = FakeClock()
    library.hardware.lux = 5
    camera = opened(library, clock=clock)
    with monkeypatch.context() as patch:
        patch.setattr(library.Picamera2, "set_controls", Mock(side_effect=error))
        for number in range(3):
            assert read(camera).grey[0, 0] == number
            clock.advance(CHECK_INTERVAL)
    expected = f"camera picamera2 0: cannot adapt its exposure to a dark scene: {error}"
    assert [record.getMessage() for record in caplog.records] == [expected]
    camera.open()
    read(camera)
    assert library.hardware.received_controls == [{"AeExposureMode": LONG}]


def test_a_format_without_a_y_plane_is_refused_and_the_camera_released(library: SimpleNamespace) -> None:
    library.hardware.pixel_format = "YUYV"
    with pytest.raises(CameraError, match="its format is YUYV"):
        opened(library)
    assert library.hardware.owner is None


def test_each_request_is_returned_so_that_more_frames_than_buffers_can_be_read(library: SimpleNamespace) -> None:
    camera = opened(library)
    assert [int(read(camera).grey[0, 0]) for _ in range(50)] == list(range(50))


def test_a_moment_without_a_frame_is_not_an_error_and_loses_no_frame(library: SimpleNamespace) -> None:
    camera = opened(library)
    read(camera)
    library.hardware.delivers = False
    assert [camera.read() for _ in range(3)] == [None] * 3
    library.hardware.delivers = True
    assert read(camera).grey[0, 0] == 1


def test_after_a_stall_the_same_object_is_started_again(library: SimpleNamespace) -> None:
    clock = FakeClock()
    camera = opened(library, clock=clock)
    for _ in range(100):
        library.hardware.delivers = False
        read_until_stalled(camera, clock)
        library.hardware.delivers = True
        camera.open()
        read(camera)
    assert (library.hardware.made, library.hardware.starts) == (1, 101)


def test_a_slow_camera_has_time_for_its_first_frames(library: SimpleNamespace) -> None:
    clock = FakeClock()
    camera = opened(library, CameraOptions(fps=1), clock)
    library.hardware.delivers = False
    clock.advance(7)
    assert camera.read() is None


def test_after_a_failed_restart_a_new_object_is_made(library: SimpleNamespace) -> None:
    camera = opened(library)
    library.hardware.refuses_to_start = True
    with pytest.raises(CameraError, match="Input/output error"):
        camera.open()
    assert library.hardware.owner is None
    library.hardware.refuses_to_start = False
    camera.open()
    read(camera)
    assert library.hardware.made == 2


def test_the_error_of_a_missing_camera_lists_the_available_ones(library: SimpleNamespace) -> None:
    camera = opened(library)
    library.hardware.ids.clear()
    with pytest.raises(CameraError, match="there is none; available: none") as caught:
        camera.open()
    assert caught.value.cure == PLUG_IN


def test_a_busy_camera_leaves_no_descriptor_open(library: SimpleNamespace) -> None:
    library.hardware.busy = True
    camera = PiCamera(0, library, CameraOptions())
    gc.collect()  # what other tests left open must not be closed while we count
    before = open_descriptors()
    for _ in range(20):
        with pytest.raises(CameraError, match="did not complete") as caught:
            camera.open()
        assert caught.value.cure == FREE_CAMERA
    assert open_descriptors() == before
    library.hardware.busy = False
    camera.open()
    read(camera)


def test_a_camera_is_found_by_its_id_at_any_index(library: SimpleNamespace) -> None:
    own = library.hardware.ids[0]
    library.hardware.ids.insert(0, "/base/soc/i2c0mux/i2c@0/imx219@10")
    camera = PiCamera(own, library, CameraOptions())
    camera.open()
    assert camera.name == f"picamera2 {own}"
    with pytest.raises(CameraError, match=r"available: /base/.*imx219"):
        PiCamera("/base/nosuch", library, CameraOptions()).open()


def test_a_camera_may_be_closed_twice_and_opened_again(library: SimpleNamespace) -> None:
    camera = opened(library)
    camera.close()
    camera.close()
    assert library.hardware.owner is None
    camera.open()
    read(camera)
