//! The dictionaries of an application: loaded when needed, and the first one made from the event types.

use std::sync::Arc;

use futures::channel::oneshot;

use super::handle::{Application, Shared};
use crate::codec::TrainingError;
use crate::codec::{CompressorError, Dictionary};
use crate::recording::RecorderError;
use crate::{Error, Result};

/// The lengths in bytes to try for a dictionary that knows field names and no data: which one is best depends on the fields.
const SCHEMA_LENS: [usize; 3] = [1024, 2 * 1024, 4 * 1024];

/// One of this many sample states is held out to find the best dictionary.
const HELD_OUT: usize = 5;

impl Application {
    /// Loads the dictionaries of this application, and makes the first one if there is none.
    ///
    /// `eventsourcing::Builder` calls this when it opens an application. If the application compresses with zstd, the first
    /// dictionary is made from the field names of the registered aggregates' events; it contains no data. None is made if the application is
    /// read-only or without its key. A dictionary that cannot
    /// be opened is left out with a warning: reading a state that needs it returns an error that says so.
    ///
    /// # Errors
    /// [`Error::Recorder`] if the database fails, [`Error::Dictionary`] if the cipher fails.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// use eventsourcing::Application;
    /// # futures::executor::block_on(async {
    /// let application = Application::builder("Universe").open()?;
    /// application.prepare_dictionaries().await?;
    /// // it registers no aggregates, and does not compress
    /// assert_eq!(application.mapper().dictionary_in_use(), None);
    /// # Ok::<(), eventsourcing::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn prepare_dictionaries(&self) -> Result<()> {
        self.shared.load_dictionaries().await?;
        let mapper = &self.shared.mapper;
        if self.is_read_only()
            || mapper.lacks_key()
            || mapper.zstd_level().is_none()
            || self.shared.aggregate_types.is_empty()
            || mapper.dictionary_in_use().is_some()
        {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let id = self.shared.next_dictionary()?;
        let made = aside(move || shared.of_schema(id)).await?;
        match made {
            Ok(dictionary) => match self.shared.store_dictionary(&dictionary).await {
                // this recorder stores no dictionaries: events are recorded without one
                Ok(_) | Err(Error::Recorder(RecorderError::NoDictionaries)) => Ok(()),
                Err(error) => Err(error),
            },
            Err(error) => {
                tracing::warn!(application = %self.shared.name, %error, "no dictionary could be made from the event types");
                Ok(())
            }
        }
    }

    /// Loads the dictionaries that any process stored since they were last loaded.
    ///
    /// The repository does so automatically when it reads a state that needs one. A caller that opens states of the log with the
    /// mapper calls this after an [`unknown_dictionary`](crate::codec::MapperError::unknown_dictionary) error, and opens the state again.
    ///
    /// # Errors
    /// [`Error::Recorder`] if the database fails.
    pub async fn load_dictionaries(&self) -> Result<()> {
        self.shared.load_dictionaries().await
    }
}

impl Shared {
    pub(crate) async fn load_dictionaries(&self) -> Result<()> {
        let after = self.mapper.last_dictionary().unwrap_or(0);
        for stored in self.recorder.select_dictionaries(after).await? {
            // without the key, none is expected to open
            if let Err(error) = self.mapper.learn_dictionary(&stored)
                && !self.mapper.lacks_key()
            {
                tracing::warn!(application = %self.name, %error, "a dictionary could not be loaded; states that need it cannot be read");
            }
        }
        Ok(())
    }

    /// The best dictionary that can be made from the event types.
    fn of_schema(&self, id: u32) -> Result<Dictionary, CompressorError> {
        let (mut held_out, mut trained_on) = (Vec::new(), Vec::new());
        for (place, sketch) in self.aggregate_types.sketches().into_iter().enumerate() {
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
        best.map(|(_, dictionary)| dictionary).ok_or_else(|| CompressorError::new("no dictionary length was tried"))
    }

    /// The id of the next dictionary, as far as this process knows.
    pub(super) fn next_dictionary(&self) -> Result<u32, TrainingError> {
        let last = self.mapper.last_dictionary().unwrap_or(0);
        last.checked_add(1).ok_or_else(|| TrainingError::Failed { reason: "all dictionary ids are in use".to_owned() })
    }

    /// Stores a dictionary and uses it from now on. If another process stored one first, loads that one instead.
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

/// Runs long work on a thread of its own, because nothing is known about the async runtime here.
pub(super) async fn aside<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> Result<T, TrainingError> {
    let failed = |reason: String| TrainingError::Failed { reason };
    let (done, outcome) = oneshot::channel();
    let thread = std::thread::Builder::new().name("eventsourcing dictionary".to_owned());
    thread
        .spawn(move || {
            // a caller that no longer waits needs no answer
            let _ = done.send(run());
        })
        .map_err(|error| failed(format!("its thread could not be started: {error}")))?;
    outcome.await.map_err(|_| failed("its thread panicked".to_owned()))
}
