//! The number of events of one transaction: fewer after timeouts, and more again after successes.

/// The number of events of a rebuild's first transaction; each next one handles twice as many.
///
/// A process that is repeatedly killed before a whole batch is done would otherwise make no progress.
const FIRST_OF_REBUILD: usize = 16;

/// The maximum number of events of the next transaction.
///
/// A timeout means that the database is slow at the moment, or that the batch is too large for it. After the first timeout the
/// batch is retried unchanged. Each further timeout before a success halves the batch.
#[derive(Debug)]
pub(super) struct BatchSize {
    most: usize,
    /// The size up to which it doubles. From there on it grows slowly, because twice as many timed out.
    doubles_up_to: usize,
    /// The number of timeouts since a batch was last handled.
    timeouts: u32,
}

impl BatchSize {
    /// A whole page of the log at once.
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

    /// Records that a transaction handled this many events.
    pub(super) fn handled(&mut self, events: usize) {
        self.timeouts = 0;
        // a batch below the maximum says nothing about larger ones
        if events < self.most {
            return;
        }
        self.most = if self.most < self.doubles_up_to {
            self.most.saturating_mul(2).min(self.doubles_up_to)
        } else {
            self.most.saturating_add((self.most / 32).max(1))
        };
    }

    /// Records that a transaction with this many events timed out.
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
