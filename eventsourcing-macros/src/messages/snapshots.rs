//! Messages about the snapshots of an aggregate.

pub(crate) const EVERY: &str =
    "`snapshot_every` takes the number of events after which a snapshot is taken, from 1: `snapshot_every = 100`";

pub(crate) const BY_HAND: &str = "`snapshots` takes no value: snapshots are taken when the program asks for them; \
     to take one after each 100 events, write `snapshot_every = 100` instead";

pub(crate) const VERSION: &str =
    "`snapshot_version` takes the version of the aggregate's behaviour, a number from 1: `snapshot_version = 2`";

pub(crate) const VERSION_OF_NONE: &str = "`snapshot_version` has no effect, because the aggregate has no snapshots; add `snapshot_every = 100` or `snapshots`, or remove it";
