//! zlib (RFC 1950), for those who must have it; zstd is better in every way.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::{Compressor, CompressorError, ZLIB};

/// zlib at its default level.
#[derive(Clone, Copy, Debug, Default)]
pub struct ZlibCompressor;

impl Compressor for ZlibCompressor {
    fn id(&self) -> u8 {
        ZLIB
    }

    fn compress(&self, data: &[u8], into: &mut Vec<u8>) -> Result<(), CompressorError> {
        let mut encoder = ZlibEncoder::new(into, Compression::default());
        encoder.write_all(data).and_then(|()| encoder.finish().map(drop)).map_err(|error| broken(&error))
    }

    fn decompress(&self, data: &[u8], len: usize, into: &mut Vec<u8>) -> Result<(), CompressorError> {
        let mut decoder = ZlibDecoder::new(data);
        let start = into.len();
        into.resize(start + len, 0);
        decoder.read_exact(&mut into[start..]).map_err(|error| broken(&error))?;
        // the stream must end here, checksum included, and the data with it
        let mut more = [0];
        match decoder.read(&mut more) {
            Ok(0) if decoder.total_in() == data.len() as u64 => Ok(()),
            Ok(0) => Err(CompressorError::new("there is data after the end of the zlib stream")),
            Ok(_) => Err(CompressorError::new("the zlib stream holds more than the recorded length")),
            Err(error) => Err(broken(&error)),
        }
    }
}

fn broken(error: &std::io::Error) -> CompressorError {
    CompressorError::new(format!("zlib: {error}"))
}
