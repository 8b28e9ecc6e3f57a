//! The error of training a dictionary.

/// The reason why no dictionary could be trained.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// There are too few events to learn from.
    #[error("{found} events are too few to train a dictionary, which needs {needed}; record more events first")]
    TooFewEvents {
        /// The number of events, without those whose states are too long for a dictionary to matter.
        found: usize,
        /// The number of events that are needed.
        needed: usize,
    },
    /// The application does not compress with zstd, and would not use a dictionary.
    #[error("a dictionary requires zstd, which this application does not compress with; set COMPRESSOR_TOPIC=zstd")]
    NotZstd,
    /// Training failed for an unexpected reason.
    #[error("the dictionary could not be trained: {reason}")]
    Failed {
        /// What failed.
        reason: String,
    },
}
