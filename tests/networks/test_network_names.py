"""Names of networks: what each means, and what is offered for those that mean nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simres.errors import SimresError
from simres.networks import network_names as names


def refused(text: str) -> SimresError:
    with pytest.raises(SimresError) as raised:
        names.parse(text)
    return raised.value


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("resnet20", "cifar:resnet20"),
        ("resnet110", "cifar:resnet110"),
        ("plain56", "cifar:plain56"),
        ("resnet18", "torchvision:resnet18"),
        ("resnet34", "torchvision:resnet34"),
        ("resnet101", "torchvision:resnet101"),
        ("vit_b_16", "torchvision:vit_b_16"),
        ("cifar:resnet50", "cifar:resnet50"),
        ("torchvision:resnet50", "torchvision:resnet50"),
        (" resnet20 ", "cifar:resnet20"),
        ("package.module:factory", "package.module:factory"),
        ("net.safetensors", "net.safetensors"),
    ],
)
def test_a_name_has_one_meaning(text: str, canonical: str) -> None:
    assert names.canonical(text) == canonical
    assert names.canonical(canonical) == canonical


@pytest.mark.parametrize("name", ["resnet50", "resnet152"])
def test_a_name_with_two_meanings_is_refused_with_both(name: str) -> None:
    error = refused(name)
    assert error.exit_code == 2
    assert f"`torchvision:{name}`" in str(error.hint)
    assert f"`cifar:{name}`" in str(error.hint)


@given(st.integers(0, 2000))
def test_only_6n_plus_2_is_a_depth_and_the_nearest_are_named(layers: int) -> None:
    valid = 8 <= layers <= 1202 and (layers - 2) % 6 == 0
    assert names.valid_depth(layers) == valid
    if valid:
        assert str(names.parse(f"cifar:resnet{layers}")) == f"cifar:resnet{layers}"
        return
    hint = str(refused(f"cifar:plain{layers}").hint)
    offered = [int(part.split("`")[0]) for part in hint.split("cifar:plain")[1:]]
    assert len(offered) == 2
    assert all(names.valid_depth(depth) for depth in offered)
    if 8 < layers < 1202:
        assert offered[0] < layers < offered[1]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("resnt20", "resnet20"),
        ("mobilenet_v9", "mobilenet_v2"),
        ("cifar:resnett20", "cifar:resnet20"),
        ("resnet21", "cifar:resnet20"),
        ("weights.pt", "safetensors"),
        ("weights.pth", "safetensors"),
        ("no such:thing", "package.module:factory"),
        ("xyzzy", "package.module:factory"),
        ("", "package.module:factory"),
    ],
)
def test_a_name_without_meaning_is_refused_with_what_comes_nearest(text: str, hint: str) -> None:
    assert hint in str(refused(text).hint)


@given(st.text(max_size=20))
def test_no_name_makes_a_traceback(text: str) -> None:
    try:
        named = names.parse(text)
    except SimresError:
        return
    assert named.file_stem
    assert "/" not in named.file_stem


def test_files_are_named_so_that_none_is_mistaken() -> None:
    assert names.parse("resnet20").file_stem == "resnet20"
    assert names.parse("resnet18").file_stem == "resnet18"
    assert names.parse("torchvision:resnet50").file_stem == "torchvision-resnet50"
    assert names.parse("cifar:resnet50").file_stem == "cifar-resnet50"
    assert names.parse("a.b:C.build").file_stem == "C.build"


def test_the_folder_of_a_run_means_its_checkpoint(tmp_path) -> None:
    path = tmp_path / "resnet20" / "checkpoint.safetensors"
    path.parent.mkdir()
    path.touch()
    assert names.parse(str(path.parent)) == names.parse(str(path))
    assert "unknown network" in refused(str(tmp_path)).message


def test_one_s_own_code_is_never_taken_for_a_shipped_network() -> None:
    assert names.parse("mine:resnet20").shipped is None
    assert names.parse("resnet20.safetensors").shipped is None
    assert names.parse("cifar:resnet20").shipped == "resnet20"


def test_names_need_no_torch() -> None:
    parsed = "from simres.networks.network_names import parse; parse('resnet20')"
    code = f"import sys; {parsed}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["net.onnx", "some/where/net.ONNX"])
def test_an_onnx_model_is_read_by_a_package_that_is_named(name: str) -> None:
    error = refused(name)
    assert "which the package simres-onnx reads" in error.message
    assert f"simres import onnx {name} -o DIR" in str(error.hint)
    assert "simres simulate DIR/net.json" in str(error.hint)
