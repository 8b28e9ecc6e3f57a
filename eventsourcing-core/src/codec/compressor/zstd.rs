//! Zstandard (RFC 8878), the recommended compressor.

use std::cell::RefCell;
use std::io::Cursor;

use zstd::bulk;
use zstd::zstd_safe;

use super::{Compressor, CompressorError, ZSTD};

/// Zstandard, at level 3 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZstdCompressor {
    level: i32,
}

impl ZstdCompressor {
    pub(super) const DEFAULT: Self = Self { level: 3 };

    /// Returns a compressor with this level: 1 is fast, 3 the default, 19 small and slow. Each reads the states of all others.
    pub fn with_level(level: i32) -> Self {
        Self { level: level.clamp(1, 22) }
    }
}

impl Default for ZstdCompressor {
    fn default() -> Self {
        Self::DEFAULT
    }
}

thread_local! {
    // creating a context costs ten times as much as compressing an event with it
    static COMPRESSOR: RefCell<Option<(i32, bulk::Compressor<'static>)>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

impl Compressor for ZstdCompressor {
    fn id(&self) -> u8 {
        ZSTD
    }

    fn zstd_level(&self) -> Option<i32> {
        Some(self.level)
    }

    fn compress(&self, data: &[u8], into: &mut Vec<u8>) -> Result<(), CompressorError> {
        COMPRESSOR.with_borrow_mut(|slot| {
            if slot.as_ref().is_none_or(|(level, _)| *level != self.level) {
                *slot = Some((self.level, bulk::Compressor::new(self.level).map_err(|error| broken(&error))?));
            }
            let Some((_, compressor)) = slot else {
                return Err(CompressorError::new("zstd: no compression context"));
            };
            into.reserve(zstd_safe::compress_bound(data.len()));
            let mut end = Cursor::new(&mut *into);
            end.set_position(end.get_ref().len() as u64);
            compressor.compress_to_buffer(data, &mut end).map_err(|error| broken(&error))?;
            Ok(())
        })
    }

    fn decompress(&self, data: &[u8], len: usize, into: &mut Vec<u8>) -> Result<(), CompressorError> {
        check_frame(data, len)?;
        DECOMPRESSOR.with_borrow_mut(|slot| {
            if slot.is_none() {
                *slot = Some(bulk::Decompressor::new().map_err(|error| broken(&error))?);
            }
            let Some(decompressor) = slot else {
                return Err(CompressorError::new("zstd: no decompression context"));
            };
            let start = into.len();
            // a slice of that length instead of the vector: there is no room for another byte
            into.resize(start + len, 0);
            let restored =
                decompressor.decompress_to_buffer(data, &mut into[start..]).map_err(|error| broken(&error))?;
            if restored != len {
                return Err(CompressorError::new(format!(
                    "the zstd frame contains {restored} bytes, but {len} were recorded"
                )));
            }
            Ok(())
        })
    }
}

/// Checks, before anything is allocated, that the data is one frame with nothing after it, and declares the recorded length.
pub(super) fn check_frame(data: &[u8], len: usize) -> Result<(), CompressorError> {
    match zstd_safe::get_frame_content_size(data) {
        Ok(Some(claimed)) if usize::try_from(claimed) == Ok(len) => {}
        Ok(Some(claimed)) => {
            return Err(CompressorError::new(format!(
                "the zstd frame declares {claimed} bytes, but {len} were recorded"
            )));
        }
        Ok(None) => return Err(CompressorError::new("the zstd frame does not declare its length")),
        Err(_) => return Err(CompressorError::new("this is not a zstd frame")),
    }
    match zstd_safe::find_frame_compressed_size(data) {
        Ok(size) if size == data.len() => Ok(()),
        Ok(_) => Err(CompressorError::new("there is data after the end of the zstd frame")),
        Err(_) => Err(CompressorError::new("the zstd frame is truncated")),
    }
}

fn broken(error: &std::io::Error) -> CompressorError {
    CompressorError::new(format!("zstd: {error}"))
}
