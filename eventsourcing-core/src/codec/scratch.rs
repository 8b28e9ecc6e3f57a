//! Buffers that each thread keeps for the next state, so that sealing and opening need no allocations of their own.

use std::cell::Cell;

/// The buffers of one state on its way in or out.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// The state to be recorded, at first its JSON.
    pub(super) state: Vec<u8>,
    /// The JSON, if it is not part of the state itself.
    pub(super) json: Vec<u8>,
    /// The compressed JSON.
    pub(super) compressed: Vec<u8>,
    /// The context that the cipher authenticates.
    pub(super) context: Vec<u8>,
    /// The `Debug` output of an event.
    pub(super) shown: String,
}

/// The capacity above which a buffer is freed, so that one large state does not occupy memory permanently.
const LARGEST_KEPT: usize = 64 * 1024;

thread_local! {
    // boxed, because it is taken out and put back for each state
    static KEPT: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// Lends the buffers of this thread, with their previous content.
///
/// They are taken out during the call: an event's `Deserialize` may read another state, which then gets new buffers.
pub(super) fn with<R>(use_them: impl FnOnce(&mut Scratch) -> R) -> R {
    // a thread that is ending no longer has any
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
    // if the thread is ending, they are freed here
    let _ = KEPT.try_with(|kept| kept.set(Some(scratch)));
    result
}
