"""Tiny models of the transformers library, built from configurations; nothing is downloaded."""

import contextlib
from unittest import mock

import pytest
import torch
from tests.autograd_oracle import oracle_graph
from tests.oracle.aten import statistic
from tests.oracle.comparison import assert_same_graph

import sparsetopo as st

transformers = pytest.importorskip(
    "transformers", reason="the transformers library is a dependency of the tests only"
)

SIZES = {
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 12,
}
IDS = torch.tensor([[3, 1, 4, 1]])
IMAGE = torch.rand(1, 1, 8, 8)


# {name: (class of the model, configuration, what the model is called with)}
MODELS = {
    "GPT-2": ("GPT2LMHeadModel", "GPT2", {"n_embd": 8, "n_layer": 2, "n_head": 2, "n_positions": 8, "vocab_size": 11}, IDS),
    "BERT": ("BertForSequenceClassification", "Bert", {**SIZES, "vocab_size": 11, "max_position_embeddings": 8}, IDS),
    "DistilBERT": ("DistilBertForSequenceClassification", "DistilBert",
                   {"dim": 8, "n_layers": 1, "n_heads": 2, "hidden_dim": 12, "vocab_size": 11, "max_position_embeddings": 8}, IDS),
    "Llama": ("LlamaForCausalLM", "Llama", {**SIZES, "num_key_value_heads": 1, "vocab_size": 11}, IDS),
    "Qwen": ("Qwen2ForCausalLM", "Qwen2", {**SIZES, "num_key_value_heads": 2, "vocab_size": 11}, IDS),
    "OPT": ("OPTForCausalLM", "OPT", {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "ffn_dim": 12,
            "vocab_size": 11, "max_position_embeddings": 8, "word_embed_proj_dim": 8}, IDS),
    "ViT": ("ViTForImageClassification", "ViT", {**SIZES, "image_size": 8, "patch_size": 4, "num_channels": 1}, IMAGE),
    "DeiT": ("DeiTForImageClassification", "DeiT", {**SIZES, "image_size": 8, "patch_size": 4, "num_channels": 1}, IMAGE),
    "ConvNeXt": ("ConvNextForImageClassification", "ConvNext",
                 {"num_channels": 1, "patch_size": 2, "num_stages": 2, "hidden_sizes": [3, 4], "depths": [1, 1]}, IMAGE),
    "ResNet": ("ResNetForImageClassification", "ResNet",
               {"num_channels": 1, "embedding_size": 3, "hidden_sizes": [4, 6], "depths": [1, 1], "layer_type": "basic"}, IMAGE),
    "Swin": ("SwinForImageClassification", "Swin",
             {"image_size": 8, "patch_size": 2, "num_channels": 1, "embed_dim": 4, "depths": [2], "num_heads": [2], "window_size": 2},
             IMAGE),
}  # fmt: skip


def build(name):
    model, configuration, options, example = MODELS[name]
    torch.manual_seed(0)
    made = getattr(transformers, configuration + "Config")(**options)
    return getattr(transformers, model)(made).eval(), example


@pytest.mark.middle
@pytest.mark.parametrize("attention", ["all", "values"])
@pytest.mark.parametrize("name", sorted(MODELS))
def test_tiny_model_has_the_edges_of_the_oracle(name, attention):
    model, example = build(name)
    mge = st.encode(model, example=example, attention=attention)
    assert mge.num_edges > 0
    with contextlib.ExitStack() as stack:
        for kind in {type(module) for module in model.modules()}:
            if kind.__name__.endswith("RMSNorm"):
                # Written out in the library, so that the oracle has to be told what a statistic is.
                stack.enter_context(mock.patch.object(kind, "forward", root_mean_square))
        oracle = oracle_graph(model, example, attention=attention)
    assert_same_graph(mge, oracle)


def root_mean_square(module, x):
    scale = torch.rsqrt(statistic(x.pow(2).mean(-1, keepdim=True)) + module.variance_epsilon)
    return module.weight * (x * scale)
