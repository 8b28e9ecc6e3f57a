//! How many events are handled in one transaction: fewer after timeouts, and more again after successes.

/// How many events a rebuild handles in its first transaction; in each next one twice as many.
///
/// What is killed again and again before a whole batch is done would otherwise never get further.
const FIRST_OF_REBUILD: usize = 16;

/// The largest number of events that the next transaction handles.
///
/// A timeout says that the database is slow at the moment, or that the batch is too large for it. The first one is taken for the
/// former, and the batch is tried again as it is. Each further one before a success halves the batch.
#[derive(Debug)]
pub(super) struct BatchSize {
    most: usize,
    /// Up to where it doubles. From there on it grows slowly, since twice as many were too many.
    doubles_up_to: usize,
    /// How often batches timed out since one was handled.
    timeouts: u32,
}

impl BatchSize {
    /// A page of the log at once.
    pub(super) fn of_page() -> Self {
        Self { most: usize::MAX, doubles_up_to: usize::MAX, timeouts: 0 }
    }

    /// A few events at first.
    pub(super) fn of_rebuild() -> Self {
        Self { most: FIRST_OF_REBUILD, ..Self::of_page() }
    }

    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// A transaction handled this many events.
    pub(super) fn handled(&mut self, events: usize) {
        self.timeouts = 0;
        // fewer than there might have been tell nothing of more
        if events < self.most {
            return;
        }
        self.most = if self.most < self.doubles_up_to {
            self.most.saturating_mul(2).min(self.doubles_up_to)
        } else {
            self.most.saturating_add((self.most / 32).max(1))
        };
    }

    /// A transaction with this many events timed out.
    pub(super) fn timed_out(&mut self, events: usize) {
        self.timeouts = self.timeouts.saturating_add(1);
        if self.timeouts > 1 && events > 1 {
            self.most = events / 2;
            self.doubles_up_to = self.most;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rebuild_doubles_its_batches_from_sixteen() {
        let mut size = BatchSize::of_rebuild();
        let sizes: Vec<usize> = (0..4)
            .map(|_| {
                let most = size.most();
                size.handled(most);
                most
            })
            .collect();
        assert_eq!(sizes, [16, 32, 64, 128]);
        size.handled(1);
        assert_eq!(size.most(), 256, "a small page is no success of a large batch");
    }

    #[test]
    fn only_the_first_timeout_leaves_a_batch_as_it_is() {
        let mut size = BatchSize::of_page();
        let sizes: Vec<usize> = (0..7)
            .map(|_| {
                let events = size.most().min(16);
                size.timed_out(events);
                events
            })
            .collect();
        assert_eq!(sizes, [16, 16, 8, 4, 2, 1, 1]);
        size.handled(1);
        size.timed_out(2);
        assert_eq!(size.most(), 2, "it is the first one after a success");
    }

    #[test]
    fn a_batch_grows_slowly_towards_what_timed_out() {
        let mut size = BatchSize::of_page();
        size.timed_out(1_000);
        size.timed_out(1_000);
        size.timed_out(size.most());
        assert_eq!(size.most(), 250);
        let mut handled = 0;
        while size.most() < 500 {
            handled += 1;
            size.handled(size.most());
        }
        assert_eq!(handled, 24);
    }
}
