"""Tables of the report on how certain the model is: its temperature, and the answers by minimum score."""

from __future__ import annotations

from collections.abc import Mapping

from fer_data.formatting import percent
from fer_data.risk_coverage import RiskCoverage
from fer_edge.config.model import DEFAULT_MIN_SCORE
from fer_train.report.html_page import Table

LISTED_SCORES = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def temperature_table(temperature: float, errors: Mapping[str, tuple[float, float]]) -> Table:
    """The expected calibration error, 0..1, without and with the temperature, by the part of the data."""
    head = ("faces", "ECE without a temperature", f"ECE with temperature {temperature:g}")
    return Table(head, [(part, percent(before, 2), percent(after, 2)) for part, (before, after) in errors.items()])


def answers_table(curve: RiskCoverage) -> Table:
    """The share of faces with an answer, and of correct answers, at some minimum scores."""
    points = [curve.at(score) for score in sorted({*LISTED_SCORES, DEFAULT_MIN_SCORE})]
    rows = [(f"{point.min_score:g}", percent(point.answered), percent(point.accuracy)) for point in points]
    return Table(("minimum score", "faces that get an answer", "answers that are correct"), rows)
