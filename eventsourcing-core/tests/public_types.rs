//! What users may expect of every public type: errors are errors, and data can be shared between threads, compared and shown.

use std::error::Error as StdError;
use std::fmt::Debug;

use eventsourcing_core::codec::{
    CipherError, CompressorError, Dictionary, DictionaryError, Mapper, MapperError, MapperFailure, StateCheck,
    StateForm, StateInfo, TrainingError,
};
use eventsourcing_core::domain::{JsonError, StateDifference, StateError};
use eventsourcing_core::projection::{
    Progress, ProjectionKey, RebuildProgress, RebuildState, RecordedProjection, Status, Switched,
};
use eventsourcing_core::recording::{
    Append, EventQuery, LetterChanges, LetterQuery, LogPositionError, NotificationQuery, NotificationRef, StateKind,
    StateLocation, StoredDictionary, StoredEventRef, StoredLetter, TrackedPosition,
};
use eventsourcing_core::system::{ConsumerStatus, Step, SystemEdge, SystemError};
use eventsourcing_core::{
    AggregateError, Application, ApplyError, CausingEvent, DeadLetter, DeadLetterError, DomainEvent, Environment,
    EnvironmentError, Error, EventContext, EventEnvelope, LogPosition, Metadata, MetadataError, Notification,
    NotificationLog, NotificationLogReader, OnFailure, RebuildError, RecorderError, RunnerError, Section, StoredEvent,
    Subscribe, Tracked, Tracking, TrainedDictionary, ViewError,
};

/// Checks that each type fulfils a function's bounds, which the compiler does.
macro_rules! all {
    ($check:ident: $($type:ty),* $(,)?) => {
        $($check::<$type>();)*
    };
}

fn is_an_error<E: StdError + Clone + Send + Sync + 'static>() {}

fn is_data<T: Clone + Debug + PartialEq + Send + Sync>() {}

fn is_shared<T: Clone + Debug + Send + Sync + 'static>() {}

#[test]
fn every_error_can_be_cloned_and_sent_to_another_thread() {
    all![is_an_error:
        AggregateError, ApplyError, CipherError, CompressorError, DeadLetterError, DictionaryError, EnvironmentError,
        Error, JsonError, LogPositionError, MapperError, MapperFailure, MetadataError, RebuildError, RecorderError,
        RunnerError, StateError, SystemError, TrainingError, ViewError,
    ];
}

#[test]
fn what_is_stored_or_asked_for_can_be_compared_and_shared() {
    all![is_data:
        Append, CausingEvent, DeadLetter, Dictionary, DomainEvent<u8>, EventContext, EventEnvelope<u8>, EventQuery,
        LetterChanges, LetterQuery, LogPosition, Metadata, Notification, NotificationQuery, NotificationRef<'static>, OnFailure,
        ProjectionKey<'static>, RecordedProjection, Section, StateCheck, StateDifference, StateForm, StateInfo, StateKind,
        StateLocation<'static>, Step, StoredDictionary, StoredEvent, StoredEventRef<'static>, StoredLetter, Switched,
        SystemEdge, Tracked<u8>, TrackedPosition, Tracking,
        TrainedDictionary,
    ];
    all![is_shared:
        Application, ConsumerStatus, Environment, Mapper, NotificationLog, NotificationLogReader, Progress,
        RebuildProgress, RebuildState, Status, Subscribe,
    ];
}
