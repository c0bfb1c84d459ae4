"""The flags of fer-train fit; recipe.py is tested by its error messages here."""

from __future__ import annotations

import resource
import shutil
import sys
from pathlib import Path

import pytest
from tests.support.fer2013 import write_picture
from tests.support.processes import run_in_process
from tests.support.refusals import assert_refused
from tests.support.training import fit


def test_resume_accepts_no_other_flag_than_epochs(trained: Path) -> None:
    done = run_in_process("fer_train", "fit", "--resume", trained, "--model", "small")
    assert_refused(done, "fer-train", "--model cannot be given")
    done = run_in_process("fer_train", "fit", "--resume", trained, "--data", "x.csv")
    assert_refused(done, "fer-train", "--data cannot be given")
    done = run_in_process("fer_train", "fit", "--resume", trained, "--keep-copies")
    assert_refused(done, "fer-train", "--keep-copies cannot be given")


def test_tensorboard_that_is_not_installed_is_reported(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    done = fit("--data", data, "--out", tmp_path / "run", "--tensorboard")
    assert_refused(done, "fer-train", "--tensorboard: it is not installed: pip install '.[tensorboard]'")


def test_a_class_of_few_faces_is_a_warning(tmp_path: Path) -> None:
    for number in range(44):
        write_picture(tmp_path / "faces" / "happy" / f"{number}.png", number)
    write_picture(tmp_path / "faces" / "sad" / "1.png", 99)
    done = fit("--data", tmp_path / "faces", "--out", tmp_path / "run", "--epochs", 1)
    assert done.code == 0, done.err
    warning = "fer-train: warning: few training faces: sad 1; with fewer than 10 a class is hardly learnt\n"
    assert done.err.count(warning) == 1


def test_a_folder_without_a_run_cannot_be_resumed(tmp_path: Path) -> None:
    done = run_in_process("fer_train", "fit", "--resume", tmp_path)
    assert_refused(done, "fer-train", "not the folder of a run")


def test_a_damaged_backup_is_reported_with_the_cure(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "run")
    backup = tmp_path / "run" / "backup.weights.h5"
    for content in (backup.read_bytes()[:100], b"junk", b""):
        backup.write_bytes(content)
        done = run_in_process("fer_train", "fit", "--resume", tmp_path / "run", "--epochs", "9")
        assert_refused(done, "fer-train", f"{backup}: damaged (", printed="read ")
        assert done.err.endswith("remove it to train anew\n")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--data {0}/nosuch.csv", "nosuch.csv: No such file"),
        ("--data {0}/faces.csv --validation PrivateTest", "--validation PrivateTest: must be"),
        ("--data {0}/faces.csv --validation 1.5", "--validation 1.5: must be between"),
        ("--data {0}/faces.csv --validation Training", "--validation Training: must be"),
        ("--data {0}/faces.csv --batch 100000", "--batch 100000: there are 287"),
        ("--data {0}/faces.csv --epochs -1", "--epochs -1: must be at least 1"),
        ("--data {0}/faces.csv --batch 0", "--batch 0: must be at least 1"),
        ("--data {0}/faces.csv --model lenet", "--model lenet: must be one of nano, small, base"),
        ("--data {0}/faces.csv --precision float16", "--precision float16: must be one of"),
        ("--data {0}/faces.csv --classes happy,bored", "--classes bored: the data has angry"),
        ("--data {0}/faces.csv --classes happy", "--classes happy: at least two"),
        ("--data {0}/faces.csv --classes happy,happy", "a class is named twice"),
        ("--data {0}/faces.csv --merge angry=", "--merge angry=: no name"),
        ("--data {0}/faces.csv --merge angry+bored=bad", "--merge angry+bored=bad: the data has no bored"),
        ("--data {0}/faces.csv --ferplus {0}/nosuch.csv", "nosuch.csv: No such file"),
        ("--data {0}/faces.csv --folds 2 --distribute auto", "--folds: its runs are made one by one"),
        ("--data {0}/faces.csv --distribute here", "--distribute here: must be HOST:PORT,COUNT,INDEX"),
        ("--data {0}/faces.csv --distribute 127.0.0.1:1,2,2", "with INDEX from 0 to COUNT-1"),
        ("--data {0}/faces.csv --batch 16 --distribute 127.0.0.1:1,3,0", "--batch 16: must be a multiple of the 3"),
        ("--data {0}/faces.csv --dropout 1", "--dropout 1.0: must be at least 0 and less than 1"),
        ("--data {0}/faces.csv --augment strong", "--augment strong: must be one of none, light, full"),
        ("--data {0}/faces.csv --erase nan", "--erase nan: must be between 0 and 1"),
        ("--data {0}/faces.csv --learning-rate -1", "--learning-rate -1.0: must be at least 0"),
        ("--data {0}/faces.csv --epochs many", "--epochs: invalid"),
        ("--data {0}/faces.csv --teacher {0}", "no model.keras in this folder: give the folder of a finished run"),
        ("--data {0}/faces.csv --workers -1", "--workers -1: must be at least 0"),
        ("--data {0}/faces.csv --workers two", "--workers: invalid"),
        ("--epochs 3", "fit needs --data and --out"),
    ],
)
def test_an_invalid_flag_is_reported_in_one_line_with_exit_code_2(
    data: Path, tmp_path: Path, flags: str, message: str
) -> None:
    done = run_in_process("fer_train", "fit", "--out", tmp_path / "run", *flags.format(data.parent).split())
    assert_refused(done, "fer-train", message)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--data {0}/faces.csv --teacher {0}/faces.csv", "faces.csv: not a model of fer-train"),
        ("--data {0}/faces.csv --weights {0}/faces.csv", "cannot be read"),
        ("--data {0}/faces.csv --model vgg16 --weights {0}/nosuch.keras", "nosuch.keras: cannot be read"),
        ("--data {0}/faces.csv --out {0}/faces.csv", "faces.csv: File exists: give a folder"),
        ("--data {0}/faces.csv --folds 1", "--folds 1: must be between 2 and 45"),
    ],
)
def test_what_is_refused_after_reading_is_reported_after_what_was_read(
    data: Path, tmp_path: Path, flags: str, message: str
) -> None:
    done = run_in_process("fer_train", "fit", "--out", tmp_path / "run", *flags.format(data.parent).split())
    assert_refused(done, "fer-train", message, printed="read ")
    assert not (tmp_path / "run").exists()


def test_a_full_disk_ends_the_run_with_one_line(data: Path, tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, limits[1]))
    try:
        done = fit("--data", data, "--out", tmp_path / "run", "--epochs", 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith(f"fer-train: --out {tmp_path}/run: File too large: free some space")
    assert not (tmp_path / "run" / "model.keras").exists()
