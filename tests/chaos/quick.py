"""The same program with a faster clock of housekeeping: what happens every five minutes happens all the time.

A crash that is to meet a checkpoint, a trim or a sweep has to find one. Nothing else differs from `python -m footfall`.
"""

from __future__ import annotations

from footfall import checkpoints, cli, house

checkpoints._RECORDS = 700
checkpoints._ENTRIES_PER_RECORD = 1_000_000
checkpoints._LOOK = 0.05
house._SWEEP_SECONDS = 0.15
house._DISK_SECONDS = 0.1

cli.main()
