"""The input shape and number of classes that a network of torchvision or timm was published for. Needs torch."""

from typing import Any

from sparsetopo.architectures.references import is_reference
from sparsetopo.errors import SparsetopoError


def usual_input_shape(name: str) -> tuple[int, ...] | None:
    """(channels, height, width) that a network's package states for it; None if nobody does.

    Nothing is downloaded: both packages list it beside the addresses of pretrained weights.

    Examples
    --------
    >>> usual_input_shape("torchvision:inception_v3"), usual_input_shape("Resnet-20")
    ((3, 299, 299), None)
    """
    package, _, model = name.partition(":")
    if package == "torchvision":
        return _torchvision_shape(model)
    if package == "timm":
        stated = _timm_record(model).get("input_size")
        return tuple(stated) if stated else None
    return None


def usual_classes(name: str) -> int | None:
    """Number of classes that a network's package gives it by default; None if there is no default.

    Examples
    --------
    >>> usual_classes("torchvision:resnet18"), usual_classes("Resnet-20")
    (1000, None)
    """
    package, _, model = name.partition(":")
    if not is_reference(name):
        return None
    if package == "timm":
        return int(_timm_record(model).get("num_classes", 0)) or 1000
    return 1000 if package == "torchvision" else None


def _torchvision_shape(model: str) -> tuple[int, ...] | None:
    from torchvision.models import get_model_weights

    try:
        published = list(get_model_weights(model))
    except ValueError:  # not a model of torchvision, which building it says better
        return None
    size = published[0].transforms().crop_size[0] if published else 224
    return (3, size, size)


def _timm_record(model: str) -> dict[str, Any]:
    try:
        from timm.models import get_pretrained_cfg
    except ImportError as error:
        raise SparsetopoError(
            f"timm is not installed, and '{model}' is its model: pip install timm."
        ) from error
    stated = get_pretrained_cfg(model, allow_unregistered=True)
    return {} if stated is None else stated.to_dict()
