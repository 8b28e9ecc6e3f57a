//! Zstandard (RFC 8878), the compressor to choose.

use std::cell::RefCell;
use std::io::Cursor;

use zstd::bulk;
use zstd::zstd_safe;

use super::{Compressor, CompressorError, ZSTD};

/// Zstandard, at level 3 unless said otherwise.
#[derive(Clone, Copy, Debug)]
pub struct ZstdCompressor {
    level: i32,
}

impl ZstdCompressor {
    pub(super) const DEFAULT: Self = Self { level: 3 };

    /// Compresses at this level: 1 is fast, 3 the default, 19 small and slow. All read each other's states.
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
    // making a context costs ten times as much as compressing an event with one
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
            // a slice of that length, and not the buffer: there is no room for a byte more
            into.resize(start + len, 0);
            let restored =
                decompressor.decompress_to_buffer(data, &mut into[start..]).map_err(|error| broken(&error))?;
            if restored != len {
                return Err(CompressorError::new(format!(
                    "the zstd frame held {restored} bytes, and {len} were recorded"
                )));
            }
            Ok(())
        })
    }
}

/// Before anything is allocated: one frame, nothing after it, and it says the length that was recorded.
pub(super) fn check_frame(data: &[u8], len: usize) -> Result<(), CompressorError> {
    match zstd_safe::get_frame_content_size(data) {
        Ok(Some(claimed)) if usize::try_from(claimed) == Ok(len) => {}
        Ok(Some(claimed)) => {
            return Err(CompressorError::new(format!(
                "the zstd frame claims {claimed} bytes, and {len} were recorded"
            )));
        }
        Ok(None) => return Err(CompressorError::new("the zstd frame does not say its length")),
        Err(_) => return Err(CompressorError::new("this is no zstd frame")),
    }
    match zstd_safe::find_frame_compressed_size(data) {
        Ok(size) if size == data.len() => Ok(()),
        Ok(_) => Err(CompressorError::new("there is data after the end of the zstd frame")),
        Err(_) => Err(CompressorError::new("the zstd frame is cut off")),
    }
}

fn broken(error: &std::io::Error) -> CompressorError {
    CompressorError::new(format!("zstd: {error}"))
}
