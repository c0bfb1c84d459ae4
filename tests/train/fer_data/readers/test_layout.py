"""Which folders are splits and which are classes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fer_data.readers.entries import File, Folder
from fer_data.readers.layout import split_folders
from fer_edge.errors import DataError


def tree(*pictures: str, root: str = "root") -> Folder:
    """The folder with these pictures, as `split/class/picture`."""
    names = sorted({picture.partition("/")[0] for picture in pictures if "/" in picture})
    inner = {name: [p.partition("/")[2] for p in pictures if p.startswith(f"{name}/")] for name in names}
    folders = tuple(tree(*inner[name], root=f"{root}/{name}") for name in names)
    files = tuple(File(Path(root, picture)) for picture in pictures if picture and "/" not in picture)
    return Folder(Path(root), folders, files, ())


def pictures_in(*folders: str, classes: tuple[str, ...] = ("happy", "sad")) -> Folder:
    """A data set with a picture of each class in each of the folders."""
    return tree(*(f"{folder}/{name}/a.png".lstrip("/") for folder in folders for name in classes))


@pytest.mark.parametrize(
    ("folders", "splits"),
    [
        (("train_set", "test_set"), {"Training", "test"}),
        (("training_set", "TestSet"), {"Training", "test"}),
        (("Train_Data", "Test Data", "val-images"), {"Training", "test", "validation"}),
        (("train-images", "test-images"), {"Training", "test"}),
        (("TRAIN", "VALID"), {"Training", "validation"}),
        (("train2017", "val2017"), {"Training", "validation"}),
        (("images_train", "2_test"), {"Training", "test"}),
        (("Training", "public_test", "PrivateTest"), {"Training", "PublicTest", "PrivateTest"}),
        (("",), {""}),
    ],
)
def test_usual_names_of_splits_are_known(folders: tuple[str, ...], splits: set[str]) -> None:
    assert split_folders(pictures_in(*folders)).keys() == splits


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        (("train", "eval"), "eval may be a split, but which is not known: name it train, validation or test"),
        (("train", "holdout"), "holdout may be a split"),
        (("train", "hold-out"), "hold-out may be a split"),
        (("train", "Auswertung"), "Auswertung may be a split"),
        (("my_train", "my_test"), "my_test, my_train may be a split"),
        (("fer2013train", "fer2013test"), "fer2013test, fer2013train may be a split"),
        (("fold1", "fold2"), "fold1, fold2 may be a split"),
        (("evaluation",), "evaluation may be a split"),
        (("train", "val", "validation"), "val and validation are both the split validation"),
        (("train1", "train2"), "train1 and train2 are both the split Training"),
        (("Lernen", "Pruefung"), "Lernen is not a class, since it contains happy, sad: it must be ROOT/<split>"),
        (("images/train", "images/validation"), "images .* train, validation: did you mean root/images?"),
        (("archive/data/train", "archive/data/test"), "did you mean root/archive/data?"),
        (("archive/faces",), "did you mean root/archive/faces?"),
        (("train/train", "test/test"), "test/test is not a class, since it contains happy, sad: it must be"),
        (("train/images",), "train/images is not a class"),
    ],
)
def test_what_may_be_a_split_is_never_taken_for_a_class(folders: tuple[str, ...], message: str) -> None:
    with pytest.raises(DataError, match=message.replace("?", r"\?")):
        split_folders(pictures_in(*folders))


def test_one_folder_too_high_is_noticed_with_own_classes_too() -> None:
    with pytest.raises(DataError, match=re.escape("contains frown, smile: did you mean root/photos?")):
        split_folders(pictures_in("photos", classes=("smile", "frown")))


def test_splits_within_classes_are_refused() -> None:
    data = tree(*(f"{name}/{split}/a.png" for name in ("happy", "sad") for split in ("train", "test")))
    with pytest.raises(DataError, match="happy is not a class, since it contains test, train: it must be ROOT"):
        split_folders(data)


def test_folders_within_a_class_belong_to_it() -> None:
    data = tree("happy/s1/a.png", "happy/s2/a.png", "sad/s1/a.png", "sad/s2/a.png")
    assert split_folders(data).keys() == {""}
    assert split_folders(tree("contest/a.png", "attested/a.png")).keys() == {""}


def test_a_class_without_a_name_is_refused() -> None:
    with pytest.raises(DataError, match="train has a class folder without a name"):
        split_folders(pictures_in("train", classes=("happy", " ")))


def test_a_folder_with_only_a_csv_leads_to_the_csv() -> None:
    with pytest.raises(DataError, match=r"no folders in it: did you mean root/fer2013\.csv\?"):
        split_folders(tree("fer2013.csv", "README.txt"))
