"""fer-edge as a user runs it: output, MQTT messages, signals, exit codes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest
from tests.support.media import MEDIA, WALK
from tests.support.mjpeg import MjpegCamera
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.mqtt import publish
from tests.support.network import free_port
from tests.support.processes import Run, command, run, run_in_process
from tests.support.refusals import assert_refused, error_line
from tests.support.waiting import wait_until

from fer_edge.config.model import DEFAULT_MODEL
from fer_edge.events import SCHEMA_FILE
from fer_edge.inference.model_file import read_model

SCHEMA = json.loads(SCHEMA_FILE.read_text())


def fer_edge(*arguments: object, env: dict[str, str] | None = None) -> Run:
    return run("fer_edge", *arguments, env=env)


def test_a_clip_prints_its_events_and_nothing_else() -> None:
    done = fer_edge("--camera", WALK, "--mqtt", "none", "--print", "--device", "cam")
    assert done.code == 0, done.err
    assert [event["type"] for event in done.events].count("start") >= 2
    for event in done.events:
        jsonschema.validate(event, SCHEMA, format_checker=jsonschema.FormatChecker())
    started = {event["track"] for event in done.events if event["type"] == "start"}
    assert started == {event["track"] for event in done.events if event["type"] == "end"}


def test_without_print_stdout_is_empty() -> None:
    done = fer_edge("--camera", MEDIA / "faces" / "bryan.png", "--mqtt", "none")
    assert (done.code, done.out) == (0, "")


def test_a_shipped_model_is_selected_by_its_name() -> None:
    picture = ["--camera", MEDIA / "faces" / "astronaut.png", "--mqtt", "none", "--print"]
    scores = [fer_edge(*picture, "--model", name).events[0]["scores"] for name in ("nano", "small", "base")]
    assert scores[2] == fer_edge(*picture).events[0]["scores"]
    assert scores[0] != scores[1] != scores[2]


def test_each_picture_of_a_folder_is_a_scene_of_its_own() -> None:
    done = fer_edge("--camera", MEDIA / "faces", "--mqtt", "none", "--print")
    assert done.code == 0
    assert [event["type"] for event in done.events] == ["start", "end"] * 8
    files = sorted(path.name for path in (MEDIA / "faces").iterdir())
    assert [event["frame"]["file"] for event in done.events] == [name for name in files for _ in ("start", "end")]
    assert "no face found" not in done.err


def test_every_picture_without_a_face_is_named(tmp_path: Path) -> None:
    names = [f"empty {number:02}.png" for number in range(30)]  # more than the log takes of one line of code
    for name in names:
        cv2.imwrite(str(tmp_path / name), np.full((60, 60), 128, np.uint8))
    (tmp_path / "face.png").write_bytes((MEDIA / "faces" / "astronaut.png").read_bytes())
    done = fer_edge("--camera", tmp_path, "--mqtt", "none", "--print")
    assert {event["frame"]["file"] for event in done.events} == {"face.png"}
    assert f"no face found in 30 of the pictures: {', '.join(names)}\n" in done.err


def test_subscribers_receive_status_info_events_and_offline(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe()
    done = fer_edge("--camera", WALK, "--mqtt", mosquitto.url, "--device", "cam", "--print")
    assert done.code == 0, done.err
    wait_until(lambda: ("fer/cam/status", "offline") in read_messages(file))
    messages = read_messages(file)
    assert messages[0] == ("fer/cam/status", "online")
    assert messages[-1] == ("fer/cam/status", "offline")
    info = json.loads(dict(messages)["fer/cam/info"])
    assert info["labels"] == list(read_model(DEFAULT_MODEL).labels)
    assert info["model"]["sha256"] == read_model(DEFAULT_MODEL).sha256
    assert json.loads(dict(messages)["fer/cam/state"])["faces"] == 0
    received = [json.loads(text) for topic, text in messages if topic == "fer/cam/event"]
    assert received == done.events
    for event in received:
        jsonschema.validate(event, SCHEMA, format_checker=jsonschema.FormatChecker())


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "long.mp4"
    arguments = ["-stream_loop", "199", "-i", str(WALK), "-c", "copy", str(path)]
    subprocess.run(["ffmpeg", "-v", "error", *arguments], check=True, timeout=60)
    return path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(mosquitto: Mosquitto, long_clip: Path, number: signal.Signals) -> None:
    file = mosquitto.subscribe()
    arguments = command("fer_edge", "--camera", long_clip, "--mqtt", mosquitto.url, "--device", "cam", "--print")
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        first = process.stdout.readline()
        process.send_signal(number)
        rest = process.stdout.read()
        assert process.wait(10) == 0
    events = [json.loads(line) for line in [first, *rest.splitlines()]]
    ends = {event["track"] for event in events if event["type"] == "end"}
    assert ends == {event["track"] for event in events if event["type"] == "start"}
    wait_until(lambda: ("fer/cam/status", "offline") in read_messages(file))
    assert [json.loads(text) for topic, text in read_messages(file) if topic == "fer/cam/event"] == events


def test_ctrl_c_during_the_start_leaves_no_traceback() -> None:
    with subprocess.Popen(
        command("fer_edge", "--camera", MEDIA / "faces", "--mqtt", "none"), stderr=subprocess.PIPE, text=True
    ) as process:
        wait_until(lambda: "cv2" in Path(f"/proc/{process.pid}/maps").read_text())
        process.send_signal(signal.SIGINT)
        assert process.stderr
        assert "Traceback" not in process.stderr.read()
        assert process.wait(20) in (0, -signal.SIGINT)


def test_a_killed_daemon_becomes_offline_by_its_last_will(mosquitto: Mosquitto, long_clip: Path) -> None:
    file = mosquitto.subscribe()
    process = subprocess.Popen(command("fer_edge", "--camera", long_clip, "--mqtt", mosquitto.url, "--device", "cam"))
    wait_until(lambda: any(topic == "fer/cam/event" for topic, _ in read_messages(file)))
    process.kill()
    process.wait(10)
    wait_until(lambda: ("fer/cam/status", "offline") in read_messages(file))


def test_events_that_one_run_could_not_deliver_are_delivered_by_the_next(mosquitto: Mosquitto, tmp_path: Path) -> None:
    outbox, picture = tmp_path / "outbox.sqlite", MEDIA / "faces" / "bryan.png"
    away = f"mqtt://127.0.0.1:{free_port()}"
    first = fer_edge("--camera", picture, "--mqtt", away, "--outbox", outbox, "--print", "--device", "cam")
    assert first.code == 1
    assert f"2 events were not delivered; they wait in {outbox}" in first.err
    file = mosquitto.subscribe()
    second = fer_edge("--camera", picture, "--mqtt", mosquitto.url, "--outbox", outbox, "--print", "--device", "cam")
    assert second.code == 0
    wait_until(lambda: ("fer/cam/status", "offline") in read_messages(file))
    events = [json.loads(text) for topic, text in read_messages(file) if topic == "fer/cam/event"]
    assert events == first.events + second.events


@pytest.mark.parametrize("name", [":memory:", "file:o.sqlite?mode=memory", "", "/", "a\0b", "x" * 300, "x" * 250])
def test_a_name_that_is_no_file_is_refused_for_the_outbox(name: str, tmp_path: Path) -> None:
    done = run_in_process("fer_edge", "--outbox", name, "--print-config")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "--outbox: " in done.err
    (tmp_path / "config.toml").write_text(f"[mqtt]\noutbox = {json.dumps(name)}\n")
    done = run_in_process("fer_edge", "--config", tmp_path / "config.toml", "--print-config")
    assert (done.code, len(done.err.splitlines())) == (78, 1)
    assert "mqtt.outbox: " in done.err


def test_under_systemd_the_outbox_is_in_the_state_directory(tmp_path: Path) -> None:
    away = f"mqtt://127.0.0.1:{free_port()}"
    picture = MEDIA / "faces" / "bryan.png"
    done = fer_edge("--camera", picture, "--mqtt", away, env={"STATE_DIRECTORY": str(tmp_path)})
    assert f"they wait in {tmp_path}/outbox.sqlite" in done.err


def test_a_truncated_video_gives_its_events_and_exit_1(tmp_path: Path) -> None:
    whole = tmp_path / "whole.mp4"
    arguments = ["-i", str(WALK), "-c", "copy", "-movflags", "faststart", str(whole)]
    subprocess.run(["ffmpeg", "-v", "error", *arguments], check=True)
    (tmp_path / "cut.mp4").write_bytes(whole.read_bytes()[:60_000])
    done = fer_edge("--camera", tmp_path / "cut.mp4", "--mqtt", "none", "--print")
    assert done.code == 1
    assert "of 41 frames could be read" in error_line(done)
    assert done.events[-1]["type"] == "end"


def serve_http(server: socket.socket) -> None:
    """Answer one connection as a web server does."""
    connection, _ = server.accept()
    connection.recv(1024)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    connection.close()


def test_a_port_that_is_no_broker_is_exit_1_with_the_number_of_lost_events() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve_http, args=(server,), daemon=True)
        thread.start()
        url = f"mqtt://127.0.0.1:{server.getsockname()[1]}"
        done = fer_edge("--camera", MEDIA / "faces" / "bryan.png", "--mqtt", url)
    assert done.code == 1
    assert f"broker {url}: " in done.err.splitlines()[-1]
    assert "2 events were not delivered; they are lost (--outbox FILE keeps them)" in done.err.splitlines()[-1]
    assert len(done.err.splitlines()) <= 3


def test_of_two_errors_both_are_reported_and_the_first_decides_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    done = fer_edge("--camera", tmp_path / "text.jpg", "--mqtt", f"mqtt://127.0.0.1:{free_port()}")
    assert done.code == 2
    assert "there were no events" in done.err
    assert "text.jpg: not a picture" in done.err.splitlines()[-1]


@pytest.fixture
def bad_files(tmp_path: Path) -> Path:
    """A folder of files that are not what their names promise."""
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "text.tflite").write_text("no model")
    (tmp_path / "empty").mkdir()
    (tmp_path / "nolabels.tflite").write_bytes(read_model(DEFAULT_MODEL).graph)
    (tmp_path / "cut.tflite").write_bytes(DEFAULT_MODEL.read_bytes()[:-1000])
    return tmp_path


@pytest.mark.parametrize(
    ("flags", "code", "expected"),
    [
        ("", 2, "--camera is missing"),
        ("--json", 2, "--json belongs to --check and to --status"),
        ("--camera {0}/nosuch.mp4", 2, "nosuch.mp4: no such file"),
        ("--camera {0}/text.mp4", 2, "text.mp4: neither a picture nor a video"),
        ("--camera {0}/text.jpg", 2, "text.jpg: not a picture"),
        ("--camera {0}/empty", 2, "empty: no pictures in this folder"),
        ("--camera /dev/null", 2, "--camera /dev/null: not a camera"),
        ("--camera rtsp://user:secret@h:x/", 2, "--camera: rtsp://***@***: expected rtsp://[user:password@]host"),
        ("--camera 0 --size 640", 2, "--size: '640' must be WIDTHxHEIGHT"),
        ("--camera 0 --size 641x480", 2, "--size: '641x480' must be WIDTHxHEIGHT, even"),
        ("--camera 0 --fps 0", 2, "--fps: '0' must be a whole number from 1 to 240"),
        ("--camera 0 --rotate 45", 2, "--rotate: '45' must be 0, 90, 180 or 270"),
        ("--camera 0 --flip x", 2, "--flip: 'x' must be h or v"),
        ("--camera x --bogus", 2, "unrecognized arguments: --bogus"),
        ("--camera x --threads 0", 2, "--threads: '0' must be"),
        ("--camera x --min-face 2", 2, "--min-face: '2' must be"),
        ("--camera x --mqtt http://h", 2, "--mqtt: http://h: expected mqtt://"),
        ("--camera x --device a/b", 2, "--device: 'a/b'"),
        ("--camera x --rate 0", 2, "--rate: '0' must be"),
        ("--camera x --min-score 2", 2, "--min-score: '2' must be"),
        ("--camera x --model {0}/nosuch.tflite", 78, "nosuch.tflite: No such file"),
        ("--camera x --model {0}/text.tflite", 78, "text.tflite: not a TFLite model"),
        ("--camera x --model {0}/nolabels.tflite", 78, "nolabels.tflite: no labels.txt"),
        ("--camera x --model {0}/cut.tflite", 78, "cut.tflite: no labels.txt in it, or cut short"),
        ("--camera {1} --outbox {0}/no/folder", 2, "--outbox"),
    ],
)
def test_bad_input_is_one_line_and_the_documented_exit_code(
    bad_files: Path, flags: str, code: int, expected: str
) -> None:
    done = fer_edge("--mqtt", "none", *flags.format(bad_files, WALK).split())
    assert_refused(done, "fer-edge: ", expected, code)


@pytest.mark.parametrize("camera", ["93", "/dev/video93"])
def test_a_missing_camera_is_waited_for_until_a_signal_ends_the_run(mosquitto: Mosquitto, camera: str) -> None:
    file = mosquitto.subscribe()
    arguments = command("fer_edge", "--camera", camera, "--mqtt", mosquitto.url, "--device", "cam")
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: any(topic == "fer/cam/state" for topic, _ in read_messages(file)))
        process.send_signal(signal.SIGTERM)
        assert process.stderr
        lines = process.stderr.read().splitlines()
        assert process.wait(10) == 0
    assert len([line for line in lines if line.startswith(f"fer-edge: camera {camera}: ")]) == 1
    assert read_messages(file)[0] == ("fer/cam/status", "online")
    assert read_messages(file)[-1] == ("fer/cam/status", "offline")


def test_a_picture_is_rotated_before_faces_are_detected(tmp_path: Path) -> None:
    upside_down = cv2.rotate(cv2.imread(str(MEDIA / "faces" / "bryan.png")), cv2.ROTATE_180)
    cv2.imwrite(str(tmp_path / "face.png"), upside_down)
    flags = ["--camera", tmp_path / "face.png", "--mqtt", "none", "--print", "--detector", "haar"]
    assert fer_edge(*flags).events == []
    assert [event["type"] for event in fer_edge(*flags, "--rotate", "180").events] == ["start", "end"]


def test_the_help_lists_the_exit_codes_and_the_schema_is_printed() -> None:
    assert "exit codes:" in fer_edge("--help").out
    assert json.loads(fer_edge("--schema").out) == SCHEMA


def test_a_reader_that_goes_away_ends_the_run_without_a_traceback(long_clip: Path) -> None:
    arguments = command("fer_edge", "--camera", long_clip, "--mqtt", "none", "--print")
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        output = process.stderr.read()
        assert process.wait(60) == 0
    assert "Traceback" not in output
    assert "BrokenPipe" not in output


def full_pipe() -> tuple[int, int]:
    """Both ends of a pipe that has no room."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    return reader, writer


def test_while_nobody_reads_its_output_a_run_goes_on_publishing_and_obeys_sigterm(mosquitto: Mosquitto) -> None:
    file = mosquitto.subscribe()
    (out, stdout), (err, stderr) = full_pipe(), full_pipe()
    face = bytes(cv2.imencode(".jpg", cv2.imread(str(MEDIA / "faces" / "astronaut.png")))[1])
    camera = MjpegCamera(picture=lambda _: face)
    arguments = ["--camera", camera.url, "--mqtt", mosquitto.url, "--device", "cam", "--print", "--model", "nano"]
    process = subprocess.Popen(command("fer_edge", *arguments), stdout=stdout, stderr=stderr)
    for descriptor in (stdout, stderr):
        os.close(descriptor)
    wait_until(lambda: any(topic == "fer/cam/event" for topic, _ in read_messages(file)), 30)
    publish(mosquitto, "fer/cam/cmd/ping", "")
    wait_until(lambda: any(topic == "fer/cam/reply/ping" for topic, _ in read_messages(file)))
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 1  # the events were not printed
    camera.stop()
    wait_until(lambda: ("fer/cam/status", "offline") in read_messages(file))
    for descriptor in (out, err):
        os.close(descriptor)


def test_a_full_disk_for_stdout_is_reported() -> None:
    with Path("/dev/full").open("w") as full:
        arguments = command("fer_edge", "--camera", WALK, "--mqtt", "none", "--print")
        done = subprocess.run(arguments, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_device_imports_no_host_library() -> None:
    program = (
        "import sys, fer_edge.daemon, fer_edge.cli\n"
        "print(sorted({'tensorflow', 'keras', 'matplotlib', 'scipy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
