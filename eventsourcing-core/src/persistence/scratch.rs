//! Buffers that each thread keeps for the next state, so that sealing and opening allocate nothing of their own.

use std::cell::Cell;

/// What a state passes through on its way in or out.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// What is to be recorded, from its JSON on.
    pub(super) state: Vec<u8>,
    /// The JSON, where it does not stand in the state itself.
    pub(super) json: Vec<u8>,
    /// The JSON compressed.
    pub(super) compressed: Vec<u8>,
    /// What the cipher authenticates beside the state.
    pub(super) context: Vec<u8>,
    /// What `Debug` shows of an event.
    pub(super) shown: String,
}

/// A larger buffer is given back: one large state is no reason to hold its memory for ever.
const LARGEST_KEPT: usize = 64 * 1024;

thread_local! {
    // boxed, since it is taken out and put back for each state
    static KEPT: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// Lends the buffers of this thread, with whatever is left in them.
///
/// They are taken out meanwhile: an event's `Deserialize` may read another state, which then gets new ones.
pub(super) fn with<R>(use_them: impl FnOnce(&mut Scratch) -> R) -> R {
    // a thread that ends has none any more
    let mut scratch = KEPT.try_with(Cell::take).ok().flatten().unwrap_or_default();
    let result = use_them(&mut scratch);
    let Scratch { state, json, compressed, context, shown } = &mut *scratch;
    for buffer in [state, json, compressed, context] {
        if buffer.capacity() > LARGEST_KEPT {
            *buffer = Vec::new();
        }
    }
    if shown.capacity() > LARGEST_KEPT {
        *shown = String::new();
    }
    // where the thread has ended they are freed here
    let _ = KEPT.try_with(|kept| kept.set(Some(scratch)));
    result
}
