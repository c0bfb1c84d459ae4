"""Parts of plots."""

from __future__ import annotations

import numpy as np

from fer_data.plotting import draw_matrix, new_figure, short


def test_the_middle_of_a_long_class_name_is_left_out_since_names_differ_at_their_ends() -> None:
    assert short("happy") == "happy"
    assert short("sixteen letters.") == "sixteen letters."
    assert short("a very long name of a class") == "a very l…a class"


def test_a_matrix_has_a_number_in_every_cell_and_light_text_on_dark_ones() -> None:
    axes = new_figure(4, 4).subplots()
    draw_matrix(axes, np.array([[9, 1], [0, 4]]), 9, ("a", "b"), "faces")
    cells = [(text.get_text(), text.get_color()) for text in axes.texts]
    assert cells == [("9", "white"), ("1", "black"), ("0", "silver"), ("4", "black")]
    assert (axes.get_title(), axes.get_xlabel()) == ("faces", "predicted class")
