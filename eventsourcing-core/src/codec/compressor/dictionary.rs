//! Zstandard with a dictionary: a state contains only what is not in the dictionary, which holds what all states have in common.
//!
//! A frame identifies its dictionary by id, in one byte for the first 255 ids. The first four bytes are the same in all frames, and
//! are replaced by a fingerprint of the dictionary. With another dictionary of the same id, which may exist after the table of
//! dictionaries was lost, zstd could restore wrong data without noticing.
//! (For a state without a cipher, the mapper moves the fingerprint into the envelope, which has room for it.)

use std::cell::RefCell;
use std::fmt;

use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::{self, CCtx, DCtx, SafeResult, get_error_name};

use super::zstd::check_frame;
use super::{Compressor, CompressorError, ZSTD_DICTIONARY};
use crate::codec::Dictionary;

/// The magic number of a frame (RFC 8878, 3.1.1).
const MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();

/// The magic number of a dictionary (RFC 8878, 5), which the id follows.
const DICTIONARY_MAGIC: [u8; 4] = 0xec30_a437_u32.to_le_bytes();

/// The maximum length of a frame header, with the magic number.
const LONGEST_HEADER: usize = 18;

/// The minimum length of a state to compress: the timestamp of an event alone has 43 bytes.
const MIN_LEN: usize = 32;

/// The offset of the frame header: after the fingerprint in a state, after [`MAGIC`] otherwise.
const HEADER: usize = MAGIC.len();

/// The capacity above which a buffer is freed.
const LARGEST_KEPT: usize = 64 * 1024;

/// A dictionary that zstd has loaded, for reading and, with a level, for writing. All threads share it.
pub(super) struct ZstdDictionary {
    id: u32,
    fingerprint: [u8; HEADER],
    decoder: DecoderDictionary<'static>,
    encoder: Option<EncoderDictionary<'static>>,
}

impl ZstdDictionary {
    /// Loads a dictionary into zstd, for writing too if there is a level.
    pub(super) fn new(dictionary: &Dictionary, level: Option<i32>) -> Result<Self, CompressorError> {
        let (id, bytes) = (dictionary.id(), dictionary.bytes());
        // zstd accepts any bytes without the magic number as a raw dictionary
        let named = zstd_safe::get_dict_id_from_dict(bytes).map_or(0, u32::from);
        if id == 0 || named != id {
            return Err(CompressorError::new(match named {
                0 => "this is not a zstd dictionary".to_owned(),
                named => format!("the zstd dictionary has the id {named}"),
            }));
        }
        let unfit = |_| CompressorError::new("zstd cannot load the dictionary");
        Ok(Self {
            id,
            fingerprint: crc32fast::hash(bytes).to_be_bytes(),
            decoder: DecoderDictionary::try_copy(bytes).map_err(unfit)?,
            encoder: level.map(|level| EncoderDictionary::try_copy(bytes, level)).transpose().map_err(unfit)?,
        })
    }
}

impl fmt::Debug for ZstdDictionary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZstdDictionary").field("id", &self.id).finish_non_exhaustive()
    }
}

thread_local! {
    // creating a context costs far more than compressing a small state
    static COMPRESSION: RefCell<Option<CCtx<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSION: RefCell<(Option<DCtx<'static>>, Vec<u8>)> = const { RefCell::new((None, Vec::new())) };
}

impl Compressor for ZstdDictionary {
    fn id(&self) -> u8 {
        ZSTD_DICTIONARY
    }

    fn min_len(&self) -> usize {
        MIN_LEN
    }

    fn compress(&self, data: &[u8], into: &mut Vec<u8>) -> Result<(), CompressorError> {
        let Some(encoder) = &self.encoder else {
            return Err(CompressorError::new("zstd: the dictionary is loaded for reading only"));
        };
        COMPRESSION.with_borrow_mut(|slot| {
            let context = context(slot, CCtx::try_create)?;
            let start = into.len();
            into.resize(start + zstd_safe::compress_bound(data.len()), 0);
            let len = done(context.compress_using_cdict(&mut into[start..], data, encoder.as_cdict()))?;
            into.truncate(start + len);
            match into.get_mut(start..start + HEADER) {
                Some(magic) if *magic == MAGIC => magic.copy_from_slice(&self.fingerprint),
                _ => return Err(CompressorError::new("zstd: the frame does not begin with the magic number")),
            }
            Ok(())
        })
    }

    fn decompress(&self, data: &[u8], len: usize, into: &mut Vec<u8>) -> Result<(), CompressorError> {
        DECOMPRESSION.with_borrow_mut(|(slot, frame)| {
            let Some((fingerprint, headless)) = data.split_first_chunk() else {
                return Err(CompressorError::new("the zstd frame is truncated"));
            };
            if *fingerprint != self.fingerprint {
                return Err(CompressorError::new(format!(
                    "dictionary {} is not the one that it was compressed with; restore the table of dictionaries from a backup",
                    self.id
                )));
            }
            frame.clear();
            frame.extend_from_slice(&MAGIC);
            frame.extend_from_slice(headless);
            let restored = check_frame(frame, len).and_then(|()| {
                if dictionary_of(data) != Some(self.id) {
                    return Err(CompressorError::new("the zstd frame names another dictionary"));
                }
                let context = context(slot, DCtx::try_create)?;
                let start = into.len();
                // a slice of that length instead of the vector: there is no room for another byte
                into.resize(start + len, 0);
                done(context.decompress_using_ddict(&mut into[start..], frame, self.decoder.as_ddict()))
            });
            if frame.capacity() > LARGEST_KEPT {
                *frame = Vec::new();
            }
            match restored? {
                restored if restored == len => Ok(()),
                restored => {
                    Err(CompressorError::new(format!("the zstd frame contains {restored} bytes, but {len} were recorded")))
                }
            }
        })
    }
}

/// Returns the id of the dictionary that a state names, if any.
pub(crate) fn dictionary_of(data: &[u8]) -> Option<u32> {
    let mut header = [0; LONGEST_HEADER];
    let len = data.len().min(LONGEST_HEADER);
    header[..len].copy_from_slice(&data[..len]);
    header[..HEADER].copy_from_slice(&MAGIC);
    zstd_safe::get_dict_id_from_frame(&header[..len.max(HEADER)]).map(u32::from)
}

/// Trains a zstd dictionary on samples, and sets its id.
pub(crate) fn train<S: AsRef<[u8]>>(
    id: u32,
    samples: impl IntoIterator<Item = S>,
    max_len: usize,
) -> Result<Vec<u8>, CompressorError> {
    let (mut data, mut sizes) = (Vec::new(), Vec::new());
    for sample in samples {
        data.extend_from_slice(sample.as_ref());
        sizes.push(sample.as_ref().len());
    }
    let trained = zstd::dict::from_continuous(&data, &sizes, max_len);
    let mut bytes =
        trained.map_err(|error| CompressorError::new(format!("zstd cannot train on the samples: {error}")))?;
    // the trainer draws a random id
    match bytes.get_mut(..8) {
        Some([magic @ .., a, b, c, d]) if magic == DICTIONARY_MAGIC.as_slice() => {
            [*a, *b, *c, *d] = id.to_le_bytes();
            Ok(bytes)
        }
        _ => Err(CompressorError::new("zstd cannot train on the samples: they have nothing in common")),
    }
}

/// Returns the context of this thread, and creates it if there is none.
fn context<C>(slot: &mut Option<C>, make: impl FnOnce() -> Option<C>) -> Result<&mut C, CompressorError> {
    if slot.is_none() {
        *slot = make();
    }
    slot.as_mut().ok_or_else(|| CompressorError::new("zstd: not enough memory for a context"))
}

fn done(result: SafeResult) -> Result<usize, CompressorError> {
    result.map_err(|code| CompressorError::new(format!("zstd: {}", get_error_name(code))))
}
