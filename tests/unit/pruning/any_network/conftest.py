"""Images for the networks of this folder."""

import pytest
import torch


@pytest.fixture(scope="module")
def data():
    random = torch.Generator().manual_seed(0)
    return torch.randn(64, 1, 8, 8, generator=random), torch.arange(64) % 4
