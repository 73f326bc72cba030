"""What each ATen operator means for the wiring: the table of handlers, and how to add one.

A handler gets a `Call`, an operator that has been run on tensors without values, and says which units the elements of
its result are. The modules beside this one have the handlers of each kind; operators that only view a tensor need
none.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch._ops import OpOverload

from sparsetopo.errors import EncodingError
from sparsetopo.graphs.planning.recording import Elements, Kind, Origin, Run, Site
from sparsetopo.graphs.tracing.elements import frozen

if TYPE_CHECKING:
    from sparsetopo.graphs.tracing.recorder import Recorder

Handler = Callable[["Call"], None]

HANDLERS: dict[str, Handler] = {}
"""Name of an ATen operator, with or without its overload, such as "aten::mean" -> handler."""


class Call:
    """One call of an ATen operator that reads data; `result` has no values, or is what was written in place."""

    def __init__(
        self,
        recorder: "Recorder",
        operator: OpOverload,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        result: Any,
    ) -> None:
        self.recorder = recorder
        self.operator = operator
        self.args = args
        self.kwargs = kwargs
        self.result = result
        names = [argument.name for argument in operator._schema.arguments]
        self._arguments = {**dict(zip(names, args, strict=False)), **kwargs}
        self._defaults = {
            argument.name: argument.default_value
            for argument in operator._schema.arguments
            if argument.has_default_value()
        }

    @property
    def name(self) -> str:
        """The operator's name, without its overload and the underscore of in-place variants."""
        name = self.operator._schema.name.removeprefix("aten::")
        return name if name.startswith("_") or not name.endswith("_") else name[:-1]

    @property
    def origin(self) -> Origin:
        """Where in the model the call is."""
        return self.recorder.origin(self.operator)

    def fail(self, reason: str) -> EncodingError:
        """Error that names the module, its type and the operator."""
        return self.origin.fail(reason)

    def argument(self, name: str, default: Any = None) -> Any:
        """An argument by its name in the operator's schema."""
        if name in self._arguments:
            return self._arguments[name]
        return self._defaults.get(name, default)

    def is_data(self, candidate: Any) -> bool:
        """Whether this is a tensor that depends on the model's input, or whose values are not known."""
        return isinstance(candidate, Tensor) and candidate in self.recorder.table

    def tensors(self) -> list[Tensor]:
        """The tensors among the arguments, in order."""
        found: list[Tensor] = []
        outputs = {
            argument.name
            for argument in self.operator._schema.arguments
            if argument.kwarg_only and argument.alias_info is not None
        }
        others = [value for name, value in self.kwargs.items() if name not in outputs]
        for value in (*self.args, *others):
            items = value if isinstance(value, list | tuple) else [value]
            found += [item for item in items if isinstance(item, Tensor)]
        return found

    def ids(self, tensor: Tensor) -> Tensor:
        """Ids of a tensor's elements: units, or codes of constants."""
        try:
            if self.is_data(tensor):
                return self.recorder.table.ids(tensor)
            return self.recorder.constant_codes(tensor)
        except ValueError as error:
            raise self.fail(f"{error}, which the graph cannot express.") from error

    def elements(self, tensor: Tensor) -> Elements:
        """The same for a recording."""
        return self.recorder.table.elements(tensor)

    def record(
        self,
        kind: Kind,
        operands: Iterable[Elements | Tensor],
        shape: Iterable[int],
        unread: Iterable[Elements | Tensor] = (),
    ) -> Site:
        """Record new elements; operands may be tensors of ids. Those `unread` belong to the network all the same."""
        arrays, others = (
            tuple(frozen(item) if isinstance(item, Tensor) else item for item in items)
            for items in (operands, unread)
        )
        sizes = tuple(map(int, shape))
        return self.recorder.recording.append(kind, arrays, sizes, self.origin, others)

    def returns(self, ids: Tensor | Run, tensor: Tensor | None = None) -> None:
        """Declare which units the elements of the result (or another tensor) are."""
        self.recorder.table.write(self.result if tensor is None else tensor, ids)

    def returns_same(self, tensor: Tensor, result: Tensor | None = None) -> None:
        """Declare that the result has the elements of a tensor of its shape."""
        result = self.result if result is None else result
        if result is not tensor:
            self.recorder.table.share(result, tensor)


def operators(*names: str) -> list[str]:
    """Names of ATen operators and of their in-place variants.

    Examples
    --------
    >>> operators("relu")
    ['aten::relu', 'aten::relu_']
    """
    return [f"aten::{name}{suffix}" for name in names for suffix in ("", "_")]


def register_operation(*operators: Any) -> Callable[[Handler], Handler]:
    """Register the handler of ATen operators (decorator); a later one replaces an earlier one.

    Parameters
    ----------
    operators
        Operators such as ``torch.ops.aten.relu`` or one overload of it, ``torch.ops.aten.sum.dim_IntList``; operators
        of other libraries likewise. Their names, "aten::relu" or "aten::sum.dim_IntList", serve too.

    Examples
    --------
    An operator of a library of one's own that changes every element by itself::

        from sparsetopo.graphs import register_operation
        from sparsetopo.graphs.tracing.handlers.elementwise import elementwise

        register_operation(torch.ops.my_library.activation)(elementwise)
    """
    names = [_name(operator) for operator in operators]

    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(names, handler))
        return handler

    return register


def handler_of(operator: OpOverload) -> Handler | None:
    """The handler of an operator, by its overload or by its name."""
    schema = operator._schema
    if schema.overload_name:
        found = HANDLERS.get(f"{schema.name}.{schema.overload_name}")
        if found is not None:
            return found
    return HANDLERS.get(schema.name)


def _name(operator: Any) -> str:
    if isinstance(operator, str):
        return operator
    if isinstance(operator, OpOverload):
        schema = operator._schema
        return f"{schema.name}.{schema.overload_name}" if schema.overload_name else schema.name
    if isinstance(operator, torch._ops.OpOverloadPacket):
        return str(operator._qualified_op_name)
    raise TypeError(
        f"{operator!r} is no ATen operator; give one such as torch.ops.aten.relu, or its name, 'aten::relu'."
    )
