//! The dictionaries of an application: loaded when they are needed, and the first made from the schema.

use std::sync::Arc;

use futures::channel::oneshot;

use super::core::{Application, Shared};
use super::training::TrainingError;
use crate::persistence::{CompressorError, Dictionary, RecorderError};
use crate::{Error, Result};

/// How large a dictionary can be that knows the names of fields and no data: which of these is best depends on the fields.
const SCHEMA_LENS: [usize; 3] = [1024, 2 * 1024, 4 * 1024];

/// Of how many sketches one is held out to find the best.
const HELD_OUT: usize = 5;

impl Application {
    /// Makes the dictionaries of this application known, and makes the first one if there is none.
    ///
    /// `eventsourcing::Builder` calls this when it opens an application. The first dictionary is made from the names of the
    /// fields of the named aggregates' events, if the application compresses with zstd; it holds no data. One that cannot be
    /// opened is left out with a warning: the states that need it say why they cannot be read.
    ///
    /// # Errors
    /// [`Error::Recorder`] as the database fails, [`Error::Dictionary`] if the cipher does.
    ///
    /// # Examples
    ///
    /// ```
    /// use eventsourcing_core::Application;
    /// # futures::executor::block_on(async {
    /// let application = Application::builder("Universe").open()?;
    /// application.prepare_dictionaries().await?;
    /// // it names no aggregates, and does not compress
    /// assert_eq!(application.mapper().dictionary_in_use(), None);
    /// # Ok::<(), eventsourcing_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn prepare_dictionaries(&self) -> Result<()> {
        self.shared.load_dictionaries().await?;
        let mapper = &self.shared.mapper;
        if mapper.zstd_level().is_none() || self.shared.schema.is_empty() || mapper.dictionary_in_use().is_some() {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let id = self.shared.next_dictionary()?;
        let made = aside(move || shared.of_schema(id)).await?;
        match made {
            Ok(dictionary) => match self.shared.store_dictionary(&dictionary).await {
                // events are recorded without one
                Ok(_) | Err(Error::Recorder(RecorderError::NoDictionaries)) => Ok(()),
                Err(error) => Err(error),
            },
            Err(error) => {
                tracing::warn!(application = %self.shared.name, %error, "no dictionary could be made from the schema");
                Ok(())
            }
        }
    }

    /// Makes those dictionaries known that were stored since, by whichever process.
    ///
    /// The repository does so by itself when it meets a state that needs one. Whoever opens states of the log with the mapper
    /// calls this upon [`unknown_dictionary`](crate::persistence::MapperError::unknown_dictionary), and opens the state again.
    ///
    /// # Errors
    /// [`Error::Recorder`] as the database fails.
    pub async fn load_dictionaries(&self) -> Result<()> {
        self.shared.load_dictionaries().await
    }
}

impl Shared {
    pub(crate) async fn load_dictionaries(&self) -> Result<()> {
        let after = self.mapper.last_dictionary().unwrap_or(0);
        for stored in self.recorder.select_dictionaries(after).await? {
            if let Err(error) = self.mapper.learn_dictionary(&stored) {
                tracing::warn!(application = %self.name, %error, "states that need this dictionary cannot be read");
            }
        }
        Ok(())
    }

    /// The best dictionary that can be made of the schema.
    fn of_schema(&self, id: u32) -> Result<Dictionary, CompressorError> {
        let (mut held_out, mut trained_on) = (Vec::new(), Vec::new());
        for (place, sketch) in self.schema.sketches().into_iter().enumerate() {
            if place % HELD_OUT == 0 { held_out.push(sketch) } else { trained_on.push(sketch) }
        }
        let mut best: Option<(usize, Dictionary)> = None;
        for len in SCHEMA_LENS {
            let dictionary = Dictionary::train(id, &trained_on, len)?;
            let (_, stored) = self.mapper.compare(&dictionary, &held_out)?;
            if best.as_ref().is_none_or(|(least, _)| stored < *least) {
                best = Some((stored, dictionary));
            }
        }
        best.map(|(_, dictionary)| dictionary).ok_or_else(|| CompressorError::new("there is nothing to choose from"))
    }

    /// The id of the next dictionary, as far as this process knows.
    pub(super) fn next_dictionary(&self) -> Result<u32, TrainingError> {
        let last = self.mapper.last_dictionary().unwrap_or(0);
        last.checked_add(1)
            .ok_or_else(|| TrainingError::Failed { reason: "all ids of dictionaries are used up".to_owned() })
    }

    /// Stores a dictionary and uses it from now on; if another process was first, its dictionary is loaded instead.
    pub(super) async fn store_dictionary(&self, dictionary: &Dictionary) -> Result<bool> {
        let stored = self.mapper.seal_dictionary(dictionary)?;
        let is_first = self.recorder.insert_dictionary(stored.clone()).await?;
        if is_first {
            self.mapper.learn_dictionary(&stored)?;
        } else {
            self.load_dictionaries().await?;
        }
        Ok(is_first)
    }
}

/// Runs what takes its time on a thread of its own: of the runtime nothing is known here.
pub(super) async fn aside<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> Result<T, TrainingError> {
    let failed = |reason: String| TrainingError::Failed { reason };
    let (done, outcome) = oneshot::channel();
    let thread = std::thread::Builder::new().name("eventsourcing dictionary".to_owned());
    thread
        .spawn(move || {
            // whoever no longer waits needs no answer
            let _ = done.send(run());
        })
        .map_err(|error| failed(format!("there is no thread for it: {error}")))?;
    outcome.await.map_err(|_| failed("its thread panicked".to_owned()))
}
