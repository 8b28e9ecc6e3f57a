//! Training of a dictionary on the log, with held-out samples to measure its effect.

use std::ops::ControlFlow;

use super::dictionaries::aside;
use super::handle::{Application, Shared};
use crate::codec::{CompressorError, Dictionary, MapperError, TrainingError};
use crate::recording::{NotificationQuery, NotificationRef};
use crate::{Error, Result};

/// The size of a trained dictionary in bytes. With events of a hundred bytes, larger ones contain hardly any more common content.
const LEN: usize = 16 * 1024;

/// The maximum number of events that are read, and the maximum number of bytes of their states.
const EVENTS: u64 = 10_000;
const BYTES: usize = 8 * 1024 * 1024;

/// The minimum number of events that represents future events.
const FEWEST: usize = 100;

/// The number of consecutive events that are read at a time.
const BLOCK: u64 = 100;

/// One in this many events of a block is held out: the last ones, so that they are later than the training events.
const HELD_OUT: usize = 5;

/// The maximum length of a sample. Longer states are left out: they compress well enough without a dictionary.
const LONGEST: usize = 16 * 1024;

/// The result of training a dictionary.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TrainedDictionary {
    /// The id of the new dictionary, which is used for writing from now on.
    ///
    /// None if the new dictionary was discarded: the one in use is as good, or another process stored one meanwhile, which is used
    /// instead.
    pub id: Option<u32>,
    /// The size of the trained dictionary in bytes.
    pub len: usize,
    /// The number of events that it was trained and tested on.
    pub samples: usize,
    /// The compression ratio of the held-out events with the dictionary that was in use before.
    pub ratio_before: f64,
    /// The compression ratio of the held-out events with the new dictionary.
    pub ratio_after: f64,
}

/// Sample states from the whole log.
#[derive(Debug, Default)]
struct Samples {
    trained_on: Vec<Vec<u8>>,
    held_out: Vec<Vec<u8>>,
}

impl Application {
    /// Trains a dictionary on the log, and uses it from now on if it makes states smaller.
    ///
    /// Reads up to ten thousand events from the whole log. Four fifths of them train a dictionary of 16 KiB, and the others are used
    /// to compare it with the dictionary in use. The dictionary is stored beside the events, where every process finds it that opens
    /// this application or has it open. Older dictionaries are kept, and states that were written with them stay readable. Call this
    /// once the log has a few thousand events, and again when new events look different.
    ///
    /// **A trained dictionary contains fragments of real data**, and is never deleted. With a cipher it is encrypted like states;
    /// without one it is readable in the database. If data must be erasable, by deleting rows or by discarding a key per person, do
    /// not train a dictionary on it: fragments of it would remain.
    ///
    /// # Errors
    /// [`Error::Training`] with [`TrainingError::TooFewEvents`] if the log is too short, and [`TrainingError::NotZstd`] if the
    /// application does not compress with zstd. [`Error::Mapper`] if an event cannot be opened; it names the event.
    /// [`Error::Recorder`] with [`NoDictionaries`](crate::RecorderError::NoDictionaries) if the recorder does not store dictionaries,
    /// or if the database fails.
    #[tracing::instrument(level = "debug", skip_all, fields(application = %self.shared.name), err(level = "debug"))]
    pub async fn train_dictionary(&self) -> Result<TrainedDictionary> {
        let shared = &self.shared;
        if shared.mapper.zstd_level().is_none() {
            return Err(TrainingError::NotZstd.into());
        }
        shared.load_dictionaries().await?;
        let samples = shared.samples().await?;
        let found = samples.trained_on.len() + samples.held_out.len();
        if found < FEWEST {
            return Err(TrainingError::TooFewEvents { found, needed: FEWEST }.into());
        }
        let (id, mapper) = (shared.next_dictionary()?, shared.mapper.clone());
        let trained = aside(move || {
            let dictionary = Dictionary::train(id, &samples.trained_on, LEN)?;
            let (before, after) = mapper.compare(&dictionary, &samples.held_out)?;
            let plain: usize = samples.held_out.iter().map(Vec::len).sum();
            Ok((dictionary, plain, before, after))
        });
        let failed = |error: CompressorError| TrainingError::Failed { reason: error.to_string() };
        let (dictionary, plain, before, after) = trained.await?.map_err(failed)?;
        let is_kept = after < before && shared.store_dictionary(&dictionary).await?;
        Ok(TrainedDictionary {
            id: is_kept.then_some(id),
            len: dictionary.bytes().len(),
            samples: found,
            ratio_before: ratio(plain, before),
            ratio_after: ratio(plain, after),
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio of some megabytes needs few digits")]
fn ratio(plain: usize, stored: usize) -> f64 {
    plain as f64 / stored.max(1) as f64
}

impl Shared {
    /// Sample states, evenly spread over the log.
    async fn samples(&self) -> Result<Samples> {
        let last = self.recorder.max_notification_id().await?.unwrap_or(0);
        let blocks = last.min(EVENTS).div_ceil(BLOCK);
        let most_bytes = BYTES / usize::try_from(blocks).unwrap_or(usize::MAX).max(1);
        let mut samples = Samples::default();
        for block in 0..blocks {
            // all blocks of a short log, or evenly spaced blocks of a long one
            let after = if last <= EVENTS { block * BLOCK } else { (last - BLOCK) / (blocks - 1) * block };
            let mut states = self.block(after, most_bytes).await?;
            let held_out = states.split_off(states.len() - states.len() / HELD_OUT);
            samples.trained_on.extend(states);
            samples.held_out.extend(held_out);
        }
        Ok(samples)
    }

    /// The states after a position in the log, without long ones.
    async fn block(&self, after: u64, most_bytes: usize) -> Result<Vec<Vec<u8>>> {
        let (mut states, mut bytes, mut loaded) = (Vec::new(), 0, None);
        let mut query = NotificationQuery::after(after, usize::try_from(BLOCK).unwrap_or(usize::MAX));
        query = query.up_to(after.saturating_add(BLOCK));
        loop {
            let mut outcome: Result<(), MapperError> = Ok(());
            let mut seen = query.after;
            let mut visit = |notification: NotificationRef<'_>| match self.mapper.open(
                &notification.location(),
                notification.state,
                notification.checksum,
            ) {
                Ok(json) => {
                    seen = notification.id;
                    if json.len() <= LONGEST {
                        bytes += json.len();
                        states.push(json.into_owned());
                    }
                    if bytes > most_bytes { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                }
                Err(error) => {
                    outcome = Err(error);
                    ControlFlow::Break(())
                }
            };
            self.recorder.read_notifications(query.clone(), &mut visit).await?;
            match outcome {
                Ok(()) => return Ok(states),
                // another process stored the dictionary meanwhile
                Err(error) if error.unknown_dictionary().is_some_and(|id| loaded != Some(id)) => {
                    loaded = error.unknown_dictionary();
                    self.load_dictionaries().await?;
                    query.after = seen;
                }
                Err(error) => return Err(Error::Mapper(error)),
            }
        }
    }
}
