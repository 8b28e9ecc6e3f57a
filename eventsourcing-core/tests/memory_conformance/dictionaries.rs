//! The dictionaries of the plain recorder, and their faults.

use std::sync::PoisonError;

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::StoredDictionary;

use super::{Fault, PlainRecorder};

impl PlainRecorder {
    pub(super) async fn keep(&self, mut dictionary: StoredDictionary) -> Result<bool, RecorderError> {
        let id = dictionary.id;
        let is_taken = self.with_dictionaries(|kept| kept.iter().any(|other| other.id == id));
        match self.fault {
            Fault::ChecksDictionariesWithoutTheLock if !is_taken => {
                self.meet().await;
                self.with_dictionaries(|kept| kept.push(dictionary));
                return Ok(true);
            }
            Fault::ReplacesDictionaries => self.with_dictionaries(|kept| kept.retain(|other| other.id != id)),
            Fault::CutsDictionaries => {
                let end = dictionary.bytes.iter().position(|byte| *byte == 0);
                dictionary.bytes.truncate(end.unwrap_or(usize::MAX));
            }
            Fault::CountsDictionaries => self.state().drawn += 1,
            _ => {}
        }
        let is_kept = self.with_dictionaries(|kept| {
            let is_free = kept.iter().all(|other| other.id != id);
            if is_free {
                kept.push(dictionary);
            }
            is_free
        });
        Ok(is_kept || self.fault == Fault::SaysThatDictionariesAreKept)
    }

    pub(super) fn dictionaries(&self, after: u32) -> Vec<StoredDictionary> {
        let mut dictionaries = self.with_dictionaries(|kept| kept.clone());
        if self.fault == Fault::SelectsDictionariesAsKept {
            dictionaries.retain(|dictionary| dictionary.id >= after);
            return dictionaries;
        }
        dictionaries.retain(|dictionary| dictionary.id > after);
        dictionaries.sort_by_key(|dictionary| dictionary.id);
        dictionaries
    }

    fn with_dictionaries<T>(&self, with: impl FnOnce(&mut Vec<StoredDictionary>) -> T) -> T {
        if self.fault == Fault::KeepsDictionariesToItself {
            return with(&mut self.own_dictionaries.lock().unwrap_or_else(PoisonError::into_inner));
        }
        with(&mut self.state().dictionaries)
    }
}
