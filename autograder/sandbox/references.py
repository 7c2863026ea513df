"""What a check holds of a submission: names of functions, and objects that stay in the worker."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from autograder.sandbox.codec import Node, Unsendable
from support.checking import SubmissionError
from support.interface import found_as, made_by

if TYPE_CHECKING:
    from autograder.sandbox.session import WorkerSession


class Reference:
    """Something of a submission's. Attributes and calls are answered by its worker."""

    __slots__ = ("__weakref__", "_session")

    def __init__(self, session: WorkerSession) -> None:
        self._session = session

    def _node(self) -> Node:
        """How a request names it. Raises SubmissionError when the worker that held it is gone."""
        raise NotImplementedError

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """Raises SubmissionError, or one of its subclasses, for whatever goes wrong in the submission."""
        return self._session.call(self._node(), args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # copy, pickle, numpy and others ask for such names; the answer is no
            raise AttributeError(name)
        return self._session.get(self._node(), name)


class RemoteFunction(Reference):
    """A function or class by its path, such as `attention.Head`. Outlives the worker."""

    __slots__ = ("_path",)

    def __init__(self, session: WorkerSession, path: str) -> None:
        super().__init__(session)
        self._path = path

    def _node(self) -> Node:
        known = self._session.unimportable.get(self._path.partition(".")[0])
        if known is not None:
            raise known.with_traceback(None)
        return {"part": self._path}

    def __call__(self, *args: object, **kwargs: object) -> Any:
        return made_by(self._path, super().__call__(*args, **kwargs))

    def __repr__(self) -> str:
        return f"<{self._path} of the submission>"


class RemoteModule(RemoteFunction):
    """A module; its attributes are functions and classes by name, asked for only when they are called."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return RemoteFunction(self._session, f"{self._path}.{name}")


class RemoteObject(Reference):
    """An object that lives in one worker, and ends with it."""

    __slots__ = ("_generation", "_number", "_type")

    def __init__(self, session: WorkerSession, number: int, type_name: str) -> None:
        super().__init__(session)
        self._generation, self._number, self._type = session.generation, number, type_name

    def _node(self) -> Node:
        if self._generation != self._session.generation:
            raise SubmissionError(["WorkerGone"], f"the process that held this {self._type} has ended")
        return {"object": self._number}

    def __getattr__(self, name: str) -> Any:
        return found_as(name, super().__getattr__(name))

    def __repr__(self) -> str:
        return f"<{self._type} in the submission>"

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError):
            self._session.release(self._generation, self._number)


def encode(value: object, session: WorkerSession) -> Node:
    """The node of a reference. Raises Unsendable for anything else, and for another submission's reference."""
    if not isinstance(value, Reference):
        raise Unsendable(f"a {type(value).__name__} cannot be sent to a submission")
    if value._session is not session:
        raise Unsendable("an object of one submission cannot be sent to another")
    return value._node()
