"""The scales on which customers answer, and the bands that everybody counts them by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """word: how fields.yaml writes the type; bands: each with the highest score in it, the lowest band first."""

    word: str
    low: int
    bands: tuple[tuple[str, int], ...]
    means: str

    @property
    def high(self) -> int:
        return self.bands[-1][1]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.bands)

    def band(self, score: float) -> str:
        """The name of the band that a score of the scale lies in."""
        return next(name for name, top in self.bands if score <= top)


SCALES: dict[str, Scale] = {
    scale.word: scale
    for scale in (
        Scale(
            "nps score",
            0,
            (("detractor", 6), ("passive", 8), ("promoter", 10)),
            "How likely would you recommend us? (Net Promoter Score)",
        ),
        Scale(
            "csat score",
            1,
            (("dissatisfied", 2), ("neutral", 3), ("satisfied", 5)),
            "How satisfied were you? (customer satisfaction)",
        ),
        Scale(
            "ces score",
            1,
            (("difficult", 3), ("neutral", 4), ("easy", 7)),
            "We made it easy for you: do you agree? (Customer Effort Score)",
        ),
        Scale("stars", 1, (("negative", 2), ("neutral", 3), ("positive", 5)), "Stars of a review"),
    )
}
