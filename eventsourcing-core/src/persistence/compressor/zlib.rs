//! zlib (RFC 1950), for those who must have it; zstd is better in every way.

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::{Compressor, CompressorError, ZLIB};

/// zlib at its default level.
#[derive(Clone, Copy, Debug, Default)]
pub struct ZlibCompressor;

thread_local! {
    // to make a context takes a quarter of the time that compressing an event takes
    static COMPRESSION: RefCell<Option<Compress>> = const { RefCell::new(None) };
    static DECOMPRESSION: RefCell<Option<Decompress>> = const { RefCell::new(None) };
}

impl Compressor for ZlibCompressor {
    fn id(&self) -> u8 {
        ZLIB
    }

    fn compress(&self, data: &[u8], into: &mut Vec<u8>) -> Result<(), CompressorError> {
        COMPRESSION.with_borrow_mut(|slot| {
            let context = slot.get_or_insert_with(|| Compress::new(Compression::default(), true));
            context.reset();
            let mut left = data;
            loop {
                // what does not get shorter needs a few bytes more than it has, and then there is another turn
                into.reserve(left.len() + 64);
                let before = context.total_in();
                let status = context.compress_vec(left, into, FlushCompress::Finish).map_err(|error| broken(&error))?;
                left = rest(left, context.total_in() - before);
                match status {
                    Status::StreamEnd => return Ok(()),
                    Status::Ok => {}
                    Status::BufError => return Err(CompressorError::new("zlib: the context makes no progress")),
                }
            }
        })
    }

    fn decompress(&self, data: &[u8], len: usize, into: &mut Vec<u8>) -> Result<(), CompressorError> {
        DECOMPRESSION.with_borrow_mut(|slot| {
            let context = slot.get_or_insert_with(|| Decompress::new(true));
            context.reset(true);
            let start = into.len();
            // with one byte more, which must stay free
            into.resize(start + len + 1, 0);
            let status = context.decompress(data, &mut into[start..], FlushDecompress::Finish);
            into.truncate(start + len);
            match status.map_err(|error| broken(&error))? {
                _ if context.total_out() > len as u64 => {
                    Err(CompressorError::new("the zlib stream holds more than the recorded length"))
                }
                // the stream must end here, checksum included, and the data with it
                Status::StreamEnd if context.total_out() < len as u64 => {
                    Err(CompressorError::new("the zlib stream holds less than the recorded length"))
                }
                Status::StreamEnd if context.total_in() == data.len() as u64 => Ok(()),
                Status::StreamEnd => Err(CompressorError::new("there is data after the end of the zlib stream")),
                Status::Ok | Status::BufError => Err(CompressorError::new("the zlib stream is cut off")),
            }
        })
    }
}

/// What is left after so many bytes were read.
fn rest(data: &[u8], read: u64) -> &[u8] {
    usize::try_from(read).ok().and_then(|read| data.get(read..)).unwrap_or_default()
}

fn broken(error: &impl std::fmt::Display) -> CompressorError {
    CompressorError::new(format!("zlib: {error}"))
}
