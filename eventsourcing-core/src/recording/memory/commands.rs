//! The commands in memory, by id and in the order in which they were recorded.

use std::collections::{BTreeMap, HashMap};

use crate::recording::{CommandId, NewCommand, OutdatedCommands, RecordedCommand};

/// The commands of a log.
#[derive(Default)]
pub(super) struct Commands {
    by_id: HashMap<CommandId, RecordedCommand>,
    /// The ids by the number of their recording.
    order: BTreeMap<u64, CommandId>,
}

impl Commands {
    pub(super) fn find(&self, id: CommandId) -> Option<&RecordedCommand> {
        self.by_id.get(&id)
    }

    /// Adds a command, unless it is recorded.
    pub(super) fn add(&mut self, command: NewCommand, notification_ids: Vec<u64>) {
        if !self.by_id.contains_key(&command.id) {
            let number = self.order.last_key_value().map_or(0, |(last, _)| last + 1);
            self.order.insert(number, command.id);
            self.by_id.insert(command.id, command.recorded(notification_ids));
        }
    }

    /// Deletes outdated commands among the first ones, at most this number.
    pub(super) fn delete(&mut self, outdated: OutdatedCommands, limit: usize) -> u64 {
        let kept = match outdated {
            OutdatedCommands::Before(_) => 1,
            OutdatedCommands::AllBut(kept) => usize::try_from(kept).unwrap_or(usize::MAX).max(1),
        };
        let surplus = self.order.len().saturating_sub(kept);
        let is_outdated = |id: &CommandId| match outdated {
            OutdatedCommands::Before(time) => self.find(*id).is_none_or(|command| command.recorded_at < time),
            OutdatedCommands::AllBut(_) => true,
        };
        let first = self.order.iter().take(limit.min(surplus));
        let gone: Vec<(u64, CommandId)> =
            first.filter(|(_, id)| is_outdated(id)).map(|(number, id)| (*number, *id)).collect();
        for (number, id) in &gone {
            self.order.remove(number);
            self.by_id.remove(id);
        }
        gone.len() as u64
    }
}
