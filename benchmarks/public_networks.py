"""Networks of public libraries, in small, with random weights: nothing is downloaded.

Each entry builds a network and says which input it is traced with, as `--input` takes it. Configurations
are made small by their numbers of layers and channels; what a network is made of stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

from torch import nn


class Entry(NamedTuple):
    """How a network is built, and what it is traced with; `batch` None takes the shapes as they are."""

    build: Callable[[], nn.Module]
    inputs: list[object]
    batch: int | None = 1


def _transformer(model: str, config: str, inputs: list[object], **settings: Any) -> Entry:
    """A network of transformers, of that class and configuration."""

    def build() -> nn.Module:
        library = import_module("transformers")
        made: nn.Module = getattr(library, model)(getattr(library, config)(**settings))
        return made

    return Entry(build, inputs)


def _generator(family: str, **settings: Any) -> Entry:
    """A language model that hands back its cache of keys and values, as it does unless it is told not to."""
    return _transformer(f"{family}ForCausalLM", f"{family}Config", ["16:int64"], **settings)


def _timm(name: str, size: int = 224, **settings: Any) -> Entry:
    def build() -> nn.Module:
        made: nn.Module = import_module("timm").create_model(name, pretrained=False, **settings)
        return made

    return Entry(build, [(3, size, size)])


def _diffuser(model: str, inputs: list[object], **settings: Any) -> Entry:
    def build() -> nn.Module:
        made: nn.Module = getattr(import_module("diffusers"), model)(**settings)
        return made

    return Entry(build, inputs)


def _vision(room: str, name: str, inputs: list[object], **settings: Any) -> Entry:
    def build() -> nn.Module:
        offline = {} if room in ("optical_flow", "video") else {"weights_backbone": None}
        rooms = import_module(f"torchvision.models.{room}")
        made: nn.Module = getattr(rooms, name)(weights=None, **offline, **settings)
        return made

    return Entry(build, inputs)


HEADS = {"num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4, "vocab_size": 256}
GATED = HEADS | {"intermediate_size": 128, "num_key_value_heads": 2}
PATCHES = {"num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4, "intermediate_size": 128}
WORDS: list[object] = ["16:int64"]
PICTURE: list[object] = [(3, 224, 224)]
PAIR: list[object] = [{"input_ids": "16:int64", "decoder_input_ids": "8:int64"}]
SEQ2SEQ = {"d_model": 64, "encoder_layers": 2, "decoder_layers": 2, "vocab_size": 256}
SEQ2SEQ |= {"encoder_attention_heads": 4, "decoder_attention_heads": 4}
SEQ2SEQ |= {"encoder_ffn_dim": 128, "decoder_ffn_dim": 128}

TRANSFORMERS = {
    "GPT-2": _transformer(
        "GPT2LMHeadModel", "GPT2Config", ["16:int64"], n_layer=2, n_embd=64, n_head=4, vocab_size=256
    ),
    "Llama": _generator("Llama", **GATED),
    "Mistral": _generator("Mistral", **GATED, sliding_window=8),
    "Qwen 3": _generator("Qwen3", **GATED, head_dim=16),
    "Qwen 2 MoE": _generator("Qwen2Moe", **GATED, num_experts=4, num_experts_per_tok=2),
    "Mixtral": _generator("Mixtral", **GATED, num_local_experts=4),
    "DeepSeek 3": _generator(
        "DeepseekV3",
        **GATED | {"num_key_value_heads": 4},
        moe_intermediate_size=32,
        n_routed_experts=8,
        n_group=2,
        topk_group=1,
        num_experts_per_tok=2,
        q_lora_rank=16,
        kv_lora_rank=16,
        qk_rope_head_dim=8,
        qk_nope_head_dim=8,
        v_head_dim=16,
        first_k_dense_replace=1,
    ),
    "Gemma 2": _generator("Gemma2", **GATED, head_dim=16),
    "Phi": _generator("Phi", **GATED),
    "Falcon": _generator("Falcon", **HEADS),
    "Bloom": _generator("Bloom", n_layer=2, hidden_size=64, n_head=4, vocab_size=256),
    "OPT": _generator("OPT", **HEADS, ffn_dim=128, word_embed_proj_dim=64),
    "GPT-NeoX": _generator("GPTNeoX", **HEADS, intermediate_size=128),
    "Mamba": _generator("Mamba", hidden_size=64, num_hidden_layers=2, vocab_size=256, state_size=8),
    "Mamba 2": _generator(
        "Mamba2",
        hidden_size=64,
        num_hidden_layers=2,
        vocab_size=256,
        state_size=16,
        num_heads=8,
        head_dim=16,
        n_groups=2,
        chunk_size=8,
    ),
    "T5": _transformer(
        "T5ForConditionalGeneration",
        "T5Config",
        PAIR,
        d_model=64,
        num_layers=2,
        num_heads=4,
        d_kv=16,
        d_ff=128,
    ),
    "BART": _transformer("BartForConditionalGeneration", "BartConfig", PAIR, **SEQ2SEQ),
    "BERT": _transformer("BertModel", "BertConfig", WORDS, **HEADS, intermediate_size=128),
    "RoBERTa, with a mask": _transformer(
        "RobertaForMaskedLM",
        "RobertaConfig",
        [{"input_ids": "16:int64", "attention_mask": "16:int64"}],
        **HEADS,
        intermediate_size=128,
    ),
    "DistilBERT": _transformer(
        "DistilBertForSequenceClassification", "DistilBertConfig", WORDS, dim=64, n_layers=2, n_heads=4
    ),
    "ALBERT": _transformer("AlbertModel", "AlbertConfig", WORDS, **HEADS, intermediate_size=128),
    "DeBERTa v2": _transformer(
        "DebertaV2Model",
        "DebertaV2Config",
        WORDS,
        **HEADS,
        intermediate_size=128,
        relative_attention=True,
        pos_att_type=["p2c", "c2p"],
    ),
    "XLNet": _transformer(
        "XLNetModel", "XLNetConfig", WORDS, vocab_size=256, d_model=64, n_layer=2, n_head=4
    ),
    "ViT": _transformer("ViTForImageClassification", "ViTConfig", PICTURE, **PATCHES),
    "Swin v2": _transformer(
        "Swinv2Model", "Swinv2Config", PICTURE, embed_dim=24, depths=[1, 1], num_heads=[2, 4]
    ),
    "SegFormer": _transformer("SegformerForSemanticSegmentation", "SegformerConfig", PICTURE),
    "DINOv2": _transformer("Dinov2Model", "Dinov2Config", PICTURE, **{**PATCHES, "intermediate_size": 64}),
    "DETR, deformable": _transformer(
        "DeformableDetrForObjectDetection",
        "DeformableDetrConfig",
        PICTURE,
        encoder_layers=1,
        decoder_layers=2,
    ),
    "CLIP": _transformer(
        "CLIPModel", "CLIPConfig", [{"input_ids": "16:int64", "pixel_values": (3, 224, 224)}]
    ),
    "Whisper": _transformer(
        "WhisperForConditionalGeneration",
        "WhisperConfig",
        [{"input_features": (80, 3000), "decoder_input_ids": "8:int64"}],
        **SEQ2SEQ,
        pad_token_id=0,
    ),
    "Wav2Vec 2": _transformer(
        "Wav2Vec2Model", "Wav2Vec2Config", [(16000,)], **{**HEADS, "vocab_size": 32}, intermediate_size=128
    ),
    "HuBERT": _transformer(
        "HubertModel", "HubertConfig", [(16000,)], **{**HEADS, "vocab_size": 32}, intermediate_size=128
    ),
    "VITS": _transformer("VitsModel", "VitsConfig", WORDS),
    "TimeSformer": _transformer("TimesformerModel", "TimesformerConfig", [(8, 3, 224, 224)], **PATCHES),
    "PatchTST": _transformer("PatchTSTModel", "PatchTSTConfig", [(32, 2)], num_input_channels=2),
}

TIMM = {
    "ResNet-D 26": _timm("resnet26d"),
    "Swin tiny": _timm("swin_tiny_patch4_window7_224"),
    "ConvNeXt v2 atto": _timm("convnextv2_atto"),
    "EfficientNet v2 B0": _timm("tf_efficientnetv2_b0"),
    "MobileNet v4 small": _timm("mobilenetv4_conv_small"),
    "MLP-Mixer S/32": _timm("mixer_s32_224"),
    "LeViT 128": _timm("levit_128s"),
    "FastViT t8": _timm("fastvit_t8", 256),
    "NFNet L0": _timm("nfnet_l0"),
    "HaloNet 26": _timm("halonet26t", 256),
    "GhostNet v2": _timm("ghostnetv2_100"),
    "RegNet Z": _timm("regnetz_005"),
    "SelecSLS 42": _timm("selecsls42b"),
    "TResNet M": _timm("tresnet_m"),
}

BLOCKS = {"block_out_channels": (32, 64), "layers_per_block": 1, "sample_size": 16, "norm_num_groups": 8}
NOISY: list[object] = [{"sample": (4, 16, 16), "timestep": "scalar:int64"}]
TEXT = [*NOISY, {"encoder_hidden_states": (7, 32)}]
DIFFUSERS = {
    "U-Net": _diffuser(
        "UNet2DModel",
        [{"sample": (3, 16, 16), "timestep": "scalar:int64"}],
        **BLOCKS,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    ),
    "U-Net with text (Stable Diffusion)": _diffuser(
        "UNet2DConditionModel",
        TEXT,
        **BLOCKS,
        cross_attention_dim=32,
        attention_head_dim=8,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    ),
    "ControlNet": _diffuser(
        "ControlNetModel",
        [*TEXT, {"controlnet_cond": (3, 128, 128)}],
        **{key: value for key, value in BLOCKS.items() if key != "sample_size"},
        cross_attention_dim=32,
        attention_head_dim=8,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
    ),
    "Autoencoder": _diffuser(
        "AutoencoderKL",
        [(3, 32, 32)],
        block_out_channels=(32, 64),
        norm_num_groups=8,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
    ),
    "VQ autoencoder": _diffuser(
        "VQModel",
        [(3, 32, 32)],
        block_out_channels=(32, 64),
        norm_num_groups=8,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
    ),
    "Autoencoder, tiny": _diffuser("AutoencoderTiny", [(3, 64, 64)]),
    "DiT": _diffuser(
        "DiTTransformer2DModel",
        [{"hidden_states": (4, 16, 16), "timestep": "scalar:int64", "class_labels": "scalar:int64"}],
        num_attention_heads=4,
        attention_head_dim=16,
        in_channels=4,
        num_layers=2,
        sample_size=16,
        num_embeds_ada_norm=10,
    ),
    "Stable Diffusion 3": _diffuser(
        "SD3Transformer2DModel",
        [
            {
                "hidden_states": (4, 16, 16),
                "encoder_hidden_states": (7, 32),
                "pooled_projections": (64,),
                "timestep": "scalar:int64",
            }
        ],
        sample_size=16,
        in_channels=4,
        out_channels=4,
        num_layers=2,
        attention_head_dim=8,
        num_attention_heads=4,
        joint_attention_dim=32,
        caption_projection_dim=32,
        pooled_projection_dim=64,
    ),
    "Flux": _diffuser(
        "FluxTransformer2DModel",
        [
            {
                "hidden_states": "1x16x4",
                "encoder_hidden_states": "1x7x32",
                "pooled_projections": "1x32",
                "timestep": "1",
                "img_ids": "16x3",
                "txt_ids": "7x3",
            }
        ],
        in_channels=4,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        axes_dims_rope=(4, 4, 8),
    )._replace(batch=None),
    "PixArt": _diffuser(
        "PixArtTransformer2DModel",
        [
            {
                "hidden_states": (4, 16, 16),
                "encoder_hidden_states": (7, 32),
                "timestep": "scalar:int64",
            }
        ],
        num_attention_heads=4,
        attention_head_dim=16,
        cross_attention_dim=64,
        caption_channels=32,
        num_layers=2,
        sample_size=16,
        norm_type="ada_norm_single",
    ),
}

CLIP: list[object] = [(3, 16, 112, 112)]
FRAMES: list[object] = [(3, 128, 128), (3, 128, 128)]
TORCHVISION = {
    **{
        name: _vision("segmentation", name, [(3, 256, 256)])
        for name in (
            "fcn_resnet50",
            "deeplabv3_resnet50",
            "deeplabv3_mobilenet_v3_large",
            "lraspp_mobilenet_v3_large",
        )
    },
    **{name: _vision("video", name, CLIP) for name in ("r3d_18", "mc3_18", "r2plus1d_18")},
    "raft_small": _vision("optical_flow", "raft_small", FRAMES),
    "raft_large": _vision("optical_flow", "raft_large", FRAMES),
    **{
        name: _vision("video", name, [(3, frames, 224, 224)])
        for name, frames in {"s3d": 16, "mvit_v1_b": 16, "swin3d_t": 8}.items()
    },
    **{
        name: _vision("detection", name, [(3, 320, 320)])
        for name in (
            "ssdlite320_mobilenet_v3_large",
            "retinanet_resnet50_fpn",
            "fasterrcnn_mobilenet_v3_large_320_fpn",
        )
    },
}

NETWORKS: Mapping[str, Mapping[str, Entry]] = {
    "transformers": TRANSFORMERS,
    "timm": TIMM,
    "diffusers": DIFFUSERS,
    "torchvision": TORCHVISION,
}
"""By library and name."""

REFUSED: Mapping[str, str] = {
    "VITS": "the network predicts the number of frames",
    "ssdlite320_mobilenet_v3_large": "the number of remaining boxes depends on the scores",
    "retinanet_resnet50_fpn": "as above",
    "fasterrcnn_mobilenet_v3_large_320_fpn": "as above",
}
"""Networks without one graph for all data, and why."""
