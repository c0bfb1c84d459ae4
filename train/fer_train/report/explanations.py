"""The text of the report on each plot: the title of its section, its caption, and how to read it.

The learning curves, of which each has a caption of its own, come first.
"""

from __future__ import annotations

TRAINING = (
    "Training",
    "An epoch is one pass over the training faces. The loss measures how far the predictions are off (lower is "
    "better), the accuracy is the share of correct ones. Once validation stops improving, more epochs do not help; "
    "if it gets worse while training still improves, the model is overfitting. Augmentation makes the training "
    "faces harder, so validation may well be better than training. The star marks the epoch with the best "
    "validation accuracy; a model that stays at the dotted line has learnt nothing.",
)

EXPLANATIONS = {
    "confusion.png": (
        "Confusion matrix",
        "Left: number of faces. Right: per cent of the faces of the true class",
        "Each row holds the faces of one true class, each column those predicted as one class. Correct predictions are "
        "on the diagonal; a dark cell elsewhere is a class that the model mistakes for another. The right half makes "
        "rare and frequent classes comparable.",
    ),
    "roc.png": (
        "ROC curves",
        "Receiver operating characteristic (ROC) of each class against the rest",
        "For every threshold on the probability of a class: the share of its faces that are found (true positive rate, "
        "upwards) against the share of other faces that are mistaken for it (false positive rate, to the right). The "
        "closer to the upper left corner the better. The area under the curve (AUC) is 1 when every face of the class "
        "scores higher than all others, and 0.5 for guessing. Two classes have one curve, since "
        "what is not the second is the first.",
    ),
    "precision_recall.png": (
        "Precision and recall",
        "Precision by recall of each class against the rest",
        "For every threshold on the probability of a class: the share of the faces predicted as it that belong to it "
        "(precision, upwards) against the share of its faces that are found (recall, to the right). The closer to the "
        "upper right corner the better. For a rare class this shows more than the ROC: the precision of guessing is "
        "only the share of its faces.",
    ),
    "threshold.png": (
        "Choosing a threshold",
        "Rates at each threshold",
        "With two classes you may require a probability other than 50 % for the second one. A higher threshold gives "
        "fewer false alarms and finds fewer faces. The dashed line marks where the true positive rate exceeds the "
        "false positive rate the most (Youden's J); if one kind of error is worse for you than the other, choose "
        "another threshold. It was chosen on the faces that it is evaluated on, and is slightly worse on new ones.",
    ),
    "calibration.png": (
        "Calibration",
        "Reliability diagram with the expected calibration error (ECE)",
        "The predictions grouped by their probability. Of those with a probability of 70 %, 70 % should be correct: "
        "each dot should be on the dotted line. Below the line the model is overconfident, above it underconfident. "
        "The expected calibration error is the mean distance from the line. Bins of few faces (lower plot) are "
        "unreliable. All probabilities in this report are those that the device reports: the logits of the model, "
        "divided by its temperature, which is fitted on the validation faces (Guo et al., arXiv:1706.04599).",
    ),
    "risk_coverage.png": (
        "Answers by minimum score",
        "Risk-coverage curve: accuracy by the share of faces that get an answer",
        "The higher the probability that a prediction must reach, the fewer faces get an answer (to the left), and the "
        "more of the answers are correct (upwards). The dot marks one minimum score, the table lists more "
        "(El-Yaniv and Wiener, Journal of Machine Learning Research 11, 2010).",
    ),
    "mistakes.png": (
        "The most confident mistakes",
        "True class → predicted class with its probability",
        "The wrong predictions with the highest probability. Some of them reveal wrong labels in the data, others what "
        "the training faces lack. If there is a coloured picture beside a face: the brighter a place in it, the more "
        "it supports the wrong class (Grad-CAM, Selvaraju et al., ICCV 2017), as finely as the last feature map of the "
        "network has positions: 6 x 6 for nano and small, 3 x 3 for base. Evidence outside the face, or on glasses, "
        "hands or a caption, means that the network learnt what should not matter: add faces in which it does not "
        "coincide with the class, or crop tighter.",
    ),
}
