"""The parts that come with simres, declared through the hooks that any package uses."""

from __future__ import annotations

from collections.abc import Iterator

from simres.plugins.hooks import Block, Component, ComponentRole, Pass, Reporter, Scheduler, hookimpl


@hookimpl
def simres_components() -> Iterator[Component]:
    """The four parts of the paper's chip, and other components for its bus."""
    yield Component(
        kind="ddr",
        role=ComponentRole.BUS,
        spec="simres.hardware.specs:BusSpec",
        engine="simres.hardware.bus:Bus",
        summary="a bus to off-chip memory: fixed rate, bursts, latency, channels that share it",
    )
    yield Component(
        kind="sram",
        role=ComponentRole.MEMORY,
        spec="simres.hardware.specs:SramSpec",
        summary="an on-chip scratchpad of some capacity",
    )
    yield Component(
        kind="matrix",
        role=ComponentRole.MATRIX,
        spec="simres.hardware.specs:MatrixSpec",
        summary="a matrix unit with a peak rate",
    )
    yield Component(
        kind="host",
        role=ComponentRole.HOST,
        spec="simres.hardware.specs:HostSpec",
        summary="a general-purpose processor for vector operations",
    )
    yield Component(
        kind="processor",
        role=ComponentRole.PROCESSOR,
        spec="simres.hardware.specs:ProcessorSpec",
        summary="one processor for matrix products and everything else, one at a time",
    )
    yield Component(
        kind="microcontroller",
        role=ComponentRole.PROCESSOR,
        spec="simres.hardware.microcontroller:MicrocontrollerSpec",
        summary="a small CPU that runs all operators, by counted instructions",
    )
    yield Component(
        kind="background",
        role=ComponentRole.MASTER,
        spec="simres.hardware.specs:BackgroundSpec",
        summary="another master on a bus, such as a camera or a display",
    )


@hookimpl
def simres_schedulers() -> Iterator[Scheduler]:
    """The sheet's rule, the serial baseline, and the overlapped scheduler."""
    yield Scheduler(
        name="paper",
        target="simres.scheduling.paper:schedule",
        takes="ledger",
        summary="the paper's spreadsheet: one row at a time, nothing resident, no overlap",
    )
    yield Scheduler(
        name="serial",
        target="simres.scheduling.serial:schedule",
        shares=True,
        summary="one operator at a time: load what is not on chip, compute, spill what cannot stay",
    )
    yield Scheduler(
        name="overlapped",
        target="simres.scheduling.overlapped:schedule",
        parameters="simres.scheduling.overlapped:Parameters",
        baseline="serial",
        shares=True,
        summary="operators in tiles, prefetching, engines in parallel; the best of several plans",
    )


@hookimpl
def simres_passes() -> Iterator[Pass]:
    """Passes that preserve the network's function."""
    yield Pass(
        name="fold_batch_norm",
        target="simres.passes.fold_batch_norm:fold_batch_norm",
        summary="folds each batch norm's scale into the convolution before it, leaving a bias",
    )
    yield Pass(
        name="fold_bias",
        target="simres.passes.fold_bias:fold_bias",
        summary="starts the accumulators from the bias, so the host need not add it",
    )
    yield Pass(
        name="fuse_epilogues",
        target="simres.passes.fuse_epilogues:fuse_epilogues",
        summary="elementwise operators and pooling after matrix work run on the fly, piece by piece",
    )
    for dtype, nbytes in (("int8", "1 byte"), ("fp16", "2 bytes"), ("bf16", "2 bytes")):
        yield Pass(
            name=f"quantise_{dtype}",
            target=f"simres.passes.quantise:to_{dtype}",
            summary=f"weights and activations at {nbytes} per element; accuracy is not modelled",
        )
    yield Pass(
        name="batch_N",
        target="simres.passes.batch:batch",
        summary="N inferences at once, such as batch_8; weights are shared",
        numbered=True,
    )


@hookimpl
def simres_blocks() -> Iterator[Block]:
    """The block of the paper's section 3.3, and the two that followed it."""
    yield Block(
        name="basic",
        target="simres.networks.blocks:BasicBlock",
        summary="two 3 x 3 convolutions and a shortcut",
    )
    yield Block(
        name="bottleneck",
        target="simres.networks.blocks:BottleneckBlock",
        summary="1 x 1, 3 x 3 and 1 x 1 convolutions, narrow in the middle, and a shortcut",
    )
    yield Block(
        name="preact",
        target="simres.networks.blocks:PreactBlock",
        summary="norm and ReLU before each of two 3 x 3 convolutions, and an untouched shortcut",
    )


@hookimpl
def simres_reporters() -> Iterator[Reporter]:
    """The formats behind `--csv`, `--perfetto` and `simres report`."""
    yield Reporter(
        name="csv",
        suffix=".csv",
        target="simres.reporting.files.layer_csv:layer_csv",
        summary="the layer table, for spreadsheets",
    )
    yield Reporter(
        name="perfetto",
        suffix=".json",
        target="simres.reporting.files.perfetto:perfetto",
        summary="a trace for ui.perfetto.dev and chrome://tracing",
    )
    yield Reporter(
        name="html",
        suffix=".html",
        target="simres.reporting.html.page:html",
        summary="one page with the timeline and all tables, which asks for nothing else",
    )
