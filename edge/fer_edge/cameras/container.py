"""The containers of clips: which clips are cut short. FFmpeg reports nothing of that for some of them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import BinaryIO

NO_END = "its end is missing"
NO_FRAME = "there is no frame in it"
NO_INDEX = "its index (moov) is missing"

HEAD = 1 << 16  # bytes; an AVI has less in front of its frames
TAIL = 1 << 17  # bytes; an Ogg page is shorter
OGG_HEADER = 27  # bytes of the header of an Ogg page, whose last is the number of segments (RFC 3533)
SEGMENT, CLUSTER = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"  # elements of Matroska (RFC 9559)
TS_PACKET, M2TS_PACKET = 188, 192  # bytes; the latter begin with a time stamp of 4 bytes

# Height and width of a chroma plane are those of the picture divided by these (yuv4mpeg(5)).
_Y4M_CHROMA = {b"420": (2, 2), b"411": (1, 4), b"422": (1, 2), b"444": (1, 1)}


def is_iso_media(path: Path) -> bool:
    """Whether a file is an MP4 or MOV."""
    with path.open("rb") as file:
        return _find_format(file.read(HEAD)) is _check_iso_media


def find_cut(path: Path, *, has_frames: bool = True) -> str | None:
    """What shows that a clip is cut short; None if nothing does.

    Args:
        path: The file.
        has_frames: Whether FFmpeg has found a video in it.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        check = _find_format(file.read(HEAD))
        return check(file, path.stat().st_size, has_frames) if check else None


def _check_iso_media(file: BinaryIO, size: int, _: bool) -> str | None:
    """Go through the boxes (ISO 14496-12). A picture, such as a HEIC, has `meta` in place of `moov`."""
    kinds, position = set(), 0
    while position + 8 <= size:
        file.seek(position)
        head = file.read(16)
        kinds.add(head[4:8])
        length = int.from_bytes(head[:4])
        if length == 1:  # a longer one follows
            length = int.from_bytes(head[8:])
        if length < 8:  # up to the end of the file, or no box
            break
        position += length
    if not kinds & {b"moov", b"meta"}:
        return NO_INDEX
    return NO_END if position > size else None


def _check_matroska(file: BinaryIO, size: int, _: bool) -> str | None:
    """Go through the elements (RFC 8794) up to the first cluster of frames."""
    position = 0
    while position < size:
        file.seek(position)
        head = file.read(12)
        id_length = 9 - head[0].bit_length()
        octets = head[id_length:]
        if not octets or not octets[0]:
            break
        size_length = 9 - octets[0].bit_length()
        unknown = (1 << 7 * size_length) - 1  # of a live recording
        length = int.from_bytes(octets[:size_length]) & unknown
        position += id_length + size_length
        if length != unknown and position + length > size:
            return NO_END
        if head[:id_length] == CLUSTER:
            return None
        if head[:id_length] != SEGMENT:
            position += length
    return NO_FRAME


def _check_avi(file: BinaryIO, size: int, has_frames: bool) -> str | None:
    file.seek(0)
    head = file.read(HEAD)
    if size < int.from_bytes(head[4:8], "little"):
        return NO_END
    return None if has_frames or b"movi" in head else NO_FRAME


def _check_ogg(file: BinaryIO, size: int, _: bool) -> str | None:
    tail = _read_tail(file, size)
    page = tail[tail.rfind(b"OggS") :]
    segments = page[OGG_HEADER : OGG_HEADER + page[OGG_HEADER - 1]] if len(page) >= OGG_HEADER else b""
    return None if segments and len(page) >= OGG_HEADER + len(segments) + sum(segments) else NO_END


def _check_gif(file: BinaryIO, size: int, _: bool) -> str | None:
    return None if _read_tail(file, size).rstrip(b"\0").endswith(b";") else NO_END


def _check_y4m(file: BinaryIO, size: int, has_frames: bool) -> str | None:
    """Go through the frames (yuv4mpeg(5))."""
    file.seek(0)
    frame_size = _y4m_frame_size(file.readline(HEAD))
    while line := file.readline(HEAD):
        if not re.match(rb"FRAME.*\n", line) or file.tell() + frame_size > size:
            return NO_END
        file.seek(frame_size, os.SEEK_CUR)
    return None if has_frames else NO_FRAME


def _y4m_frame_size(header: bytes) -> int:
    """The bytes of a frame, from the parameters in the first line."""
    parameters = {part[:1]: part[1:] for part in header.split()}
    width, height = (_whole_number(parameters.get(name, b"")) for name in (b"W", b"H"))
    chroma = parameters.get(b"C", b"420")
    samples = width * height * (2 if chroma == b"444alpha" else 1)
    if divisors := _Y4M_CHROMA.get(chroma[:3]):
        samples += 2 * ceil(height / divisors[0]) * ceil(width / divisors[1])
    return samples * (2 if re.search(rb"(p|mono)\d+$", chroma) else 1)


def _whole_number(digits: bytes) -> int:
    """The number; 0 if it is none, or too large for a picture."""
    return int(digits) if re.fullmatch(rb"\d{1,6}", digits) else 0


def _check_mpeg_ts(file: BinaryIO, size: int, has_frames: bool) -> str | None:
    """Find the last packet; padding may follow it."""
    file.seek(0)
    period = M2TS_PACKET if file.read(HEAD).startswith(b"G", M2TS_PACKET - TS_PACKET) else TS_PACKET
    tail = _read_tail(file, size)
    for last in range(len(tail) - 1, 3 * period - 1, -1):
        if tail[last - 3 * period : last + 1 : period] == b"GGGG":
            if len(tail) - last < TS_PACKET:
                return NO_END
            break
    return None if has_frames else NO_FRAME


def _check_frames(_: BinaryIO, __: int, has_frames: bool) -> str | None:
    return None if has_frames else NO_FRAME


def _read_tail(file: BinaryIO, size: int) -> bytes:
    file.seek(max(0, size - TAIL))
    return file.read()


Check = Callable[[BinaryIO, int, bool], str | None]
_FORMATS: dict[bytes, Check] = {  # by how a file begins
    rb".{4}(ftyp|styp|moov|moof|mdat|wide|free|skip|pnot)": _check_iso_media,
    rb"\x1a\x45\xdf\xa3": _check_matroska,
    rb"RIFF.{4}AVI ": _check_avi,
    rb"OggS": _check_ogg,
    rb"GIF8": _check_gif,
    rb"YUV4MPEG2 ": _check_y4m,
    rb"(.{4})?G(@[\0\x11]|.{187}(?(1).{4})G)": _check_mpeg_ts,  # a table, or two packets
    rb"\0{2,3}\x01[\x09\x27\x40\x46\x67\xb3\xba]": _check_frames,  # MPEG-1 and 2, H.264, H.265
    rb"FLV.[\x01\x05]|\x30\x26\xb2\x75\x8e\x66\xcf\x11|DKIF|nut/": _check_frames,  # Flash, WMV, IVF, NUT
}


def _find_format(head: bytes) -> Check | None:
    return next((check for start, check in _FORMATS.items() if re.match(start, head, re.DOTALL)), None)
