//! Persistence: stored events, the mapper that makes and reads them, and the recorders that keep them.
//!
//! An event is written to JSON, compressed, encrypted and recorded; read back in reverse. Domain code never sees bytes, and
//! a recorder never sees a domain event: the [`Mapper`] is where they meet.

mod append;
mod attempt;
pub mod cipher;
pub mod compressor;
#[cfg(feature = "conformance")]
pub mod conformance;
mod dictionary;
mod envelope;
mod finite;
mod id_hash;
mod letters;
mod likeness;
mod log_position;
mod mapper;
mod mapper_error;
mod memory;
mod name;
mod place;
mod recorder;
mod recorder_error;
mod scratch;
mod sketch;
mod state;
mod stored_event;
mod time;
mod told;
mod tracking;
mod watch;
mod watermark;

pub use append::Append;
pub use attempt::{is_same_attempt, stamped};
pub use cipher::{Cipher, CipherError, CipherKey};
pub use compressor::{Compressor, CompressorError};
pub use dictionary::{Dictionary, DictionaryError, StoredDictionary};
pub use letters::{LetterChanges, LetterQuery, StoredLetter};
pub use likeness::StateDifference;
pub use log_position::{LogPosition, LogPositionError};
pub use mapper::{Mapper, StateCheck};
pub use mapper_error::{MapperError, MapperFailure};
pub use memory::MemoryRecorder;
pub use name::check_name;
pub use place::{Kind, Place};
pub use recorder::{EventQuery, EventVisitor, NotificationQuery, NotificationVisitor, Recorder};
pub use recorder_error::{Cause, RecorderError};
pub(crate) use sketch::sketches;
pub use state::{StateError, StateReader, StateWriter};
pub use stored_event::{Notification, NotificationRef, StoredEvent, StoredEventRef};
pub use told::JsonError;
pub use tracking::Tracking;
pub use watermark::Watermark;
