//! zlib (RFC 1950), for applications that are required to use it; zstd is better in every respect.

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::{Compressor, CompressorError, ZLIB};

/// zlib at its default level.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::Mapper;
/// use eventsourcing::codec::compressor::ZlibCompressor;
///
/// assert!(Mapper::new("universe").with_compressor(ZlibCompressor::default()).has_compressor());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ZlibCompressor;

thread_local! {
    // creating a context takes a quarter of the time of compressing an event
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
                // incompressible data needs a few bytes more than its length, and then the loop runs once more
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
            // one more byte, which must remain unused
            into.resize(start + len + 1, 0);
            let status = context.decompress(data, &mut into[start..], FlushDecompress::Finish);
            into.truncate(start + len);
            match status.map_err(|error| broken(&error))? {
                _ if context.total_out() > len as u64 => {
                    Err(CompressorError::new("the zlib stream contains more than the recorded length"))
                }
                // the stream, including its checksum, must end here, and the data with it
                Status::StreamEnd if context.total_out() < len as u64 => {
                    Err(CompressorError::new("the zlib stream contains less than the recorded length"))
                }
                Status::StreamEnd if context.total_in() == data.len() as u64 => Ok(()),
                Status::StreamEnd => Err(CompressorError::new("there is data after the end of the zlib stream")),
                Status::Ok | Status::BufError => Err(CompressorError::new("the zlib stream is truncated")),
            }
        })
    }
}

/// Returns the data after the first `read` bytes.
fn rest(data: &[u8], read: u64) -> &[u8] {
    usize::try_from(read).ok().and_then(|read| data.get(read..)).unwrap_or_default()
}

fn broken(error: &impl std::fmt::Display) -> CompressorError {
    CompressorError::new(format!("zlib: {error}"))
}
