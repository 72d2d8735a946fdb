"""What people answer: a button of a card, a task that is done."""

from amends_store import briefs, task_answers
from amends_store.transactions.part import Part


class Answers(Part):
    def answer_brief(self, brief_id: str, answer: str, by: str = "somebody") -> bool:
        """A button of a card was pressed: whether it was the first time. Raises BadValue."""
        with self._database.writing() as connection:
            return briefs.answer_brief(connection, brief_id, answer, by, self._secret, self._clock())

    def finish_task(self, task_id: str, by: str = "somebody", answer: str | None = None) -> bool:
        """A task is done, or a question answered with yes or no: whether it was open. Raises BadValue."""
        with self._database.writing() as connection:
            return task_answers.finish_task(connection, task_id, by, answer, self._secret, self._clock())
