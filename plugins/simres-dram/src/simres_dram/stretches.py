"""Stretches of row hits: how many column commands follow each other with nothing in between."""

from __future__ import annotations

from simres_dram.waiting import Port, Run, Waiting

Candidate = tuple[int, int, int, Run, bool]
"""A command that may come: its clock, the age of who waits for it, bank, run, and whether that hits."""


def members(channel: Waiting, at: int, run: Run, others: list[Candidate]) -> list[tuple[int, Run]]:
    """The lanes that follow each other at a constant pace from this run on; it alone if they do not."""
    lanes, alone = len(channel.lane_bank), [(-1, run)]
    if not channel.pace or run.step != lanes:
        return alone
    found = sorted(
        (age, bank, other, when)
        for when, age, bank, other, hit in others
        if hit and other.port == run.port and run.first <= age < run.first + lanes
    )
    if len(found) != lanes:
        return alone
    for place, (age, _, other, when) in enumerate(found):
        if (
            age != run.first + place
            or other.step != lanes
            or other.block != run.block
            or other.lane != (run.lane + place) % lanes
            or when > at + place * channel.pace
        ):
            return alone
    return [(bank, other) for _, bank, other, _ in found]


def stretch(
    channel: Waiting,
    at: int,
    port: Port,
    members: list[tuple[int, Run]],
    others: list[Candidate],
    limit: int,
) -> int:
    """How many column commands of these lanes come one after the other, with nothing in between."""
    lanes, pace, write = len(channel.lane_bank), channel.pace, channel.writing
    if len(members) != lanes:
        return 1
    run = members[0][1]
    count = sum(row.count for _, row in members)
    same = False
    if len(channel.ports) > 1:
        for rival in channel.ports:
            if rival is not port and rival.at < rival.stop and rival.write == write:
                return 1
    if port.at < port.stop:
        alike = channel.joins_alike(port) if port.write == write else 0
        same = port.at // channel.block_lines == run.block and all(
            channel.waiting[write][bank][-1] is row for bank, row in members
        )
        count = alike if same else min(count, alike)
    if count < 2:
        return 1
    ages = run.step if lanes == 1 else 1
    banks = [bank for bank, _ in members]
    for when, age, bank, _, hit in others:
        if bank in banks:
            continue
        if hit and age > run.first and no_sooner(channel, banks, bank):
            count = min(count, (age - run.first - 1) // ages + 1)
        elif when <= limit:
            limit = when - 1
    waiting = channel.waiting[write]
    for place, (bank, row) in enumerate(members):
        runs = waiting[bank]
        if len(runs) == 1:
            continue
        if not same:  # whoever asks for another row of this bank has its turn then
            count = min(count, place + (row.count - 1) * lanes + 1)
        for also in runs:
            if also is row:
                continue
            # Once it has waited for longer than any hit, the row may be closed.
            before = 0 if also.row == row.row else lanes - 1
            count = min(count, (also.first - run.first - 1) // ages + 1 - before)
    for due in channel.due:
        if at < due <= limit:
            limit = due - 1
    count = min(count, (limit - at) // pace + 1)
    other = channel.count[not write]
    if other:
        if write:
            left = channel.queues.patience - channel.served
            count = min(count, left, channel.count[1] - channel.queues.low)
        elif other >= channel.queues.high:
            count = min(count, channel.owed - channel.served)
    return max(1, count)


def no_sooner(channel: Waiting, banks: list[int], bank: int) -> bool:
    """Whether after each of `banks` the next of them may come as soon as one of `bank`."""
    group, write = channel.group_of[bank], channel.writing
    return all(channel.gaps[write][channel.group_of[one]][write][group] >= channel.pace for one in banks)


def whole_rows(
    channel: Waiting,
    at: int,
    port: Port,
    hits: list[tuple[int, Run]],
    others: list[Candidate],
    limit: int,
) -> int:
    """Lines of how many whole rows pass at the pace, with each row open before it is needed; often 0.

    That is so where a port is alone, its queue is full of lines of one row, and rows follow each other in
    other banks that have been at rest (`Rows.hides`). What waits afterwards is as far on in a later row, and
    all that came between is past.
    """
    write, block, lanes = channel.writing, channel.block_lines, len(channel.lane_bank)
    if port.stop - port.at < block or len(others) != lanes or len(hits) != lanes:
        return 0
    queue = channel.count[write]
    if (
        port.write != write
        or queue != (channel.queues.writes if write else channel.queues.reads)
        or channel.count[not write]
        or channel.unused
        or not channel.hidden[write]
        or any(len(channel.waiting[write][bank]) != 1 for bank, _ in hits)
    ):
        return 0
    run = hits[0][1]
    ahead = channel.joined[write] - run.first  # of the next line to join; 1 apart, as each is one lane on
    if (
        sum(row.count for _, row in hits) != queue
        or run.step != lanes
        or ahead != queue
        or (run.lane + ahead) % lanes != port.at % lanes
        or not 0 <= (run.block + 1) * block - port.at <= block
        or any(other is not port and other.left for other in channel.ports)
    ):
        return 0
    for due in channel.due:
        if due <= at:
            return 0
        limit = min(limit, due - 1)
    blocks = min((port.stop - port.at) // block, ((limit - at) // channel.pace + 1) // block)
    if blocks < 1 or max(channel.group_at) > at:
        return 0
    of_rank = len(channel.row) // len(channel.due)
    groups = channel.timing.ccd_s < channel.timing.ccd_l
    base, _ = channel.base_and_row(run.block)
    before = [base + bank for bank in channel.lane_bank]
    first = before
    for later in range(1, blocks + 1):
        base, _ = channel.base_and_row(run.block + later)
        banks = [base + bank for bank in channel.lane_bank]
        if (
            not set(banks).isdisjoint(before)
            or banks[0] // of_rank != first[0] // of_rank
            or (
                groups
                and any(channel.group_of[a] != channel.group_of[b] for a, b in zip(banks, first, strict=True))
            )
            or any(
                max(channel.activate_at[bank], channel.precharge_at[bank], channel.column_at[bank]) > at
                for bank in banks
                if bank not in first
            )
        ):
            return (later - 1) * block
        before = banks
    return blocks * block
