//! Training a dictionary on the log: samples from all of it, some of them held out to see what the dictionary is worth.

use std::ops::ControlFlow;

use super::core::{Application, Shared};
use super::dictionaries::aside;
use crate::persistence::{CompressorError, Dictionary, MapperError, NotificationQuery, NotificationRef};
use crate::{Error, Result};

/// How large a trained dictionary is: larger ones of events of a hundred bytes hold hardly anything more that is common.
const LEN: usize = 16 * 1024;

/// The most events that are read, and the most bytes of their states.
const EVENTS: u64 = 10_000;
const BYTES: usize = 8 * 1024 * 1024;

/// The fewest events that tell what is common to those to come.
const FEWEST: usize = 100;

/// How many events that follow one another are read at a time.
const BLOCK: u64 = 100;

/// Of how many events of a block one is held out: the last ones, so that they are later than what is trained on.
const HELD_OUT: usize = 5;

/// Longer states are left out: they are compressed well enough without a dictionary.
const LONGEST: usize = 16 * 1024;

/// What became of a training.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TrainedDictionary {
    /// The id of the new dictionary, which is used for writing from now on.
    ///
    /// None if it was given up: because what was in use is as good, or because another process stored one meanwhile, which is
    /// used instead.
    pub id: Option<u32>,
    /// How many bytes it has.
    pub len: usize,
    /// How many events it was trained and tried on.
    pub samples: usize,
    /// How many times smaller the events that were held out are stored with what was in use before.
    pub ratio_before: f64,
    /// How many times smaller they are with the new dictionary.
    pub ratio_after: f64,
}

/// Why no dictionary could be trained.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// There is nothing to learn from.
    #[error("{found} events are too few to train a dictionary on, which takes {needed}; record more first")]
    TooFewEvents {
        /// How many there are, without those whose states are too long for a dictionary to matter.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// The application would not use it.
    #[error("a dictionary is for zstd, and this application does not compress with it; set COMPRESSOR_TOPIC=zstd")]
    NotZstd,
    /// It failed for a reason that should not be.
    #[error("the dictionary could not be trained: {reason}")]
    Failed {
        /// What happened.
        reason: String,
    },
}

/// States from all of the log.
#[derive(Debug, Default)]
struct Samples {
    trained_on: Vec<Vec<u8>>,
    held_out: Vec<Vec<u8>>,
}

impl Application {
    /// Trains a dictionary on the log, and uses it from now on if states get smaller by it.
    ///
    /// Up to ten thousand events from all of the log are read, four fifths of them to make a dictionary of 16 KiB, and the others
    /// to compare it with what is in use. It is stored beside the events, where every process finds it that opens this
    /// application or has opened it. Older dictionaries are kept, and states that were written with them are read as before. Do
    /// this once the log has some thousand events, and again when they have come to look otherwise.
    ///
    /// **A trained dictionary holds fragments of real data**, and is kept for ever. Where there is a cipher it is encrypted as
    /// states are; where there is none it can be read in the database. Whoever must be able to delete data, by deleting rows or
    /// by throwing away a key of somebody's own, must not train a dictionary on it: fragments of it would stay.
    ///
    /// # Errors
    /// [`Error::Training`] with [`TrainingError::TooFewEvents`] if the log is too short, and [`TrainingError::NotZstd`] if the
    /// application does not compress with zstd. [`Error::Mapper`] if an event cannot be opened, which it names.
    /// [`Error::Recorder`] with [`NoDictionaries`](crate::RecorderError::NoDictionaries) if the recorder keeps none, or as the
    /// database fails.
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
    /// States evenly spread over the log.
    async fn samples(&self) -> Result<Samples> {
        let last = self.recorder.max_notification_id().await?.unwrap_or(0);
        let blocks = last.min(EVENTS).div_ceil(BLOCK);
        let most_bytes = BYTES / usize::try_from(blocks).unwrap_or(usize::MAX).max(1);
        let mut samples = Samples::default();
        for block in 0..blocks {
            // of a short log all blocks, of a long one as many with gaps between them
            let after = if last <= EVENTS { block * BLOCK } else { (last - BLOCK) / (blocks - 1) * block };
            let mut states = self.block(after, most_bytes).await?;
            let held_out = states.split_off(states.len() - states.len() / HELD_OUT);
            samples.trained_on.extend(states);
            samples.held_out.extend(held_out);
        }
        Ok(samples)
    }

    /// The states after a place in the log, without those that are long.
    async fn block(&self, after: u64, most_bytes: usize) -> Result<Vec<Vec<u8>>> {
        let (mut states, mut bytes, mut loaded) = (Vec::new(), 0, None);
        let mut query = NotificationQuery::after(after, usize::try_from(BLOCK).unwrap_or(usize::MAX));
        query = query.up_to(after.saturating_add(BLOCK));
        loop {
            let mut outcome: Result<(), MapperError> = Ok(());
            let mut seen = query.after;
            let mut visit = |notification: NotificationRef<'_>| match self.mapper.open(
                &notification.place(),
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
                // another process made it since
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
