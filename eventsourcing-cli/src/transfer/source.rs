//! The export that is imported: a file that can be read several times.

use std::fs::File;
use std::io::{self, BufReader, Seek as _};
use std::path::Path;

use super::reader::ExportReader;
use crate::failure::Failure;

/// An export in a file. The standard input is written to a temporary file first, because an export is checked before it is imported.
pub(crate) struct Source(File);

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() != "-" {
            return File::open(path).map(Self).map_err(Failure::file(format!("opening {}", path.display())));
        }
        let keeping = "keeping the standard input in a temporary file";
        let mut file = tempfile::tempfile().map_err(Failure::file(keeping))?;
        io::copy(&mut io::stdin().lock(), &mut file).map_err(Failure::file(keeping))?;
        Ok(Self(file))
    }

    /// Reads the export from its beginning.
    pub(super) fn read(&mut self) -> Result<ExportReader<BufReader<&File>>, Failure> {
        self.0.rewind().map_err(Failure::file("reading the export"))?;
        Ok(ExportReader::new(BufReader::with_capacity(256 * 1024, &self.0)))
    }
}
